/** A walk over a trace that makes the rows of one table. */
import { allSyscalls } from '../../guest/linux/signature.ts';
import type { ChunkEntry } from '../../replay/reader.ts';
import type { ColumnChoice, EventChunk } from '../../trace/event-chunk.ts';
import type { ChunkSummary } from '../../trace/summary.ts';
import { callKeys } from '../model/call-keys.ts';
import { eventKindOf, KINDS } from '../model/event-kind.ts';
import type { TraceModel } from '../model/trace-model.ts';
import type { ChunkWork } from './chunk-work.ts';
import type { RowBuffer } from './row-buffer.ts';

/** What rows that are wanted have in a column: a range, both ends included, or one of some values. */
export interface Constraint {
  readonly least?: number;
  readonly most?: number;
  readonly values?: ReadonlySet<string>;
}

/** By column; every one must hold. Rows that don't pass may come all the same: who asks looks again. */
export type Constraints = ReadonlyMap<string, Constraint>;

export interface ScanRequest {
  readonly model: TraceModel;
  readonly constraints: Constraints;
  /** The whole guest, not only the recorded command and what it started. */
  readonly wholeGuest: boolean;
  /** Threads that work beside this one; undefined: as many as the machine has processors for and the scan is worth. */
  readonly helpers?: number;
}

/** Makes rows; what one step makes is bounded by a chunk. */
export interface Scan {
  /** Adds rows, perhaps none; false: there are no more. */
  step(rows: RowBuffer): boolean;
  /** Nobody asks for more. */
  close?(): void;
}

/**
 * How many chunks a scan had before it, how many it read, of how many of these it read one kind of calls and no events, and how
 * many other threads worked on.
 */
export interface ScanCount {
  chunks: number;
  read: number;
  calls: number;
  helped: number;
}

export const nothingRead = (): ScanCount => ({ chunks: 0, read: 0, calls: 0, helped: 0 });

/** The work on a table's chunks; `rows`: where its rows are put. It is made anew in each thread. */
export type WorkSource<Loose = unknown> = (request: ScanRequest, rows: RowBuffer) => ChunkWork<Loose>;

export interface TableSource {
  /** `rows` tells which columns are wanted. */
  open(request: ScanRequest, rows: RowBuffer, count: ScanCount): Scan;
  /** Where each chunk can be worked on alone: how. */
  readonly work?: WorkSource;
}

export type ChunkTest = (summary: ChunkSummary) => boolean;

/** Columns that say when: the chunk's range in its summary. */
const RANGES: Readonly<Record<string, (summary: ChunkSummary) => readonly [number, number]>> = {
  time: ({ time }) => [Number(time[0]), Number(time[1])],
  icount: ({ icount }) => [Number(icount[0]), Number(icount[1])],
  event: ({ firstEvent, count }) => [firstEvent, firstEvent + count - 1],
};

function limits({ least, most, values }: Constraint): readonly [number, number] {
  if (values === undefined) return [least ?? -Infinity, most ?? Infinity];
  const numbers = [...values].map(Number);
  return [Math.min(...numbers), Math.max(...numbers)];
}

/** Whether a constraint lets a value pass. */
export function admits({ least, most, values }: Constraint, value: number | string): boolean {
  if (values !== undefined && !values.has(String(value))) return false;
  return typeof value !== 'number' || (value >= (least ?? -Infinity) && value <= (most ?? Infinity));
}

/** Tasks of which constraints want rows; undefined: all. */
export function wantedTasks({ model, constraints }: ScanRequest): ReadonlySet<bigint> | undefined {
  const tests = (['pid', 'tid', 'comm'] as const).flatMap((name) => {
    const constraint = constraints.get(name);
    return constraint === undefined ? [] : [{ name, constraint }];
  });
  if (tests.length === 0) return undefined;
  return model.history.tasksNamed((identity) =>
    tests.every(({ name, constraint }) => {
      const value = name === 'pid' ? identity.tgid : name === 'tid' ? identity.pid : identity.comm;
      return admits(constraint, value);
    }),
  );
}

