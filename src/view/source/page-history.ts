import { EXIT } from '../../emu/layout.ts';
import { CAPTURE_KIND, PAGE_BLOCK, PAGE_BLOCK_BYTES, PAGE_FLAG } from '../../emu/monitor-layout.ts';
import { capturesOf } from '../../replay/call-captures.ts';
import { Exit } from '../../replay/traps/exit.ts';
import { EVENT_KIND } from '../../trace/event.ts';
import type { EventChunk } from '../../trace/event-chunk.ts';
import type { ChunkSummary } from '../../trace/summary.ts';
import type { Job } from './job.ts';
import type { TraceSource } from './trace-source.ts';

export const PAGE_BYTES = 4096;
const IN_PAGE = 0xfffn;
const PAGE_MASK = ~IN_PAGE;
/** Writes that are kept. */
const MOST = 200_000;
const ROWS_A_STEP = 4096;
/** Bit of a watched access that says that it wrote. */
const WROTE = 2;

/** A moment at which a page was found changed. */
export interface PageVersion {
  readonly event: number;
  /** Where in the page bytes were written; 0 to 4095. */
  readonly offset: number;
  /** What stood there before and stands there now; empty where the trace does not tell. */
  readonly before: Uint8Array;
  readonly after: Uint8Array;
}

/** A page at one of its versions. */
export interface PageContent {
  readonly bytes: Uint8Array;
  /** 1: what the byte holds is known. */
  readonly known: Uint8Array;
  /** 1: this version changed it. */
  readonly changed: Uint8Array;
}

/** Writes to one page, in their order, as far as they were recorded. */
export class PageHistory {
  /** Of the page: guest-virtual or guest-physical, whichever writes name. */
  readonly address: bigint;
  readonly versions: PageVersion[] = [];
  /** Names of the events say nothing else: false until the whole trace was looked through. */
  complete = false;
  readonly #source: TraceSource;

  constructor(source: TraceSource, address: bigint) {
    this.#source = source;
    this.address = address & PAGE_MASK;
  }

  /** Looks through the trace. */
  *read(): Job<void> {
    const { index } = this.#source.model.store;
    for (const [place, { summary }] of index.entries()) {
      if (!mayHold(summary)) continue;
      const chunk = this.#source.model.store.chunk(place);
      yield place / index.length;
      if (chunk !== undefined) yield* this.#chunk(chunk, place / index.length);
      if (this.versions.length > MOST) return;
    }
    this.complete = true;
  }

  *#chunk(chunk: EventChunk, done: number): Job<void> {
    const { count, site, sites } = chunk;
    for (let row = 0; row < count; row++) {
      if (row % ROWS_A_STEP === ROWS_A_STEP - 1) yield done;
      const kind = sites.kind[site[row]!]!;
      if (kind === EVENT_KIND.exit) this.#write(chunk, row);
      else if (kind === EVENT_KIND.pages) this.#dirtied(chunk, row);
    }
  }

  #write(chunk: EventChunk, row: number): void {
    const exit = Exit.of(chunk, row);
    if (exit === undefined || exit.word('reason') !== EXIT.secondLevel) return;
    if ((exit.low('qualification') & WROTE) === 0) return;
    const place = [exit.long('linear'), exit.long('physical')].find((each) => (each & PAGE_MASK) === this.address);
    if (place === undefined) return;
    const [before, after] = [exit.change('before'), exit.change('after')];
    this.versions.push({ event: chunk.firstEvent + row, offset: Number(place & IN_PAGE), before, after });
  }

  #dirtied(chunk: EventChunk, row: number): void {
    for (const { kind, address, view, start, length, bytes } of capturesOf(chunk, row)) {
      if (kind !== CAPTURE_KIND.page || length < PAGE_BLOCK_BYTES) continue;
      const physical = view.getBigUint64(start + PAGE_BLOCK.physical, true);
      if (address !== this.address && (physical & PAGE_MASK) !== this.address) continue;
      const filled = (view.getUint32(start + PAGE_BLOCK.flags, true) & PAGE_FLAG.content) !== 0;
      const after = filled ? bytes.slice(PAGE_BLOCK_BYTES) : NOTHING;
      this.versions.push({ event: chunk.firstEvent + row, offset: 0, before: NOTHING, after });
    }
  }

  /** The page as a version left it, put together from what was recorded of it up to then. */
  content(at: number): PageContent {
    const bytes = new Uint8Array(PAGE_BYTES);
    const known = new Uint8Array(PAGE_BYTES);
    const changed = new Uint8Array(PAGE_BYTES);
    const first = this.versions.findLastIndex(({ after }, i) => i <= at && after.length === PAGE_BYTES);
    // What a later write replaced had stood there since: it is known as far back as nothing else was written there.
    for (const { offset, before } of this.versions.slice(at + 1).reverse()) put(bytes, known, offset, before);
    if (first >= 0) put(bytes, known, 0, this.versions[first]!.after);
    for (const [i, { offset, before, after }] of this.versions.entries()) {
      if (i < first || i > at) continue;
      if (i === first && at !== first) continue;
      if (i < at) put(bytes, known, offset, after);
      else mark({ bytes, known, changed }, offset, before, after);
    }
    return { bytes, known, changed };
  }
}

const NOTHING = new Uint8Array(0);

const mayHold = ({ kinds }: ChunkSummary): boolean => kinds.has(EVENT_KIND.exit) || kinds.has(EVENT_KIND.pages);

function put(bytes: Uint8Array, known: Uint8Array, offset: number, from: Uint8Array): void {
  const part = from.subarray(0, PAGE_BYTES - offset);
  bytes.set(part, offset);
  known.fill(1, offset, offset + part.length);
}

function mark({ bytes, known, changed }: PageContent, offset: number, before: Uint8Array, after: Uint8Array): void {
  const part = after.subarray(0, PAGE_BYTES - offset);
  for (let i = 0; i < part.length; i++) {
    const was = before[i] ?? (known[offset + i] === 1 ? bytes[offset + i] : undefined);
    if (was !== part[i]) changed[offset + i] = 1;
  }
  put(bytes, known, offset, part);
}
