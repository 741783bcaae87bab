import { CAPTURE_KIND } from '../emu/monitor-layout.ts';
import { parseIdentity, type TaskIdentity } from '../guest/linux/task-identity.ts';
import type { EventChunk } from '../trace/event-chunk.ts';
import { capturesOf } from './call-captures.ts';
import type { Call } from './calls.ts';

/** A task of the guest at the moment of the event last fed. */
export class Task {
  /** The kernel's task pointer. */
  readonly pointer: bigint;
  /** undefined: the trace does not say who it is. */
  identity: TaskIdentity | undefined;
  /** The call that it is in. */
  pending: Call | undefined;
  /** Name of the call from which it returned last. */
  last: string | undefined;
  /** Stack of its handler that was entered last, until its next call. */
  handlerStack: bigint | undefined;

  constructor(pointer: bigint) {
    this.pointer = pointer;
  }
}

/** All tasks seen so far, by their pointers. */
export class TaskTable {
  readonly #tasks = new Map<bigint, Task>();
  readonly #groups = new Map<number, Set<Task>>();

  /** The task that a pointer names. */
  at(pointer: bigint): Task {
    let task = this.#tasks.get(pointer);
    if (task === undefined) {
      task = new Task(pointer);
      this.#tasks.set(pointer, task);
    }
    return task;
  }

  /** The tasks of a chunk in the order of its own table. */
  ofChunk({ tasks }: EventChunk): Task[] {
    return tasks.map((pointer) => this.at(pointer));
  }

  /** Takes a task event: who the task is from now on. */
  update(task: Task, chunk: EventChunk, row: number): void {
    for (const capture of capturesOf(chunk, row)) {
      const identity = capture.kind === CAPTURE_KIND.task ? parseIdentity(capture.bytes) : undefined;
      if (identity === undefined) continue;
      this.name(task, identity);
      return;
    }
  }

  /** Who the task is from now on. */
  name(task: Task, identity: TaskIdentity): void {
    this.#move(task, task.identity?.tgid, identity.tgid);
    task.identity = identity;
  }

  #move(task: Task, from: number | undefined, to: number): void {
    if (from === to) return;
    if (from !== undefined && this.#groups.get(from)?.delete(task) && this.#groups.get(from)!.size === 0) {
      this.#groups.delete(from);
    }
    const group = this.#groups.get(to);
    if (group === undefined) this.#groups.set(to, new Set([task]));
    else group.add(task);
  }

  /** Tasks of a thread group, those too that have ended. */
  ofProcess(tgid: number): Task[] {
    return [...(this.#groups.get(tgid) ?? [])];
  }

  /** Tasks of a thread group that are in a call, in the order in which they entered it. */
  pendingOf(tgid: number): Task[] {
    const pending = this.ofProcess(tgid).filter((task) => task.pending !== undefined);
    return pending.sort((a, b) => a.pending!.sequence - b.pending!.sequence);
  }
}
