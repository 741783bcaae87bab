import { type KernelMemory, readPointer } from '../memory.ts';
import { type ProcessorFacts, readSegmentBase } from '../processor.ts';
import type { Kallsyms } from './kallsyms.ts';
import type { KernelTypes } from './types.ts';

/** How a kernel finds the current task: the pointer at `base` plus `offset`. */
export interface CurrentTask {
  /** The kernel's GS base (64-bit), that of the segment which `selector` names (32-bit), or 0. */
  readonly base: 'kernelGs' | 'kernelFs' | 'absolute';
  readonly selector: number;
  readonly offset: bigint;
  /** The symbol or the function that it was taken from. */
  readonly source: string;
}

/** GDT_ENTRY_PERCPU of 32-bit kernels (arch/x86/include/asm/segment.h), as a selector. */
const PER_CPU_SELECTOR = 27 * 8;

const baseOf = (pointerBytes: 4 | 8): Pick<CurrentTask, 'base' | 'selector'> =>
  pointerBytes === 8 ? { base: 'kernelGs', selector: 0 } : { base: 'kernelFs', selector: PER_CPU_SELECTOR };

/** A per-CPU variable up to 6.1, the first member of pcpu_hot from 6.2, a per-CPU variable again from 6.15. */
export function currentTaskBySymbol(
  symbols: Kallsyms,
  types: KernelTypes | undefined,
  pointerBytes: 4 | 8,
): CurrentTask | undefined {
  const variable = symbols.address('current_task');
  if (variable !== undefined) return { ...baseOf(pointerBytes), offset: variable, source: 'current_task' };
  const hot = symbols.address('pcpu_hot');
  const member = types?.offsetOf('pcpu_hot', 'current_task');
  if (hot === undefined || member === undefined) return undefined;
  return { ...baseOf(pointerBytes), offset: hot + BigInt(member), source: 'pcpu_hot.current_task' };
}

/** getppid in all its spellings: it takes the current task, and of that real_parent, and nothing before. */
const GETPPID = ['__do_sys_getppid', '__x64_sys_getppid', '__ia32_sys_getppid', 'sys_getppid'];
const FUNCTION_BYTES = 64;

/** A byte of an instruction: its value under the mask, which is ffh if there is none. */
type CodeByte = number | readonly [value: number, mask: number];

interface Load {
  /** All before the 32-bit operand. */
  readonly code: readonly CodeByte[];
  readonly base: CurrentTask['base'];
  /** The operand is a distance from the end of the instruction. */
  readonly relative: boolean;
}

/** Any register: bits of REX and ModRM that say which (SDM vol. 2, 2.1 and 2.2.1). */
const REX_W = [0x48, 0xfb] as const;
const MODRM_DISPLACEMENT = [0x05, 0xc7] as const;
const MODRM_SIB = [0x04, 0xc7] as const;

/** Loads of a pointer into a register: from FS or GS at an address, or from an address. */
// biome-ignore format: a table
const LOADS: Readonly<Record<4 | 8, readonly Load[]>> = {
  4: [
    { base: 'kernelFs', relative: false, code: [0x64, 0xa1] },
    { base: 'kernelFs', relative: false, code: [0x64, 0x8b, MODRM_DISPLACEMENT] },
    { base: 'absolute', relative: false, code: [0xa1] },
    { base: 'absolute', relative: false, code: [0x8b, MODRM_DISPLACEMENT] },
  ],
  8: [
    { base: 'kernelGs', relative: false, code: [0x65, REX_W, 0x8b, MODRM_SIB, 0x25] },
    { base: 'kernelGs', relative: true,  code: [0x65, REX_W, 0x8b, MODRM_DISPLACEMENT] },
  ],
};
/** MOV of a pointer at any register + disp32. */
const MEMBER: readonly CodeByte[] = [0x8b, [0x80, 0xc0]];

/** Where the operand stands behind the first such code at or after `from`; -1 if there is none. */
function findCode(bytes: Uint8Array, code: readonly CodeByte[], from: number): number {
  const isAt = (at: number): boolean =>
    code.every((byte, i) => {
      const [value, mask] = typeof byte === 'number' ? ([byte, 0xff] as const) : byte;
      return (bytes[at + i]! & mask) === value;
    });
  for (let at = from; at + code.length + 4 <= bytes.length; at++) if (isAt(at)) return at + code.length;
  return -1;
}

/** What the code of getppid tells. */
export interface ParentCode {
  readonly current: CurrentTask;
  /** Offset of real_parent in task_struct. */
  readonly parent: number;
}

/** For kernels that name no data (without KALLSYMS_ALL) or no types (without BTF): the code that uses them does. */
export function readParentCode(memory: KernelMemory, symbols: Kallsyms): ParentCode | undefined {
  const { pointerBytes } = memory;
  for (const name of GETPPID) {
    const address = symbols.address(name);
    const bytes = address === undefined ? undefined : memory.read(address, FUNCTION_BYTES);
    if (address === undefined || bytes === undefined) continue;
    const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
    for (const { code, base, relative } of LOADS[pointerBytes]) {
      const load = findCode(bytes, code, 0);
      const member = load < 0 ? -1 : findCode(bytes, MEMBER, load + 4);
      if (member < 0) continue;
      const operand = BigInt(view.getInt32(load, true)) + (relative ? address + BigInt(load + 4) : 0n);
      const offset = BigInt.asUintN(8 * pointerBytes, operand);
      return {
        current: { ...baseOf(pointerBytes), base, offset, source: `the code of ${name}` },
        parent: view.getInt32(member, true),
      };
    }
  }
  return undefined;
}

/** The current task's address; undefined if it is not mapped. */
export function readCurrentTask(
  memory: KernelMemory,
  processor: ProcessorFacts,
  { base, selector, offset }: CurrentTask,
): bigint | undefined {
  const from =
    base === 'absolute' ? 0n : base === 'kernelGs' ? processor.kernelGs : readSegmentBase(memory, processor, selector);
  if (from === undefined) return undefined;
  return readPointer(memory, BigInt.asUintN(8 * memory.pointerBytes, from + offset));
}
