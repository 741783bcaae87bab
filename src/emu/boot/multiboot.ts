import type { GuestMemory } from '../devices/device.ts';
import { UserError } from '../errors.ts';
import type { GuestPhys } from '../units.ts';
import { isElf, loadSegments, mebibytes, physicalEntry, readElf } from './elf-image.ts';
import { BOOT_DATA, COMMAND_LINE_ROOM, HIGH_MEMORY, LOW_MEMORY_END, memoryMap } from './memory-map.ts';
import { enterProtectedMode } from './processor.ts';
import type { BootTarget, KernelBoot } from './target.ts';

/** Multiboot Specification 0.6.96, 3.1. */
const HEADER_MAGIC = 0x1bad_b002;
const BOOTLOADER_MAGIC = 0x2bad_b002n;
const SEARCH_BYTES = 8192;
const FLAG_ADDRESSES = 1 << 16;
/** Required features that we know: page-aligned modules, memory information. */
const KNOWN_REQUIRED = 0b11;
/** Bits 0, 2, 3 and 6, 9 of the information's flags: memory, command line, modules, memory map, loader name. */
const INFO_FLAGS = 0b10_0100_1101;
const INFO = {
  flags: 0,
  memLower: 4,
  memUpper: 8,
  commandLine: 16,
  moduleCount: 20,
  modules: 24,
  mapLength: 44,
  map: 48,
  loaderName: 64,
  size: 120,
} as const;
const MAP_ENTRY_BYTES = 24;
const LOADER_NAME = 'trapline';
const PAGE = 4096;

export interface MultibootHeader {
  /** Offset in the file. */
  readonly offset: number;
  readonly flags: number;
  /** Present when the header itself says where to load (a.out kludge). */
  readonly addresses:
    | {
        readonly header: GuestPhys;
        readonly load: GuestPhys;
        readonly loadEnd: GuestPhys;
        readonly bssEnd: GuestPhys;
        readonly entry: GuestPhys;
      }
    | undefined;
}

export function findMultibootHeader(kernel: Uint8Array): MultibootHeader | undefined {
  const view = new DataView(kernel.buffer, kernel.byteOffset, kernel.byteLength);
  const last = Math.min(SEARCH_BYTES, kernel.length) - 12;
  for (let offset = 0; offset <= last; offset += 4) {
    if (view.getUint32(offset, true) !== HEADER_MAGIC) continue;
    const flags = view.getUint32(offset + 4, true);
    if ((HEADER_MAGIC + flags + view.getUint32(offset + 8, true)) % 2 ** 32 !== 0) continue;
    const word = (index: number): number => view.getUint32(offset + 12 + 4 * index, true);
    const full = (flags & FLAG_ADDRESSES) !== 0 && offset + 32 <= kernel.length;
    const addresses = full
      ? { header: word(0), load: word(1), loadEnd: word(2), bssEnd: word(3), entry: word(4) }
      : undefined;
    return { offset, flags, addresses };
  }
  return undefined;
}

/** Loads a multiboot kernel; the initial ramdisk becomes its one module. */
export function bootMultiboot(target: BootTarget, boot: KernelBoot, header: MultibootHeader): void {
  const { memory } = target;
  const unknown = header.flags & 0xffff & ~KNOWN_REQUIRED;
  if (unknown !== 0)
    throw new UserError(`the multiboot kernel asks for features 0x${unknown.toString(16)}, which are not there`);
  const { entry, end } =
    header.addresses === undefined ? loadElf(boot.kernel, memory) : loadByAddresses(boot.kernel, header, memory);
  writeInfo(target, boot, end);
  enterProtectedMode(target.core, memory, entry, { rax: BOOTLOADER_MAGIC, rbx: BigInt(BOOT_DATA.info), rsp: 0x8000n });
}

function loadElf(kernel: Uint8Array, memory: GuestMemory): { entry: GuestPhys; end: GuestPhys } {
  if (!isElf(kernel)) throw new UserError('the multiboot kernel is no ELF file and its header has no addresses');
  const image = readElf(kernel);
  const end = loadSegments(image, kernel, memory);
  return { entry: physicalEntry(image), end };
}

function loadByAddresses(
  kernel: Uint8Array,
  { offset, addresses }: MultibootHeader,
  memory: GuestMemory,
): { entry: GuestPhys; end: GuestPhys } {
  const { header, load, loadEnd, bssEnd, entry } = addresses!;
  const from = offset - (header - load);
  const size = loadEnd === 0 ? kernel.length - from : loadEnd - load;
  const end = Math.max(bssEnd, load + size);
  if (from < 0 || size < 0 || from + size > kernel.length)
    throw new UserError('the multiboot header asks for bytes outside the file');
  if (!memory.contains(load, end - load)) {
    throw new UserError(
      `the kernel needs memory up to ${mebibytes(end)}, the guest has ${mebibytes(memory.size)}: raise --memory`,
    );
  }
  memory.write(load, kernel.subarray(from, from + size));
  memory.fill(load + size, end - load - size, 0);
  return { entry, end };
}

function writeInfo({ memory }: BootTarget, { commandLine, initrd }: KernelBoot, kernelEnd: GuestPhys): void {
  const info = BOOT_DATA.info;
  memory.fill(info, INFO.size, 0);
  memory.writeU32(info + INFO.flags, INFO_FLAGS);
  memory.writeU32(info + INFO.memLower, LOW_MEMORY_END >> 10);
  memory.writeU32(info + INFO.memUpper, (memory.size - HIGH_MEMORY) >>> 10);
  // The first word is the kernel's own name, as boot loaders give it.
  const line = `kernel ${commandLine}`;
  if (new TextEncoder().encode(line).length >= COMMAND_LINE_ROOM / 2)
    throw new UserError('the kernel command line is too long');
  const loaderName = info + INFO.size;
  writeText(memory, BOOT_DATA.commandLine, line);
  writeText(memory, loaderName, LOADER_NAME);
  memory.writeU32(info + INFO.commandLine, BOOT_DATA.commandLine);
  memory.writeU32(info + INFO.loaderName, loaderName);
  if (initrd !== undefined) {
    const address = Math.ceil(kernelEnd / PAGE) * PAGE;
    if (!memory.contains(address, initrd.length)) {
      throw new UserError(`kernel and module do not fit into ${mebibytes(memory.size)}: raise --memory`);
    }
    memory.write(address, initrd);
    memory.fill(BOOT_DATA.modules, 16, 0);
    memory.writeU32(BOOT_DATA.modules, address);
    memory.writeU32(BOOT_DATA.modules + 4, address + initrd.length);
    memory.writeU32(BOOT_DATA.modules + 8, loaderName);
    memory.writeU32(info + INFO.moduleCount, 1);
    memory.writeU32(info + INFO.modules, BOOT_DATA.modules);
  }
  const ranges = memoryMap(memory.size);
  for (const [i, range] of ranges.entries()) {
    // Each entry's size field does not count itself.
    const at = BOOT_DATA.memoryMap + MAP_ENTRY_BYTES * i;
    memory.writeU32(at, MAP_ENTRY_BYTES - 4);
    memory.writeU64(at + 4, BigInt(range.address));
    memory.writeU64(at + 12, BigInt(range.size));
    memory.writeU32(at + 20, range.kind);
  }
  memory.writeU32(info + INFO.map, BOOT_DATA.memoryMap);
  memory.writeU32(info + INFO.mapLength, ranges.length * MAP_ENTRY_BYTES);
}

function writeText(memory: GuestMemory, address: GuestPhys, text: string): void {
  memory.write(address, new TextEncoder().encode(`${text}\0`));
}
