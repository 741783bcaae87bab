import type { TraceModel } from '../../analyze/model/trace-model.ts';
import { ABI } from '../../emu/monitor-layout.ts';
import { allSyscalls } from '../../guest/linux/signature.ts';
import { EVENT_KIND, REGISTER } from '../../trace/event.ts';
import type { EventChunk } from '../../trace/event-chunk.ts';
import { callKey } from '../../trace/summary.ts';
import type { Job } from './job.ts';

/** Moments into which the time of a trace is parted for its curves. */
export const BINS = 240;
/** Processes that get a curve of their own. */
const CURVES = 1000;
const ROWS_A_STEP = 2048;
const WORD = 2 ** 32;
/** Errors are -4095 to -1. */
const LOWEST_ERROR = 0xffff_f001;

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

interface PendingCall {
  readonly count: CallCount;
  readonly time: number;
  readonly event: number;
}

/** What is counted in one pass over the whole trace, in small steps, while its user looks at something else. */
export class Survey {
  readonly calls = new Map<number, CallCount>();
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
      this.done = (place + 1) / index.length;
    }
    this.done = 1;
  }

  *#chunk(chunk: EventChunk, before: number, share: number): Job<void> {
    const { count, times, taskRow, site, sites, tasks, firstEvent } = chunk;
    const counts = tasks.map((task) => this.#process(task, firstEvent));
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
      if (kind === EVENT_KIND.task) counts[task] = this.#process(tasks[task]!, firstEvent + row);
      const process = counts[task];
      if (process !== undefined) {
        process.events++;
        if (process.curve !== undefined) process.curve[bin]!++;
      }
      if (kind === EVENT_KIND.callEntry) {
        if (process !== undefined) process.calls++;
        this.curves.calls[bin]!++;
        this.#entered(chunk, row, time);
      } else if (kind === EVENT_KIND.callReturn) {
        if (!this.#returned(chunk, row, time)) continue;
        if (process !== undefined) process.errors++;
        this.curves['failed calls'][bin]!++;
      } else if (kind !== EVENT_KIND.task) this.curves.traps[bin]!++;
    }
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

  #entered(chunk: EventChunk, row: number, time: number): void {
    const key = callKey(chunk.abi(row), chunk.detail(row));
    let count = this.calls.get(key);
    if (count === undefined) {
      count = { name: callName(key), calls: 0, errors: 0, time: 0, longest: -1, longestEvent: 0 };
      this.calls.set(key, count);
    }
    count.calls++;
    const task = chunk.task(row);
    if (ENDINGS.has(count.name)) this.#pending.delete(task);
    else this.#pending.set(task, { count, time, event: chunk.firstEvent + row });
  }

  /** Whether the call had failed. */
  #returned(chunk: EventChunk, row: number, time: number): boolean {
    const task = chunk.task(row);
    const pending = this.#pending.get(task);
    if (pending === undefined) return false;
    this.#pending.delete(task);
    const { count } = pending;
    const spent = time - pending.time;
    count.time += spent;
    if (spent > count.longest) {
      count.longest = spent;
      count.longestEvent = pending.event;
    }
    const low = chunk.registerLow(row, REGISTER.rax);
    const narrow = chunk.abi(row) !== ABI.linux64;
    const failed = low >= LOWEST_ERROR && (narrow || chunk.registerHigh(row, REGISTER.rax) === WORD - 1);
    if (failed) count.errors++;
    return failed;
  }
}

/** Calls that don't return: what their task returns from next is another's. */
const ENDINGS: ReadonlySet<string> = new Set(['exit', 'exit_group']);

const COLUMNS = { registers: () => [REGISTER.rax, REGISTER.detail], moments: true, captures: 'none' } as const;

/** How counts name a process: numbers are used again. */
export const processKey = (pid: number, start: bigint): string => `${pid}@${start}`;

const ABIS = { linux64: ABI.linux64, linux32: ABI.linux32, multiplexed: ABI.multiplexed } as const;
const NAMES = new Map(allSyscalls().map(({ abi, number, name }) => [callKey(ABIS[abi], number), name]));

function callName(key: number): string {
  return NAMES.get(key) ?? `syscall_0x${(key & 0xffff).toString(16)}`;
}
