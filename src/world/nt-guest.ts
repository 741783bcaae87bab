import type { Machine } from '../emu/machine.ts';
import { LegacyMemory } from '../guest/legacy-memory.ts';
import { type KernelMemory, PagedMemory } from '../guest/memory.ts';
import { type NtSystem, readNtSystem } from '../guest/nt/system.ts';

const CR0_PAGING = 1n << 31n;
const CR4_PAE = 1n << 5n;
const EFER_LONG_MODE_ACTIVE = 1n << 10n;

/** The Windows NT that a machine runs, as the process sees it that is in force; undefined: it is none, or not up yet. */
export function findNt(machine: Machine): NtSystem | undefined {
  const { core, memory } = machine;
  if ((core.get64('cr0') & CR0_PAGING) === 0n) return undefined;
  const physical = (address: number, length: number): Uint8Array | undefined =>
    memory.contains(address, length) ? memory.read(address, length) : undefined;
  const cr3 = core.get64('cr3');
  const long = (core.get64('efer') & EFER_LONG_MODE_ACTIVE) !== 0n;
  const mapped: KernelMemory = long
    ? new PagedMemory(physical, cr3)
    : new LegacyMemory(physical, cr3, (core.get64('cr4') & CR4_PAE) !== 0n);
  return readNtSystem(mapped, long ? 'x64' : 'x86');
}
