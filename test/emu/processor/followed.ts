// A processor that writes to page tables and to the frames of watched pages, and what is to be recorded of each write: computed
// from the tables in its memory. Beside it runs one that nobody watches, which must come out the same.
import { expect } from 'vitest';
import { EXIT, VMCS_CONTROL } from '../../../src/emu/layout.ts';
import type { WatchRow } from '../../../src/record/traps/watch-rows.ts';
import { AT, Bench } from './bench.ts';
import { arm, events } from './watching.ts';
import { STORE, type Way } from './ways.ts';

export const RAM = 0x200_0000;
const PAGE = 4096;
/** Where bytes stand that a way of writing takes from memory. */
const SOURCE = 0x9_0000;
const FLAGS = 0x67n;
const PDPTE_FLAGS = 1n;

/** How linear addresses become physical ones; `kernel`: which entry of a root is the kernel's. */
export interface Paging {
  readonly shifts: readonly number[];
  readonly entry: 4 | 8;
  readonly largest: number;
  readonly kernel: number;
}

export const PAGING = {
  long: { shifts: [39, 30, 21, 12], entry: 8, largest: 30, kernel: 511 },
  pae: { shifts: [30, 21, 12], entry: 8, largest: 21, kernel: 3 },
  plain: { shifts: [22, 12], entry: 4, largest: 22, kernel: 1023 },
} as const satisfies Record<string, Paging>;
export type PagingName = keyof typeof PAGING;

/** Where entries on the way to a page stand, and the page that it is mapped to. */
export interface Walk {
  readonly entries: readonly number[];
  readonly frame: number | undefined;
}

interface Expected {
  readonly number: number;
  readonly linear: number;
  readonly physical: number;
  readonly size: number;
  readonly before: string;
  readonly after: string;
  /** Any of these. */
  readonly watched: readonly number[];
}

const hex = (bytes: Uint8Array): string => Buffer.from(bytes).toString('hex');
const pageOf = (address: number): number => address - (address % PAGE);

export class Followed {
  readonly paging: Paging;
  readonly rows: readonly WatchRow[];
  /** Linear address by which everything may be written to: the same in all address spaces. */
  readonly windows: readonly number[];
  /** Page tables in force. */
  root: number = AT.pml4;
  /** Records that came as expected. */
  recorded = 0;
  private readonly name: PagingName;
  private readonly watched: Bench;
  private readonly benches: readonly Bench[];
  private readonly places = new Map<string, number>();
  private readonly pages: { root: number; page: number }[] = [];

  constructor(name: PagingName, rows: readonly WatchRow[]) {
    this.name = name;
    this.paging = PAGING[name];
    this.rows = rows;
    this.windows = name === 'long' ? [0, 0x4000_0000] : [0];
    this.benches = [0, 1].map(() => new Bench(name === 'long' ? 'long' : 'protected', 0, {}, RAM));
    this.watched = this.benches[0]!;
    this.mapAll(AT.pml4);
    if (name !== 'long') this.turnPagingOn();
    arm(this.watched, VMCS_CONTROL.pageWrite, rows);
  }

  private turnPagingOn(): void {
    for (const { core } of this.benches) {
      core.set64('cr4', this.name === 'pae' ? 0x620n : 0x610n);
      core.set64('cr3', BigInt(AT.pml4));
      core.set64('cr0', 0x8001_0033n);
      core.modeChanged();
      core.flushTlb();
    }
  }

  /** Maps all memory by `windows` in an address space, as the kernel does. */
  mapAll(root: number): void {
    if (this.name === 'long') {
      this.poke(root, BigInt(AT.pdpt) | 7n);
      for (const [i] of this.windows.entries()) this.poke(AT.pdpt + 8 * i, 0xe7n);
    } else if (this.name === 'pae') {
      this.poke(root, BigInt(AT.pdpt) | PDPTE_FLAGS);
      for (let at = 0; at < RAM; at += 0x20_0000) this.poke(AT.pdpt + 8 * (at / 0x20_0000), BigInt(at) | 0xe7n);
      this.poke(root + 8 * this.paging.kernel, BigInt(AT.pdpt + PAGE) | PDPTE_FLAGS);
    } else {
      for (let at = 0; at < RAM; at += 0x40_0000) this.poke(root + 4 * (at / 0x40_0000), BigInt(at) | 0xe7n);
    }
  }

