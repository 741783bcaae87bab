/**
 * A decoded chunk: columns, read by row. Sites, tasks and moments are decoded at once; registers and captures when
 * first asked for. proto/trace.proto says how each column is coded.
 */
import { ColumnError, ColumnReader } from './bytes.ts';
import { EVENT_KIND, REGISTER, REGISTER_COUNT, REGISTER_WORDS } from './event.ts';
import { trapline } from './generated/trace.js';
import { type ChunkSummary, callKey, summaryFromMessage } from './summary.ts';

const WORD = 2 ** 32;
interface Sites {
  readonly kind: Uint16Array;
  readonly flags: Uint16Array;
  readonly cpl: Uint8Array;
  readonly vcpu: Uint8Array;
  readonly mechanism: Uint8Array;
  readonly abi: Uint8Array;
  /** Two words a site. */
  readonly rip: Uint32Array;
}

interface Captures {
  /** Captures of event i: from row first[i] up to row first[i + 1]. */
  readonly first: Uint32Array;
  readonly argument: Uint16Array;
  readonly kind: Uint16Array;
  readonly status: Uint32Array;
  /** Two words a capture. */
  readonly address: Uint32Array;
  readonly length: Uint32Array;
  readonly fullLength: Uint32Array;
  readonly offset: Uint32Array;
  readonly bytes: Uint8Array;
}

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

function finished(...columns: readonly ColumnReader[]): void {
  if (columns.some((column) => !column.atEnd)) throw new ColumnError('a column holds more than its events');
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
    this.#captures ??= this.#decodeCaptures();
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
    this.#captures ??= this.#decodeCaptures();
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

  #decodeCaptures(): Captures {
    const message = this.#message;
    const counts = new ColumnReader(message.captureCount);
    const first = new Uint32Array(this.count + 1);
    let total = 0;
    for (let i = 0; i < this.count; i++) {
      first[i] = total;
      total += counts.varint();
    }
    first[this.count] = total;
    finished(counts);
    // A shape takes a byte of its column at least.
    if (total > message.captureShape.length) throw new ColumnError('a column ends early');
    const captures = {
      first,
      argument: new Uint16Array(total),
      kind: new Uint16Array(total),
      status: new Uint32Array(total),
      address: new Uint32Array(2 * total),
      length: new Uint32Array(total),
      fullLength: new Uint32Array(total),
      offset: new Uint32Array(total),
      bytes: message.captureBytes,
    };
    this.#decodeCaptureShapes(captures);
    this.#decodeCaptureAddresses(captures);
    decodeCaptureLengths(message, captures);
    return captures;
  }

  #decodeCaptureShapes(captures: Captures): void {
    const dictionary = new ColumnReader(this.#message.captureShapeDictionary);
    const shapes: number[] = [];
    while (!dictionary.atEnd) shapes.push(dictionary.varint(), dictionary.varint(), dictionary.varint());
    const column = new ColumnReader(this.#message.captureShape);
    for (let i = 0; i < captures.kind.length; i++) {
      const at = 3 * column.varint();
      if (at >= shapes.length) throw new ColumnError('a capture is not in the dictionary');
      captures.argument[i] = shapes[at]!;
      captures.kind[i] = shapes[at + 1]!;
      captures.status[i] = shapes[at + 2]!;
    }
    finished(column);
  }

  #decodeCaptureAddresses(captures: Captures): void {
    const sources = new ColumnReader(this.#message.captureAddressSource);
    const column = new ColumnReader(this.#message.captureAddress);
    const registers = captures.kind.length === 0 ? new Uint32Array(0) : this.registers;
    let low = 0;
    let high = 0;
    for (let row = 0; row < this.count; row++) {
      for (let i = captures.first[row]!; i < captures.first[row + 1]!; i++) {
        const source = sources.byte();
        if (source > 16) throw new ColumnError('an address comes from no register');
        if (source === 0) {
          column.difference64(low, high);
          low = column.low;
          high = column.high;
        } else {
          const at = row * REGISTER_WORDS + 2 * (source - 1);
          low = registers[at]!;
          high = registers[at + 1]!;
        }
        captures.address[2 * i] = low;
        captures.address[2 * i + 1] = high;
      }
    }
    finished(sources, column);
  }
}

function decodeCaptureLengths(message: trapline.EventChunk, captures: Captures): void {
  const lengths = new ColumnReader(message.captureLength);
  const missing = new ColumnReader(message.captureMissing);
  let offset = 0;
  for (let i = 0; i < captures.length.length; i++) {
    const length = lengths.varint();
    missing.difference64(length, 0);
    captures.length[i] = length;
    captures.fullLength[i] = missing.low;
    captures.offset[i] = offset;
    offset += length;
  }
  finished(lengths, missing);
  if (offset !== captures.bytes.length) throw new ColumnError('captured bytes are missing');
}

function decodeTasks(dictionary: Uint8Array): bigint[] {
  const column = new ColumnReader(dictionary);
  const tasks: bigint[] = [];
  while (!column.atEnd) {
    column.raw64();
    tasks.push((BigInt(column.high >>> 0) << 32n) | BigInt(column.low >>> 0));
  }
  return tasks;
}

function decodeSites(dictionary: Uint8Array): Sites {
  const column = new ColumnReader(dictionary);
  const rows: number[][] = [];
  let ripLow = 0;
  let ripHigh = 0;
  while (!column.atEnd) {
    const row = [column.varint(), column.varint(), column.byte(), column.byte(), column.byte(), column.byte()];
    column.difference64(ripLow, ripHigh);
    ripLow = column.low;
    ripHigh = column.high;
    row.push(ripLow, ripHigh);
    rows.push(row);
  }
  const field = (index: number) => rows.map((row) => row[index]!);
  const rip = new Uint32Array(2 * rows.length);
  for (const [i, row] of rows.entries()) rip.set(row.slice(6), 2 * i);
  return {
    kind: Uint16Array.from(field(0)),
    flags: Uint16Array.from(field(1)),
    cpl: Uint8Array.from(field(2)),
    vcpu: Uint8Array.from(field(3)),
    mechanism: Uint8Array.from(field(4)),
    abi: Uint8Array.from(field(5)),
    rip,
  };
}

/** Patterns as steps: register * 4 + code for each register that is not as the task left it. Pattern 0 has none. */
function decodePatterns(dictionary: Uint8Array): {
  patternStart: Uint32Array;
  patternSteps: Uint8Array;
  limit: number;
} {
  const column = new ColumnReader(dictionary);
  const starts = [0, 0];
  const steps: number[] = [];
  while (!column.atEnd) {
    column.raw64();
    if (column.high >>> (2 * (REGISTER_COUNT - 16)) !== 0) throw new ColumnError('a pattern names no register');
    for (let i = 0; i < REGISTER_COUNT; i++) {
      const code = (i < 16 ? column.low >>> (2 * i) : column.high >>> (2 * (i - 16))) & 3;
      if (code !== 0) steps.push(i * 4 + code);
    }
    starts.push(steps.length);
  }
  return { patternStart: Uint32Array.from(starts), patternSteps: Uint8Array.from(steps), limit: starts.length - 2 };
}
