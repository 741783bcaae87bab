import type { StateValue } from './devices/device.ts';

const TAG = { null: 0, false: 1, true: 2, number: 3, bigint: 4, string: 5, bytes: 6, list: 7, record: 8 } as const;

/** One byte form for one value: keys are sorted, numbers are 8-byte floats, integers beyond them decimal text. */
export function encodeState(value: StateValue): Uint8Array {
  const writer = new Writer();
  put(writer, value);
  return writer.finish();
}

/** The value that `encodeState` was given. Throws if the bytes are not such a form. */
export function decodeState(bytes: Uint8Array): StateValue {
  const reader = new Reader(bytes);
  const value = take(reader);
  if (!reader.atEnd) throw new Error('bytes after the end of a saved state');
  return value;
}

function put(writer: Writer, value: StateValue): void {
  if (value === null) writer.byte(TAG.null);
  else if (typeof value === 'boolean') writer.byte(value ? TAG.true : TAG.false);
  else if (typeof value === 'number') {
    writer.byte(TAG.number);
    writer.float(value);
  } else if (typeof value === 'bigint') {
    writer.byte(TAG.bigint);
    writer.text(value.toString());
  } else if (typeof value === 'string') {
    writer.byte(TAG.string);
    writer.text(value);
  } else if (value instanceof Uint8Array) {
    writer.byte(TAG.bytes);
    writer.bytes(value);
  } else if (isList(value)) {
    writer.byte(TAG.list);
    writer.length(value.length);
    for (const item of value) put(writer, item);
  } else {
    const keys = Object.keys(value).sort();
    writer.byte(TAG.record);
    writer.length(keys.length);
    for (const key of keys) {
      writer.text(key);
      put(writer, value[key]!);
    }
  }
}

function isList(value: StateValue): value is readonly StateValue[] {
  return Array.isArray(value);
}

function take(reader: Reader): StateValue {
  const tag = reader.byte();
  switch (tag) {
    case TAG.null:
      return null;
    case TAG.false:
      return false;
    case TAG.true:
      return true;
    case TAG.number:
      return reader.float();
    case TAG.bigint:
      return BigInt(reader.text());
    case TAG.string:
      return reader.text();
    case TAG.bytes:
      return reader.bytes();
    case TAG.list:
      return Array.from({ length: reader.length() }, () => take(reader));
    case TAG.record: {
      const record: Record<string, StateValue> = {};
      for (let left = reader.length(); left > 0; left--) {
        const key = reader.text();
        record[key] = take(reader);
      }
      return record;
    }
    default:
      throw new Error(`a saved state has the unknown tag ${tag}`);
  }
}

class Writer {
  private buffer = new Uint8Array(1024);
  private view = new DataView(this.buffer.buffer);
  private used = 0;

  byte(value: number): void {
    this.room(1);
    this.buffer[this.used++] = value;
  }

  length(value: number): void {
    this.room(4);
    this.view.setUint32(this.used, value, true);
    this.used += 4;
  }

  float(value: number): void {
    this.room(8);
    this.view.setFloat64(this.used, value, true);
    this.used += 8;
  }

  bytes(value: Uint8Array): void {
    this.length(value.length);
    this.room(value.length);
    this.buffer.set(value, this.used);
    this.used += value.length;
  }

  text(value: string): void {
    this.bytes(new TextEncoder().encode(value));
  }

  finish(): Uint8Array {
    return this.buffer.slice(0, this.used);
  }

  private room(size: number): void {
    if (this.used + size <= this.buffer.length) return;
    const larger = new Uint8Array(Math.max(this.used + size, this.buffer.length * 2));
    larger.set(this.buffer);
    this.buffer = larger;
    this.view = new DataView(larger.buffer);
  }
}

class Reader {
  private readonly buffer: Uint8Array;
  private readonly view: DataView;
  private position = 0;

  constructor(buffer: Uint8Array) {
    this.buffer = buffer;
    this.view = new DataView(buffer.buffer, buffer.byteOffset, buffer.byteLength);
  }

  get atEnd(): boolean {
    return this.position === this.buffer.length;
  }

  byte(): number {
    return this.view.getUint8(this.advance(1));
  }

  length(): number {
    return this.view.getUint32(this.advance(4), true);
  }

  float(): number {
    return this.view.getFloat64(this.advance(8), true);
  }

  bytes(): Uint8Array {
    const size = this.length();
    const at = this.advance(size);
    return this.buffer.slice(at, at + size);
  }

  text(): string {
    return new TextDecoder().decode(this.bytes());
  }

  private advance(size: number): number {
    const at = this.position;
    if (at + size > this.buffer.length) throw new Error('a saved state ends too early');
    this.position += size;
    return at;
  }
}
