/**
 * A decoded chunk: columns, read by row. Sites, tasks and moments are decoded at once; registers and captures when
 * first asked for. proto/trace.proto says how each column is coded.
 */
import { ColumnError, ColumnReader, finished } from './bytes.ts';
import { type Captures, decodeCaptures } from './chunk-captures.ts';
import { decodePatterns, decodeSites, decodeTasks, type Sites } from './chunk-dictionaries.ts';
import { EVENT_KIND, REGISTER, REGISTER_COUNT, REGISTER_WORDS } from './event.ts';
import { trapline } from './generated/trace.js';
import { type ChunkSummary, callKey, summaryFromMessage } from './summary.ts';

const WORD = 2 ** 32;
/** Guest memory that was read at an event. */
export interface Capture {
  readonly argument: number;
  readonly kind: number;
  readonly status: number;
  readonly address: bigint;
  readonly fullLength: number;
  /** A view; valid as long as the chunk is. */
  readonly bytes: Uint8Array;
}

function join64(words: Uint32Array, at: number): bigint {
  return (BigInt(words[at + 1]!) << 32n) | BigInt(words[at]!);
}

function joinNumber(words: Uint32Array, at: number): number {
  return words[at + 1]! * WORD + words[at]!;
}

/** The lowest and the highest of 64-bit values, two words each. */
function bounds(words: Uint32Array): readonly [bigint, bigint] {
  let lowest = 0;
  let highest = 0;
  const isBelow = (a: number, b: number) =>
    words[a + 1]! === words[b + 1]! ? words[a]! < words[b]! : words[a + 1]! < words[b + 1]!;
  for (let at = 2; at < words.length; at += 2) {
    if (isBelow(at, lowest)) lowest = at;
    if (isBelow(highest, at)) highest = at;
  }
  return words.length === 0 ? [0n, 0n] : [join64(words, lowest), join64(words, highest)];
}

export class EventChunk {
  readonly summary: ChunkSummary;
  readonly count: number;
  /** Number of row 0 in the trace. */
  readonly firstEvent: number;
  /** Row i's site: an index into `sites`. */
  readonly site: Uint32Array;
  readonly sites: Sites;
  /** Row i's task: an index into `tasks`. */
  readonly taskRow: Uint32Array;
  readonly tasks: readonly bigint[];
  /** Instruction counts, two words a row. */
  readonly icounts: Uint32Array;
  /** Virtual nanoseconds, two words a row. */
  readonly times: Uint32Array;
  readonly #message: trapline.EventChunk;
  #registers: Uint32Array | undefined;
  #captures: Captures | undefined;

  /** Decodes an `EventChunk` message. Throws ColumnError, or what protobufjs throws, when it is damaged. */
  constructor(payload: Uint8Array) {
    const message = trapline.EventChunk.decode(payload);
    this.#message = message;
    this.summary = summaryFromMessage(message.summary ?? {});
    this.count = this.summary.count;
    this.firstEvent = this.summary.firstEvent;
    // Each event takes a byte of its column at least, so memory is asked for only where there is content.
    if (this.count > message.site.length) throw new ColumnError('a column ends early');
    this.tasks = decodeTasks(message.taskDictionary);
    this.sites = decodeSites(message.siteDictionary);
    this.taskRow = this.#decodeTaskRows();
    this.site = this.#decodeSiteRows();
    [this.icounts, this.times] = this.#decodeMoments();
  }

  #decodeTaskRows(): Uint32Array {
    const column = new ColumnReader(this.#message.task);
    const rows = new Uint32Array(this.count);
    const limit = this.tasks.length;
    for (let i = 0; i < rows.length; i++) {
      const row = column.varint();
      if (row >= limit) throw new ColumnError('a task is not in the dictionary');
      rows[i] = row;
    }
    finished(column);
    return rows;
  }

