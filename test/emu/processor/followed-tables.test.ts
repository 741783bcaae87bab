import { describe, expect, it } from 'vitest';
import { AT } from './bench.ts';
import { Followed, PAGING, type PagingName } from './followed.ts';
import { linear } from './watching.ts';
import { BITS, STOS, WAYS, type Way } from './ways.ts';

/** Bits that tell eight tables or frames apart, one in each of three bytes of an entry. */
const CHOICES = [0x1000, 0x1_0000, 0x100_0000];
const CHOSEN = 0x40_0000;
const TABLES = 0x60_0000;
const BELOW = 0x80_0000;
/** Of the watched page: bytes of the row. */
const ROW = { offset: 0x10, length: 0x20 };

/** Bytes of an entry that change: where it leads to; whether it is there; what memory there isn't. */
const LEADS = [0, 0x10, 1, 1, 0, 0, 0, 0];
const PRESENT = [1, 0, 0, 0, 0, 0, 0, 0];
const BEYOND = [0, 0, 0, 0, 1, 1, 1, 0x80];

/** A watched page, of which an entry of a level may lead eight ways, to as many frames. */
function forked(
  name: PagingName,
  level: number,
  indices: readonly number[],
): { guest: Followed; page: number; entry: number } {
  const { shifts, entry: bytes } = PAGING[name];
  const page = indices.reduce((address, index, i) => address + index * 2 ** shifts[i]!, 0);
  const guest = new Followed(name, [linear(page + ROW.offset, ROW.length)]);
  const last = shifts.length - 1;
  const link = (table: number, at: number, to: number): void =>
    guest.poke(table + indices[at]! * bytes, guest.entryTo(at, to));
  let table: number = AT.pml4;
  for (let at = 0; at < level; at++) {
    const next = TABLES + at * 0x4000;
    link(table, at, next);
    table = next;
  }
  link(table, level, CHOSEN);
  for (let choice = 0; choice < 8; choice++) {
    let below = chosen(choice);
    for (let at = level + 1; at <= last; at++) {
      const next = BELOW + choice * 0x8000 + at * 0x1000;
      link(below, at, next);
      below = next;
    }
  }
  guest.follow(AT.pml4, page);
  return { guest, page, entry: table + indices[level]! * bytes };
}

function chosen(choice: number): number {
  return CHOICES.reduce((page, bit, i) => (choice & (1 << i) ? page ^ bit : page), CHOSEN);
}

/** What is at the bytes of a write, with some of the entry's changed, and `beside` of those around it. */
function changed(
  guest: Followed,
  entry: number,
  at: number,
  size: number,
  mask: readonly number[],
  beside: number,
): Uint8Array {
  const { entry: length } = guest.paging;
  return guest.bytes(at, size).map((byte, i) => {
    const inside = at + i - entry;
    return byte ^ (inside >= 0 && inside < length ? mask[inside]! : beside);
  });
}

const bytesOf = (value: bigint): Uint8Array => new Uint8Array(BigUint64Array.of(value).buffer);

/** Writes, and then to the frames where the page lay and where it lies by another address. */
function writeAndTouch(guest: Followed, page: number, way: Way, at: number, after: Uint8Array): void {
  const frames = new Set([guest.walk(guest.root, page).frame]);
  guest.write(way, at, after);
  frames.add(guest.walk(guest.root, page).frame);
  for (const frame of frames) if (frame !== undefined) guest.touch(frame + ROW.offset + (at % 16), 4);
}

const CASES = [
  ...[8, 15, 511, 0].map((index) => ['long', 3, [9, 2, 3, index]] as const),
  ...[8, 15].map((index) => ['long', 2, [9, 2, index, 3]] as const),
  ...[8, 15].map((index) => ['long', 1, [9, index, 2, 3]] as const),
  ...[8, 13].map((index) => ['long', 0, [index, 1, 2, 3]] as const),
  ['pae', 2, [1, 2, 8]],
  ['pae', 1, [1, 8, 3]],
  ['pae', 0, [1, 2, 3]],
  ['plain', 1, [16, 16]],
  ['plain', 1, [16, 31]],
  ['plain', 0, [16, 3]],
] as const;

describe('a followed page moves with its page-table entries', () => {
  for (const [name, level, indices] of CASES) {
    it(`written in every way at every offset: ${name}, level ${level}, ${indices.join('.')}`, () => {
      const { guest, page, entry } = forked(name, level, indices);
      const length = guest.paging.entry;
      const masks = level === 0 ? [LEADS] : [LEADS, PRESENT, ...(length === 8 ? [BEYOND] : [])];
      const beside = level === 0 ? 0 : 0xa5; // a root's other entries are in use
      for (const way of WAYS) {
        if (way.long && name !== 'long') continue;
        for (let at = entry - way.size + 1; at < entry + length; at++) {
          if (at % way.aligned !== 0) continue;
          for (const mask of masks) {
            for (let turn = 0; turn < 2; turn++) {
              writeAndTouch(guest, page, way, at, changed(guest, entry, at, way.size, mask, beside));
            }
          }
        }
      }
      guest.expectSame();
      expect(guest.recorded).toBeGreaterThan(500);
    });
  }

  const LONG = CASES.filter(([name]) => name === 'long');

  for (const [name, level, indices] of LONG) {
    it(`bit by bit, and in a run of equal entries: level ${level}, ${indices.join('.')}`, () => {
      const { guest, page, entry } = forked(name, level, indices);
      for (const choice of CHOICES) {
        const bit = BigInt(choice);
        for (const way of [BITS.set, BITS.reset, BITS.set]) {
          const value = guest.entryAt(entry);
          writeAndTouch(guest, page, way, entry, bytesOf(way === BITS.set ? value | bit : value & ~bit));
        }
      }
      for (let at = entry - STOS.size + 8; at <= entry; at += 8) {
        const value = bytesOf(guest.entryAt(entry) ^ BigInt(CHOICES[1]!));
        writeAndTouch(guest, page, STOS, at, Uint8Array.from([...value, ...value, ...value, ...value]));
      }
      guest.expectSame();
      expect(guest.recorded).toBe(1 + 9 + 4);
    });
  }
});
