import type { Core } from '../core-instance.ts';
import type { GuestMemory } from '../devices/device.ts';
import type { GuestPhys } from '../units.ts';

/** Segment registers by their index in the state; attributes are in the state's form (see layout.ts). */
const SEGMENT = { es: 0, cs: 1, ss: 2, ds: 3, fs: 4, gs: 5, ldtr: 6, tr: 7 } as const;
const DATA_SEGMENTS = ['es', 'ss', 'ds', 'fs', 'gs'] as const;
const ATTRIBUTES = { code32: 0xc09b, code64: 0xa09b, data: 0xc093, tss: 0x008b, unusable: 0x1_0000 } as const;
const FLAT_LIMIT = 0xffff_ffff;

/** Selectors of Linux's boot protocol; the GDT below has them at these places. */
export const SELECTOR = { code: 0x10, data: 0x18 } as const;
const GDT_ADDRESS: GuestPhys = 0x500;
const DESCRIPTOR = {
  code32: 0x00cf_9b00_0000_ffffn,
  code64: 0x00af_9b00_0000_ffffn,
  data: 0x00cf_9300_0000_ffffn,
} as const;

const CR0 = { pe: 1n << 0n, et: 1n << 4n, ne: 1n << 5n, pg: 1n << 31n } as const;
const CR4_PAE = 1n << 5n;
const EFER = { lme: 1n << 8n, lma: 1n << 10n } as const;
const PAGE_TABLES: GuestPhys = 0x3_0000;
const PRESENT_WRITABLE = 0x3n;
const LARGE_PAGE = 0x80n;
const IDENTITY_GIBIBYTES = 4;

const GPR = { rax: 0, rcx: 1, rdx: 2, rbx: 3, rsp: 4, rbp: 5, rsi: 6, rdi: 7 } as const;
export type Registers = Partial<Record<keyof typeof GPR, bigint>>;

/** Flat 32-bit protected mode without paging, interrupts off; registers not named are zero. */
export function enterProtectedMode(core: Core, memory: GuestMemory, entry: GuestPhys, registers: Registers): void {
  writeGdt(memory, DESCRIPTOR.code32);
  setSegments(core, ATTRIBUTES.code32);
  core.set64('cr0', CR0.pe | CR0.et | CR0.ne);
  core.set64('cr3', 0n);
  core.set64('cr4', 0n);
  core.set64('efer', 0n);
  start(core, entry, registers);
}

/** 64-bit mode with the first 4 GiB mapped one to one, interrupts off. */
export function enterLongMode(core: Core, memory: GuestMemory, entry: GuestPhys, registers: Registers): void {
  writeGdt(memory, DESCRIPTOR.code64);
  writeIdentityPages(memory);
  setSegments(core, ATTRIBUTES.code64);
  core.set64('cr0', CR0.pe | CR0.et | CR0.ne | CR0.pg);
  core.set64('cr3', BigInt(PAGE_TABLES));
  core.set64('cr4', CR4_PAE);
  core.set64('efer', EFER.lme | EFER.lma);
  start(core, entry, registers);
}

function start(core: Core, entry: GuestPhys, registers: Registers): void {
  for (let i = 0; i < 16; i++) core.set64('gpr', 0n, i);
  for (const [name, index] of Object.entries(GPR)) core.set64('gpr', registers[name as keyof typeof GPR] ?? 0n, index);
  core.set64('rip', BigInt(entry));
  core.set('cpl', 0);
  core.rflags = 2n;
  core.modeChanged();
}

function setSegments(core: Core, code: number): void {
  setSegment(core, SEGMENT.cs, SELECTOR.code, FLAT_LIMIT, code);
  for (const name of DATA_SEGMENTS) setSegment(core, SEGMENT[name], SELECTOR.data, FLAT_LIMIT, ATTRIBUTES.data);
  setSegment(core, SEGMENT.ldtr, 0, 0, ATTRIBUTES.unusable);
  setSegment(core, SEGMENT.tr, 0, 0xffff, ATTRIBUTES.tss);
  core.set64('gdtrBase', BigInt(GDT_ADDRESS));
  core.set('gdtrLimit', 4 * 8 - 1);
  core.set64('idtrBase', 0n);
  core.set('idtrLimit', 0);
}

function setSegment(core: Core, index: number, selector: number, limit: number, attributes: number): void {
  core.set('segSelector', selector, index);
  core.set64('segBase', 0n, index);
  core.set('segLimit', limit, index);
  core.set('segAttr', attributes, index);
}

function writeGdt(memory: GuestMemory, code: bigint): void {
  for (const [i, descriptor] of [0n, 0n, code, DESCRIPTOR.data].entries()) {
    memory.writeU64(GDT_ADDRESS + 8 * i, descriptor);
  }
}

function writeIdentityPages(memory: GuestMemory): void {
  const directoryPointers = PAGE_TABLES + 0x1000;
  const directories = PAGE_TABLES + 0x2000;
  memory.fill(PAGE_TABLES, 0x2000 + IDENTITY_GIBIBYTES * 0x1000, 0);
  memory.writeU64(PAGE_TABLES, BigInt(directoryPointers) | PRESENT_WRITABLE);
  for (let gib = 0; gib < IDENTITY_GIBIBYTES; gib++) {
    memory.writeU64(directoryPointers + 8 * gib, BigInt(directories + gib * 0x1000) | PRESENT_WRITABLE);
  }
  for (let i = 0; i < IDENTITY_GIBIBYTES * 512; i++) {
    memory.writeU64(directories + 8 * i, (BigInt(i) << 21n) | PRESENT_WRITABLE | LARGE_PAGE);
  }
}
