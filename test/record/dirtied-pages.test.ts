import { createHash } from 'node:crypto';
import { expect, test } from 'vitest';
import { VMCS_CONTROL } from '../../src/emu/layout.ts';
import { GIVEN_SLOTS, PAGE_BLOCK_BYTES } from '../../src/emu/monitor-layout.ts';
import { ChunkEncoder } from '../../src/record/chunk-encoder.ts';
import { forgetGivenPages, RingReader } from '../../src/record/ring.ts';
import { writeWatches } from '../../src/record/traps/watch-rows.ts';
import { type CallCapture, capturesOf } from '../../src/replay/call-captures.ts';
import { dirtiedPage, pageContent } from '../../src/replay/page-contents.ts';
import { EventChunk } from '../../src/trace/event-chunk.ts';
import { AT, Bench } from '../emu/processor/bench.ts';
import { ChunkSink, Dice } from '../support/ring-load.ts';

const PAGE = 4096;
/** More pages than either end of the ring keeps contents of. */
const PAGES = 6000;
const HOT = 40;
/** The processor's tables lie below. */
const FIRST = 256;

interface Seen {
  readonly by: string;
  readonly page: number;
  readonly changed: boolean | undefined;
  /** SHA-256. */
  readonly content: string | undefined;
}

const sha256 = (bytes: Uint8Array): string => createHash('sha256').update(bytes).digest('hex');

/** A processor that does nothing, and memory that is written to from outside, a stint at a time. */
class Scribbler {
  readonly #bench = new Bench('long', 0, {}, PAGES * PAGE);
  readonly #dice: Dice;

  /** `interval`: instructions. */
  constructor(dice: Dice, interval = 0) {
    this.#dice = dice;
    const { core } = this.#bench;
    this.#bench.code(AT.code, 'ebfe'); // jmp $
    writeWatches(core, { memory: [], registers: [], pages: { stint: 1, interval } });
    core.set('vmcsControls', VMCS_CONTROL.pages);
    core.set('monitorOn', 1);
    core.watchesChanged();
  }

  get memory(): WebAssembly.Memory {
    return this.#bench.core.memory;
  }

