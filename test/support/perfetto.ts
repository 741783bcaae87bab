/** Perfetto traces by their published schema: what a reader of them relies on. */
import { readFileSync } from 'node:fs';
import protobuf from 'protobufjs';
import { expect } from 'vitest';

/** Fields, numbers and types of protos/perfetto/trace of the Perfetto project. */
const SCHEMA = `syntax = "proto2";
  message Trace { repeated TracePacket packet = 1; }
  message TracePacket {
    optional uint64 timestamp = 8; optional uint32 sequence = 10; optional TrackEvent event = 11;
    optional TrackDescriptor track = 60;
  }
  message TrackDescriptor {
    optional uint64 uuid = 1; optional string name = 2; optional ProcessDescriptor process = 3;
    optional ThreadDescriptor thread = 4; optional uint64 parent = 5;
  }
  message ProcessDescriptor { optional int32 pid = 1; repeated string cmdline = 2; optional string name = 6; }
  message ThreadDescriptor { optional int32 pid = 1; optional int32 tid = 2; optional string name = 5; }
  message TrackEvent {
    optional uint32 type = 9; optional uint64 track = 11; repeated string category = 22; optional string name = 23;
    repeated DebugAnnotation fact = 4;
  }
  message DebugAnnotation { optional string text = 6; optional string name = 10; }`;

export interface TrackEvent {
  /** 1: a slice begins, 2: it ends, 3: an instant. */
  readonly type: number;
  readonly track: number;
  readonly name?: string;
  readonly category?: readonly string[];
  readonly fact?: readonly { readonly name: string; readonly text: string }[];
}

export interface Track {
  readonly uuid: number;
  readonly name?: string;
  readonly parent?: number;
  readonly process?: { readonly pid: number; readonly name: string; readonly cmdline?: readonly string[] };
  readonly thread?: { readonly pid: number; readonly tid: number; readonly name: string };
}

export interface Packet {
  /** Nanoseconds. */
  readonly timestamp?: number;
  readonly sequence: number;
  readonly event?: TrackEvent;
  readonly track?: Track;
}

export function readPerfetto(path: string): Packet[] {
  const type = protobuf.parse(SCHEMA).root.lookupType('Trace');
  const read = type.decode(readFileSync(path));
  // Nothing is in the file that the schema does not have.
  expect(Buffer.from(type.encode(read).finish()).length).toBe(readFileSync(path).length);
  return (type.toObject(read, { longs: Number }) as { packet: Packet[] }).packet;
}

/** Each event is on a track that is described once, before it; slices of a track nest when packets are put in order of time. */
export function expectNesting(packets: readonly Packet[]): void {
  const described = new Map<number, Track>();
  for (const { track, event, timestamp } of packets) {
    if (track !== undefined) {
      expect(described.has(track.uuid)).toBe(false);
      expect(track.parent === undefined || described.has(track.parent)).toBe(true);
      described.set(track.uuid, track);
    }
    if (event === undefined) continue;
    expect(described.has(event.track)).toBe(true);
    expect(Number.isSafeInteger(timestamp)).toBe(true);
  }
  const sorted = packets.filter(({ event }) => event !== undefined).sort((a, b) => a.timestamp! - b.timestamp!);
  const open = new Map<number, number>();
  for (const { event, timestamp } of sorted) {
    const { type, track } = event!;
    const begun = open.get(track);
    // No slice has another in it: a thread is in one call at a time, a processor runs one thread.
    if (type === 1) {
      expect(begun, `track ${track} at ${timestamp}`).toBeUndefined();
      open.set(track, timestamp!);
    } else if (type === 2) {
      expect(begun, `track ${track} at ${timestamp}`).toBeDefined();
      open.delete(track);
    }
  }
  expect(open.size).toBe(0);
}
