// Watched memory. A page with a watch never enters a write look-aside buffer as plain memory, so that every write to it
// comes through the slow path, where the rows are looked at and the record is appended: no exit, no single step.
import {
  CONTROL_PAGE_READ, CONTROL_PAGE_WRITE, CPL, EXIT_ERROR_CODE, EXIT_LENGTH, EXIT_LINEAR, EXIT_PHYSICAL, EXIT_QUALIFICATION, EXIT_RING_FULL,
  EXIT_SECOND_LEVEL, EXIT_VALUE, EXIT_VECTOR, ICOUNT, RING_RECORDS, RIP, RUN_LEFT, RUN_OP, RUN_START, SECOND_LEVEL_IGNORED,
  SECOND_LEVEL_WATCHED, SECOND_LEVEL_WRITE, VMCS_CONTROLS, VMCS_VIEW,
} from "../generated/layout";
import {
  CAPTURE_KIND_after, CAPTURE_KIND_before, POLICY_header,
  POLICY_HEADER_physicalRowCount, POLICY_HEADER_taskMinimum, POLICY_HEADER_watchRowCount, POLICY_watchRows, RECORD_detail, RECORD_KIND_exit, VIEW_ANY,
  WATCH_KIND_imageRelative, WATCH_KIND_physical, WATCH_ROW_accesses, WATCH_ROW_BYTES, WATCH_ROW_end, WATCH_ROW_filter,
  WATCH_ROW_kind, WATCH_ROW_number, WATCH_ROW_start, WATCH_ROW_view, WRITE_SOURCE_delivery, WRITE_SOURCE_device,
  WRITE_SOURCE_instruction, WRITE_SOURCE_pageWalk,
} from "../generated/monitor-layout";
import { external } from "../descriptors";
import { raiseExit } from "../fault";
import { isRam, ramAddress, secondLevelRights } from "../mmu";
import { opLength } from "../op";
import { instructionRip, syncCount } from "../run";
import { isFollowed, liesBeside, NOWHERE } from "./followed-places";
import { followedBy, followPage, isFollowedFor, movedOf, noteTableWrite, rowOfPlace, settleFrames, watchedAddress } from "./frames";
import { captureExit, captureOwn, closeRecord, hasRoom, publishRecords, record } from "./record";
import { instructionBytes } from "./rows";
import { examineUser } from "./spaces";
import { distance, findDistance, FOUND, LOADING } from "./program-place";
import { openTaskRecord, presentTask, taskMatches, levelMatches } from "./task-filter";

/** Are writes to be looked at? */
// @ts-ignore: decorator
@inline export function watchesWrites(): bool { return (load<u32>(VMCS_CONTROLS) & CONTROL_PAGE_WRITE) != 0; }

/** Are reads and fetches? */
// @ts-ignore: decorator
@inline export function watchesReads(): bool { return (load<u32>(VMCS_CONTROLS) & CONTROL_PAGE_READ) != 0; }

/** There is room for what an instruction's writes may append; else run() is left before it has done anything. */
export function roomForWrites(): bool {
  // While an interrupt is delivered it is too late to leave: the boundary asked before.
  if (load<u32>(SECOND_LEVEL_IGNORED) != 0 || hasRoom()) return true;
  raiseExit(EXIT_RING_FULL);
  return false;
}

/** The same before an event is delivered, which can't be left in the middle. */
// @ts-ignore: decorator
@inline export function roomForDelivery(): bool { return !watchesWrites() || hasRoom(); }

/** No row that is not physical names a byte outside. */
let linearStart: u64 = 0;
let linearEnd: u64 = 0;
const LOWER_HALF: u64 = 0x8000_0000_0000_0000;

/** There are other rows. */
export function measureRows(): void {
  linearStart = ~(<u64>0);
  linearEnd = 0;
  const rows = load<u32>(POLICY_header, POLICY_HEADER_watchRowCount);
  for (let i = load<u32>(POLICY_header, POLICY_HEADER_physicalRowCount); i < rows; i++) {
    const row: usize = POLICY_watchRows + i * WATCH_ROW_BYTES;
    // Programs lie anywhere in theirs.
    const anywhere = u32(load<u8>(row, WATCH_ROW_kind)) == WATCH_KIND_imageRelative;
    linearStart = anywhere ? 0 : min(linearStart, load<u64>(row, WATCH_ROW_start));
    linearEnd = max(linearEnd, anywhere ? LOWER_HALF : load<u64>(row, WATCH_ROW_end));
  }
}

