import type { KernelMemory } from '../memory.ts';
import { type KernelEntry, kernelEntries, type ProcessorFacts } from '../processor.ts';
import { type Banner, findBanner } from './banner.ts';
import { Btf } from './btf.ts';
import { type CurrentTask, currentTaskBySymbol, readCurrentTask, readParentCode } from './current-task.ts';
import { findKallsyms, type Kallsyms } from './kallsyms.ts';
import { type ImagePiece, readKernelImage } from './kernel-image.ts';
import { readSyscallMetadata, type SyscallMetadata } from './syscall-metadata.ts';
import { TASK_FIELDS } from './task-identity.ts';
import { findTaskLayout } from './task-layout.ts';
import { type KernelTypes, KnownTypes } from './types.ts';

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
  readonly banner: Banner | undefined;
  readonly symbols: Kallsyms;
  readonly btf: Btf | undefined;
  /** BTF, or what could be found out without. */
  readonly types: KernelTypes | undefined;
  readonly currentTask: CurrentTask | undefined;
  /** init_task, the ancestor of all. */
  readonly firstTask: bigint | undefined;
  readonly taskFields: readonly TaskFieldPlace[];
  readonly syscalls: readonly SyscallMetadata[];
  /** What was found and how, a line each; what is missing too. */
  readonly evidence: readonly string[];
}

/**
 * Reads a Linux kernel's knowledge of itself, from where `processor` says that calls and faults enter it. Undefined where
 * no kernel with kallsyms is.
 */
export function readLinuxProfile(memory: KernelMemory, processor: ProcessorFacts): LinuxProfile | undefined {
  const found = findKernel(memory, processor);
  if (found === undefined) return undefined;
  const { symbols, pieces, entry } = found;
  const evidence = [`kallsyms: ${symbols.size} symbols`];
  const at = symbols.at(entry.address);
  const offset = at && `${at.symbol.name}+${hex(at.offset)}`;
  if (offset !== undefined) evidence.push(`${entry.what} ${hex(entry.address)} is ${offset}`);
  const btf = readBtf(memory, symbols);
  if (btf !== undefined) evidence.push('BTF: struct offsets from the kernel itself');
  const { types, currentTask, firstTask } = findTasks({ memory, processor, symbols, btf }, evidence);
  const taskFields = types === undefined ? [] : placeFields(types);
  const syscalls = readSyscallMetadata(memory, symbols, types);
  evidence.push(`syscall metadata: ${syscalls.length} calls`);
  const banner = findBanner(memory, symbols, pieces);
  return { banner, symbols, btf, types, currentTask, firstTask, taskFields, syscalls, evidence };
}

interface FoundKernel {
  readonly symbols: Kallsyms;
  readonly pieces: readonly ImagePiece[];
  /** By which it was found. */
  readonly entry: KernelEntry;
}

/** The banner of a kernel without kallsyms. */
export function readLinuxBanner(memory: KernelMemory, processor: ProcessorFacts): Banner | undefined {
  for (const { address } of kernelEntries(processor, memory)) {
    const banner = findBanner(memory, undefined, readKernelImage(memory, address));
    if (banner !== undefined) return banner;
  }
  return undefined;
}

function findKernel(memory: KernelMemory, processor: ProcessorFacts): FoundKernel | undefined {
  const looked: ImagePiece[] = [];
  for (const entry of kernelEntries(processor, memory)) {
    const { address } = entry;
    const known = looked.some(
      ({ address: start, bytes }) => start <= address && address < start + BigInt(bytes.length),
    );
    if (known) continue;
    const pieces = readKernelImage(memory, address);
    const symbols = findKallsyms(pieces, memory.pointerBytes);
    if (symbols !== undefined) return { symbols, pieces, entry };
    looked.push(...pieces);
  }
  return undefined;
}

function readBtf(memory: KernelMemory, symbols: Kallsyms): Btf | undefined {
  const start = symbols.address('__start_BTF');
  const stop = symbols.address('__stop_BTF');
  if (start === undefined || stop === undefined || stop <= start) return undefined;
  const bytes = memory.read(start, Number(stop - start));
  return bytes && Btf.parse(bytes, memory.pointerBytes);
}

interface KnownKernel {
  readonly memory: KernelMemory;
  readonly processor: ProcessorFacts;
  readonly symbols: Kallsyms;
  readonly btf: Btf | undefined;
}

/** By symbols and types where the kernel has them, else by its code and what its tasks hold. */
function findTasks(kernel: KnownKernel, evidence: string[]): Pick<LinuxProfile, 'types' | 'currentTask' | 'firstTask'> {
  const { memory, processor, symbols, btf } = kernel;
  const code = readParentCode(memory, symbols);
  const currentTask = currentTaskBySymbol(symbols, btf, memory.pointerBytes) ?? code?.current;
  const base = { kernelGs: 'GS + ', kernelFs: 'FS + ', absolute: '' };
  evidence.push(
    currentTask === undefined
      ? 'current task: not found'
      : `current task: ${base[currentTask.base]}${hex(currentTask.offset)} (${currentTask.source})`,
  );
  const firstTask = symbols.address('init_task');
  if (btf !== undefined) return { types: btf, currentTask, firstTask };
  const task = currentTask && readCurrentTask(memory, processor, currentTask);
  const layout = code === undefined || task === undefined ? undefined : findTaskLayout(memory, code.parent, task);
  const known =
    layout === undefined ? '' : `, but ${Object.keys(layout.members).join(', ')} of a task, by what tasks hold`;
  evidence.push(`BTF: none, struct offsets are not known${known}`);
  const types = layout && new KnownTypes({ task_struct: layout.members });
  return { types, currentTask, firstTask: firstTask ?? layout?.first };
}

function placeFields(types: KernelTypes): TaskFieldPlace[] {
  return TASK_FIELDS.flatMap(({ name, path, size, place, key }) => {
    const offsets = path.map((member) => types.offsetOf('task_struct', member));
    return offsets.every((offset) => offset !== undefined) ? [{ name, offsets, size, place, key }] : [];
  });
}

const hex = (value: bigint): string => `0x${value.toString(16)}`;
