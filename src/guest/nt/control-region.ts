// Layouts: KPCR of Windows XP to 11 as its kernel debugger shows them (dt nt!_KPCR, nt!_KUSER_SHARED_DATA).
import { type KernelMemory, readPointer } from '../memory.ts';
import { type ProcessorFacts, readSegmentBase } from '../processor.ts';

/** Of the processor control region: what it says of itself and of the descriptor tables. */
const REGION = {
  4: { self: 0x1c, idt: 0x38, gdt: 0x3c, thread: 0x124 },
  8: { self: 0x18, idt: 0x38, gdt: 0x00, thread: 0x188 },
} as const;
/** KGDT_R0_PCR: the segment of FS in a 32-bit kernel. */
const REGION_SELECTOR = 0x30;
/** KUSER_SHARED_DATA as the kernel maps it. */
const SHARED = { 4: 0xffdf_0000n, 8: 0xffff_f780_0000_0000n } as const;
const VERSION = { build: 0x260, major: 0x26c, minor: 0x270 } as const;

/** What only a kernel with NT's conventions has. */
export interface NtControlRegion {
  /** Address of the region, and of the thread that runs. */
  readonly address: bigint;
  readonly thread: bigint;
  /** `5.1` or `10.0.19045`; empty where the shared page does not tell. */
  readonly version: string;
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
  return { address, thread: at(places.thread) ?? 0n, version: readVersion(memory) };
}

function readVersion(memory: KernelMemory): string {
  const word = (offset: number): number => {
    const bytes = memory.read(SHARED[memory.pointerBytes] + BigInt(offset), 4);
    return bytes === undefined ? 0 : new DataView(bytes.buffer, bytes.byteOffset, 4).getUint32(0, true);
  };
  const [major, minor, build] = [word(VERSION.major), word(VERSION.minor), word(VERSION.build)];
  if (major === 0) return '';
  return build === 0 ? `${major}.${minor}` : `${major}.${minor}.${build}`;
}
