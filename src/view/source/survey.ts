import type { Job } from '../../analyze/model/job.ts';
import type { TraceModel } from '../../analyze/model/trace-model.ts';
import { ABI } from '../../emu/monitor-layout.ts';
import { allSyscalls } from '../../guest/linux/signature.ts';
import { errorOf } from '../../replay/errors.ts';
import { EVENT_KIND, REGISTER } from '../../trace/event.ts';
import type { EventChunk } from '../../trace/event-chunk.ts';
import { callKey } from '../../trace/summary.ts';

/** Moments into which the time of a trace is parted for its curves. */
export const BINS = 240;
/** Processes that get a curve of their own. */
const CURVES = 1000;
const ROWS_A_STEP = 2048;
/** Call numbers up to 65535 in each of the tables. */
const CALL_KEYS = 65536 * Object.keys(ABI).length;
const WORD = 2 ** 32;

export interface CallCount {
  readonly name: string;
  calls: number;
  errors: number;
  /** Virtual nanoseconds in it, of those that returned. */
  time: number;
  longest: number;
  /** Number of the event that entered the longest. */
  longestEvent: number;
}

export interface ProcessCount {
  events: number;
  calls: number;
  errors: number;
  /** Events by moment; undefined where there are too many processes. */
  readonly curve: Float64Array | undefined;
}

export const CURVE_NAMES = ['calls', 'failed calls', 'traps'] as const;
export type CurveName = (typeof CURVE_NAMES)[number];

/** The call that a task is in. */
class PendingCall {
  #count: CallCount | undefined;
  #time = 0;
  #event = 0;

  enter(count: CallCount, time: number, event: number): void {
    count.calls++;
    // What does not return is not paired with what its task's place in memory does next.
    this.#count = ENDINGS.has(count.name) ? undefined : count;
    this.#time = time;
    this.#event = event;
  }

  /** Whether a call was left, and had failed. */
  leave(time: number, failed: boolean): boolean {
    const count = this.#count;
    if (count === undefined) return false;
    this.#count = undefined;
    const spent = time - this.#time;
    count.time += spent;
    if (spent > count.longest) {
      count.longest = spent;
      count.longestEvent = this.#event;
    }
    if (failed) count.errors++;
    return failed;
  }
}

/** What is counted in one pass over the whole trace, in small steps, while its user looks at something else. */
export class Survey {
  readonly calls: CallCount[] = [];
  /** By process number and start; see `processKey`. */
  readonly processes = new Map<string, ProcessCount>();
  readonly kinds = new Map<number, number>();
  readonly curves: Readonly<Record<CurveName, Float64Array>> = {
    calls: new Float64Array(BINS),
    'failed calls': new Float64Array(BINS),
    traps: new Float64Array(BINS),
  };
  /** First and last moment, virtual nanoseconds. */
  readonly from: number;
  readonly to: number;
  /** How much of the trace has been counted, 0 to 1. */
  done = 0;
  readonly #model: TraceModel;
  /** By callKey: an array, for it is asked at every call. */
  readonly #counts = new Array<CallCount | undefined>(CALL_KEYS);
  readonly #pending = new Map<bigint, PendingCall>();

  constructor(model: TraceModel) {
    this.#model = model;
    const { index } = model.store;
    this.from = Number(index[0]?.summary.time[0] ?? 0n);
    this.to = index.reduce((last, { summary }) => Math.max(last, Number(summary.time[1])), this.from);
    for (const { summary } of index) {
      for (const [kind, n] of summary.kinds) this.kinds.set(kind, (this.kinds.get(kind) ?? 0) + n);
    }
  }

  *run(): Job<void> {
    const { index } = this.#model.store;
    for (let place = 0; place < index.length; place++) {
      const chunk = this.#model.reader.chunk(index[place]!, COLUMNS);
      yield this.done;
      if (chunk !== undefined) yield* this.#chunk(chunk, place / index.length, 1 / index.length);
      chunk?.release();
      this.done = (place + 1) / index.length;
    }
    this.done = 1;
  }

  *#chunk(chunk: EventChunk, before: number, share: number): Job<void> {
    const { count, times, taskRow, site, sites, tasks, firstEvent } = chunk;
    const processes = tasks.map((task) => this.#process(task, firstEvent));
    const pending = tasks.map((task) => this.#pending.get(task) ?? new PendingCall());
    const rax = chunk.registerColumn(REGISTER.rax);
    const scale = BINS / (this.to - this.from + 1);
    for (let row = 0; row < count; row++) {
      if (row % ROWS_A_STEP === ROWS_A_STEP - 1) {
        this.done = before + (share * row) / count;
        yield this.done;
      }
      const time = times[2 * row + 1]! * WORD + times[2 * row]!;
      const bin = Math.floor((time - this.from) * scale);
      const task = taskRow[row]!;
      const kind = sites.kind[site[row]!]!;
      if (kind === EVENT_KIND.task) processes[task] = this.#process(tasks[task]!, firstEvent + row);
      const process = processes[task];
      if (process !== undefined) {
        process.events++;
        if (process.curve !== undefined) process.curve[bin]!++;
      }
      if (kind === EVENT_KIND.callEntry) {
        if (process !== undefined) process.calls++;
        this.curves.calls[bin]!++;
        pending[task]!.enter(this.#countOf(chunk.abi(row), chunk.detail(row)), time, firstEvent + row);
      } else if (kind === EVENT_KIND.callReturn) {
        if (!pending[task]!.leave(time, isError(rax, row, chunk))) continue;
        if (process !== undefined) process.errors++;
        this.curves['failed calls'][bin]!++;
      } else if (kind !== EVENT_KIND.task) this.curves.traps[bin]!++;
    }
    for (const [i, task] of tasks.entries()) this.#pending.set(task, pending[i]!);
  }

  #countOf(abi: number, number: number): CallCount {
    const key = callKey(abi, number);
    let count = this.#counts[key];
    if (count === undefined) {
      count = { name: callName(key), calls: 0, errors: 0, time: 0, longest: -1, longestEvent: 0 };
      this.#counts[key] = count;
      this.calls.push(count);
    }
    return count;
  }

  #process(task: bigint, event: number): ProcessCount | undefined {
    const history = this.#model.history;
    const identity = history.identity(task, event);
    if (identity === undefined) return undefined;
    const process = history.process(identity.tgid, event);
    const key = processKey(identity.tgid, process?.start ?? identity.start);
    let known = this.processes.get(key);
    if (known === undefined) {
      const curve = this.processes.size < CURVES ? new Float64Array(BINS) : undefined;
      known = { events: 0, calls: 0, errors: 0, curve };
      this.processes.set(key, known);
    }
    return known;
  }
}

const isError = (rax: Uint32Array, row: number, chunk: EventChunk): boolean =>
  errorOf(rax[2 * row]!, rax[2 * row + 1]!, chunk.abi(row) !== ABI.linux64) !== 0;

const ENDINGS: ReadonlySet<string> = new Set(['exit', 'exit_group']);

const COLUMNS = { registers: () => [REGISTER.rax, REGISTER.detail], moments: true, captures: 'none' } as const;

/** How counts name a process: numbers are used again. */
export const processKey = (pid: number, start: bigint): string => `${pid}@${start}`;

const ABIS = { linux64: ABI.linux64, linux32: ABI.linux32, multiplexed: ABI.multiplexed } as const;
const NAMES = new Map(allSyscalls().map(({ abi, number, name }) => [callKey(ABIS[abi], number), name]));

function callName(key: number): string {
  return NAMES.get(key) ?? `syscall_0x${(key & 0xffff).toString(16)}`;
}
