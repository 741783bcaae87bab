import { Core } from '../core-instance.ts';
import { EXIT } from '../layout.ts';
import type { FpuImage, Vector } from './vector.ts';

/** A stretch of the vectors' memory map; everything else is unmapped. */
interface Area {
  readonly from: number;
  readonly to: number;
  readonly writable: boolean;
  readonly executable: boolean;
  /** Seed of its splitmix64 contents; undefined: filled with INT3. */
  readonly seed: bigint | undefined;
}

const AREAS: readonly Area[] = [
  { from: 0x8000, to: 0x9000, writable: true, executable: false, seed: 0x5eed0001n },
  { from: 0x40000, to: 0x42000, writable: true, executable: true, seed: undefined },
  { from: 0x50000, to: 0x54000, writable: true, executable: false, seed: 0x5eed0002n },
  { from: 0x60000, to: 0x62000, writable: true, executable: false, seed: 0x5eed0003n },
  { from: 0x70000, to: 0x71000, writable: false, executable: false, seed: 0x5eed0004n },
];
const RAM_SIZE = 0x20_0000;
const PML4 = 0x10_0000;
const PDPT = 0x10_1000;
const PD = 0x10_2000;
const PT = 0x10_3000;
const GDT = 0x10_4000;
const IDT = 0x10_5000;
/** Where interrupt handlers stand, 16 bytes each, all HLT. */
const HANDLERS = 0x10_6000;
const HLT = 0xf4;
const TSS = 0x10_7000;
/** End of the supervisor's stack. */
const STACK0 = 0x10_9000;
const LDT = 0x10_c000;
/**
 * Segments that programs may load, all of DPL 3: 16-bit code; data up to 52fff; read-only data; expand-down above 50fff;
 * execute-only code; code up to 41fff; absent data; data from 10000 on; 16-bit expand-down; absent code.
 */
const LDT_ENTRIES = [
  0x008ffb000000ffffn,
  0x0045f30000002fffn,
  0x00cff1000000ffffn,
  0x0045f70000000fffn,
  0x00cff9000000ffffn,
  0x0054fb0000001fffn,
  0x00cf73000000ffffn,
  0x0044f3010000ffffn,
  0x0000f704b0004fffn,
  0x00cf7b000000ffffn,
];
/** What only the supervisor sees is mapped above this linear address: low addresses are the vectors' own. */
const SUPERVISOR = 0xffff_8000_0000_0000n;
const SUPERVISOR_PDPT = 0x10_9000;
const SUPERVISOR_PD = 0x10_a000;
const SUPERVISOR_PT = 0x10_b000;
const VECTOR_OF = 4;
const INTO = 0xce;
/** Gates that user mode may call. */
const USER_GATES = [3, VECTOR_OF];
/** PE MP ET NE WP AM PG; DE PSE PAE PGE OSFXSR OSXMMEXCPT FSGSBASE. */
const CR0 = 0x8005_0033n;
const CR4 = 0x1_06b8n;
const STACK_POINTER = 0x61000n;
const ID_FLAG = 0x20_0000n;
/** CS by mode; the 16-bit one is what an LDT would hold. */
const CODE_SEGMENT = {
  16: { selector: 0x7, attributes: 0x80fb },
  32: { selector: 0x23, attributes: 0xc0fb },
  64: { selector: 0x33, attributes: 0xa0fb },
} as const;
const BREAKPOINT = 0xcc;
const VECTOR_BP = 3;
const STEPS = 100_000;

const MASK64 = 0xffff_ffff_ffff_ffffn;

/** The splitmix64 sequence of a seed. */
export function* splitmix64(seed: bigint): Generator<bigint, never> {
  let state = seed;
  while (true) {
    state = (state + 0x9e3779b97f4a7c15n) & MASK64;
    let z = state;
    z = ((z ^ (z >> 30n)) * 0xbf58476d1ce4e5b9n) & MASK64;
    z = ((z ^ (z >> 27n)) * 0x94d049bb133111ebn) & MASK64;
    yield z ^ (z >> 31n);
  }
}

/** Registers and memory after (or before) a vector. */
export interface Picture {
  readonly gpr: readonly bigint[];
  readonly xmm: readonly bigint[];
  readonly mxcsr: number;
  readonly control: number;
  readonly status: number;
  readonly tag: number;
  readonly st: readonly bigint[];
  readonly rip: bigint;
  readonly rflags: bigint;
  readonly exception: { readonly vector: number; readonly code: number; readonly address: bigint } | undefined;
  /** Why it stopped when neither a breakpoint nor a fault ended it. */
  readonly stray: string | undefined;
}

