import { RSDP_ADDRESS } from '../acpi/tables.ts';
import { UserError } from '../errors.ts';
import type { GuestPhys } from '../units.ts';
import { type ElfImage, loadSegments, mebibytes } from './elf-image.ts';
import { BOOT_DATA, COMMAND_LINE_ROOM, memoryMap } from './memory-map.ts';
import { enterProtectedMode } from './processor.ts';
import type { BootTarget, KernelBoot } from './target.ts';

const NOTE_NAME = 'Xen';
/** XEN_ELFNOTE_PHYS32_ENTRY. */
const NOTE_PHYS32_ENTRY = 18;
const MAGIC = 0x336e_c578;
const INFO_BYTES = 56;
const MAP_ENTRY_BYTES = 24;
const PAGE = 4096;

/** The 32-bit entry point that a kernel's ELF note names, if there is one. */
export function pvhEntry(image: ElfImage): GuestPhys | undefined {
  const note = image.notes.find(({ name, type }) => name === NOTE_NAME && type === NOTE_PHYS32_ENTRY);
  if (note === undefined || note.description.length < 4) return undefined;
  return new DataView(note.description.buffer, note.description.byteOffset).getUint32(0, true);
}

/** Starts an uncompressed kernel by the PVH protocol (Xen docs/misc/pvh.pandoc, hvm_start_info version 1). */
export function bootPvh(target: BootTarget, boot: KernelBoot, image: ElfImage, entry: GuestPhys): void {
  const { memory, core } = target;
  const end = loadSegments(image, boot.kernel, memory);
  const commandLine = new TextEncoder().encode(boot.commandLine);
  if (commandLine.length >= COMMAND_LINE_ROOM) throw new UserError('the kernel command line is too long');
  memory.write(BOOT_DATA.commandLine, commandLine);
  memory.fill(BOOT_DATA.commandLine + commandLine.length, 1, 0);

  const { initrd } = boot;
  if (initrd !== undefined) {
    const address = Math.floor((memory.size - initrd.length) / PAGE) * PAGE;
    if (address < end) {
      throw new UserError(`kernel and initial ramdisk do not fit into ${mebibytes(memory.size)}: raise --memory`);
    }
    memory.write(address, initrd);
    memory.fill(BOOT_DATA.modules, 32, 0);
    memory.writeU64(BOOT_DATA.modules, BigInt(address));
    memory.writeU64(BOOT_DATA.modules + 8, BigInt(initrd.length));
  }

  const ranges = memoryMap(memory.size);
  for (const [i, range] of ranges.entries()) {
    const at = BOOT_DATA.memoryMap + MAP_ENTRY_BYTES * i;
    memory.writeU64(at, BigInt(range.address));
    memory.writeU64(at + 8, BigInt(range.size));
    memory.writeU64(at + 16, BigInt(range.kind));
  }

  const info = BOOT_DATA.info;
  memory.fill(info, INFO_BYTES, 0);
  memory.writeU32(info, MAGIC);
  memory.writeU32(info + 4, 1);
  memory.writeU32(info + 12, initrd === undefined ? 0 : 1);
  memory.writeU64(info + 16, BigInt(initrd === undefined ? 0 : BOOT_DATA.modules));
  memory.writeU64(info + 24, BigInt(BOOT_DATA.commandLine));
  memory.writeU64(info + 32, BigInt(RSDP_ADDRESS));
  memory.writeU64(info + 40, BigInt(BOOT_DATA.memoryMap));
  memory.writeU32(info + 48, ranges.length);
  enterProtectedMode(core, memory, entry, { rbx: BigInt(info) });
}