  /** What an entry holds that leads to a page. */
  entryTo(level: number, page: number): bigint {
    return BigInt(page) | (this.name === 'pae' && level === 0 ? PDPTE_FLAGS : FLAGS);
  }

  /** Writes an entry from outside, before anything is followed. */
  poke(at: number, value: bigint): void {
    for (const { view } of this.benches) {
      if (this.paging.entry === 8) view.setBigUint64(at, value, true);
      else view.setUint32(at, Number(value), true);
    }
  }

  bytes(physical: number, size: number): Uint8Array {
    return this.watched.core.ram.slice(physical, physical + size);
  }

  /** A byte of the core's memory. */
  state(at: number): number {
    return this.watched.core.bytes[at]!;
  }

  entryAt(at: number): bigint {
    const { view } = this.watched;
    return this.paging.entry === 8 ? view.getBigUint64(at, true) : BigInt(view.getUint32(at, true));
  }

  slot(level: number, linear: number): number {
    const { entry, shifts } = this.paging;
    return Number((BigInt(linear) >> BigInt(shifts[level]!)) & (entry === 8 ? 511n : 1023n));
  }

  walk(root: number, linear: number): Walk {
    const { shifts, entry, largest } = this.paging;
    const entries: number[] = [];
    let table = BigInt(root);
    for (const [level, shift] of shifts.entries()) {
      const at = table + BigInt(this.slot(level, linear) * entry);
      if (at >= RAM) break;
      entries.push(Number(at));
      const value = this.entryAt(Number(at));
      if ((value & 1n) === 0n) break;
      table = value & 0x000f_ffff_ffff_f000n;
      if (shift !== 12 && !((value & 0x80n) !== 0n && shift <= largest)) continue;
      const inside = (1n << BigInt(shift)) - 1n;
      const frame = (table & ~inside) | (BigInt(linear) & inside);
      return { entries, frame: frame < RAM ? pageOf(Number(frame)) : undefined };
    }
    return { entries, frame: undefined };
  }

  /** The page writes to itself in this address space: it is followed from now on. Its frame must be nobody else's yet. */
  follow(root: number, page: number): void {
    this.load(root);
    for (const { start } of this.rows.filter(({ end, start }) => start < page + PAGE && end > page)) {
      const at = Math.max(Number(start), page);
      this.pages.push({ root, page });
      this.own(at, 1);
    }
  }

  /** It is not followed any more. */
  forget(root: number, page: number): void {
    const at = this.pages.findIndex((other) => other.root === root && other.page === page);
    this.pages.splice(at, 1);
  }

  /** Loads CR3. */
  load(root: number): void {
    this.root = root;
    this.run('0f22d8', { 0: BigInt(root) });
    this.compare('a new CR3', []);
  }

  /** Writes bytes to a watched page by its own address: the same as are there. */
  own(linear: number, size: 1 | 2 | 4): void {
    const physical = this.walk(this.root, linear).frame! + (linear % PAGE);
    const bytes = this.bytes(physical, size);
    const expected = this.expected(linear, physical, bytes);
    this.run(STORE[size].code, STORE[size].registers({ at: linear, before: bytes, after: bytes, source: SOURCE }));
    this.compare(`its own write to ${linear.toString(16)}`, expected);
  }

