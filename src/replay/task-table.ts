import { CAPTURE_KIND } from '../emu/monitor-layout.ts';
import { parseIdentity, type TaskIdentity } from '../guest/linux/task-identity.ts';
import type { EventRef } from './calls.ts';

/** Who a task pointer names at the moment of the event last fed. */
export class TaskTable {
  readonly #known = new Map<bigint, TaskIdentity>();

  /** Takes a task event. Returns what changed. */
  update({ chunk, row }: EventRef): { before: TaskIdentity | undefined; now: TaskIdentity } | undefined {
    const task = chunk.task(row);
    for (let i = 0; i < chunk.captureCount(row); i++) {
      const capture = chunk.capture(row, i);
      if (capture.kind !== CAPTURE_KIND.task) continue;
      const now = parseIdentity(capture.bytes);
      if (now === undefined) continue;
      const before = this.#known.get(task);
      this.#known.set(task, now);
      return { before, now };
    }
    return undefined;
  }

  /** undefined: the trace does not say who it is. */
  get(task: bigint): TaskIdentity | undefined {
    return this.#known.get(task);
  }
}
