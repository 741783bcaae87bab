import { CAPTURE_KIND } from '../../emu/monitor-layout.ts';
import type { TaskIdentity } from '../../guest/linux/task-identity.ts';
import type { Call } from '../../replay/calls.ts';
import { isExecve } from '../../replay/scope.ts';
import type { Naming } from './namings.ts';

/** A moment of a trace: number of the event, and virtual nanoseconds. */
export interface Moment {
  readonly event: number;
  readonly time: number;
}

/** A program that a process became. */
export interface Execution extends Moment {
  /** As it was given; undefined where it could not be read. */
  readonly path: string | undefined;
  readonly arguments: readonly string[];
}

/** How a process or thread ended. */
export interface Ending extends Moment {
  /** Exit status, 0 to 255; undefined: a signal ended it. */
  readonly status: number | undefined;
  /** Number of the signal. */
  readonly signal: number | undefined;
}

export interface Thread {
  readonly tid: number;
  readonly process: Process;
  readonly task: bigint;
  comm: string;
  readonly first: Moment;
  /** Its own exit; undefined where it did not make one. */
  exit: Ending | undefined;
}

/** A process from when the trace first names it. */
export interface Process {
  readonly pid: number;
  readonly ppid: number;
  comm: string;
  /** Nanoseconds after the kernel's start at which it was started. */
  readonly start: bigint;
  readonly first: Moment;
  readonly threads: Thread[];
  readonly executions: Execution[];
  exit: Ending | undefined;
  /** Number of the event from which on it belongs to the recorded command; Infinity: never. */
  shownFrom: number;
}

export interface Lifetimes {
  readonly processes: readonly Process[];
  /** The process that has a number when an event happens. */
  at(pid: number, event: number): Process | undefined;
}

const INIT = 1;
const STATUS_SIGNAL = 0x7f;
const CHILD = { exited: 1, killed: 2, dumped: 3 } as const;
/** Places in the siginfo of a child. */
const SIGINFO = { code: 8, pid: 16, status: 24, end: 28 } as const;
const SIGINFO32 = { code: 8, pid: 12, status: 20, end: 24 } as const;

/** Puts together when processes began, what they executed and how they ended: first all that is named, then all calls. */
export class LifetimeBuilder implements Lifetimes {
  readonly processes: Process[] = [];
  readonly #byPid = new Map<number, Process[]>();
  readonly #threads = new Map<number, Thread>();
  readonly #commandOnly: boolean;

  /** `commandOnly`: a command was recorded, and what it started is told from the rest of the guest. */
  constructor(commandOnly: boolean) {
    this.#commandOnly = commandOnly;
  }

  at(pid: number, event: number): Process | undefined {
    const all = this.#byPid.get(pid);
    return all?.findLast(({ first }) => first.event <= event) ?? all?.[0];
  }

  /** The one that took a number between two events, or first thereafter, or had it by then. */
  begun(pid: number, from: number, to: number): Process | undefined {
    const all = this.#byPid.get(pid);
    const meanwhile = all?.findLast(({ first: { event } }) => event >= from && event <= to);
    return meanwhile ?? all?.find(({ first }) => first.event > to) ?? this.at(pid, to);
  }

  /** A task says who it is. */
  named({ task, event, time, identity }: Naming): void {
    const { pid, tgid, parent, comm, start } = identity;
    const moment = { event, time };
    const process = this.#process(tgid, parent, comm, start, pid === tgid, moment);
    if (pid === tgid) process.comm = comm;
    const known = this.#threads.get(pid);
    if (known?.process === process) known.comm = comm;
    else {
      const thread = { tid: pid, process, task, comm, first: moment, exit: undefined };
      this.#threads.set(pid, thread);
      process.threads.push(thread);
    }
  }

