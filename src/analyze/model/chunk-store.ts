import { CallTables } from '../../replay/call-tables.ts';
import type { ChunkEntry, TraceReader } from '../../replay/reader.ts';
import type { EventChunk } from '../../trace/event-chunk.ts';
import type { ChunkSummary } from '../../trace/summary.ts';

/** Decoded chunks that are kept, up to 12 MB each: enough for a window and what it is paired with. */
const KEPT = 3;

/** A place in a trace. */
export interface EventPlace {
  readonly chunk: EventChunk;
  readonly row: number;
}

/** Events by their numbers: the index says in which chunk one is; the chunks used last stay decoded. */
export class ChunkStore {
  /** What numbers of calls stand for. */
  readonly tables: CallTables;
  readonly #reader: TraceReader;
  /** By place in the index, the one used last at the end. */
  readonly #kept = new Map<number, EventChunk>();

  constructor(reader: TraceReader) {
    this.#reader = reader;
    this.tables = new CallTables(reader.profile);
  }

  get index(): readonly ChunkEntry[] {
    return this.#reader.index;
  }

  /** One more than the number of the last event; events of damaged chunks count. */
  get count(): number {
    const last = this.index.at(-1)?.summary;
    return last === undefined ? 0 : last.firstEvent + last.count;
  }

  /** Place in the index of the chunk that holds an event, or of the first behind it; the index's length when none is. */
  placeOf(event: number): number {
    let low = 0;
    let high = this.index.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      const { firstEvent, count } = this.index[middle]!.summary;
      if (firstEvent + count <= event) low = middle + 1;
      else high = middle;
    }
    return low;
  }

  /** A chunk by its place in the index; undefined where it is damaged or there is none. */
  chunk(place: number): EventChunk | undefined {
    const known = this.#kept.get(place);
    const entry = this.index[place];
    const chunk = known ?? (entry && this.#reader.chunk(entry, COLUMNS_ON_DEMAND));
    if (chunk === undefined) return undefined;
    this.#kept.delete(place);
    this.#kept.set(place, chunk);
    if (this.#kept.size > KEPT) this.#kept.delete(this.#kept.keys().next().value!);
    return chunk;
  }

  /** undefined: there is no such event, or it is in a damaged chunk. */
  at(event: number): EventPlace | undefined {
    const place = this.placeOf(event);
    const row = event - (this.index[place]?.summary.firstEvent ?? Infinity);
    const chunk = row >= 0 ? this.chunk(place) : undefined;
    return chunk && { chunk, row };
  }

  /**
   * Places from an event on, or backwards from the one before it, in chunks whose summaries pass; `rows` says which of
   * them, for it is asked once a row.
   */
  *from(
    event: number,
    direction: 'forward' | 'backward',
    mayHold: (summary: ChunkSummary) => boolean = () => true,
  ): Generator<EventPlace> {
    const step = direction === 'forward' ? 1 : -1;
    const start = direction === 'forward' ? event : event - 1;
    if (start < 0) return;
    for (let place = this.placeOf(start); place >= 0 && place <= this.index.length; place += step) {
      const summary = this.index[place]?.summary;
      if (summary === undefined || !mayHold(summary)) continue;
      const chunk = this.chunk(place);
      if (chunk === undefined) continue;
      const { firstEvent, count } = summary;
      const first = direction === 'forward' ? Math.max(0, start - firstEvent) : Math.min(count - 1, start - firstEvent);
      for (let row = first; row >= 0 && row < count; row += step) yield { chunk, row };
    }
  }
}

/** What a window looks at is decoded when it does. */
const COLUMNS_ON_DEMAND = { registers: () => [], moments: true, captures: 'contents' } as const;
