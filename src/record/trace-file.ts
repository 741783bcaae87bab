/** A trace being written: chunks of events, other frames, index and end, in one thread. */
import { FrameAppender } from '../trace/appender.ts';
import { encodeCallIndex } from '../trace/call-index.ts';
import { EVENT_KIND } from '../trace/event.ts';
import { FRAME_KIND } from '../trace/frame.ts';
import { InputEncoder, type InputEntry } from '../trace/inputs.ts';
import {
  encodeEnd,
  encodeHeader,
  encodeIndex,
  type IndexEntry,
  type TraceEnd,
  type TraceHeader,
} from '../trace/messages.ts';
import { systemReason } from '../trace/system-reason.ts';
import { ChunkEncoder, type KernelAddresses } from './chunk-encoder.ts';
import type { RecordSink } from './ring.ts';

/** An index frame follows so many others, so that a killed recorder leaves most of it. */
const INDEX_INTERVAL = 64;

/** Inputs wait for the next chunk of events, unless they are many bytes. */
const INPUT_BYTES = 1 << 20;

export type FrameKind = (typeof FRAME_KIND)[keyof typeof FRAME_KIND];

/** What the trace holds. */
export interface TraceTotals {
  readonly events: number;
  readonly calls: number;
  /** Bytes of the file, and of its frames of events and calls alone. */
  readonly bytes: number;
  readonly eventBytes: number;
  readonly lost: number;
  readonly unattributed: number;
}

/** What the index tells of a frame besides where it is. */
type FrameContent = Partial<Pick<IndexEntry, 'summary' | 'callGroups'>>;

/** What only the recording thread knows of the end; the rest is counted here. */
export type EndReport = Omit<TraceEnd, 'events' | 'lost' | 'unattributed'>;

export class TraceFile implements RecordSink {
  readonly #appender: FrameAppender;
  readonly #encoder = new ChunkEncoder();
  readonly #inputs = new InputEncoder();
  #waitingInputs: InputEntry[] = [];
  #waitingBytes = 0;
  #unindexed: IndexEntry[] = [];
  #events = 0;
  #written = 0;
  #calls = 0;
  #eventBytes = 0;
  #failed = false;

  /** Creates the file with its header frame. Throws the system's error, as all methods do that write. */
  constructor(path: string, header: TraceHeader) {
    this.#appender = new FrameAppender(path);
    this.add(FRAME_KIND.header, encodeHeader(header));
  }

  /** Where the records that are to be taken will come from; makes taking them cheaper. */
  readFrom(ring: WebAssembly.Memory): void {
    this.#encoder.readFrom(ring);
  }

  /** Events so far, written or not. */
  get events(): number {
    return this.#events;
  }

  take(records: Uint8Array): number {
    const before = this.#encoder.count;
    const taken = this.#encoder.add(records);
    this.#events += this.#encoder.count - before;
    if (this.#encoder.full) this.writeChunk();
    return taken;
  }

  /** Of the events that are in the file. */
  get kernelAddresses(): KernelAddresses {
    return this.#encoder.kernelAddresses;
  }

  /** Events and inputs that are not in the file yet. */
  get unwritten(): number {
    return this.#encoder.count + this.#waitingInputs.length;
  }

  /** Writes what inputs there are, and what events as a chunk. Inputs come first, so that events can be re-executed. */
  writeChunk(): void {
    this.#writeInputs();
    this.#writeEvents();
  }

  #writeEvents(): void {
    if (this.#encoder.count === 0) return;
    const before = this.#appender.offset;
    const { events, summary, calls } = this.#encoder.finish(this.#written);
    const index = calls === undefined || this.#failed ? undefined : encodeCallIndex(calls);
    this.#append(FRAME_KIND.events, events, { summary });
    this.#written += summary.count;
    this.#calls += summary.kinds.get(EVENT_KIND.callEntry) ?? 0;
    if (index !== undefined) this.#append(FRAME_KIND.calls, index, { callGroups: calls!.groups });
    this.#eventBytes += this.#appender.offset - before;
    this.#indexNowAndThen();
  }

  addInputs(entries: readonly InputEntry[]): void {
    if (this.#failed) return;
    for (const entry of entries) {
      this.#waitingInputs.push(entry);
      this.#waitingBytes += entry.bytes.length;
    }
    if (this.#waitingBytes >= INPUT_BYTES) this.#writeInputs();
  }

  #writeInputs(): void {
    if (this.#waitingInputs.length === 0) return;
    const entries = this.#waitingInputs;
    this.#waitingInputs = [];
    this.#waitingBytes = 0;
    this.add(FRAME_KIND.inputs, this.#inputs.encode(entries));
  }

  add(kind: FrameKind, payload: Uint8Array): void {
    this.#append(kind, payload);
    this.#indexNowAndThen();
  }

  #append(kind: FrameKind, payload: Uint8Array, { summary, callGroups }: FrameContent = {}): void {
    const { number, offset } = this.#appender.append(kind, payload);
    this.#unindexed.push({ number, offset, kind, summary, callGroups });
  }

  #indexNowAndThen(): void {
    if (this.#unindexed.length >= INDEX_INTERVAL) this.#writeIndex();
  }

  #writeIndex(): void {
    if (this.#unindexed.length === 0) return;
    const entries = this.#unindexed;
    this.#unindexed = [];
    this.#appender.append(FRAME_KIND.index, encodeIndex(entries));
  }

  /** Writes the last chunk, facts that came late, the index and the end, and closes the file. */
  close(report: EndReport, lost: number, profile?: Uint8Array): TraceTotals {
    this.writeChunk();
    if (profile !== undefined) this.#append(FRAME_KIND.profile, profile);
    this.#writeIndex();
    this.#writeEnd(report, lost);
    this.#appender.sync();
    this.#appender.close();
    return this.totals(lost);
  }

  /** After a failed write: what room is left is for events. Inputs are far larger, and of no use with some missing. */
  fail(): void {
    this.#failed = true;
    this.#waitingInputs = [];
  }

  /** After a failed write: what events there are go behind the last whole frame, as well as the disk lets them. */
  rescue(): void {
    attempt(() => this.#writeEvents());
    attempt(() => this.#writeIndex());
  }

  /**
   * The end of a file that was rescued. `profile` is for facts that came late. `lost` are the events that were never taken;
   * those that did not get into the file are counted here.
   */
  abandon(report: EndReport, lost: number, profile?: Uint8Array): TraceTotals {
    const missing = lost + this.events - this.#written;
    if (profile !== undefined) attempt(() => this.#append(FRAME_KIND.profile, profile));
    attempt(() => this.#writeIndex());
    attempt(() => this.#writeEnd(report, missing));
    attempt(() => this.#appender.sync());
    attempt(() => this.#appender.close());
    return this.totals(missing);
  }

  #writeEnd(report: EndReport, lost: number): void {
    const end = { ...report, events: this.#written, lost, unattributed: this.#encoder.unattributed };
    this.#appender.append(FRAME_KIND.end, encodeEnd(end));
  }

  /** What is in the file; `lost` is taken as given. */
  totals(lost: number): TraceTotals {
    return {
      events: this.#written,
      calls: this.#calls,
      bytes: this.#appender.offset,
      eventBytes: this.#eventBytes,
      lost,
      unattributed: this.#encoder.unattributed,
    };
  }
}

/** The file ends with the frame before, and what comes next is smaller. */
function attempt(write: () => void): void {
  try {
    write();
  } catch (error) {
    if (systemReason(error) === undefined) throw error;
  }
}
