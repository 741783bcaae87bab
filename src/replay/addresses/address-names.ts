import type { AddressSpaces } from './address-spaces.ts';
import type { KernelSymbols } from './kernel-symbols.ts';

/** Addresses from here on are no program's. */
const USER_END = 1n << 53n;

/** Names of addresses, from what a trace tells. */
export class AddressNames {
  readonly #kernel: KernelSymbols;
  readonly #spaces: () => AddressSpaces | undefined;

  /** `spaces` is asked for only where it is needed. */
  constructor(kernel: KernelSymbols, spaces: () => AddressSpaces | undefined) {
    this.#kernel = kernel;
    this.#spaces = spaces;
  }

  /**
   * A guest-virtual address as it was right after an event, in a process: `do_idle+0x1f`, `hook [rootkit]`,
   * `libc.so.6+0x11a2b4`, `[heap]+0x20`, `[stack]`; undefined where the trace does not tell. May hold any bytes that
   * a guest can put into a file's name.
   */
  nameOf(address: bigint, process: number | undefined, event: number): string | undefined {
    const symbol = this.#kernel.text(address);
    if (symbol !== undefined || process === undefined || address >= USER_END) return symbol;
    const at = Number(address);
    const region = this.#spaces()?.at(at, process, event);
    if (region?.origin === undefined) return region?.name;
    return `${region.name}+0x${(at - region.origin).toString(16)}`;
  }
}
