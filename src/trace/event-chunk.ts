/**
 * A decoded chunk: columns, read by row. Sites and tasks are decoded at once; moments, each register and captures when
 * first asked for, so that a reader pays for what it looks at. proto/trace.proto says how each column is coded.
 */
import { ColumnError, ColumnWriter } from './bytes.ts';
import { type Captures, decodeAddresses, decodeCaptures, decodeShapes } from './chunk-captures.ts';
import { decodeSites, decodeTasks, type Sites } from './chunk-dictionaries.ts';
import { RegisterColumns } from './chunk-registers.ts';
import { decodeSiteRows, decodeSums, decodeVarints } from './column-decoder.ts';
import { ColumnMemory } from './column-memory.ts';
import { EVENT_KIND, REGISTER, REGISTER_COUNT } from './event.ts';
import { trapline } from './generated/trace.js';
import { FORMAT_MINOR } from './messages.ts';
import { type ChunkSummary, callKey, putNaming, summaryFromMessage } from './summary.ts';

const WORD = 2 ** 32;

/** Columns that a reader will look at. */
export interface ColumnChoice {
  /** By their numbers in REGISTER, for a chunk with these sites. */
  readonly registers: (sites: Sites) => readonly number[];
  /** Instruction counts and times. */
  readonly moments: boolean;
  /** Captures without their addresses, or with them. */
  readonly captures: 'none' | 'contents' | 'all';
}

const ALL_REGISTERS = Array.from({ length: REGISTER_COUNT }, (_, i) => i);

export const ALL_COLUMNS: ColumnChoice = {
  registers: () => ALL_REGISTERS,
  moments: true,
  captures: 'all',
};

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
  /** Of format 1.`minor`. */
  readonly minor: number;
  readonly #memory = new ColumnMemory();
  readonly #message: trapline.EventChunk;
  readonly #registers: RegisterColumns;
  #icounts: Uint32Array | undefined;
  #times: Uint32Array | undefined;
  #captures: Captures | undefined;
  #addresses: Uint32Array | undefined;

  /** Decodes an `EventChunk` message of a file of format 1.`minor`. Throws ColumnError, or what protobufjs throws, when it is damaged. */
  constructor(payload: Uint8Array, minor = FORMAT_MINOR) {
    this.minor = minor;
    const message = trapline.EventChunk.decode(payload);
    this.#message = message;
    this.summary = summaryFromMessage(message.summary ?? {});
    this.count = this.summary.count;
    this.firstEvent = this.summary.firstEvent;
    // Each event takes a byte of its column at least, so memory is asked for only where there is content.
    if (this.count > message.site.length) throw new ColumnError('a column ends early');
    this.tasks = decodeTasks(message.taskDictionary);
    this.sites = decodeSites(message.siteDictionary);
    const [taskCount, siteCount] = [this.tasks.length, this.sites.kind.length];
    const taskRow = decodeVarints(this.#memory, message.task, this.count, taskCount);
    this.taskRow = taskRow;
    this.site = decodeSiteRows(this.#memory, message.site, taskRow, taskCount, siteCount);
    this.#registers = new RegisterColumns(this.#memory, message, { taskRow, taskCount, site: this.site, siteCount });
  }

  /** Instruction counts, two words a row. */
  get icounts(): Uint32Array {
    this.#icounts ??= decodeSums(this.#memory, this.#message.icount, this.count);
    return this.#icounts;
  }

  /** Virtual nanoseconds, two words a row. */
  get times(): Uint32Array {
    // Nanoseconds are coded as what they are ahead of the instruction count.
    this.#times ??= decodeSums(this.#memory, this.#message.icount, this.count, this.#message.time);
    return this.#times;
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

  /** A register by its number in REGISTER: two words a row, low word first. */
  registerColumn(register: number): Uint32Array {
    return this.#registers.column(register);
  }

  register(row: number, register: number): bigint {
    return (BigInt(this.#registers.high(row, register)) << 32n) | BigInt(this.#registers.low(row, register));
  }

  registerLow(row: number, register: number): number {
    return this.#registers.low(row, register);
  }

  registerHigh(row: number, register: number): number {
    return this.#registers.high(row, register);
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

  /** Whether anything was captured of a kind, told without decoding captures. Throws ColumnError when it is damaged. */
  hasCaptures(kind: number): boolean {
    return decodeShapes(this.#message).kind.includes(kind);
  }

  /** All captures as columns. */
  get captureColumns(): Captures {
    this.#captures ??= decodeCaptures(this.#memory, this.#message, this.count);
    return this.#captures;
  }

  /** Guest-virtual addresses of captures, two words each. */
  get captureAddresses(): Uint32Array {
    this.#addresses ??= decodeAddresses(this.#memory, this.#message, this.captureColumns, this.#registers);
    return this.#addresses;
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
    const shape = columns.shape[at]!;
    const offset = columns.offset[at]!;
    return {
      argument: columns.shapes.argument[shape]!,
      kind: columns.shapes.kind[shape]!,
      status: columns.shapes.status[shape]!,
      address: join64(this.captureAddresses, 2 * at),
      fullLength: columns.fullLength[at]!,
      bytes: columns.bytes.subarray(offset, offset + columns.length[at]!),
    };
  }

  /** Decodes columns that are otherwise decoded when first asked for, so that damage shows now. Throws ColumnError. */
  decode({ registers, moments, captures }: ColumnChoice): void {
    for (const register of registers(this.sites)) this.#registers.column(register);
    if (moments) void this.times;
    if (captures !== 'none') this.#captures ??= decodeCaptures(this.#memory, this.#message, this.count);
    if (captures === 'all')
      this.#addresses ??= decodeAddresses(this.#memory, this.#message, this.captureColumns, this.#registers);
  }

  /** Gives its columns' memory to other chunks. Nobody may look at it any more. */
  release(): void {
    this.#memory.release();
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
      namings: this.#namings(),
    };
  }

  #namings(): Uint8Array {
    const column = new ColumnWriter();
    for (let row = 0; row < this.count; row++) {
      if (this.kind(row) !== EVENT_KIND.task || this.captureCount(row) === 0) continue;
      const time = [this.times[2 * row]!, this.times[2 * row + 1]!] as const;
      putNaming(column, row, this.taskRow[row]!, time, this.capture(row, 0));
    }
    return column.take();
  }
}
