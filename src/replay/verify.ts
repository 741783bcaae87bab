/** Checks everything that a trace says of itself. */
import { ColumnError } from '../trace/bytes.ts';
import { type CallIndex, decodeCallIndex } from '../trace/call-index.ts';
import { ALL_COLUMNS, EventChunk } from '../trace/event-chunk.ts';
import { FRAME_KIND, frameKindName } from '../trace/frame.ts';
import type { FrameSource } from '../trace/frame-source.ts';
import { InputCheck } from '../trace/inputs.ts';
import {
  decodeEnd,
  decodeIndex,
  decodeProfile,
  decodeStatePart,
  missingAtEnd,
  type TraceEnd,
} from '../trace/messages.ts';
import { type Finding, frameName, type ScannedFrame } from '../trace/scan.ts';
import type { ChunkSummary } from '../trace/summary.ts';
import { openFrames, readHeader } from './reader.ts';
import { wrongCalls } from './verify-calls.ts';

export interface Verification {
  readonly findings: readonly Finding[];
  readonly frames: number;
  readonly events: number;
  /** SHA-256 of the last frame, hexadecimal. */
  readonly seal: string;
}

/** Reads a whole trace and checks it. Throws UserError when nothing of it can be read. */
export function verifyTrace(path: string): Verification {
  const source = openFrames(path);
  try {
    if (source.frames[0]?.kind === FRAME_KIND.header && source.read(0) !== undefined) readHeader(path, source);
    const check = new Check(source);
    for (const [place, frame] of source.frames.entries()) check.frame(place, frame);
    return { findings: source.findings, frames: source.frames.length, events: check.events, seal: source.seal() };
  } finally {
    source.close();
  }
}

class Check {
  events = 0;
  readonly #source: FrameSource;
  readonly #inputs = new InputCheck();
  readonly #summaries = new Map<number, ChunkSummary>();
  /** By offset: of frames of calls, what the index is to tell of them. */
  readonly #callGroups = new Map<number, Uint8Array>();
  /** The events of the frame before. */
  #chunk: EventChunk | undefined;
  /** All frames by offset, once an index asks. */
  #frames: ReadonlyMap<number, ScannedFrame> | undefined;
  /** False once a frame is damaged: then what counts frames before it can't be checked. */
  #unbroken = true;

  constructor(source: FrameSource) {
    this.#source = source;
  }

  frame(place: number, frame: ScannedFrame): void {
    const before = this.#source.findings.length;
    const payload = this.#source.read(place);
    if (payload !== undefined) this.#content(frame, payload, place);
    if (this.#source.findings.length > before) this.#unbroken = false;
  }

  #content(frame: ScannedFrame, payload: Uint8Array, place: number): void {
    try {
      this.#decode(frame, payload, place);
    } catch (error) {
      const what = error instanceof Error ? error.message : String(error);
      this.#source.report(frame, `its content can't be decoded: ${what}`);
    }
  }

  #decode(frame: ScannedFrame, payload: Uint8Array, place: number): void {
    const isHeader = frame.kind === FRAME_KIND.header;
    if (isHeader !== (place === 0)) this.#source.report(frame, 'the header must be the first frame, and once');
    const chunk = this.#chunk;
    this.#chunk = undefined;
    switch (frame.kind) {
      case FRAME_KIND.events:
        this.#events(frame, payload);
        break;
      case FRAME_KIND.calls:
        this.#calls(frame, decodeCallIndex(payload), chunk);
        break;
      case FRAME_KIND.inputs:
        if (this.#unbroken) this.#inputs.check(payload);
        break;
      case FRAME_KIND.snapshot:
      case FRAME_KIND.checkpoint:
        decodeStatePart(payload);
        break;
      case FRAME_KIND.profile:
        for (const { json } of decodeProfile(payload)) if (json !== '') JSON.parse(json);
        break;
      case FRAME_KIND.index:
        this.#index(frame, payload);
        break;
      case FRAME_KIND.end:
        this.#end(frame, decodeEnd(payload), place);
        break;
      default:
        break;
    }
  }

  #events(frame: ScannedFrame, payload: Uint8Array): void {
    const chunk = new EventChunk(payload);
    chunk.decode(ALL_COLUMNS);
    if (!fits(chunk.summary, chunk.summarize())) throw new ColumnError('its summary is not that of its events');
    if (this.#unbroken && chunk.firstEvent !== this.events) {
      this.#source.report(frame, `it begins with event ${chunk.firstEvent}, not ${this.events}`);
    }
    this.events = chunk.firstEvent + chunk.count;
    this.#summaries.set(frame.offset, chunk.summary);
    this.#chunk = chunk;
  }

  #calls(frame: ScannedFrame, index: CallIndex, chunk: EventChunk | undefined): void {
    this.#callGroups.set(frame.offset, index.groups);
    // Without its events it can't be held against them.
    const wrong = chunk === undefined ? this.#unbroken && 'there are no events before it' : wrongCalls(chunk, index);
    if (wrong) this.#source.report(frame, wrong);
  }

  #index(frame: ScannedFrame, payload: Uint8Array): void {
    this.#frames ??= new Map(this.#source.frames.map((other) => [other.offset, other]));
    for (const entry of decodeIndex(payload)) {
      const there = this.#frames.get(entry.offset);
      const summary = this.#summaries.get(entry.offset);
      const wrongFrame = there !== undefined && (there.number !== entry.number || there.kind !== entry.kind);
      const wrongSummary = summary !== undefined && (!entry.summary || !sameSummary(summary, entry.summary));
      const groups = this.#callGroups.get(entry.offset);
      const wrongGroups = groups !== undefined && Buffer.compare(groups, entry.callGroups ?? new Uint8Array(0)) !== 0;
      if ((this.#unbroken && there === undefined) || wrongFrame || wrongSummary || wrongGroups) {
        const name = `frame ${entry.number} (${frameKindName(entry.kind)})`;
        this.#source.report(frame, `it does not fit ${name} at offset ${entry.offset}`);
      }
    }
  }

  #end(frame: ScannedFrame, end: TraceEnd, place: number): void {
    const next = this.#source.frames[place + 1];
    if (next !== undefined) this.#source.report(frame, `the end comes before ${frameName(next)}`);
    if (this.#unbroken && end.events !== this.events) {
      this.#source.report(frame, `it counts ${end.events} events, the file holds ${this.events}`);
    }
    const missing = missingAtEnd(end);
    if (missing !== undefined) this.#source.report(frame, missing);
  }
}

/** Whether what a chunk says of its events is so; files of format 1.0 don't say who tasks are. */
function fits(summary: ChunkSummary, events: ChunkSummary): boolean {
  return sameSummary(summary, summary.namings.length === 0 ? { ...events, namings: summary.namings } : events);
}

function sameSummary(a: ChunkSummary, b: ChunkSummary): boolean {
  const flat = ({ firstEvent, count, icount, time, kinds, tasks, calls, namings }: ChunkSummary) =>
    [firstEvent, count, ...icount, ...time, ...[...kinds].flat(), ...tasks, ...calls, ...namings].join(' ');
  return flat(a) === flat(b);
}
