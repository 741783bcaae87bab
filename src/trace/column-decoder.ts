/**
 * Whole columns of an event chunk at once, in WebAssembly (decoder/): it is fast from the first row on, and adds and compares
 * 64 bits at once. What was decoded is copied out, so that any number of chunks may be kept.
 */
import { readFileSync } from 'node:fs';
import { packageFile } from '../package-file.ts';
import { ColumnError } from './bytes.ts';
import type { ColumnMemory } from './column-memory.ts';

/** Where a column lies and how many bytes it has; where its rows go and how many there are. */
type Columns = readonly [column: number, length: number, to: number, count: number];

/** Where what `pairs` looks at lies, and how much of it there is; `to`: where calls go. */
type PairArguments = readonly [
  ...rows: [task: number, site: number, count: number],
  ...tables: [actions: number, bases: number, marks: number, width: number, numbers: number, blocked: number],
  pending: number,
  to: number,
];

interface DecoderExports {
  readonly memory: WebAssembly.Memory;
  free(): number;
  reserve(bytes: number): number;
  varints(...args: [...Columns, most: number]): number;
  sums(...args: Columns): number;
  sumsOfTwo(...args: [...Columns, column: number, length: number]): number;
  sites(...args: [...Columns, task: number, limit: number, follows: number, last: number]): number;
  patterns(...args: [...Columns, site: number, limit: number, last: number]): number;
  register(
    ...args: [...Columns, task: number, tasks: number, site: number, pattern: number, codes: number, last: number]
  ): number;
  pairs(...args: PairArguments): number;
  callGroup(...args: [...Columns, stride: number, rows: number, tasks: number]): number;
}

const WASM = packageFile('dist/decoder.wasm');
const wasm = new WebAssembly.Instance(new WebAssembly.Module(readFileSync(WASM)), {})
  .exports as unknown as DecoderExports;
const FREE = wasm.free();
/** Bytes that a memory can have. */
const MOST = 2 ** 32 - 65536;

const TROUBLE = [
  '',
  'a column ends early',
  'a column holds more than its events',
  'a value of a column is too large',
  'a column names what is not in its dictionary',
];

function check(trouble: number): void {
  if (trouble !== 0) throw new ColumnError(TROUBLE[trouble]);
}

let bytes = new Uint8Array(wasm.memory.buffer);
let at = FREE;
/** Whose rows lie at the beginning. */
let placed: RowKeys | undefined;
let behindPlaced = FREE;

/** Begins to lay arguments, `size` bytes at most. */
function begin(from: number, size: number): void {
  at = from;
  if (from + size <= bytes.length) return;
  if (from + size > MOST || wasm.reserve(from + size) === 0) throw new ColumnError('there are more events than memory');
  bytes = new Uint8Array(wasm.memory.buffer);
}

const MOST_PADDING = 8;
const padded = (length: number): number => (length + MOST_PADDING) & -MOST_PADDING;

function room(length: number): number {
  const place = at;
  at += padded(length);
  return place;
}

function zeros(length: number): number {
  const place = room(length);
  bytes.fill(0, place, place + length);
  return place;
}

function lay(values: Uint8Array | Uint32Array | Int32Array): number {
  const place = room(values.byteLength);
  bytes.set(new Uint8Array(values.buffer, values.byteOffset, values.byteLength), place);
  return place;
}

function taken(place: number, words: number, memory: ColumnMemory): Uint32Array {
  const column = memory.words(words);
  column.set(new Uint32Array(wasm.memory.buffer, place, words));
  return column;
}

/** `count` integers of 32 bits, each below `limit`, in memory of the chunk. Throws ColumnError, as all of these do. */
export function decodeVarints(memory: ColumnMemory, column: Uint8Array, count: number, limit = 2 ** 32): Uint32Array {
  if (count > column.length) throw new ColumnError(TROUBLE[1]);
  if (limit === 0 && count > 0) throw new ColumnError(TROUBLE[4]);
  placed = undefined;
  begin(FREE, padded(column.length) + padded(4 * count));
  const from = lay(column);
  const to = room(4 * count);
  check(wasm.varints(from, column.length, to, count, limit - 1));
  return taken(to, count, memory);
}

/** `count` running sums of differences modulo 2^64, two words each: of one column, or of two added up. */
export function decodeSums(memory: ColumnMemory, column: Uint8Array, count: number, added?: Uint8Array): Uint32Array {
  if (count > Math.min(column.length, added?.length ?? count)) throw new ColumnError(TROUBLE[1]);
  placed = undefined;
  begin(FREE, padded(column.length) + padded(added?.length ?? 0) + padded(8 * count));
  const from = lay(column);
  const to = room(8 * count);
  if (added === undefined) check(wasm.sums(from, column.length, to, count));
  else check(wasm.sumsOfTwo(from, column.length, to, count, lay(added), added.length));
  return taken(to, 2 * count, memory);
}

/** Rows of sites: see `site` in proto/trace.proto. */
export function decodeSiteRows(
  memory: ColumnMemory,
  column: Uint8Array,
  taskRow: Uint32Array,
  taskCount: number,
  siteCount: number,
): Uint32Array {
  const count = taskRow.length;
  if (count > column.length) throw new ColumnError(TROUBLE[1]);
  placed = undefined;
  begin(FREE, padded(column.length) + 2 * padded(4 * count) + padded(4 * taskCount) + padded(4 * siteCount + 4));
  const from = lay(column);
  const to = room(4 * count);
  const follows = zeros(4 * siteCount + 4);
  check(wasm.sites(from, column.length, to, count, lay(taskRow), siteCount, follows, zeros(4 * taskCount)));
  return taken(to, count, memory);
}

