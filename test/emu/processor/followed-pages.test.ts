// Pages of RAM that matter to more than one followed page, or to none any more.
import { describe, expect, it } from 'vitest';
import { REGION, SECOND_LEVEL, VMCS_CONTROL } from '../../../src/emu/layout.ts';
import type { WatchRow } from '../../../src/record/traps/watch-rows.ts';
import { AT, Bench } from './bench.ts';
import { Followed, PAGING } from './followed.ts';
import { arm, DATA, events, linear, physical } from './watching.ts';
import { STORE } from './ways.ts';

const PAGE = 0x1000;
/** Pages so far from one another fall into one bucket. */
const BUCKETS = 0x40_0000;

const address = (...indices: readonly number[]): number =>
  indices.reduce((sum, index, i) => sum + index * 2 ** PAGING.long.shifts[i]!, 0);
const ROOT = AT.pml4;
const POINTERS = 0x40_0000;
const DIRECTORY = 0x41_0000;
const TABLE = 0x42_0000;
const FRAMES = 0x50_0000;
const frame = (i: number): number => FRAMES + i * PAGE;

const numbered = (rows: readonly WatchRow[]): WatchRow[] => rows.map((row, number) => ({ ...row, number }));
const bytesOf = (value: bigint): Uint8Array => new Uint8Array(BigUint64Array.of(value).buffer);

class Story extends Followed {
  constructor(rows: readonly WatchRow[], pages: readonly number[]) {
    super('long', numbered(rows));
    for (const page of pages) {
      this.poke(ROOT + 8 * this.slot(0, page), this.entryTo(0, POINTERS));
      this.poke(POINTERS + 8 * this.slot(1, page), this.entryTo(1, DIRECTORY));
    }
  }

  /** Where the entries of a page stand in the directory and in the table. */
  directoryEntry(page: number): number {
    return DIRECTORY + 8 * this.slot(2, page);
  }

  tableEntry(table: number, page: number): number {
    return table + 8 * this.slot(3, page);
  }

  /** The kernel lets an entry lead elsewhere. */
  lead(entry: number, level: number, to: number): void {
    this.write(STORE[8], entry, bytesOf(this.entryTo(level, to)));
  }

  /** Writes to bytes by the kernel's address; how many records that made, all as they should be. */
  recordsOf(...at: readonly number[]): number {
    const before = this.recorded;
    for (const one of at) this.touch(one);
    return this.recorded - before;
  }

  isFollowed(at: number): boolean {
    return (this.state(REGION.secondLevel.address + Math.floor(at / PAGE)) & SECOND_LEVEL.followed) !== 0;
  }
}

