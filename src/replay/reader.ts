/**
 * Reads a trace front to back, a chunk at a time. What is damaged or missing is passed over and told by `findings`:
 * whoever shows events must show those too.
 */
import { UserError } from '../emu/errors.ts';
import { type CallGroup, decodeCallIndex, unpackGroups } from '../trace/call-index.ts';
import { decodeGroup, type GroupedCalls } from '../trace/column-decoder.ts';
import { ALL_COLUMNS, type Capture, type ColumnChoice, EventChunk } from '../trace/event-chunk.ts';
import { FRAME_KIND } from '../trace/frame.ts';
import { FrameSource } from '../trace/frame-source.ts';
import { InputDecoder, type InputEntry } from '../trace/inputs.ts';
import {
  decodeEnd,
  decodeHeader,
  decodeIndex,
  decodeProfile,
  decodeStatePart,
  type Fact,
  FORMAT_MAJOR,
  FORMAT_MINOR,
  type FormatVersion,
  type IndexEntry,
  missingAtEnd,
  type StatePart,
  type TraceEnd,
  type TraceHeader,
} from '../trace/messages.ts';
import type { Finding, ScannedFrame } from '../trace/scan.ts';
import type { ChunkSummary } from '../trace/summary.ts';
import { systemReason } from '../trace/system-reason.ts';
import { type EventFilter, mayHold, passingRows } from './event-filter.ts';

/** A chunk of events in the file. */
export interface ChunkEntry {
  /** Its place among the frames that were found. */
  readonly frame: number;
  readonly offset: number;
  /** Bytes that it takes in the file. */
  readonly bytes: number;
  readonly summary: ChunkSummary;
  /** Its calls, readable alone; undefined where the trace does not have them so. */
  readonly calls: CallsEntry | undefined;
}

/** Where the calls of a chunk are. */
export interface CallsEntry {
  /** Place of their frame. */
  readonly frame: number;
  /** What the trace's index tells of them, `CallIndex.groups`; undefined: nothing. */
  readonly groups: Uint8Array | undefined;
}

/** Rows of a chunk that a filter let pass. */
export interface EventWindow {
  readonly chunk: EventChunk;
  readonly rows: Uint32Array;
}

/** One event: a row of a chunk. For more than these, ask the chunk. */
export class TraceEvent {
  readonly chunk: EventChunk;
  readonly row: number;

  constructor(chunk: EventChunk, row: number) {
    this.chunk = chunk;
    this.row = row;
  }

  /** Its number in the trace, from 0. */
  get number(): number {
    return this.chunk.firstEvent + this.row;
  }

  /** EVENT_KIND. */
  get kind(): number {
    return this.chunk.kind(this.row);
  }

  get icount(): number {
    return this.chunk.icount(this.row);
  }

  /** Virtual nanoseconds. */
  get time(): number {
    return this.chunk.time(this.row);
  }

  /** The kernel's task pointer; 0: not known. */
  get task(): bigint {
    return this.chunk.task(this.row);
  }

  /** Number of the virtual CPU on which it happened. */
  get vcpu(): number {
    return this.chunk.vcpu(this.row);
  }

  get rip(): bigint {
    return this.chunk.rip(this.row);
  }

  /** By its number in REGISTER. */
  register(register: number): bigint {
    return this.chunk.register(this.row, register);
  }

  captures(): Capture[] {
    const count = this.chunk.captureCount(this.row);
    return Array.from({ length: count }, (_, i) => this.chunk.capture(this.row, i));
  }
}

/** Opens a file by its frames. Throws UserError, in one line. */
export function openFrames(path: string): FrameSource {
  let source: FrameSource;
  try {
    source = new FrameSource(path);
  } catch (error) {
    throw new UserError(`can't read ${path}: ${systemReason(error) ?? String(error)}`);
  }
  const [first] = source.frames;
  if (first !== undefined) return source;
  source.close();
  if (source.size === 0) throw new UserError(`${path} is empty: nothing was recorded in it`);
  const [finding] = source.findings;
  throw new UserError(
    `${path} is no Trapline trace, or nothing of it is left: ${finding?.message ?? 'no frame in it'}`,
  );
}

