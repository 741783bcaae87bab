import type { ChunkStore, EventPlace } from '../../analyze/model/chunk-store.ts';
import type { ChunkSummary } from '../../trace/summary.ts';
import type { Job } from './job.ts';

/** Which events are wanted; `mayHold` spares the chunks that can't hold one. */
export interface EventTest {
  readonly mayHold: (summary: ChunkSummary) => boolean;
  readonly passes: (place: EventPlace) => boolean;
}

export type Direction = 'forward' | 'backward';

export const EVERY_EVENT: EventTest = { mayHold: () => true, passes: () => true };

/** Events that pass both. */
export function both(a: EventTest, b: EventTest): EventTest {
  return {
    mayHold: (summary) => a.mayHold(summary) && b.mayHold(summary),
    passes: (place) => a.passes(place) && b.passes(place),
  };
}

/** Rows that are looked at before others get their turn. */
const STEP = 2048;
/** Numbers of rows that are remembered. */
const REMEMBERED = 4_000_000;
const NONE = new Uint32Array(0);

/** The events of a trace that pass a test. A chunk is looked through when somebody comes to it. */
export class Sieve {
  readonly #store: ChunkStore;
  readonly #test: EventTest;
  readonly #rows = new Map<number, Uint32Array>();
  #remembered = 0;

  constructor(store: ChunkStore, test: EventTest) {
    this.#store = store;
    this.#test = test;
  }

  /** Rows of a chunk that pass, ascending; by its place in the index. */
  *rows(place: number): Job<Uint32Array> {
    const known = this.#rows.get(place);
    if (known !== undefined) return known;
    const entry = this.#store.index[place];
    if (entry === undefined || !this.#test.mayHold(entry.summary)) return NONE;
    const chunk = this.#store.chunk(place);
    yield this.#done(place);
    if (chunk === undefined) return NONE;
    const found = new Uint32Array(chunk.count);
    let count = 0;
    for (let row = 0; row < chunk.count; row++) {
      if (row % STEP === STEP - 1) yield this.#done(place);
      if (this.#test.passes({ chunk, row })) found[count++] = row;
    }
    const rows = found.slice(0, count);
    this.#remember(place, rows);
    return rows;
  }

  #done(place: number): number {
    return place / Math.max(1, this.#store.index.length);
  }

  #remember(place: number, rows: Uint32Array): void {
    this.#rows.set(place, rows);
    this.#remembered += rows.length + 1;
    for (const [oldest, { length }] of this.#rows) {
      if (this.#remembered <= REMEMBERED) break;
      this.#rows.delete(oldest);
      this.#remembered -= length + 1;
    }
  }

  /** Numbers of events that pass: the nearest one first, `from` itself included. At most `count`. */
  *near(from: number, direction: Direction, count: number): Job<number[]> {
    const found: number[] = [];
    const step = direction === 'forward' ? 1 : -1;
    const { index } = this.#store;
    const start = Math.min(this.#store.placeOf(from), index.length - 1);
    for (let place = start; place >= 0 && place < index.length; place += step) {
      const rows = yield* this.rows(place);
      const { firstEvent } = index[place]!.summary;
      const behind = firstBehind(rows, from - firstEvent, direction);
      for (let i = behind; i >= 0 && i < rows.length; i += step) {
        found.push(firstEvent + rows[i]!);
        if (found.length === count) return found;
      }
    }
    return found;
  }

  /** The nearest event on one side of `from`, not itself, that passes another test too; undefined: there is none. */
  *find(from: number, direction: Direction, test: EventTest): Job<number | undefined> {
    const step = direction === 'forward' ? 1 : -1;
    const { index } = this.#store;
    const begin = from + step;
    if (begin < 0) return undefined;
    let looked = 0;
    for (let place = this.#store.placeOf(begin); place >= 0 && place < index.length; place += step) {
      const { summary } = index[place]!;
      if (!test.mayHold(summary)) continue;
      const rows = yield* this.rows(place);
      const chunk = rows.length === 0 ? undefined : this.#store.chunk(place);
      if (chunk === undefined) continue;
      const first = firstBehind(rows, begin - summary.firstEvent, direction);
      for (let i = first; i >= 0 && i < rows.length; i += step) {
        if (++looked % FIND_STEP === 0) yield this.#done(place);
        const row = rows[i]!;
        if (test.passes({ chunk, row })) return summary.firstEvent + row;
      }
    }
    return undefined;
  }

  /** Whether an event passes. */
  holds(event: number): boolean {
    const place = this.#store.at(event);
    return place !== undefined && this.#test.mayHold(place.chunk.summary) && this.#test.passes(place);
  }
}

const FIND_STEP = 128;

/** Index of the first row at or behind `row` in a direction; outside of `rows` when there is none. */
function firstBehind(rows: Uint32Array, row: number, direction: Direction): number {
  let low = 0;
  let high = rows.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (rows[middle]! < row) low = middle + 1;
    else high = middle;
  }
  if (direction === 'forward') return low;
  return rows[low] === row ? low : low - 1;
}
