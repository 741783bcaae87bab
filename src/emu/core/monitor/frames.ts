// Where watched addresses of programs lie: the physical frames that they map to, so that what is written there by another
// address (the kernel's own, another process's mapping) is recorded too. The page-table entries that lead to a frame are
// looked at like the frame itself; who writes one moves the watch along.
import { CPL, CR0, CR3, CR4, EFER, RAM_SIZE, REGION_SECOND_LEVEL, SECOND_LEVEL_FOLLOWED, SECOND_LEVEL_WRITE } from "../generated/layout";
import {
  POLICY_header, POLICY_HEADER_isolationBits, POLICY_HEADER_physicalRowCount, POLICY_HEADER_watchRowCount, POLICY_watchRows,
  TASK_FILTER_flags, TASK_FILTER_FLAG_name, TASK_FILTER_FLAG_process, WATCH_ROW_accesses, WATCH_ROW_BYTES, WATCH_ROW_end, WATCH_ROW_filter, WATCH_ROW_start,
} from "../generated/monitor-layout";
import { CR0_PG, CR4_PAE, CR4_PSE, EFER_LMA } from "../mode";
import { isRam, ramAddress, secondLevelRights } from "../mmu";
import { markWritesTo } from "../tlb";
import { memoryOf, presentTask, taskMatches } from "./task-filter";
import { distance, findDistance, FOUND } from "./program-place";

/**
 * A page of a row in an address space:
 *    0 u64 root     page tables it is found by; FREE: no entry
 *    8 u64 page     linear address
 *   16 u32 row      address of the watch row
 *   20 u32 frame    physical address it maps to now, NONE: to nothing
 *   24 u64 moved    how far the row's addresses are from where they are meant
 *   32 u32[4]       physical addresses of the page-table entries that say so, from the root; NONE: no more
 *   48 u32 stale    one of them is being written
 */
const BYTES: usize = 56;
const WAY: usize = 32;
const WAY_END: usize = 48;
const FRAMES: u32 = 512;
const FREE: u64 = ~(<u64>0);
const NONE: u32 = ~(<u32>0);
/** Of a longer range the pages are followed from when they are first written to by their own address. */
const PAGES_AT_ONCE: u64 = 16;
const TABLE_ADDRESS: u64 = 0x000f_ffff_ffff_f000;
const PRESENT: u64 = 1;
const LARGE: u64 = 0x80;
/** The last entry of a 4-level root is the kernel's, the same in all address spaces. */
const KERNEL_ENTRY: u64 = 511 * 8;

const ENTRIES: usize = memory.data(512 * 56);
let count: u32 = 0; // the last one in use is before it
let next: u32 = 0; // replaced when there is no other
/** The address space whose task was looked at last. */
let examined: u64 = FREE;
/** Some entry is stale. */
let moving: bool = false;

// @ts-ignore: decorator
@inline function entryAt(i: u32): usize { return ENTRIES + i * BYTES; }
// @ts-ignore: decorator
@inline export function isFollowed(physical: u64): bool { return (secondLevelRights(physical) & SECOND_LEVEL_FOLLOWED) != 0; }

/** Other rows, another machine: nothing is known any more. */
export function forgetFrames(): void {
  for (let i: u32 = 0; i < count; i++) drop(entryAt(i));
  count = 0;
  next = 0;
  examined = FREE;
}

// ---- who writes to a followed frame ----

/**
 * The entry behind `after` (0: of all) whose row names a byte of `size` bytes at `physical`, which are written to by `linear`,
 * another address than the entry's own; 0: none.
 */
export function followedBy(after: usize, linear: u64, physical: u64, size: u32): usize {
  const root = presentRoot();
  for (let entry = after == 0 ? ENTRIES : after + BYTES; entry < entryAt(count); entry += BYTES) {
    if (!leadsTo(entry, physical, linear, root)) continue;
    const row = rowOfEntry(entry);
    const watched = watchedAddress(entry, physical);
    const moved = load<u64>(entry, 24);
    if (watched >= load<u64>(row, WATCH_ROW_end) + moved || watched + size <= load<u64>(row, WATCH_ROW_start) + moved) continue;
    if (!isRepeated(entry, physical, linear, root)) return entry;
  }
  return 0;
}

function leadsTo(entry: usize, physical: u64, linear: u64, root: u64): bool {
  const space = load<u64>(entry);
  if (space == FREE || load<u32>(entry, 20) != (<u32>physical & ~4095)) return false;
  return space != root || load<u64>(entry, 8) != (linear & ~4095);
}

/** The row has another such entry: address spaces share the frame. */
function isRepeated(entry: usize, physical: u64, linear: u64, root: u64): bool {
  for (let other = ENTRIES; other < entry; other += BYTES) {
    if (rowOfEntry(other) == rowOfEntry(entry) && leadsTo(other, physical, linear, root)) return true;
  }
  return false;
}

