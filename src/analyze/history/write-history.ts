import type { TaskIdentity } from '../../guest/linux/task-identity.ts';
import { EVENT_KIND, REGISTER } from '../../trace/event.ts';
import type { EventChunk } from '../../trace/event-chunk.ts';
import type { ChunkSummary } from '../../trace/summary.ts';
import type { TraceModel } from '../model/trace-model.ts';
import { type MemoryWrite, memoryWrites, PAGE_BYTES } from './memory-writes.ts';
import { type MemoryPlace, offsetIn } from './place.ts';

/** A write to the memory that was asked for. */
export interface PlacedWrite {
  readonly event: number;
  readonly time: number;
  readonly icount: number;
  readonly identity: TaskIdentity | undefined;
  readonly write: MemoryWrite;
  /** Of its first byte from the start of the place; below 0 where it begins before it. */
  readonly offset: number;
}

/** Events that are looked at: both ends included. */
export interface EventRange {
  readonly from: number;
  readonly to: number;
}

export const WHOLE_TRACE: EventRange = { from: 0, to: Infinity };

/** What is decoded of chunks in which writes are looked for. */
export const WRITE_COLUMNS = { registers: () => [REGISTER.detail], moments: true, captures: 'all' } as const;

/** Whether a chunk with this summary may tell of writes. */
export const mayWrite = ({ kinds }: ChunkSummary): boolean => kinds.has(EVENT_KIND.exit) || kinds.has(EVENT_KIND.pages);

/** Writes without an address of their own (by devices) belong to the virtual page that lay there last. */
class Mappings {
  readonly #pages = new Map<bigint, bigint>();

  learn({ linear, physical }: MemoryWrite): void {
    if (linear !== undefined) this.#pages.set(physical / PAGE, linear - (linear % PAGE));
  }

  complete(write: MemoryWrite): MemoryWrite {
    const page = write.linear === undefined ? this.#pages.get(write.physical / PAGE) : undefined;
    return page === undefined ? write : { ...write, linear: page + (write.physical % PAGE) };
  }
}

const PAGE = BigInt(PAGE_BYTES);

/** Finds the writes to a place in the events of a trace, which are shown to it in their order. */
export class WriteFinder {
  readonly #model: TraceModel;
  readonly #place: MemoryPlace;
  readonly #mappings = new Mappings();

  constructor(model: TraceModel, place: MemoryPlace) {
    this.#model = model;
    this.#place = place;
  }

  /** The writes to the place that an event tells of. */
  *in(chunk: EventChunk, row: number): Generator<PlacedWrite> {
    const place = this.#place;
    const event = chunk.firstEvent + row;
    for (const recorded of memoryWrites(chunk, row, this.#model.names)) {
      const identity = this.#model.history.identity(chunk.task(row), event);
      const write = place.space === 'virtual' ? this.#mappings.complete(recorded) : recorded;
      const pid = recorded === write ? identity?.tgid : place.space === 'virtual' ? place.pid : undefined;
      const offset = offsetIn(place, write, pid);
      if (offset === undefined) continue;
      this.#mappings.learn(recorded);
      yield { event, time: chunk.time(row), icount: chunk.icount(row), identity, write, offset };
    }
  }
}

/** The recorded writes to a place, in order; chunks without any are left out. */
export function* writesTo(model: TraceModel, place: MemoryPlace, range: EventRange): Generator<PlacedWrite> {
  const finder = new WriteFinder(model, place);
  for (const entry of model.reader.index) {
    const { summary } = entry;
    if (!mayWrite(summary) || summary.firstEvent > range.to) continue;
    if (summary.firstEvent + summary.count <= range.from) continue;
    const chunk = model.reader.chunk(entry, WRITE_COLUMNS);
    if (chunk === undefined) continue;
    const first = Math.max(0, range.from - chunk.firstEvent);
    for (let row = first; row < chunk.count && chunk.firstEvent + row <= range.to; row++) yield* finder.in(chunk, row);
  }
}

/** What would have to be recorded for a question to have an answer; undefined: memory was watched. */
export function unwatched(model: TraceModel): string | undefined {
  const { traps } = model.reader.header;
  if (traps.includes('page-write') || traps.includes('pages')) return undefined;
  return 'nobody watched memory in this recording: record again with --traps syscall,pages, or --watch virt:PID:ADDRESS+BYTES';
}

/** What a recording could not see of a place. */
export function blindSpots(model: TraceModel, place: MemoryPlace): string {
  const { traps } = model.reader.header;
  const watches = model.names.watches.join(', ');
  if (!traps.includes('pages')) {
    return `only ${watches === '' ? 'nothing' : watches} was watched: for other memory record with --watch, or with --traps pages`;
  }
  return place.space === 'virtual'
    ? 'pages are known by the address of their first write: memory that nobody wrote while it was recorded, or only through another address, is not'
    : 'memory that nobody wrote while it was recorded is not known';
}
