import type { Column } from '../schema.ts';
import { type Allocate, ColumnBuffer, type ColumnRows } from './column-buffer.ts';

/** Bytes of text that stand in a string_t itself. */
const INLINE = 12;
/** Different texts whose form a column remembers. */
const REMEMBERED = 4096;

/** Text and bytes. */
export class TextColumn extends ColumnBuffer {
  /** Rows whose values do not stand in place, in order, and these values. */
  longRows: number[] = [];
  longValues: Uint8Array[] = [];
  /** The form in place of text that is put often. */
  readonly #remembered = new Map<string, Form>();
  /** The same by numbers that stand for it, and what is too long for that. */
  readonly #numbered = new InlineForms(REMEMBERED);
  readonly #longNumbered = new Map<number, Uint8Array>();

  constructor(column: Column, allocate: Allocate) {
    super(column, 16, allocate);
  }

  override clear(rows: number): void {
    super.clear(rows);
    this.longRows.length = 0;
    this.longValues.length = 0;
  }

  override append(at: number, source: ColumnRows, from: number, to: number): void {
    super.append(at, source, from, to);
    const { longRows = [], longValues = [] } = source;
    for (let i = firstFrom(longRows, from); i < longRows.length && longRows[i]! < to; i++) {
      this.longRows.push(longRows[i]! - from + at);
      this.longValues.push(longValues[i]!);
    }
  }

  override detach(spare?: ColumnRows): ColumnRows {
    const { longRows, longValues } = this;
    this.longRows = [];
    this.longValues = [];
    return { ...super.detach(spare), longRows, longValues };
  }

  /** Index in `longRows` of the first that is not before a row. */
  longFrom(row: number): number {
    return firstFrom(this.longRows, row);
  }

  /** Text by a small number that stands for it; `make` is asked for the text of one that is new. */
  numbered(row: number, number: number, make: (number: number) => string): void {
    if (!this.#numbered.lay(number, this.words32, row)) this.#layNumber(row, number, make);
    this.mark(row);
  }

  /** The same from row `at` on, by the low words of some rows of a column of two words a row. */
  numberedRows(
    at: number,
    count: number,
    words: Uint32Array,
    rows: Int32Array,
    make: (number: number) => string,
  ): void {
    const own = this.words32;
    for (let i = 0; i < count; i++) {
      const number = words[2 * rows[i]!]!;
      if (!this.#numbered.lay(number, own, at + i)) this.#layNumber(at + i, number, make);
    }
    this.markAll(at, count);
  }

  /** Text of a number that is new, or too long to stand in place. */
  #layNumber(row: number, number: number, make: (number: number) => string): void {
    const known = this.#longNumbered.get(number);
    if (known !== undefined) {
      this.#putLong(row, known);
      return;
    }
    const form = formOf(make(number));
    if (form instanceof Uint32Array) this.#numbered.remember(number, form);
    else if (number < REMEMBERED) this.#longNumbered.set(number, form);
    this.#lay(row, form);
  }

  /** From row `at` on a text for each number, one of `texts`; undefined: none. */
  choose(at: number, numbers: Uint32Array, texts: readonly (string | undefined)[]): void {
    const forms = texts.map((text) => (text === undefined ? undefined : formOf(text)));
    const inline = new InlineForms(texts.length);
    for (const [i, form] of forms.entries()) if (form instanceof Uint32Array) inline.remember(i, form);
    const own = this.words32;
    const isWhole = forms.every((form) => form !== undefined);
    for (let i = 0; i < numbers.length; i++) {
      const number = numbers[i]!;
      const isLaid = inline.lay(number, own, at + i);
      if (isLaid && isWhole) continue;
      const form = forms[number];
      if (form === undefined) continue;
      if (!isLaid) this.#lay(at + i, form);
      this.mark(at + i);
    }
    if (isWhole) this.markAll(at, numbers.length);
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

/** Forms in place by small numbers. */
class InlineForms {
  /** Four words each; one that is not known has 1 in `#missing`. */
  readonly #words: Uint32Array;
  readonly #missing: Uint8Array;

  constructor(count: number) {
    this.#words = new Uint32Array(4 * count);
    this.#missing = new Uint8Array(count).fill(1);
  }

  remember(number: number, form: Uint32Array): void {
    if (number >= this.#missing.length) return;
    this.#words.set(form, 4 * number);
    this.#missing[number] = 0;
  }

  /** False: it is not known. */
  lay(number: number, to: Uint32Array, row: number): boolean {
    if (this.#missing[number] !== 0) return false;
    const words = this.#words;
    const from = 4 * number;
    const at = 4 * row;
    to[at] = words[from]!;
    to[at + 1] = words[from + 1]!;
    to[at + 2] = words[from + 2]!;
    to[at + 3] = words[from + 3]!;
    return true;
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

/** Index of the first of ascending numbers that is not below another. */
function firstFrom(numbers: ArrayLike<number>, least: number): number {
  let low = 0;
  let high = numbers.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (numbers[middle]! < least) low = middle + 1;
    else high = middle;
  }
  return low;
}
