/**
 * Work on one chunk that looks at no other: it may be done anywhere, in any order, by threads of their own too. What its rows
 * need of other chunks is left to a `Join`, which gets them in the order of the trace.
 */
import type { TraceReader } from '../../replay/reader.ts';
import type { ColumnChoice, EventChunk } from '../../trace/event-chunk.ts';
import type { ChunkSummary } from '../../trace/summary.ts';
import type { RowBuffer, RowSource } from './row-buffer.ts';

/** `Loose`: what a chunk leaves to others. It goes from thread to thread. */
export interface ChunkWork<Loose = unknown> {
  /** The chunk may hold rows that are asked for. */
  wants(summary: ChunkSummary): boolean;
  columns(summary: ChunkSummary): ColumnChoice;
  /** Adds the rows that the chunk alone can tell; keeps nothing of it. */
  take(chunk: EventChunk, rows: RowBuffer): Loose;
}

/** Puts together what chunks have told, in the order of the trace. */
export interface Join<Loose> {
  /** A chunk that the work does not want has what is still missing. */
  misses(summary: ChunkSummary): boolean;
  /** Adds the rows of a chunk to those that are asked for. */
  add(summary: ChunkSummary, made: RowSource, loose: Loose, rows: RowBuffer): void;
  /** After the last chunk. */
  finish(rows: RowBuffer): void;
}

/** Makes rows of chunks whose events need not be read for it. */
export interface Shortcut {
  /** The chunk leaves nothing to a `Join`, and all its rows can be made so. */
  serves(place: number): boolean;
  /** Adds the rows of a chunk that it serves, by its place in the index. False: they are damaged, and none were added. */
  put(place: number, rows: RowBuffer): boolean;
}

/** What was made of a chunk. */
export interface Made {
  /** Valid until the next is made. */
  readonly rows: RowSource;
  readonly loose: unknown;
}

/** Reads chunks and works on them. */
export class Maker {
  readonly rows: RowBuffer;
  readonly #reader: TraceReader;
  readonly #work: ChunkWork;

  constructor(reader: TraceReader, work: ChunkWork, rows: RowBuffer) {
    this.#reader = reader;
    this.#work = work;
    this.rows = rows;
  }

  /** By its place in the index; undefined: it is damaged, which the reader's findings then tell. */
  make(place: number): Made | undefined {
    const entry = this.#reader.index[place]!;
    const chunk = this.#reader.chunk(entry, this.#work.columns(entry.summary));
    if (chunk === undefined) return undefined;
    this.rows.clear();
    const loose = this.#work.take(chunk, this.rows);
    chunk.release();
    return { rows: this.rows, loose };
  }
}
