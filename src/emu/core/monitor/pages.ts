// Which pages each task dirties between two task switches, its stint, and what they hold. A page is listed when a write reaches it
// for the first time in the stint; from then on writes are as fast as ever. At the end of the stint the entries of write
// look-aside buffers are marked, not emptied: when the guest's accessed and dirty bits are set must not depend on us. What a
// program's own pages hold is recorded then. Those that the kernel writes to by its own addresses are dirtied by every task in turn:
// what they hold is recorded when the interval ends, which may be many stints long.
import {
  CONTROL_PAGES, CR3, ICOUNT, REGION_PAGE_LIST, REGION_SECOND_LEVEL, SECOND_LEVEL_LISTED, SECOND_LEVEL_PENDING, VMCS_CONTROLS,
} from "../generated/layout";
import {
  CAPTURE_KIND_page, PAGE_FLAG_gathered, PAGE_FLAG_later, PAGE_LIST_ENTRIES, PAGE_LIST_ENTRY_BYTES, PAGE_LIST_ENTRY_flags,
  PAGE_LIST_ENTRY_linear, PAGE_LIST_ENTRY_page, PAGE_LIST_ENTRY_task, PENDING_PAGE_BYTES, PENDING_PAGE_linear, PENDING_PAGE_page,
  PENDING_PAGES, POLICY_header, POLICY_HEADER_intervalLength, POLICY_HEADER_stintLength, RECORD_cr3, RECORD_detail,
  RECORD_KIND_pages,
} from "../generated/monitor-layout";
import { markWrites } from "../tlb";
import { layHeader, layPage } from "./given-pages";
import { captureLaid, capturePlace, closeRecord, hasRoom, record } from "./record";
import { openTaskRecord, presentTask } from "./task-filter";

/** Pages in one record. */
const BATCH: u32 = 48;
/** Beyond so many pages the stint ends. */
const MANY: u32 = PAGE_LIST_ENTRIES - 0x2000;

const NEVER: u32 = ~(<u32>0);

let listed: u32 = 0;
let recorded: u32 = 0;
let pending: u32 = 0;
let gathered: u32 = 0;
/** Where the stint began, and the interval. */
let start: u64 = 0;
let intervalStart: u64 = 0;
/** Task of the latest entry: another one means that a switch went by. */
let lastTask: u64 = 0;
let switched: bool = false;
/** Entries before this one were listed with other tables in CR3 than those behind it. All ones: CR3 has not changed. */
let tablesChanged: u32 = NEVER;
let tablesBefore: u64 = 0;
/** Who ran when CR3 changed, 0 if that is not known: another task means that a switch went by, itself that it was execve or exit. */
let leaving: u64 = 0;
/** Tables of the later entries; all ones: the present ones. */
let tablesBehind: u64 = ~(<u64>0);

// @ts-ignore: decorator
@inline export function listsPages(): bool { return (load<u32>(VMCS_CONTROLS) & CONTROL_PAGES) != 0; }

// @ts-ignore: decorator
@inline function entryAt(index: u32): usize { return REGION_PAGE_LIST + index * PAGE_LIST_ENTRY_BYTES; }

/** A write reaches the page. False: the list is full, the next write to it is to be looked at again. */
export function listPage(linear: u64, physical: u64, flags: u32): bool {
  const state = REGION_SECOND_LEVEL + <usize>(physical >> 12);
  if (load<u8>(state) & SECOND_LEVEL_LISTED) {
    if (linear != 0 && <i64>linear >= 0) nameAgain(linear, physical);
    return true;
  }
  if (listed >= PAGE_LIST_ENTRIES) return false;
  const task = presentTask();
  store<u32>(placeOf(physical), listed);
  const entry = entryAt(listed++);
  store<u64>(entry, linear & ~4095, PAGE_LIST_ENTRY_linear);
  store<u64>(entry, task, PAGE_LIST_ENTRY_task);
  store<u32>(entry, <u32>(physical >> 12), PAGE_LIST_ENTRY_page);
  store<u32>(entry, flags, PAGE_LIST_ENTRY_flags);
  store<u8>(state, load<u8>(state) | <u8>SECOND_LEVEL_LISTED);
  // The next boundary ends the stint: one comes before the task can be back in user mode.
  if ((task != lastTask && listed > 1) || listed >= MANY) switched = true;
  lastTask = task;
  return true;
}

/** Where pages stand in the list, by the low bits of their numbers: of two that have them in common the later one. */
const PLACES: usize = memory.data(4 * 16384);
// @ts-ignore: decorator
@inline function placeOf(physical: u64): usize { return PLACES + ((<usize>(physical >> 12) & 16383) << 2); }

/** The kernel clears or copies a page by an address of its own before its task writes to it: then the task's counts. */
function nameAgain(linear: u64, physical: u64): void {
  const index = load<u32>(placeOf(physical));
  const entry = entryAt(index);
  if (index >= listed || load<u32>(entry, PAGE_LIST_ENTRY_page) != <u32>(physical >> 12)) return;
  const known = load<u64>(entry, PAGE_LIST_ENTRY_linear);
  if ((known != 0 && <i64>known >= 0) || load<u64>(entry, PAGE_LIST_ENTRY_task) != presentTask()) return;
  store<u64>(entry, linear & ~4095, PAGE_LIST_ENTRY_linear);
}

/** Address bits of CR3 without the one by which page-table isolation tells user from kernel tables. */
const TABLES: u64 = 0x000f_ffff_ffff_e000;

