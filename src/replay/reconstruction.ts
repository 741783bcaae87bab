import type { TaskIdentity } from '../guest/linux/task-identity.ts';
import { EVENT_KIND } from '../trace/event.ts';
import type { EventChunk } from '../trace/event-chunk.ts';
import type { Fact } from '../trace/messages.ts';
import { AddressNames } from './addresses/address-names.ts';
import { AddressSpaces } from './addresses/address-spaces.ts';
import { KernelSymbols } from './addresses/kernel-symbols.ts';
import { CallTables } from './call-tables.ts';
import type { Call } from './calls.ts';
import { type ChildEnding, childEnding, WAITS } from './child-ending.ts';
import { Descriptors } from './descriptors.ts';
import { endingOf } from './ending.ts';
import { NetlinkSockets } from './netlink-sockets.ts';
import type { DescriptorObserver } from './open-file.ts';
import { Pairing, type SignalDelivery } from './pairing.ts';
import { PidNamespaces } from './pid-namespaces.ts';
import { CommandScope, isExecve, type Scope, WHOLE_GUEST } from './scope.ts';
import { type Task, TaskTable } from './task-table.ts';
import type { TrapNames } from './traps/names.ts';
import { type Trap, trapOf } from './traps/trap.ts';

/** Takes what was reconstructed, in the order of the trace. A call's return comes only after its entry. */
export interface CallSink {
  entry(call: Call, identity: TaskIdentity | undefined): void;
  return(call: Call, identity: TaskIdentity | undefined): void;
  signal(signal: SignalDelivery, identity: TaskIdentity | undefined): void;
  /** Something else that was trapped. */
  trap(trap: Trap, identity: TaskIdentity | undefined): void;
  /** A signal has ended a process: at the moment at which its parent was told. */
  killed?(process: TaskIdentity, ending: ChildEnding, chunk: EventChunk, row: number): void;
  /** After everything else; what has not returned is still pending. */
  end(): void;
}

/** Policies of system calls. */
const CALLS: readonly string[] = ['syscall', 'int', 'sysenter'];

function hasCalls(recorded: readonly string[] | undefined): boolean {
  return recorded === undefined || recorded.some((name) => CALLS.includes(name));
}

/** Says of each row whether it is shown. */
export type RowPredicate = (chunk: EventChunk, row: number) => boolean;

export interface ReconstructionOptions {
  /** Only the recorded command and what it started, not the whole guest. */
  readonly commandOnly: boolean;
  /** Names of the policies whose events the trace has; without it: calls at least. */
  readonly recorded?: readonly string[];
  /** Only these thread or process ids. */
  readonly pids?: ReadonlySet<number>;
  /** What the trace knows of its guest: names of calls that are no Linux's come from there. */
  readonly profile?: ReadonlyMap<string, Fact>;
  /** Names for what traps say by number; without them traps that are no calls are passed over. */
  readonly traps?: TrapNames | undefined;
  /** Keep track of what descriptors mean; who hears of each change. */
  readonly descriptors: boolean | DescriptorObserver;
  /** Keep track of what lies where in the memory of processes: traps get the names of their instructions. Follows descriptors too. */
  readonly addresses?: boolean;
  /** Which rows are shown; all are followed. Without it: all. */
  readonly within?: RowPredicate | undefined;
}

/** Events to calls: tasks named, entries and returns paired, what descriptors mean followed. */
export class Reconstruction {
  readonly tasks = new TaskTable();
  readonly descriptors: Descriptors | undefined;
  readonly spaces: AddressSpaces | undefined;
  readonly #addresses: AddressNames;
  readonly #netlink = new NetlinkSockets();
  readonly #namespaces = new PidNamespaces();
  readonly #pairing: Pairing;
  readonly #scope: Scope;
  readonly #pids: ReadonlySet<number> | undefined;
  readonly #within: RowPredicate | undefined;
  readonly #traps: TrapNames | undefined;
  readonly #sink: CallSink;
  /** Whose end was told. */
  readonly #buried = new WeakSet<TaskIdentity>();

  constructor(options: ReconstructionOptions, sink: (reconstruction: Reconstruction) => CallSink) {
    this.#scope = options.commandOnly ? new CommandScope(hasCalls(options.recorded)) : WHOLE_GUEST;
    this.#pairing = new Pairing(new CallTables(options.profile));
    this.#pids = options.pids;
    this.#within = options.within;
    this.#traps = options.traps;
    const { descriptors, addresses, profile } = options;
    if (descriptors !== false || addresses === true) {
      this.descriptors = new Descriptors(typeof descriptors === 'boolean' ? undefined : descriptors);
      if (addresses === true) this.spaces = new AddressSpaces(profile, this.descriptors);
    }
    const symbols = options.traps?.symbols ?? KernelSymbols.NONE;
    this.#addresses = new AddressNames(symbols, () => this.spaces);
    this.#sink = sink(this);
  }

