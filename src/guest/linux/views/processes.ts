import { readString } from '../../memory.ts';
import { type KernelStructures, NotKnown, orNote } from './kernel.ts';
import { filePath } from './paths.ts';

/** Ways in which a task is found. `family`: a child of a child of the first task. `ran`: it made events in the trace and has not ended since. */
export type TaskSource = 'list' | 'pids' | 'family' | 'scheduler' | 'ran';

/** A task of which the trace holds events. */
export interface RanTask {
  /** Its task_struct. */
  readonly address: bigint;
  readonly pid: number;
  /** `start_time` of it then: tells it from a later task at the same place. */
  readonly start: bigint;
}

export interface Process {
  /** Its task_struct. */
  readonly address: bigint;
  /** The kernel's task id: tid to user space. */
  readonly pid: number;
  /** Thread group: what user space calls pid. */
  readonly tgid: number;
  /** Thread group of the parent. */
  readonly ppid: number;
  readonly comm: string;
  /** As ps shows it: R running, S sleeping, D waiting, T stopped, t traced, X dead, Z zombie, P parked, I idle; undefined if not known. */
  readonly state: string | undefined;
  readonly uid: number | undefined;
  /** Nanoseconds after boot at which it was started. */
  readonly startTime: bigint;
  /** Empty for kernel threads and zombies, undefined if not known. */
  readonly commandLine: readonly string[] | undefined;
  /** Path of its program; undefined for kernel threads. */
  readonly executable: string | undefined;
  readonly kernelThread: boolean;
  readonly foundBy: readonly TaskSource[];
  /** Sources that should have it and don't: not empty means that it hides. */
  readonly hiddenFrom: readonly TaskSource[];
}

export interface ProcessList {
  /** Processes and all their threads, by pid. */
  readonly tasks: readonly Process[];
  /** What could not be looked at, and why. */
  readonly notes: readonly string[];
}

/** Every task that any of the kernel's structures, or the trace, knows of. */
export function readProcesses(kernel: KernelStructures, ran: readonly RanTask[] = []): ProcessList {
  const notes: string[] = [];
  const sources: readonly (readonly [TaskSource, () => Iterable<bigint>])[] = [
    ['list', () => tasksOnList(kernel)],
    ['pids', () => tasksByPid(kernel)],
    ['family', () => tasksByFamily(kernel)],
    ['scheduler', () => tasksOnRunqueues(kernel)],
    ['ran', () => ran.filter((task) => lives(kernel, task)).map(({ address }) => address)],
  ];
  const found = new Map<bigint, Set<TaskSource>>();
  const complete = new Set<TaskSource>();
  for (const [source, read] of sources) {
    const all = orNote(notes, `tasks by ${source}`, () => [...read()]);
    if (all === undefined) continue;
    complete.add(source);
    for (const address of all) found.set(address, (found.get(address) ?? new Set()).add(source));
  }
  const tasks: Process[] = [];
  for (const [address, by] of found) {
    const task = orNote(notes, `task at 0x${address.toString(16)}`, () =>
      readProcess(kernel, address, [...by], complete),
    );
    if (task !== undefined && task.pid !== 0) tasks.push(task);
  }
  return { tasks: tasks.sort((a, b) => a.pid - b.pid), notes };
}

/** The task lists that everybody walks: leaders on init_task.tasks, their threads on signal->thread_head. */
export function* tasksOnList(kernel: KernelStructures): Generator<bigint> {
  const head = kernel.at(kernel.symbol('init_task'), 'task_struct', 'tasks');
  for (const leader of kernel.list(head, 'task_struct', 'tasks')) {
    yield leader;
    yield* otherThreads(kernel, leader);
  }
}

function* otherThreads(kernel: KernelStructures, leader: bigint): Generator<bigint> {
  const signal = kernel.value(leader, 'task_struct', 'signal');
  if (signal === 0n) return;
  const threads = kernel.at(signal, 'signal_struct', 'thread_head');
  for (const thread of kernel.list(threads, 'task_struct', 'thread_node')) if (thread !== leader) yield thread;
}

