import { CAPTURE_KIND } from '../../emu/monitor-layout.ts';
import type { TaskIdentity } from '../../guest/linux/task-identity.ts';
import type { Call } from '../../replay/calls.ts';
import { childEnding } from '../../replay/child-ending.ts';
import { PidNamespaces } from '../../replay/pid-namespaces.ts';
import { isExecve } from '../../replay/scope.ts';
import { CLONE, cloneFlags } from '../../replay/task-flags.ts';
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
const SIGKILL = 9;
/** WUNTRACED, WCONTINUED. */
const STOPPED_TOO = 2 | 8;
const CLONES = new Set(['clone', 'clone3', 'fork', 'vfork']);

/** Puts together when processes began, what they executed and how they ended: first all that is named, then all calls. */
export class LifetimeBuilder implements Lifetimes {
  readonly processes: Process[] = [];
  readonly #byPid = new Map<number, Process[]>();
  readonly #threads = new Map<number, Thread>();
  readonly #commandOnly: boolean;
  readonly #namespaces = new PidNamespaces();
  /** Of the processes, those that are named stand first. */
  #named = 0;
  #met = 0;

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
    this.#named++;
    return this.#begin(pid, ppid, comm, start, first);
  }

  #begin(pid: number, ppid: number, comm: string, start: bigint, first: Moment): Process {
    const process: Process = {
      ...{ pid, ppid, comm, start, first, threads: [], executions: [], exit: undefined, shownFrom: Infinity },
    };
    this.processes.push(process);
    const all = [...(this.#byPid.get(pid) ?? []), process];
    this.#byPid.set(pid, all);
    return process;
  }

  /** Up to an event, processes come in the order in which they were named. */
  #meetUntil(event: number): void {
    for (; this.#met < this.#named && this.processes[this.#met]!.first.event <= event; this.#met++) {
      const { pid, ppid, comm, start } = this.processes[this.#met]!;
      this.#namespaces.meet({ pid, tgid: pid, parent: ppid, comm, start });
    }
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
    if (process.exit === ending) this.#emptied(identity, moment);
  }

  returned(call: Call, identity: TaskIdentity | undefined): void {
    if (identity === undefined || call.outcome !== 'value') return;
    const event = returnOf(call).event;
    this.#meetUntil(event);
    this.#namespaces.returned(call, identity);
    if (isExecve(call)) this.#executed(call, identity);
    else if (call.name === 'wait4' || call.name === 'waitpid') this.#waited(call, identity);
    else if (call.name === 'waitid') this.#toldOf(call, identity);
    else if (CLONES.has(call.name)) this.#cloned(call, identity);
  }

  #executed(call: Call, { tgid }: TaskIdentity): void {
    const moment = entryOf(call);
    const first = call.name === 'execveat' ? 1 : 0;
    const path = call.capture(first, 'entry');
    const words = call.captures(first + 1, 'entry').filter(({ kind }) => kind === CAPTURE_KIND.pointerArrayString);
    this.at(tgid, moment.event)?.executions.push({
      ...moment,
      path: path && executedName(call, text(path.bytes)),
      arguments: words.map(({ bytes }) => text(bytes)),
    });
  }

  /** A child that is never named, for it ended before it did anything that is recorded. */
  #cloned(call: Call, { tgid }: TaskIdentity): void {
    const { result } = call;
    const isThread = (cloneFlags(call) & CLONE.thread) !== 0;
    if (result === 0 || isThread || this.#namespaces.isWithin(tgid)) return;
    const entered = entryOf(call);
    if (this.#byPid.get(result)?.some(({ first }) => first.event > entered.event) === true) return;
    const parent = this.at(tgid, entered.event);
    if (parent !== undefined) this.#begin(result, tgid, parent.comm, 0n, returnOf(call));
  }

  /** With the first process of a namespace the kernel ends all others in it. */
  #emptied(identity: TaskIdentity, moment: Moment): void {
    this.#meetUntil(moment.event);
    for (const pid of this.#namespaces.endingWith(identity)) {
      const process = this.at(pid, moment.event);
      if (process !== undefined) process.exit ??= { ...moment, status: undefined, signal: SIGKILL };
    }
  }

  #waited(call: Call, waiter: TaskIdentity): void {
    if (call.result === 0) return;
    // Whoever is not interested in how a child ended is told of those that stopped only if it asks for them.
    if (call.isNull(1) && (call.low(2) & STOPPED_TOO) === 0) this.#reaped(call, waiter, call.result);
    this.#toldOf(call, waiter);
  }

  #toldOf(call: Call, waiter: TaskIdentity): void {
    const ending = childEnding(call);
    if (ending !== undefined) this.#reaped(call, waiter, ending.number, ending);
  }

  /** A parent was told how a child ended, or only that it did; when, is known where the child said so itself. */
  #reaped(
    call: Call,
    waiter: TaskIdentity,
    number: number,
    told: Partial<Pick<Ending, 'status' | 'signal'>> = {},
  ): void {
    const pid = this.#namespaces.numberOf(waiter, number);
    const moment = returnOf(call);
    const process = pid === undefined ? undefined : this.at(pid, moment.event);
    if (process === undefined) return;
    const { status, signal } = told;
    const { exit } = process;
    if (exit === undefined) process.exit = { ...moment, status, signal };
    else if ((status ?? signal) !== undefined && exit.status !== status) process.exit = { ...exit, status, signal };
  }

  finish(): void {
    this.processes.sort((a, b) => a.first.event - b.first.event);
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

function returnOf(call: Call): Moment {
  const { exitChunk } = call;
  return exitChunk === undefined ? entryOf(call) : { event: exitChunk.firstEvent + call.exitRow, time: call.exitTime };
}

function entryOf(call: Call): Moment {
  return { event: call.chunk.firstEvent + call.row, time: call.entryTime };
}

const AT_FDCWD = -100;

/** As it was given; of what is executed by a descriptor, what the kernel calls it. */
function executedName(call: Call, path: string): string {
  const folder = call.name === 'execveat' ? call.low(0) | 0 : AT_FDCWD;
  if (folder === AT_FDCWD || path.startsWith('/')) return path;
  return path === '' ? `/dev/fd/${folder}` : `/dev/fd/${folder}/${path}`;
}

const text = (bytes: Uint8Array): string => Buffer.from(bytes).toString('utf8');