  hash(page: number): string {
    return sha256(this.#bench.core.ram.subarray(page * PAGE, (page + 1) * PAGE));
  }

  tell(): boolean {
    return this.#bench.core.tellPages();
  }

  /** Contents of the pages that were written to, behind the stint. */
  stint(): Map<number, string> {
    const dice = this.#dice;
    const { core } = this.#bench;
    const written = new Map<number, string>();
    for (let i = 1 + dice.roll(60); i > 0; i--) {
      const page = FIRST + dice.roll(dice.roll(3) > 0 ? HOT : PAGES - FIRST);
      const bytes = core.ram.subarray(page * PAGE, (page + 1) * PAGE);
      const first = dice.roll(PAGE);
      const count = [0, 1, 1 + dice.roll(200), PAGE][dice.roll(4)]!;
      if (count === PAGE) bytes.fill(dice.roll(256));
      else for (let at = first; at < Math.min(PAGE, first + count); at++) bytes[at] = dice.roll(256);
      core.invalidatePhysical(page * PAGE + first, 1);
      written.set(page, this.hash(page));
    }
    // Between two runs at the latest it ends.
    for (let i = 0; i < 2; i++) this.#bench.run(10);
    return written;
  }
}

/** Of what is written to from outside: the processor writes to its page tables. */
function capturesIn(chunk: EventChunk): CallCapture[] {
  const all = Array.from({ length: chunk.count }, (_, row) => capturesOf(chunk, row)).flat();
  return all.filter((capture) => dirtiedPage(capture)!.physical >= FIRST * PAGE);
}

function contentsOf(chunk: EventChunk): { seen: Seen[]; sizes: number[] } {
  const captures = capturesIn(chunk);
  const seen = captures.map((capture) => {
    const { physical, changed, by } = dirtiedPage(capture)!;
    const content = pageContent(chunk, capture);
    return { by, page: Number(physical) / PAGE, changed, content: content && sha256(content) };
  });
  return { seen, sizes: captures.map(({ length }) => length - PAGE_BLOCK_BYTES) };
}

test('pages come out of a trace as they were, though it has only their changed lines', () => {
  const scribbler = new Scribbler(new Dice(7));
  const recorded = new Map<number, string>();
  const sizes: number[] = [];
  let again = 0;
  let ring = new RingReader(scribbler.memory);
  let encoder = new ChunkEncoder();
  for (let round = 0; round < 100; round++) {
    if (round === 80) {
      // Another recorder takes over.
      forgetGivenPages(scribbler.memory);
      ring = new RingReader(scribbler.memory);
      encoder = new ChunkEncoder();
      recorded.clear();
    }
    const written: [page: number, content: string][] = [];
    for (let stint = 0; stint < 12; stint++) written.push(...scribbler.stint());
    ring.drain(Infinity, new ChunkSink(encoder));
    const chunk = contentsOf(new EventChunk(encoder.finish(0).events));
    expect(chunk.seen.map(({ page }) => page)).toEqual(written.map(([page]) => page));
    for (const [i, [page, is]] of written.entries()) {
      const { changed, content } = chunk.seen[i]!;
      const before = recorded.get(page);
      expect(changed ? content : before).toBe(is);
      if (changed && before === is) again++;
      recorded.set(page, is);
    }
    sizes.push(...chunk.sizes);
  }
  // Only of what was not recorded lately it is not known that nothing changed.
  expect(again).toBeLessThan(sizes.length / 100);
  // All three ways to tell a content were taken.
  expect(sizes.filter((size) => size === 0).length).toBeGreaterThan(100);
  expect(sizes.filter((size) => size > 0 && size < PAGE / 2).length).toBeGreaterThan(100);
  expect(sizes.filter((size) => size === PAGE).length).toBeGreaterThan(GIVEN_SLOTS);
});

test('contents can be asked for in any order', () => {
  const dice = new Dice(11);
  const scribbler = new Scribbler(dice);
  const ring = new RingReader(scribbler.memory);
  const encoder = new ChunkEncoder();
  for (let stint = 0; stint < 30; stint++) scribbler.stint();
  ring.drain(Infinity, new ChunkSink(encoder));
  const { events } = encoder.finish(0);
  const inOrder = contentsOf(new EventChunk(events)).seen;
  const chunk = new EventChunk(events);
  const captures = capturesIn(chunk);
  for (let i = 0; i < 3000; i++) {
    const at = dice.roll(captures.length);
    const content = pageContent(chunk, captures[at]!);
    expect(content && sha256(content)).toBe(inOrder[at]!.content);
  }
});

test('what was dirtied in several stints is recorded once, as it is when the interval ends', () => {
  const scribbler = new Scribbler(new Dice(5), 100);
  const ring = new RingReader(scribbler.memory);
  const encoder = new ChunkEncoder();
  const recorded = new Map<number, string>();
  const waiting = new Set<number>();
  const ofPage = (page: number, by: string): Seen => {
    const content = scribbler.hash(page);
    const changed = recorded.get(page) !== content;
    recorded.set(page, content);
    return { by, page, changed, content: changed ? content : undefined };
  };
  const seen = (): Seen[] => {
    ring.drain(Infinity, new ChunkSink(encoder));
    return contentsOf(new EventChunk(encoder.finish(0).events)).seen;
  };
  let ends = 0;
  for (let stint = 0; stint < 200; stint++) {
    const written = [...scribbler.stint().keys()];
    const events = seen();
    if (events.some(({ changed }) => changed !== undefined)) {
      for (const page of written) waiting.delete(page);
      const now = written.map((page) => ofPage(page, 'device'));
      expect(events).toEqual([...now, ...[...waiting].map((page) => ofPage(page, 'interval'))]);
      waiting.clear();
      ends++;
    } else {
      expect(events).toEqual(written.map((page) => ({ by: 'device', page, changed: undefined, content: undefined })));
      for (const page of written) waiting.add(page);
    }
  }
  expect(ends).toBeGreaterThan(10);
  expect(ends).toBeLessThan(100);
  expect(waiting.size).toBeGreaterThan(0);
  // The recording ends.
  expect(scribbler.tell()).toBe(true);
  expect(seen()).toEqual([...waiting].map((page) => ofPage(page, 'interval')));
});
