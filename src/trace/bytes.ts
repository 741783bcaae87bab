/**
 * Growable byte columns: LEB128 variable-length integers and raw bytes.
 * 64-bit values travel as two 32-bit halves, because BigInt is far too slow for one value an event. The halves are
 * signed: V8 keeps those in registers, where it allocates for unsigned ones over 2^31.
 */

const FIRST_CAPACITY = 4096;

/** Appends to one column. `view()` is valid until the next append. */
export class ColumnWriter {
  #bytes = new Uint8Array(FIRST_CAPACITY);
  #length = 0;

  get length(): number {
    return this.#length;
  }

  #grow(need: number): void {
    let capacity = this.#bytes.length * 2;
    while (capacity < this.#length + need) capacity *= 2;
    const bytes = new Uint8Array(capacity);
    bytes.set(this.#bytes.subarray(0, this.#length));
    this.#bytes = bytes;
  }

  byte(value: number): void {
    if (this.#length === this.#bytes.length) this.#grow(1);
    this.#bytes[this.#length++] = value;
  }

  /** An unsigned 32-bit integer, 1 to 5 bytes. */
  varint(value: number): void {
    if (this.#length + 5 > this.#bytes.length) this.#grow(5);
    const bytes = this.#bytes;
    let at = this.#length;
    let rest = value | 0;
    while ((rest & ~0x7f) !== 0) {
      bytes[at++] = (rest & 0x7f) | 0x80;
      rest >>>= 7;
    }
    bytes[at++] = rest;
    this.#length = at;
  }

  /** An unsigned 64-bit integer, 1 to 10 bytes. Only the low 32 bits of either half count. */
  varint64(low: number, high: number): void {
    if (this.#length + 10 > this.#bytes.length) this.#grow(10);
    const bytes = this.#bytes;
    let at = this.#length;
    let restLow = low | 0;
    let restHigh = high | 0;
    while ((restHigh | (restLow & ~0x7f)) !== 0) {
      bytes[at++] = (restLow & 0x7f) | 0x80;
      restLow = (restLow >>> 7) | (restHigh << 25);
      restHigh >>>= 7;
    }
    bytes[at++] = restLow;
    this.#length = at;
  }

  /** The signed difference `a - b` modulo 2^64, zigzag coded. Only the low 32 bits of each half count. */
  difference64(aLow: number, aHigh: number, bLow: number, bHigh: number): void {
    const low = (aLow - bLow) | 0;
    const high = (aHigh - bHigh - (aLow >>> 0 < bLow >>> 0 ? 1 : 0)) | 0;
    const sign = high >> 31;
    this.varint64((low << 1) ^ sign, ((high << 1) | (low >>> 31)) ^ sign);
  }

  /** A 64-bit integer in eight bytes, little-endian. */
  raw64(low: number, high: number): void {
    if (this.#length + 8 > this.#bytes.length) this.#grow(8);
    const bytes = this.#bytes;
    const at = this.#length;
    bytes[at] = low;
    bytes[at + 1] = low >>> 8;
    bytes[at + 2] = low >>> 16;
    bytes[at + 3] = low >>> 24;
    bytes[at + 4] = high;
    bytes[at + 5] = high >>> 8;
    bytes[at + 6] = high >>> 16;
    bytes[at + 7] = high >>> 24;
    this.#length = at + 8;
  }

  append(source: Uint8Array): void {
    if (this.#length + source.length > this.#bytes.length) this.#grow(source.length);
    this.#bytes.set(source, this.#length);
    this.#length += source.length;
  }

  clear(): void {
    this.#length = 0;
  }

  view(): Uint8Array {
    return this.#bytes.subarray(0, this.#length);
  }

  /** A copy that outlives further appends. */
  take(): Uint8Array {
    return this.#bytes.slice(0, this.#length);
  }
}

/** A column does not hold what it must: too short, or a value out of range. */
export class ColumnError extends Error {}

/** Reads one column front to back. Throws ColumnError past its end. */
export class ColumnReader {
  readonly #bytes: Uint8Array;
  #at = 0;
  /** Halves of the value that the last 64-bit read gave, signed. */
  low = 0;
  high = 0;

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
  }

  get atEnd(): boolean {
    return this.#at >= this.#bytes.length;
  }

  byte(): number {
    const value = this.#bytes[this.#at++];
    if (value === undefined) throw new ColumnError('a column ends early');
    return value;
  }

  varint(): number {
    const bytes = this.#bytes;
    let at = this.#at;
    let byte = bytes[at++];
    if (byte !== undefined && byte < 0x80) {
      this.#at = at;
      return byte;
    }
    let value = 0;
    let shift = 0;
    while (byte !== undefined) {
      value |= (byte & 0x7f) << shift;
      if (byte < 0x80) {
        this.#at = at;
        return value >>> 0;
      }
      shift += 7;
      if (shift === 28) break;
      byte = bytes[at++];
    }
    // The fifth byte holds the last four bits.
    if (byte !== undefined) byte = bytes[at++];
    if (byte === undefined) throw new ColumnError('a column ends early');
    if (byte > 0x0f) throw new ColumnError('a 32-bit value is too large');
    this.#at = at;
    return (value | (byte << 28)) >>> 0;
  }

  /** Fills `out` with the next 32-bit integers: a whole column at once is several times faster than one by one. */
  varints(out: Uint32Array): void {
    const bytes = this.#bytes;
    let at = this.#at;
    for (let i = 0; i < out.length; i++) {
      const byte = bytes[at];
      if (byte !== undefined && byte < 0x80) {
        out[i] = byte;
        at++;
        continue;
      }
      this.#at = at;
      out[i] = this.varint();
      at = this.#at;
    }
    this.#at = at;
  }

  /** All differences that are left, two signed words each, low word first. */
  differences(): Int32Array {
    const bytes = this.#bytes;
    let at = this.#at;
    const end = bytes.length;
    if (at < end && bytes[end - 1]! >= 0x80) throw new ColumnError('a column ends early');
    let count = 0;
    for (let i = at; i < end; i++) count += (bytes[i]! >>> 7) ^ 1;
    const out = new Int32Array(2 * count);
    for (let i = 0; at < end; i += 2) {
      let byte = bytes[at++]!;
      let low = byte & 0x7f;
      let high = 0;
      for (let shift = 7; byte >= 0x80; shift += 7) {
        byte = bytes[at++]!;
        const bits = byte & 0x7f;
        if (shift < 28) low |= bits << shift;
        else if (shift === 28) {
          low |= bits << 28;
          high = bits >>> 4;
        } else if (shift <= 63) high |= bits << (shift - 32);
        else throw new ColumnError('a 64-bit value is too large');
      }
      const sign = -(low & 1);
      out[i] = ((low >>> 1) | (high << 31)) ^ sign;
      out[i + 1] = (high >>> 1) ^ sign;
    }
    this.#at = end;
    return out;
  }

  /** Leaves the value in `low` and `high`. */
  varint64(): void {
    const bytes = this.#bytes;
    let at = this.#at;
    let byte = bytes[at++];
    if (byte !== undefined && byte < 0x80) {
      this.#at = at;
      this.low = byte;
      this.high = 0;
      return;
    }
    let low = 0;
    let high = 0;
    let shift = 0;
    for (;;) {
      if (byte === undefined) throw new ColumnError('a column ends early');
      const bits = byte & 0x7f;
      if (shift < 28) low |= bits << shift;
      else if (shift === 28) {
        low |= bits << 28;
        high |= bits >>> 4;
      } else high |= bits << (shift - 32);
      if (byte < 0x80) break;
      shift += 7;
      if (shift > 63) throw new ColumnError('a 64-bit value is too large');
      byte = bytes[at++];
    }
    this.#at = at;
    this.low = low;
    this.high = high;
  }

  /** Leaves `b` plus the coded difference in `low` and `high`. */
  difference64(bLow: number, bHigh: number): void {
    this.varint64();
    const sign = -(this.low & 1);
    const low = (((this.low >>> 1) | (this.high << 31)) ^ sign) + bLow;
    const carry = low >>> 0 < bLow >>> 0 ? 1 : 0;
    this.high = (((this.high >>> 1) ^ sign) + bHigh + carry) | 0;
    this.low = low | 0;
  }

  /** Leaves the value in `low` and `high`. */
  raw64(): void {
    const bytes = this.#bytes;
    const at = this.#at;
    if (at + 8 > bytes.length) throw new ColumnError('a column ends early');
    this.low = bytes[at]! | (bytes[at + 1]! << 8) | (bytes[at + 2]! << 16) | (bytes[at + 3]! << 24);
    this.high = bytes[at + 4]! | (bytes[at + 5]! << 8) | (bytes[at + 6]! << 16) | (bytes[at + 7]! << 24);
    this.#at = at + 8;
  }

  /** The next `length` bytes, not copied. */
  take(length: number): Uint8Array {
    const end = this.#at + length;
    if (end > this.#bytes.length) throw new ColumnError('a column ends early');
    const view = this.#bytes.subarray(this.#at, end);
    this.#at = end;
    return view;
  }
}

/** Throws ColumnError when a column holds more than was read of it. */
export function finished(...columns: readonly ColumnReader[]): void {
  if (columns.some((column) => !column.atEnd)) throw new ColumnError('a column holds more than its events');
}
