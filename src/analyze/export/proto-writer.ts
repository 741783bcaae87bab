/** Protobuf messages field by field: what is streamed out needs no more than that. */
const VARINT = 0;
const LENGTH_DELIMITED = 2;

export class ProtoWriter {
  #bytes: number[] = [];

  /** A whole number of up to 2^53, not below 0. */
  number(field: number, value: number): this {
    this.#varint(field * 8 + VARINT);
    this.#varint(value);
    return this;
  }

  text(field: number, text: string): this {
    return this.bytes(field, Buffer.from(text, 'utf8'));
  }

  message(field: number, inner: ProtoWriter): this {
    return this.bytes(field, inner.#bytes);
  }

  bytes(field: number, bytes: ArrayLike<number>): this {
    this.#varint(field * 8 + LENGTH_DELIMITED);
    this.#varint(bytes.length);
    for (let i = 0; i < bytes.length; i++) this.#bytes.push(bytes[i]!);
    return this;
  }

  finish(): Uint8Array {
    return Uint8Array.from(this.#bytes);
  }

  #varint(value: number): void {
    let rest = value;
    for (; rest >= 128; rest = Math.floor(rest / 128)) this.#bytes.push((rest % 128) + 128);
    this.#bytes.push(rest);
  }
}
