import type { TaskIdentity } from '../../guest/linux/task-identity.ts';
import { EVENT_KIND } from '../../trace/event.ts';
import type { EventChunk } from '../../trace/event-chunk.ts';
import type { History } from '../model/history.ts';
import type { NarrowColumn, WideColumn } from './column-buffer.ts';
import type { RowBuffer } from './row-buffer.ts';
import type { TextColumn } from './text-column.ts';

/** The columns that say when and who, of tables with a row an event. */
export class EventColumns {
  readonly #history: () => History;
  readonly #named: boolean;
  readonly #event: WideColumn | undefined;
  readonly #time: WideColumn | undefined;
  readonly #icount: WideColumn | undefined;
  readonly #vcpu: NarrowColumn | undefined;
  readonly #pid: NarrowColumn | undefined;
  readonly #tid: NarrowColumn | undefined;
  readonly #comm: TextColumn | undefined;

  /** `history` is asked for only where it is needed. */
  constructor(rows: RowBuffer, history: () => History) {
    this.#event = rows.wide('event');
    this.#time = rows.wide('time');
    this.#icount = rows.wide('icount');
    this.#vcpu = rows.narrow('vcpu');
    this.#pid = rows.narrow('pid');
    this.#tid = rows.narrow('tid');
    this.#comm = rows.text('comm');
    this.#history = history;
    this.#named = rows.wants('pid', 'tid', 'comm');
  }

  /** Fills them in row `at` with what row `row` of a chunk tells. */
  put(at: number, chunk: EventChunk, row: number): void {
    this.#event?.put(at, chunk.firstEvent + row);
    this.#time?.words(at, chunk.times[2 * row]!, chunk.times[2 * row + 1]!);
    this.#icount?.words(at, chunk.icounts[2 * row]!, chunk.icounts[2 * row + 1]!);
    this.#vcpu?.put(at, chunk.vcpu(row));
    if (this.#named) this.who(at, this.#history().identity(chunk.task(row), chunk.firstEvent + row));
  }

  /** The same for all rows of a chunk, from row `at` on. */
  putAll(at: number, chunk: EventChunk): void {
    const { count, firstEvent, taskRow, tasks } = chunk;
    for (let row = 0; row < count && this.#event !== undefined; row++) this.#event.put(at + row, firstEvent + row);
    this.#time?.all(at, chunk.times);
    this.#icount?.all(at, chunk.icounts);
    for (let row = 0; row < count && this.#vcpu !== undefined; row++) this.#vcpu.put(at + row, chunk.vcpu(row));
    if (!this.#named) return;
    // Who a task is changes at its namings only.
    const known = new Array<TaskIdentity | undefined>(tasks.length);
    const asked = new Uint8Array(tasks.length);
    for (let row = 0; row < count; row++) {
      const task = taskRow[row]!;
      if (asked[task] === 0 || chunk.kind(row) === EVENT_KIND.task) {
        asked[task] = 1;
        known[task] = this.#history().identity(tasks[task]!, firstEvent + row);
      }
      this.who(at + row, known[task]);
    }
  }

  who(at: number, identity: TaskIdentity | undefined): void {
    if (identity === undefined) return;
    this.#pid?.put(at, identity.tgid);
    this.#tid?.put(at, identity.pid);
    this.#comm?.often(at, identity.comm);
  }
}
