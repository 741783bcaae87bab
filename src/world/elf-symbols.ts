// Symbols and sections of ELF files (System V gABI, chapters 4 and 5).
import { isElf } from './elf.ts';

/** A piece of a program, at the address that its file says. */
export interface ProgramPiece {
  readonly address: bigint;
  readonly length: bigint;
  /** Lowest address of the program's executable segments: what Linux counts as the start of its code. */
  readonly codeStart: bigint;
}

const SYMBOL_TABLES = new Set([2, 11]); // SHT_SYMTAB, SHT_DYNSYM
/** Types of symbols whose value is an address: none, object, function, indirect function. */
const PLACES = new Set([0, 1, 2, 10]);
/** STB_LOCAL: a library's own variable of the same name comes before the program's. */
const LOCAL = 0;
const PT_LOAD = 1;
const PF_X = 1;

/** Offsets of what is read, in the file header, a section header, a symbol and a program header; `word`: bytes of an address. */
interface Layout {
  readonly word: 4 | 8;
  readonly header: Places<'segments' | 'sections' | 'counts'>;
  readonly section: Places<'bytes' | 'address'>;
  readonly symbol: Places<'bytes' | 'value' | 'size' | 'info' | 'section'>;
  readonly segment: Places<'bytes' | 'address' | 'flags'>;
}

type Places<Names extends string> = Readonly<Record<Names, number>>;

/** By the class byte. `counts`: e_phnum, then two bytes on e_shentsize, e_shnum and e_shstrndx. */
const LAYOUTS: Readonly<Record<number, Layout>> = {
  1: {
    word: 4,
    header: { segments: 28, sections: 32, counts: 44 },
    section: { bytes: 40, address: 12 },
    symbol: { bytes: 16, value: 4, size: 8, info: 12, section: 14 },
    segment: { bytes: 32, address: 8, flags: 24 },
  },
  2: {
    word: 8,
    header: { segments: 32, sections: 40, counts: 56 },
    section: { bytes: 64, address: 16 },
    symbol: { bytes: 24, value: 8, size: 16, info: 4, section: 6 },
    segment: { bytes: 56, address: 16, flags: 4 },
  },
};

interface Section {
  readonly name: number;
  readonly type: number;
  readonly address: bigint;
  readonly offset: number;
  readonly size: number;
  readonly link: number;
}

/**
 * A symbol (a global one before a file's own) or, by its name, a section; undefined if the file is no ELF file or has
 * none of that name.
 */
export function findProgramPiece(bytes: Uint8Array, name: string): ProgramPiece | undefined {
  const layout = LAYOUTS[bytes[4] ?? 0];
  if (!isElf(bytes) || layout === undefined) return undefined;
  const file = new ElfFile(bytes, layout);
  const { codeStart, sections } = file;
  const names = sections[file.short(layout.header.counts + 6)];
  for (const section of sections) {
    if (section.address !== 0n && file.text(names, section.name) === name)
      return { address: section.address, length: BigInt(section.size), codeStart };
  }
  const { symbol } = layout;
  let local: ProgramPiece | undefined;
  for (const table of sections.filter(({ type }) => SYMBOL_TABLES.has(type))) {
    const end = Math.min(table.offset + table.size, bytes.length);
    for (let at = table.offset; at + symbol.bytes <= end; at += symbol.bytes) {
      const info = file.byte(at + symbol.info);
      if (file.short(at + symbol.section) === 0 || !PLACES.has(info & 15)) continue;
      if (file.text(sections[table.link], file.int(at)) !== name) continue;
      const piece = { address: file.word(at + symbol.value), length: file.word(at + symbol.size), codeStart };
      if (info >> 4 !== LOCAL) return piece;
      local ??= piece;
    }
  }
  return local;
}

class ElfFile {
  readonly sections: readonly Section[];
  readonly codeStart: bigint;
  readonly #bytes: Uint8Array;
  readonly #view: DataView;
  readonly #layout: Layout;

  constructor(bytes: Uint8Array, layout: Layout) {
    this.#bytes = bytes;
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    this.#layout = layout;
    this.sections = this.#readSections();
    this.codeStart = this.#firstCode();
  }

  /** Fields are 0 where a damaged file has no bytes. */
  byte(at: number): number {
    return this.#bytes[at] ?? 0;
  }

  short(at: number): number {
    return at + 2 <= this.#view.byteLength ? this.#view.getUint16(at, true) : 0;
  }

  int(at: number): number {
    return at + 4 <= this.#view.byteLength ? this.#view.getUint32(at, true) : 0;
  }

  /** An address, offset or size. */
  word(at: number): bigint {
    const low = BigInt(this.int(at));
    return this.#layout.word === 8 ? low | (BigInt(this.int(at + 4)) << 32n) : low;
  }

  /** The string at an offset of a string table. */
  text(table: Section | undefined, at: number): string {
    const start = (table?.offset ?? 0) + at;
    return Buffer.from(this.#bytes.subarray(start, Math.max(start, this.#bytes.indexOf(0, start)))).toString('latin1');
  }

  #readSections(): Section[] {
    const { header, section, word } = this.#layout;
    const first = Number(this.word(header.sections));
    return Array.from({ length: this.short(header.counts + 4) }, (_, i) => {
      const at = first + i * section.bytes;
      const address = at + section.address;
      return {
        name: this.int(at),
        type: this.int(at + 4),
        address: this.word(address),
        offset: Number(this.word(address + word)),
        size: Number(this.word(address + 2 * word)),
        link: this.int(address + 3 * word),
      };
    });
  }

  #firstCode(): bigint {
    const { header, segment } = this.#layout;
    const first = Number(this.word(header.segments));
    let lowest = 2n ** 64n;
    for (let i = 0; i < this.short(header.counts); i++) {
      const at = first + i * segment.bytes;
      const code = this.int(at) === PT_LOAD && (this.int(at + segment.flags) & PF_X) !== 0;
      const address = this.word(at + segment.address);
      if (code && address < lowest) lowest = address;
    }
    return lowest;
  }
}