/** CR3 is about to be loaded. Where tasks are known the stint goes on until the processor is another one's. */
export function addressSpaceChanges(value: u64): void {
  const old = load<u64>(CR3);
  if (((old ^ value) & TABLES) == 0) return;
  if (tablesChanged == NEVER) {
    tablesChanged = listed;
    tablesBefore = old;
    leaving = presentTask();
    if (leaving == 0) switched = true;
    return;
  }
  tablesBehind = old;
  switched = true;
}

/** Is the stint over? Asked between instructions. */
export function stintEnds(): bool {
  if (!listsPages()) return false;
  const now = load<u64>(ICOUNT);
  if (now < start) start = now;
  if (leaving != 0 && presentTask() != leaving) return true;
  return switched || recorded != 0 || now - start >= load<u64>(POLICY_header, POLICY_HEADER_stintLength);
}

/** `now`: with its content. */
function capturePage(entry: usize, now: bool): void {
  const page = load<u32>(entry, PAGE_LIST_ENTRY_page);
  const flags = load<u32>(entry, PAGE_LIST_ENTRY_flags);
  const linear = load<u64>(entry, PAGE_LIST_ENTRY_linear);
  const state = REGION_SECOND_LEVEL + <usize>page;
  store<u8>(state, load<u8>(state) & ~<u8>SECOND_LEVEL_LISTED);
  if (!now && !isOwn(linear) && pending < PENDING_PAGES) {
    captureLaid(CAPTURE_KIND_page, layHeader(capturePlace(), page, flags | PAGE_FLAG_later), linear);
    if ((load<u8>(state) & SECOND_LEVEL_PENDING) == 0) append(state, page, linear);
    return;
  }
  captureLaid(CAPTURE_KIND_page, layPage(capturePlace(), page, flags), linear);
  if (now) store<u8>(state, load<u8>(state) & ~<u8>SECOND_LEVEL_PENDING);
}

// @ts-ignore: decorator
@inline function append(state: usize, page: u32, linear: u64): void {
  store<u8>(state, load<u8>(state) | <u8>SECOND_LEVEL_PENDING);
  const last = pendingAt(pending++);
  store<u64>(last, linear, PENDING_PAGE_linear);
  store<u32>(last, page, PENDING_PAGE_page);
}

/** Is it an address of the program's? */
// @ts-ignore: decorator
@inline function isOwn(linear: u64): bool { return linear != 0 && <i64>linear >= 0; }
// @ts-ignore: decorator
@inline function pendingAt(index: u32): usize { return REGION_PAGE_LIST + PAGE_LIST_ENTRIES * PAGE_LIST_ENTRY_BYTES + index * PENDING_PAGE_BYTES; }

/** Records what the pages hold that are pending still. False: the ring is full. */
function gather(rip: u64): bool {
  while (gathered < pending) {
    if (!hasRoom()) return false;
    openTaskRecord(RECORD_KIND_pages, rip, 0);
    let count: u32 = 0;
    for (; count < BATCH && gathered < pending; gathered++) {
      const each = pendingAt(gathered);
      const page = load<u32>(each, PENDING_PAGE_page);
      const state = REGION_SECOND_LEVEL + <usize>page;
      if ((load<u8>(state) & SECOND_LEVEL_PENDING) == 0) continue;
      store<u8>(state, load<u8>(state) & ~<u8>SECOND_LEVEL_PENDING);
      captureLaid(CAPTURE_KIND_page, layPage(capturePlace(), page, PAGE_FLAG_gathered), load<u64>(each, PENDING_PAGE_linear));
      count++;
    }
    if (count == 0) break;
    store<u32>(record, count, RECORD_detail);
    closeRecord();
  }
  pending = gathered = 0;
  intervalStart = load<u64>(ICOUNT);
  return true;
}

/** Does the interval end with the stint? */
function intervalEnds(): bool {
  const now = load<u64>(ICOUNT);
  if (now < intervalStart) intervalStart = now;
  return pending >= PENDING_PAGES || now - intervalStart >= load<u64>(POLICY_header, POLICY_HEADER_intervalLength);
}

/**
 * Records the stint's pages, with the instruction count up to date; `last`: all that is left. False: the ring is full, and the
 * stint is to be ended again before the guest goes on.
 */
export function endStint(rip: u64, last: bool): bool {
  const all = last || intervalEnds();
  if (listed != 0) markWrites();
  while (recorded < listed) {
    if (!hasRoom()) return false;
    const task = load<u64>(entryAt(recorded), PAGE_LIST_ENTRY_task);
    const before = recorded < tablesChanged;
    const end = before ? min(listed, tablesChanged) : listed;
    let count: u32 = 0;
    openTaskRecord(RECORD_KIND_pages, rip, task);
    if (before && tablesChanged != NEVER) store<u64>(record, tablesBefore, RECORD_cr3);
    else if (~tablesBehind != 0) store<u64>(record, tablesBehind, RECORD_cr3);
    while (count < BATCH && recorded < end && load<u64>(entryAt(recorded), PAGE_LIST_ENTRY_task) == task) {
      capturePage(entryAt(recorded++), all);
      count++;
    }
    store<u32>(record, count, RECORD_detail);
    closeRecord();
  }
  if (all && !gather(rip)) return false;
  listed = recorded = 0;
  switched = false;
  tablesChanged = NEVER;
  tablesBehind = ~(<u64>0);
  leaving = 0;
  start = load<u64>(ICOUNT);
  return true;
}
