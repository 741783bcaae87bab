import type { ChunkSummary } from '../../trace/summary.ts';
import { callKey } from '../../trace/summary.ts';
import { pairedCall } from '../model/single-calls.ts';
import type { TraceModel } from '../model/trace-model.ts';
import type { Join } from './chunk-work.ts';
import { type KeptEvent, rowOf } from './kept-event.ts';
import { isCommandOnly, type LooseEnds, type LooseReturn } from './plain-call-work.ts';
import { type CallRows, PlainColumns } from './plain-columns.ts';
import type { RowBuffer, RowSource } from './row-buffer.ts';
import type { ScanRequest } from './scan.ts';
import { unreturned } from './unreturned.ts';

/** Calls that return in another chunk than they enter, or never. */
export class PlainCallJoin implements Join<readonly LooseEnds[]> {
  readonly #model: TraceModel;
  readonly #named: boolean;
  /** How calls ended matters. */
  readonly #ends: boolean;
  readonly #columns: PlainColumns;
  /** What each task of the chunks so far has entered and not left. */
  readonly #entered = new Map<bigint, KeptEvent | undefined>();

  constructor(request: ScanRequest, rows: RowBuffer) {
    this.#model = request.model;
    this.#named = isCommandOnly(request) || rows.wants('pid', 'tid', 'comm');
    this.#ends = rows.wants('outcome', 'errno');
    this.#columns = new PlainColumns(rows, request.model);
  }

  misses({ tasks, calls }: ChunkSummary): boolean {
    return tasks.some((task) => {
      const entered = this.#entered.get(task);
      return entered !== undefined && calls.includes(callKey(entered.abi, entered.number));
    });
  }

  add({ tasks }: ChunkSummary, made: RowSource, loose: readonly LooseEnds[], rows: RowBuffer): void {
    for (const task of tasks) if (!this.#entered.has(task)) this.#entered.set(task, undefined);
    let done = 0;
    const ended = loose.filter((each) => each.returned !== undefined && this.#entered.get(each.task) !== undefined);
    for (const { task, returned } of ended.sort((a, b) => a.returned!.event.event - b.returned!.event.event)) {
      rows.append(made, done, returned!.before);
      done = returned!.before;
      this.#put(task, this.#entered.get(task)!, returned!);
    }
    rows.append(made, done);
    for (const { task, entered } of loose) this.#entered.set(task, entered);
  }

  #put(task: bigint, entered: KeptEvent, { event, odd }: LooseReturn): void {
    const calls = this.#rowOf(task, entered, event);
    const [entry, exit] = odd ? [this.#model.store.at(entered.event), this.#model.store.at(event.event)] : [];
    if (entry === undefined || exit === undefined) this.#columns.put(calls);
    else this.#columns.putEnded(calls, pairedCall(this.#model.store.tables, entry, exit));
  }

  #rowOf(task: bigint, entered: KeptEvent, exit: KeptEvent | undefined): CallRows {
    const identity = this.#named ? this.#model.history.identity(task, entered.event) : undefined;
    const row = new Int32Array(1);
    return {
      entry: rowOf(entered),
      exit: exit && rowOf(exit),
      count: 1,
      entries: row,
      exits: row,
      caller: () => identity,
    };
  }

  /** Calls that have not returned come last: their processes have ended in them, or the trace has. */
  finish(): void {
    const { history, store } = this.#model;
    for (const [task, entered] of this.#entered) {
      if (entered === undefined) continue;
      const calls = this.#rowOf(task, entered, undefined);
      const identity = this.#ends ? history.identity(task, entered.event) : undefined;
      const { outcome, errno } = unreturned(entered.event, identity, history, () => {
        const place = store.at(entered.event);
        return place && pairedCall(store.tables, place, undefined);
      });
      this.#columns.putOne(calls, outcome, errno, 0);
    }
    this.#entered.clear();
  }
}