/** The processor and memory that vectors run on: user mode, flat, the map above. */
export class Stage {
  readonly core: Core;
  private readonly pristine: Uint8Array;
  private readonly before: Uint8Array;
  private readonly gprs: readonly bigint[];
  private readonly xmms: readonly bigint[];

  constructor() {
    this.core = new Core(
      {
        portIn: () => 0xffff_ffff,
        portOut: () => undefined,
        mmioRead: () => 0xffff_ffff,
        mmioWrite: () => undefined,
        acknowledgeInterrupt: () => -1,
        msrRead: () => undefined,
        msrWrite: () => false,
        tprChanged: () => undefined,
      },
      RAM_SIZE,
    );
    const numbers = splitmix64(0xc0ffeen);
    this.gprs = Array.from({ length: 16 }, (_, i) => {
      const number = numbers.next().value;
      return i === 4 ? STACK_POINTER : number;
    });
    const halves = splitmix64(0xf00dn);
    this.xmms = Array.from({ length: 16 }, () => {
      const low = halves.next().value;
      return low | (halves.next().value << 64n);
    });
    this.fillMemory();
    this.fillTables();
    this.pristine = this.core.ram.slice(0, 0x80000);
    this.before = new Uint8Array(0x80000);
    this.setSystem();
  }

  private fillMemory(): void {
    const { ram } = this.core;
    const view = new DataView(ram.buffer, ram.byteOffset, ram.byteLength);
    for (const area of AREAS) {
      if (area.seed === undefined) {
        ram.fill(BREAKPOINT, area.from, area.to);
        continue;
      }
      const numbers = splitmix64(area.seed);
      for (let at = area.from; at < area.to; at += 8) view.setBigUint64(at, numbers.next().value, true);
    }
  }

  private fillTables(): void {
    const { ram } = this.core;
    const view = new DataView(ram.buffer, ram.byteOffset, ram.byteLength);
    view.setBigUint64(PML4, BigInt(PDPT | 7), true);
    view.setBigUint64(PDPT, BigInt(PD | 7), true);
    view.setBigUint64(PD, BigInt(PT | 7), true);
    for (const area of AREAS) {
      for (let page = area.from; page < area.to; page += 4096) {
        const entry = BigInt(page | 0x65 | (area.writable ? 2 : 0)) | (area.executable ? 0n : 1n << 63n);
        view.setBigUint64(PT + (page >> 12) * 8, entry, true);
      }
    }
    view.setBigUint64(PML4 + 256 * 8, BigInt(SUPERVISOR_PDPT | 3), true);
    view.setBigUint64(SUPERVISOR_PDPT, BigInt(SUPERVISOR_PD | 3), true);
    view.setBigUint64(SUPERVISOR_PD, BigInt(SUPERVISOR_PT | 3), true);
    for (const page of [GDT, IDT, HANDLERS, TSS, STACK0 - 4096, LDT]) {
      view.setBigUint64(SUPERVISOR_PT + (page >> 12) * 8, BigInt(page | 0x63), true);
    }
    ram.fill(HLT, HANDLERS, HANDLERS + 4096);
    for (let vector = 0; vector < 256; vector++) {
      const handler = HANDLERS + vector * 16;
      const privilege = USER_GATES.includes(vector) ? 0xee00 : 0x8e00;
      view.setUint32(IDT + vector * 16, (0x10 << 16) | (handler & 0xffff), true);
      view.setUint32(IDT + vector * 16 + 4, (handler & 0xffff_0000) | privilege, true);
      view.setUint32(IDT + vector * 16 + 8, Number(SUPERVISOR >> 32n), true);
    }
    view.setBigUint64(TSS + 4, SUPERVISOR + BigInt(STACK0), true);
    view.setUint16(TSS + 0x66, 0xffff, true); // no I/O permission bitmap
    const descriptors = [
      0n,
      0x00cf9b000000ffffn,
      0x00af9b000000ffffn,
      0x00cf93000000ffffn,
      0x00cffb000000ffffn,
      0x00cff3000000ffffn,
      0x00affb000000ffffn,
    ];
    descriptors.forEach((value, index) => {
      view.setBigUint64(GDT + index * 8, value, true);
    });
    LDT_ENTRIES.forEach((value, index) => {
      view.setBigUint64(LDT + index * 8, value, true);
    });
  }

