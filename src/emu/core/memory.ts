// Guest memory by linear address. A TLB hit is inline; everything else (miss, page end, MMIO, pages with code or
// second-level protection) takes the slow functions. Accesses are little-endian and may be unaligned.
import {
  READ_TLB, WRITE_TLB, CPL, VMCS_SECOND_LEVEL_ON, SECOND_LEVEL_IGNORED, SECOND_LEVEL_READ, SECOND_LEVEL_WRITE,
  EXIT_SECOND_LEVEL, BREAKPOINTS, EXIT_LINEAR, EXIT_PHYSICAL, EXIT_QUALIFICATION, EXIT_VALUE, MODE,
  PAGE_INFO_WRITTEN, PAGE_WRITTEN,
} from "./generated/layout";
import { faulted, raiseExit } from "./fault";
import {
  walk, isRam, ramAddress, pageInfo, secondLevelRights, walkGlobal, walkPageSize, NO_TRANSLATION, ACCESS_READ,
  ACCESS_WRITE, ACCESS_USER, ACCESS_AC,
} from "./mmu";
import { entryOf, fillTlb, tableOf, TLB_READ, TLB_WRITE, TLB_HAS_CODE, TLB_LOOK, writesOpened } from "./tlb";
import { pageOpened } from "./open-writes";
import { noteMmio, recordsMmio, roomForMmio } from "./monitor/mmio";
import { listPage, listsPages } from "./monitor/pages";
import { noteRead, readIsWatched } from "./monitor/views";
import { endWide, isBesideTables, noteWide, noteWrite, pageIsWatched, roomForWrites, watchesReads, watchesWrites, writeDone } from "./monitor/watches";
import { MODE_BITS, MODE_CODE64 } from "./mode";
import { invalidateWritten } from "./blocks";
import { watchData, watchedPage } from "./breakpoints";
import { readDevice, writeDevice } from "./device-access";

// ---- reading ----

function accessOf(table: usize): u32 {
  if (table == tableOf(TLB_READ + 2) || table == tableOf(TLB_WRITE + 2)) return ACCESS_USER;
  if (table == tableOf(TLB_READ + 1) || table == tableOf(TLB_WRITE + 1)) return ACCESS_AC;
  return 0;
}

function secondLevelExit(linear: u64, physical: u64, right: u32, size: u32, value: u64): void {
  store<u64>(EXIT_LINEAR, linear);
  store<u64>(EXIT_PHYSICAL, physical);
  store<u64>(EXIT_QUALIFICATION, u64(right | (size << 8)));
  store<u64>(EXIT_VALUE, value);
  raiseExit(EXIT_SECOND_LEVEL);
}

// @ts-ignore: decorator
@inline function watched(physical: u64, right: u32): bool {
  return load<u32>(VMCS_SECOND_LEVEL_ON) != 0 && load<u32>(SECOND_LEVEL_IGNORED) == 0
    && (secondLevelRights(physical) & right) == 0;
}

/** A page is about to be read by way of a translation: TLB_LOOK if the monitor wants to see the next read too. */
// @ts-ignore: decorator
@inline function lookedRead(linear: u64, physical: u64): u64 { return readIsWatched(linear, physical) ? TLB_LOOK : 0; }

/** Physical address for a read; fills the TLB. */
function translateRead(linear: u64, table: usize, size: u32): u64 {
  const entry = entryOf(table, linear);
  const tag = load<u64>(entry);
  if ((tag & ~TLB_LOOK) == (linear & ~4095)) {
    const cached = u64((<u32>linear + load<u32>(entry, 8)) - <u32>ramAddress(0));
    if (tag & TLB_LOOK) store<u64>(entry, (tag & ~TLB_LOOK) | lookedRead(linear, cached));
    return cached;
  }
  const physical = walk(linear, ACCESS_READ | accessOf(table));
  if (physical == NO_TRANSLATION || !isRam(physical)) return physical;
  if (load<u32>(VMCS_SECOND_LEVEL_ON) != 0 && (secondLevelRights(physical) & SECOND_LEVEL_READ) == 0) {
    if (watched(physical, SECOND_LEVEL_READ)) {
      secondLevelExit(linear, physical, SECOND_LEVEL_READ, size, 0);
      return NO_TRANSLATION;
    }
    return physical;
  }
  if (load<u32>(BREAKPOINTS) != 0 && watchedPage(linear)) return physical;
  const tagged = (linear & ~4095) | lookedRead(linear, physical);
  fillTlb(table, linear, tagged, <u32>ramAddress(physical & ~4095), walkGlobal, walkPageSize);
  return physical;
}

