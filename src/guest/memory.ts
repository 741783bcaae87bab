/**
 * What the readers of guest knowledge need: guest-virtual memory of a kernel, read without side effects.
 * A live machine, a snapshot and a memory image can all be looked at through it.
 */
export interface KernelMemory {
  /** Copies `length` bytes at a guest-virtual address; undefined if any page of it is not mapped. */
  read(address: bigint, length: number): Uint8Array | undefined;
}

/** Kernel memory from which the memory of processes can be reached. */
export interface GuestMemory extends KernelMemory {
  /** What a process sees; `pageTable` is the kernel-virtual address of its top-level table (mm->pgd). */
  process(pageTable: bigint): KernelMemory | undefined;
  /** Addresses of the mapped 4-KiB pages from `start` to before `end`, ascending. */
  pages(start: bigint, end: bigint): Iterable<bigint>;
}

/** Reads guest-physical memory; undefined outside RAM. */
export type PhysicalReader = (address: number, length: number) => Uint8Array | undefined;

const PRESENT = 1n;
const LARGE = 1n << 7n;
const FRAME = 0x000f_ffff_ffff_f000n;

/** 4-level paging (SDM vol. 3, 4.5) over guest-physical memory, without touching accessed or dirty bits. */
export class PagedMemory implements GuestMemory {
  readonly #physical: PhysicalReader;
  readonly #root: bigint;
  readonly #pages = new Map<bigint, number | undefined>();

  /** `cr3` is the raw register; its low 12 bits (PCID) are ignored. */
  constructor(physical: PhysicalReader, cr3: bigint) {
    this.#physical = physical;
    this.#root = cr3 & FRAME;
  }

  read(address: bigint, length: number): Uint8Array | undefined {
    const out = new Uint8Array(length);
    for (let done = 0; done < length; ) {
      const at = address + BigInt(done);
      const within = Number(at & 0xfffn);
      const step = Math.min(length - done, 0x1000 - within);
      const frame = this.#translate(at >> 12n);
      const bytes = frame === undefined ? undefined : this.#physical(frame + within, step);
      if (bytes === undefined) return undefined;
      out.set(bytes, done);
      done += step;
    }
    return out;
  }

  /** Guest-physical address of a guest-virtual one; undefined if it is not mapped. */
  physical(address: bigint): number | undefined {
    const frame = this.#translate(address >> 12n);
    return frame === undefined ? undefined : frame + Number(address & 0xfffn);
  }

  process(pageTable: bigint): PagedMemory | undefined {
    const frame = this.#translate(pageTable >> 12n);
    return frame === undefined ? undefined : new PagedMemory(this.#physical, BigInt(frame));
  }

  *pages(start: bigint, end: bigint): Generator<bigint> {
    for (let at = start; at < end; ) {
      const absent = this.#absent(at);
      if (absent === 0n) {
        yield at;
        at += 0x1000n;
      } else at += absent - (at & (absent - 1n));
    }
  }

  /** Bytes of the unmapped unit around an address: 512 GiB down to 4 KiB; 0 if it is mapped. */
  #absent(address: bigint): bigint {
    let table = this.#root;
    for (let shift = 39n; shift >= 12n; shift -= 9n) {
      const entry = this.#entry(table, (address >> shift) & 511n);
      if (entry === undefined || (entry & PRESENT) === 0n) return 1n << shift;
      if (shift < 39n && shift > 12n && (entry & LARGE) !== 0n) return 0n;
      table = entry & FRAME;
    }
    return 0n;
  }

  #entry(table: bigint, index: bigint): bigint | undefined {
    const bytes = this.#physical(Number(table + index * 8n), 8);
    return bytes && new DataView(bytes.buffer, bytes.byteOffset, 8).getBigUint64(0, true);
  }

  #translate(page: bigint): number | undefined {
    if (this.#pages.has(page)) return this.#pages.get(page);
    const frame = this.#walk(page << 12n);
    this.#pages.set(page, frame);
    return frame;
  }

  #walk(address: bigint): number | undefined {
    let table = this.#root;
    for (let shift = 39n; shift >= 12n; shift -= 9n) {
      const entry = this.#entry(table, (address >> shift) & 511n);
      if (entry === undefined || (entry & PRESENT) === 0n) return undefined;
      if (shift < 39n && shift > 12n && (entry & LARGE) !== 0n) {
        const mask = (1n << shift) - 1n;
        return Number((entry & FRAME & ~mask) | (address & mask & ~0xfffn));
      }
      table = entry & FRAME;
    }
    return Number(table);
  }
}

/** Little-endian u64 at a guest-virtual address; undefined if unmapped. */
export function readU64(memory: KernelMemory, address: bigint): bigint | undefined {
  const bytes = memory.read(address, 8);
  return bytes && new DataView(bytes.buffer, bytes.byteOffset, 8).getBigUint64(0, true);
}

/** NUL-terminated Latin-1 string of at most `limit` bytes; undefined if its start is unmapped. */
export function readString(memory: KernelMemory, address: bigint, limit = 256): string | undefined {
  let text = '';
  while (text.length < limit) {
    const at = address + BigInt(text.length);
    const step = Math.min(limit - text.length, 0x1000 - Number(at & 0xfffn));
    const bytes = memory.read(at, step);
    if (bytes === undefined) return text === '' ? undefined : text;
    const end = bytes.indexOf(0);
    text += Buffer.from(end < 0 ? bytes : bytes.subarray(0, end)).toString('latin1');
    if (end >= 0) break;
  }
  return text;
}
