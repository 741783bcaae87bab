import { IOAPIC_BASE } from '../devices/ioapic.ts';
import type { GuestPhys } from '../units.ts';

/** Kinds of the BIOS memory map, which all boot protocols share. */
export const MEMORY_KIND = { usable: 1, reserved: 2 } as const;

export interface MemoryRange {
  readonly address: GuestPhys;
  readonly size: number;
  readonly kind: number;
}

/** Everything below is the boot loader's own: GDT, boot data, command line, page tables. */
export const LOW_MEMORY_END: GuestPhys = 0x9_fc00;
export const HIGH_MEMORY: GuestPhys = 0x10_0000;
/** Where loaders put what the kernel reads at start. */
export const BOOT_DATA = {
  info: 0x1_0000,
  memoryMap: 0x1_2000,
  modules: 0x1_4000,
  setupData: 0x1_6000,
  commandLine: 0x2_0000,
} as const;
export const COMMAND_LINE_ROOM = 0x1_0000;

/** The memory map of a machine with `ramSize` bytes. */
export function memoryMap(ramSize: number): readonly MemoryRange[] {
  return [
    { address: 0, size: LOW_MEMORY_END, kind: MEMORY_KIND.usable },
    { address: LOW_MEMORY_END, size: HIGH_MEMORY - LOW_MEMORY_END, kind: MEMORY_KIND.reserved },
    { address: HIGH_MEMORY, size: ramSize - HIGH_MEMORY, kind: MEMORY_KIND.usable },
    { address: IOAPIC_BASE, size: 0x1000, kind: MEMORY_KIND.reserved },
    { address: 0xfee0_0000, size: 0x1000, kind: MEMORY_KIND.reserved },
  ];
}