/** By number: what kill(2) finds. */
function* tasksByPid(kernel: KernelStructures): Generator<bigint> {
  const namespace = kernel.symbol('init_pid_ns');
  const type = BigInt(kernel.enumerator('PIDTYPE_PID') * kernel.size('hlist_head'));
  const link = kernel.member('task_struct', 'pid_links');
  const linkOfPid = BigInt(link.offset + kernel.enumerator('PIDTYPE_PID') * link.elements!.size);
  for (const pid of kernel.xarray(kernel.at(namespace, 'pid_namespace', 'idr.idr_rt'))) {
    const first = kernel.word(kernel.at(pid, 'pid', 'tasks') + type);
    if (first !== 0n) yield first - linkOfPid;
  }
}

const MOST_TASKS = 1 << 22;

/** Children of the first task and theirs, without the threads. */
function* tasksByFamily(kernel: KernelStructures): Generator<bigint> {
  const first = kernel.profile.firstTask;
  if (first === undefined) throw new NotKnown('not known: which task is the first');
  const pending = [first];
  for (let count = 0; pending.length > 0; count++) {
    if (count > MOST_TASKS) throw new NotKnown('the tree of children is broken');
    const children = kernel.at(pending.pop()!, 'task_struct', 'children');
    for (const child of kernel.list(children, 'task_struct', 'sibling')) {
      yield child;
      pending.push(child);
    }
  }
}

/** What is about to run: fair tasks in their trees, with those of groups, real-time and deadline tasks, and who runs. */
function* tasksOnRunqueues(kernel: KernelStructures): Generator<bigint> {
  for (const queue of kernel.perCpu('runqueues')) {
    const current = kernel.value(queue, 'rq', 'curr');
    if (current === 0n) continue;
    yield current;
    yield* fairTasks(kernel, kernel.at(queue, 'rq', 'cfs'));
    yield* realTimeTasks(kernel, kernel.at(queue, 'rq', 'rt'));
    const deadlines = kernel.at(queue, 'rq', 'dl.root.rb_root.rb_node');
    for (const entity of kernel.tree(deadlines, 'sched_dl_entity', 'rb_node'))
      yield kernel.container(entity, 'task_struct', 'dl');
  }
}

function* fairTasks(kernel: KernelStructures, queue: bigint): Generator<bigint> {
  const root = kernel.at(queue, 'cfs_rq', 'tasks_timeline.rb_root.rb_node');
  const running = kernel.value(queue, 'cfs_rq', 'curr');
  const entities = [...kernel.tree(root, 'sched_entity', 'run_node'), ...(running === 0n ? [] : [running])];
  for (const entity of entities) {
    const group = kernel.has('sched_entity', 'my_q') ? kernel.value(entity, 'sched_entity', 'my_q') : 0n;
    if (group === 0n) yield kernel.container(entity, 'task_struct', 'se');
    else yield* fairTasks(kernel, group);
  }
}

function* realTimeTasks(kernel: KernelStructures, queue: bigint): Generator<bigint> {
  const { offset, elements } = kernel.member('rt_rq', 'active.queue');
  for (let i = 0; i < elements!.count; i++) {
    const head = queue + BigInt(offset + i * elements!.size);
    for (const entity of kernel.list(head, 'sched_rt_entity', 'run_list')) {
      const group = kernel.has('sched_rt_entity', 'my_q') ? kernel.value(entity, 'sched_rt_entity', 'my_q') : 0n;
      if (group === 0n) yield kernel.container(entity, 'task_struct', 'rt');
      else yield* realTimeTasks(kernel, group);
    }
  }
}

/** A task that made events, if it is still the same and has not been released. */
function lives(kernel: KernelStructures, { address, pid, start }: RanTask): boolean {
  try {
    return (
      (kernel.number(address, 'task_struct', 'pid') | 0) === pid &&
      kernel.value(address, 'task_struct', 'start_time') === start &&
      !isReleased(kernel, address)
    );
  } catch (error) {
    if (error instanceof NotKnown) return false;
    throw error;
  }
}

const TASK_DEAD = 0x80;

