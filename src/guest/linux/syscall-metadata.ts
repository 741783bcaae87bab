// Format: include/trace/syscall.h of the Linux sources (CONFIG_FTRACE_SYSCALLS).
import { type KernelMemory, readPointer, readString } from '../memory.ts';
import type { Kallsyms } from './kallsyms.ts';
import type { KernelTypes } from './types.ts';

/** What a kernel says of one of its own system calls. Names are the kernel's (`newfstat`), not always the ABI's. */
export interface SyscallMetadata {
  readonly number: number;
  readonly name: string;
  readonly types: readonly string[];
  readonly arguments: readonly string[];
}

/** More system calls than any kernel has, so that a damaged table ends. */
const MOST = 1024;

/**
 * The kernel's table of its system calls, indexed by number. It is filled late in boot; before that, or in a kernel
 * without FTRACE_SYSCALLS, the result is empty.
 */
export function readSyscallMetadata(
  memory: KernelMemory,
  symbols: Kallsyms,
  types: KernelTypes | undefined,
): SyscallMetadata[] {
  const pointer = symbols.address('syscalls_metadata');
  const table = pointer === undefined ? undefined : readPointer(memory, pointer);
  if (table === undefined || table === 0n) return [];
  const offset = (member: string, usual: number): bigint =>
    BigInt(types?.offsetOf('syscall_metadata', member) ?? usual);
  const { pointerBytes } = memory;
  // A bit field of 7 bits from 6.19 on.
  const countMask = (1 << Math.min(8, types?.member('syscall_metadata', 'nb_args')?.bits?.count ?? 8)) - 1;
  const at = {
    name: offset('name', 0),
    count: offset('nb_args', pointerBytes + 4),
    types: offset('types', 2 * pointerBytes + (pointerBytes === 8 ? 0 : 4)),
    args: offset('args', 3 * pointerBytes + (pointerBytes === 8 ? 0 : 4)),
  };
  const lowest = pointerBytes === 8 ? 0xffff_8000_0000_0000n : 0x4000_0000n;
  const out: SyscallMetadata[] = [];
  for (let number = 0; number < MOST; number++) {
    const entry = readPointer(memory, table + BigInt(pointerBytes * number));
    if (entry === undefined) break;
    if (entry < lowest) {
      if (entry !== 0n) break;
      continue;
    }
    const name = readPointer(memory, entry + at.name);
    const text = name === undefined ? undefined : readString(memory, name);
    const byte = memory.read(entry + at.count, 1)?.[0];
    const count = byte === undefined ? undefined : byte & countMask;
    if (text === undefined || !text.startsWith('sys_') || count === undefined || count > 6) break;
    out.push({
      number,
      name: text.slice(4),
      types: strings(memory, entry + at.types, count),
      arguments: strings(memory, entry + at.args, count),
    });
  }
  return out;
}

function strings(memory: KernelMemory, pointer: bigint, count: number): string[] {
  const table = count === 0 ? undefined : readPointer(memory, pointer);
  if (table === undefined) return [];
  return Array.from({ length: count }, (_, i) => {
    const at = readPointer(memory, table + BigInt(memory.pointerBytes * i));
    return (at === undefined ? undefined : readString(memory, at)) ?? '';
  });
}
