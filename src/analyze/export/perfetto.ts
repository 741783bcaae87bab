// Source: protos/perfetto/trace/trace_packet.proto and track_event/*.proto of Perfetto (numbers of fields and types).
import type { TraceModel } from '../model/trace-model.ts';
import { ProtoWriter } from './proto-writer.ts';
import { callSlices, freeLane, processorTurns, processTracks } from './timeline.ts';

const TRACE = { packet: 1 } as const;
const PACKET = { timestamp: 8, sequence: 10, trackEvent: 11, trackDescriptor: 60 } as const;
const TRACK = { uuid: 1, name: 2, process: 3, thread: 4, parent: 5 } as const;
const PROCESS = { pid: 1, commandLine: 2, name: 6 } as const;
const THREAD = { pid: 1, tid: 2, name: 5 } as const;
const EVENT = { annotation: 4, type: 9, track: 11, category: 22, name: 23 } as const;
const TYPE = { sliceBegin: 1, sliceEnd: 2, instant: 3 } as const;
const ANNOTATION = { text: 6, name: 10 } as const;

/** Every packet says whose it is; all are ours. */
const SEQUENCE = 1;
/**
 * Numbers of tracks: any that differ. Processes and threads are counted, for their own numbers may be used again: a new
 * track is how a reader learns of that.
 */
const processUuid = (count: number): number => 2 ** 40 + count;
const threadUuid = (count: number): number => 2 ** 41 + count;
const processorUuid = (vcpu: number): number => 2 ** 42 + vcpu;
const PROCESSORS = 2 ** 43;
const unknownUuid = (lane: number): number => 2 ** 44 + lane;

const packet = (): ProtoWriter => new ProtoWriter().number(PACKET.sequence, SEQUENCE);
const framed = (inner: ProtoWriter): Uint8Array => new ProtoWriter().message(TRACE.packet, inner).finish();
const described = (track: ProtoWriter): Uint8Array => framed(packet().message(PACKET.trackDescriptor, track));

function event(
  time: number,
  type: number,
  track: number,
  name?: string,
  category?: string,
): [ProtoWriter, ProtoWriter] {
  const inner = new ProtoWriter().number(EVENT.type, type).number(EVENT.track, track);
  if (category !== undefined) inner.text(EVENT.category, category);
  if (name !== undefined) inner.text(EVENT.name, name);
  return [packet().number(PACKET.timestamp, time), inner];
}

const placed = ([outer, inner]: [ProtoWriter, ProtoWriter]): Uint8Array =>
  framed(outer.message(PACKET.trackEvent, inner));

/** A Perfetto trace, packet by packet: a track for each process, thread and virtual processor; slices are calls. */
export function* perfettoTrace(model: TraceModel, wholeGuest: boolean): Generator<Uint8Array> {
  const threads = new Map<number, Thread[]>();
  yield* describeTracks(model, wholeGuest, threads);
  yield* describedTurns(model);
  const unknown: number[] = [];
  for (const { thread, name, start, duration, event: number, facts } of callSlices(model, wholeGuest)) {
    const known = thread && threads.get(thread.tid);
    let track = (known?.findLast(({ from }) => from <= number) ?? known?.[0])?.track;
    if (track === undefined) {
      const lane = freeLane(unknown, start, duration ?? 0);
      track = unknownUuid(lane.number);
      if (lane.isNew) yield described(new ProtoWriter().number(TRACK.uuid, track).text(TRACK.name, 'unknown tasks'));
    }
    const begin = event(start, duration === undefined ? TYPE.instant : TYPE.sliceBegin, track, name, 'syscall');
    for (const [fact, value] of facts) {
      begin[1].message(EVENT.annotation, new ProtoWriter().text(ANNOTATION.name, fact).text(ANNOTATION.text, value));
    }
    yield placed(begin);
    if (duration !== undefined) yield placed(event(start + duration, TYPE.sliceEnd, track));
  }
}

function* describedTurns(model: TraceModel): Generator<Uint8Array> {
  const processors = new Set<number>();
  yield described(new ProtoWriter().number(TRACK.uuid, PROCESSORS).text(TRACK.name, 'processors'));
  for (const { vcpu, name, start, duration } of processorTurns(model)) {
    const track = processorUuid(vcpu);
    if (!processors.has(vcpu)) {
      processors.add(vcpu);
      const descriptor = new ProtoWriter().number(TRACK.uuid, track).text(TRACK.name, `processor ${vcpu}`);
      yield described(descriptor.number(TRACK.parent, PROCESSORS));
    }
    yield placed(event(start, TYPE.sliceBegin, track, name, 'processor'));
    yield placed(event(start + duration, TYPE.sliceEnd, track));
  }
}

/** A thread's track, and the event from which on its number is its own. */
interface Thread {
  readonly from: number;
  readonly track: number;
}

function* describeTracks(
  model: TraceModel,
  wholeGuest: boolean,
  threadsOf: Map<number, Thread[]>,
): Generator<Uint8Array> {
  let count = 0;
  for (const [i, { pid, name, command, threads }] of processTracks(model, wholeGuest).entries()) {
    const process = new ProtoWriter().number(PROCESS.pid, pid).text(PROCESS.name, name);
    for (const word of command) process.text(PROCESS.commandLine, word);
    yield described(new ProtoWriter().number(TRACK.uuid, processUuid(i)).message(TRACK.process, process));
    for (const { tid, name: threadName, from } of threads) {
      const track = threadUuid(count++);
      const known = [...(threadsOf.get(tid) ?? []), { from, track }];
      threadsOf.set(
        tid,
        known.sort((a, b) => a.from - b.from),
      );
      const thread = new ProtoWriter().number(THREAD.pid, pid).number(THREAD.tid, tid).text(THREAD.name, threadName);
      const place = new ProtoWriter().number(TRACK.uuid, track).number(TRACK.parent, processUuid(i));
      yield described(place.message(TRACK.thread, thread));
    }
  }
}
