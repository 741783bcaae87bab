import { type KernelMemory, readString } from '../memory.ts';
import { Btf } from './btf.ts';
import { findKallsyms, type Kallsyms } from './kallsyms.ts';
import { readKernelImage } from './kernel-image.ts';
import { readSyscallMetadata, type SyscallMetadata } from './syscall-metadata.ts';
import { TASK_FIELDS } from './task-identity.ts';

/** How the current task is found on an amd64 kernel: the u64 at the kernel's GS base plus this offset. */
export interface CurrentTask {
  readonly offset: bigint;
  /** The symbol it was taken from. */
  readonly source: string;
}

/** Where a fact of a task stands: an offset, then one more behind each pointer. */
export interface TaskFieldPlace {
  readonly name: string;
  readonly offsets: readonly number[];
  readonly size: number;
  readonly place: number;
  readonly key: boolean;
}

/** Everything that a guest kernel's own memory says about it. */
export interface LinuxProfile {
  readonly banner: string;
  readonly symbols: Kallsyms;
  readonly btf: Btf | undefined;
  readonly currentTask: CurrentTask | undefined;
  readonly taskFields: readonly TaskFieldPlace[];
  readonly syscalls: readonly SyscallMetadata[];
  /** What was found and how, a line each; what is missing too. */
  readonly evidence: readonly string[];
}

/** Reads a Linux kernel's knowledge of itself. `lstar` (or any address in its text) says where it is mapped. */
export function readLinuxProfile(memory: KernelMemory, lstar: bigint): LinuxProfile | undefined {
  const symbols = findKallsyms(readKernelImage(memory, lstar));
  if (symbols === undefined) return undefined;
  const evidence = [`kallsyms: ${symbols.size} symbols`];
  const at = symbols.at(lstar);
  if (at !== undefined) evidence.push(`LSTAR 0x${lstar.toString(16)} is ${at.symbol.name}+0x${at.offset.toString(16)}`);
  const bannerAddress = symbols.address('linux_banner');
  const banner = (bannerAddress === undefined ? undefined : readString(memory, bannerAddress, 512))?.trim() ?? '';
  const btf = readBtf(memory, symbols);
  evidence.push(
    btf === undefined ? 'BTF: none, struct offsets are not known' : 'BTF: struct offsets from the kernel itself',
  );
  const currentTask = findCurrentTask(symbols, btf);
  evidence.push(
    currentTask === undefined
      ? 'current task: not found'
      : `current task: GS + 0x${currentTask.offset.toString(16)} (${currentTask.source})`,
  );
  const taskFields = btf === undefined ? [] : placeFields(btf);
  const syscalls = readSyscallMetadata(memory, symbols, btf);
  evidence.push(`syscall metadata: ${syscalls.length} calls`);
  return { banner, symbols, btf, currentTask, taskFields, syscalls, evidence };
}

function readBtf(memory: KernelMemory, symbols: Kallsyms): Btf | undefined {
  const start = symbols.address('__start_BTF');
  const stop = symbols.address('__stop_BTF');
  if (start === undefined || stop === undefined || stop <= start) return undefined;
  const bytes = memory.read(start, Number(stop - start));
  return bytes && Btf.parse(bytes);
}

/** A per-CPU variable up to 6.1, the first member of pcpu_hot from 6.2, a per-CPU variable again from 6.15. */
function findCurrentTask(symbols: Kallsyms, btf: Btf | undefined): CurrentTask | undefined {
  const variable = symbols.address('current_task');
  if (variable !== undefined) return { offset: variable, source: 'current_task' };
  const hot = symbols.address('pcpu_hot');
  const member = btf?.offsetOf('pcpu_hot', 'current_task');
  if (hot === undefined || member === undefined) return undefined;
  return { offset: hot + BigInt(member), source: 'pcpu_hot.current_task' };
}

function placeFields(btf: Btf): TaskFieldPlace[] {
  return TASK_FIELDS.flatMap(({ name, path, size, place, key }) => {
    const offsets = path.map((member) => btf.offsetOf('task_struct', member));
    return offsets.every((offset) => offset !== undefined) ? [{ name, offsets, size, place, key }] : [];
  });
}
