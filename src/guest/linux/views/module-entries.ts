// Entries of modules' functions: what gcc leaves there for ftrace is a NOP, or a call while ftrace wants one.
import { type KernelStructures, orNote } from './kernel.ts';
import { type ModuleSymbol, readModuleSymbols } from './module-symbols.ts';
import type { KernelModule } from './modules.ts';
import { branchTarget, callTarget, isNop } from './text.ts';

/** An entry that something else stands at. */
export interface TakenEntry {
  readonly address: bigint;
  /** `function [module]` */
  readonly symbol: string;
  /** Where it jumps or calls, if it does. */
  readonly target: bigint | undefined;
  /** ftrace's form: a call. */
  readonly called: boolean;
  readonly found: string;
}

const ENTRY_BYTES = 5;
/** A landing pad before it (ENDBR64), at which a patch may begin. */
const PAD = 4n;
const MOST = 1 << 18;

/** How many entries were looked at, and those where no NOP stands. */
export function moduleEntries(
  kernel: KernelStructures,
  modules: readonly KernelModule[],
  notes: string[],
): { readonly count: number; readonly taken: readonly TakenEntry[] } {
  let count = 0;
  const taken: TakenEntry[] = [];
  for (const module of modules) {
    const name = namesOf(kernel, module);
    const sites = orNote(notes, `entries of ${module.name}`, () => entriesOf(kernel, module)) ?? [];
    count += sites.length;
    for (const address of sites) {
      const entry = orNote(notes, `entries of ${module.name}`, () => look(kernel, module, address, name));
      if (entry !== undefined) taken.push(entry);
    }
  }
  return { count, taken };
}

function entriesOf(kernel: KernelStructures, { address, text }: KernelModule): bigint[] {
  const count = Math.min(kernel.number(address, 'module', 'num_ftrace_callsites'), MOST);
  const table = kernel.value(address, 'module', 'ftrace_callsites');
  const { pointerBytes } = kernel.memory;
  const sites = Array.from({ length: count }, (_, i) => kernel.word(table + BigInt(i * pointerBytes)));
  // Those of code that was given back after initialisation are gone.
  return sites.filter((site) => text.start <= site && site < text.end);
}

/** Names of a module's functions, read when the first one is asked for. */
function namesOf(kernel: KernelStructures, module: KernelModule): (address: bigint) => string {
  let symbols: readonly ModuleSymbol[] | undefined;
  return (address) => {
    symbols ??= readModuleSymbols(kernel, module);
    const own = symbols.findLast((symbol) => symbol.address <= address);
    return `${own?.name ?? `0x${address.toString(16)}`} [${module.name}]`;
  };
}

function look(
  kernel: KernelStructures,
  module: KernelModule,
  address: bigint,
  name: (address: bigint) => string,
): TakenEntry | undefined {
  const start = address - PAD < module.text.start ? module.text.start : address - PAD;
  const at = Number(address - start);
  const bytes = kernel.bytes(start, at + ENTRY_BYTES);
  if (isNop(bytes, at)) return undefined;
  const called = callTarget(bytes, at, start);
  const before = branchTarget(bytes.subarray(0, ENTRY_BYTES), 0, start);
  const target = called ?? branchTarget(bytes, at, start) ?? before;
  return {
    address,
    symbol: name(address),
    target,
    called: called !== undefined,
    found: Buffer.from(bytes.subarray(at)).toString('hex'),
  };
}
