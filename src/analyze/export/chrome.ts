// Source: "Trace Event Format" of the Chromium project: complete (X), instant (i) and metadata (M) events, in microseconds.
import type { TraceModel } from '../model/trace-model.ts';
import { callSlices, freeLane, processorTurns, processTracks } from './timeline.ts';

const MICROSECOND = 1000;
/**
 * Virtual processors, and tasks that are not known, stand as threads of processes that no guest has: Linux numbers end with 2^22,
 * and 0 is its idle task.
 */
const PROCESSORS = 2 ** 23;
const UNKNOWN = 2 ** 24;

/** Events of a Chrome trace, each as JSON. */
export function* chromeEvents(model: TraceModel, wholeGuest: boolean): Generator<string> {
  const named = (name: string, pid: number, tid: number, value: string): string =>
    JSON.stringify({ name, ph: 'M', pid, tid, args: { name: value } });
  for (const { pid, name, threads } of processTracks(model, wholeGuest)) {
    yield named('process_name', pid, pid, name);
    for (const thread of threads) yield named('thread_name', pid, thread.tid, thread.name);
  }
  yield named('process_name', PROCESSORS, PROCESSORS, 'processors');
  const seen = new Set<number>();
  for (const { vcpu, name, start, duration } of processorTurns(model)) {
    const tid = PROCESSORS + vcpu;
    if (!seen.has(vcpu)) yield named('thread_name', PROCESSORS, tid, `processor ${vcpu}`);
    seen.add(vcpu);
    const times = { ts: start / MICROSECOND, dur: duration / MICROSECOND };
    yield JSON.stringify({ name, cat: 'processor', ph: 'X', ...times, pid: PROCESSORS, tid });
  }
  const unknown: number[] = [];
  for (const { thread, name, start, duration, facts } of callSlices(model, wholeGuest)) {
    const lane = thread === undefined ? freeLane(unknown, start, duration ?? 0) : undefined;
    const { pid, tid } = thread ?? { pid: UNKNOWN, tid: UNKNOWN + lane!.number };
    if (lane?.isNew === true) yield named('thread_name', pid, tid, 'unknown tasks');
    const args = Object.fromEntries(facts);
    const call = { name, cat: 'syscall', ts: start / MICROSECOND, pid, tid, args };
    if (duration === undefined) yield JSON.stringify({ ...call, ph: 'i', s: 't' });
    else yield JSON.stringify({ ...call, ph: 'X', dur: duration / MICROSECOND });
  }
}