/** Reads the header frame. Throws UserError when it is missing, damaged or of another format. */
export function readHeader(path: string, source: FrameSource): { header: TraceHeader; version: FormatVersion } {
  const payload = source.frames[0]?.kind === FRAME_KIND.header ? source.read(0) : undefined;
  if (payload === undefined) {
    throw new UserError(`${path}: ${source.findings[0]?.message ?? 'the header frame is missing'}`);
  }
  const { header, version } = decodeHeader(payload);
  if (version.major !== FORMAT_MAJOR) {
    const reads = `this Trapline reads ${FORMAT_MAJOR}.${FORMAT_MINOR}`;
    throw new UserError(`${path} has trace format ${version.major}.${version.minor}; ${reads}`);
  }
  return { header, version };
}

export class TraceReader {
  readonly path: string;
  readonly header: TraceHeader;
  readonly version: FormatVersion;
  /** How it ended; undefined when it was cut off. */
  readonly end: TraceEnd | undefined;
  /** What is known about the guest, by name. */
  readonly profile: ReadonlyMap<string, Fact>;
  /** Chunks of events, in order. */
  readonly index: readonly ChunkEntry[];
  readonly #source: FrameSource;

  private constructor(path: string, source: FrameSource) {
    this.path = path;
    this.#source = source;
    ({ header: this.header, version: this.version } = readHeader(path, source));
    this.index = this.#readIndex();
    const facts = this.#decodeAll(FRAME_KIND.profile, decodeProfile).flat();
    this.profile = new Map(facts.map((fact) => [fact.name, fact]));
    this.end = source.scan.ended ? this.#decodeAll(FRAME_KIND.end, decodeEnd).at(-1) : undefined;
    const missing = this.end && missingAtEnd(this.end);
    if (missing !== undefined) source.report(source.frames.at(-1)!, missing);
  }

  /** Opens a trace, whole or not. Throws UserError when nothing can be read of it. */
  static open(path: string): TraceReader {
    const source = openFrames(path);
    try {
      return new TraceReader(path, source);
    } catch (error) {
      source.close();
      throw error;
    }
  }

  /** Bytes of the file. */
  get size(): number {
    return this.#source.size;
  }

  get frames(): readonly ScannedFrame[] {
    return this.#source.frames;
  }

  /** What is known to be missing or damaged so far, in order of the file; reading may add to it. */
  get findings(): readonly Finding[] {
    return this.#source.findings;
  }

  /** Checks the frames that were not needed so far, so that `findings` tells any damage of the file. */
  checkUnread(): void {
    this.#source.checkUnread();
  }

  /** The same a frame a step. Yields how much is done, 0 to 1. */
  checkingUnread(): Generator<number, void> {
    return this.#source.checkingUnread();
  }

  /** SHA-256 of the last frame, hexadecimal. */
  seal(): string {
    return this.#source.seal();
  }

