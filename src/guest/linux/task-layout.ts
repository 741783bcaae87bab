import { type KernelMemory, readPointer } from '../memory.ts';
import type { KnownMembers } from './types.ts';

/** What tasks hold, by which the members of task_struct are told; all of it is so in every version. */
const COMM_BYTES = 16;
const FIRST_COMM = 'swapper';
/** Behind real_parent: parent, the head of the list of children, the link in the parent's, the leader of the thread group. */
const BEHIND = { children: 2, sibling: 4, leader: 6 } as const;
const MOST_ANCESTORS = 64;
const MOST_CHILDREN = 4096;
/** How far behind real_parent the name may lie, in bytes. */
const COMM_REACH = 2048;
/** start_time and start_boottime are taken one after the other, in nanoseconds; nothing runs longer than some years. */
const CLOCKS_APART = 10_000_000n;
const LATEST = 1n << 58n;

interface Tasks {
  /** The first task, which is its own parent. */
  readonly first: bigint;
  /** Its children and theirs. */
  readonly others: readonly bigint[];
}

export interface TaskLayout {
  readonly first: bigint;
  /** Of task_struct. */
  readonly members: KnownMembers;
}

/**
 * Members of task_struct for a kernel without BTF: `parent` is the offset of real_parent, `current` any task. Found by
 * what the first task and its descendants (init, kthreadd, kernel threads) hold; undefined if they do not agree.
 */
export function findTaskLayout(memory: KernelMemory, parent: number, current: bigint): TaskLayout | undefined {
  const tasks = readTasks(memory, parent, current);
  if (tasks === undefined || tasks.others.length < 2) return undefined;
  const size = memory.pointerBytes;
  const pid = findPid(memory, parent, tasks);
  const comm = findComm(memory, parent, tasks.first);
  if (pid === undefined || comm === undefined) return undefined;
  const start = findStart(memory, parent, comm, tasks);
  const members = {
    pid: { offset: pid, size: 4 },
    tgid: { offset: pid + 4, size: 4 },
    real_parent: { offset: parent, size },
    children: { offset: parent + BEHIND.children * size, size: 2 * size },
    sibling: { offset: parent + BEHIND.sibling * size, size: 2 * size },
    group_leader: { offset: parent + BEHIND.leader * size, size },
    comm: { offset: comm, size: COMM_BYTES },
    ...(start === undefined ? {} : { start_time: { offset: start, size: 8 } }),
  };
  return { first: tasks.first, members };
}

function readTasks(memory: KernelMemory, parent: number, current: bigint): Tasks | undefined {
  let first = current;
  for (let i = 0; i < MOST_ANCESTORS; i++) {
    const next = readPointer(memory, first + BigInt(parent));
    if (next === undefined || next === 0n) return undefined;
    if (next === first) {
      const children = childrenOf(memory, parent, first);
      return { first, others: [...children, ...children.flatMap((child) => childrenOf(memory, parent, child))] };
    }
    first = next;
  }
  return undefined;
}

function childrenOf(memory: KernelMemory, parent: number, task: bigint): bigint[] {
  const { pointerBytes } = memory;
  const head = task + BigInt(parent + BEHIND.children * pointerBytes);
  const children: bigint[] = [];
  for (let at = readPointer(memory, head); at !== head; at = readPointer(memory, at)) {
    if (at === undefined || at === 0n || children.length > MOST_CHILDREN) return [];
    children.push(at - BigInt(parent + BEHIND.sibling * pointerBytes));
  }
  return children;
}

/** pid and tgid stand before real_parent, a stack canary between them in some kernels: 0 and 0 in the first task, equal in leaders. */
function findPid(memory: KernelMemory, parent: number, { first, others }: Tasks): number | undefined {
  const candidates = [parent - 8, parent - 8 - memory.pointerBytes];
  return candidates.find((offset) => {
    const pair = (task: bigint): readonly [number, number] => {
      const bytes = memory.read(task + BigInt(offset), 8);
      const view = bytes && new DataView(bytes.buffer, bytes.byteOffset, 8);
      return [view?.getInt32(0, true) ?? -1, view?.getInt32(4, true) ?? -2];
    };
    const pids = others.map(pair);
    const zero = pair(first).every((id) => id === 0);
    return zero && pids.every(([pid, tgid]) => pid === tgid && pid > 0) && pids.some(([pid]) => pid === 1);
  });
}

function findComm(memory: KernelMemory, parent: number, first: bigint): number | undefined {
  const bytes = memory.read(first + BigInt(parent), COMM_REACH);
  const at = bytes === undefined ? -1 : Buffer.from(bytes).indexOf(FIRST_COMM, 0, 'latin1');
  return at < 0 ? undefined : parent + at;
}

/** Two clocks, both 0 in the first task, that hardly differ and go on from pid to pid. */
function findStart(memory: KernelMemory, parent: number, comm: number, { first, others }: Tasks): number | undefined {
  const length = comm - parent;
  const read = (task: bigint): DataView | undefined => {
    const bytes = memory.read(task + BigInt(parent), length);
    return bytes && new DataView(bytes.buffer, bytes.byteOffset, length);
  };
  const zero = read(first);
  const views = others.map(read);
  if (zero === undefined || views.some((view) => view === undefined)) return undefined;
  for (let at = 0; at + 16 <= length; at += 4) {
    if (zero.getBigUint64(at, true) !== 0n || zero.getBigUint64(at + 8, true) !== 0n) continue;
    const clocks = views.map((view) => [view!.getBigUint64(at, true), view!.getBigUint64(at + 8, true)] as const);
    const agree = clocks.every(
      ([start, boot]) => start > 0n && start < LATEST && boot >= start && boot - start < CLOCKS_APART,
    );
    // A counter of equal numbers is no clock.
    if (agree && new Set(clocks.map(([start]) => start)).size > 1) return parent + at;
  }
  return undefined;
}
