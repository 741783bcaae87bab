/**
 * Calls without what they were given: who, when, which, how long and with what result. Most questions ask for no more, and
 * most calls need no object of their own for it: an entry waits as a row of its chunk until its task returns.
 */
import { ABI, CAPTURE_KIND, RECORD_FLAG } from '../../emu/monitor-layout.ts';
import type { TaskIdentity } from '../../guest/linux/task-identity.ts';
import type { Call, Outcome } from '../../replay/calls.ts';
import { Pairing, USER } from '../../replay/pairing.ts';
import { Task } from '../../replay/task-table.ts';
import { EVENT_KIND, REGISTER } from '../../trace/event.ts';
import type { ColumnChoice, EventChunk } from '../../trace/event-chunk.ts';
import { type ChunkSummary, callKey } from '../../trace/summary.ts';
import { callKeysOf } from '../model/call-keys.ts';
import type { TraceModel } from '../model/trace-model.ts';
import { type CallRows, PlainColumns } from './plain-columns.ts';
import type { RowBuffer } from './row-buffer.ts';
import {
  ChunkScan,
  type ChunkTest,
  chunkTest,
  type ScanCount,
  type ScanRequest,
  type TableSource,
  wantedCalls,
  wantedTasks,
} from './scan.ts';
import { unreturned } from './unreturned.ts';

export const ARGUMENTS = ['a0', 'a1', 'a2', 'a3', 'a4', 'a5'];
/** Columns that need a call with all that it was given. */
const FULL = ['args', 'fd', 'fd_path', 'path', 'path2', ...ARGUMENTS];

/** Whether these columns (undefined: any) of a trace's calls can't be told by plain ones. */
export function needsArguments(columns: ReadonlySet<string> | undefined, { reader }: TraceModel): boolean {
  if (columns === undefined || FULL.some((name) => columns.has(name))) return true;
  // Calls of NT say by their own words how they ended.
  return reader.index.some(({ summary }) => summary.calls.some((key) => key >= callKey(ABI.nt32, 0)));
}

/** A task, as the rows read so far leave it. */
export interface TaskState {
  readonly pointer: bigint;
  /** Where it entered the call that it is in; undefined: it is in none that is wanted. */
  chunk: EventChunk | undefined;
  row: number;
  /** Who it is, as long as it is not named anew. */
  identity: TaskIdentity | undefined;
  /** Event from which on its calls are shown. */
  shownFrom: number;
}

const { callEntry, callReturn, task: taskChange } = EVENT_KIND;
const { rax, detail } = REGISTER;
const NO_RETURN = callKeysOf(['exit', 'exit_group']);

export class PlainCallScan extends ChunkScan {
  readonly #holds: ChunkTest;
  readonly #tasks: ReadonlySet<bigint> | undefined;
  /** 1: the call of that key is wanted; undefined: all are. */
  readonly #calls: Uint8Array | undefined;
  /** Who made a call matters. */
  readonly #named: boolean;
  readonly #commandOnly: boolean;
  readonly #times: boolean;
  /** How calls ended matters. */
  readonly #results: boolean;
  readonly #states = new Map<bigint, TaskState>();
  readonly #columns: PlainColumns;
  /** Calls of the chunk at hand that wait to be put: rows of their entries and returns. */
  #entries = new Int32Array(0);
  #exits = new Int32Array(0);
  #waiting = 0;
  /** States of the tasks of the chunk at hand. */
  #here: readonly TaskState[] = [];
  /** Chunks that tasks may still be in a call of. */
  #held: readonly EventChunk[] = [];

  constructor(request: ScanRequest, rows: RowBuffer, count: ScanCount) {
    super(request, count);
    this.#holds = chunkTest(request);
    this.#tasks = wantedTasks(request);
    this.#calls = keyTable(wantedCalls(request));
    this.#commandOnly = !request.wholeGuest && this.model.reader.header.command.length > 0;
    this.#named = this.#commandOnly || rows.wants('pid', 'tid', 'comm');
    this.#times = rows.wants('time', 'duration', 'icount');
    this.#results = rows.wants('outcome', 'ret', 'errno');
    this.#columns = new PlainColumns(rows, this.model);
  }

  protected override wants(summary: ChunkSummary): boolean {
    if (summary.calls.length === 0) return false;
    return this.#holds(summary) || this.#mayEnd(summary);
  }

