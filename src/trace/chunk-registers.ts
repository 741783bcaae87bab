/** The registers of an `EventChunk`, each a column of which is kept what was asked for. */
import { ColumnError } from './bytes.ts';
import { decodePatterns, type Patterns, registerCodes } from './chunk-dictionaries.ts';
import { decodePatternRows, decodeRegister, type RowKeys } from './column-decoder.ts';
import type { ColumnMemory } from './column-memory.ts';
import { REGISTER_COUNT } from './event.ts';
import type { trapline } from './generated/trace.js';

/** The rows of a chunk: what registers are predicted from. */
export type ChunkRows = Omit<RowKeys, 'pattern'>;

/** Rows around the one that was asked for that are kept: who shows a screen of them looks no further. */
const NEARBY = 512;

/** A part of a column. */
interface Part {
  /** Its first row, and the one behind it. */
  readonly from: number;
  readonly to: number;
  readonly words: Uint32Array;
}

export class RegisterColumns {
  readonly #memory: ColumnMemory;
  readonly #message: trapline.EventChunk;
  readonly #rows: ChunkRows;
  readonly #columns: (Uint32Array | undefined)[] = new Array<undefined>(REGISTER_COUNT).fill(undefined);
  readonly #parts: (Part | undefined)[] = new Array<undefined>(REGISTER_COUNT).fill(undefined);
  #patterns: Patterns | undefined;
  #keys: RowKeys | undefined;

  constructor(memory: ColumnMemory, message: trapline.EventChunk, rows: ChunkRows) {
    this.#memory = memory;
    this.#message = message;
    this.#rows = rows;
  }

  /** Two words a row, low word first. Throws ColumnError when it is damaged. */
  column(register: number): Uint32Array {
    const known = this.#columns[register];
    if (known !== undefined) return known;
    const column = this.#decode(register, 0, this.#rows.taskRow.length);
    this.#columns[register] = column;
    this.#parts[register] = undefined;
    return column;
  }

  /** The low word of one row, as all of these. Rows far from each other make the whole column be kept. */
  low(row: number, register: number): number {
    const column = this.#columns[register];
    if (column !== undefined) return column[2 * row]!;
    const { words, from } = this.#around(row, register);
    return words[2 * (row - from)]!;
  }

  high(row: number, register: number): number {
    const column = this.#columns[register];
    if (column !== undefined) return column[2 * row + 1]!;
    const { words, from } = this.#around(row, register);
    return words[2 * (row - from) + 1]!;
  }

  /** What is kept of a column around a row. */
  #around(row: number, register: number): Part {
    const known = this.#parts[register];
    if (known !== undefined && row >= known.from && row < known.to) return known;
    const count = this.#rows.taskRow.length;
    if (known !== undefined) return { from: 0, to: count, words: this.column(register) };
    const [from, to] = [Math.max(0, row - NEARBY), Math.min(count, row + NEARBY)];
    const part = { from, to, words: this.#decode(register, from, to) };
    this.#parts[register] = part;
    return part;
  }

  #decode(register: number, from: number, to: number): Uint32Array {
    const coded = this.#message.register[register];
    if (coded === undefined || this.#message.register.length !== REGISTER_COUNT) {
      throw new ColumnError('a register has no column');
    }
    this.#patterns ??= decodePatterns(this.#message.patternDictionary);
    this.#keys ??= this.#decodeKeys(this.#patterns.count);
    return decodeRegister(this.#memory, coded, this.#keys, registerCodes(this.#patterns, register), from, to);
  }

  #decodeKeys(patterns: number): RowKeys {
    const { site, siteCount } = this.#rows;
    const pattern = decodePatternRows(this.#memory, this.#message.pattern, site, siteCount, patterns);
    return { ...this.#rows, pattern };
  }
}