  #process(pid: number, ppid: number, comm: string, start: bigint, leader: boolean, first: Moment): Process {
    const all = this.#byPid.get(pid) ?? [];
    const known = all.at(-1);
    if (known !== undefined && (!leader || known.start === start || known.threads.every(({ tid }) => tid !== pid))) {
      return known;
    }
    const process: Process = {
      ...{ pid, ppid, comm, start, first, threads: [], executions: [], exit: undefined, shownFrom: Infinity },
    };
    this.processes.push(process);
    this.#byPid.set(pid, [...all, process]);
    return process;
  }

  entered(call: Call, identity: TaskIdentity | undefined): void {
    if (identity === undefined || (call.name !== 'exit' && call.name !== 'exit_group')) return;
    const moment = entryOf(call);
    const process = this.at(identity.tgid, moment.event);
    if (process === undefined) return;
    const ending = { ...moment, status: call.low(0) & 255, signal: undefined };
    if (call.name === 'exit_group') process.exit ??= ending;
    const thread = process.threads.findLast(({ tid, first }) => tid === identity.pid && first.event <= moment.event);
    if (thread !== undefined) thread.exit ??= ending;
    if (process.threads.every(({ exit }) => exit !== undefined)) process.exit ??= ending;
  }

  returned(call: Call, identity: TaskIdentity | undefined): void {
    if (identity === undefined || call.outcome !== 'value') return;
    if (isExecve(call)) this.#executed(call, identity);
    else if (call.name === 'wait4' || call.name === 'waitpid') this.#waited(call);
    else if (call.name === 'waitid') this.#waitedById(call);
  }

  #executed(call: Call, { tgid }: TaskIdentity): void {
    const moment = entryOf(call);
    const first = call.name === 'execveat' ? 1 : 0;
    const path = call.capture(first, 'entry');
    const words = call.captures(first + 1, 'entry').filter(({ kind }) => kind === CAPTURE_KIND.pointerArrayString);
    this.at(tgid, moment.event)?.executions.push({
      ...moment,
      path: path && text(path.bytes),
      arguments: words.map(({ bytes }) => text(bytes)),
    });
  }

  #waited(call: Call): void {
    const status = call.capture(1, 'exit');
    if (status === undefined || status.length < 4 || call.result === 0) return;
    const value = status.view.getUint32(status.start, true);
    const signal = value & STATUS_SIGNAL;
    if (signal === STATUS_SIGNAL) return;
    this.#reaped(call, call.result, signal === 0 ? (value >> 8) & 255 : undefined, signal === 0 ? undefined : signal);
  }

  #waitedById(call: Call): void {
    const info = call.capture(2, 'exit');
    const at = call.narrow ? SIGINFO32 : SIGINFO;
    if (info === undefined || info.length < at.end) return;
    const word = (place: number): number => info.view.getInt32(info.start + place, true);
    const code = word(at.code);
    if (code === CHILD.exited) this.#reaped(call, word(at.pid), word(at.status) & 255, undefined);
    else if (code === CHILD.killed || code === CHILD.dumped)
      this.#reaped(call, word(at.pid), undefined, word(at.status));
  }

  /** A parent was told how a child ended; when, is known where the child said so itself. */
  #reaped(call: Call, pid: number, status: number | undefined, signal: number | undefined): void {
    const chunk = call.exitChunk!;
    const moment = { event: chunk.firstEvent + call.exitRow, time: call.exitTime };
    const process = this.at(pid, moment.event);
    if (process !== undefined && (process.exit === undefined || process.exit.status !== status)) {
      process.exit = { ...(process.exit ?? moment), status, signal };
    }
  }

  finish(): void {
    for (const process of this.processes) {
      process.shownFrom = this.#commandOnly
        ? shownFrom(process, this, ({ executions }) => executions[0]?.event ?? Infinity)
        : 0;
    }
  }
}

/**
 * Number of the event from which on a process belongs to the recorded command, as `replay` shows it: a child of the guest's
 * init from the execve that puts the command into it on, and what that starts from its first event on. Infinity: never.
 * `launched`: the event of a process's first execve, or Infinity.
 */
export function shownFrom(process: Process, lifetimes: Lifetimes, launched: (process: Process) => number): number {
  const { pid, ppid, first } = process;
  if (pid === INIT) return Infinity;
  if (ppid === INIT) return launched(process);
  const parent = lifetimes.at(ppid, first.event);
  // The kernel's idle task is its own parent.
  if (parent === undefined || parent === process || parent.first.event > first.event) return Infinity;
  if (shownFrom(parent, lifetimes, launched) <= first.event) return first.event;
  return parent.ppid === INIT ? launched(process) : Infinity;
}

function entryOf(call: Call): Moment {
  return { event: call.chunk.firstEvent + call.row, time: call.entryTime };
}

const text = (bytes: Uint8Array): string => Buffer.from(bytes).toString('utf8');
