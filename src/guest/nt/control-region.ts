// Layouts: KPCR of Windows XP to 11 as its kernel debugger shows them (dt nt!_KPCR).
import { type KernelMemory, readPointer } from '../memory.ts';
import { type ProcessorFacts, readSegmentBase } from '../processor.ts';

/** Of the processor control region: what it says of itself and of the descriptor tables. */
const REGION = {
  4: { self: 0x1c, idt: 0x38, gdt: 0x3c, thread: 0x124 },
  8: { self: 0x18, idt: 0x38, gdt: 0x00, thread: 0x188 },
} as const;
/** KGDT_R0_PCR: the segment of FS in a 32-bit kernel. */
const REGION_SELECTOR = 0x30;

/** What only a kernel with NT's conventions has. */
export interface NtControlRegion {
  /** Address of the region, and of the thread that runs. */
  readonly address: bigint;
  readonly thread: bigint;
}

/** The processor control region, if there is one that names itself and both descriptor tables of this processor. */
export function findControlRegion(memory: KernelMemory, processor: ProcessorFacts): NtControlRegion | undefined {
  const { pointerBytes } = memory;
  const address = pointerBytes === 8 ? processor.kernelGs : readSegmentBase(memory, processor, REGION_SELECTOR);
  if (address === undefined || address === 0n) return undefined;
  const places = REGION[pointerBytes];
  const at = (offset: number): bigint | undefined => readPointer(memory, address + BigInt(offset));
  const { idt, gdt } = processor;
  if (at(places.self) !== address || at(places.idt) !== idt.base || at(places.gdt) !== gdt.base) return undefined;
  return { address, thread: at(places.thread) ?? 0n };
}
