import { type Contents, contentsOf } from '../../analyze/history/contents.ts';
import { memoryWrites, PAGE_BYTES } from '../../analyze/history/memory-writes.ts';
import { type AddressRange, pageOf } from '../../analyze/history/place.ts';
import { mayWrite, type PlacedWrite, WRITE_COLUMNS, WriteFinder } from '../../analyze/history/write-history.ts';
import type { Job } from '../../analyze/model/job.ts';
import type { TraceModel } from '../../analyze/model/trace-model.ts';

/** Writes that are kept: some 500 bytes each. */
const MOST = 100_000;
const ROWS_A_STEP = 2048;

/** A moment at which a page was written. */
export interface PageVersion extends PlacedWrite {
  /** All of the page was recorded; it is read again where it is looked at. */
  readonly whole: boolean;
}

/** A page at one of its versions. */
export interface PageContent extends Contents {
  /** 1: this version changed the byte from what is known to have stood there. */
  readonly changed: Uint8Array;
}

/** Writes to one page, in their order, as far as they were recorded. */
export class PageHistory {
  readonly place: AddressRange;
  readonly versions: PageVersion[] = [];
  /** What is known so far: the rest is being read, there was more than is kept, or it is whole. */
  extent: 'reading' | 'too many' | 'whole' = 'reading';
  readonly #model: TraceModel;

  constructor(model: TraceModel, place: AddressRange) {
    this.#model = model;
    this.place = pageOf(place);
  }

  /** Looks through the trace. */
  *read(): Job<void> {
    yield* this.#model.readHistory();
    const finder = new WriteFinder(this.#model, this.place);
    const { index } = this.#model.reader;
    for (const [place, entry] of index.entries()) {
      const chunk = mayWrite(entry.summary) ? this.#model.reader.chunk(entry, WRITE_COLUMNS) : undefined;
      if (chunk === undefined) continue;
      for (let row = 0; row < chunk.count; row++) {
        if (row % ROWS_A_STEP === 0) yield place / index.length;
        for (const write of finder.in(chunk, row)) this.versions.push(kept(write));
      }
      if (this.versions.length > MOST) {
        this.extent = 'too many';
        return;
      }
    }
    this.extent = 'whole';
  }

  /** The page as a version left it, put together from what was recorded. */
  content(at: number): PageContent {
    const version = this.versions[at];
    const now = this.#after(at);
    const before = this.#after(at - 1);
    const changed = now.bytes.map((byte, i) => (before.known[i] === 1 && before.bytes[i] !== byte ? 1 : 0));
    return { ...now, changed: version === undefined ? new Uint8Array(PAGE_BYTES) : changed };
  }

  #after(at: number): Contents {
    const from = this.versions.findLastIndex(({ whole }, i) => i <= at && whole);
    return contentsOf(this.#from(Math.max(0, from)), PAGE_BYTES, this.versions[at]?.event ?? -1);
  }

  *#from(first: number): Generator<PlacedWrite> {
    for (let i = first; i < this.versions.length; i++) {
      const version = this.versions[i]!;
      yield i === first && version.whole ? this.#readAgain(version) : version;
    }
  }

  #readAgain(version: PageVersion): PlacedWrite {
    const place = this.#model.store.at(version.event);
    const writes = place === undefined ? [] : memoryWrites(place.chunk, place.row, this.#model.names);
    const content = writes.find(
      ({ physical, kind }) => kind !== 'write' && physical === version.write.physical,
    )?.content;
    return { ...version, write: { ...version.write, content } };
  }
}

/** Without what would keep the bytes of whole chunks in memory. */
function kept(placed: PlacedWrite): PageVersion {
  const { write } = placed;
  const [before, after] = [write.before && Uint8Array.from(write.before), write.after && Uint8Array.from(write.after)];
  return { ...placed, write: { ...write, before, after, content: undefined }, whole: write.content !== undefined };
}
