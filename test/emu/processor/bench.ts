import { createHash } from 'node:crypto';
import { Core } from '../../../src/emu/core-instance.ts';

export const MODE = { long: 'long', protected: 'protected', real: 'real' } as const;
export type Mode = keyof typeof MODE;

/** Where things lie in the bench's memory; all of it is mapped one to one, for user and supervisor. */
export const AT = {
  gdt: 0x1000,
  idt: 0x2000,
  tss: 0x3000,
  otherTss: 0x3800,
  pml4: 0x4000,
  pdpt: 0x5000,
  code: 0x1_0000,
  userCode: 0x2_0000,
  handler: 0x3_0000,
  kernelStack: 0x5_0000,
  interruptStack: 0x6_0000,
  userStack: 0x7_0000,
  taskStack: 0x7_8000,
} as const;

export const SELECTOR = {
  kernelCode: 0x08,
  kernelData: 0x10,
  userCode32: 0x1b,
  userData: 0x23,
  userCode: 0x2b,
  tss: 0x30,
  gate: 0x40,
  otherTss: 0x50,
  taskGate: 0x58,
} as const;

const RAM = 0x10_0000;
const SEGMENT = { es: 0, cs: 1, ss: 2, ds: 3, fs: 4, gs: 5, ldtr: 6, tr: 7 } as const;
const CODE64 = 0xa09b;
const CODE32 = 0xc09b;
const DATA = 0xc093;
const TSS_LIMIT = 0x67;

export interface Host {
  readonly portOut?: (port: number, value: number) => void;
  readonly acknowledge?: () => number;
}

/** A processor with flat segments, tables, and handlers that halt, in one of three modes. */
export class Bench {
  readonly core: Core;
  readonly view: DataView;
  readonly mode: Mode;

  /** `ram` in bytes. */
  constructor(mode: Mode, vendor = 0, host: Host = {}, ram = RAM) {
    this.mode = mode;
    this.core = new Core(
      {
        portIn: () => 0,
        portOut: (port, _size, value) => host.portOut?.(port, value),
        mmioRead: () => 0,
        mmioWrite: () => undefined,
        acknowledgeInterrupt: host.acknowledge ?? (() => -1),
        msrRead: () => undefined,
        msrWrite: () => false,
        tprChanged: () => undefined,
      },
      ram,
      vendor,
    );
    const { buffer, byteOffset, byteLength } = this.core.ram;
    this.view = new DataView(buffer, byteOffset, byteLength);
    if (mode === 'real') this.setReal();
    else this.setTables();
  }

  private setReal(): void {
    this.segment('cs', 0, 0, 0xffff, 0x93);
    this.core.set64('rip', BigInt(AT.code & 0xffff));
    this.core.set('idtrLimit', 0x3ff);
    this.core.modeChanged();
  }

  private setTables(): void {
    const { core } = this;
    const long = this.mode === 'long';
    const code = long ? CODE64 : CODE32;
    this.descriptor(SELECTOR.kernelCode, 0, 0xffff_ffff, code);
    this.descriptor(SELECTOR.kernelData, 0, 0xffff_ffff, DATA);
    this.descriptor(SELECTOR.userCode32, 0, 0xffff_ffff, CODE32 | 0x60);
    this.descriptor(SELECTOR.userData, 0, 0xffff_ffff, DATA | 0x60);
    this.descriptor(SELECTOR.userCode, 0, 0xffff_ffff, code | 0x60);
    this.descriptor(SELECTOR.tss, AT.tss, TSS_LIMIT, 0x8b);
    this.descriptor(SELECTOR.otherTss, AT.otherTss, TSS_LIMIT, 0x89);
    core.set64('gdtrBase', BigInt(AT.gdt));
    core.set('gdtrLimit', 0x7f);
    core.set64('idtrBase', BigInt(AT.idt));
    core.set('idtrLimit', 0xfff);
    this.segment('tr', SELECTOR.tss, AT.tss, TSS_LIMIT, 0x8b);
    if (long) {
      this.view.setBigUint64(AT.tss + 4, BigInt(AT.kernelStack), true);
      this.view.setBigUint64(AT.tss + 0x24, BigInt(AT.interruptStack), true);
      this.view.setBigUint64(AT.pml4, BigInt(AT.pdpt | 7), true);
      this.view.setBigUint64(AT.pdpt, 0x87n, true);
      core.set64('cr3', BigInt(AT.pml4));
      core.set64('cr4', 0x620n);
      core.set64('efer', 0xd01n);
      core.set64('cr0', 0x8001_0033n);
    } else {
      this.view.setUint32(AT.tss + 4, AT.kernelStack, true);
      this.view.setUint16(AT.tss + 8, SELECTOR.kernelData, true);
      core.set64('cr0', 0x33n);
    }
    this.enter(0, AT.code);
  }

