/**
 * Rows under way from a trace to whoever asked for them, by column, laid out as DuckDB's vectors are: a value a row, a bit a
 * row for its being there, text of up to 12 bytes in place.
 */
import type { Column, ColumnType, Table } from '../schema.ts';
import {
  type Allocate,
  type ColumnBuffer,
  type ColumnRows,
  NarrowColumn,
  TruthColumn,
  WideColumn,
} from './column-buffer.ts';
import { TextColumn } from './text-column.ts';

/** Rows of one DuckDB vector; batches begin at multiples of it, so that their bits begin at a word. */
export const BATCH = 2048;

/** Rows of the same columns, wherever they were made. */
export interface RowSource {
  readonly rows: number;
  readonly columns: readonly ColumnRows[];
}

const KINDS: Readonly<Record<ColumnType, new (column: Column, allocate: Allocate) => ColumnBuffer>> = {
  integer: NarrowColumn,
  bigint: WideColumn,
  address: WideColumn,
  text: TextColumn,
  name: TextColumn,
  boolean: TruthColumn,
  bytes: TextColumn,
};

/** Rows of the columns of a table that somebody wants. */
export class RowBuffer implements RowSource {
  readonly table: Table;
  readonly columns: readonly ColumnBuffer[];
  /** Rows put and not taken. */
  rows = 0;
  readonly #byName: ReadonlyMap<string, ColumnBuffer>;
  #capacity = 0;

  /** `wanted`: names of columns in the order in which they are taken; undefined: all. */
  constructor(
    table: Table,
    wanted: readonly string[] = table.columns.map(({ name }) => name),
    allocate: Allocate = (bytes) => new Uint8Array(bytes),
  ) {
    this.table = table;
    this.columns = wanted.map((name) => {
      const column = table.columns.find((each) => each.name === name);
      if (column === undefined) throw new Error(`no column ${name}`);
      return new KINDS[column.type](column, allocate);
    });
    this.#byName = new Map(this.columns.map((buffer) => [buffer.column.name, buffer]));
  }

  /** Names of the columns that are wanted. */
  get names(): ReadonlySet<string> {
    return new Set(this.#byName.keys());
  }

  wants(...names: readonly string[]): boolean {
    return names.some((name) => this.#byName.has(name));
  }

  /** Columns by kind and name; undefined where nobody wants them. */
  wide(name: string): WideColumn | undefined {
    return this.#byName.get(name) as WideColumn | undefined;
  }

  narrow(name: string): NarrowColumn | undefined {
    return this.#byName.get(name) as NarrowColumn | undefined;
  }

  truth(name: string): TruthColumn | undefined {
    return this.#byName.get(name) as TruthColumn | undefined;
  }

  text(name: string): TextColumn | undefined {
    return this.#byName.get(name) as TextColumn | undefined;
  }

  /** Begins a row, all of it null: its number. */
  next(): number {
    return this.extend(1);
  }

  /** Begins so many rows: the number of the first. */
  extend(count: number): number {
    const first = this.rows;
    this.rows += count;
    if (this.rows > this.#capacity) {
      while (this.rows > this.#capacity) this.#capacity = Math.max(BATCH, 2 * this.#capacity);
      for (const column of this.columns) column.reserve(this.#capacity);
    }
    return first;
  }

  /** Behind all others rows `from` up to `to` of some with the same columns. */
  append(source: RowSource, from = 0, to = source.rows): void {
    const at = this.extend(to - from);
    for (const [i, column] of this.columns.entries()) column.append(at, source.columns[i]!, from, to);
  }

  /** Gives away all rows, and is empty then. `spare`: rows that nobody looks at any more; their memory is used again. */
  detach(spare?: RowSource): RowSource {
    const { rows } = this;
    const columns = this.columns.map((column, i) => column.detach(spare?.columns[i]));
    this.rows = spare?.rows ?? 0;
    this.#capacity = spare === undefined ? 0 : 8 * Math.min(...spare.columns.map(({ validity }) => validity.length));
    this.clear();
    return { rows, columns };
  }

  clear(): void {
    for (const column of this.columns) column.clear(this.rows);
    this.rows = 0;
  }
}