// @ts-ignore: decorator
@inline export function rowOfEntry(entry: usize): usize { return load<u32>(entry, 16); }
// @ts-ignore: decorator
@inline export function watchedAddress(entry: usize, physical: u64): u64 { return load<u64>(entry, 8) + (physical & 4095); }

// @ts-ignore: decorator
@inline export function movedOf(entry: usize): u64 { return load<u64>(entry, 24); }

// ---- which frames are followed ----

/** User code of an address space that was not looked at last is about to write: its watched pages are followed from now on. */
export function examineSpace(): void {
  if (load<u32>(CPL) == 3 && presentRoot() != examined) examine();
}

/** The present task gives way to another address space, from where its memory may be written to. */
export function leaveSpace(cr3: u64): void {
  // The kernel's own tasks keep the address space of who ran before.
  if (rootOf(cr3) != presentRoot() && memoryOf(presentTask()) != 0) examine();
}

function examine(): void {
  const root = presentRoot();
  examined = root;
  const rows = load<u32>(POLICY_header, POLICY_HEADER_watchRowCount);
  const task = presentTask();
  for (let i = load<u32>(POLICY_header, POLICY_HEADER_physicalRowCount); i < rows; i++) {
    const row: usize = POLICY_watchRows + i * WATCH_ROW_BYTES;
    if (!taskMatches(row + WATCH_ROW_filter, task) || findDistance(row, task) != FOUND) {
      forgetSpace(row, root);
      continue;
    }
    const moved = distance;
    const start = (load<u64>(row, WATCH_ROW_start) + moved) & ~4095, end = load<u64>(row, WATCH_ROW_end) + moved;
    if (end - start > PAGES_AT_ONCE << 12) continue;
    for (let page = start; page < end; page += 4096) follow(row, root, page, moved);
  }
}

/** The row's task itself writes to the page. */
export function followPage(row: usize, linear: u64, moved: u64): void { follow(row, presentRoot(), linear & ~4095, moved); }

function presentRoot(): u64 { return rootOf(load<u64>(CR3)); }

/** Outside long mode tables may begin at any 32 bytes: no bit tells a program's half of them. */
function rootOf(cr3: u64): u64 {
  if ((load<u64>(EFER) & EFER_LMA) == 0) return cr3 & 0xffff_ffe0;
  return cr3 & TABLE_ADDRESS & ~load<u64>(POLICY_header, POLICY_HEADER_isolationBits);
}

/** Does the watch name the tasks that it is about? */
function isNamed(row: usize): bool {
  return (load<u32>(row + WATCH_ROW_filter, TASK_FILTER_flags) & (TASK_FILTER_FLAG_process | TASK_FILTER_FLAG_name)) != 0;
}

/** A page that is not mapped is followed only in tasks that the watch names: in all tasks it would slow down all that they map. */
function follow(row: usize, root: u64, page: u64, moved: u64): void {
  if ((u32(load<u8>(row, WATCH_ROW_accesses)) & SECOND_LEVEL_WRITE) == 0 || (load<u64>(CR0) & CR0_PG) == 0) return;
  if (!isNamed(row) && walk(root, page, 0) == NONE) return;
  let free: usize = 0;
  for (let i: u32 = 0; i < count; i++) {
    const entry = entryAt(i);
    const space = load<u64>(entry);
    if (space == root && load<u64>(entry, 8) == page && load<u32>(entry, 16) == <u32>row) return;
    if (space == FREE && free == 0) free = entry;
  }
  if (free == 0) {
    if (count < FRAMES) free = entryAt(count++);
    else {
      free = entryAt(next);
      next = (next + 1) % FRAMES;
      drop(free);
    }
  }
  store<u64>(free, root);
  store<u64>(free, page, 8);
  store<u32>(free, <u32>row, 16);
  store<u64>(free, moved, 24);
  store<u32>(free, 0, 48);
  clearWay(free);
  resolve(free);
}

/** The address space is another task's now. */
function forgetSpace(row: usize, root: u64): void {
  for (let i: u32 = 0; i < count; i++) {
    const entry = entryAt(i);
    if (load<u64>(entry) == root && load<u32>(entry, 16) == <u32>row) drop(entry);
  }
}

function drop(entry: usize): void {
  vacate(entry);
  release(load<u32>(entry, 20));
  for (let at = WAY; at < WAY_END; at += 4) release(load<u32>(entry + at));
}

function vacate(entry: usize): void {
  store<u64>(entry, FREE);
  while (count > 0 && load<u64>(entryAt(count - 1)) == FREE) count--;
}

// ---- where a page lies ----

/** So many bytes at `physical` are about to be written: do they tell where followed pages lie? */
export function noteTableWrite(physical: u64, size: u32): void {
  for (let i: u32 = 0; i < count; i++) {
    const entry = entryAt(i);
    if (load<u64>(entry) == FREE) continue;
    if (reaches(physical, size, load<u64>(entry) + KERNEL_ENTRY)) {
      store<u32>(entry, 1, 48);
      moving = true;
    }
    for (let at = WAY; at < WAY_END; at += 4) {
      const address = load<u32>(entry + at);
      if (address == NONE) break;
      if (!reaches(physical, size, u64(address))) continue;
      store<u32>(entry, 1, 48);
      moving = true;
    }
  }
}

