/** Which symbol of the kernel or of a module an address lies in. */
import { type KernelStructures, orNote } from './kernel.ts';
import { readModuleSymbols } from './module-symbols.ts';
import { type KernelModule, readModules } from './modules.ts';

/** What lies at `start` to `start + size - 1`; without a symbol of its own the name is empty. */
export interface SymbolRange {
  readonly start: bigint;
  readonly size: bigint;
  readonly name: string;
  /** undefined: the kernel's own image. */
  readonly module: string | undefined;
}

/** Symbols of an image of which the ends are not known are followed by others. */
const LONGEST_SYMBOL = 0x10_0000n;

/** Names addresses one by one. */
export class RangeFinder {
  readonly #kernel: KernelStructures;
  readonly #image: { readonly start: bigint; readonly end: bigint };
  #loaded: { readonly modules: readonly KernelModule[]; readonly ranges: readonly SymbolRange[] } | undefined;

  constructor(kernel: KernelStructures) {
    this.#kernel = kernel;
    const { symbols } = kernel;
    const start = symbols.address('_text') ?? symbols.address('_stext') ?? 0n;
    this.#image = { start, end: symbols.address('_end') ?? -1n };
  }

  /** undefined: nothing that the kernel still knows lies there. */
  at(address: bigint): SymbolRange | undefined {
    const { start, end } = this.#image;
    if (address >= start && address < end) return this.#inImage(address);
    const { modules, ranges } = this.#modules();
    const found = ranges[countTo(ranges, address) - 1];
    if (found !== undefined && address < found.start + found.size) return found;
    const module = modules.find(({ text }) => address >= text.start && address < text.end);
    if (module === undefined) return undefined;
    // Code in front of its first symbol.
    const { name, text } = module;
    const [next] = ranges.filter((range) => range.module === name && range.start > address);
    return { start: text.start, size: (next?.start ?? text.end) - text.start, name: '', module: name };
  }

  /** A symbol of the kernel itself. */
  named(name: string): SymbolRange | undefined {
    const address = this.#kernel.symbols.address(name);
    return address === undefined ? undefined : this.#inImage(address);
  }

  #inImage(address: bigint): SymbolRange | undefined {
    const { symbols } = this.#kernel;
    const found = symbols.at(address);
    if (found === undefined || found.offset > LONGEST_SYMBOL) return undefined;
    const start = found.symbol.address;
    const end = symbols.next(address) ?? start + LONGEST_SYMBOL;
    return { start, size: end - start, name: found.symbol.name, module: undefined };
  }

  /** Read when first asked for: few traces hold addresses of modules. Those that hide are among them. */
  #modules() {
    if (this.#loaded === undefined) {
      const { modules } = readModules(this.#kernel);
      const ranges = modules.flatMap((module) => orNote([], '', () => rangesOf(this.#kernel, module)) ?? []);
      this.#loaded = { modules, ranges: ranges.sort((a, b) => (a.start < b.start ? -1 : 1)) };
    }
    return this.#loaded;
  }
}

/** How many ranges begin at or before an address. */
function countTo(ranges: readonly SymbolRange[], address: bigint): number {
  let low = 0;
  let high = ranges.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (ranges[middle]!.start <= address) low = middle + 1;
    else high = middle;
  }
  return low;
}

/** A symbol ends where the next of its module begins, or with the module. */
function rangesOf(kernel: KernelStructures, module: KernelModule): SymbolRange[] {
  const { name, text } = module;
  const symbols = readModuleSymbols(kernel, module);
  return symbols.map((symbol, i) => {
    const start = symbol.address;
    const limit = start >= text.start && start < text.end ? text.end : start + 1n;
    const next = symbols[i + 1]?.address ?? limit;
    return {
      start,
      size: (next < limit || limit === start + 1n ? next : limit) - start,
      name: symbol.name,
      module: name,
    };
  });
}
