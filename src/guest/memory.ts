/**
 * What the readers of guest knowledge need: guest-virtual memory of a kernel, read without side effects.
 * A live machine, a snapshot and a memory image can all be looked at through it.
 */
export interface KernelMemory {
  /** Bytes of a pointer of the kernel. */
  readonly pointerBytes: 4 | 8;
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

/** How linear addresses are translated: 4-level (long mode), PAE, or 32-bit paging (SDM vol. 3, 4.3 to 4.5). */
export type Paging = 'long' | 'pae' | '32-bit';

interface PagingForm {
  readonly pointerBytes: 4 | 8;
  readonly entryBytes: 4 | 8;
  /** Lowest address bit of each level's index, from the topmost table on. */
  readonly shifts: readonly bigint[];
  /** Bits of an index. */
  readonly indexBits: bigint;
  /** Levels whose entries may map a large page themselves. */
  readonly large: readonly bigint[];
  /** Address bits of CR3, and of an entry. */
  readonly root: bigint;
  readonly frame: bigint;
}

const FRAME = 0x000f_ffff_ffff_f000n;

// biome-ignore format: a table
const FORMS: Readonly<Record<Paging, PagingForm>> = {
  'long':   { pointerBytes: 8, entryBytes: 8, shifts: [39n, 30n, 21n, 12n], indexBits: 9n,  large: [30n, 21n], root: FRAME,        frame: FRAME },
  'pae':    { pointerBytes: 4, entryBytes: 8, shifts: [30n, 21n, 12n],      indexBits: 9n,  large: [21n],      root: 0xffff_ffe0n, frame: FRAME },
  '32-bit': { pointerBytes: 4, entryBytes: 4, shifts: [22n, 12n],           indexBits: 10n, large: [22n],      root: 0xffff_f000n, frame: 0xffff_f000n },
};

const PRESENT = 1n;
const LARGE = 1n << 7n;

/** A guest's paging over its physical memory, without touching accessed or dirty bits. */
export class PagedMemory implements GuestMemory {
  readonly #physical: PhysicalReader;
  readonly #root: bigint;
  readonly #paging: Paging;
  readonly #form: PagingForm;
  readonly #pages = new Map<bigint, number | undefined>();

  /** `cr3` is the raw register; what of it is no address (PCID) is ignored. */
  constructor(physical: PhysicalReader, cr3: bigint, paging: Paging = 'long') {
    this.#physical = physical;
    this.#paging = paging;
    this.#form = FORMS[paging];
    this.#root = cr3 & this.#form.root;
  }

  get pointerBytes(): 4 | 8 {
    return this.#form.pointerBytes;
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
    const root = this.physical(pageTable);
    return root === undefined ? undefined : new PagedMemory(this.#physical, BigInt(root), this.#paging);
  }

  *pages(start: bigint, end: bigint): Generator<bigint> {
    for (let at = start; at < end; ) {
      const { unit, frame } = this.#walk(at);
      if (frame !== undefined) {
        yield at;
        at += 0x1000n;
      } else at += unit - (at & (unit - 1n));
    }
  }

  #entry(table: bigint, index: bigint): bigint | undefined {
    const { entryBytes } = this.#form;
    const bytes = this.#physical(Number(table) + Number(index) * entryBytes, entryBytes);
    if (bytes === undefined) return undefined;
    const view = new DataView(bytes.buffer, bytes.byteOffset, entryBytes);
    return entryBytes === 8 ? view.getBigUint64(0, true) : BigInt(view.getUint32(0, true));
  }

  #translate(page: bigint): number | undefined {
    if (this.#pages.has(page)) return this.#pages.get(page);
    const { frame } = this.#walk(page << 12n);
    this.#pages.set(page, frame);
    return frame;
  }

  /** The frame of an address's page, and the bytes of the unit around it that the last entry looked at stands for. */
  #walk(address: bigint): { unit: bigint; frame: number | undefined } {
    const { shifts, indexBits, large, frame } = this.#form;
    let table = this.#root;
    for (const shift of shifts) {
      const unit = 1n << shift;
      const entry = this.#entry(table, (address >> shift) & ((1n << indexBits) - 1n));
      if (entry === undefined || (entry & PRESENT) === 0n) return { unit, frame: undefined };
      if (large.includes(shift) && (entry & LARGE) !== 0n) {
        const start = largeFrame(entry, shift) & ~(unit - 1n);
        return { unit, frame: Number(start | (address & (unit - 1n) & ~0xfffn)) };
      }
      table = entry & frame;
    }
    return { unit: 0x1000n, frame: Number(table) };
  }
}

/** 32-bit paging has 8 more address bits of a 4-MiB page in bits 13 to 20 (PSE-36). */
function largeFrame(entry: bigint, shift: bigint): bigint {
  return shift === 22n ? (entry & 0xffc0_0000n) | (((entry >> 13n) & 0xffn) << 32n) : entry & FRAME;
}

/** Little-endian u32 or u64, as wide as the kernel's pointers; undefined if unmapped. */
export function readPointer(memory: KernelMemory, address: bigint): bigint | undefined {
  const bytes = memory.read(address, memory.pointerBytes);
  if (bytes === undefined) return undefined;
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  return memory.pointerBytes === 8 ? view.getBigUint64(0, true) : BigInt(view.getUint32(0, true));
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