/** Without BTF by the link in the parent's list of children, which points to itself once a task is released. */
function isReleased(kernel: KernelStructures, task: bigint): boolean {
  if (kernel.has('task_struct', 'exit_state'))
    return kernel.number(task, 'task_struct', 'exit_state') !== 0 || (stateBits(kernel, task) & TASK_DEAD) !== 0;
  const link = kernel.at(task, 'task_struct', 'sibling');
  return kernel.word(link) === link;
}

const TASK_IDLE = 0x402;
/** By the highest bit that is set, as /proc/PID/status reports: the order is part of the kernel's interface. */
const STATE_LETTERS = 'RSDTtXZP';

function stateBits(kernel: KernelStructures, task: bigint): number {
  const name = kernel.has('task_struct', '__state') ? '__state' : 'state';
  return kernel.number(task, 'task_struct', name);
}

function stateLetter(kernel: KernelStructures, task: bigint): string {
  const bits = stateBits(kernel, task);
  if (bits === TASK_IDLE) return 'I';
  const reported = (bits | kernel.number(task, 'task_struct', 'exit_state')) & 0x7f;
  return STATE_LETTERS[reported === 0 ? 0 : 32 - Math.clz32(reported)]!;
}

function readProcess(
  kernel: KernelStructures,
  address: bigint,
  foundBy: TaskSource[],
  complete: ReadonlySet<TaskSource>,
): Process {
  const parent = kernel.value(address, 'task_struct', 'real_parent');
  return {
    address,
    pid: kernel.number(address, 'task_struct', 'pid') | 0,
    tgid: kernel.number(address, 'task_struct', 'tgid') | 0,
    ppid: kernel.number(parent, 'task_struct', 'tgid') | 0,
    comm: utf8(kernel.text(address, 'task_struct', 'comm')),
    startTime: kernel.value(address, 'task_struct', 'start_time'),
    ...readMore(kernel, address, parent),
    foundBy,
    // Only what is about to run stands in the scheduler's queues, and not every task made events.
    hiddenFrom: (['list', 'pids'] as const).filter((source) => complete.has(source) && !foundBy.includes(source)),
  };
}

type MoreOfProcess = Pick<Process, 'state' | 'uid' | 'commandLine' | 'executable' | 'kernelThread'>;

/** pid of kthreadd, of which all kernel threads are children, since Linux 2.6.24. */
const KTHREADD = 2;

/** What a kernel without BTF does not tell. */
function readMore(kernel: KernelStructures, address: bigint, parent: bigint): MoreOfProcess {
  if (!kernel.has('task_struct', 'mm')) {
    const ids = [address, parent].map((task) => kernel.number(task, 'task_struct', 'pid'));
    const unknown = { state: undefined, uid: undefined, commandLine: undefined, executable: undefined };
    return { ...unknown, kernelThread: ids.includes(KTHREADD) };
  }
  const credentials = kernel.value(address, 'task_struct', 'cred');
  const mm = kernel.value(address, 'task_struct', 'mm');
  const exe = mm === 0n ? 0n : kernel.value(mm, 'mm_struct', 'exe_file');
  return {
    state: stateLetter(kernel, address),
    uid: kernel.number(credentials, 'cred', 'uid.val'),
    commandLine: mm === 0n ? [] : commandLine(kernel, mm),
    executable: exe === 0n ? undefined : filePath(kernel, exe),
    kernelThread: mm === 0n && kernel.number(address, 'task_struct', 'exit_state') === 0,
  };
}

const LONGEST_COMMAND_LINE = 1 << 17;

function commandLine(kernel: KernelStructures, mm: bigint): string[] {
  const start = kernel.value(mm, 'mm_struct', 'arg_start');
  const length = Math.min(Number(kernel.value(mm, 'mm_struct', 'arg_end') - start), LONGEST_COMMAND_LINE);
  const memory = kernel.memory.process(kernel.value(mm, 'mm_struct', 'pgd'));
  if (memory === undefined || length <= 0) return [];
  const words: string[] = [];
  for (let at = 0; at < length; at += words.at(-1)!.length + 1) {
    const word = readString(memory, start + BigInt(at), length - at);
    if (word === undefined) break;
    words.push(word);
  }
  return words.map(utf8);
}

/** What was read byte by byte is mostly UTF-8. */
const utf8 = (text: string): string => Buffer.from(text, 'latin1').toString('utf8');
