/**
 * Calls without what they were given: who, when, which, how long and with what result. Most questions ask for no more, and
 * most calls need no object of their own for it: an entry waits as a row of its chunk until its task returns.
 */
import { ABI, CAPTURE_KIND, RECORD_FLAG } from '../../emu/monitor-layout.ts';
import type { TaskIdentity } from '../../guest/linux/task-identity.ts';
import type { Call } from '../../replay/calls.ts';
import { Pairing } from '../../replay/pairing.ts';
import { Task } from '../../replay/task-table.ts';
import { EVENT_KIND, REGISTER } from '../../trace/event.ts';
import type { ColumnChoice, EventChunk } from '../../trace/event-chunk.ts';
import { type ChunkSummary, callKey } from '../../trace/summary.ts';
import { callKeysOf } from '../model/call-keys.ts';
import type { RowBuffer } from './row-buffer.ts';
import { ChunkScan, type ChunkTest, chunkTest, type ScanCount, type ScanRequest, wantedTasks } from './scan.ts';
import { unreturned } from './unreturned.ts';

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
  known: boolean;
}

/**
 * Takes a call: where it was entered and where it returned (undefined: it did not), and how it ended; `low`, `high`: its
 * result, or its error's number.
 */
export type PlainSink = (
  identity: TaskIdentity | undefined,
  entry: EventChunk,
  entryRow: number,
  exit: EventChunk | undefined,
  exitRow: number,
  outcome: Call['outcome'],
  low: number,
  high: number,
) => void;

const { callEntry, callReturn, task: taskChange } = EVENT_KIND;
const { rax, detail } = REGISTER;
/** Errors are -4095 to -1. */
const LOWEST_ERROR = 0xffff_f001;
const NO_RETURN = callKeysOf(['exit', 'exit_group']);

export class PlainCallScan extends ChunkScan {
  readonly #holds: ChunkTest;
  readonly #tasks: ReadonlySet<bigint> | undefined;
  /** Who made a call matters. */
  readonly #named: boolean;
  readonly #commandOnly: boolean;
  readonly #times: boolean;
  readonly #states = new Map<bigint, TaskState>();
  readonly #sink: PlainSink;

  constructor(request: ScanRequest, rows: RowBuffer, count: ScanCount, sink: PlainSink) {
    super(request, count);
    this.#holds = chunkTest(request);
    this.#tasks = wantedTasks(request);
    this.#commandOnly = !request.wholeGuest && this.model.reader.header.command.length > 0;
    this.#named = this.#commandOnly || rows.wants('pid', 'tid', 'comm');
    this.#times = rows.wants('time', 'duration', 'icount');
    this.#sink = sink;
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
    return { registers: () => [rax, detail], moments: this.#times, captures: 'none' };
  }

  #state(pointer: bigint): TaskState {
    let state = this.#states.get(pointer);
    if (state === undefined) {
      state = { pointer, chunk: undefined, row: 0, identity: undefined, shownFrom: 0, known: false };
      this.#states.set(pointer, state);
    }
    return state;
  }

  protected override take(chunk: EventChunk): void {
    const { count, taskRow, site, sites } = chunk;
    const results = chunk.registerColumn(rax);
    const numbers = chunk.registerColumn(detail);
    const frames = chunk.hasCaptures(CAPTURE_KIND.signalFrame);
    const states = chunk.tasks.map((pointer) =>
      this.#tasks?.has(pointer) === false ? undefined : this.#state(pointer),
    );
    // Chunks before it may have been left out.
    for (const state of states) if (state !== undefined) state.known = !this.#named;
    for (let row = 0; row < count; row++) {
      const state = states[taskRow[row]!];
      if (state === undefined) continue;
      const at = site[row]!;
      const kind = sites.kind[at]!;
      if (kind === callEntry) {
        if (!state.known) this.#identify(state, chunk.firstEvent + row);
        state.row = row;
        state.chunk = chunk.firstEvent + row < state.shownFrom ? undefined : chunk;
        if (NO_RETURN.has(callKey(sites.abi[at]!, numbers[2 * row]!)) && state.chunk !== undefined) {
          state.chunk = undefined;
          this.#sink(state.identity, chunk, row, undefined, 0, 'never', 0, 0);
        }
      } else if (kind === callReturn) {
        const entry = state.chunk;
        if (entry === undefined) continue;
        state.chunk = undefined;
        const odd = (sites.flags[at]! & RECORD_FLAG.restarted) !== 0 || (frames && chunk.captureCount(row) > 0);
        if (odd) this.#interrupted(state, entry, chunk, row);
        else this.#plain(state, entry, chunk, row, results[2 * row]!, results[2 * row + 1]!);
      } else if (kind === taskChange) state.known = !this.#named;
    }
  }

  #plain(state: TaskState, entry: EventChunk, exit: EventChunk, row: number, low: number, high: number): void {
    const narrow = entry.abi(state.row) !== ABI.linux64;
    if (low >= LOWEST_ERROR && (narrow || high === 0xffff_ffff)) {
      this.#sink(state.identity, entry, state.row, exit, row, 'error', -(low | 0), 0);
    } else this.#sink(state.identity, entry, state.row, exit, row, 'value', low, narrow ? 0 : high);
  }

  /** A signal or a restart stands between the registers and the result. */
  #interrupted(state: TaskState, entry: EventChunk, exit: EventChunk, row: number): void {
    const { outcome, errno, result, resultHigh } = paired(state.pointer, entry, state.row, exit, row);
    const low = outcome === 'value' ? result : errno;
    this.#sink(state.identity, entry, state.row, exit, row, outcome, low, resultHigh);
  }

  #identify(state: TaskState, event: number): void {
    state.known = true;
    state.identity = this.model.history.identity(state.pointer, event);
    if (!this.#commandOnly) return;
    const { identity } = state;
    state.shownFrom = identity === undefined ? Infinity : this.model.history.shownFrom(identity.tgid, event);
  }

  /** Calls that have not returned come last: their processes have ended in them, or the trace has. */
  protected override finish(): void {
    for (const { pointer, chunk, row, identity } of this.#states.values()) {
      if (chunk === undefined) continue;
      const ending = unreturned(paired(pointer, chunk, row), identity, this.model.history);
      this.#sink(identity, chunk, row, undefined, 0, ending, 0, 0);
    }
    this.#states.clear();
  }
}

/** The whole of a call, for those that ended in no plain way. */
function paired(pointer: bigint, entry: EventChunk, entryRow: number, exit?: EventChunk, exitRow = 0): Call {
  const pairing = new Pairing();
  const task = new Task(pointer);
  const call = pairing.enter(task, entry, entryRow);
  if (exit !== undefined) pairing.leave(task, exit, exitRow);
  return call;
}
