// Where watched addresses of programs lie: the physical frames that they map to, so that what is written there by another
// address (the kernel's own, another process's mapping) is recorded too. The page-table entries that lead to a frame are
// looked at like the frame itself; who writes one moves the watch along.
import { CR0, CR3, CR4, EFER, RAM_SIZE, SECOND_LEVEL_WRITE } from "../generated/layout";
import {
  POLICY_header, POLICY_HEADER_isolationBits, TASK_FILTER_flags, TASK_FILTER_FLAG_name, TASK_FILTER_FLAG_process,
  WATCH_ROW_accesses, WATCH_ROW_end, WATCH_ROW_filter, WATCH_ROW_start,
} from "../generated/monitor-layout";
import { CR0_PG, CR4_PAE, CR4_PSE, EFER_LMA } from "../mode";
import { isRam, ramAddress } from "../mmu";
import { addressOf, clearPlaces, firstIn, FRAME_PLACE, FRAMES, movePlace, nextIn, NONE, NOWHERE, PLACES } from "./followed-places";
import { forgetSeen, forgetSeenSpace } from "./spaces";
import { processOf } from "./task-filter";

/**
 * A page of a row in an address space:
 *    0 u64 root     page tables it is found by; FREE: no entry
 *    8 u64 page     linear address
 *   16 u32 row      address of the watch row
 *   20 u32 stale    what says where it lies is being written
 *   24 u64 moved    how far the row's addresses are from where they are meant
 *   32 u64 task     that was found to be the row's
 *   40 u64 process  what its process is called, 0: not known
 */
const BYTES: usize = 48;
const ENTRIES: usize = memory.data(512 * 48);
const FREE: u64 = ~(<u64>0);
const TABLE_ADDRESS: u64 = 0x000f_ffff_ffff_f000;
const PRESENT: u64 = 1;
const LARGE: u64 = 0x80;

let count: u32 = 0; // the last one in use is before it
let next: u32 = 0; // replaced when there is no other
/** Some entry is stale. */
let moving: bool = false;

// @ts-ignore: decorator
@inline function entryAt(i: u32): usize { return ENTRIES + <usize>i * BYTES; }
// @ts-ignore: decorator
@inline function entryOf(place: u32): usize { return entryAt(place / PLACES); }

/** Other rows, another machine: nothing is known any more. */
export function forgetFrames(): void {
  for (let i: u32 = 0; i < count; i++) drop(i);
  count = 0;
  next = 0;
  forgetSeen();
}

// ---- who writes to a followed frame ----

/**
 * The place behind `after` (NOWHERE: of all) of a frame whose row names a byte of `size` bytes at `physical`, which are written
 * to by `linear`, another address than the frame's own; NOWHERE: none.
 */
export function followedBy(after: u32, linear: u64, physical: u64, size: u32): u32 {
  const root = presentRoot();
  for (let place = after == NOWHERE ? firstIn(physical) : nextIn(after); place != NOWHERE; place = nextIn(place)) {
    if (leadsTo(place, linear, root) && namesByte(place, physical, size) && !isRepeated(place, linear, physical, size, root)) return place;
  }
  return NOWHERE;
}

function leadsTo(place: u32, linear: u64, root: u64): bool { return place % PLACES == FRAME_PLACE && !isOf(entryOf(place), linear, root); }

// @ts-ignore: decorator
@inline function isOf(entry: usize, linear: u64, root: u64): bool { return load<u64>(entry) == root && load<u64>(entry, 8) == (linear & ~4095); }

/** Does the row name one of so many bytes of its frame? */
function namesByte(place: u32, physical: u64, size: u32): bool {
  const row = rowOfPlace(place), moved = movedOf(place);
  const watched = watchedAddress(place, physical);
  return watched < load<u64>(row, WATCH_ROW_end) + moved && watched + size > load<u64>(row, WATCH_ROW_start) + moved;
}

/** The row has another such frame: address spaces share it. */
function isRepeated(place: u32, linear: u64, physical: u64, size: u32, root: u64): bool {
  for (let other = firstIn(physical); other != place; other = nextIn(other)) {
    if (rowOfPlace(other) == rowOfPlace(place) && leadsTo(other, linear, root) && namesByte(other, physical, size)) return true;
  }
  return false;
}