function overlaps(row: usize, at: u64, size: u64, moved: u64): bool {
  return at < load<u64>(row, WATCH_ROW_end) + moved && at + size > load<u64>(row, WATCH_ROW_start) + moved;
}

/**
 * May a byte of the page be the row's, in whatever task? What a task is called, and where its program lies, changes
 * while translations stay: threads share them, and execve comes before the answer.
 */
function mayLieIn(row: usize, page: u64, task: u64): bool {
  const found = findDistance(row, task);
  if (found == LOADING) return page < load<u64>(POLICY_header, POLICY_HEADER_taskMinimum);
  return found == FOUND && overlaps(row, page, 4096, distance);
}

/** Is the row about such an access, in the view that is in force? */
function appliesTo(row: usize, access: u32): bool {
  if ((u32(load<u8>(row, WATCH_ROW_accesses)) & access) == 0) return false;
  const view = u32(load<u16>(row, WATCH_ROW_view));
  return view == VIEW_ANY || view == load<u32>(VMCS_VIEW);
}

/**
 * The first row behind `after` (0: of all) that names a byte of `size` bytes at either address; 0: none. `access`:
 * SECOND_LEVEL.
 */
export function rowOf(after: usize, linear: u64, physical: u64, size: u32, access: u32, ofPage: bool): usize {
  const rows = load<u32>(POLICY_header, POLICY_HEADER_watchRowCount);
  const physicals = load<u32>(POLICY_header, POLICY_HEADER_physicalRowCount);
  let i: u32 = after == 0 ? 0 : <u32>(after - POLICY_watchRows) / WATCH_ROW_BYTES + 1;
  if ((secondLevelRights(physical) & SECOND_LEVEL_WATCHED) == 0) i = max(i, physicals);
  for (; i < physicals; i++) {
    const row: usize = POLICY_watchRows + i * WATCH_ROW_BYTES;
    if (!overlaps(row, physical, u64(size), 0) || !appliesTo(row, access)) continue;
    if (ofPage) return row;
    const filter = row + WATCH_ROW_filter;
    if (levelMatches(filter, load<u32>(CPL)) && taskMatches(filter, presentTask())) return row;
  }
  if (i >= rows || linear >= linearEnd || linear + (size - 1) < linearStart) return 0;
  const task = presentTask();
  for (; i < rows; i++) {
    const row: usize = POLICY_watchRows + i * WATCH_ROW_BYTES;
    if (!appliesTo(row, access)) continue;
    if (ofPage) {
      if (mayLieIn(row, linear, task)) return row;
      continue;
    }
    const filter = row + WATCH_ROW_filter;
    if (findDistance(row, task) == FOUND && overlaps(row, linear, u64(size), distance)
      && levelMatches(filter, load<u32>(CPL)) && taskMatches(filter, task)) return row;
  }
  return 0;
}

/** Must such accesses to this page be looked at? Asked when a translation is about to be cached. */
export function pageIsWatched(linear: u64, physical: u64, access: u32): bool {
  if (!watchesWrites()) return false;
  if (access == SECOND_LEVEL_WRITE) {
    examineUser();
    if (isFollowed(physical)) return true;
  }
  return rowOf(0, linear & ~4095, physical & ~4095, 4096, access, true) != 0;
}

const BEFORE: usize = memory.data(4096);
const SCRATCH: usize = memory.data(16);
/** A wide write was recorded as a whole: its parts are not. */
let muted: bool = false;

/** Of pages that are followed most writes are to page tables, which no row names. */
// @ts-ignore: decorator
@inline function mayHaveRow(linear: u64, physical: u64, size: u32): bool {
  return (secondLevelRights(physical) & SECOND_LEVEL_WATCHED) != 0 || (linear < linearEnd && linear + (size - 1) >= linearStart);
}

/**
 * A write within a page by the kernel, of up to 8 bytes, needs no look, though the one after it may: the page is looked at for
 * page tables of followed pages alone, and it is to none of their entries.
 */
export function isBesideTables(linear: u64, physical: u64, size: u32): bool {
  return load<u32>(CPL) != 3 && isFollowed(physical) && liesBeside(physical, size) && !mayHaveRow(linear, physical, size);
}