/** A read within a page. */
function readPhysical(physical: u64, size: u32): u64 {
  if (isRam(physical)) {
    const host = ramAddress(physical);
    switch (size) {
      case 1: return u64(load<u8>(host));
      case 2: return u64(load<u16>(host));
      case 4: return u64(load<u32>(host));
      default: return load<u64>(host);
    }
  }
  return readDevice(physical, size);
}

function readSlow(linear: u64, size: u32, table: usize): u64 {
  if (load<u32>(BREAKPOINTS)) watchData(linear, size, false);
  const first = <u32>(4096 - (linear & 4095));
  if (first >= size) {
    const physical = translateRead(linear, table, size);
    if (physical == NO_TRANSLATION) return 0;
    if (isRam(physical)) {
      const stored = readPhysical(physical, size);
      if (watchesReads()) noteRead(linear, physical, size, stored);
      return stored;
    }
    if (!recordsMmio()) return readDevice(physical, size);
    if (!roomForMmio(false)) return 0;
    const value = readDevice(physical, size);
    noteMmio(linear, physical, size, false, value);
    return value;
  }
  const low = translateRead(linear, table, first);
  if (low == NO_TRANSLATION) return 0;
  const high = translateRead(linearAfter(linear, first), table, size - first);
  if (high == NO_TRANSLATION) return 0;
  let value: u64 = 0;
  for (let i: u32 = 0; i < size; i++) {
    const at = i < first ? low + i : high + (i - first);
    value |= readPhysical(at, 1) << (i << 3);
  }
  if (watchesReads()) {
    if (isRam(low)) noteRead(linear, low, first, value & ((u64(1) << u64(first << 3)) - 1));
    if (isRam(high)) noteRead(linearAfter(linear, first), high, size - first, value >> u64(first << 3));
  }
  return value;
}

/** Addresses wrap at 4 GiB outside 64-bit mode. */
export function linearAfter(linear: u64, count: u32): u64 {
  const next = linear + count;
  return (load<u32>(MODE) & MODE_BITS) == MODE_CODE64 ? next : next & 0xffff_ffff;
}

// @ts-ignore: decorator
@inline function readFrom<T>(linear: u64, table: usize): T {
  const entry = entryOf(table, linear);
  if (load<u64>(entry) == ((linear + (sizeof<T>() - 1)) & ~4095)) return load<T>(<u32>linear + load<u32>(entry, 8));
  return <T>readSlow(linear, sizeof<T>(), table);
}

export function read8(linear: u64): u32 { return readFrom<u8>(linear, load<u32>(READ_TLB)); }
export function read16(linear: u64): u32 { return readFrom<u16>(linear, load<u32>(READ_TLB)); }
export function read32(linear: u64): u32 { return readFrom<u32>(linear, load<u32>(READ_TLB)); }
export function read64(linear: u64): u64 { return readFrom<u64>(linear, load<u32>(READ_TLB)); }

/** 16 bytes; the two halves are fetched in address order. */
export function readV128(linear: u64): v128 {
  const entry = entryOf(load<u32>(READ_TLB), linear);
  if (load<u64>(entry) == ((linear + 15) & ~4095)) return v128.load(<u32>linear + load<u32>(entry, 8));
  const low = read64(linear);
  if (faulted()) return i64x2(0, 0);
  return i64x2(low, read64(linearAfter(linear, 8)));
}

/** Descriptor tables and TSS: as a supervisor, whatever the CPL, SMAP enforced. */
export function readSystem8(linear: u64): u32 { return readFrom<u8>(linear, tableOf(TLB_READ)); }
export function readSystem16(linear: u64): u32 { return readFrom<u16>(linear, tableOf(TLB_READ)); }
export function readSystem32(linear: u64): u32 { return readFrom<u32>(linear, tableOf(TLB_READ)); }
export function readSystem64(linear: u64): u64 { return readFrom<u64>(linear, tableOf(TLB_READ)); }

// ---- writing ----

/** A page is about to be written by way of a translation: TLB_LOOK if the monitor wants to see the next write too. */
function looked(linear: u64, physical: u64): u64 {
  const unlisted = listsPages() && !listPage(linear, physical, 0);
  return unlisted || pageIsWatched(linear, physical, SECOND_LEVEL_WRITE) ? TLB_LOOK : 0;
}

/** The next write to the page by way of this entry is not looked at. */
// @ts-ignore: decorator
@inline function opened(entry: usize, physical: u64): void {
  if (listsPages()) writesOpened(entry);
  if (watchesWrites()) pageOpened(entry, physical);
}