  private setSystem(): void {
    const { core } = this;
    core.set64('cr3', BigInt(PML4));
    core.set64('efer', 0xd01n);
    core.set64('gdtrBase', SUPERVISOR + BigInt(GDT));
    core.set('gdtrLimit', 0x7f);
    core.set64('idtrBase', SUPERVISOR + BigInt(IDT));
    core.set('idtrLimit', 0xfff);
    core.set('segSelector', 0x40, 7);
    core.set64('segBase', SUPERVISOR + BigInt(TSS), 7);
    core.set('segLimit', 0x67, 7);
    core.set('segAttr', 0x8b, 7);
    core.set('segSelector', 0x50, 6);
    core.set64('segBase', SUPERVISOR + BigInt(LDT), 6);
    core.set('segLimit', LDT_ENTRIES.length * 8 - 1, 6);
    core.set('segAttr', 0x82, 6);
    core.set('vmcsExceptionBitmap', 0xffff_ffff);
  }

  private setSegments(mode: Vector['m'], vector: Vector): void {
    const { core } = this;
    const load = (index: number, selector: number, attributes: number, base = 0n) => {
      core.set('segSelector', selector, index);
      core.set64('segBase', base, index);
      core.set('segLimit', 0xffff_ffff, index);
      core.set('segAttr', attributes, index);
    };
    const code = CODE_SEGMENT[mode];
    load(1, code.selector, code.attributes);
    const flatData = mode === 64 ? 0 : 0x2b;
    load(2, 0x2b, 0xc0f3);
    for (const index of [0, 3]) load(index, flatData, mode === 64 ? 0x1_0000 : 0xc0f3);
    for (const [index, base] of [
      [4, vector.fs],
      [5, vector.gs],
    ] as const) {
      load(index, 0, mode === 64 || base === undefined ? 0x1_0000 : 0xc0f3, BigInt(`0x${base ?? '0'}`));
    }
  }

  private setFpu(image: FpuImage | undefined): void {
    const { core } = this;
    const status = Number.parseInt(image?.sw ?? '0', 16);
    core.set('fpuControl', Number.parseInt(image?.cw ?? '37f', 16));
    core.set('fpuStatus', status);
    for (const name of ['fpuIp', 'fpuDp', 'fpuCs', 'fpuDs', 'fpuOpcode']) core.set(name, 0);
    core.set('fpuTag', Number.parseInt(image?.tag ?? '0', 16));
    const top = (status >> 11) & 7;
    for (let i = 0; i < 8; i++) {
      const value = BigInt(`0x${image?.st?.[i] ?? '0'}`);
      this.setWide('fpr', (top + i) & 7, value);
    }
  }

  private setWide(name: 'fpr' | 'xmm', index: number, value: bigint): void {
    const at = this.core.address(name, index);
    this.core.view.setBigUint64(at, value & MASK64, true);
    this.core.view.setBigUint64(at + 8, value >> 64n, true);
  }

  private wide(name: 'fpr' | 'xmm', index: number): bigint {
    const at = this.core.address(name, index);
    return this.core.view.getBigUint64(at, true) | (this.core.view.getBigUint64(at + 8, true) << 64n);
  }

  /** Sets the stage for a vector; returns the registers as they are then. */
  prepare(vector: Vector): Picture {
    const { core } = this;
    this.restoreMemory();
    for (const [address, bytes] of vector.mem ?? []) core.ram.set(fromHex(bytes), Number.parseInt(address, 16));
    const code = fromHex(vector.c);
    const start = Number.parseInt(vector.a, 16);
    core.ram.set(code, start);
    core.invalidatePhysical(start, code.length);
    for (const [address, bytes] of vector.mem ?? []) {
      core.invalidatePhysical(Number.parseInt(address, 16), bytes.length / 2);
    }
    const mask = vector.m === 64 ? MASK64 : 0xffff_ffffn;
    for (let i = 0; i < 16; i++) {
      const given = vector.r?.[String(i)];
      core.set64('gpr', given === undefined ? (this.gprs[i] ?? 0n) & mask : BigInt(`0x${given}`), i);
      const wide = vector.x?.[String(i)];
      this.setWide('xmm', i * 2, wide === undefined ? (this.xmms[i] ?? 0n) : BigInt(`0x${wide}`));
    }
    core.set('mxcsr', Number.parseInt(vector.mx ?? '1f80', 16));
    this.setFpu(vector.fpu);
    this.setSegments(vector.m, vector);
    core.set64('rip', BigInt(start));
    // The recording process carried the ID flag along without naming it in `f`.
    core.rflags = BigInt(`0x${vector.f ?? '202'}`) | 0x202n | (BigInt(`0x${vector.o.f}`) & ID_FLAG);
    core.set('faultPending', 0);
    core.set('leaveBlock', 0);
    core.set('interruptShadow', 0);
    core.set('halted', 0);
    core.set64('cr0', CR0);
    core.set64('cr4', CR4);
    core.set('cpl', 3);
    core.modeChanged();
    core.set('leaveBlock', 0);
    this.before.set(core.ram.subarray(0, 0x80000));
    return this.picture(undefined, undefined);
  }