/** Is the page at `linear`, which is written to by that address, followed for this row? Others may be mapped to the same frame. */
export function isFollowedFor(row: usize, linear: u64, physical: u64): bool {
  const root = presentRoot();
  for (let place = firstIn(physical); place != NOWHERE; place = nextIn(place)) {
    if (place % PLACES == FRAME_PLACE && rowOfPlace(place) == row && isOf(entryOf(place), linear, root)) return true;
  }
  return false;
}

// @ts-ignore: decorator
@inline export function rowOfPlace(place: u32): usize { return load<u32>(entryOf(place), 16); }
// @ts-ignore: decorator
@inline export function watchedAddress(place: u32, physical: u64): u64 { return load<u64>(entryOf(place), 8) + (physical & 4095); }
// @ts-ignore: decorator
@inline export function movedOf(place: u32): u64 { return load<u64>(entryOf(place), 24); }

// ---- which pages are followed ----

/** The row's task itself writes to the page. */
export function followPage(row: usize, linear: u64, moved: u64, task: u64): void { follow(row, presentRoot(), linear & ~4095, moved, task); }

export function presentRoot(): u64 { return rootOf(load<u64>(CR3)); }

/** The kernel's root, where programs run with another one (page-table isolation). */
export function rootOf(cr3: u64): u64 {
  const bits = load<u64>(POLICY_header, POLICY_HEADER_isolationBits);
  if (load<u64>(EFER) & EFER_LMA) return cr3 & TABLE_ADDRESS & ~bits;
  const root = cr3 & 0xffff_ffe0;
  return (root & bits) != 0 && (load<u64>(CR4) & CR4_PAE) != 0 && isProgramsHalf(root, root & ~bits) ? root & ~bits : root;
}

/** With PAE tables may begin at any 32 bytes: not the bit tells, but that both lead to the same tables of the program's. */
function isProgramsHalf(root: u64, other: u64): bool {
  if ((root & 4095) != 0 || !isRam(root)) return false;
  for (let at: u64 = 0; at < 3 * 8; at += 8) {
    const entry = load<u64>(ramAddress(root + at));
    if (entry == 0 || entry != load<u64>(ramAddress(other + at))) return false;
  }
  return true;
}

/**
 * Does the watch name the tasks that it is about? One that does not leaves address spaces with nothing near the page alone until
 * they write to it themselves: every program that begins or ends would pay.
 */
export function namesTasks(row: usize): bool {
  return (load<u32>(row + WATCH_ROW_filter, TASK_FILTER_flags) & (TASK_FILTER_FLAG_process | TASK_FILTER_FLAG_name)) != 0;
}

function hasNear(root: u64, page: u64): bool {
  if ((load<u64>(EFER) & EFER_LMA) == 0) return true;
  const entry = root + (((page >> 39) & 511) << 3);
  return isRam(entry) && (load<u64>(ramAddress(entry)) & PRESENT) != 0;
}

/** What the page at a linear address is mapped to in an address space is of interest from now on, be it mapped yet or not. */
export function follow(row: usize, root: u64, page: u64, moved: u64, task: u64): void {
  if ((u32(load<u8>(row, WATCH_ROW_accesses)) & SECOND_LEVEL_WRITE) == 0 || (load<u64>(CR0) & CR0_PG) == 0) return;
  if (!namesTasks(row) && !hasNear(root, page)) return;
  let free = FRAMES;
  for (let i: u32 = 0; i < count; i++) {
    const entry = entryAt(i);
    const space = load<u64>(entry);
    if (space == root && load<u64>(entry, 8) == page && load<u32>(entry, 16) == <u32>row) return;
    if (space == FREE && free == FRAMES) free = i;
  }
  if (free == FRAMES) {
    if (count < FRAMES) {
      free = count++;
      clearPlaces(free);
    } else {
      free = next;
      next = (next + 1) % FRAMES;
      drop(free);
      count = FRAMES;
    }
  }
  const entry = entryAt(free);
  store<u64>(entry, root);
  store<u64>(entry, page, 8);
  store<u32>(entry, <u32>row, 16);
  store<u32>(entry, 0, 20);
  store<u64>(entry, moved, 24);
  store<u64>(entry, task, 32);
  store<u64>(entry, processOf(task), 40);
  resolve(free);
}

