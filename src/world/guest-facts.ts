import type { Machine } from '../emu/machine.ts';
import { IMAGE_LIMIT } from '../emu/monitor-layout.ts';
import type { CurrentTask } from '../guest/linux/current-task.ts';
import type { LinuxProfile, TaskFieldPlace } from '../guest/linux/profile.ts';
import { findImagePlace, type ImagePlace } from '../guest/linux/program-image.ts';
import type { SyscallMetadata } from '../guest/linux/syscall-metadata.ts';
import type { NtSystem } from '../guest/nt/system.ts';
import { ntTasks } from '../guest/nt/tasks.ts';
import { mayBeLinux } from '../guest/os.ts';
import { inspect } from './inspection.ts';

/** What the recorder knows of the guest's kernel, from its own memory; plain data, kept with the snapshot. */
export interface GuestFacts {
  readonly banner: string;
  /** Bytes of a pointer of the kernel. */
  readonly pointerBytes: 4 | 8;
  /** The offset is a decimal string because JSON has no 64-bit integers. */
  readonly currentTask: (Omit<CurrentTask, 'offset'> & { readonly offset: string }) | undefined;
  readonly taskFields: readonly TaskFieldPlace[];
  /** Where it keeps how a program is laid out; undefined where it does not tell. */
  readonly image?: ImagePlace | undefined;
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
  pointerBytes: 8,
  currentTask: undefined,
  taskFields: [],
  syscalls: [],
  evidence: ['no kallsyms in the kernel: tasks and names are not known'],
};

/** Reads the kernel's knowledge of itself from a machine that stands in or under it. */
export function readGuestFacts(machine: Machine): GuestFacts {
  const { processor, profile, nt } = inspect(machine);
  if (profile !== undefined) return factsOf(profile);
  if (nt !== undefined) return { ...UNKNOWN_GUEST, ...ntTasks(nt), evidence: nt.evidence, foreign: true, nt };
  const { limit } = processor.gdt;
  if (mayBeLinux(limit)) return UNKNOWN_GUEST;
  const evidence = [`GDT limit 0x${limit.toString(16)}: no Linux; its calls are not named`];
  return { ...UNKNOWN_GUEST, evidence, foreign: true };
}

function factsOf({ banner, symbols, types, currentTask, taskFields, syscalls, evidence }: LinuxProfile): GuestFacts {
  return {
    banner: banner?.text ?? '',
    pointerBytes: symbols.pointerBytes,
    currentTask: currentTask && { ...currentTask, offset: String(currentTask.offset) },
    taskFields,
    image: findImagePlace(types, IMAGE_LIMIT),
    syscalls,
    evidence,
  };
}
