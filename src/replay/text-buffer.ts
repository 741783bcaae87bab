/**
 * Text under way to a file, as bytes: whatever is formatted is written here at once, in place. Building strings for it
 * would cost more than all of decoding.
 */

const DIGIT_ZERO = 0x30;
const BILLION = 1e9;
const WORD = 2 ** 32;
const QUOTE = 0x22;
const BACKSLASH = 0x5c;

/** Characters of a C string literal that stand for themselves: 1; that have a letter of their own: the letter. */
const LITERAL = Uint8Array.from({ length: 256 }, (_, byte) => (byte >= 32 && byte < 127 ? 1 : 0));
for (const [byte, letter] of [[9, 't'], [10, 'n'], [11, 'v'], [12, 'f'], [13, 'r'], [QUOTE, '"'], [BACKSLASH, '\\']] as const) LITERAL[byte] = letter.charCodeAt(0); // biome-ignore format: a table

const HEX = Uint8Array.from('0123456789abcdef', (digit) => digit.charCodeAt(0));

export class TextBuffer {
  #bytes: Uint8Array;
  #length = 0;

  constructor(capacity = 4096) {
    this.#bytes = new Uint8Array(capacity);
  }

  /** Bytes written so far. */
  get length(): number {
    return this.#length;
  }

  /** Takes back what was written behind the first `length` bytes. */
  truncate(length: number): void {
    this.#length = length;
  }

  /** What was written, not copied: valid until the next write. */
  view(from = 0): Uint8Array {
    return this.#bytes.subarray(from, this.#length);
  }

