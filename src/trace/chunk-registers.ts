/** The registers of an `EventChunk`, each a column that is decoded when it is first asked for. */
import { ColumnError } from './bytes.ts';
import { decodePatterns, type Patterns, registerCodes } from './chunk-dictionaries.ts';
import { decodePatternRows, decodeRegister, type RowKeys } from './column-decoder.ts';
import type { ColumnMemory } from './column-memory.ts';
import { REGISTER_COUNT } from './event.ts';
import type { trapline } from './generated/trace.js';

/** The rows of a chunk: what registers are predicted from. */
export type ChunkRows = Omit<RowKeys, 'pattern'>;

export class RegisterColumns {
  readonly #memory: ColumnMemory;
  readonly #message: trapline.EventChunk;
  readonly #rows: ChunkRows;
  readonly #columns: (Uint32Array | undefined)[] = new Array<undefined>(REGISTER_COUNT).fill(undefined);
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
    const column = this.#decode(register);
    this.#columns[register] = column;
    return column;
  }

  #decode(register: number): Uint32Array {
    const coded = this.#message.register[register];
    if (coded === undefined || this.#message.register.length !== REGISTER_COUNT) {
      throw new ColumnError('a register has no column');
    }
    this.#patterns ??= decodePatterns(this.#message.patternDictionary);
    this.#keys ??= this.#decodeKeys(this.#patterns.count);
    return decodeRegister(this.#memory, coded, this.#keys, registerCodes(this.#patterns, register));
  }

  #decodeKeys(patterns: number): RowKeys {
    const { site, siteCount } = this.#rows;
    const pattern = decodePatternRows(this.#memory, this.#message.pattern, site, siteCount, patterns);
    return { ...this.#rows, pattern };
  }
}
