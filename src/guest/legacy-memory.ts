import type { KernelMemory, PhysicalReader } from './memory.ts';

const PRESENT = 1n;
const LARGE = 1n << 7n;

/** How tables are laid out: bytes of an entry, address bits of a page and of each level from the top, frame bits. */
interface Layout {
  readonly entry: 4 | 8;
  readonly levels: readonly (readonly [shift: bigint, bits: bigint])[];
  readonly root: bigint;
  readonly frame: bigint;
}

/** Tables of 32-bit paging and of PAE paging (SDM volume 3, 4.3 and 4.4). */
const PLAIN: Layout = { entry: 4, levels: [[22n, 10n], [12n, 10n]], root: 0xffff_f000n, frame: 0xffff_f000n }; // biome-ignore format: one row
const EXTENDED: Layout = { entry: 8, levels: [[30n, 2n], [21n, 9n], [12n, 9n]], root: 0xffff_ffe0n, frame: 0x000f_ffff_ffff_f000n }; // biome-ignore format: one row

/** The paging of 32-bit kernels over guest-physical memory, without touching accessed or dirty bits. */
export class LegacyMemory implements KernelMemory {
  readonly #physical: PhysicalReader;
  readonly #root: bigint;
  readonly #layout: Layout;

  /** `cr3` is the raw register; `extended`: CR4.PAE is set. */
  constructor(physical: PhysicalReader, cr3: bigint, extended: boolean) {
    this.#physical = physical;
    this.#layout = extended ? EXTENDED : PLAIN;
    this.#root = cr3 & this.#layout.root;
  }

  read(address: bigint, length: number): Uint8Array | undefined {
    const out = new Uint8Array(length);
    for (let done = 0; done < length; ) {
      const at = address + BigInt(done);
      const step = Math.min(length - done, 0x1000 - Number(at & 0xfffn));
      const place = this.#walk(at);
      const bytes = place === undefined ? undefined : this.#physical(place, step);
      if (bytes === undefined) return undefined;
      out.set(bytes, done);
      done += step;
    }
    return out;
  }

  #walk(address: bigint): number | undefined {
    const { levels, frame } = this.#layout;
    let table = this.#root;
    for (const [shift, bits] of levels) {
      const entry = this.#entry(table, (address >> shift) & ((1n << bits) - 1n));
      if (entry === undefined || (entry & PRESENT) === 0n) return undefined;
      // Pages of 4 MiB or 2 MiB: one level above the last. The top level of PAE has none.
      if (shift > 12n && shift < 30n && (entry & LARGE) !== 0n) {
        const within = (1n << shift) - 1n;
        return Number((entry & frame & ~within) | (address & within));
      }
      table = entry & frame;
    }
    return Number(table | (address & 0xfffn));
  }

  #entry(table: bigint, index: bigint): bigint | undefined {
    const { entry } = this.#layout;
    const bytes = this.#physical(Number(table + index * BigInt(entry)), entry);
    if (bytes === undefined) return undefined;
    const view = new DataView(bytes.buffer, bytes.byteOffset, entry);
    return entry === 8 ? view.getBigUint64(0, true) : BigInt(view.getUint32(0, true));
  }
}