  /** The message of a frame; undefined when it is damaged, which `findings` then tells. */
  #decode<T>(frame: number, decode: (payload: Uint8Array) => T): T | undefined {
    const payload = this.#source.read(frame);
    return payload && this.#tried(frame, () => decode(payload));
  }

  /** What is made of something of a frame; undefined when it is damaged. */
  #tried<T>(frame: number, make: () => T): T | undefined {
    try {
      return make();
    } catch (error) {
      const what = error instanceof Error ? error.message : String(error);
      this.#source.report(this.frames[frame]!, `its content can't be decoded: ${what}`);
      return undefined;
    }
  }

  #chunkOf(payload: Uint8Array): EventChunk {
    return new EventChunk(payload, this.version.minor);
  }

  *#ofKind<T>(kind: number, decode: (payload: Uint8Array) => T): Generator<T> {
    for (const [place, frame] of this.frames.entries()) {
      if (frame.kind !== kind) continue;
      const message = this.#decode(place, decode);
      if (message !== undefined) yield message;
    }
  }

  #decodeAll<T>(kind: number, decode: (payload: Uint8Array) => T): T[] {
    return [...this.#ofKind(kind, decode)];
  }

  /** By the index frames; a chunk that none of them names is looked into. */
  #readIndex(): ChunkEntry[] {
    const indexed = new Map<number, IndexEntry>();
    for (const entry of this.#decodeAll(FRAME_KIND.index, decodeIndex).flat()) indexed.set(entry.offset, entry);
    const entries: ChunkEntry[] = [];
    for (const [place, frame] of this.frames.entries()) {
      if (frame.kind !== FRAME_KIND.events) continue;
      const { offset } = frame;
      const summary = indexed.get(offset)?.summary ?? this.#decode(place, (payload) => this.#chunkOf(payload).summary);
      const next = this.frames[place + 1];
      if (summary === undefined) continue;
      const calls =
        next?.kind === FRAME_KIND.calls && next.number === frame.number + 1
          ? { frame: place + 1, groups: indexed.get(next.offset)?.callGroups }
          : undefined;
      entries.push({ frame: place, offset, bytes: (next?.offset ?? this.size) - offset, summary, calls });
    }
    return entries;
  }

  /** The calls of a chunk by what they are; undefined: they are not told alone, or damaged, which `findings` then tells. */
  callGroups({ calls }: ChunkEntry): CallGroup[] | undefined {
    if (calls === undefined) return undefined;
    const { groups } = calls;
    if (groups === undefined)
      return this.#decode(calls.frame, (payload) => unpackGroups(decodeCallIndex(payload).groups));
    return this.#tried(calls.frame, () => unpackGroups(groups));
  }

  /** Those of one of a chunk's groups; undefined: they are damaged, which `findings` then tells. */
  groupedCalls(
    { calls, summary }: ChunkEntry,
    group: CallGroup,
    groups: readonly CallGroup[],
  ): GroupedCalls | undefined {
    if (calls === undefined) return undefined;
    // They end their frame.
    const fromEnd = groups.reduce((sum, { length }) => sum + length, -group.offset);
    const bytes = this.#source.readPart(calls.frame, this.frames[calls.frame]!.length - fromEnd, group);
    return (
      bytes && this.#tried(calls.frame, () => decodeGroup(bytes, group.count, summary.count, summary.tasks.length))
    );
  }

  /** One chunk; undefined when it is damaged, which `findings` then tells. */
  chunk(entry: ChunkEntry, columns: ColumnChoice = ALL_COLUMNS): EventChunk | undefined {
    return this.#decode(entry.frame, (payload) => {
      const chunk = this.#chunkOf(payload);
      chunk.decode(columns);
      return chunk;
    });
  }

  /**
   * Chunks that may hold rows that pass the filter, `columns` decoded; others are not read. Reading other columns
   * decodes them too, but then damage of them is thrown (ColumnError) instead of found.
   */
  *chunks(filter: EventFilter = {}, columns: ColumnChoice = ALL_COLUMNS): Generator<EventChunk> {
    for (const entry of this.index) {
      const chunk = mayHold(filter, entry.summary) ? this.chunk(entry, columns) : undefined;
      if (chunk !== undefined) yield chunk;
    }
  }

  /** The same with the rows that pass, where there are any. */
  *windows(filter: EventFilter = {}, columns: ColumnChoice = ALL_COLUMNS): Generator<EventWindow> {
    for (const chunk of this.chunks(filter, columns)) {
      const rows = passingRows(filter, chunk);
      if (rows.length > 0) yield { chunk, rows };
    }
  }

  /** Events that pass the filter, in order. */
  *events(filter: EventFilter = {}): Generator<TraceEvent> {
    for (const { chunk, rows } of this.windows(filter)) {
      for (const row of rows) yield new TraceEvent(chunk, row);
    }
  }

  /** What entered the machine, in order. A chunk that is damaged ends it: what follows can't be replayed without. */
  *inputs(): Generator<InputEntry> {
    const decoder = new InputDecoder();
    for (const [place, frame] of this.frames.entries()) {
      if (frame.kind !== FRAME_KIND.inputs) continue;
      const entries = this.#decode(place, (payload) => decoder.decode(payload));
      if (entries === undefined) return;
      yield* entries;
    }
  }

  /** Parts of the machine state at the start of the recording. */
  snapshotParts(): Generator<StatePart> {
    return this.#ofKind(FRAME_KIND.snapshot, decodeStatePart);
  }

  /** Parts of the machine states on the way. */
  checkpointParts(): Generator<StatePart> {
    return this.#ofKind(FRAME_KIND.checkpoint, decodeStatePart);
  }

  close(): void {
    this.#source.close();
  }
}
