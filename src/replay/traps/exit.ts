import { CAPTURE_KIND, EXIT_BLOCK, EXIT_BLOCK_BYTES } from '../../emu/monitor-layout.ts';
import type { EventChunk } from '../../trace/event-chunk.ts';
import { type CallCapture, capturesOf } from '../call-captures.ts';

type Word = 'reason' | 'vector' | 'errorCode' | 'length';
type Long = 'qualification' | 'linear' | 'physical' | 'value';

/** What the processor said of an exit, and the memory that was read with it. */
export class Exit {
  readonly chunk: EventChunk;
  readonly row: number;
  readonly #captures: readonly CallCapture[];
  readonly #block: CallCapture;

  private constructor(chunk: EventChunk, row: number, captures: readonly CallCapture[], block: CallCapture) {
    this.chunk = chunk;
    this.row = row;
    this.#captures = captures;
    this.#block = block;
  }

  /** undefined: the event has no exit with it, or less than all of it. */
  static of(chunk: EventChunk, row: number): Exit | undefined {
    const captures = capturesOf(chunk, row);
    const block = captures.find(({ kind }) => kind === CAPTURE_KIND.exit);
    return block === undefined || block.length < EXIT_BLOCK_BYTES ? undefined : new Exit(chunk, row, captures, block);
  }

  word(field: Word): number {
    return this.#block.view.getUint32(this.#block.start + EXIT_BLOCK[field], true);
  }

  long(field: Long): bigint {
    return this.#block.view.getBigUint64(this.#block.start + EXIT_BLOCK[field], true);
  }

  /** The low 32 bits, unsigned. */
  low(field: Long): number {
    return this.#block.view.getUint32(this.#block.start + EXIT_BLOCK[field], true);
  }

  /** The high 32 bits, unsigned. */
  high(field: Long): number {
    return this.#block.view.getUint32(this.#block.start + EXIT_BLOCK[field] + 4, true);
  }

  /** The instruction; empty where the exit came between two. */
  get instruction(): Uint8Array {
    const { data, start } = this.#block;
    return data.subarray(start + EXIT_BLOCK.bytes, start + EXIT_BLOCK.bytes + Math.min(this.word('length'), 15));
  }

  /** The watched address that was written to by another one of the same memory; undefined: by itself, or none is known. */
  get otherAddress(): bigint | undefined {
    const address = this.#captures.find(({ kind }) => kind === CAPTURE_KIND.after)?.address;
    return address === undefined || address === 0n || address === this.long('linear') ? undefined : address;
  }

  /** Memory or a register before or after a change. */
  change(kind: 'before' | 'after'): Uint8Array {
    return this.#captures.find((capture) => capture.kind === CAPTURE_KIND[kind])?.bytes ?? new Uint8Array(0);
  }
}
