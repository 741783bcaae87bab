import { RSDP_ADDRESS } from '../acpi/tables.ts';
import { UserError } from '../errors.ts';
import type { GuestPhys } from '../units.ts';
import { mebibytes } from './elf-image.ts';
import { BOOT_DATA, COMMAND_LINE_ROOM, HIGH_MEMORY, memoryMap } from './memory-map.ts';
import { enterLongMode, enterProtectedMode } from './processor.ts';
import type { BootTarget, KernelBoot } from './target.ts';

/** Offsets in the setup header, which are also those in boot_params (Linux Documentation/arch/x86/boot.rst). */
const HEADER = {
  setupSectors: 0x1f1,
  bootFlag: 0x1fe,
  jump: 0x200,
  magic: 0x202,
  version: 0x206,
  loaderType: 0x210,
  loadFlags: 0x211,
  code32Start: 0x214,
  ramdiskAddress: 0x218,
  ramdiskSize: 0x21c,
  heapEnd: 0x224,
  commandLine: 0x228,
  ramdiskMaximum: 0x22c,
  relocatable: 0x234,
  extendedLoadFlags: 0x236,
  commandLineSize: 0x238,
  setupData: 0x250,
  preferredAddress: 0x258,
  initSize: 0x260,
} as const;
const PARAMS = { rsdpAddress: 0x70, e820Entries: 0x1e8, e820Table: 0x2d0, size: 4096 } as const;
const MAGIC = 0x5372_6448;
const BOOT_FLAG = 0xaa55;
const SECTOR = 512;
const LOADED_HIGH = 1 << 0;
const CAN_USE_HEAP = 1 << 7;
const XLF_KERNEL_64 = 1 << 0;
const ENTRY_64_OFFSET = 0x200;
const LOADER_UNDEFINED = 0xff;
const OLDEST_VERSION = 0x206;
const SETUP_RNG_SEED = 9;
const PAGE = 4096;

export function isBzImage(kernel: Uint8Array): boolean {
  if (kernel.length < 0x268) return false;
  const view = new DataView(kernel.buffer, kernel.byteOffset, kernel.byteLength);
  return view.getUint16(HEADER.bootFlag, true) === BOOT_FLAG && view.getUint32(HEADER.magic, true) === MAGIC;
}

/** Loads a Linux bzImage and starts it by the 64-bit boot protocol if it has one and `entry` allows, else the 32-bit one. */
export function bootBzImage(target: BootTarget, boot: KernelBoot): void {
  const { kernel } = boot;
  const { memory } = target;
  const view = new DataView(kernel.buffer, kernel.byteOffset, kernel.byteLength);
  const version = view.getUint16(HEADER.version, true);
  if (version < OLDEST_VERSION || (view.getUint8(HEADER.loadFlags) & LOADED_HIGH) === 0) {
    throw new UserError('the kernel is older than Linux 2.6.22: its boot protocol is not supported');
  }
  const setupBytes = ((view.getUint8(HEADER.setupSectors) || 4) + 1) * SECTOR;
  if (setupBytes >= kernel.length) throw new UserError('the kernel file is cut off');
  const image = kernel.subarray(setupBytes);

  const relocatable = version >= 0x20a && view.getUint8(HEADER.relocatable) !== 0;
  const load = relocatable ? Number(view.getBigUint64(HEADER.preferredAddress, true)) : HIGH_MEMORY;
  const needed = version >= 0x20a ? view.getUint32(HEADER.initSize, true) : image.length;
  const end = load + Math.max(needed, image.length);
  if (!memory.contains(load, end - load)) {
    throw new UserError(
      `the kernel needs memory up to ${mebibytes(end)}, the guest has ${mebibytes(memory.size)}: raise --memory`,
    );
  }
  memory.write(load, image);

  const ramdiskMaximum = view.getUint32(HEADER.ramdiskMaximum, true);
  const ramdisk = placeRamdisk(target, boot, end, ramdiskMaximum);
  const commandLine = placeCommandLine(target, boot, view.getUint32(HEADER.commandLineSize, true));
  writeParams(target, kernel, { load, commandLine, ramdisk, ramdiskSize: boot.initrd?.length ?? 0 });

  const registers = { rsi: BigInt(BOOT_DATA.info), rsp: 0x8000n };
  const has64 = version >= 0x20c && (view.getUint16(HEADER.extendedLoadFlags, true) & XLF_KERNEL_64) !== 0;
  if (has64 && boot.entry !== 'protected') enterLongMode(target.core, memory, load + ENTRY_64_OFFSET, registers);
  else enterProtectedMode(target.core, memory, load, registers);
}

