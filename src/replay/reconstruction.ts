import type { TaskIdentity } from '../guest/linux/task-identity.ts';
import type { EventChunk } from '../trace/event-chunk.ts';
import type { Call } from './calls.ts';
import { Descriptors } from './descriptors.ts';
import { Pairing, type Step } from './pairing.ts';
import { CommandScope, EXECVE, type Scope, WHOLE_GUEST } from './scope.ts';
import { TaskTable } from './task-table.ts';

const WAITS = new Set(['wait4', 'waitpid']);
/** The one signal that leaves no time to finish the call that sends it. */
const SIGKILL = 9;
/** Calls that send a signal, with the argument that names it. */
const KILLS: Readonly<Record<string, number>> = { kill: 1, tkill: 1, tgkill: 2 };

/** Takes what was reconstructed, in the order of the trace. */
export interface StepSink {
  step(step: Step, identity: TaskIdentity | undefined): void;
  /** After the last step; what has not returned is still pending. */
  end(): void;
}

export interface ReconstructionOptions {
  /** Only the recorded command and what it started, not the whole guest. */
  readonly commandOnly: boolean;
  /** Only these thread or process ids. */
  readonly pids?: ReadonlySet<number>;
  /** Keep track of what descriptors mean. */
  readonly descriptors: boolean;
}

/** Events to calls: tasks named, entries and returns paired, what descriptors mean followed. */
export class Reconstruction {
  readonly tasks = new TaskTable();
  readonly pairing = new Pairing();
  readonly descriptors: Descriptors | undefined;
  readonly #scope: Scope;
  readonly #pids: ReadonlySet<number> | undefined;
  readonly #shown = new Set<object>();
  /** Events whose task the trace does not name. */
  unattributed = 0;

  constructor(options: ReconstructionOptions) {
    this.#scope = options.commandOnly ? new CommandScope(this.tasks) : WHOLE_GUEST;
    this.#pids = options.pids;
    this.descriptors = options.descriptors ? new Descriptors() : undefined;
  }

  /** Feeds one chunk; `within` says which rows are shown (all are followed). */
  feed(chunk: EventChunk, sink: StepSink, within: (chunk: EventChunk, row: number) => boolean): void {
    for (let row = 0; row < chunk.count; row++) {
      this.pairing.feed({ chunk, row }, (step) => this.#take(step, sink, within(chunk, row)));
    }
  }

  #take(step: Step, sink: StepSink, within: boolean): void {
    if (step.kind === 'task') this.tasks.update(step.event);
    const identity = this.tasks.get(step.task);
    if (identity === undefined) this.unattributed++;
    else if (step.kind === 'return' && EXECVE.has(step.call.name) && step.call.outcome.kind === 'value') {
      this.#buryThreads(step.task, identity.tgid, sink, within);
    }
    if (this.#visible(step, identity, within)) {
      // A scope can begin with a call that has just turned out to be its first.
      if (step.kind === 'return' && !this.#shown.delete(step.call)) {
        sink.step({ kind: 'entry', call: step.call, task: step.task }, identity);
      }
      sink.step(step, identity);
    }
    this.descriptors?.feed(step, identity);
    if (step.kind === 'return' && WAITS.has(step.call.name)) this.#buryWaitedFor(step.call, sink, within);
  }

  /** A process that was waited for to its end makes no call any more: one that it was in never returned. */
  #buryWaitedFor(call: Call, sink: StepSink, within: boolean): void {
    const status = call.capture(1, 'exit');
    const ended = status !== undefined && ((status.bytes[0] ?? 0) & 0x7f) !== 0x7f && call.result > 0;
    if (!ended) return;
    for (const task of [...this.pairing.pendingTasks]) {
      if (this.tasks.get(task)?.tgid !== call.result) continue;
      this.#abandon(task, status.bytes[0]! & 0x7f, sink, within);
    }
  }

  /** A call that its task never came back from. One that sent the task the signal it died of had succeeded. */
  #abandon(task: bigint, signal: number, sink: StepSink, within: boolean): void {
    const call = this.pairing.abandon(task);
    if (call === undefined) return;
    const sent = KILLS[call.name];
    if (sent !== undefined && signal !== 0 && signal !== SIGKILL && call.low(sent) === signal)
      call.outcome = { kind: 'value', low: 0, high: 0 };
    this.#take({ kind: 'return', call, task }, sink, within);
  }

  /** A thread's execve ends its process's other threads, and gives it the first one's number. */
  #buryThreads(task: bigint, tgid: number, sink: StepSink, within: boolean): void {
    for (const other of [...this.pairing.pendingTasks]) {
      if (other !== task && this.tasks.get(other)?.tgid === tgid) this.#abandon(other, 0, sink, within);
    }
  }

  /** A return is shown when its entry was: a call is never half in a scope. */
  #visible(step: Step, identity: TaskIdentity | undefined, within: boolean): boolean {
    if (step.kind === 'return' && this.#shown.has(step.call)) return true;
    // Only an execve can begin a scope by its return; any other return belongs to an entry that is not shown.
    if (step.kind === 'return' && !EXECVE.has(step.call.name)) return false;
    const inScope = this.#scope.shows(step, identity) && within && this.#wanted(identity);
    if (inScope && step.kind === 'entry') this.#shown.add(step.call);
    return inScope;
  }

  #wanted(identity: TaskIdentity | undefined): boolean {
    if (this.#pids === undefined) return true;
    return identity !== undefined && (this.#pids.has(identity.pid) || this.#pids.has(identity.tgid));
  }
}