  /** Runs the prepared vector to its breakpoint or fault. */
  run(): Picture {
    const { core } = this;
    const reason = core.run(STEPS);
    if (reason === EXIT.halt && core.get('cpl') === 0) return this.interrupted();
    if (reason !== EXIT.exception) {
      const name = Object.entries(EXIT).find(([, value]) => value === reason)?.[0] ?? String(reason);
      return this.picture(undefined, `left the core by '${name}'`);
    }
    const vector = core.get('exitVector');
    if (vector === VECTOR_BP) return this.picture(undefined, undefined);
    if (vector === VECTOR_OF) {
      // INTO traps: the recorder saw RIP behind it.
      core.set64('rip', BigInt(core.ram.indexOf(INTO, Number(core.get64('rip'))) + 1));
    }
    return this.picture(
      { vector, code: core.get('exitErrorCode'), address: core.get64('exitQualification') },
      undefined,
    );
  }

  /** A software interrupt reached its handler: the user's registers are on the supervisor's stack. */
  private interrupted(): Picture {
    const { core } = this;
    const vector = (Number(core.get64('rip') - SUPERVISOR) - HANDLERS) >> 4;
    const frame = Number(core.get64('gpr', 4) - SUPERVISOR);
    const word = (index: number) => core.view.getBigUint64(core.ram.byteOffset + frame + index * 8, true);
    const rip = word(0);
    core.set64('rip', vector === VECTOR_BP ? rip - 1n : rip);
    core.rflags = word(2);
    core.set64('gpr', word(3), 4);
    return this.picture(vector === VECTOR_BP ? undefined : { vector, code: 0, address: 0n }, undefined);
  }

  private picture(exception: Picture['exception'], stray: string | undefined): Picture {
    const { core } = this;
    const status = core.get('fpuStatus');
    const top = (status >> 11) & 7;
    return {
      gpr: Array.from({ length: 16 }, (_, i) => core.get64('gpr', i)),
      xmm: Array.from({ length: 16 }, (_, i) => this.wide('xmm', i * 2)),
      mxcsr: core.get('mxcsr'),
      control: core.get('fpuControl'),
      status,
      tag: core.get('fpuTag'),
      st: Array.from({ length: 8 }, (_, i) => this.wide('fpr', (top + i) & 7) & ((1n << 80n) - 1n)),
      rip: core.get64('rip'),
      rflags: core.rflags,
      exception,
      stray,
    };
  }

  /** Addresses of bytes that the run changed, in order. */
  changedBytes(): number[] {
    const changed: number[] = [];
    const { ram } = this.core;
    for (const area of AREAS) {
      for (let page = area.from; page < area.to; page += 4096) {
        const now = Buffer.from(ram.buffer, ram.byteOffset + page, 4096);
        if (now.compare(this.before, page, page + 4096) === 0) continue;
        for (let at = page; at < page + 4096; at++) if (ram[at] !== this.before[at]) changed.push(at);
      }
    }
    return changed;
  }

  /** Mapped, but not for writing. */
  isReadOnly(address: bigint): boolean {
    return AREAS.some((area) => !area.writable && address >= area.from && address < area.to);
  }

  /** A byte of memory before the run. */
  byteBefore(address: number): number {
    return this.before[address] ?? 0;
  }

  private restoreMemory(): void {
    const { ram } = this.core;
    for (const area of AREAS) {
      for (let page = area.from; page < area.to; page += 4096) {
        const now = Buffer.from(ram.buffer, ram.byteOffset + page, 4096);
        if (now.compare(this.pristine, page, page + 4096) === 0) continue;
        ram.set(this.pristine.subarray(page, page + 4096), page);
        this.core.invalidatePhysical(page, 4096);
      }
    }
  }
}

function fromHex(text: string): Uint8Array {
  return Uint8Array.from(Buffer.from(text, 'hex'));
}