function placeRamdisk(
  { memory }: BootTarget,
  { initrd }: KernelBoot,
  kernelEnd: GuestPhys,
  maximum: number,
): GuestPhys {
  if (initrd === undefined) return 0;
  const top = Math.min(memory.size, maximum + 1);
  const address = Math.floor((top - initrd.length) / PAGE) * PAGE;
  if (address < kernelEnd) {
    throw new UserError(
      `kernel and initial ramdisk (${mebibytes(initrd.length)}) do not fit into ${mebibytes(memory.size)}: raise --memory`,
    );
  }
  memory.write(address, initrd);
  return address;
}

function placeCommandLine({ memory }: BootTarget, { commandLine }: KernelBoot, kernelLimit: number): GuestPhys {
  const bytes = new TextEncoder().encode(commandLine);
  const limit = Math.min(kernelLimit || 255, COMMAND_LINE_ROOM - 1);
  if (bytes.length > limit)
    throw new UserError(`the kernel command line has ${bytes.length} bytes, the kernel takes ${limit}`);
  memory.write(BOOT_DATA.commandLine, bytes);
  memory.fill(BOOT_DATA.commandLine + bytes.length, 1, 0);
  return BOOT_DATA.commandLine;
}

interface Placement {
  readonly load: GuestPhys;
  readonly commandLine: GuestPhys;
  readonly ramdisk: GuestPhys;
  readonly ramdiskSize: number;
}

function writeParams({ memory, seed }: BootTarget, kernel: Uint8Array, placement: Placement): void {
  const params = new Uint8Array(PARAMS.size);
  const view = new DataView(params.buffer);
  // The header's length is the target of its own jump instruction.
  const headerEnd = HEADER.magic + kernel[HEADER.jump + 1]!;
  params.set(kernel.subarray(HEADER.setupSectors, headerEnd), HEADER.setupSectors);
  params[HEADER.loaderType] = LOADER_UNDEFINED;
  params[HEADER.loadFlags]! |= CAN_USE_HEAP;
  view.setUint16(HEADER.heapEnd, 0xfe00, true);
  view.setUint32(HEADER.code32Start, placement.load, true);
  view.setUint32(HEADER.ramdiskAddress, placement.ramdisk, true);
  view.setUint32(HEADER.ramdiskSize, placement.ramdiskSize, true);
  view.setUint32(HEADER.commandLine, placement.commandLine, true);
  view.setBigUint64(PARAMS.rsdpAddress, BigInt(RSDP_ADDRESS), true);
  if (view.getUint16(HEADER.version, true) >= 0x209) {
    view.setBigUint64(HEADER.setupData, BigInt(BOOT_DATA.setupData), true);
    memory.write(BOOT_DATA.setupData, setupData(SETUP_RNG_SEED, seed()));
  }
  const ranges = memoryMap(memory.size);
  params[PARAMS.e820Entries] = ranges.length;
  for (const [i, range] of ranges.entries()) {
    const at = PARAMS.e820Table + 20 * i;
    view.setBigUint64(at, BigInt(range.address), true);
    view.setBigUint64(at + 8, BigInt(range.size), true);
    view.setUint32(at + 16, range.kind, true);
  }
  memory.write(BOOT_DATA.info, params);
}

/** One node of the setup_data list, the last one. */
function setupData(type: number, content: Uint8Array): Uint8Array {
  const bytes = new Uint8Array(16 + content.length);
  const view = new DataView(bytes.buffer);
  view.setUint32(8, type, true);
  view.setUint32(12, content.length, true);
  bytes.set(content, 16);
  return bytes;
}
