// Source: protos/perfetto/trace/trace_packet.proto and track_event/*.proto of Perfetto (numbers of fields and types).
import type { TraceModel } from '../model/trace-model.ts';
import { ProtoWriter } from './proto-writer.ts';
import { callSlices, processorTurns, processTracks } from './timeline.ts';

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
/** Numbers of tracks: any that differ. */
const processUuid = (pid: number): number => 2 ** 40 + pid;
const threadUuid = (tid: number): number => 2 ** 41 + tid;
const processorUuid = (vcpu: number): number => 2 ** 42 + vcpu;
const PROCESSORS = 2 ** 43;

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
  yield* tracks(model, wholeGuest);
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
  for (const { tid, name, start, duration, facts } of callSlices(model, wholeGuest)) {
    const track = threadUuid(tid);
    const begin = event(start, duration === undefined ? TYPE.instant : TYPE.sliceBegin, track, name, 'syscall');
    for (const [fact, value] of facts) {
      begin[1].message(EVENT.annotation, new ProtoWriter().text(ANNOTATION.name, fact).text(ANNOTATION.text, value));
    }
    yield placed(begin);
    if (duration !== undefined) yield placed(event(start + duration, TYPE.sliceEnd, track));
  }
}

function* tracks(model: TraceModel, wholeGuest: boolean): Generator<Uint8Array> {
  for (const { pid, name, command, threads } of processTracks(model, wholeGuest)) {
    const process = new ProtoWriter().number(PROCESS.pid, pid).text(PROCESS.name, name);
    if (command !== '') process.text(PROCESS.commandLine, command);
    yield described(new ProtoWriter().number(TRACK.uuid, processUuid(pid)).message(TRACK.process, process));
    for (const { tid, name: threadName } of threads) {
      const thread = new ProtoWriter().number(THREAD.pid, pid).number(THREAD.tid, tid).text(THREAD.name, threadName);
      const track = new ProtoWriter().number(TRACK.uuid, threadUuid(tid)).number(TRACK.parent, processUuid(pid));
      yield described(track.message(TRACK.thread, thread));
    }
  }
}
