/** A trace as slices on tracks: what timeline viewers show. */
import type { TraceModel } from '../model/trace-model.ts';
import { events } from '../tables/events.ts';
import { syscalls } from '../tables/syscalls.ts';
import { tableRows } from './table-rows.ts';

/** A call of a thread. Times are virtual nanoseconds. */
export interface Slice {
  /** undefined: the trace does not tell. */
  readonly thread: { readonly pid: number; readonly tid: number } | undefined;
  readonly name: string;
  readonly start: number;
  /** undefined: it has not returned. */
  readonly duration: number | undefined;
  /** Number of the event that entered it. */
  readonly event: number;
  readonly facts: readonly (readonly [name: string, value: string])[];
}

/** A thread that a virtual processor ran, from its first event to the next one's. */
export interface Turn {
  readonly vcpu: number;
  readonly name: string;
  readonly start: number;
  readonly duration: number;
}

export interface ThreadTrack {
  readonly pid: number;
  readonly tid: number;
  readonly name: string;
  /** Number of the event that first names it: a number may be another thread's later. */
  readonly from: number;
}

export interface ProcessTrack {
  readonly pid: number;
  readonly name: string;
  readonly command: readonly string[];
  readonly threads: readonly ThreadTrack[];
}

export function processTracks(model: TraceModel, wholeGuest: boolean): ProcessTrack[] {
  return model.processes
    .filter(({ shownFrom }) => wholeGuest || shownFrom < Infinity)
    .map(({ pid, comm, executions, threads }) => ({
      pid,
      name: comm,
      command: executions.at(-1)?.arguments ?? [],
      threads: threads.map(({ tid, comm: name, first }) => ({ pid, tid, name, from: first.event })),
    }));
}

const CALL_COLUMNS = ['time', 'duration', 'pid', 'tid', 'name', 'args', 'ret', 'errno', 'outcome', 'event'];

export function* callSlices(model: TraceModel, wholeGuest: boolean): Generator<Slice> {
  for (const row of tableRows(model, 'syscalls', syscalls, CALL_COLUMNS, wholeGuest)) {
    const result = row.errno ?? (row.ret === null ? row.outcome : String(row.ret));
    yield {
      thread: row.tid === null ? undefined : { pid: Number(row.pid), tid: Number(row.tid) },
      name: String(row.name),
      start: Number(row.time),
      duration: row.duration === null ? undefined : Number(row.duration),
      event: Number(row.event),
      facts: [
        ['args', String(row.args)],
        ['result', String(result)],
        ['event', String(row.event)],
      ],
    };
  }
}

/** Who each virtual processor ran, as far as events tell. */
export function* processorTurns(model: TraceModel): Generator<Turn> {
  const running = new Map<number, { name: string; start: number }>();
  let last = 0;
  for (const row of tableRows(model, 'events', events, ['time', 'vcpu', 'tid', 'comm'], true)) {
    const vcpu = Number(row.vcpu);
    last = Number(row.time);
    const name = row.tid === null ? '?' : `${String(row.comm)} ${String(row.tid)}`;
    const current = running.get(vcpu);
    if (current?.name === name) continue;
    if (current !== undefined) yield { vcpu, name: current.name, start: current.start, duration: last - current.start };
    running.set(vcpu, { name, start: last });
  }
  for (const [vcpu, { name, start }] of running) yield { vcpu, name, start, duration: last - start };
}

/**
 * Where a slice goes of which the trace does not tell whose it is: slices of several tasks on one track would lie across each
 * other. They come in the order in which they end; `ends`: when the last of each lane did.
 */
export function freeLane(
  ends: number[],
  start: number,
  duration: number,
): { readonly number: number; readonly isNew: boolean } {
  const found = ends.findIndex((end) => end <= start);
  const number = found < 0 ? ends.length : found;
  ends[number] = start + duration;
  return { number, isNew: found < 0 };
}