  /** Feeds the next chunk, or rows of it: all are to be fed, in order. */
  feed(chunk: EventChunk, from = 0, to: number = chunk.count): void {
    const tasks = this.tasks.ofChunk(chunk);
    const { taskRow, site, sites } = chunk;
    for (let row = from; row < to; row++) {
      const task = tasks[taskRow[row]!]!;
      const kind = sites.kind[site[row]!]!;
      if (kind === EVENT_KIND.callEntry) this.#enter(task, chunk, row);
      else if (kind === EVENT_KIND.callReturn) this.#leave(task, chunk, row);
      else if (kind === EVENT_KIND.task) this.#update(task, chunk, row);
      else if (this.#traps !== undefined) this.#trapped(task, chunk, row, this.#traps);
    }
  }

  /** The guest has become known while it runs: from here on its calls have its names. */
  learn(profile: ReadonlyMap<string, Fact>): void {
    this.#pairing.tables = new CallTables(profile);
  }

  /** The trace has ended. */
  end(): void {
    this.#sink.end();
  }

  #update(task: Task, chunk: EventChunk, row: number): void {
    this.tasks.update(task, chunk, row);
    this.#scope.shows(task.identity);
    this.#meet(task.identity, chunk, row);
  }

  #meet(identity: TaskIdentity | undefined, chunk: EventChunk, row: number): void {
    if (identity !== undefined) this.#namespaces.meet(identity);
    this.descriptors?.meet(identity, chunk.firstEvent + row);
    this.spaces?.meet(identity, chunk.firstEvent + row);
  }

  #trapped({ identity }: Task, chunk: EventChunk, row: number, names: TrapNames): void {
    if (!this.#visible(chunk, row, identity)) return;
    const trap = trapOf(chunk, row, names);
    if (trap === undefined) return;
    const { instruction } = trap;
    const symbol =
      instruction === undefined
        ? undefined
        : this.#addresses.nameOf(instruction, identity?.tgid, chunk.firstEvent + row);
    this.#sink.trap({ ...trap, symbol }, identity);
  }

  #enter(task: Task, chunk: EventChunk, row: number): void {
    const { identity } = task;
    const call = this.#pairing.enter(task, chunk, row);
    this.#netlink.entered(call, identity);
    if (this.#visible(chunk, row, identity)) {
      call.shown = true;
      this.#sink.entry(call, identity);
    }
    this.#meet(identity, chunk, row);
    this.descriptors?.entered(call, identity);
  }

  #leave(task: Task, chunk: EventChunk, row: number): void {
    const { identity } = task;
    const call = this.#pairing.leave(task, chunk, row);
    if (call !== undefined) {
      if (WAITS.has(call.name) && identity !== undefined && !call.failed)
        this.#buryWaitedFor(call, identity, chunk, row);
      if (isExecve(call) && call.outcome === 'value') this.#buryThreads(task, chunk, row);
      this.#returned(call, identity, chunk, row);
    } else {
      this.#scope.shows(identity);
      this.#meet(identity, chunk, row);
    }
    const signal = this.#pairing.deliver(task, chunk, row);
    if (signal !== undefined && this.#visible(chunk, row, identity)) this.#sink.signal(signal, identity);
  }

  /** A return is shown when its entry was: a call is never half in a scope. Only an execve can begin one by its return. */
  #returned(call: Call, identity: TaskIdentity | undefined, chunk: EventChunk, row: number): void {
    this.#netlink.returned(call, identity);
    if (identity !== undefined) this.#namespaces.returned(call, identity);
    if (call.shown) this.#sink.return(call, identity);
    else if (
      isExecve(call) &&
      this.#scope.beginsWith(call, identity) &&
      this.#within?.(chunk, row) !== false &&
      this.#wanted(identity)
    ) {
      this.#sink.entry(call, identity);
      this.#sink.return(call, identity);
    }
    // An execve may close the descriptor of what it executes.
    this.spaces?.returned(call, identity);
    this.descriptors?.returned(call, identity);
  }

  /** A process that was waited for to its end makes no call any more: one that it was in never returned. */
  #buryWaitedFor(wait: Call, waiter: TaskIdentity, chunk: EventChunk, row: number): void {
    const ending = childEnding(wait);
    const tgid = ending && this.#namespaces.numberOf(waiter, ending.number);
    if (ending === undefined || tgid === undefined) return;
    const alone = this.tasks.ofProcess(tgid).length === 1;
    for (const task of this.tasks.pendingOf(tgid)) this.#abandon(task, ending.signal ?? 0, alone, chunk, row);
    const identity = this.tasks.ofProcess(tgid).find((task) => task.identity?.pid === tgid)?.identity;
    // It may be waited for again (WNOWAIT).
    if (ending.signal === undefined || identity === undefined || this.#buried.has(identity)) return;
    this.#buried.add(identity);
    if (this.#visible(chunk, row, identity)) this.#sink.killed?.(identity, ending, chunk, row);
  }

  /** A thread's execve ends its process's other threads, and gives it the first one's number. */
  #buryThreads(task: Task, chunk: EventChunk, row: number): void {
    if (task.identity === undefined) return;
    for (const other of this.tasks.pendingOf(task.identity.tgid)) {
      if (other !== task) this.#abandon(other, 0, false, chunk, row);
    }
  }

  /** A call that its task never came back from. */
  #abandon(task: Task, signal: number, alone: boolean, chunk: EventChunk, row: number): void {
    const call = this.#pairing.abandon(task);
    if (call === undefined) return;
    const { outcome, errno } = endingOf(call, signal, alone);
    call.outcome = outcome;
    call.errno = errno;
    this.#returned(call, task.identity, chunk, row);
  }

  #visible(chunk: EventChunk, row: number, identity: TaskIdentity | undefined): boolean {
    return this.#scope.shows(identity) && this.#within?.(chunk, row) !== false && this.#wanted(identity);
  }

  #wanted(identity: TaskIdentity | undefined): boolean {
    if (this.#pids === undefined) return true;
    return identity !== undefined && (this.#pids.has(identity.pid) || this.#pids.has(identity.tgid));
  }
}
