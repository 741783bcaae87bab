import type { CallTables } from '../../replay/call-tables.ts';
import type { Call } from '../../replay/calls.ts';
import { isFirstReturn } from '../../replay/first-return.ts';
import { Pairing, USER } from '../../replay/pairing.ts';
import { Task } from '../../replay/task-table.ts';
import { EVENT_KIND } from '../../trace/event.ts';
import type { EventChunk } from '../../trace/event-chunk.ts';
import type { ChunkStore, EventPlace } from './chunk-store.ts';
import { type Job, runWhole } from './job.ts';

const { callEntry, callReturn } = EVENT_KIND;

/** The other end of a call is not in this chunk. */
const OUTSIDE = -1;
/** It entered, and entered again or began anew without a return; a return that ends nothing. */
const NEVER = -2;

/** A call, and whether its return was looked for to the end. */
export interface FoundCall {
  readonly call: Call;
  /** False: it may return, further on than was looked. */
  readonly settled: boolean;
}

/** The other end of each call of a chunk: rows, OUTSIDE or NEVER. */
function pairWithin(chunk: EventChunk): Int32Array {
  const { count, taskRow, site, sites, tasks } = chunk;
  const mates = new Int32Array(count).fill(OUTSIDE);
  const pending = new Int32Array(tasks.length).fill(OUTSIDE);
  for (let row = 0; row < count; row++) {
    const own = site[row]!;
    const kind = sites.kind[own]!;
    const task = taskRow[row]!;
    if (kind === callEntry && sites.cpl[own] !== USER) mates[row] = NEVER;
    else if (kind === callEntry) {
      const before = pending[task]!;
      if (before >= 0) mates[before] = NEVER;
      pending[task] = row;
    } else if (kind === callReturn) {
      const before = pending[task]!;
      const entry = isFirstReturn(chunk, chunk.site[row]!) ? NEVER : before;
      if (before >= 0) mates[before] = entry === NEVER ? NEVER : row;
      mates[row] = entry;
      // What returns next entered nothing that is known.
      pending[task] = NEVER;
    }
  }
  return mates;
}

/** A call put together from its entry and its return, where it has one. Its sequence number means nothing. */
export function pairedCall(tables: CallTables, entry: EventPlace, exit: EventPlace | undefined): Call {
  const pairing = new Pairing(tables);
  const task = new Task(entry.chunk.task(entry.row));
  const call = pairing.enter(task, entry.chunk, entry.row);
  if (exit !== undefined) pairing.leave(task, exit.chunk, exit.row);
  return call;
}

/** Entries and returns of single calls. What is in one chunk is found at once; further, as far as is asked. */
export class SingleCalls {
  readonly #store: ChunkStore;
  readonly #mates = new WeakMap<EventChunk, Int32Array>();

  constructor(store: ChunkStore) {
    this.#store = store;
  }

  /** What numbers of calls stand for. */
  get tables(): CallTables {
    return this.#store.tables;
  }

  #matesOf(chunk: EventChunk): Int32Array {
    let mates = this.#mates.get(chunk);
    if (mates === undefined) {
      mates = pairWithin(chunk);
      this.#mates.set(chunk, mates);
    }
    return mates;
  }

  /**
   * The call of an entry or a return, its other end looked for in the whole trace; undefined for events of other kinds and
   * for a return without an entry.
   */
  of(place: EventPlace): Call | undefined {
    const kind = place.chunk.kind(place.row);
    if (kind === callEntry) return runWhole(this.enteredWhole(place));
    const entry = kind === callReturn ? this.entryOf(place, Infinity) : undefined;
    const call = entry && pairedCall(this.tables, entry, place);
    return call?.exitChunk === undefined ? undefined : call;
  }

  /** The call that an event enters; its return may stand up to `chunks` chunks on. */
  entered(place: EventPlace, chunks: number): FoundCall {
    const mate = this.#matesOf(place.chunk)[place.row]!;
    if (mate >= 0) return { call: pairedCall(this.tables, place, { chunk: place.chunk, row: mate }), settled: true };
    const call = pairedCall(this.tables, place, undefined);
    if (mate === NEVER || call.outcome === 'never') return { call, settled: true };
    const exit = runWhole(this.#following(place, chunks));
    if (exit === 'unknown') return { call, settled: false };
    return { call: exit === undefined ? call : pairedCall(this.tables, place, exit), settled: true };
  }

  /** The same, looked for to the end of the trace. */
  *enteredWhole(place: EventPlace): Job<Call> {
    const near = this.entered(place, 0);
    if (near.settled) return near.call;
    const exit = yield* this.#following(place, Number.POSITIVE_INFINITY);
    return pairedCall(this.tables, place, exit === 'unknown' ? undefined : exit);
  }

  /** The return of a call that is pending at the end of its chunk; undefined: it has none. */
  *#following({ chunk, row }: EventPlace, chunks: number): Job<EventPlace | undefined | 'unknown'> {
    const task = chunk.task(row);
    const { index } = this.#store;
    const first = this.#store.placeOf(chunk.firstEvent) + 1;
    let left = chunks;
    for (let place = first; place < index.length; place++) {
      if (!index[place]!.summary.tasks.includes(task)) continue;
      if (left-- <= 0) return 'unknown';
      yield place / index.length;
      const next = this.#store.chunk(place);
      const at = next && callRow(next, task, 'first');
      if (next !== undefined && at !== undefined) {
        return next.kind(at) === callReturn && !isFirstReturn(next, next.site[at]!)
          ? { chunk: next, row: at }
          : undefined;
      }
    }
    return undefined;
  }

  /** The entry of the call that an event returns from, at most `chunks` chunks before it; undefined: it is not there. */
  entryOf({ chunk, row }: EventPlace, chunks: number): EventPlace | undefined {
    const mate = this.#matesOf(chunk)[row]!;
    if (mate >= 0) return { chunk, row: mate };
    if (mate === NEVER) return undefined;
    const task = chunk.task(row);
    let left = chunks;
    for (let place = this.#store.placeOf(chunk.firstEvent) - 1; place >= 0; place--) {
      if (!this.#store.index[place]!.summary.tasks.includes(task)) continue;
      if (left-- <= 0) return undefined;
      const before = this.#store.chunk(place);
      const at = before && callRow(before, task, 'last');
      if (before !== undefined && at !== undefined) {
        return before.kind(at) === callEntry ? { chunk: before, row: at } : undefined;
      }
    }
    return undefined;
  }
}

/** The first or the last entry or return of a task in a chunk. */
function callRow(chunk: EventChunk, task: bigint, which: 'first' | 'last'): number | undefined {
  const number = chunk.tasks.indexOf(task);
  if (number < 0) return undefined;
  const { count, taskRow, site, sites } = chunk;
  const step = which === 'first' ? 1 : -1;
  for (let row = which === 'first' ? 0 : count - 1; row >= 0 && row < count; row += step) {
    if (taskRow[row] !== number) continue;
    const own = site[row]!;
    const kind = sites.kind[own]!;
    if (kind === callReturn || (kind === callEntry && sites.cpl[own] === USER)) return row;
  }
  return undefined;
}
