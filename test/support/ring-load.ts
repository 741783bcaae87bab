/**
 * A producer of raw records without an emulator: it lays them into a ring in shared memory as the core does
 * (src/emu/monitor-layout.ts), so that tests and benchmarks drive the real writer.
 */
import { fieldAddress, REGION } from '../../src/emu/layout.ts';
import {
  CAPTURE,
  CAPTURE_BYTES,
  CAPTURE_KIND,
  MECHANISM,
  RECORD,
  RECORD_BYTES,
  RECORD_KIND,
} from '../../src/emu/monitor-layout.ts';
import type { ChunkEncoder } from '../../src/record/chunk-encoder.ts';
import type { RecordSink, Region } from '../../src/record/ring.ts';

/** A record as a test writes it; what is left out is 0. */
export interface RawRecord {
  readonly kind: number;
  readonly flags?: number;
  readonly icount?: bigint;
  readonly time?: bigint;
  readonly task?: bigint;
  readonly rip?: bigint;
  readonly rflags?: number;
  readonly cpl?: number;
  readonly vcpu?: number;
  readonly mechanism?: number;
  readonly abi?: number;
  readonly cr3?: bigint;
  readonly gpr?: readonly bigint[];
  readonly fsBase?: bigint;
  readonly gsBase?: bigint;
  readonly detail?: number;
  readonly captures?: readonly RawCapture[];
}

export interface RawCapture {
  readonly argument: number;
  readonly kind: number;
  readonly address: bigint;
  readonly fullLength: number;
  readonly status: number;
  readonly bytes: Uint8Array;
}

/** The producer's end of a ring in memory of its own. */
export class RingProducer {
  readonly memory: WebAssembly.Memory;
  readonly region: Region;
  readonly view: DataView;
  readonly bytes: Uint8Array;
  readonly #positions: BigInt64Array;
  #head = 0;

  constructor(ringSize: number = REGION.ring.size) {
    this.region = { address: 0x1_0000, size: ringSize };
    const pages = Math.ceil((this.region.address + ringSize) / 0x1_0000);
    this.memory = new WebAssembly.Memory({ initial: pages, maximum: pages, shared: true });
    const { buffer } = this.memory;
    this.view = new DataView(buffer);
    this.bytes = new Uint8Array(buffer);
    this.#positions = new BigInt64Array(buffer, 0, this.region.address / 8);
  }

