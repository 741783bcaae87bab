import { CAPTURE_LATE } from '../emu/monitor-layout.ts';
import type { Captures } from '../trace/chunk-captures.ts';
import type { EventChunk } from '../trace/event-chunk.ts';

/** Guest memory read with a call: a row of a chunk's capture columns. */
export class CallCapture {
  readonly columns: Captures;
  readonly row: number;
  readonly #chunk: EventChunk;
  readonly #skipped: number;

  /** `skipped`: so many bytes at its beginning are not looked at. */
  constructor(chunk: EventChunk, row: number, skipped = 0) {
    this.#chunk = chunk;
    this.#skipped = skipped;
    this.columns = chunk.captureColumns;
    this.row = row;
  }

  /** Guest-virtual. */
  get address(): bigint {
    const words = this.#chunk.captureAddresses;
    return (BigInt(words[2 * this.row + 1]!) << 32n) | BigInt(words[2 * this.row]!);
  }

  /** The argument's number; of array elements the element's number plus one above it. */
  get argument(): number {
    return this.columns.shapes.argument[this.columns.shape[this.row]!]!;
  }

  /** CAPTURE_KIND. */
  get kind(): number {
    return this.columns.shapes.kind[this.columns.shape[this.row]!]! & ~CAPTURE_LATE;
  }

  /** CAPTURE_STATUS. */
  get status(): number {
    return this.columns.shapes.status[this.columns.shape[this.row]!]!;
  }

  /** Bytes there were to read. */
  get fullLength(): number {
    return this.columns.fullLength[this.row]! - this.#skipped;
  }

  /** Bytes read. */
  get length(): number {
    return this.columns.length[this.row]! - this.#skipped;
  }

  /** Place of its first byte in `data` and `view`. */
  get start(): number {
    return this.columns.offset[this.row]! + this.#skipped;
  }

  /** Bytes of all captures of the chunk. */
  get data(): Uint8Array {
    return this.columns.bytes;
  }

  /** The same. */
  get view(): DataView {
    return this.columns.view;
  }

  /** What is behind its first bytes. */
  behind(bytes: number): CallCapture {
    return new CallCapture(this.#chunk, this.row, this.#skipped + bytes);
  }

  /** Its bytes, not copied. */
  get bytes(): Uint8Array {
    return this.data.subarray(this.start, this.start + this.length);
  }
}

/** All captures of an event. */
export function capturesOf(chunk: EventChunk, row: number): CallCapture[] {
  const columns = chunk.captureColumns;
  const first = columns.first[row]!;
  return Array.from({ length: columns.first[row + 1]! - first }, (_, i) => new CallCapture(chunk, first + i));
}