describe('a page of RAM', () => {
  const A = address(9, 0, 3, 8);
  const B = address(9, 0, 4, 16);

  it('that is the frame of one page and holds the table of another, until it is one of both', () => {
    for (const first of ['frame', 'table'] as const) {
      const both = TABLE + BUCKETS;
      const story = new Story([linear(A + 0x200, 0x10), linear(B, 8)], [A, B]);
      story.poke(story.directoryEntry(A), story.entryTo(2, TABLE));
      story.poke(story.directoryEntry(B), story.entryTo(2, both));
      story.poke(story.tableEntry(TABLE, A), story.entryTo(3, both));
      story.poke(story.tableEntry(both, B), story.entryTo(3, frame(0)));
      story.follow(ROOT, A);
      story.follow(ROOT, B);
      const entry = story.tableEntry(both, B);
      const moves = (to: number): void => {
        const old = story.walk(ROOT, B).frame!;
        story.lead(entry, 3, to);
        expect(story.recordsOf(to)).toBe(1);
        expect(story.recordsOf(old)).toBe(0);
      };
      expect(story.recordsOf(both + 0x1ff, both + 0x200, both + 0x20f, both + 0x210, entry + 0x40)).toBe(2);
      moves(frame(1));
      if (first === 'frame') {
        story.lead(story.tableEntry(TABLE, A), 3, frame(7));
        expect(story.recordsOf(both + 0x200, frame(7) + 0x200)).toBe(1);
        moves(frame(2));
        story.lead(story.directoryEntry(B), 2, TABLE + PAGE);
      } else {
        story.write(STORE[8], TABLE + PAGE + 8 * 16, bytesOf(story.entryTo(3, frame(3))));
        story.lead(story.directoryEntry(B), 2, TABLE + PAGE);
        expect(story.recordsOf(frame(3), frame(1))).toBe(1);
        story.lead(entry, 3, frame(4));
        expect(story.recordsOf(frame(3), frame(4), both + 0x200)).toBe(2);
        story.lead(story.tableEntry(TABLE, A), 3, frame(7));
      }
      expect(story.isFollowed(both)).toBe(false);
      expect(story.recordsOf(both + 0x200, frame(7) + 0x200)).toBe(1);
      story.expectSame();
    }
  });

  it('in the bucket of another one, which stays', () => {
    for (const stays of [0, 1] as const) {
      for (const order of [[0, 1] as const, [1, 0] as const]) {
        const pages = [A, B];
        const tables = [TABLE, TABLE + BUCKETS];
        const story = new Story([linear(A, 8), linear(B, 8)], pages);
        for (const [i, page] of pages.entries()) {
          story.poke(story.directoryEntry(page), story.entryTo(2, tables[i]!));
          story.poke(story.tableEntry(tables[i]!, page), story.entryTo(3, frame(i)));
        }
        for (const i of order) story.follow(ROOT, pages[i]!);
        const goes = 1 - stays;
        const entry = story.tableEntry(tables[stays]!, pages[stays]!);
        for (let turn = 0; turn < 3; turn++) {
          story.lead(story.directoryEntry(pages[goes]!), 2, TABLE + (turn % 2 === 0 ? PAGE : goes * BUCKETS));
          expect(story.isFollowed(tables[goes]!)).toBe(turn === 1);
          const to = frame(2 + turn);
          story.touch(entry + 64);
          story.lead(entry, 3, to);
          expect(story.recordsOf(to)).toBe(1);
          expect(story.recordsOf(frame(stays))).toBe(0);
        }
        story.expectSame();
      }
    }
  });

  it('as a frame in the bucket of a table, which stays', () => {
    const table = TABLE + BUCKETS;
    const story = new Story([linear(A, PAGE), linear(B, 8)], [A, B]);
    story.poke(story.directoryEntry(A), story.entryTo(2, TABLE + PAGE));
    story.poke(story.directoryEntry(B), story.entryTo(2, table));
    story.poke(story.tableEntry(TABLE + PAGE, A), story.entryTo(3, TABLE));
    story.poke(story.tableEntry(table, B), story.entryTo(3, frame(0)));
    story.follow(ROOT, A);
    story.follow(ROOT, B);
    for (const to of [frame(8), TABLE, TABLE + 2 * BUCKETS]) {
      story.lead(story.tableEntry(TABLE + PAGE, A), 3, to);
      expect(story.recordsOf(to, to + 0x800, to + 0xfff)).toBe(3);
      for (const other of [frame(1), frame(0)]) {
        story.touch(table);
        story.lead(story.tableEntry(table, B), 3, other);
        expect(story.recordsOf(frame(0), frame(1))).toBe(1);
      }
    }
    story.expectSame();
  });

  it('that two pages of a row are mapped to, each with other bytes', () => {
    const next = A + PAGE;
    for (const order of [[A, next] as const, [next, A] as const]) {
      const story = new Story([linear(A + 0x800, PAGE)], [A]);
      story.poke(story.directoryEntry(A), story.entryTo(2, TABLE));
      for (const [i, page] of order.entries()) {
        story.poke(story.tableEntry(TABLE, page), story.entryTo(3, frame(i)));
        story.follow(ROOT, page);
      }
      for (const page of order) story.lead(story.tableEntry(TABLE, page), 3, frame(2));
      expect(story.recordsOf(frame(2) + 0x7ff, frame(2) + 0x800, frame(2))).toBe(3);
    }
  });

  it('in which two rows lie, is followed for both', () => {
    const story = new Story([linear(A, 8), linear(A + 0x100, 8)], [A]);
    story.poke(story.directoryEntry(A), story.entryTo(2, TABLE));
    story.poke(story.tableEntry(TABLE, A), story.entryTo(3, frame(0)));
    story.follow(ROOT, A);
    expect(story.recordsOf(frame(0), frame(0) + 0x100)).toBe(2);
  });

  it('that two address spaces share, stays followed when one of them lets it go', () => {
    const other = 0x60_0000;
    const pointers = POINTERS + BUCKETS;
    for (const goes of [0, 1] as const) {
      const story = new Story([linear(A, 8)], [A]);
      story.mapAll(other);
      story.poke(other + 8 * story.slot(0, A), story.entryTo(0, pointers));
      story.poke(pointers + 8 * story.slot(1, A), story.entryTo(1, DIRECTORY));
      story.poke(story.directoryEntry(A), story.entryTo(2, TABLE));
      story.poke(story.tableEntry(TABLE, A), story.entryTo(3, frame(0)));
      story.follow(ROOT, A);
      story.follow(other, A);
      const letsGo = [POINTERS, pointers][goes]! + 8 * story.slot(1, A);
      story.write(STORE[8], letsGo, bytesOf(0n));
      story.lead(story.tableEntry(TABLE, A), 3, frame(1));
      expect(story.recordsOf(frame(0), frame(1))).toBe(1);
      story.write(STORE[8], letsGo, bytesOf(story.entryTo(1, DIRECTORY)));
      expect(story.recordsOf(frame(0), frame(1))).toBe(1);
      story.expectSame();
    }
  });

  it('that is a root is one no more when its entry for the kernel is another', () => {
    const other = 0x60_0000;
    const mine = 0x70_0000;
    const story = new Story([linear(A, 8)], [A]);
    story.mapAll(other);
    story.poke(story.directoryEntry(A), story.entryTo(2, TABLE));
    story.poke(story.tableEntry(TABLE, A), story.entryTo(3, frame(0)));
    for (let level = 0, table = other; level < 4; level++) {
      const next = level < 3 ? mine + level * PAGE : frame(1);
      story.poke(table + 8 * story.slot(level, A), story.entryTo(level, next));
      table = next;
    }
    story.follow(other, A);
    story.follow(ROOT, A);
    expect(story.recordsOf(other + 8, frame(0), frame(1))).toBe(2);
    story.write(STORE[8], other + 8 * 511, bytesOf(story.entryTo(0, POINTERS)));
    story.forget(other, A);
    expect(story.recordsOf(frame(0), frame(1))).toBe(1);
    for (const [at, followed] of [
      [other, false],
      [mine, false],
      [ROOT, true],
    ] as const)
      expect(story.isFollowed(at)).toBe(followed);
    story.expectSame();
  });

  it('that holds a table and is watched itself', () => {
    const beside = TABLE + 0x800;
    for (const row of [physical(beside, 8), linear(beside, 8)]) {
      const story = new Story([row, linear(A, 8)], [A]);
      story.poke(story.directoryEntry(A), story.entryTo(2, TABLE));
      story.poke(story.tableEntry(TABLE, A), story.entryTo(3, frame(0)));
      story.follow(ROOT, A);
      expect(story.recordsOf(beside - 4, beside, beside + 4, beside + 8, beside)).toBe(3);
      story.lead(story.tableEntry(TABLE, A), 3, frame(1));
      expect(story.recordsOf(frame(0), frame(1))).toBe(1);
      story.expectSame();
    }
  });

  it('with a table, from which a write goes on to the next one', () => {
    const first = address(9, 0, 4, 0);
    const story = new Story([linear(A, 8), linear(first, 8)], [A, first]);
    for (const [i, page] of [A, first].entries()) {
      const table = page === first ? TABLE + PAGE : TABLE;
      story.poke(story.directoryEntry(page), story.entryTo(2, table));
      story.poke(story.tableEntry(table, page), story.entryTo(3, frame(i)));
      story.follow(ROOT, page);
    }
    story.touch(TABLE + 0x800);
    story.touch(TABLE + 0x1800);
    for (const turn of [1, 2]) {
      const next = bytesOf(story.entryTo(3, frame(4 * turn)));
      const after = story.bytes(TABLE + 0xffd, 8);
      after.set(next.subarray(0, 5), 3);
      story.write(STORE[8], TABLE + 0xffd, after);
      expect(story.recordsOf(frame(1), frame(4), frame(8))).toBe(1);
    }
    story.expectSame();
  });

  it('is forgotten with a root that leads to it no more, and known again when it is written to', () => {
    const story = new Story([linear(A, 8)], [A]);
    story.poke(story.directoryEntry(A), story.entryTo(2, TABLE));
    story.poke(story.tableEntry(TABLE, A), story.entryTo(3, frame(0)));
    story.follow(ROOT, A);
    const entry = ROOT + 8 * story.slot(0, A);
    story.write(STORE[8], entry, bytesOf(0n));
    story.forget(ROOT, A);
    for (const at of [ROOT, POINTERS, DIRECTORY, TABLE, frame(0)]) expect(story.isFollowed(at)).toBe(false);
    story.lead(entry, 0, POINTERS);
    expect(story.recordsOf(frame(0))).toBe(0);
    story.follow(ROOT, A);
    expect(story.recordsOf(frame(0))).toBe(1);
    story.lead(story.tableEntry(TABLE, A), 3, frame(1));
    expect(story.recordsOf(frame(0), frame(1))).toBe(1);
    story.expectSame();
  });
});