/** A write within a page, about to happen: `size` bytes at `from` replace those at `physical`. */
function note(linear: u64, physical: u64, size: u32, from: usize, source: u32): void {
  if (muted || !isRam(physical)) return;
  let row = mayHaveRow(linear, physical, size) ? rowOf(0, linear, physical, size, SECOND_LEVEL_WRITE, false) : 0;
  for (; row != 0; row = rowOf(row, linear, physical, size, SECOND_LEVEL_WRITE, false)) {
    append(row, linear, linear, physical, size, ramAddress(physical), from, source);
    if (u32(load<u8>(row, WATCH_ROW_kind)) != WATCH_KIND_physical && !isFollowedFor(row, linear, physical)) followPage(row, linear, distance, presentTask());
  }
  if (!isFollowed(physical) || !noteTableWrite(physical, size)) return;
  const task = presentTask();
  for (let place = followedBy(NOWHERE, linear, physical, size); place != NOWHERE; place = followedBy(place, linear, physical, size)) {
    row = rowOfPlace(place);
    if (!appliesTo(row, SECOND_LEVEL_WRITE) || !levelMatches(row + WATCH_ROW_filter, load<u32>(CPL)) || isOwn(row, linear, size, task)) continue;
    append(row, linear, watchedAddress(place, physical), physical, size, ramAddress(physical), from, source);
  }
}

/** Is it written by the address that is watched? */
function isOwn(row: usize, linear: u64, size: u32, task: u64): bool {
  return findDistance(row, task) == FOUND && overlaps(row, linear, u64(size), distance) && taskMatches(row + WATCH_ROW_filter, task);
}

/** `linear`: by what address; `watched`: which one the row is about. */
function append(row: usize, linear: u64, watched: u64, physical: u64, size: u32, before: usize, after: usize, source: u32): void {
  let rip = load<u64>(RIP);
  let length: u32 = 0;
  if (source == WRITE_SOURCE_instruction) {
    const op: usize = load<u32>(RUN_OP);
    syncCount();
    rip = instructionRip(op);
    length = opLength(op);
  }
  let value: u64 = 0;
  memory.copy(SCRATCH, after, min<u32>(size, 8));
  value = load<u64>(SCRATCH);
  if (size < 8) value &= (u64(1) << u64(size << 3)) - 1;
  store<u32>(EXIT_LENGTH, length);
  store<u64>(EXIT_LINEAR, linear);
  store<u64>(EXIT_PHYSICAL, physical);
  store<u64>(EXIT_VALUE, value);
  openAccess(row, rip, SECOND_LEVEL_WRITE, size, source);
  captureOwn(CAPTURE_KIND_before, before, size, watched);
  captureOwn(CAPTURE_KIND_after, after, size, watched);
  closeRecord();
}

/** Opens the record of an access, of which length, addresses and value stand in the exit fields. */
export function openAccess(row: usize, rip: u64, access: u32, size: u32, source: u32): void {
  openTaskRecord(RECORD_KIND_exit, rip, presentTask());
  const number = load<u32>(row, WATCH_ROW_number);
  store<u32>(record, EXIT_SECOND_LEVEL | (number << 8), RECORD_detail);
  instructionBytes(rip);
  store<u32>(EXIT_VECTOR, number);
  store<u32>(EXIT_ERROR_CODE, source | (load<u32>(VMCS_VIEW) << 16));
  store<u64>(EXIT_QUALIFICATION, u64(access | (size << 8)));
  captureExit(EXIT_SECOND_LEVEL);
}

/** Who writes: an instruction, or the delivery of an event between instructions. */
export function presentSource(): u32 {
  return load<u32>(SECOND_LEVEL_IGNORED) != 0 && external != 0 ? WRITE_SOURCE_delivery : WRITE_SOURCE_instruction;
}

/** A write of up to 8 bytes within a page. */
export function noteWrite(linear: u64, physical: u64, size: u32, value: u64): void {
  store<u64>(BEFORE, value);
  note(linear, physical, size, BEFORE, presentSource());
}

/** A write of 10 or 16 bytes that is done in two: recorded as one, or as two where a page ends, behind which `next` is, at `high`. */
export function noteWide(linear: u64, low: u64, next: u64, high: u64, size: u32, value: v128): void {
  v128.store(BEFORE, value);
  const first = min<u32>(size, 4096 - (<u32>linear & 4095));
  note(linear, low, first, BEFORE, WRITE_SOURCE_instruction);
  if (first < size) note(next, high, size - first, BEFORE + first, WRITE_SOURCE_instruction);
  muted = true;
}

