import { type NamedRange, namedRanges } from '../../trace/kernel-symbols.ts';
import type { Fact } from '../../trace/messages.ts';

/** The kernel's names, as far as the trace has them: of the addresses in its own events, and of symbols that were watched. */
export class KernelSymbols {
  static readonly NONE = new KernelSymbols([]);
  readonly #ranges: readonly NamedRange[];
  readonly #texts = new Map<bigint, string | undefined>();

  constructor(ranges: readonly NamedRange[]) {
    this.#ranges = ranges;
  }

  /** From a trace's profile. */
  static of(profile: ReadonlyMap<string, Fact>): KernelSymbols {
    const { ranges } = namedRanges(profile) ?? { ranges: [] };
    return ranges.length === 0 ? KernelSymbols.NONE : new KernelSymbols(ranges);
  }

  /** What an address lies in. */
  at(address: bigint): NamedRange | undefined {
    let low = 0;
    let high = this.#ranges.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (this.#ranges[middle]!.start <= address) low = middle + 1;
      else high = middle;
    }
    const found = this.#ranges[low - 1];
    return found !== undefined && address < found.start + found.size ? found : undefined;
  }

  /** The first of that name. */
  named(name: string): NamedRange | undefined {
    return this.#ranges.find((range) => range.name === name);
  }

  /** `do_idle+0x1f`, `hook+0x4 [rootkit]`, `[rootkit]+0x40`; undefined: it has no name. */
  text(address: bigint): string | undefined {
    const known = this.#texts.get(address);
    if (known !== undefined || this.#texts.has(address)) return known;
    const text = this.#text(address);
    if (this.#texts.size < MOST_TEXTS) this.#texts.set(address, text);
    return text;
  }

  #text(address: bigint): string | undefined {
    const found = this.at(address);
    if (found === undefined) return undefined;
    const { name, module, start } = found;
    const offset = address === start ? '' : `+0x${(address - start).toString(16)}`;
    if (name === '') return `[${module}]${offset}`;
    return `${name}${offset}${module === undefined ? '' : ` [${module}]`}`;
  }
}

const MOST_TEXTS = 1 << 16;
