import type { GuestMemory, Platform, Timer } from '../../../../src/emu/devices/device.ts';
import type { VirtioPci } from '../../../../src/emu/devices/virtio/transport.ts';

const RAM = 1 << 20;

/** Plain memory in place of a machine's. */
export class FlatMemory implements GuestMemory {
  readonly size = RAM;
  readonly bytes = new Uint8Array(RAM);
  readonly view = new DataView(this.bytes.buffer);

  contains(address: number, length: number): boolean {
    return address >= 0 && address + length <= RAM;
  }
  read(address: number, length: number): Uint8Array {
    return this.bytes.subarray(address, address + length);
  }
  write(address: number, bytes: Uint8Array): void {
    this.bytes.set(bytes, address);
  }
  fill(address: number, length: number, value: number): void {
    this.bytes.fill(value, address, address + length);
  }
  readU16(address: number): number {
    return this.view.getUint16(address, true);
  }
  readU32(address: number): number {
    return this.view.getUint32(address, true);
  }
  readU64(address: number): bigint {
    return this.view.getBigUint64(address, true);
  }
  writeU16(address: number, value: number): void {
    this.view.setUint16(address, value, true);
  }
  writeU32(address: number, value: number): void {
    this.view.setUint32(address, value, true);
  }
  writeU64(address: number, value: bigint): void {
    this.view.setBigUint64(address, value, true);
  }
}

/** A platform that remembers what devices did to it. */
export class FakePlatform implements Platform {
  readonly memory = new FlatMemory();
  readonly sinks = new Map<string, (bytes: Uint8Array) => void>();
  readonly taken: { kind: string; bytes: Uint8Array }[] = [];
  readonly emitted: { kind: string; bytes: Uint8Array }[] = [];
  readonly messages: number[] = [];
  intx = false;

  readonly inputs = {
    take: (kind: string, supply: () => Uint8Array): Uint8Array => {
      const bytes = supply();
      this.taken.push({ kind, bytes });
      return bytes;
    },
    receive: (kind: string, sink: (bytes: Uint8Array) => void): void => {
      this.sinks.set(kind, sink);
    },
  };

  now(): number {
    return 0;
  }
  timer(): Timer {
    throw new Error('no virtio device needs a timer');
  }
  claimPorts(): { base: number | undefined; place(base: number | undefined): void } {
    return { base: undefined, place(): void {} };
  }
  claimMemory(): { base: number | undefined; place(base: number | undefined): void } {
    const window = {
      base: undefined as number | undefined,
      place(base: number | undefined): void {
        window.base = base;
      },
    };
    return window;
  }
  line(): { set(asserted: boolean): void } {
    const set = (asserted: boolean): void => {
      this.intx = asserted;
    };
    return { set };
  }
  messageInterrupt(_address: number, data: number): void {
    this.messages.push(data);
  }
  emit(kind: string, bytes: Uint8Array): void {
    this.emitted.push({ kind, bytes });
  }
  stop(): void {
    throw new Error('no virtio device stops the machine');
  }
}

export interface Buffers {
  readonly out?: readonly Uint8Array[];
  /** Lengths of the buffers that the device may fill. */
  readonly in?: readonly number[];
  readonly indirect?: boolean;
}

/** One queue as a driver lays it out. */
interface DriverQueue {
  readonly base: number;
  readonly size: number;
  nextDescriptor: number;
  nextAvailable: number;
  seen: number;
  readonly posted: Map<number, { address: number; length: number }[]>;
}

const STATUS = 0x14;
const NOTIFY = 0x3000;
const QUEUE_AREA = 0x1000;
const BUFFERS = 0x80000;

/** Talks to a device as a kernel's driver would, by its registers and through memory. */
export class Driver {
  readonly platform: FakePlatform;
  readonly device: VirtioPci;
  private readonly queues: DriverQueue[] = [];
  private nextBuffer = BUFFERS;

  constructor(platform: FakePlatform, device: VirtioPci) {
    this.platform = platform;
    this.device = device;
    device.function.wire(platform.line());
    device.function.enable(10);
  }

  read(offset: number, size = 4): number {
    return this.device.mmioRead(offset, size);
  }

  write(offset: number, value: number, size = 4): void {
    this.device.mmioWrite(offset, size, value);
  }

  features(): bigint {
    this.write(0, 0);
    const low = BigInt(this.read(4));
    this.write(0, 1);
    return low | (BigInt(this.read(4)) << 32n);
  }

