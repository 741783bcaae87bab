import type { ChunkStore } from '../../analyze/model/chunk-store.ts';
import { type EventTest, mayHold } from '../../analyze/model/event-test.ts';
import type { Job } from '../../analyze/model/job.ts';

export type Direction = 'forward' | 'backward';

/** Rows that are looked at before others get their turn. */
const STEP = 2048;
/** Numbers of rows that are remembered. */
const REMEMBERED = 4_000_000;
const NONE = new Uint32Array(0);

/** Rows that are looked at for a few events near each other, before all of their chunk is looked through. */
const NEARBY = 1024;

/** The events of a trace that pass a test. A chunk is looked through when somebody wants more of it than a screen. */
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
    if (entry === undefined || !mayHold(this.#test, entry.summary)) return NONE;
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
      const { firstEvent } = index[place]!.summary;
      const few = this.#nearby(place, from - firstEvent, step, count - found.length);
      if (few !== undefined) {
        for (const row of few) found.push(firstEvent + row);
        if (found.length === count) return found;
        yield this.#done(place);
        continue;
      }
      const rows = yield* this.rows(place);
      const behind = firstBehind(rows, from - firstEvent, direction);
      for (let i = behind; i >= 0 && i < rows.length; i += step) {
        found.push(firstEvent + rows[i]!);
        if (found.length === count) return found;
      }
    }
    return found;
  }

  /** Rows of a chunk that pass, from `from` on, `count` at most; undefined: they do not stand near. */
  #nearby(place: number, from: number, step: 1 | -1, count: number): number[] | undefined {
    if (this.#rows.has(place)) return undefined;
    const { summary } = this.#store.index[place]!;
    const chunk = mayHold(this.#test, summary) ? this.#store.chunk(place) : undefined;
    const found: number[] = [];
    if (chunk === undefined) return found;
    const start = step > 0 ? Math.max(0, from) : Math.min(chunk.count - 1, from);
    for (let row = start; row >= 0 && row < chunk.count && found.length < count; row += step) {
      if (Math.abs(row - start) > NEARBY) return undefined;
      if (this.#test.passes({ chunk, row })) found.push(row);
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
      if (!mayHold(test, summary)) continue;
      const chunk = mayHold(this.#test, summary) ? this.#store.chunk(place) : undefined;
      yield this.#done(place);
      if (chunk === undefined) continue;
      const from = begin - summary.firstEvent;
      for (
        let row = step > 0 ? Math.max(0, from) : Math.min(chunk.count - 1, from);
        row >= 0 && row < chunk.count;
        row += step
      ) {
        if (++looked % FIND_STEP === 0) yield this.#done(place);
        const here = { chunk, row };
        if (this.#test.passes(here) && test.passes(here)) return summary.firstEvent + row;
      }
    }
    return undefined;
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
