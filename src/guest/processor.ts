import type { KernelMemory, Paging } from './memory.ts';

/** What a processor's own registers say of the system that runs on it: all as the guest set them. */
export interface ProcessorFacts {
  readonly longMode: boolean;
  /** Undefined while paging is off. */
  readonly paging: Paging | undefined;
  readonly gdt: { readonly base: bigint; readonly limit: number };
  readonly idt: { readonly base: bigint; readonly limit: number };
  /** 64-bit and compatibility-mode SYSCALL entry, and SYSENTER's. */
  readonly lstar: bigint;
  readonly cstar: bigint;
  readonly sysenterEip: bigint;
  /** The kernel's GS base, in force or put away by SWAPGS; 64-bit kernels have one in the upper half. */
  readonly kernelGs: bigint;
  /** Base of page-table walks of the kernel. */
  readonly cr3: bigint;
}

/** A gate of the interrupt descriptor table (SDM vol. 3, 6.11 and 6.14.1). */
export interface Gate {
  readonly present: boolean;
  /** Privilege level from which INT n may go through it. */
  readonly dpl: number;
  readonly handler: bigint;
  /** It leads to a task of the processor's own, not to a handler. */
  readonly task: boolean;
}

const TASK_GATE = 5;

const gateBytes = ({ longMode }: ProcessorFacts): number => (longMode ? 16 : 8);

/** Gates that the table's limit allows. */
export function gateCount(processor: ProcessorFacts): number {
  return Math.floor((processor.idt.limit + 1) / gateBytes(processor));
}

/** Undefined behind the limit, or where nothing is mapped. */
export function readGate(memory: KernelMemory, processor: ProcessorFacts, vector: number): Gate | undefined {
  if (vector >= gateCount(processor)) return undefined;
  const length = gateBytes(processor);
  const bytes = memory.read(processor.idt.base + BigInt(vector * length), length);
  if (bytes === undefined) return undefined;
  const view = new DataView(bytes.buffer, bytes.byteOffset, length);
  const low = view.getUint16(0, true) | (view.getUint16(6, true) << 16);
  const high = processor.longMode ? view.getUint32(8, true) : 0;
  const flags = view.getUint16(4, true);
  return {
    present: (flags & 0x8000) !== 0,
    dpl: (flags >> 13) & 3,
    task: ((flags >> 8) & 0x1f) === TASK_GATE,
    handler: (BigInt(high) << 32n) | BigInt(low >>> 0),
  };
}

/** Base of a segment of the GDT (SDM vol. 3, 3.4.5); undefined behind its limit, or where nothing is mapped. */
export function readSegmentBase(memory: KernelMemory, { gdt }: ProcessorFacts, selector: number): bigint | undefined {
  const bytes = selector + 7 > gdt.limit ? undefined : memory.read(gdt.base + BigInt(selector), 8);
  if (bytes === undefined) return undefined;
  const words = new DataView(bytes.buffer, bytes.byteOffset, 8).getBigUint64(0, true);
  return ((words >> 16n) & 0xff_ffffn) | ((words >> 32n) & 0xff00_0000n);
}

/** Page fault, and Linux's and NT's INT n for system calls. */
const TELLING_VECTORS = [14, 0x80, 0x2e];

/** A way into the kernel. */
export interface KernelEntry {
  /** `LSTAR`, `IDT vector 14`. */
  readonly what: string;
  readonly address: bigint;
}

/** Where calls and faults enter the kernel, the surest first. */
export function kernelEntries(processor: ProcessorFacts, memory: KernelMemory): KernelEntry[] {
  const { lstar, sysenterEip } = processor;
  const registers = [
    { what: 'LSTAR', address: lstar },
    { what: 'SYSENTER_EIP', address: sysenterEip },
  ];
  const gates = TELLING_VECTORS.flatMap((vector) => {
    const gate = readGate(memory, processor, vector);
    return gate?.present && !gate.task ? [{ what: `IDT vector ${vector}`, address: gate.handler }] : [];
  });
  return [...registers, ...gates].filter(({ address }) => address !== 0n);
}