export function endWide(): void {
  muted = false;
  settleFrames();
}

/** A write that was looked at has been done. */
// @ts-ignore: decorator
@inline export function writeDone(): void { if (!muted) settleFrames(); }

/** The page walk sets bits of an entry, `linear` being translated; `fetching`: for code. */
export function noteWalkWrite(linear: u64, physical: u64, size: u32, entry: u64, fetching: bool): void {
  if ((secondLevelRights(physical) & SECOND_LEVEL_WATCHED) == 0) return;
  let row = rowOf(0, ~(<u64>0) << 12, physical, size, SECOND_LEVEL_WRITE, false);
  if (row == 0) return;
  const delivering = load<u32>(SECOND_LEVEL_IGNORED) != 0 && external != 0;
  if (fetching) store<u64>(ICOUNT, load<u64>(RUN_START) - u64(load<i32>(RUN_LEFT)));
  const rip = load<u64>(RIP);
  if (!fetching && !delivering) {
    syncCount();
    store<u64>(RIP, instructionRip(load<u32>(RUN_OP)));
  }
  store<u64>(BEFORE, entry);
  for (; row != 0; row = rowOf(row, ~(<u64>0) << 12, physical, size, SECOND_LEVEL_WRITE, false)) {
    append(row, linear, linear, physical, size, ramAddress(physical), BEFORE, WRITE_SOURCE_pageWalk);
  }
  store<u64>(RIP, rip);
}

/**
 * A device is about to write `length` bytes. True: some of them are watched, and endDeviceWrite is to be called with
 * the same range once they are written.
 */
export function beginDeviceWrite(physical: u32, length: u32): bool {
  return watchesWrites() && deviceRows(physical, length, false);
}

export function endDeviceWrite(physical: u32, length: u32): void {
  deviceRows(physical, length, true);
  publishRecords();
}

/** Each row's part of the range, within pages: kept before, recorded after. */
function deviceRows(physical: u64, length: u32, written: bool): bool {
  const rows = load<u32>(POLICY_header, POLICY_HEADER_physicalRowCount);
  kept = 0;
  for (let i: u32 = 0; i < rows; i++) {
    const row: usize = POLICY_watchRows + i * WATCH_ROW_BYTES;
    const start = max(physical, load<u64>(row, WATCH_ROW_start));
    const end = min(physical + length, load<u64>(row, WATCH_ROW_end));
    deviceRow(row, 0, start, end, written);
  }
  for (let at = physical; at < physical + length; at = (at | 4095) + 1) {
    if (!isRam(at) || !isFollowed(at)) continue;
    const next = min(physical + length, (at | 4095) + 1);
    const size = <u32>(next - at);
    for (let place = followedBy(NOWHERE, 0, at, size); place != NOWHERE; place = followedBy(place, 0, at, size)) {
      const row = rowOfPlace(place), page = watchedAddress(place, at & ~4095), moved = movedOf(place);
      const start = max(watchedAddress(place, at), load<u64>(row, WATCH_ROW_start) + moved) - page;
      const end = min(page + (next - (at & ~4095)), load<u64>(row, WATCH_ROW_end) + moved) - page;
      deviceRow(row, page + start, (at & ~4095) + start, (at & ~4095) + end, written);
    }
  }
  return kept != 0;
}

/** Bytes of BEFORE that hold what a device is about to replace. */
let kept: u32 = 0;

/** `watched`: which address the row is about, 0: none. */
function deviceRow(row: usize, watched: u64, start: u64, end: u64, written: bool): void {
  if (u32(load<u16>(row, WATCH_ROW_view)) != VIEW_ANY) return; // a view is a processor's
  if (start >= end || !isRam(end - 1)) return;
  const size = <u32>min<u64>(end - start, 4096 - kept);
  if (size == 0) return;
  if (!written) memory.copy(BEFORE + kept, ramAddress(start), size);
  else if (!hasRoom()) store<u64>(RING_RECORDS, load<u64>(RING_RECORDS) + 1); // it counts as lost
  else append(row, 0, watched, start, size, BEFORE + kept, ramAddress(start), WRITE_SOURCE_device);
  kept += size;
}
