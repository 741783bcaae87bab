/**
 * Rows under way from a trace to whoever asked for them, by column, laid out as DuckDB's vectors are: a value a row, a bit a
 * row for its being there, text of up to 12 bytes in place.
 */
import type { Column, ColumnType, Table } from '../schema.ts';

const WORD = 2 ** 32;
/** Rows of one DuckDB vector; batches begin at multiples of it, so that their bits begin at a word. */
export const BATCH = 2048;
/** Bytes of text that stand in a string_t itself. */
const INLINE = 12;
/** Different texts whose form a column remembers. */
const REMEMBERED = 4096;

/** A column of rows. What is not put stays null. */
export abstract class ColumnBuffer {
  readonly column: Column;
  /** Bytes of a value. */
  readonly width: number;
  bytes: Uint8Array;
  validity: Uint8Array;
  protected view: DataView;
  /** The same as words of the machine, which is little-endian as DuckDB's are. */
  protected words32: Uint32Array;

  constructor(column: Column, width: number) {
    this.column = column;
    this.width = width;
    this.bytes = new Uint8Array(0);
    this.validity = new Uint8Array(0);
    this.view = new DataView(this.bytes.buffer);
    this.words32 = new Uint32Array(0);
  }

  reserve(rows: number): void {
    const bytes = new Uint8Array(rows * this.width);
    bytes.set(this.bytes);
    const validity = new Uint8Array(rows >> 3);
    validity.set(this.validity);
    this.bytes = bytes;
    this.validity = validity;
    this.view = new DataView(bytes.buffer);
    this.words32 = new Uint32Array(bytes.buffer, 0, bytes.length >> 2);
  }

  clear(rows: number): void {
    this.validity.fill(0, 0, (rows + 7) >> 3);
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
  constructor(column: Column) {
    super(column, 8);
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
  constructor(column: Column) {
    super(column, 4);
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
  constructor(column: Column) {
    super(column, 1);
  }

  put(row: number, value: boolean): void {
    this.bytes[row] = value ? 1 : 0;
    this.mark(row);
  }

  protected value(row: number): boolean {
    return this.bytes[row] === 1;
  }
}

/** Text and bytes. */
export class TextColumn extends ColumnBuffer {
  /** Rows whose values do not stand in place, in order, and these values. */
  readonly longRows: number[] = [];
  readonly longValues: Uint8Array[] = [];
  /** The form in place of text that is put often. */
  readonly #remembered = new Map<string, Form>();
  /** The same by numbers that stand for it. */
  readonly #numbered: (Form | undefined)[] = [];

  constructor(column: Column) {
    super(column, 16);
  }

  override clear(rows: number): void {
    super.clear(rows);
    this.longRows.length = 0;
    this.longValues.length = 0;
  }

  /** Index in `longRows` of the first that is not before a row. */
  longFrom(row: number): number {
    let low = 0;
    let high = this.longRows.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if (this.longRows[middle]! < row) low = middle + 1;
      else high = middle;
    }
    return low;
  }

  /** Text by a small number that stands for it; `make` is asked for the text of one that is new. */
  numbered(row: number, number: number, make: (number: number) => string): void {
    this.#lay(row, this.#numbered[number] ?? this.#newNumber(number, make));
  }

  /** The same from row `at` on, by the low words of some rows of a column of two words a row. */
  numberedRows(
    at: number,
    count: number,
    words: Uint32Array,
    rows: Int32Array,
    make: (number: number) => string,
  ): void {
    for (let i = 0; i < count; i++) {
      const number = words[2 * rows[i]!]!;
      this.#lay(at + i, this.#numbered[number] ?? this.#newNumber(number, make));
    }
  }

  /** From row `at` on a text for each number, one of `texts`; undefined: none. */
  choose(at: number, numbers: Uint32Array, texts: readonly (string | undefined)[]): void {
    const forms = texts.map((text) => (text === undefined ? undefined : formOf(text)));
    for (let i = 0; i < numbers.length; i++) {
      const form = forms[numbers[i]!];
      if (form !== undefined) this.#lay(at + i, form);
    }
  }

  #newNumber(number: number, make: (number: number) => string): Form {
    const form = formOf(make(number));
    if (number < REMEMBERED) this.#numbered[number] = form;
    return form;
  }

  /** Text that comes again and again. */
  often(row: number, text: string): void {
    let form = this.#remembered.get(text);
    if (form === undefined) {
      form = formOf(text);
      if (this.#remembered.size === REMEMBERED) this.#remembered.clear();
      this.#remembered.set(text, form);
    }
    this.#lay(row, form);
  }

  #lay(row: number, form: Form): void {
    if (form instanceof Uint32Array) {
      const at = 4 * row;
      this.words32[at] = form[0]!;
      this.words32[at + 1] = form[1]!;
      this.words32[at + 2] = form[2]!;
      this.words32[at + 3] = form[3]!;
    } else this.#putLong(row, form);
    this.mark(row);
  }

  /** Rows are put in order; a row put anew takes the place of the last. */
  #putLong(row: number, bytes: Uint8Array): void {
    // What lies in its place must not be taken for a pointer.
    this.words32.fill(0, 4 * row, 4 * row + 4);
    if (this.longRows.at(-1) === row) this.longValues.pop();
    else this.longRows.push(row);
    this.longValues.push(bytes);
  }

