// Format: include/trace/syscall.h of the Linux sources (CONFIG_FTRACE_SYSCALLS).
import { type KernelMemory, readString, readU64 } from '../memory.ts';
import type { Btf } from './btf.ts';
import type { Kallsyms } from './kallsyms.ts';

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
export function readSyscallMetadata(memory: KernelMemory, symbols: Kallsyms, btf: Btf | undefined): SyscallMetadata[] {
  const pointer = symbols.address('syscalls_metadata');
  const table = pointer === undefined ? undefined : readU64(memory, pointer);
  if (table === undefined || table === 0n) return [];
  const offset = (member: string, usual: number): bigint => BigInt(btf?.offsetOf('syscall_metadata', member) ?? usual);
  const at = {
    name: offset('name', 0),
    count: offset('nb_args', 12),
    types: offset('types', 16),
    args: offset('args', 24),
  };
  const out: SyscallMetadata[] = [];
  for (let number = 0; number < MOST; number++) {
    const entry = readU64(memory, table + BigInt(8 * number));
    if (entry === undefined) break;
    if (entry < 0xffff_8000_0000_0000n) {
      if (entry !== 0n) break;
      continue;
    }
    const name = readU64(memory, entry + at.name);
    const text = name === undefined ? undefined : readString(memory, name);
    const count = memory.read(entry + at.count, 4)?.[0];
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
  const table = count === 0 ? undefined : readU64(memory, pointer);
  if (table === undefined) return [];
  return Array.from({ length: count }, (_, i) => {
    const at = readU64(memory, table + BigInt(8 * i));
    return (at === undefined ? undefined : readString(memory, at)) ?? '';
  });
}
