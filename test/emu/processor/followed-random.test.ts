// Several watched pages in several address spaces that come to share tables, and thousands of writes to tables and frames. All
// pages of RAM that are written to come in threes of one bucket.
import { expect, it } from 'vitest';
import type { WatchRow } from '../../../src/record/traps/watch-rows.ts';
import { Dice } from '../../support/ring-load.ts';
import { AT } from './bench.ts';
import { Followed, PAGING, RAM, type Walk } from './followed.ts';
import { linear } from './watching.ts';
import { STORE, WAYS, type Way } from './ways.ts';

const PAGE = 4096;
const BUCKETS = 0x40_0000;
const STEPS = 4000;

const address = (...indices: readonly number[]): number =>
  indices.reduce((sum, index, i) => sum + index * 2 ** PAGING.long.shifts[i]!, 0);
/** Neighbours in a line, in a table, in a directory, and one far off. */
const PAGES = [
  address(9, 2, 3, 8),
  address(9, 2, 3, 10),
  address(9, 2, 3, 11),
  address(9, 2, 3, 40),
  address(9, 2, 4, 8),
  address(9, 3, 4, 511),
  address(12, 0, 0, 0x500),
] as const;

const ROWS: readonly WatchRow[] = [
  linear(PAGES[0] + 0x10, 0x20),
  linear(PAGES[1] + 0x800, PAGE), // and half of the next page
  linear(PAGES[3], PAGE),
  linear(PAGES[4] + 0xffc, 4),
  linear(PAGES[5] + 0x40, 1),
  linear(PAGES[6], 0x100),
].map((row, number) => ({ ...row, number }));

interface Place {
  readonly root: number;
  readonly page: number;
}

class Story {
  readonly guest = new Followed('long', ROWS);
  readonly moves = [0, 0, 0, 0];
  private readonly dice: Dice;
  private readonly roots: number[] = [AT.pml4];
  private readonly places: Place[] = [];
  /** By level: what its entries may lead to. */
  private readonly targets: number[][] = [[], [], [], []];
  private used = 0;

  constructor(seed: number) {
    this.dice = new Dice(seed);
    this.roots.push(this.fresh(), this.fresh());
    for (const root of this.roots) {
      this.guest.mapAll(root);
      for (const page of PAGES) this.map({ root, page });
    }
    for (const root of this.roots) for (const page of PAGES) this.guest.follow(root, page);
  }

  private fresh(): number {
    const n = this.used++;
    return BUCKETS * (1 + (n % 3)) + Math.floor(n / 3) * PAGE;
  }

  private map(place: Place): void {
    let table = place.root;
    for (let level = 0; level < 4; level++) {
      const at = table + 8 * this.guest.slot(level, place.page);
      if (this.guest.entryAt(at) === 0n) {
        const next = this.fresh();
        this.targets[level]!.push(next);
        this.guest.poke(at, this.guest.entryTo(level, next));
      }
      table = Number(this.guest.entryAt(at)) & ~(PAGE - 1);
    }
    this.places.push(place);
  }

  private pick<T>(from: readonly T[]): T {
    return from[this.dice.roll(from.length)]!;
  }

  private walkOf({ root, page }: Place): Walk {
    return this.guest.walk(root, page);
  }

  step(): void {
    const place = this.pick(this.places);
    const { entries, frame } = this.walkOf(place);
    const level = this.dice.roll(entries.length);
    const entry = entries[level]!;
    const kind = this.dice.roll(20);
    if (kind === 0) this.switchTo(place.root);
    else if (kind < 9) this.change(entry, level);
    else if (kind < 13) this.scribble(entry - 80 + this.dice.roll(160));
    else if (kind < 17) this.scribble(entry - (entry % PAGE) + this.dice.roll(PAGE));
    else if (frame !== undefined) this.scribble(frame + this.dice.roll(PAGE));
    const after = this.walkOf(place).frame;
    if (after !== frame && after !== undefined) this.moves[level]!++;
    for (const touched of [frame, after, this.walkOf(this.pick(this.places)).frame, this.pick(this.targets[3]!)]) {
      if (touched !== undefined) this.touch(touched);
    }
  }

