// Source: "Trace Event Format" of the Chromium project: complete (X), instant (i) and metadata (M) events, in microseconds.
import type { TraceModel } from '../model/trace-model.ts';
import { callSlices, processorTurns, processTracks } from './timeline.ts';

const MICROSECOND = 1000;
/** Virtual processors stand as threads of a process that no guest has. */
const PROCESSORS = 0;

/** Events of a Chrome trace, each as JSON. */
export function* chromeEvents(model: TraceModel, wholeGuest: boolean): Generator<string> {
  const named = (name: string, pid: number, tid: number, value: string): string =>
    JSON.stringify({ name, ph: 'M', pid, tid, args: { name: value } });
  for (const { pid, name, threads } of processTracks(model, wholeGuest)) {
    yield named('process_name', pid, pid, name);
    for (const thread of threads) yield named('thread_name', pid, thread.tid, thread.name);
  }
  yield named('process_name', PROCESSORS, 0, 'processors');
  const seen = new Set<number>();
  for (const { vcpu, name, start, duration } of processorTurns(model)) {
    if (!seen.has(vcpu)) yield named('thread_name', PROCESSORS, vcpu, `processor ${vcpu}`);
    seen.add(vcpu);
    const times = { ts: start / MICROSECOND, dur: duration / MICROSECOND };
    yield JSON.stringify({ name, cat: 'processor', ph: 'X', ...times, pid: PROCESSORS, tid: vcpu });
  }
  for (const { pid, tid, name, start, duration, facts } of callSlices(model, wholeGuest)) {
    const args = Object.fromEntries(facts);
    const call = { name, cat: 'syscall', ts: start / MICROSECOND, pid, tid, args };
    if (duration === undefined) yield JSON.stringify({ ...call, ph: 'i', s: 't' });
    else yield JSON.stringify({ ...call, ph: 'X', dur: duration / MICROSECOND });
  }
}