  /** The whole initialisation of virtio 1.0, 3.1.1, taking every feature. Gives back the status read at the end. */
  start(queues: number, size = 16): number {
    this.write(STATUS, 0, 1);
    this.write(STATUS, 3, 1);
    const features = this.features();
    for (const half of [0, 1]) {
      this.write(8, half);
      this.write(12, Number((features >> BigInt(32 * half)) & 0xffff_ffffn));
    }
    this.write(STATUS, 11, 1);
    for (let i = 0; i < queues; i++) this.addQueue(i, size);
    this.write(STATUS, 15, 1);
    return this.read(STATUS, 1);
  }

  /** Puts a request into a queue and notifies. Returns its head. */
  post(index: number, { out = [], in: room = [], indirect = false }: Buffers): number {
    const queue = this.queues[index]!;
    const { memory } = this.platform;
    const parts = [
      ...out.map((bytes) => ({ address: this.place(bytes), length: bytes.length, flags: 0 })),
      ...room.map((length) => ({ address: this.place(new Uint8Array(length)), length, flags: 2 })),
    ];
    const table = indirect ? this.place(new Uint8Array(16 * parts.length)) : queue.base;
    const first = indirect ? 0 : queue.nextDescriptor;
    for (const [i, { address, length, flags }] of parts.entries()) {
      const slot = indirect ? i : (first + i) % queue.size;
      const next = indirect ? i + 1 : (first + i + 1) % queue.size;
      const more = i + 1 < parts.length ? 1 : 0;
      this.describe(table, slot, address, length, flags | more, next);
    }
    const head = queue.nextDescriptor;
    if (indirect) this.describe(queue.base, head, table, 16 * parts.length, 4, 0);
    queue.nextDescriptor = (head + (indirect ? 1 : parts.length)) % queue.size;
    queue.posted.set(
      head,
      parts.filter(({ flags }) => flags === 2),
    );
    const available = queue.base + 0x400;
    memory.writeU16(available + 4 + 2 * (queue.nextAvailable % queue.size), head);
    queue.nextAvailable = (queue.nextAvailable + 1) & 0xffff;
    memory.writeU16(available + 2, queue.nextAvailable);
    this.notify(index);
    return head;
  }

  notify(index: number): void {
    this.write(NOTIFY + 4 * index, index, 2);
  }

  /** What the device has given back since the last call: the bytes it says it wrote. */
  used(index: number): Uint8Array[] {
    const queue = this.queues[index]!;
    const { memory } = this.platform;
    const ring = queue.base + 0x800;
    const results: Uint8Array[] = [];
    while (queue.seen !== memory.readU16(ring + 2)) {
      const slot = ring + 4 + 8 * (queue.seen % queue.size);
      const written = memory.readU32(slot + 4);
      const buffers = queue.posted.get(memory.readU32(slot)) ?? [];
      const whole = Buffer.concat(buffers.map(({ address, length }) => memory.read(address, length)));
      results.push(new Uint8Array(whole.subarray(0, written)));
      queue.seen = (queue.seen + 1) & 0xffff;
    }
    return results;
  }

  /** Writes one descriptor, however senseless. */
  describe(table: number, slot: number, address: number, length: number, flags: number, next: number): void {
    const { memory } = this.platform;
    memory.writeU64(table + 16 * slot, BigInt(address));
    memory.writeU32(table + 16 * slot + 8, length);
    memory.writeU16(table + 16 * slot + 12, flags);
    memory.writeU16(table + 16 * slot + 14, next);
  }

  tableOf(index: number): number {
    return this.queues[index]!.base;
  }

  private addQueue(index: number, size: number): void {
    const base = 0x10000 + index * QUEUE_AREA;
    this.write(0x16, index, 2);
    this.write(0x18, size, 2);
    this.write(0x20, base);
    this.write(0x28, base + 0x400);
    this.write(0x30, base + 0x800);
    this.write(0x1c, 1, 2);
    this.queues.push({ base, size, nextDescriptor: 0, nextAvailable: 0, seen: 0, posted: new Map() });
  }

  private place(bytes: Uint8Array): number {
    const address = this.nextBuffer;
    this.platform.memory.write(address, bytes);
    this.nextBuffer += (bytes.length + 15) & ~15;
    return address;
  }
}
