import type { Machine } from '../emu/machine.ts';
import { type LinuxProfile, readLinuxProfile, type TaskFieldPlace } from '../guest/linux/profile.ts';
import type { SyscallMetadata } from '../guest/linux/syscall-metadata.ts';
import { PagedMemory } from '../guest/memory.ts';
import type { NtSystem } from '../guest/nt/system.ts';
import { ntTasks } from '../guest/nt/tasks.ts';
import { mayBeLinux } from '../guest/os.ts';
import { findNt } from './nt-guest.ts';

/** What the recorder knows of the guest's kernel, from its own memory; plain data, kept with the snapshot. */
export interface GuestFacts {
  readonly banner: string;
  /**
   * Offset from the kernel's GS base, decimal; a string because JSON has no 64-bit integers. With `selector` from the base
   * of that descriptor, which 32-bit kernels have in FS.
   */
  readonly currentTask: { readonly offset: string; readonly selector?: number; readonly source: string } | undefined;
  readonly taskFields: readonly TaskFieldPlace[];
  readonly syscalls: readonly SyscallMetadata[];
  readonly evidence: readonly string[];
  /** No Linux has descriptor tables like these: what its calls mean is not known, unless `nt` says so. */
  readonly foreign?: true;
  /** It is Windows NT. */
  readonly nt?: NtSystem;
}

/** A guest of which nothing could be found out: calls are recorded, tasks are not named. */
export const UNKNOWN_GUEST: GuestFacts = {
  banner: '',
  currentTask: undefined,
  taskFields: [],
  syscalls: [],
  evidence: ['no kallsyms in the kernel: tasks and names are not known'],
};

/** Reads the kernel's knowledge of itself from a machine that stands in or under it. */
export function readGuestFacts(machine: Machine): GuestFacts {
  const { core, memory } = machine;
  const physical = (address: number, length: number): Uint8Array | undefined =>
    memory.contains(address, length) ? memory.read(address, length) : undefined;
  const profile = readLinuxProfile(new PagedMemory(physical, core.get64('cr3')), core.get64('lstar'));
  if (profile !== undefined) return factsOf(profile);
  const nt = findNt(machine);
  if (nt !== undefined) return { ...UNKNOWN_GUEST, ...ntTasks(nt), evidence: nt.evidence, foreign: true, nt };
  const limit = core.get('gdtrLimit');
  if (mayBeLinux(limit)) return UNKNOWN_GUEST;
  const evidence = [`GDT limit 0x${limit.toString(16)}: no Linux; its calls are not named`];
  return { ...UNKNOWN_GUEST, evidence, foreign: true };
}

function factsOf({ banner, currentTask, taskFields, syscalls, evidence }: LinuxProfile): GuestFacts {
  return {
    banner,
    currentTask: currentTask && { offset: String(currentTask.offset), source: currentTask.source },
    taskFields,
    syscalls,
    evidence,
  };
}
