/** The consumer's end of the ring of raw records: src/emu/monitor-layout.ts says how they are laid out. */
import { fieldAddress, REGION } from '../emu/layout.ts';
import { CAPTURE, CAPTURE_BYTES, RECORD, RECORD_BYTES, RECORD_KIND, RECORD_LIMIT } from '../emu/monitor-layout.ts';
import { EventRecord, REGISTER } from '../trace/event.ts';

/** Room is given back to the producer after so many bytes of records at the latest. */
const RELEASE_BYTES = 1 << 20;

export interface Region {
  readonly address: number;
  readonly size: number;
}

/** The ring does not hold what it must: a fault of the producer, never of the user. */
export class RingError extends Error {}

export class RingReader {
  readonly #region: Region;
  readonly #positions: BigInt64Array;
  readonly #headIndex = fieldAddress('ringHead') / 8;
  readonly #tailIndex = fieldAddress('ringTail') / 8;
  readonly #recordsIndex = fieldAddress('ringRecords') / 8;
  readonly #firstRecords: number;
  readonly #words: Uint32Array;
  readonly #signed: Int32Array;
  readonly #halves: Uint16Array;
  readonly #bytes: Uint8Array;
  readonly #event = new EventRecord();
  #taken = 0;

  /** `memory` is the core's; the ring is read from where its tail stands. */
  constructor(memory: ArrayBufferLike, region: Region = REGION.ring) {
    this.#region = region;
    this.#positions = new BigInt64Array(memory, 0, (REGION.state.address + REGION.state.size) / 8);
    const end = region.address + region.size;
    this.#words = new Uint32Array(memory, 0, end / 4);
    this.#signed = new Int32Array(memory, 0, end / 4);
    this.#halves = new Uint16Array(memory, 0, end / 2);
    this.#bytes = new Uint8Array(memory, 0, end);
    this.#event.bytes = this.#bytes;
    this.#firstRecords = this.#load(this.#recordsIndex);
  }

  #load(index: number): number {
    return Number(Atomics.load(this.#positions, index));
  }

  /** Bytes of records that wait to be read. */
  get pending(): number {
    return this.#load(this.#headIndex) - this.#load(this.#tailIndex);
  }

  /** Records that the producer appended and that were never read. */
  get lost(): number {
    return Math.max(0, this.#load(this.#recordsIndex) - this.#firstRecords - this.#taken);
  }

  /**
   * Hands over records until about `limit` bytes of them are read or none is left; returns how many. The event and its
   * bytes are valid during the call only. Throws RingError.
   */
  drain(limit: number, consume: (event: EventRecord) => void): number {
    const head = this.#load(this.#headIndex);
    const first = this.#load(this.#tailIndex);
    const stop = Math.min(head, first + limit);
    let position = first;
    let released = first;
    let count = 0;
    while (position < stop) {
      const at = this.#region.address + (position % this.#region.size);
      const size = this.#recordSize(at, head - position);
      if (this.#halves[(at + RECORD.kind) >>> 1] !== RECORD_KIND.pad) {
        this.#read(at, size);
        consume(this.#event);
        count++;
      }
      position += size;
      if (position - released >= RELEASE_BYTES) {
        this.#release(position);
        released = position;
      }
    }
    this.#taken += count;
    this.#release(position);
    return count;
  }

  /** Drops all that waits: for when nobody can take it any more, so that the producer is never held up. */
  discard(): void {
    this.#release(this.#load(this.#headIndex));
  }

  #release(position: number): void {
    Atomics.store(this.#positions, this.#tailIndex, BigInt(position));
  }

  #recordSize(at: number, available: number): number {
    const size = this.#words[(at + RECORD.size) >>> 2]!;
    const pad = this.#halves[(at + RECORD.kind) >>> 1] === RECORD_KIND.pad;
    const whole = pad ? size >= 8 : size >= RECORD_BYTES && size <= RECORD_LIMIT;
    const inside = at - this.#region.address + size <= this.#region.size;
    if (!whole || size % 8 !== 0 || size > available || !inside) {
      throw new RingError(`a record of ${size} bytes at ${at.toString(16)}h does not fit the ring`);
    }
    return size;
  }

  #read(at: number, size: number): void {
    const event = this.#event;
    const words = this.#signed;
    const bytes = this.#bytes;
    const word = at >>> 2;
    event.kind = this.#halves[(at + RECORD.kind) >>> 1]!;
    event.flags = this.#halves[(at + RECORD.flags) >>> 1]!;
    event.icountLow = words[word + RECORD.icount / 4]!;
    event.icountHigh = words[word + RECORD.icount / 4 + 1]!;
    event.timeLow = words[word + RECORD.time / 4]!;
    event.timeHigh = words[word + RECORD.time / 4 + 1]!;
    event.taskLow = words[word + RECORD.task / 4]!;
    event.taskHigh = words[word + RECORD.task / 4 + 1]!;
    event.ripLow = words[word + RECORD.rip / 4]!;
    event.ripHigh = words[word + RECORD.rip / 4 + 1]!;
    event.cpl = bytes[at + RECORD.cpl]!;
    event.vcpu = bytes[at + RECORD.vcpu]!;
    event.mechanism = bytes[at + RECORD.mechanism]!;
    event.abi = bytes[at + RECORD.abi]!;
    const registers = event.registers;
    const gpr = word + RECORD.gpr / 4;
    for (let i = 0; i < 32; i++) registers[i] = words[gpr + i]!;
    registers[2 * REGISTER.rflags] = words[word + RECORD.rflags / 4]!;
    registers[2 * REGISTER.cr3] = words[word + RECORD.cr3 / 4]!;
    registers[2 * REGISTER.cr3 + 1] = words[word + RECORD.cr3 / 4 + 1]!;
    registers[2 * REGISTER.fsBase] = words[word + RECORD.fsBase / 4]!;
    registers[2 * REGISTER.fsBase + 1] = words[word + RECORD.fsBase / 4 + 1]!;
    registers[2 * REGISTER.gsBase] = words[word + RECORD.gsBase / 4]!;
    registers[2 * REGISTER.gsBase + 1] = words[word + RECORD.gsBase / 4 + 1]!;
    registers[2 * REGISTER.detail] = words[word + RECORD.detail / 4]!;
    event.captureCount = 0;
    const captures = words[word + RECORD.captureCount / 4]!;
    if (captures > 0) this.#readCaptures(at + RECORD_BYTES, at + size, captures);
  }

  #readCaptures(first: number, end: number, count: number): void {
    const words = this.#words;
    let at = first;
    for (let i = 0; i < count; i++) {
      const capture = this.#event.nextCapture();
      const data = at + CAPTURE_BYTES;
      const length = data <= end ? words[(at + CAPTURE.length) >>> 2]! : 0;
      if (data + length > end) throw new RingError(`capture ${i} of the record at ${first.toString(16)}h is cut`);
      capture.argument = this.#halves[(at + CAPTURE.argument) >>> 1]!;
      capture.kind = this.#halves[(at + CAPTURE.kind) >>> 1]!;
      capture.length = length;
      capture.addressLow = this.#signed[(at + CAPTURE.address) >>> 2]!;
      capture.addressHigh = this.#signed[((at + CAPTURE.address) >>> 2) + 1]!;
      capture.fullLength = words[(at + CAPTURE.fullLength) >>> 2]!;
      capture.status = words[(at + CAPTURE.status) >>> 2]!;
      capture.offset = data;
      at = data + Math.ceil(length / 8) * 8;
    }
  }
}
