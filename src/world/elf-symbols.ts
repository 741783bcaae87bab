// Symbols and sections of 64-bit ELF files (System V gABI, chapters 4 and 5).
import { isElf } from './elf.ts';

/** A piece of a program, at the address that its file says. */
export interface ProgramPiece {
  readonly address: bigint;
  readonly length: bigint;
  /** Lowest address of the program's executable segments: what Linux counts as the start of its code. */
  readonly codeStart: bigint;
}

const SECTION_BYTES = 64;
const SYMBOL_BYTES = 24;
const SEGMENT_BYTES = 56;
const SYMBOL_TABLES = new Set([2, 11]); // SHT_SYMTAB, SHT_DYNSYM
const PT_LOAD = 1;
const PF_X = 1;

interface Section {
  readonly name: number;
  readonly type: number;
  readonly address: bigint;
  readonly offset: number;
  readonly size: number;
  readonly link: number;
}

/** A symbol or, by its name, a section; undefined if the file is no 64-bit ELF file or has none of that name. */
export function findProgramPiece(bytes: Uint8Array, name: string): ProgramPiece | undefined {
  if (!isElf(bytes) || bytes[4] !== 2) return undefined;
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const sections = readSections(view);
  const text = (table: Section | undefined, at: number): string => {
    const start = (table?.offset ?? 0) + at;
    return Buffer.from(bytes.subarray(start, Math.max(start, bytes.indexOf(0, start)))).toString('latin1');
  };
  const codeStart = firstCode(view);
  const names = sections[view.getUint16(62, true)];
  for (const section of sections) {
    if (section.address !== 0n && text(names, section.name) === name)
      return { address: section.address, length: BigInt(section.size), codeStart };
  }
  for (const table of sections.filter(({ type }) => SYMBOL_TABLES.has(type))) {
    for (let at = table.offset; at + SYMBOL_BYTES <= table.offset + table.size; at += SYMBOL_BYTES) {
      if (view.getUint16(at + 6, true) === 0 || text(sections[table.link], view.getUint32(at, true)) !== name) continue;
      return { address: view.getBigUint64(at + 8, true), length: view.getBigUint64(at + 16, true), codeStart };
    }
  }
  return undefined;
}

function readSections(view: DataView): Section[] {
  const first = Number(view.getBigUint64(40, true));
  return Array.from({ length: view.getUint16(60, true) }, (_, i) => {
    const at = first + i * SECTION_BYTES;
    return {
      name: view.getUint32(at, true),
      type: view.getUint32(at + 4, true),
      address: view.getBigUint64(at + 16, true),
      offset: Number(view.getBigUint64(at + 24, true)),
      size: Number(view.getBigUint64(at + 32, true)),
      link: view.getUint32(at + 40, true),
    };
  });
}

function firstCode(view: DataView): bigint {
  const first = Number(view.getBigUint64(32, true));
  let lowest = 2n ** 64n;
  for (let i = 0; i < view.getUint16(56, true); i++) {
    const at = first + i * SEGMENT_BYTES;
    const code = view.getUint32(at, true) === PT_LOAD && (view.getUint32(at + 4, true) & PF_X) !== 0;
    const address = view.getBigUint64(at + 16, true);
    if (code && address < lowest) lowest = address;
  }
  return lowest;
}