  get free(): number {
    return this.region.size - (this.#head - Number(Atomics.load(this.#positions, fieldAddress('ringTail') / 8)));
  }

  /** Address of the next record of `size` bytes, behind a pad record where it would wrap. */
  reserve(size: number): number {
    const place = this.#head % this.region.size;
    const rest = this.region.size - place;
    if (size <= rest) return this.region.address + place;
    this.view.setUint32(this.region.address + place + RECORD.size, rest, true);
    this.view.setUint16(this.region.address + place + RECORD.kind, RECORD_KIND.pad, true);
    this.#head += rest;
    return this.region.address;
  }

  /** Makes the record that was laid at the reserved address visible. */
  publish(size: number): void {
    this.#head += size;
    Atomics.add(this.#positions, fieldAddress('ringRecords') / 8, 1n);
    Atomics.store(this.#positions, fieldAddress('ringHead') / 8, BigInt(this.#head));
  }

  push(record: RawRecord): void {
    const captures = record.captures ?? [];
    const size = captures.reduce((sum, { bytes }) => sum + CAPTURE_BYTES + roundUp(bytes.length), RECORD_BYTES);
    const at = this.reserve(size);
    const { view } = this;
    const put64 = (offset: number, value: bigint | undefined) => view.setBigUint64(at + offset, value ?? 0n, true);
    view.setUint32(at + RECORD.size, size, true);
    view.setUint16(at + RECORD.kind, record.kind, true);
    view.setUint16(at + RECORD.flags, record.flags ?? 0, true);
    put64(RECORD.icount, record.icount);
    put64(RECORD.time, record.time);
    put64(RECORD.task, record.task);
    put64(RECORD.rip, record.rip);
    view.setUint32(at + RECORD.rflags, record.rflags ?? 0, true);
    view.setUint8(at + RECORD.cpl, record.cpl ?? 0);
    view.setUint8(at + RECORD.vcpu, record.vcpu ?? 0);
    view.setUint8(at + RECORD.mechanism, record.mechanism ?? 0);
    view.setUint8(at + RECORD.abi, record.abi ?? 0);
    put64(RECORD.cr3, record.cr3);
    for (let i = 0; i < 16; i++) put64(RECORD.gpr + 8 * i, record.gpr?.[i]);
    put64(RECORD.fsBase, record.fsBase);
    put64(RECORD.gsBase, record.gsBase);
    view.setUint32(at + RECORD.captureCount, captures.length, true);
    view.setUint32(at + RECORD.detail, record.detail ?? 0, true);
    let place = at + RECORD_BYTES;
    for (const capture of captures) {
      view.setUint16(place + CAPTURE.argument, capture.argument, true);
      view.setUint16(place + CAPTURE.kind, capture.kind, true);
      view.setUint32(place + CAPTURE.length, capture.bytes.length, true);
      view.setBigUint64(place + CAPTURE.address, capture.address, true);
      view.setUint32(place + CAPTURE.fullLength, capture.fullLength, true);
      view.setUint32(place + CAPTURE.status, capture.status, true);
      this.bytes.set(capture.bytes, place + CAPTURE_BYTES);
      place += CAPTURE_BYTES + roundUp(capture.bytes.length);
    }
    this.publish(size);
  }
}

function roundUp(length: number): number {
  return Math.ceil(length / 8) * 8;
}

/** One chunk of what a ring holds. */
export class ChunkSink implements RecordSink {
  readonly #encoder: ChunkEncoder;

  constructor(encoder: ChunkEncoder) {
    this.#encoder = encoder;
  }

  get events(): number {
    return this.#encoder.count;
  }

  take(bytes: Uint8Array): number {
    return this.#encoder.add(bytes);
  }
}

/** Numbers that look random and are the same every time. */
export class Dice {
  #state: number;

  constructor(seed: number) {
    this.#state = seed >>> 0 || 1;
  }

  /** 0 to n - 1. */
  roll(n: number): number {
    let x = this.#state;
    x ^= x << 13;
    x ^= x >>> 17;
    x ^= x << 5;
    this.#state = x >>> 0;
    return this.#state % n;
  }

  word(): number {
    return this.roll(2 ** 32);
  }
}

interface Program {
  readonly task: number;
  readonly gpr: BigUint64Array;
  readonly fsBase: bigint;
  readonly cr3: bigint;
  /** Call sites that it visits in turn, with now and then another. */
  readonly loop: readonly Site[];
  step: number;
}

interface Site {
  readonly rip: bigint;
  readonly number: number;
  readonly reads: boolean;
  readonly path: Uint8Array | undefined;
}

const TASK_STRUCT_BYTES = 0x1b40;

/** Pointer of a load's task by its number. */
export function loadTask(index: number): bigint {
  return 0xffff_8880_0310_0000n + BigInt(index * TASK_STRUCT_BYTES);
}

const [RAX, RCX, RDX, RBX, RSP, RBP, RSI, RDI] = [0, 1, 2, 3, 4, 5, 6, 7];
const CALLS = [0, 1, 3, 5, 8, 9, 10, 11, 12, 13, 16, 21, 39, 72, 89, 217, 228, 257, 262, 302];

/**
 * A mixed load: several programs that call in loops, read into buffers that move, open paths and get numbers back.
 * Registers change between calls about as much as in real programs.
 */
export class CallLoad {
  readonly #producer: RingProducer;
  readonly #dice: Dice;
  readonly #programs: Program[] = [];
  readonly #captured: boolean;
  #running = 0;
  #icount: bigint;
  #idle = 0n;
  calls = 0;

  constructor(
    producer: RingProducer,
    { seed = 1, programs = 6, captured = true, first = 0, icount = 1_000_000n } = {},
  ) {
    this.#producer = producer;
    this.#dice = new Dice(seed);
    this.#captured = captured;
    this.#icount = icount;
    for (let i = 0; i < programs; i++) this.#programs.push(this.#program(first + i));
  }

  /** Instructions so far. */
  get icount(): bigint {
    return this.#icount;
  }

  #program(index: number): Program {
    const dice = this.#dice;
    const gpr = new BigUint64Array(16);
    for (let r = 0; r < 16; r++) gpr[r] = 0x7f00_0000_0000n + BigInt(dice.roll(2 ** 28));
    gpr[RSP!] = 0x7ffc_0000_0000n + BigInt(dice.roll(2 ** 20) * 16);
    const loop = Array.from({ length: 4 + dice.roll(30) }, (_, i) => {
      const number = CALLS[dice.roll(CALLS.length)]!;
      const path = number === 257 || number === 21 || number === 262;
      return {
        rip: 0x7f12_3400_0000n + BigInt(index * 0x10_0000 + dice.roll(2 ** 18)),
        number,
        reads: number === 0 || number === 1,
        path: path ? new TextEncoder().encode(`/usr/share/doc/package-${i}/file-${dice.roll(1000)}`) : undefined,
      };
    });
    const task = 0x8880_0310_0000 + index * TASK_STRUCT_BYTES;
    return { task, gpr, fsBase: 0x7f33_0000_0740n, cr3: 0x200_0000n + BigInt(index) * 0x3000n, loop, step: 0 };
  }

  /** Pushes an entry and its return. */
  call(): void {
    const dice = this.#dice;
    if (dice.roll(40) === 0) this.#running = dice.roll(this.#programs.length);
    const program = this.#programs[this.#running]!;
    const { gpr, loop } = program;
    const site = loop[program.step++ % loop.length]!;
    if (dice.roll(12) === 0) program.step = dice.roll(loop.length);
    gpr[RAX!] = BigInt(site.number);
    gpr[RDI!] = site.reads ? BigInt(3 + dice.roll(4)) : gpr[RBX!]!;
    gpr[RSI!] = site.reads ? 0x5555_5600_0000n + BigInt(dice.roll(64) * 4096) : gpr[RBP!]!;
    gpr[RDX!] = site.reads ? 4096n : BigInt(dice.roll(8));
    gpr[RCX!] = dice.roll(3) === 0 ? gpr[10]! : site.rip;
    gpr[8] = BigInt(dice.roll(2) * 0x1b6);
    if (dice.roll(3) === 0) gpr[RBX!] = gpr[RBX!]! + BigInt(dice.roll(256) * 16);
    if (dice.roll(5) === 0) gpr[12 + dice.roll(4)] = BigInt(dice.word());
    if (dice.roll(4) === 0) gpr[RSP!] = 0x7ffc_0000_0000n + BigInt(dice.roll(512) * 16);
    gpr[11] = BigInt([0x246, 0x202, 0x206, 0x287][dice.roll(4)]!);
    this.#icount += BigInt(20 + dice.roll(1 << (5 + dice.roll(8))));
    const path = site.path && { argument: 1, kind: CAPTURE_KIND.string, bytes: site.path };
    this.#record(program, RECORD_KIND.callEntry, MECHANISM.syscall, site, site.rip, path);
    this.#icount += BigInt(300 + dice.roll(40) + site.number * 10);
    if (dice.roll(200) === 0) this.#idle += BigInt(dice.roll(10_000_000));
    gpr[RCX!] = site.rip + 2n;
    gpr[RAX!] =
      dice.roll(10) === 0 ? 0xffff_ffff_ffff_fffen : site.reads ? BigInt(dice.roll(4096)) : BigInt(dice.roll(5));
    const data = {
      argument: 1,
      kind: CAPTURE_KIND.buffer,
      bytes: this.#producer.bytes.subarray(0, 16 + dice.roll(64)),
    };
    const read = site.reads && site.number === 0 ? data : undefined;
    this.#record(program, RECORD_KIND.callReturn, MECHANISM.sysret, site, site.rip + 2n, read);
    this.calls++;
  }

  #record(
    program: Program,
    kind: number,
    mechanism: number,
    site: Site,
    rip: bigint,
    capture: { argument: number; kind: number; bytes: Uint8Array } | undefined,
  ): void {
    const { gpr } = program;
    const captures =
      capture === undefined || !this.#captured
        ? []
        : [{ ...capture, address: gpr[RSI!]!, fullLength: capture.bytes.length, status: 0 }];
    this.#producer.push({
      kind,
      icount: this.#icount,
      time: this.#icount + this.#idle,
      task: 0xffff_0000_0000_0000n + BigInt(program.task),
      rip,
      rflags: Number(gpr[11]!),
      cpl: 3,
      mechanism,
      cr3: program.cr3,
      gpr: gpr as unknown as readonly bigint[],
      fsBase: program.fsBase,
      gsBase: 0n,
      detail: site.number,
      captures,
    });
  }
}