  /** Writes to physical memory, in pages that are no own addresses: `after` replaces what is there. `user`: at privilege level 3. */
  write(way: Way, physical: number, after: Uint8Array, window = 0, user = false): void {
    const before = this.bytes(physical, after.length);
    const expected: Expected[] = [];
    for (const { offset, bytes } of way.stores(before, after)) {
      expected.push(...this.expected(window + physical + offset, physical + offset, bytes));
      this.watched.core.ram.set(bytes, physical + offset);
    }
    this.watched.core.ram.set(before, physical);
    if (way.source) for (const { core } of this.benches) core.ram.set(after, SOURCE);
    this.run(way.code, way.registers({ at: window + physical, before, after, source: SOURCE }), user);
    const what = `${way.name} at ${physical.toString(16)}: ${hex(before)} to ${hex(after)}`;
    this.compare(what, expected);
    if (hex(this.bytes(physical, after.length)) !== hex(after)) throw new Error(`not written: ${what}`);
  }

  /** Writes the same bytes as are there. */
  touch(physical: number, size: 1 | 2 | 4 = 1, window = 0): void {
    this.write(STORE[size], physical, this.bytes(physical, size), window);
  }

  /** Both processors have come to the same, but for what was recorded. */
  expectSame(): void {
    expect(this.benches[0]!.picture()).toBe(this.benches[1]!.picture());
  }

  private run(code: string, registers: Readonly<Record<number, bigint>>, user = false): void {
    const place = this.place(code);
    for (const bench of this.benches) {
      const { core } = bench;
      if (user) bench.enter(3, place);
      for (const [index, value] of Object.entries(registers)) core.set64('gpr', value, Number(index));
      core.set64('rip', BigInt(place));
      core.set('halted', 0);
      const exit = bench.run(user ? 1 : 1000);
      if (!user && exit !== EXIT.halt) throw new Error(`exit ${exit} of ${code} at ${core.get64('cr2').toString(16)}`);
      if (user) bench.enter(0, place);
    }
  }

  private place(code: string): number {
    let place = this.places.get(code);
    if (place === undefined) {
      place = AT.code + 64 * this.places.size;
      this.places.set(code, place);
      for (const bench of this.benches) bench.code(place, `${code}f4`);
    }
    return place;
  }

  /** Of one store, as the tables are before it. */
  private expected(linear: number, physical: number, bytes: Uint8Array): Expected[] {
    const first = Math.min(bytes.length, PAGE - (physical % PAGE));
    const parts = [bytes.subarray(0, first), bytes.subarray(first)].filter(({ length }) => length > 0);
    return parts.flatMap((part, i) => this.expectedInPage(linear + i * first, physical + i * first, part));
  }

  private expectedInPage(linear: number, physical: number, bytes: Uint8Array): Expected[] {
    const frame = pageOf(physical);
    const size = bytes.length;
    const spaces = this.pages.filter(
      ({ root, page }) => (root !== this.root || page !== pageOf(linear)) && this.walk(root, page).frame === frame,
    );
    return this.rows.flatMap(({ kind, start, end, number }) => {
      const touches = (at: number): boolean => at < end && at + size > start;
      const watched = touches(kind === 'physical' ? physical : linear)
        ? [linear]
        : spaces.map(({ page }) => page + (physical % PAGE)).filter(touches);
      if (watched.length === 0) return [];
      return [{ number, linear, physical, size, before: hex(this.bytes(physical, size)), after: hex(bytes), watched }];
    });
  }

  private compare(what: string, expected: readonly Expected[]): void {
    const { core } = this.watched;
    if (core.get64('ringHead') === 0n && expected.length === 0) return;
    const seen = events(this.watched);
    core.set64('ringHead', 0n);
    const rest = [...expected];
    for (const { number, linear, physical, size, before, after, watched } of seen) {
      const at = rest.findIndex(
        (other) =>
          other.number === number &&
          other.linear === linear &&
          other.physical === physical &&
          other.size === size &&
          other.before === before &&
          other.after === after &&
          other.watched.includes(watched),
      );
      if (at < 0) expect(seen, what).toEqual(expected);
      rest.splice(at, 1);
    }
    if (rest.length > 0) expect(seen, what).toEqual(expected);
    this.recorded += seen.length;
  }
}