  #mayEnd({ tasks, calls }: ChunkSummary): boolean {
    return tasks.some((pointer) => {
      const { chunk, row } = this.#states.get(pointer) ?? {};
      return chunk !== undefined && calls.includes(callKey(chunk.abi(row!), chunk.detail(row!)));
    });
  }

  protected override columns(): ColumnChoice {
    return { registers: () => (this.#results ? [rax, detail] : [detail]), moments: this.#times, captures: 'none' };
  }

  #state(pointer: bigint): TaskState {
    let state = this.#states.get(pointer);
    if (state === undefined) {
      state = { pointer, chunk: undefined, row: 0, identity: undefined, shownFrom: this.#commandOnly ? Infinity : 0 };
      this.#states.set(pointer, state);
    }
    return state;
  }

  protected override take(chunk: EventChunk): void {
    const { count, taskRow, tasks, site, firstEvent } = chunk;
    if (this.#entries.length < count) {
      this.#entries = new Int32Array(count);
      this.#exits = new Int32Array(count);
    }
    const [entries, exits] = [this.#entries, this.#exits];
    const actions = siteActions(chunk);
    const calls = this.#calls;
    const numbers = calls && chunk.registerColumn(detail);
    const { abi } = chunk.sites;
    const states = tasks.map((pointer) => this.#state(pointer));
    this.#here = states;
    // By task: the row of the call that it is in; the first row that is shown; 1: it is not known who it is. Chunks before
    // this one may have been left out.
    const pending = Int32Array.from(states, (state) => (state.chunk === undefined ? NONE : BEFORE));
    const shownFrom = Float64Array.from(states, (state) => state.shownFrom - firstEvent);
    const unwanted = Uint8Array.from(states, ({ pointer }) => (this.#wantsTask(pointer) ? 0 : 1));
    const unnamed = Uint8Array.from(states, (_, task) => (this.#named && unwanted[task] === 0 ? 1 : 0));
    for (let row = 0; row < count; row++) {
      const task = taskRow[row]!;
      if (unwanted[task] === 1) continue;
      const action = actions[site[row]!]!;
      if (action === ACTION.none) continue;
      if (action === ACTION.return || (action === ACTION.oddReturn && !isOdd(chunk, row))) {
        const entry = pending[task]!;
        if (entry === NONE) continue;
        pending[task] = NONE;
        if (entry >= 0) {
          entries[this.#waiting] = entry;
          exits[this.#waiting++] = row;
        } else this.#putAcross(states[task]!, chunk, row);
      } else if (action === ACTION.name) unnamed[task] = this.#named ? 1 : 0;
      else if (action === ACTION.oddReturn) {
        this.#returnedOddly(states[task]!, pending[task]!, chunk, row);
        pending[task] = NONE;
      } else {
        if (unnamed[task] === 1) {
          unnamed[task] = 0;
          this.#identify(states[task]!, chunk, row);
          shownFrom[task] = states[task]!.shownFrom - firstEvent;
        }
        const shown =
          row >= shownFrom[task]! &&
          (calls === undefined || calls[callKey(abi[site[row]!]!, numbers![2 * row]!)] === 1);
        // The kernel's own INT n: where it comes back nothing is recorded, and what the task is in goes on.
        const own = action === ACTION.kernelEntry;
        if (!own) pending[task] = shown ? row : NONE;
        if (shown && (own || (action === ACTION.entryThatMayEnd && NO_RETURN.has(chunk.call(row)!)))) {
          if (!own) pending[task] = NONE;
          this.#putOne(states[task]!, { chunk, row }, undefined, 0, 'never');
        }
      }
    }
    this.#putWaiting(chunk);
    for (const [task, state] of states.entries()) {
      const row = pending[task]!;
      if (row === BEFORE) continue;
      state.chunk = row === NONE ? undefined : chunk;
      state.row = row;
    }
  }

  protected override passed(chunk: EventChunk): readonly EventChunk[] {
    const used = new Set<EventChunk | undefined>();
    for (const state of this.#states.values()) used.add(state.chunk);
    const all = [...this.#held, chunk];
    this.#held = all.filter((each) => used.has(each));
    return all.filter((each) => !used.has(each));
  }

  #wantsTask(pointer: bigint): boolean {
    return this.#tasks?.has(pointer) !== false;
  }

  #putWaiting(chunk: EventChunk): void {
    const count = this.#waiting;
    this.#waiting = 0;
    if (count === 0) return;
    const [entries, exits, states] = [this.#entries, this.#exits, this.#here];
    const caller = (i: number): TaskState => states[chunk.taskRow[exits[i]!]!]!;
    this.#columns.put({ entry: chunk, exit: chunk, count, entries, exits, caller });
  }

  /** A call that was entered in a chunk before. */
  #putAcross(state: TaskState, exit: EventChunk, row: number): void {
    this.#putWaiting(exit);
    this.#columns.put(single(state, { chunk: state.chunk!, row: state.row }, exit, row));
  }

  #returnedOddly(state: TaskState, entryRow: number, chunk: EventChunk, row: number): void {
    if (entryRow === NONE) return;
    this.#putWaiting(chunk);
    const entry = entryRow === BEFORE ? { chunk: state.chunk!, row: state.row } : { chunk, row: entryRow };
    const { outcome, errno, result, resultHigh } = paired(state.pointer, entry, chunk, row);
    this.#putOne(state, entry, chunk, row, outcome, outcome === 'value' ? result : errno, resultHigh);
  }

  /** A call that ended in no plain way. */
  #putOne(
    state: TaskState,
    entry: Place,
    exit: EventChunk | undefined,
    row: number,
    outcome: Outcome,
    low = 0,
    high = 0,
  ): void {
    this.#putWaiting(entry.chunk);
    this.#columns.putOne(single(state, entry, exit, row), outcome, low, high);
  }

  #identify(state: TaskState, chunk: EventChunk, row: number): void {
    const event = chunk.firstEvent + row;
    const identity = this.model.history.identity(state.pointer, event);
    if (identity === state.identity) return;
    // Calls that wait were made by who it was.
    this.#putWaiting(chunk);
    state.identity = identity;
    if (!this.#commandOnly) return;
    state.shownFrom = identity === undefined ? Infinity : this.model.history.shownFrom(identity.tgid, event);
  }

  /** Calls that have not returned come last: their processes have ended in them, or the trace has. */
  protected override finish(): void {
    for (const state of this.#states.values()) {
      const { pointer, chunk, row, identity } = state;
      if (chunk === undefined) continue;
      const entry = { chunk, row };
      const { outcome, errno } = unreturned(paired(pointer, entry), identity, this.model.history);
      this.#columns.putOne(single(state, entry, undefined, 0), outcome, errno, 0);
    }
    this.#states.clear();
  }
}

/** The table `syscalls` where nobody looks at what calls were given. */
export const plainCalls: TableSource = {
  open: (request, rows, count) => {
    if (needsArguments(rows.names, request.model)) throw new Error('plain calls have no arguments');
    return new PlainCallScan(request, rows, count);
  },
};

interface Place {
  readonly chunk: EventChunk;
  readonly row: number;
}

/** In no call, or in one that was entered in a chunk before. */
const NONE = -1;
const BEFORE = -2;

const ACTION = { none: 0, entry: 1, entryThatMayEnd: 2, return: 3, oddReturn: 4, name: 5, kernelEntry: 6 } as const;

/** Whether a signal or a restart may stand between a return's registers and the call's result. */
function isOdd(chunk: EventChunk, row: number): boolean {
  return (chunk.flags(row) & RECORD_FLAG.restarted) !== 0 || chunk.captureCount(row) > 0;
}

/** What the events of each site of a chunk mean here. */
function siteActions(chunk: EventChunk): Uint8Array {
  const { sites } = chunk;
  // Where there are frames of signals, every return has to be looked at.
  const frames = chunk.hasCaptures(CAPTURE_KIND.signalFrame);
  const entry = chunk.summary.calls.some((call) => NO_RETURN.has(call)) ? ACTION.entryThatMayEnd : ACTION.entry;
  return Uint8Array.from(sites.kind, (kind, at) => {
    if (kind === callEntry) return sites.cpl[at] === USER ? entry : ACTION.kernelEntry;
    if (kind === callReturn) {
      return frames || (sites.flags[at]! & RECORD_FLAG.restarted) !== 0 ? ACTION.oddReturn : ACTION.return;
    }
    return kind === taskChange ? ACTION.name : ACTION.none;
  });
}

/** Keys of calls as a table: it is looked into at each entry. */
function keyTable(keys: ReadonlySet<number> | undefined): Uint8Array | undefined {
  if (keys === undefined) return undefined;
  const table = new Uint8Array(Math.max(0, ...keys) + 1);
  for (const key of keys) table[key] = 1;
  return table;
}

/** One call as columns take it. */
function single(state: TaskState, entry: Place, exit: EventChunk | undefined, row: number): CallRows {
  const [entries, exits] = [Int32Array.of(entry.row), Int32Array.of(row)];
  return { entry: entry.chunk, exit, count: 1, entries, exits, caller: () => state };
}

/** The whole of a call, for those that ended in no plain way. */
function paired(pointer: bigint, entry: Place, exit?: EventChunk, exitRow = 0): Call {
  const pairing = new Pairing();
  const task = new Task(pointer);
  const call = pairing.enter(task, entry.chunk, entry.row);
  if (exit !== undefined) pairing.leave(task, exit, exitRow);
  return call;
}