/** Physical address for a write; fills the TLB when the page may be written without looking. */
function translateWrite(linear: u64, table: usize, size: u32, value: u64): u64 {
  const entry = entryOf(table, linear);
  const tag = load<u64>(entry);
  if ((tag & ~(TLB_HAS_CODE | TLB_LOOK)) == (linear & ~4095)) {
    const cached = u64((<u32>linear + load<u32>(entry, 8)) - <u32>ramAddress(0));
    if (tag & TLB_LOOK) {
      const look = looked(linear, cached);
      if (look != 0 && watchesWrites() && !roomForWrites()) return NO_TRANSLATION;
      store<u64>(entry, (tag & ~TLB_LOOK) | look);
      if (look == 0) opened(entry, cached);
    }
    return cached;
  }
  const physical = walk(linear, ACCESS_WRITE | accessOf(table));
  if (physical == NO_TRANSLATION || !isRam(physical)) return physical;
  const look = looked(linear, physical);
  if (look != 0 && watchesWrites() && !roomForWrites()) return NO_TRANSLATION;
  if (load<u32>(VMCS_SECOND_LEVEL_ON) != 0 && (secondLevelRights(physical) & SECOND_LEVEL_WRITE) == 0) {
    if (watched(physical, SECOND_LEVEL_WRITE)) {
      secondLevelExit(linear, physical, SECOND_LEVEL_WRITE, size, value);
      return NO_TRANSLATION;
    }
    store<u32>(pageInfo(physical), PAGE_WRITTEN, PAGE_INFO_WRITTEN);
    return physical;
  }
  const hasCode = load<u64>(pageInfo(physical)) != 0;
  store<u32>(pageInfo(physical), PAGE_WRITTEN, PAGE_INFO_WRITTEN);
  if (load<u32>(BREAKPOINTS) != 0 && watchedPage(linear)) return physical;
  fillTlb(table, linear, (linear & ~4095) | (hasCode ? TLB_HAS_CODE : 0) | look, <u32>ramAddress(physical & ~4095), walkGlobal, walkPageSize);
  if (look == 0) opened(entry, physical);
  return physical;
}

/** A write within a page. */
function writePhysical(physical: u64, size: u32, value: u64): void {
  if (!isRam(physical)) {
    writeDevice(physical, size, value);
    return;
  }
  const host = ramAddress(physical);
  switch (size) {
    case 1: store<u8>(host, <u8>value); break;
    case 2: store<u16>(host, <u16>value); break;
    case 4: store<u32>(host, <u32>value); break;
    default: store<u64>(host, value); break;
  }
  if (load<u64>(pageInfo(physical))) invalidateWritten(physical, size);
}

/** Physical address of a write within a page that nobody needs to be told of, though it is looked at; NO_TRANSLATION: it is another. */
// @ts-ignore: decorator
@inline function besideTables(linear: u64, size: u32, table: usize): u64 {
  const entry = entryOf(table, linear);
  if (load<u64>(entry) != (((linear + (size - 1)) & ~4095) | TLB_LOOK) || listsPages()) return NO_TRANSLATION;
  const physical = u64((<u32>linear + load<u32>(entry, 8)) - <u32>ramAddress(0));
  return isBesideTables(linear, physical, size) ? physical : NO_TRANSLATION;
}

function writeSlow(linear: u64, size: u32, value: u64, table: usize): void {
  if (load<u32>(BREAKPOINTS)) watchData(linear, size, true);
  const beside = besideTables(linear, size, table);
  if (beside != NO_TRANSLATION) {
    writePhysical(beside, size, value);
    return;
  }
  const first = <u32>(4096 - (linear & 4095));
  if (first >= size) {
    const physical = translateWrite(linear, table, size, value);
    if (physical == NO_TRANSLATION) return;
    if (isRam(physical)) {
      if (watchesWrites()) noteWrite(linear, physical, size, value);
      writePhysical(physical, size, value);
      writeDone();
    } else if (!recordsMmio()) writeDevice(physical, size, value);
    else if (roomForMmio(true)) {
      writeDevice(physical, size, value);
      noteMmio(linear, physical, size, true, value);
    }
    return;
  }
  const low = translateWrite(linear, table, first, value);
  if (low == NO_TRANSLATION) return;
  const high = translateWrite(linearAfter(linear, first), table, size - first, value >> (first << 3));
  if (high == NO_TRANSLATION) return;
  if (watchesWrites()) {
    noteWrite(linear, low, first, value & ((u64(1) << u64(first << 3)) - 1));
    noteWrite(linearAfter(linear, first), high, size - first, value >> (first << 3));
  }
  for (let i: u32 = 0; i < size; i++) {
    writePhysical(i < first ? low + i : high + (i - first), 1, (value >> (i << 3)) & 255);
  }
  writeDone();
}

