/** Which events a reader wants, and whether a chunk can hold any. */
import type { EventChunk } from '../trace/event-chunk.ts';
import type { ChunkSummary } from '../trace/summary.ts';

/** Every condition that is given must hold. */
export interface EventFilter {
  /** Instruction counts, both included. */
  readonly fromIcount?: number;
  readonly toIcount?: number;
  /** Virtual nanoseconds, both included. */
  readonly fromTime?: number;
  readonly toTime?: number;
  /** Numbers of events, both included. */
  readonly fromEvent?: number;
  readonly toEvent?: number;
  /** Event kinds: EVENT_KIND. */
  readonly kinds?: ReadonlySet<number>;
  /** Task pointers. */
  readonly tasks?: ReadonlySet<bigint>;
  /** System calls by `callKey`; entries and returns of them pass, events of other kinds don't. */
  readonly calls?: ReadonlySet<number>;
}

/** False when no event of a chunk can pass. */
export function mayHold(filter: EventFilter, summary: ChunkSummary): boolean {
  const { kinds, tasks, calls } = filter;
  const lastEvent = summary.firstEvent + summary.count - 1;
  return (
    Number(summary.icount[1]) >= (filter.fromIcount ?? 0) &&
    Number(summary.icount[0]) <= (filter.toIcount ?? Infinity) &&
    Number(summary.time[1]) >= (filter.fromTime ?? 0) &&
    Number(summary.time[0]) <= (filter.toTime ?? Infinity) &&
    lastEvent >= (filter.fromEvent ?? 0) &&
    summary.firstEvent <= (filter.toEvent ?? Infinity) &&
    (kinds === undefined || [...summary.kinds.keys()].some((kind) => kinds.has(kind))) &&
    (tasks === undefined || summary.tasks.some((task) => tasks.has(task))) &&
    (calls === undefined || summary.calls.some((call) => calls.has(call)))
  );
}

function passes(filter: EventFilter, chunk: EventChunk, row: number): boolean {
  const icount = chunk.icount(row);
  if (icount < (filter.fromIcount ?? 0) || icount > (filter.toIcount ?? Infinity)) return false;
  const time = chunk.time(row);
  if (time < (filter.fromTime ?? 0) || time > (filter.toTime ?? Infinity)) return false;
  const event = chunk.firstEvent + row;
  if (event < (filter.fromEvent ?? 0) || event > (filter.toEvent ?? Infinity)) return false;
  if (filter.kinds !== undefined && !filter.kinds.has(chunk.kind(row))) return false;
  if (filter.tasks !== undefined && !filter.tasks.has(chunk.task(row))) return false;
  if (filter.calls === undefined) return true;
  const call = chunk.call(row);
  return call !== undefined && filter.calls.has(call);
}

/** Rows of a chunk that pass, ascending. */
export function passingRows(filter: EventFilter, chunk: EventChunk): Uint32Array {
  const rows = new Uint32Array(chunk.count);
  const all = Object.keys(filter).length === 0;
  let count = 0;
  for (let row = 0; row < chunk.count; row++) if (all || passes(filter, chunk, row)) rows[count++] = row;
  return rows.subarray(0, count);
}