  #decodeSiteRows(): Uint32Array {
    const column = new ColumnReader(this.#message.site);
    const rows = new Uint32Array(this.count);
    const limit = this.sites.kind.length;
    // Rows plus one; 0 is none.
    const taskSite = new Uint32Array(this.tasks.length);
    const next = new Uint32Array(limit + 1);
    for (let i = 0; i < rows.length; i++) {
      const task = this.taskRow[i]!;
      const before = taskSite[task]!;
      let site = column.varint();
      if (site === 0) site = next[before]!;
      if (site === 0 || site > limit) throw new ColumnError('a site is not in the dictionary');
      next[before] = site;
      taskSite[task] = site;
      rows[i] = site - 1;
    }
    finished(column);
    return rows;
  }

  #decodeMoments(): [Uint32Array, Uint32Array] {
    const icounts = new ColumnReader(this.#message.icount);
    const ahead = new ColumnReader(this.#message.time);
    const icount = new Uint32Array(2 * this.count);
    const time = new Uint32Array(2 * this.count);
    for (let at = 0; at < icount.length; at += 2) {
      icounts.difference64(icounts.low, icounts.high);
      ahead.difference64(ahead.low, ahead.high);
      icount[at] = icounts.low;
      icount[at + 1] = icounts.high;
      const low = (icounts.low + ahead.low) | 0;
      time[at] = low;
      time[at + 1] = icounts.high + ahead.high + (low >>> 0 < ahead.low >>> 0 ? 1 : 0);
    }
    finished(icounts, ahead);
    return [icount, time];
  }

  kind(row: number): number {
    return this.sites.kind[this.site[row]!]!;
  }

  flags(row: number): number {
    return this.sites.flags[this.site[row]!]!;
  }

  cpl(row: number): number {
    return this.sites.cpl[this.site[row]!]!;
  }

  vcpu(row: number): number {
    return this.sites.vcpu[this.site[row]!]!;
  }

  mechanism(row: number): number {
    return this.sites.mechanism[this.site[row]!]!;
  }

  abi(row: number): number {
    return this.sites.abi[this.site[row]!]!;
  }

  rip(row: number): bigint {
    return join64(this.sites.rip, 2 * this.site[row]!);
  }

  task(row: number): bigint {
    return this.tasks[this.taskRow[row]!]!;
  }

  /** Instructions retired; exact up to 2^53, see `icounts` for more. */
  icount(row: number): number {
    return joinNumber(this.icounts, 2 * row);
  }

  /** Virtual nanoseconds; exact up to 2^53, see `times` for more. */
  time(row: number): number {
    return joinNumber(this.times, 2 * row);
  }

  /** REGISTER_WORDS words a row: register r of row i stands at i * REGISTER_WORDS + 2 * r, low word first. */
  get registers(): Uint32Array {
    this.#registers ??= this.#decodeRegisters();
    return this.#registers;
  }

  /** A register by its number in REGISTER. */
  register(row: number, register: number): bigint {
    return join64(this.registers, row * REGISTER_WORDS + 2 * register);
  }

  registerLow(row: number, register: number): number {
    return this.registers[row * REGISTER_WORDS + 2 * register]!;
  }

  registerHigh(row: number, register: number): number {
    return this.registers[row * REGISTER_WORDS + 2 * register + 1]!;
  }

  /** System-call number of a call, reason and vector of an exit. */
  detail(row: number): number {
    return this.registerLow(row, REGISTER.detail);
  }

  /** The call of a row as summaries and filters name it; undefined when the row is not of a call. */
  call(row: number): number | undefined {
    const kind = this.kind(row);
    if (kind !== EVENT_KIND.callEntry && kind !== EVENT_KIND.callReturn) return undefined;
    return callKey(this.abi(row), this.detail(row));
  }

  /** All captures as columns. */
  get captureColumns(): Captures {
    this.#captures ??= decodeCaptures(this.#message, this.count, this.registers);
    return this.#captures;
  }

  captureCount(row: number): number {
    const { first } = this.captureColumns;
    return first[row + 1]! - first[row]!;
  }

  /** Capture `index` (from 0) of a row. */
  capture(row: number, index: number): Capture {
    const columns = this.captureColumns;
    const at = columns.first[row]! + index;
    if (at >= columns.first[row + 1]!) throw new RangeError(`event ${this.firstEvent + row} has no capture ${index}`);
    const offset = columns.offset[at]!;
    return {
      argument: columns.argument[at]!,
      kind: columns.kind[at]!,
      status: columns.status[at]!,
      address: join64(columns.address, 2 * at),
      fullLength: columns.fullLength[at]!,
      bytes: columns.bytes.subarray(offset, offset + columns.length[at]!),
    };
  }

  /** Decodes what is otherwise decoded when first asked for, so that damage shows now. Throws ColumnError. */
  decodeAll(): void {
    this.#registers ??= this.#decodeRegisters();
    this.#captures ??= decodeCaptures(this.#message, this.count, this.registers);
  }

  /** The summary anew, from the events. */
  summarize(): ChunkSummary {
    const kinds = new Map<number, number>();
    const calls = new Set<number>();
    for (let row = 0; row < this.count; row++) {
      const kind = this.kind(row);
      kinds.set(kind, (kinds.get(kind) ?? 0) + 1);
      const call = this.call(row);
      if (call !== undefined) calls.add(call);
    }
    return {
      firstEvent: this.firstEvent,
      count: this.count,
      icount: bounds(this.icounts),
      time: bounds(this.times),
      kinds: new Map([...kinds].sort(([a], [b]) => a - b)),
      tasks: this.tasks,
      calls: [...calls].sort((a, b) => a - b),
    };
  }

  #decodeRegisters(): Uint32Array {
    const { patternStart, patternSteps, limit } = decodePatterns(this.#message.patternDictionary);
    const patternColumn = new ColumnReader(this.#message.pattern);
    const register = this.#message.register.map((column) => new ColumnReader(column));
    if (register.length !== REGISTER_COUNT) throw new ColumnError('a register has no column');
    const count = this.count;
    // Behind the last row stands one of zeros, for what has no row before it.
    const words = new Int32Array((count + 1) * REGISTER_WORDS);
    const zeros = count * REGISTER_WORDS;
    const taskAt = new Uint32Array(this.tasks.length).fill(zeros);
    const siteAt = new Uint32Array(this.sites.kind.length).fill(zeros);
    const sitePattern = new Uint32Array(this.sites.kind.length);
    const { taskRow, site: siteRow } = this;
    for (let i = 0, at = 0; i < count; i++, at += REGISTER_WORDS) {
      const task = taskRow[i]!;
      const site = siteRow[i]!;
      const taskBefore = taskAt[task]!;
      const siteBefore = siteAt[site]!;
      taskAt[task] = at;
      siteAt[site] = at;
      for (let word = 0; word < REGISTER_WORDS; word++) words[at + word] = words[taskBefore + word]!;
      const coded = patternColumn.varint();
      const pattern = coded === 0 ? sitePattern[site]! : coded;
      if (pattern > limit) throw new ColumnError('a pattern is not in the dictionary');
      sitePattern[site] = pattern;
      for (let step = patternStart[pattern]!, end = patternStart[pattern + 1]!; step < end; step++) {
        const what = patternSteps[step]!;
        const word = (what >>> 2) * 2;
        if ((what & 3) === 1) {
          words[at + word] = words[siteBefore + word]!;
          words[at + word + 1] = words[siteBefore + word + 1]!;
          continue;
        }
        const base = ((what & 3) === 2 ? taskBefore : siteBefore) + word;
        const column = register[what >>> 2]!;
        column.difference64(words[base]!, words[base + 1]!);
        words[at + word] = column.low;
        words[at + word + 1] = column.high;
      }
    }
    finished(patternColumn, ...register);
    return new Uint32Array(words.buffer);
  }
}
