import { EXIT } from '../../emu/layout.ts';
import { WRITE_SOURCE } from '../../emu/monitor-layout.ts';
import { type CallCapture, capturesOf } from '../../replay/call-captures.ts';
import { dirtiedPage, pageContent } from '../../replay/page-contents.ts';
import { Exit } from '../../replay/traps/exit.ts';
import type { TrapNames } from '../../replay/traps/names.ts';
import { EVENT_KIND } from '../../trace/event.ts';
import type { EventChunk } from '../../trace/event-chunk.ts';

export const PAGE_BYTES = 4096;

/** What an event tells of a write to memory. */
export interface MemoryWrite {
  /**
   * `write`: one write to watched memory; `page`: a page that was dirtied by a task in its turn; `content`: what a dirtied page
   * holds when its interval ends, which is no write.
   */
  readonly kind: 'write' | 'page' | 'content';
  /** The watch, as it was given. */
  readonly watch: string | undefined;
  readonly source: keyof typeof WRITE_SOURCE | 'task' | 'interval';
  /** Guest-virtual; undefined where it is not known which one, or none did it. */
  readonly instruction: bigint | undefined;
  /** Guest-virtual; undefined where the write had none. */
  readonly linear: bigint | undefined;
  /** The watched address, where memory of a program was written by another one. */
  readonly watched: bigint | undefined;
  readonly physical: bigint;
  /** Bytes. */
  readonly size: number;
  readonly before: Uint8Array | undefined;
  readonly after: Uint8Array | undefined;
  /** It holds something else than before; undefined: told by the next event of the page that tells it. */
  readonly changed: boolean | undefined;
  /** Of a page: all of it. */
  readonly content: Uint8Array | undefined;
}

const SOURCES = new Map<number, keyof typeof WRITE_SOURCE>(
  (Object.keys(WRITE_SOURCE) as (keyof typeof WRITE_SOURCE)[]).map((name) => [WRITE_SOURCE[name], name]),
);
/** Kinds of access in an exit's qualification. */
const WRITE = 2;

/** The writes that an event tells of; none for events of other kinds. */
export function memoryWrites(chunk: EventChunk, row: number, names: TrapNames): MemoryWrite[] {
  const kind = chunk.kind(row);
  if (kind === EVENT_KIND.pages) return capturesOf(chunk, row).flatMap((capture) => pageWrite(chunk, capture));
  if (kind !== EVENT_KIND.exit || (chunk.detail(row) & 255) !== EXIT.secondLevel) return [];
  const exit = Exit.of(chunk, row);
  return exit === undefined || (exit.low('qualification') & WRITE) === 0 ? [] : [watchedWrite(exit, names)];
}

function watchedWrite(exit: Exit, { watches }: TrapNames): MemoryWrite {
  const source = SOURCES.get(exit.word('errorCode') & 0xffff) ?? 'instruction';
  const number = exit.word('vector');
  const [before, after] = [exit.change('before'), exit.change('after')];
  // Devices know no addresses but physical ones, and the page walk writes to its own tables.
  const linear = source === 'device' || source === 'pageWalk' ? undefined : exit.long('linear');
  return {
    kind: 'write',
    watch: watches[number] ?? `watch ${number}`,
    source,
    instruction: source === 'device' ? undefined : exit.chunk.rip(exit.row),
    linear,
    watched: exit.otherAddress,
    physical: exit.long('physical'),
    size: after.length,
    before,
    after,
    changed: Buffer.compare(before, after) !== 0,
    content: undefined,
  };
}

function pageWrite(chunk: EventChunk, capture: CallCapture): MemoryWrite[] {
  const page = dirtiedPage(capture);
  if (page === undefined) return [];
  const { address } = capture;
  return [
    {
      kind: page.by === 'interval' ? 'content' : 'page',
      watch: undefined,
      source: page.by,
      instruction: undefined,
      linear: address === 0n ? undefined : address,
      watched: undefined,
      physical: page.physical,
      size: PAGE_BYTES,
      before: undefined,
      after: undefined,
      changed: page.changed,
      // Put together from lines, and not everybody asks.
      get content() {
        return pageContent(chunk, capture);
      },
    },
  ];
}