/** The address space is not of a task of the row's: unless another of its threads is one, its pages are of no interest. */
export function forgetSpace(row: usize, root: u64, task: u64): void {
  const process = processOf(task);
  for (let i: u32 = 0; i < count; i++) {
    const entry = entryAt(i);
    if (load<u64>(entry) != root || load<u32>(entry, 16) != <u32>row) continue;
    if (process == 0 || load<u64>(entry, 40) != process || load<u64>(entry, 32) == task) drop(i);
  }
}

function drop(number: u32): void {
  for (let place = number * PLACES; place < (number + 1) * PLACES; place++) movePlace(place, NONE);
  store<u64>(entryAt(number), FREE);
  while (count > 0 && load<u64>(entryAt(count - 1)) == FREE) count--;
}

// ---- where a page lies ----

/** So many bytes at `physical` are about to be written: do they tell where followed pages lie? True: some lie in this page. */
export function noteTableWrite(physical: u64, size: u32): bool {
  let hasFrames = false;
  for (let place = firstIn(physical); place != NOWHERE; place = nextIn(place)) {
    const level = place % PLACES;
    if (level == FRAME_PLACE) {
      hasFrames = true;
      continue;
    }
    const entry = entryOf(place);
    if (!reaches(physical, size, u64(addressOf(place))) && (level != 0 || !reaches(physical, size, kernelEntry(load<u64>(entry))))) continue;
    store<u32>(entry, 1, 20);
    moving = true;
  }
  return hasFrames;
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
    const root = load<u64>(entry);
    if (root == FREE || load<u32>(entry, 20) == 0) continue;
    store<u32>(entry, 0, 20);
    if (isSpace(root)) resolve(i);
    else movePlace(i * PLACES + 1, NONE);
    // A root without an entry for the page: its program is about to end. If not, it is looked at again when it goes on.
    if (addressOf(i * PLACES + 1) != NONE) continue;
    forgetSeenSpace(root);
    drop(i);
  }
}

/** Physical address of the root's last entry, which is the kernel's. */
function kernelEntry(root: u64): u64 {
  if (load<u64>(EFER) & EFER_LMA) return root + 511 * 8;
  return root + ((load<u64>(CR4) & CR4_PAE) != 0 ? 3 * 8 : 1023 * 4);
}

/** Is this still the root of a task's page tables? The page of one that has ended may be anything. */
function isSpace(root: u64): bool { return kernelTable(root) == kernelTable(presentRoot()); }

/** What all roots agree on: where the kernel's last table, or with PAE the one below, lies. */
function kernelTable(root: u64): u64 {
  const entry = kernelEntry(root);
  if (entry + 8 > u64(load<u32>(RAM_SIZE))) return FREE;
  if (load<u64>(EFER) & EFER_LMA) return load<u64>(ramAddress(entry));
  if ((load<u64>(CR4) & CR4_PAE) == 0) return u64(load<u32>(ramAddress(entry)));
  const table = (load<u64>(ramAddress(entry)) & TABLE_ADDRESS) + 511 * 8;
  return isRam(table) ? load<u64>(ramAddress(table)) : FREE;
}

/** Notes the way from the root to the frame, as the page tables have it now. */
function resolve(number: u32): void {
  const entry = entryAt(number);
  const linear = load<u64>(entry, 8);
  const wide = (load<u64>(CR4) & CR4_PAE) != 0, long = (load<u64>(EFER) & EFER_LMA) != 0;
  const largest: u64 = long ? 30 : wide ? 21 : (load<u64>(CR4) & CR4_PSE) != 0 ? 22 : 12;
  let shift: u64 = long ? 39 : wide ? 30 : 22;
  let table = load<u64>(entry);
  let frame = NONE;
  let place = number * PLACES;
  for (; place < number * PLACES + FRAME_PLACE; shift -= wide ? 9 : 10) {
    const address = table + (wide ? ((linear >> shift) & 511) << 3 : ((linear >> shift) & 1023) << 2);
    if (!isRam(address)) break;
    movePlace(place++, <u32>address);
    const value = wide ? load<u64>(ramAddress(address)) : u64(load<u32>(ramAddress(address)));
    if ((value & PRESENT) == 0) break;
    table = value & TABLE_ADDRESS;
    if (shift == 12 || ((value & LARGE) != 0 && shift <= largest)) {
      const inside = (u64(1) << shift) - 1;
      const at = (table & ~inside) | (linear & inside);
      if (isRam(at)) frame = <u32>at;
      break;
    }
  }
  for (; place < number * PLACES + FRAME_PLACE; place++) movePlace(place, NONE);
  movePlace(place, frame);
}
