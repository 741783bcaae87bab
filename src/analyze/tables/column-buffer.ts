/** Columns of rows under way: a value a row, a bit a row for its being there, as DuckDB's vectors are laid out. */
import type { Column } from '../schema.ts';

const WORD = 2 ** 32;

/** Rows of a column, wherever they were made. */
export interface ColumnRows {
  readonly bytes: Uint8Array;
  readonly validity: Uint8Array;
  /** Of text: rows whose values do not stand in place, in order, and these values. */
  readonly longRows?: ArrayLike<number>;
  readonly longValues?: readonly Uint8Array[];
}

/** Gives so many bytes, all 0. */
export type Allocate = (bytes: number) => Uint8Array;

const NOTHING = new Uint8Array(0);

/** A column of rows. What is not put stays null. */
export abstract class ColumnBuffer implements ColumnRows {
  readonly column: Column;
  /** Bytes of a value. */
  readonly width: number;
  bytes: Uint8Array;
  validity: Uint8Array;
  protected view: DataView;
  /** The same as words of the machine, which is little-endian as DuckDB's are. */
  protected words32: Uint32Array;

  readonly #allocate: Allocate;

  constructor(column: Column, width: number, allocate: Allocate) {
    this.column = column;
    this.width = width;
    this.#allocate = allocate;
    this.bytes = NOTHING;
    this.validity = NOTHING;
    this.view = new DataView(NOTHING.buffer);
    this.words32 = new Uint32Array(NOTHING.buffer);
  }

  reserve(rows: number): void {
    const bytes = this.#allocate(rows * this.width);
    bytes.set(this.bytes);
    const validity = this.#allocate(rows >> 3);
    validity.set(this.validity);
    this.#use({ bytes, validity });
  }

  #use({ bytes, validity }: ColumnRows): void {
    this.bytes = bytes;
    this.validity = validity;
    this.view = new DataView(bytes.buffer);
    this.words32 = new Uint32Array(bytes.buffer, 0, bytes.length >> 2);
  }

  clear(rows: number): void {
    this.validity.fill(0, 0, (rows + 7) >> 3);
  }

  /** From row `at` on, behind which there are none, rows `from` up to `to` of a column of the same kind. */
  append(at: number, source: ColumnRows, from: number, to: number): void {
    this.bytes.set(source.bytes.subarray(from * this.width, to * this.width), at * this.width);
    appendBits(this.validity, at, source.validity, from, to);
  }

  /** Gives away what it has, and goes on where other rows have been that nobody looks at any more. */
  detach(spare: ColumnRows = { bytes: NOTHING, validity: NOTHING }): ColumnRows {
    const { bytes, validity } = this;
    this.#use(spare);
    return { bytes, validity };
  }

  protected mark(row: number): void {
    this.validity[row >> 3]! |= 1 << (row & 7);
  }

  /** The same for rows one behind the other. */
  protected markAll(from: number, count: number): void {
    const end = from + count;
    let row = from;
    for (; row < end && (row & 7) !== 0; row++) this.mark(row);
    for (; row + 8 <= end; row += 8) this.validity[row >> 3] = 0xff;
    for (; row < end; row++) this.mark(row);
  }

  isNull(row: number): boolean {
    return (this.validity[row >> 3]! & (1 << (row & 7))) === 0;
  }

  /** A value as JavaScript has it; null where there is none. */
  get(row: number): string | number | bigint | boolean | Uint8Array | null {
    return this.isNull(row) ? null : this.value(row);
  }

  protected abstract value(row: number): string | number | bigint | boolean | Uint8Array;
}

/** Whole numbers of 64 bits. */
export class WideColumn extends ColumnBuffer {
  constructor(column: Column, allocate: Allocate) {
    super(column, 8, allocate);
  }

  put(row: number, value: number): void {
    const high = Math.floor(value / WORD);
    this.words(row, value - high * WORD, high);
  }

  /** Unsigned halves. */
  words(row: number, low: number, high: number): void {
    this.words32[2 * row] = low;
    this.words32[2 * row + 1] = high;
    this.mark(row);
  }

  /** From row `at` on `first` more than each of some numbers. */
  numbers(at: number, count: number, numbers: Int32Array, first: number): void {
    for (let i = 0; i < count; i++) this.put(at + i, first + numbers[i]!);
  }

  /** From row `at` on a whole column of two words a row. */
  all(at: number, words: Uint32Array): void {
    this.words32.set(words, 2 * at);
    this.markAll(at, words.length >> 1);
  }

  /** From row `at` on some rows of a column of two words a row. */
  from(at: number, count: number, words: Uint32Array, rows: Int32Array): void {
    const own = this.words32;
    for (let i = 0, to = 2 * at; i < count; i++, to += 2) {
      const row = 2 * rows[i]!;
      own[to] = words[row]!;
      own[to + 1] = words[row + 1]!;
    }
    this.markAll(at, count);
  }

  /** From row `at` on what rows of one such column are more than rows of another. */
  differences(at: number, count: number, a: Uint32Array, rows: Int32Array, b: Uint32Array, less: Int32Array): void {
    const own = this.words32;
    for (let i = 0, to = 2 * at; i < count; i++, to += 2) {
      const [x, y] = [2 * rows[i]!, 2 * less[i]!];
      const low = a[x]! | 0;
      const minus = b[y]! | 0;
      own[to] = low - minus;
      own[to + 1] = (a[x + 1]! | 0) - (b[y + 1]! | 0) - (low >>> 0 < minus >>> 0 ? 1 : 0);
    }
    this.markAll(at, count);
  }

  big(row: number, value: bigint): void {
    this.view.setBigUint64(8 * row, BigInt.asUintN(64, value), true);
    this.mark(row);
  }

  protected value(row: number): bigint {
    return this.column.type === 'address'
      ? this.view.getBigUint64(8 * row, true)
      : this.view.getBigInt64(8 * row, true);
  }
}

/** Whole numbers of 32 bits. */
export class NarrowColumn extends ColumnBuffer {
  constructor(column: Column, allocate: Allocate) {
    super(column, 4, allocate);
  }

  put(row: number, value: number): void {
    this.view.setInt32(4 * row, value, true);
    this.mark(row);
  }

  protected value(row: number): number {
    return this.view.getInt32(4 * row, true);
  }
}

export class TruthColumn extends ColumnBuffer {
  constructor(column: Column, allocate: Allocate) {
    super(column, 1, allocate);
  }

  put(row: number, value: boolean): void {
    this.bytes[row] = value ? 1 : 0;
    this.mark(row);
  }

  protected value(row: number): boolean {
    return this.bytes[row] === 1;
  }
}

/** Behind bit `at` all are 0. */
function appendBits(bits: Uint8Array, at: number, source: Uint8Array, from: number, to: number): void {
  const shift = at & 7;
  const skip = from & 7;
  let place = at >> 3;
  for (let row = from; row < to; row += 8, place++) {
    const byte = row >> 3;
    const next =
      ((source[byte]! >> skip) | ((source[byte + 1] ?? 0) << (8 - skip))) & (0xff >> Math.max(0, row + 8 - to));
    bits[place]! |= next << shift;
    if (shift !== 0 && place + 1 < bits.length) bits[place + 1]! |= next >> (8 - shift);
  }
}