  private switchTo(root: number): void {
    this.guest.load(root);
    for (const { start } of ROWS)
      if (this.dice.roll(2) === 0 && this.mayWrite(Number(start))) this.guest.own(Number(start), 1);
  }

  /** Could the program write there, with no bit of an entry to be set? */
  private mayWrite(page: number): boolean {
    const { entries, frame } = this.walkOf({ root: this.guest.root, page });
    return (
      frame !== undefined &&
      entries.length === 4 &&
      entries.every((at) => (this.guest.entryAt(at) & ~0x1ff_ff18n) === 0x67n)
    );
  }

  /** An entry, or some bytes of it, becomes another one. */
  private change(entry: number, level: number): void {
    const kind = this.dice.roll(12);
    let value = this.guest.entryTo(level, this.pick(this.targets[kind === 0 ? this.dice.roll(4) : level]!));
    if (kind === 1) value &= ~1n;
    if (kind === 2) value |= BigInt(1 + this.dice.roll(0xff)) << 32n;
    if (kind === 3 && level > 0) value = BigInt(this.dice.roll(RAM / 0x20_0000) * 0x20_0000) | 0xe7n;
    if (this.dice.roll(2) === 0) {
      this.write(this.pick([STORE[8], STORE[8], ...WAYS.filter(({ size }) => size === 8)]), entry, value, entry);
    } else {
      const way = this.pick(WAYS);
      this.write(way, entry - way.size + 1 + this.dice.roll(way.size + 7), value, entry);
    }
  }

  private scribble(at: number): void {
    this.write(this.pick(WAYS), at);
  }

  /** Random bytes, with the value where the entry is. */
  private write(way: Way, near: number, value = 0n, entry = -PAGE): void {
    const at = near - (near % way.aligned);
    const page = at - (at % PAGE);
    // Below lie code and what maps it, but for a root.
    if (at + way.size > RAM || (at < BUCKETS && !(this.roots.includes(page) && at + way.size <= page + PAGE))) return;
    const hot = new Set(this.places.flatMap((place) => this.walkOf(place).entries.map((address) => address >> 3)));
    const after = this.guest.bytes(at, way.size).map((byte, i) => {
      const inside = at + i - entry;
      if (inside >= 0 && inside < 8) return this.valid(at + i, byte, Number((value >> BigInt(8 * inside)) & 0xffn));
      // Entries in use are mostly left as they are.
      return hot.has((at + i) >> 3) && this.dice.roll(8) > 0 ? byte : this.valid(at + i, byte, this.dice.roll(256));
    });
    const user = way.size <= 8 && way === STORE[way.size as 8] && this.dice.roll(8) === 0;
    this.guest.write(way, at, after, this.window(), user);
  }

  private window(): number {
    return this.dice.roll(6) === 0 ? this.guest.windows[1]! : 0;
  }

  /** A root's entries are the kernel's, or lead somewhere: else it were no address space any more. */
  private valid(at: number, before: number, byte: number): number {
    if (!this.roots.includes(at - (at % PAGE))) return byte;
    const slot = (at % PAGE) >> 3;
    if (slot === 0 || slot === 511) return before;
    return [0x67, byte, byte, byte & 1, 0, 0, 0, 0][at % 8]!;
  }

  /** Writes what is there to bytes of a frame, mostly where a row begins or ends. */
  private touch(frame: number): void {
    const { start, end } = this.pick(ROWS);
    const near = Number(this.pick([start, end])) + this.dice.roll(7) - 5;
    const offset = this.dice.roll(4) === 0 ? this.dice.roll(PAGE - 4) : Math.min(Math.max(0, near % PAGE), PAGE - 4);
    this.guest.touch(frame + offset, this.pick([1, 2, 4] as const), this.window());
  }
}

for (const seed of [1, 2]) {
  it(`random writes to tables that are shared, and to frames: seed ${seed}`, () => {
    const story = new Story(seed);
    for (let step = 0; step < STEPS; step++) story.step();
    story.guest.expectSame();
    expect(story.guest.recorded).toBeGreaterThan(STEPS / 4);
    for (const moves of story.moves) expect(moves).toBeGreaterThan(STEPS / 80);
  });
}