/** Page-table entries are aligned, and no larger than 8 bytes. */
// @ts-ignore: decorator
@inline function reaches(physical: u64, size: u32, entry: u64): bool { return entry + 8 > physical && physical + size > entry; }

/** The write has been done: the watch moves to where the pages lie now. */
// @ts-ignore: decorator
@inline export function settleFrames(): void { if (moving) settle(); }

function settle(): void {
  moving = false;
  for (let i: u32 = 0; i < count; i++) {
    const entry = entryAt(i);
    if (load<u64>(entry) == FREE || load<u32>(entry, 48) == 0) continue;
    store<u32>(entry, 0, 48);
    const frame = load<u32>(entry, 20), way0 = load<u32>(entry, 32), way1 = load<u32>(entry, 36), way2 = load<u32>(entry, 40), way3 = load<u32>(entry, 44);
    clearWay(entry);
    if (isSpace(load<u64>(entry))) resolve(entry);
    // A root without an entry for them: their program is about to end.
    if (load<u32>(entry, 32) == NONE || (load<u32>(entry, 36) == NONE && load<u32>(entry, 20) == NONE && !isNamed(rowOfEntry(entry)))) vacate(entry);
    release(frame);
    release(way0);
    release(way1);
    release(way2);
    release(way3);
  }
}

function clearWay(entry: usize): void {
  store<u32>(entry, NONE, 20);
  for (let at = WAY; at < WAY_END; at += 4) store<u32>(entry + at, NONE);
}

/** Is this still the root of a task's page tables? The page of one that has ended may be anything. */
function isSpace(root: u64): bool {
  if ((load<u64>(EFER) & EFER_LMA) == 0 || root + 4096 > u64(load<u32>(RAM_SIZE))) return true;
  return load<u64>(ramAddress(root + KERNEL_ENTRY)) == load<u64>(ramAddress(presentRoot() + KERNEL_ENTRY));
}

/** Notes the way from the root to the frame, as the page tables have it now. */
function resolve(entry: usize): void {
  const frame = walk(load<u64>(entry), load<u64>(entry, 8), entry);
  store<u32>(entry, frame, 20);
  if (frame != NONE) mark(frame);
}

/** The frame that a page lies in, NONE if in no RAM. `entry`: where the way is noted and marked; 0: nowhere. */
function walk(root: u64, linear: u64, entry: usize): u32 {
  const wide = (load<u64>(CR4) & CR4_PAE) != 0, long = (load<u64>(EFER) & EFER_LMA) != 0;
  const largest: u64 = long ? 30 : wide ? 21 : (load<u64>(CR4) & CR4_PSE) != 0 ? 22 : 12;
  let shift: u64 = long ? 39 : wide ? 30 : 22;
  let table = root;
  for (let at = WAY; at < WAY_END; at += 4) {
    const address = table + (wide ? ((linear >> shift) & 511) << 3 : ((linear >> shift) & 1023) << 2);
    if (!isRam(address)) return NONE;
    if (entry != 0) {
      store<u32>(entry + at, <u32>address);
      mark(<u32>address);
    }
    const value = wide ? load<u64>(ramAddress(address)) : u64(load<u32>(ramAddress(address)));
    if ((value & PRESENT) == 0) return NONE;
    table = value & TABLE_ADDRESS;
    if (shift == 12 || ((value & LARGE) != 0 && shift <= largest)) {
      const inside = (u64(1) << shift) - 1;
      const frame = (table & ~inside) | (linear & inside);
      return isRam(frame) ? <u32>frame : NONE;
    }
    shift -= wide ? 9 : 10;
  }
  return NONE;
}

/** No write to the page goes unseen, whatever translation it takes. */
function mark(physical: u32): void {
  const rights = REGION_SECOND_LEVEL + <usize>(physical >> 12);
  if (load<u8>(rights) & SECOND_LEVEL_FOLLOWED) return;
  store<u8>(rights, load<u8>(rights) | <u8>SECOND_LEVEL_FOLLOWED);
  markWritesTo(<u32>ramAddress(u64(physical & ~4095)));
}

/** Nothing leads through this page any more, unless another entry does. */
function release(physical: u32): void {
  if (physical == NONE) return;
  const page = physical & ~4095;
  for (let i: u32 = 0; i < count; i++) {
    const entry = entryAt(i);
    if (load<u64>(entry) == FREE) continue;
    if (load<u32>(entry, 20) == page) return;
    for (let at = WAY; at < WAY_END; at += 4) if ((load<u32>(entry + at) & ~4095) == page && load<u32>(entry + at) != NONE) return;
  }
  const rights = REGION_SECOND_LEVEL + <usize>(physical >> 12);
  store<u8>(rights, load<u8>(rights) & ~(<u8>SECOND_LEVEL_FOLLOWED));
}