  /** What was written as a string. */
  toString(from = 0): string {
    const { buffer, byteOffset } = this.#bytes;
    return Buffer.from(buffer, byteOffset + from, this.#length - from).toString('utf8');
  }

  #reserve(count: number): Uint8Array {
    const need = this.#length + count;
    if (need > this.#bytes.length) {
      const bytes = new Uint8Array(Math.max(need, 2 * this.#bytes.length));
      bytes.set(this.#bytes.subarray(0, this.#length));
      this.#bytes = bytes;
    }
    return this.#bytes;
  }

  byte(value: number): void {
    if (this.#length === this.#bytes.length) this.#reserve(1);
    this.#bytes[this.#length++] = value;
  }

  text(text: string): void {
    const bytes = this.#reserve(text.length);
    let at = this.#length;
    for (let i = 0; i < text.length; i++) {
      const code = text.charCodeAt(i);
      if (code >= 0x80) {
        this.#utf8(text);
        return;
      }
      bytes[at++] = code;
    }
    this.#length = at;
  }

  #utf8(text: string): void {
    this.bytes(Buffer.from(text, 'utf8'));
  }

  bytes(source: Uint8Array): void {
    const bytes = this.#reserve(source.length);
    const at = this.#length;
    // Short runs are copied faster by hand than by a call.
    if (source.length > 64) bytes.set(source, at);
    else for (let i = 0; i < source.length; i++) bytes[at + i] = source[i]!;
    this.#length = at + source.length;
  }

  /** All that another buffer holds. */
  append(other: TextBuffer): void {
    const { length } = other;
    const source = other.#bytes;
    const bytes = this.#reserve(length);
    const at = this.#length;
    for (let i = 0; i < length; i++) bytes[at + i] = source[i]!;
    this.#length = at + length;
  }

  spaces(count: number): void {
    const bytes = this.#reserve(Math.max(0, count));
    for (let i = 0; i < count; i++) bytes[this.#length++] = 0x20;
  }

  /** A whole number of up to 2^53 in decimal. */
  decimal(value: number): void {
    if (value < 0) {
      this.byte(0x2d);
      this.decimal(-value);
    } else if (value < BILLION) this.#digits(value, 1);
    else {
      const upper = Math.floor(value / BILLION);
      this.decimal(upper);
      this.#digits(value - upper * BILLION, 9);
    }
  }

  /** A number below 10^9, with at least `width` digits. */
  #digits(value: number, width: number): void {
    let count = width;
    for (let limit = 10 ** width; value >= limit; limit *= 10) count++;
    const bytes = this.#reserve(count);
    let rest = value | 0;
    for (let at = this.#length + count - 1; at >= this.#length; at--) {
      const next = (rest / 10) | 0;
      bytes[at] = DIGIT_ZERO + rest - 10 * next;
      rest = next;
    }
    this.#length += count;
  }

  /** A number below 10^9 with leading zeros to `width`. */
  padded(value: number, width: number): void {
    this.#digits(value, width);
  }

  /** Unsigned 64 bits in decimal. */
  unsigned64(low: number, high: number): void {
    if (high < 0x20_0000) this.decimal(high * WORD + low);
    else this.text(((BigInt(high) << 32n) | BigInt(low)).toString());
  }

  /** Signed 64 bits in decimal. */
  signed64(low: number, high: number): void {
    if (high < 0x20_0000) this.decimal(high * WORD + low);
    else if (high === 0xffff_ffff && low >= 0x8000_0000) this.decimal(low | 0);
    else this.text(BigInt.asIntN(64, (BigInt(high) << 32n) | BigInt(low)).toString());
  }

  /** 0x..., without leading zeros. */
  hex64(low: number, high: number): void {
    const bytes = this.#reserve(18);
    bytes[this.#length++] = DIGIT_ZERO;
    bytes[this.#length++] = 0x78;
    let digits = 1;
    if (high !== 0) for (digits = 9; high >>> (4 * (digits - 8)) !== 0 && digits < 16; ) digits++;
    else while (digits < 8 && low >>> (4 * digits) !== 0) digits++;
    for (let digit = digits - 1; digit >= 0; digit--) {
      const word = digit >= 8 ? high : low;
      bytes[this.#length++] = HEX[(word >>> (4 * (digit & 7))) & 15]!;
    }
  }

  /** NULL or hex. */
  pointer(low: number, high: number): void {
    if (low === 0 && high === 0) this.text('NULL');
    else this.hex64(low, high);
  }

  /** 0 or hex. */
  hexOrZero(low: number, high: number): void {
    if (low === 0 && high === 0) this.byte(DIGIT_ZERO);
    else this.hex64(low, high);
  }

  /** Octal with a leading 0, of at least three characters: file modes. */
  octal(value: number): void {
    const digits = Math.max(value === 0 ? 1 : Math.ceil((32 - Math.clz32(value)) / 3), 2);
    const bytes = this.#reserve(digits + 1);
    bytes[this.#length++] = DIGIT_ZERO;
    for (let digit = digits - 1; digit >= 0; digit--) {
      bytes[this.#length++] = DIGIT_ZERO + ((value >>> (3 * digit)) & 7);
    }
  }

  /** Bytes `from` to `to` as a C string literal; octal escapes are as short as the next byte allows. */
  quote(source: Uint8Array, from = 0, to = source.length): void {
    const bytes = this.#reserve(4 * (to - from) + 2);
    let at = this.#length;
    bytes[at++] = QUOTE;
    for (let i = from; i < to; i++) {
      const byte = source[i]!;
      const literal = LITERAL[byte]!;
      if (literal === 1) {
        bytes[at++] = byte;
        continue;
      }
      bytes[at++] = BACKSLASH;
      if (literal !== 0) {
        bytes[at++] = literal;
        continue;
      }
      const next = i + 1 < to ? source[i + 1]! : 0;
      const whole = next >= 0x30 && next <= 0x37;
      if (whole || byte >= 0o100) bytes[at++] = DIGIT_ZERO + (byte >>> 6);
      if (whole || byte >= 0o10) bytes[at++] = DIGIT_ZERO + ((byte >>> 3) & 7);
      bytes[at++] = DIGIT_ZERO + (byte & 7);
    }
    bytes[at++] = QUOTE;
    this.#length = at;
  }

  /** What was written behind `from` becomes the content of a JSON string: printable text is expected. */
  escapeJson(from: number): void {
    let specials = 0;
    for (let i = from; i < this.#length; i++) {
      const byte = this.#bytes[i]!;
      if (byte === QUOTE || byte === BACKSLASH) specials++;
    }
    if (specials === 0) return;
    const bytes = this.#reserve(specials);
    let to = this.#length + specials;
    for (let i = this.#length - 1; i >= from; i--) {
      const byte = bytes[i]!;
      bytes[--to] = byte;
      if (byte === QUOTE || byte === BACKSLASH) bytes[--to] = BACKSLASH;
    }
    this.#length += specials;
  }
}
