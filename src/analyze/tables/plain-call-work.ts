import { CAPTURE_KIND, RECORD_FLAG } from '../../emu/monitor-layout.ts';
import type { Outcome } from '../../replay/calls.ts';
import { isFirstReturn } from '../../replay/first-return.ts';
import { USER } from '../../replay/pairing.ts';
import {
  BEFORE_CHUNK,
  type CallMarks,
  type CallPairs,
  LEFT_CALL,
  NO_CALL,
  PAIR_ACTION,
  PAIR_MARK,
  pairCalls,
} from '../../trace/call-pairs.ts';
import { EVENT_KIND, REGISTER } from '../../trace/event.ts';
import type { ColumnChoice, EventChunk } from '../../trace/event-chunk.ts';
import type { ChunkSummary } from '../../trace/summary.ts';
import { callKeysOf } from '../model/call-keys.ts';
import { pairedCall } from '../model/single-calls.ts';
import type { TraceModel } from '../model/trace-model.ts';
import { ChunkCallers } from './chunk-callers.ts';
import type { ChunkWork } from './chunk-work.ts';
import { type KeptColumns, type KeptEvent, keep } from './kept-event.ts';
import { PlainColumns } from './plain-columns.ts';
import type { RowBuffer } from './row-buffer.ts';
import { type ChunkTest, chunkTest, type ScanRequest, wantedCalls, wantedTasks } from './scan.ts';

/** What a chunk leaves to be told of calls by what stands in others. */
export interface LooseCalls {
  /** In the order in which they end. */
  readonly ended: readonly LooseEnd[];
  /** Tasks that do anything in the chunk. */
  readonly tasks: readonly LooseTask[];
}

/** A call that ends in the chunk. */
export interface LooseEnd {
  readonly task: bigint;
  /** undefined: before the chunk; where, is what its task was in. */
  readonly entered: KeptEvent | undefined;
  /** undefined: it never does; how it ended is told by what became of its process. */
  readonly returned: KeptEvent | undefined;
  /** How many rows of the chunk come before its call. */
  readonly before: number;
  /** A signal or a restart may stand between its registers and the call's result. */
  readonly odd: boolean;
}

export interface LooseTask {
  readonly task: bigint;
  /** Where it entered the call that it is in at the end; undefined: it is in none that is asked for. */
  readonly entered: KeptEvent | undefined;
}

const { callEntry, callReturn } = EVENT_KIND;
/** Who makes them does not come back. */
export const NO_RETURN = callKeysOf(['exit', 'exit_group']);

/** Whether only what belongs to the recorded command is shown. */
export const isCommandOnly = ({ wholeGuest, model }: ScanRequest): boolean =>
  !wholeGuest && model.reader.header.command.length > 0;

/** Calls that enter and return in the same chunk; of others their loose ends. */
export class PlainCallWork implements ChunkWork<LooseCalls> {
  readonly #model: TraceModel;
  readonly #holds: ChunkTest;
  readonly #tasks: ReadonlySet<bigint> | undefined;
  readonly #marks: CallMarks;
  readonly #named: boolean;
  readonly #commandOnly: boolean;
  readonly #kept: KeptColumns;
  readonly #rows: RowBuffer;
  readonly #columns: PlainColumns;