/** Rows of patterns: see `pattern` in proto/trace.proto. `limit`: how many patterns the dictionary has. */
export function decodePatternRows(
  memory: ColumnMemory,
  column: Uint8Array,
  site: Uint32Array,
  siteCount: number,
  limit: number,
): Uint32Array {
  const count = site.length;
  if (count > column.length) throw new ColumnError(TROUBLE[1]);
  placed = undefined;
  begin(FREE, padded(column.length) + 2 * padded(4 * count) + padded(4 * siteCount));
  const from = lay(column);
  const to = room(4 * count);
  check(wasm.patterns(from, column.length, to, count, lay(site), limit, zeros(4 * siteCount)));
  return taken(to, count, memory);
}

/** What the rows of a chunk's registers are predicted from. */
export interface RowKeys {
  /** Row i's task and site, and how many there are of each. */
  readonly taskRow: Uint32Array;
  readonly taskCount: number;
  readonly site: Uint32Array;
  readonly siteCount: number;
  /** Row i's pattern, 1 + its row of the dictionary. */
  readonly pattern: Uint32Array;
}

/**
 * One register from a row up to another, two words a row; `codes`: how each pattern codes it. One after the other of the same chunk
 * is fastest.
 */
export function decodeRegister(
  memory: ColumnMemory,
  column: Uint8Array,
  keys: RowKeys,
  codes: Uint8Array,
  first: number,
  behind: number,
): Uint32Array {
  const { taskRow, taskCount, site, siteCount, pattern } = keys;
  const count = taskRow.length;
  const rows = padded(4 * count);
  if (placed !== keys) {
    begin(FREE, 3 * rows);
    lay(taskRow);
    lay(site);
    lay(pattern);
    placed = keys;
    behindPlaced = at;
  }
  const states = 8 * (taskCount + siteCount);
  begin(behindPlaced, padded(column.length) + padded(codes.length) + padded(states) + padded(8 * count));
  const from = lay(column);
  const to = room(8 * count);
  const [siteRows, patternRows] = [FREE + rows, FREE + 2 * rows];
  const coded = lay(codes);
  const last = zeros(states);
  check(wasm.register(from, column.length, to, count, FREE, taskCount, siteRows, patternRows, coded, last));
  return taken(to + 8 * first, 2 * (behind - first), memory);
}

/** What calls of a chunk are paired by: see `pairs` in decoder/pairs.ts. */
export interface PairKeys {
  readonly taskRow: Uint32Array;
  readonly site: Uint32Array;
  readonly actions: Uint8Array;
  readonly bases: Uint32Array;
  readonly marks: Uint8Array;
  readonly width: number;
  /** Two words a row. */
  readonly numbers: Uint32Array;
  readonly blocked: Uint8Array;
}

const UNTOUCHED = -2;

/** Rows of entry and return of each call, one behind the other, and what each task is left in. */
export function pairRows(keys: PairKeys): { readonly rows: Int32Array; readonly pending: Int32Array } {
  const { taskRow, site, actions, bases, marks, width, numbers, blocked } = keys;
  const count = taskRow.length;
  const pending = new Int32Array(blocked.length).fill(UNTOUCHED);
  const laid = [taskRow, site, actions, bases, marks, numbers, blocked, pending];
  placed = undefined;
  begin(
    FREE,
    laid.reduce((size, { byteLength }) => size + padded(byteLength), padded(8 * count)),
  );
  const tables = [lay(actions), lay(bases), lay(marks), width, lay(numbers), lay(blocked)] as const;
  const state = lay(pending);
  const to = room(8 * count);
  const calls = wasm.pairs(lay(taskRow), lay(site), count, ...tables, state, to);
  const { buffer } = wasm.memory;
  return {
    rows: new Int32Array(buffer, to, 2 * calls).slice(),
    pending: new Int32Array(buffer, state, pending.length).slice(),
  };
}

/** Calls of one kind of a chunk, in the order in which they return: their rows there, and those of their tasks. */
export interface GroupedCalls {
  readonly entries: Int32Array;
  readonly exits: Int32Array;
  readonly tasks: Uint32Array;
  /** Numbers of errors, 0 where it succeeded. */
  readonly errors: Uint32Array;
  /** Virtual nanoseconds, two words each. */
  readonly durations: Uint32Array;
}

/** `rows`, `tasks`: how many the chunk has. See `CallIndex.calls` in proto/trace.proto. Throws ColumnError. */
export function decodeGroup(column: Uint8Array, count: number, rows: number, tasks: number): GroupedCalls {
  // Each has two bytes at least.
  if (2 * count > column.length) throw new ColumnError(TROUBLE[1]);
  placed = undefined;
  const stride = padded(4 * count);
  begin(FREE, padded(column.length) + 6 * stride);
  const from = lay(column);
  const to = room(6 * stride);
  check(wasm.callGroup(from, column.length, to, count, stride, rows, tasks));
  const words = (place: number, length: number): Uint32Array =>
    new Uint32Array(wasm.memory.buffer, to + place * stride, length).slice();
  const signed = (place: number): Int32Array => new Int32Array(words(place, count).buffer);
  return {
    entries: signed(0),
    exits: signed(1),
    tasks: words(2, count),
    errors: words(3, count),
    durations: words(4, 2 * count),
  };
}
