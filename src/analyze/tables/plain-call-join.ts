import type { ChunkSummary } from '../../trace/summary.ts';
import { callKey } from '../../trace/summary.ts';
import { pairedCall } from '../model/single-calls.ts';
import type { TraceModel } from '../model/trace-model.ts';
import type { Join } from './chunk-work.ts';
import { type KeptEvent, rowOf } from './kept-event.ts';
import { isCommandOnly, type LooseCalls, type LooseEnd } from './plain-call-work.ts';
import { type CallRows, PlainColumns } from './plain-columns.ts';
import type { RowBuffer, RowSource } from './row-buffer.ts';
import type { ScanRequest } from './scan.ts';
import { unreturned } from './unreturned.ts';

/** Calls that return in another chunk than they enter, or never. */
export class PlainCallJoin implements Join<LooseCalls> {
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

  add({ tasks }: ChunkSummary, made: RowSource, loose: LooseCalls, rows: RowBuffer): void {
    for (const task of tasks) if (!this.#entered.has(task)) this.#entered.set(task, undefined);
    let done = 0;
    for (const end of loose.ended) {
      const { task, returned, before } = end;
      const entered = end.entered ?? this.#entered.get(task);
      if (entered === undefined) continue;
      rows.append(made, done, before);
      done = before;
      // In chunks that were passed over, another may have got the pointer of its task, and entered what returns here.
      if (returned?.number === entered.number) this.#put(task, entered, returned, end);
      else this.#putUnreturned(task, entered, true);
      if (end.entered === undefined) this.#entered.set(task, undefined);
    }
    rows.append(made, done);
    for (const { task, entered } of loose.tasks) {
      // It did something else than to return.
      const left = this.#entered.get(task);
      if (left !== undefined) this.#putUnreturned(task, left, true);
      this.#entered.set(task, entered);
    }
  }

  #put(task: bigint, entered: KeptEvent, returned: KeptEvent, { odd }: LooseEnd): void {
    const calls = this.#rowOf(task, entered, returned);
    const [entry, exit] = odd ? [this.#model.store.at(entered.event), this.#model.store.at(returned.event)] : [];
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

  /** Calls that have not returned come last, as they were entered: their processes have ended in them, or the trace has. */
  finish(): void {
    const left = [...this.#entered].flatMap(([task, entered]) => (entered === undefined ? [] : [{ task, entered }]));
    for (const { task, entered } of left.sort((a, b) => a.entered.event - b.entered.event))
      this.#putUnreturned(task, entered, false);
    this.#entered.clear();
  }

  /** `gone`: the task has done something else since. */
  #putUnreturned(task: bigint, entered: KeptEvent, gone: boolean): void {
    const { history, store } = this.#model;
    const calls = this.#rowOf(task, entered, undefined);
    const identity = this.#ends ? history.identity(task, entered.event) : undefined;
    const { outcome, errno } = unreturned(entered.event, identity, history, gone, () => {
      const place = store.at(entered.event);
      return place && pairedCall(store.tables, place, undefined);
    });
    this.#columns.putOne(calls, outcome, errno, 0);
  }
}