  constructor(request: ScanRequest, rows: RowBuffer) {
    this.#model = request.model;
    this.#holds = chunkTest(request);
    this.#tasks = wantedTasks(request);
    this.#marks = marksOf(wantedCalls(request));
    this.#commandOnly = isCommandOnly(request);
    this.#named = this.#commandOnly || rows.wants('pid', 'tid', 'comm');
    this.#kept = {
      times: rows.wants('time', 'duration'),
      icounts: rows.wants('icount'),
      results: rows.wants('outcome', 'ret', 'errno'),
      names: rows.wants('name'),
    };
    this.#rows = rows;
    this.#columns = new PlainColumns(rows, request.model);
  }

  wants(summary: ChunkSummary): boolean {
    return summary.calls.length > 0 && this.#holds(summary);
  }

  columns(): ColumnChoice {
    const { results, times, icounts } = this.#kept;
    const { rax, detail } = REGISTER;
    return { registers: () => (results ? [rax, detail] : [detail]), moments: times || icounts, captures: 'none' };
  }

  take(chunk: EventChunk): LooseCalls {
    const blocked = Uint8Array.from(chunk.tasks, (pointer) => (this.#tasks?.has(pointer) === false ? 1 : 0));
    const callers = this.#named ? ChunkCallers.of(this.#model.history, chunk, this.#commandOnly) : undefined;
    const pairs = pairCalls(chunk, siteActions(chunk), this.#marks, blocked);
    const ended = this.#putAll(chunk, pairs, callers);
    const tasks = chunk.tasks.flatMap((task, i) => {
      const row = pairs.pending[i]!;
      if (row === BEFORE_CHUNK) return [];
      const isIn = row !== NO_CALL && this.#isShown(chunk, row, callers);
      return { task, entered: isIn ? keep(chunk, row, this.#kept) : undefined };
    });
    return { ended, tasks };
  }

  #isShown(chunk: EventChunk, row: number, callers: ChunkCallers | undefined): boolean {
    return !this.#commandOnly || callers!.isShown(chunk.taskRow[row]!, row);
  }

  /** Gives those of which the chunk does not tell all. */
  #putAll(chunk: EventChunk, pairs: CallPairs, callers: ChunkCallers | undefined): LooseEnd[] {
    const { entries, exits } = pairs;
    const isOdd = oddTest(chunk);
    const loose: LooseEnd[] = [];
    // Calls that end in the plain way are put all at once: those up to `to` wait, in place of those that are not shown.
    let from = 0;
    let to = 0;
    const put = (): void => {
      if (to > from) this.#put(chunk, entries.subarray(from, to), exits.subarray(from, to), callers);
      from = to;
    };
    for (let i = 0; i < pairs.count; i++) {
      const entry = entries[i]!;
      const exit = exits[i]!;
      if (entry === BEFORE_CHUNK) {
        put();
        const returned = keep(chunk, exit, this.#kept);
        loose.push({ task: chunk.task(exit), entered: undefined, returned, before: this.#rows.rows, odd: isOdd?.(exit) === true }); // biome-ignore format: one row
      } else if (!this.#isShown(chunk, entry, callers)) continue;
      else if (exit === LEFT_CALL) {
        put();
        const entered = keep(chunk, entry, this.#kept);
        loose.push({ task: chunk.task(entry), entered, returned: undefined, before: this.#rows.rows, odd: false });
      } else if (exit === NO_CALL) {
        put();
        this.#putOdd(chunk, entry, undefined, 'never', callers);
      } else if (isOdd?.(exit) === true) {
        put();
        this.#putOdd(chunk, entry, exit, undefined, callers);
      } else {
        entries[to] = entry;
        exits[to++] = exit;
      }
    }
    put();
    return loose;
  }

  #put(chunk: EventChunk, entries: Int32Array, exits: Int32Array, callers: ChunkCallers | undefined): void {
    this.#columns.put({ entry: chunk, exit: chunk, count: entries.length, entries, exits, caller: (i) => callers?.identity(chunk.taskRow[entries[i]!]!, entries[i]!) }); // biome-ignore format: one row
  }

  /** A call that ended in no plain way; `outcome`: known without looking at its return. */
  #putOdd(
    chunk: EventChunk,
    row: number,
    exit: number | undefined,
    outcome: Outcome | undefined,
    callers: ChunkCallers | undefined,
  ): void {
    const calls = {
      entry: chunk,
      exit: exit === undefined ? undefined : chunk,
      count: 1,
      entries: Int32Array.of(row),
      exits: Int32Array.of(exit ?? 0),
      caller: () => callers?.identity(chunk.taskRow[row]!, row),
    };
    if (outcome !== undefined) this.#columns.putOne(calls, outcome, 0, 0);
    else this.#columns.putEnded(calls, pairedCall(this.#model.store.tables, { chunk, row }, { chunk, row: exit! }));
  }
}

/** What the events of each site of a chunk mean for calls. */
function siteActions(chunk: EventChunk): Uint8Array {
  const { sites } = chunk;
  return Uint8Array.from(sites.kind, (kind, at) => {
    // The kernel's own INT n: where it comes back nothing is recorded, and what the task is in goes on.
    if (kind === callEntry) return sites.cpl[at] === USER ? PAIR_ACTION.enters : PAIR_ACTION.entersAlone;
    if (kind !== callReturn) return PAIR_ACTION.none;
    return isFirstReturn(chunk, at) ? PAIR_ACTION.begins : PAIR_ACTION.returns;
  });
}

/** Tells returns that have to be looked at; undefined: there are none. */
function oddTest(chunk: EventChunk): ((row: number) => boolean) | undefined {
  const { kind, flags } = chunk.sites;
  // Where there are frames of signals, every return has to be.
  const frames = chunk.hasCaptures(CAPTURE_KIND.signalFrame);
  const restarted = flags.some((each, i) => kind[i] === callReturn && (each & RECORD_FLAG.restarted) !== 0);
  if (!frames && !restarted) return undefined;
  return (row) => (chunk.flags(row) & RECORD_FLAG.restarted) !== 0 || (frames && chunk.captureCount(row) > 0);
}

/** Calls of 64-bit and of 32-bit programs, and those of others. */
const TABLES = 3;
const NUMBER_BITS = 16;
const NUMBER_MASK = 0xffff;

/** `wanted`: keys of calls; undefined: all. */
function marksOf(wanted: ReadonlySet<number> | undefined): CallMarks {
  const keys = [...(wanted ?? []), ...NO_RETURN];
  const width = 2 + Math.max(...keys.map((key) => key & NUMBER_MASK));
  const marks = new Uint8Array(TABLES * width).fill(wanted === undefined ? PAIR_MARK.wanted : 0);
  const mark = (key: number, bit: number): void => {
    marks[(key >> NUMBER_BITS) * width + (key & NUMBER_MASK)]! |= bit;
  };
  for (const key of wanted ?? []) mark(key, PAIR_MARK.wanted);
  for (const key of NO_RETURN) mark(key, PAIR_MARK.neverReturns);
  return { width, marks };
}