  /** Puts the processor at `rip` in kernel (0) or user (3) mode, on that mode's stack. */
  enter(cpl: 0 | 3, rip: number): void {
    const { core } = this;
    const long = this.mode === 'long';
    const dpl = cpl << 5;
    this.segment(
      'cs',
      cpl === 0 ? SELECTOR.kernelCode : SELECTOR.userCode,
      0,
      0xffff_ffff,
      (long ? CODE64 : CODE32) | dpl,
    );
    for (const name of ['ss', 'ds', 'es'] as const) {
      this.segment(name, cpl === 0 ? SELECTOR.kernelData : SELECTOR.userData, 0, 0xffff_ffff, DATA | dpl);
    }
    core.set('cpl', cpl);
    core.set64('gpr', BigInt(cpl === 0 ? AT.kernelStack : AT.userStack), 4);
    core.set64('rip', BigInt(rip));
    core.modeChanged();
  }

  segment(name: keyof typeof SEGMENT, selector: number, base: number, limit: number, attributes: number): void {
    const index = SEGMENT[name];
    this.core.set('segSelector', selector, index);
    this.core.set64('segBase', BigInt(base), index);
    this.core.set('segLimit', limit, index);
    this.core.set('segAttr', attributes, index);
  }

  /** Writes a GDT entry. A 4 GiB limit is written with granularity; attributes as `segAttr` has them. */
  descriptor(selector: number, base: number, limit: number, attributes: number): void {
    const scaled = limit > 0xf_ffff ? limit >>> 12 : limit;
    const at = AT.gdt + (selector & 0xfff8);
    this.view.setUint32(at, ((base & 0xffff) << 16) | (scaled & 0xffff), true);
    const high =
      ((base >>> 16) & 0xff) | ((attributes & 0xff) << 8) | (scaled & 0xf_0000) | ((attributes & 0xf000) << 8);
    this.view.setUint32(at + 4, (high | (base & 0xff00_0000)) >>> 0, true);
  }

  /** A gate in the IDT (`vector`) or, for call and task gates, in the GDT (`selector`). */
  gate(at: number, selector: number, target: number, access: number, extra = 0): void {
    this.view.setUint32(at, ((selector << 16) | (target & 0xffff)) >>> 0, true);
    this.view.setUint32(at + 4, ((target & 0xffff_0000) | (access << 8) | extra) >>> 0, true);
    if (this.mode === 'long') this.view.setBigUint64(at + 8, 0n, true);
  }

  /** An interrupt gate to a handler; `ist` selects an interrupt stack, `dpl` who may use INT n. */
  vector(vector: number, handler: number, { dpl = 0, ist = 0 } = {}): void {
    const at = AT.idt + vector * (this.mode === 'long' ? 16 : 8);
    this.gate(at, SELECTOR.kernelCode, handler, 0x8e | (dpl << 5), ist);
  }

  /** Writes machine code, hex with or without blanks. */
  code(at: number, hex: string): void {
    const bytes = Buffer.from(hex.replaceAll(' ', ''), 'hex');
    this.core.ram.set(bytes, at);
    this.core.invalidatePhysical(at, bytes.length);
  }

  run(budget = 1000): number {
    return this.core.run(budget);
  }

  gpr(index: number): bigint {
    return this.core.get64('gpr', index);
  }

  selector(name: keyof typeof SEGMENT): number {
    return this.core.get('segSelector', SEGMENT[name]);
  }

  /** `count` stack words of `size` bytes from RSP up. */
  stack(count: number, size: 4 | 8 = this.mode === 'long' ? 8 : 4): bigint[] {
    const top = Number(this.gpr(4));
    return Array.from({ length: count }, (_, i) =>
      size === 8 ? this.view.getBigUint64(top + i * 8, true) : BigInt(this.view.getUint32(top + i * 4, true)),
    );
  }

  /** What a guest can see of itself: registers and memory, without the host's counters. */
  picture(): string {
    const { core } = this;
    const registers = Array.from({ length: 16 }, (_, i) => this.gpr(i).toString(16)).join(' ');
    const rest = (['rip', 'cr0', 'cr2', 'cr3', 'cr4', 'efer', 'icount'] as const).map((name) =>
      core.get64(name).toString(16),
    );
    return `${registers} ${rest.join(' ')} ${core.rflags.toString(16)} ${core.get('cpl')} ${createHash('sha256').update(core.ram.slice()).digest('hex')}`;
  }
}

/** Number of a general register. */
export const REGISTER = { rax: 0, rcx: 1, rdx: 2, rbx: 3, rsp: 4, rbp: 5, rsi: 6, rdi: 7, r11: 11 } as const;