/** Keys of the calls that constraints want; undefined: all. */
export function wantedCalls({ constraints }: ScanRequest): ReadonlySet<number> | undefined {
  const name = constraints.get('name');
  const number = constraints.get('nr');
  if (name === undefined && number === undefined) return undefined;
  const known = new Set(allSyscalls().map((each) => each.name));
  // Names of calls that the tables don't know say their numbers: they could be anywhere.
  if (name?.values === undefined ? name !== undefined : [...name.values].some((each) => !known.has(each))) {
    return undefined;
  }
  return callKeys(
    (syscall) =>
      (name === undefined || admits(name, syscall.name)) && (number === undefined || admits(number, syscall.number)),
  );
}

/** Whether a call that is entered by an event may be one that is wanted: by who makes it and which it is. */
export function callTest(request: ScanRequest): (chunk: EventChunk, row: number) => boolean {
  const tasks = wantedTasks(request);
  const calls = wantedCalls(request);
  return (chunk, row) =>
    (tasks === undefined || tasks.has(chunk.task(row))) && (calls === undefined || calls.has(chunk.call(row)!));
}

/** Kinds of events (EVENT_KIND) that a constraint on `kind` wants; undefined: all. */
function wantedKinds({ constraints }: ScanRequest): ReadonlySet<number> | undefined {
  const kind = constraints.get('kind');
  if (kind === undefined) return undefined;
  const kinds = KINDS.filter((name) => admits(kind, name)).map(eventKindOf);
  return kinds.includes(undefined) ? undefined : new Set(kinds as number[]);
}

/** Whether a chunk can hold rows that pass, by its summary. */
export function chunkTest(request: ScanRequest): ChunkTest {
  const { constraints } = request;
  const tests: ChunkTest[] = [];
  for (const [name, range] of Object.entries(RANGES)) {
    const constraint = constraints.get(name);
    if (constraint === undefined) continue;
    const [least, most] = limits(constraint);
    tests.push((summary) => range(summary)[1] >= least && range(summary)[0] <= most);
  }
  const tasks = wantedTasks(request);
  if (tasks !== undefined) tests.push((summary) => summary.tasks.some((task) => tasks.has(task)));
  const calls = wantedCalls(request);
  if (calls !== undefined) tests.push((summary) => summary.calls.some((call) => calls.has(call)));
  const kinds = wantedKinds(request);
  if (kinds !== undefined) tests.push((summary) => [...summary.kinds.keys()].some((kind) => kinds.has(kind)));
  return (summary) => tests.every((test) => test(summary));
}

/** A scan of chunks, one after the other. */
export abstract class ChunkScan implements Scan {
  readonly #index: readonly ChunkEntry[];
  protected readonly model: TraceModel;
  readonly #count: ScanCount;
  #next = 0;

  constructor({ model }: ScanRequest, count: ScanCount) {
    this.model = model;
    this.#index = model.reader.index;
    this.#count = count;
    count.chunks += this.#index.length;
  }

  step(rows: RowBuffer): boolean {
    while (this.#next < this.#index.length) {
      const entry = this.#index[this.#next++]!;
      if (!this.wants(entry.summary)) continue;
      this.#count.read++;
      const chunk = this.model.reader.chunk(entry, this.columns(entry.summary));
      if (chunk === undefined) continue;
      this.take(chunk, rows);
      return true;
    }
    this.finish(rows);
    return false;
  }

  protected abstract wants(summary: ChunkSummary): boolean;
  protected abstract columns(summary: ChunkSummary): ColumnChoice;
  protected abstract take(chunk: EventChunk, rows: RowBuffer): void;
  /** After the last chunk. */
  protected finish(_rows: RowBuffer): void {}
}
