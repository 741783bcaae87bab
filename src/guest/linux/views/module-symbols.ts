// Format: struct mod_kallsyms (kernel/module/internal.h, include/linux/module.h) and the ELF symbols that it leads to.
import type { KernelStructures } from './kernel.ts';
import type { KernelModule } from './modules.ts';

export interface ModuleSymbol {
  readonly address: bigint;
  readonly name: string;
}

/** Struct Elf64_Sym and Elf32_Sym: bytes of one, and where its value and its section stand. */
const SYMBOL = {
  8: { bytes: 24, value: 8, section: 6 },
  4: { bytes: 16, value: 4, section: 14 },
} as const;
const UNDEFINED = 0;
const MOST_SYMBOLS = 1 << 18;
const LONGEST_NAME = 512;
/** Marks of assemblers and compilers, as the kernel passes them over itself. */
const MARK = /^(?:\$|\.L|L0|$)/;

/** The symbols that a module keeps, in order of their addresses; of several at one place the first, as the kernel has it. */
export function readModuleSymbols(kernel: KernelStructures, { address }: KernelModule): ModuleSymbol[] {
  const table = kernel.value(address, 'module', 'kallsyms');
  if (table === 0n) return [];
  const count = Math.min(kernel.number(table, 'mod_kallsyms', 'num_symtab'), MOST_SYMBOLS);
  const strings = kernel.value(table, 'mod_kallsyms', 'strtab');
  const form = SYMBOL[kernel.memory.pointerBytes];
  const bytes = kernel.bytes(kernel.value(table, 'mod_kallsyms', 'symtab'), count * form.bytes);
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  const found = new Map<bigint, string>();
  for (let at = 0; at < bytes.length; at += form.bytes) {
    if (view.getUint16(at + form.section, true) === UNDEFINED) continue;
    const value = at + form.value;
    const start = form.bytes === 24 ? view.getBigUint64(value, true) : BigInt(view.getUint32(value, true));
    const name = kernel.string(strings + BigInt(view.getUint32(at, true)), LONGEST_NAME);
    if (!MARK.test(name) && !found.has(start)) found.set(start, name);
  }
  return [...found]
    .map(([start, name]) => ({ address: start, name }))
    .sort((a, b) => (a.address < b.address ? -1 : a.address > b.address ? 1 : 0));
}