it('a page of tables is listed anew when it is written to beside the entries that count', () => {
  const own = 0x4000_0000;
  const bench = new Bench('long');
  for (const [i, next] of [0x9_0000, 0x9_1000, DATA].entries()) {
    bench.view.setBigUint64([AT.pdpt + 8, 0x9_0000, 0x9_1000][i]!, BigInt(next | 0x67), true);
  }
  // mov byte [40000000h], 1; mov qword [91800h], 1; hlt
  bench.code(AT.code, 'c6042500000040 01 48c7042500180900 01000000 f4');
  arm(bench, VMCS_CONTROL.pageWrite | VMCS_CONTROL.pages, [linear(own, 4)]);
  for (let turn = 0; turn < 3; turn++) {
    bench.core.set64('rip', BigInt(AT.code));
    bench.core.set('halted', 0);
    bench.run();
    expect(bench.core.tellPages()).toBe(true);
    const listed = events(bench).flatMap(({ pages }) => pages.map((page) => page.physical));
    expect(listed).toContain(0x9_1000);
    bench.core.set64('ringHead', 0n);
  }
});

it('a vector store by way of a translation that the tables no longer have is recorded', () => {
  const own = 0x4000_0000;
  const bench = new Bench('long');
  const { view } = bench;
  view.setBigUint64(AT.pdpt + 8, BigInt(0x9_0000 | 7), true);
  view.setBigUint64(0x9_0000, BigInt(0x9_1000 | 7), true);
  view.setBigUint64(0x9_1000, BigInt(DATA | 7), true);
  // mov byte [40000000h], 1; mov qword [91000h], 0; movups [40000000h], xmm0; hlt
  bench.code(AT.code, 'c6042500000040 01 48c7042500100900 00000000 0f110425 00000040 f4');
  arm(bench, VMCS_CONTROL.pageWrite, [physical(DATA, 32)]);
  bench.run();
  expect(events(bench).map(({ linear: at, size }) => [at, size])).toEqual([
    [own, 1],
    [own, 16],
  ]);
});
