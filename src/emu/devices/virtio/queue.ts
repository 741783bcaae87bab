import type { GuestPhys } from '../../units.ts';
import type { GuestMemory, StateValue } from '../device.ts';
import { numberField, stateFields } from '../device.ts';

/** Descriptor flags (virtio 1.0, 2.4.5). */
const DESCRIPTOR = { next: 1, write: 2, indirect: 4 } as const;
const DESCRIPTOR_BYTES = 16;
const AVAILABLE_NO_INTERRUPT = 1;
/** More than any driver puts in one request; a longer chain is a loop. */
const LONGEST_CHAIN = 4096;

export interface Segment {
  readonly address: GuestPhys;
  readonly length: number;
}

/** The driver broke the queue's rules: the device stops and asks to be reset. */
export class QueueError extends Error {
  override readonly name = 'QueueError';
}

/** One request: what the device may read, and where it may write, in the driver's order. */
export class Chain {
  readonly head: number;
  readonly readable: readonly Segment[];
  readonly writable: readonly Segment[];
  private readonly memory: GuestMemory;

  constructor(memory: GuestMemory, head: number, readable: readonly Segment[], writable: readonly Segment[]) {
    this.memory = memory;
    this.head = head;
    this.readable = readable;
    this.writable = writable;
  }

  get readableLength(): number {
    return total(this.readable);
  }

  get writableLength(): number {
    return total(this.writable);
  }

  /** A copy of all that the device may read. */
  read(): Uint8Array {
    const bytes = new Uint8Array(this.readableLength);
    let at = 0;
    for (const { address, length } of this.readable) {
      bytes.set(this.memory.read(address, length), at);
      at += length;
    }
    return bytes;
  }

  /** Writes `bytes` from `offset` of the writable part on; what does not fit is dropped. Returns how much was written. */
  write(bytes: Uint8Array, offset = 0): number {
    let done = 0;
    let skip = offset;
    for (const { address, length } of this.writable) {
      if (skip >= length) {
        skip -= length;
        continue;
      }
      const count = Math.min(length - skip, bytes.length - done);
      if (count <= 0) break;
      this.memory.write(address + skip, bytes.subarray(done, done + count));
      done += count;
      skip = 0;
    }
    return done;
  }
}

function total(segments: readonly Segment[]): number {
  return segments.reduce((sum, { length }) => sum + length, 0);
}

/** A split virtqueue (virtio 1.0, 2.4), seen from the device. */
export class Queue {
  /** The largest size that the device offers: a power of two. */
  readonly maximum: number;
  size: number;
  enabled = false;
  vector = 0xffff;
  descriptors: GuestPhys = 0;
  available: GuestPhys = 0;
  used: GuestPhys = 0;
  private readonly memory: GuestMemory;
  private nextAvailable = 0;
  private nextUsed = 0;

  constructor(memory: GuestMemory, maximum: number) {
    this.memory = memory;
    this.maximum = maximum;
    this.size = maximum;
  }

  reset(): void {
    this.size = this.maximum;
    this.enabled = false;
    this.vector = 0xffff;
    this.descriptors = 0;
    this.available = 0;
    this.used = 0;
    this.nextAvailable = 0;
    this.nextUsed = 0;
  }

  /** Whether a request waits. */
  get waiting(): boolean {
    return this.enabled && this.memory.readU16(this.available + 2) !== this.nextAvailable;
  }

  /** The driver does not want to be told about used buffers. */
  get interruptsUnwanted(): boolean {
    return (this.memory.readU16(this.available) & AVAILABLE_NO_INTERRUPT) !== 0;
  }

  /** Takes the next request, if there is one. Throws a QueueError if its descriptors make no sense. */
  pop(): Chain | undefined {
    if (!this.waiting) return undefined;
    const head = this.memory.readU16(this.available + 4 + 2 * (this.nextAvailable % this.size));
    this.nextAvailable = (this.nextAvailable + 1) & 0xffff;
    return this.follow(head);
  }

  /** Gives a request back, with the number of bytes written from the start of its writable part. */
  push(chain: Chain, written: number): void {
    const slot = this.used + 4 + 8 * (this.nextUsed % this.size);
    this.memory.writeU32(slot, chain.head);
    this.memory.writeU32(slot + 4, written);
    this.nextUsed = (this.nextUsed + 1) & 0xffff;
    this.memory.writeU16(this.used + 2, this.nextUsed);
  }

  save(): StateValue {
    const { size, enabled, vector, descriptors, available, used, nextAvailable, nextUsed } = this;
    return { size, enabled, vector, descriptors, available, used, nextAvailable, nextUsed };
  }

  restore(state: StateValue): void {
    this.size = numberField(state, 'size');
    this.enabled = stateFields(state).enabled === true;
    this.vector = numberField(state, 'vector');
    this.descriptors = numberField(state, 'descriptors');
    this.available = numberField(state, 'available');
    this.used = numberField(state, 'used');
    this.nextAvailable = numberField(state, 'nextAvailable');
    this.nextUsed = numberField(state, 'nextUsed');
  }

  private follow(head: number): Chain {
    const readable: Segment[] = [];
    const writable: Segment[] = [];
    let table = this.descriptors;
    let entries = this.size;
    let index = head;
    for (let steps = 0; ; steps++) {
      if (index >= entries || steps >= LONGEST_CHAIN) throw new QueueError(`descriptor ${index} of ${entries}`);
      const at = table + index * DESCRIPTOR_BYTES;
      const address = this.address(at);
      const length = this.memory.readU32(at + 8);
      const flags = this.memory.readU16(at + 12);
      if ((flags & DESCRIPTOR.indirect) !== 0) {
        if (table !== this.descriptors) throw new QueueError('an indirect table inside an indirect table');
        table = address;
        entries = length / DESCRIPTOR_BYTES;
        index = 0;
        continue;
      }
      if (!this.memory.contains(address, length)) throw new QueueError('a buffer outside memory');
      if ((flags & DESCRIPTOR.write) !== 0) writable.push({ address, length });
      else if (writable.length > 0) throw new QueueError('a readable buffer after a writable one');
      else readable.push({ address, length });
      if ((flags & DESCRIPTOR.next) === 0) return new Chain(this.memory, head, readable, writable);
      index = this.memory.readU16(at + 14);
    }
  }

  private address(at: GuestPhys): GuestPhys {
    return this.memory.readU32(at) + this.memory.readU32(at + 4) * 2 ** 32;
  }
}
