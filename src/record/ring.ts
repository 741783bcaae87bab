/** The consumer's end of the ring of raw records: src/emu/monitor-layout.ts says how they are laid out. */
import { fieldAddress, REGION } from '../emu/layout.ts';
import { GIVEN_SLOTS, RECORD_LIMIT } from '../emu/monitor-layout.ts';

export interface Region {
  readonly address: number;
  readonly size: number;
}

/**
 * To be told to the producer before somebody else reads from the ring: who comes has no page of which it could be given lines. Between
 * two runs of the core, on its thread. Memory that is a ring alone, without a core, has given none.
 */
export function forgetGivenPages({ buffer }: WebAssembly.Memory): void {
  const { givenOwners, givenSlots } = REGION;
  if (buffer.byteLength < Math.max(givenOwners.address + givenOwners.size, givenSlots.address + givenSlots.size))
    return;
  const owners = new Uint32Array(buffer, givenOwners.address, GIVEN_SLOTS);
  const slots = new Uint16Array(buffer, givenSlots.address, givenSlots.size / 2);
  for (const owner of owners) if (owner !== 0) slots[owner - 1] = 0;
  owners.fill(0);
}

/** The ring does not hold what it must: a fault of the producer, never of the user. */
export class RingError extends Error {}

/** Who takes records. */
export interface RecordSink {
  /** Records taken so far. */
  readonly events: number;
  /** Takes whole records (pads among them) from the beginning of `bytes`; returns how many bytes they are. */
  take(bytes: Uint8Array): number;
}

export class RingReader {
  readonly #region: Region;
  readonly #positions: BigInt64Array;
  readonly #headIndex = fieldAddress('ringHead') / 8;
  readonly #tailIndex = fieldAddress('ringTail') / 8;
  readonly #recordsIndex = fieldAddress('ringRecords') / 8;
  readonly #firstRecords: number;
  readonly #bytes: Uint8Array;
  #taken = 0;

  /** `memory` is the core's; the ring is read from where its tail stands. */
  constructor({ buffer: memory }: WebAssembly.Memory, region: Region = REGION.ring) {
    this.#region = region;
    this.#positions = new BigInt64Array(memory, 0, (REGION.state.address + REGION.state.size) / 8);
    this.#bytes = new Uint8Array(memory, region.address, region.size);
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
   * Hands over records until at least `limit` bytes of them are taken or none is left; returns how many. Their room is
   * given back as they are taken. Throws RingError.
   */
  drain(limit: number, sink: RecordSink): number {
    const head = this.#load(this.#headIndex);
    const first = this.#load(this.#tailIndex);
    const before = sink.events;
    let position = first;
    try {
      while (position < head && position - first < limit) {
        const place = position % this.#region.size;
        const length = Math.min(head - position, this.#region.size - place, RECORD_LIMIT);
        const taken = sink.take(this.#bytes.subarray(place, place + length));
        if (taken === 0) throw new RingError(`the record at ${place.toString(16)}h of the ring is not a whole one`);
        position += taken;
        this.#release(position);
      }
    } finally {
      this.#taken += sink.events - before;
    }
    return sink.events - before;
  }

  /** Drops all that waits: for when nobody can take it any more, so that the producer is never held up. */
  discard(): void {
    this.#release(this.#load(this.#headIndex));
  }

  #release(position: number): void {
    Atomics.store(this.#positions, this.#tailIndex, BigInt(position));
  }
}