// @ts-ignore: decorator
@inline function writeTo<T>(linear: u64, value: T, table: usize): void {
  const entry = entryOf(table, linear);
  if (load<u64>(entry) == ((linear + (sizeof<T>() - 1)) & ~4095)) store<T>(<u32>linear + load<u32>(entry, 8), value);
  else writeSlow(linear, sizeof<T>(), u64(value), table);
}

export function write8(linear: u64, value: u32): void { writeTo<u8>(linear, <u8>value, load<u32>(WRITE_TLB)); }
export function write16(linear: u64, value: u32): void { writeTo<u16>(linear, <u16>value, load<u32>(WRITE_TLB)); }
export function write32(linear: u64, value: u32): void { writeTo<u32>(linear, value, load<u32>(WRITE_TLB)); }
export function write64(linear: u64, value: u64): void { writeTo<u64>(linear, value, load<u32>(WRITE_TLB)); }

/** Notes a write that was probed and is done in two: to where its translations lead, whatever the page tables say by now. */
function noteHalves(linear: u64, size: u32, value: v128): void {
  const table: usize = load<u32>(WRITE_TLB);
  const first = <u32>(4096 - (linear & 4095));
  const next = linearAfter(linear, first);
  const low = translateWrite(linear, table, min(first, size), 0);
  const high = first < size ? translateWrite(next, table, size - first, 0) : NO_TRANSLATION;
  noteWide(linear, low, next, high, size, value);
}

/** 16 bytes, all or nothing. */
export function writeV128(linear: u64, value: v128): void {
  const entry = entryOf(load<u32>(WRITE_TLB), linear);
  if (load<u64>(entry) == ((linear + 15) & ~4095)) {
    v128.store(<u32>linear + load<u32>(entry, 8), value);
    return;
  }
  probeWrite(linear, 16);
  if (faulted()) return;
  const watched = watchesWrites();
  if (watched) noteHalves(linear, 16, value);
  write64(linear, i64x2.extract_lane(value, 0));
  write64(linearAfter(linear, 8), i64x2.extract_lane(value, 1));
  if (watched) endWide();
}

/** 10 bytes, all or nothing. */
export function write80(linear: u64, low: u64, high: u32): void {
  const entry = entryOf(load<u32>(WRITE_TLB), linear);
  if (load<u64>(entry) == ((linear + 9) & ~4095)) {
    const host = <u32>linear + load<u32>(entry, 8);
    store<u64>(host, low);
    store<u16>(host, <u16>high, 8);
    return;
  }
  probeWrite(linear, 10);
  if (faulted()) return;
  const watched = watchesWrites();
  const value = i64x2.replace_lane(i64x2.splat(low), 1, u64(high));
  if (watched) noteHalves(linear, 10, value);
  write64(linear, low);
  write16(linearAfter(linear, 8), high);
  if (watched) endWide();
}

export function writeSystem8(linear: u64, value: u32): void { writeTo<u8>(linear, <u8>value, tableOf(TLB_WRITE)); }
export function writeSystem16(linear: u64, value: u32): void { writeTo<u16>(linear, <u16>value, tableOf(TLB_WRITE)); }
export function writeSystem32(linear: u64, value: u32): void { writeTo<u32>(linear, value, tableOf(TLB_WRITE)); }
export function writeSystem64(linear: u64, value: u64): void { writeTo<u64>(linear, value, tableOf(TLB_WRITE)); }

/** Raises what a write of `size` bytes (up to 4096) there would raise. */
export function probeWrite(linear: u64, size: u32): void { probe(linear, size, load<u32>(WRITE_TLB)); }
export function probeSystemWrite(linear: u64, size: u32): void { probe(linear, size, tableOf(TLB_WRITE)); }

function probe(linear: u64, size: u32, table: usize): void {
  if (size <= 8 && besideTables(linear, size, table) != NO_TRANSLATION) return;
  const first = <u32>(4096 - (linear & 4095));
  if (translateWrite(linear, table, min(first, size), 0) == NO_TRANSLATION) return;
  if (first < size) translateWrite(linearAfter(linear, first), table, size - first, 0);
}

/** Raises what a read of `size` bytes (up to 4096) there would raise. */
export function probeRead(linear: u64, size: u32): void {
  const table: usize = load<u32>(READ_TLB);
  const first = <u32>(4096 - (linear & 4095));
  if (translateRead(linear, table, min(first, size)) == NO_TRANSLATION) return;
  if (first < size) translateRead(linearAfter(linear, first), table, size - first);
}