  text(row: number, text: string): void {
    this.put(row, Buffer.from(text, 'utf8'));
  }

  /** The bytes are kept: they must not change. */
  put(row: number, bytes: Uint8Array): void {
    if (bytes.length > INLINE) this.#putLong(row, bytes);
    else {
      this.bytes.fill(0, 16 * row, 16 * row + 16);
      this.view.setUint32(16 * row, bytes.length, true);
      this.bytes.set(bytes, 16 * row + 4);
    }
    this.mark(row);
  }

  protected value(row: number): string | Uint8Array {
    const at = 16 * row;
    const long = this.longFrom(row);
    const own = this.longRows[long] === row ? this.longValues[long] : undefined;
    const bytes = own ?? this.bytes.subarray(at + 4, at + 4 + this.view.getUint32(at, true));
    return this.column.type === 'bytes' ? bytes : Buffer.from(bytes).toString('utf8');
  }
}

/** Text as it is laid: in place, or where that is too short its bytes. */
type Form = Uint8Array | Uint32Array;

function formOf(text: string): Form {
  const bytes = Buffer.from(text, 'utf8');
  return bytes.length > INLINE ? bytes : inlineForm(bytes);
}

function inlineForm(bytes: Uint8Array): Uint32Array {
  const form = new Uint32Array(4);
  form[0] = bytes.length;
  new Uint8Array(form.buffer).set(bytes, 4);
  return form;
}

const KINDS: Readonly<Record<ColumnType, new (column: Column) => ColumnBuffer>> = {
  integer: NarrowColumn,
  bigint: WideColumn,
  address: WideColumn,
  text: TextColumn,
  name: TextColumn,
  boolean: TruthColumn,
  bytes: TextColumn,
};

/** Rows of the columns of a table that somebody wants. */
export class RowBuffer {
  readonly columns: readonly ColumnBuffer[];
  /** Rows put and not taken. */
  rows = 0;
  readonly #byName: ReadonlyMap<string, ColumnBuffer>;
  #capacity = 0;

  /** `wanted`: names of columns in the order in which they are taken; undefined: all. */
  constructor(table: Table, wanted: readonly string[] = table.columns.map(({ name }) => name)) {
    this.columns = wanted.map((name) => {
      const column = table.columns.find((each) => each.name === name);
      if (column === undefined) throw new Error(`no column ${name}`);
      return new KINDS[column.type](column);
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

  clear(): void {
    for (const column of this.columns) column.clear(this.rows);
    this.rows = 0;
  }
}
