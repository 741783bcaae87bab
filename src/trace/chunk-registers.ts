/** The registers of an `EventChunk`, each a column that is decoded when it is first asked for. */
import { ColumnError, ColumnReader, finished } from './bytes.ts';
import { decodePatterns, type Patterns, registerCodes } from './chunk-dictionaries.ts';
import { REGISTER_COUNT } from './event.ts';
import type { trapline } from './generated/trace.js';

/** What the rows of a chunk are predicted from. */
export interface RowKeys {
  /** Row i's task and site, and how many there are of each. */
  readonly taskRow: Uint32Array;
  readonly taskCount: number;
  readonly site: Uint32Array;
  readonly siteCount: number;
}

// How a register of an event is coded, see `pattern_dictionary` in proto/trace.proto.
/** Bit: by the site's last event, not the task's. */
const OF_SITE = 1;
/** From here on: with a difference. */
const DIFFERENT = 2;

export class RegisterColumns {
  readonly #message: trapline.EventChunk;
  readonly #keys: RowKeys;
  readonly #columns: (Uint32Array | undefined)[] = new Array<undefined>(REGISTER_COUNT).fill(undefined);
  #patterns: Patterns | undefined;
  #pattern: Uint32Array | undefined;

  constructor(message: trapline.EventChunk, keys: RowKeys) {
    this.#message = message;
    this.#keys = keys;
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
    this.#pattern ??= this.#decodePatternRows(this.#patterns.count);
    const codes = registerCodes(this.#patterns, register);
    const pattern = this.#pattern;
    const { taskRow, taskCount, site } = this.#keys;
    const differences = new ColumnReader(coded).differences();
    // The words that each task and each site left last; tasks stand before sites.
    const last = new Int32Array(2 * (taskCount + this.#keys.siteCount));
    const count = taskRow.length;
    const column = new Uint32Array(2 * count);
    let next = 0;
    for (let row = 0; row < count; row++) {
      const atTask = 2 * taskRow[row]!;
      const atSite = 2 * (taskCount + site[row]!);
      const code = codes[pattern[row]!]!;
      const base = (code & OF_SITE) === 0 ? atTask : atSite;
      let low = last[base]!;
      let high = last[base + 1]!;
      if (code >= DIFFERENT) {
        if (next >= differences.length) throw new ColumnError('a column ends early');
        const sum = (low + differences[next]!) | 0;
        high = (high + differences[next + 1]! + (sum >>> 0 < low >>> 0 ? 1 : 0)) | 0;
        low = sum;
        next += 2;
      }
      last[atTask] = low;
      last[atTask + 1] = high;
      last[atSite] = low;
      last[atSite + 1] = high;
      column[2 * row] = low;
      column[2 * row + 1] = high;
    }
    if (next !== differences.length) throw new ColumnError('a column holds more than its events');
    return column;
  }

  #decodePatternRows(limit: number): Uint32Array {
    const { site, siteCount } = this.#keys;
    const column = new ColumnReader(this.#message.pattern);
    const rows = new Uint32Array(site.length);
    column.varints(rows);
    finished(column);
    const sitePattern = new Uint32Array(siteCount);
    for (let row = 0; row < rows.length; row++) {
      const coded = rows[row]!;
      if (coded > limit) throw new ColumnError('a pattern is not in the dictionary');
      if (coded === 0) rows[row] = sitePattern[site[row]!]!;
      else sitePattern[site[row]!] = coded;
    }
    return rows;
  }
}
