/** What the `page` captures of a chunk say a page held: all of it, or the lines that changed since its last content there. */
import {
  CAPTURE_KIND,
  PAGE_BLOCK,
  PAGE_BLOCK_BYTES,
  PAGE_FLAG,
  PAGE_LINE_BYTES,
  PAGE_LINES,
} from '../emu/monitor-layout.ts';
import type { Captures } from '../trace/chunk-captures.ts';
import type { EventChunk } from '../trace/event-chunk.ts';
import type { CallCapture } from './call-captures.ts';

/** A page that was dirtied. */
export interface DirtiedPage {
  /** Guest-physical address. */
  readonly physical: bigint;
  /** `interval`: no write, but what a page that others dirtied holds when their interval ends. */
  readonly by: 'task' | 'device' | 'pageWalk' | 'interval';
  /** It holds something else than when it was recorded last, or was not recorded lately; undefined: a later event of it tells. */
  readonly changed: boolean | undefined;
}

const BY = [
  [PAGE_FLAG.gathered, 'interval'],
  [PAGE_FLAG.device, 'device'],
  [PAGE_FLAG.pageWalk, 'pageWalk'],
] as const;

/** The page that a capture tells of; undefined where it tells of none. */
export function dirtiedPage({ kind, view, start, length }: CallCapture): DirtiedPage | undefined {
  if (kind !== CAPTURE_KIND.page || length < PAGE_BLOCK_BYTES) return undefined;
  const flags = view.getUint32(start + PAGE_BLOCK.flags, true);
  return {
    physical: view.getBigUint64(start + PAGE_BLOCK.physical, true),
    by: BY.find(([flag]) => (flags & flag) !== 0)?.[1] ?? 'task',
    changed: (flags & PAGE_FLAG.later) !== 0 ? undefined : (flags & PAGE_FLAG.content) !== 0,
  };
}

/** All of the page's content as it was recorded with a capture of the chunk; undefined where it was not. Not to be written to. */
export function pageContent(chunk: EventChunk, { row }: CallCapture): Uint8Array | undefined {
  const columns = chunk.captureColumns;
  const known = contents.get(columns) ?? new PageContents(columns);
  contents.set(columns, known);
  return known.at(row);
}

const contents = new WeakMap<Captures, PageContents>();

const PAGE_BYTES = PAGE_LINES * PAGE_LINE_BYTES;

class PageContents {
  readonly #columns: Captures;
  /** Of a capture that tells lines: the capture before it with content of its page. */
  readonly #before = new Map<number, number>();
  /** By physical address of the page: the capture whose content was asked for last, and that. */
  readonly #latest = new Map<bigint, { readonly row: number; readonly content: Uint8Array }>();

  constructor(columns: Captures) {
    this.#columns = columns;
    const last = new Map<bigint, number>();
    for (let row = 0; row < columns.shape.length; row++) {
      if (!this.#tells(row, PAGE_FLAG.content)) continue;
      const page = this.#physical(row);
      const before = last.get(page);
      if (before !== undefined && this.#tells(row, PAGE_FLAG.lines)) this.#before.set(row, before);
      last.set(page, row);
    }
  }

  at(row: number): Uint8Array | undefined {
    if (!this.#tells(row, PAGE_FLAG.content)) return undefined;
    const page = this.#physical(row);
    const latest = this.#latest.get(page);
    const lines: number[] = [];
    let whole = row;
    while (whole !== latest?.row && this.#tells(whole, PAGE_FLAG.lines)) {
      lines.push(whole);
      const before = this.#before.get(whole);
      if (before === undefined) return undefined;
      whole = before;
    }
    const start = whole === latest?.row ? latest.content : this.#whole(whole);
    const content = lines.length === 0 ? start : start && this.#apply(start, lines);
    if (content !== undefined) this.#latest.set(page, { row, content });
    return content;
  }

  #tells(row: number, flag: number): boolean {
    const { shapes, shape, length, view } = this.#columns;
    if (shapes.kind[shape[row]!] !== CAPTURE_KIND.page || length[row]! < PAGE_BLOCK_BYTES) return false;
    return (view.getUint32(this.#columns.offset[row]! + PAGE_BLOCK.flags, true) & flag) !== 0;
  }

  #physical(row: number): bigint {
    return this.#columns.view.getBigUint64(this.#columns.offset[row]! + PAGE_BLOCK.physical, true);
  }

  #behindBlock(row: number): Uint8Array {
    const { bytes, offset, length } = this.#columns;
    return bytes.subarray(offset[row]! + PAGE_BLOCK_BYTES, offset[row]! + length[row]!);
  }

  #whole(row: number): Uint8Array | undefined {
    const content = this.#behindBlock(row);
    return content.length === PAGE_BYTES ? content : undefined;
  }

  /** `rows` from the last to the first. Undefined where they don't hold what they must. */
  #apply(start: Uint8Array, rows: readonly number[]): Uint8Array | undefined {
    const content = Uint8Array.from(start);
    for (const row of rows.toReversed()) {
      const told = this.#behindBlock(row);
      const changed = new DataView(told.buffer, told.byteOffset, told.length);
      let at = 8;
      if (told.length < at) return undefined;
      for (let line = 0; line < PAGE_LINES; line++) {
        if (((changed.getUint8(line >> 3) >> (line & 7)) & 1) === 0) continue;
        if (at + PAGE_LINE_BYTES > told.length) return undefined;
        content.set(told.subarray(at, at + PAGE_LINE_BYTES), line * PAGE_LINE_BYTES);
        at += PAGE_LINE_BYTES;
      }
    }
    return content;
  }
}
