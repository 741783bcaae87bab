// Turns raw records into the columns of an event chunk. chunk-encoder.ts is its other end.
import {
  CAPTURE_BYTES, CAPTURE_kind, CAPTURE_length, RECORD_BYTES, RECORD_captureCount, RECORD_cpl, RECORD_icount, RECORD_kind, RECORD_KIND_callReturn, RECORD_KIND_exit, RECORD_KIND_pad, RECORD_KIND_task, RECORD_LIMIT,
  RECORD_rip, RECORD_size, RECORD_task, RECORD_time,
} from "../../emu/core/generated/monitor-layout";
import { clearCalls, noteCall } from "./calls";
import { captures, capturedBytes, capturesFit, clearCaptures, encodeCaptures } from "./captures";
import { putByte, putBytes, putVarint, zigzag } from "./columns";
import {
  BEGINS, CHUNK_CAPTURE_BYTES, CHUNK_CAPTURES, CHUNK_EVENTS, CHUNK_PAGE_BYTES, clearColumns, COLUMN_captureCount,
  COLUMN_icount, COLUMN_namings, COLUMN_site, COLUMN_task, COLUMN_time, ENDS, INPUT, INPUT_BYTES, placeColumns, SITE_BYTES,
  SITE_events, SITE_key, SITE_next, SITES, TASK_BYTES, TASK_site, TASKS,
} from "./places";
import { noteKernelValues } from "./kernel-values";
import { pageBytes } from "./pages";
import { encodeRegisters } from "./registers";
import { clearRows, siteOf, sites, taskOf, tasks } from "./rows";

let events: u32 = 0;
/** Calls and returns without a known task since the beginning. */
let unattributed: u64 = 0;
let icount: u64 = 0;
let ahead: u64 = 0;
let lowestIcount: u64 = 0;
let highestIcount: u64 = 0;
let lowestTime: u64 = 0;
let highestTime: u64 = 0;
let task: u32 = 0;
/** The site that follows a task's beginning, plus one. */
const BEGINNING: usize = memory.data(4);

placeColumns();
clear();

/** Empties the chunk. */
export function clear(): void {
  clearColumns();
  clearRows();
  clearCaptures();
  clearCalls();
  store<u32>(BEGINNING, 0);
  events = task = 0;
  icount = ahead = highestIcount = highestTime = 0;
  lowestIcount = lowestTime = ~(<u64>0);
}

export function full(): bool {
  return events >= CHUNK_EVENTS || captures >= CHUNK_CAPTURES || pageBytes >= CHUNK_PAGE_BYTES ||
    capturedBytes >= CHUNK_CAPTURE_BYTES;
}

/** Encodes the records among `length` bytes at INPUT until the chunk is full; stops at one that is not whole. Returns their bytes. */
export function encode(length: u32): u32 {
  let at: u32 = 0;
  while (at + 8 <= length && !full()) {
    const record = INPUT + at;
    const size = load<u32>(record, RECORD_size);
    if (size > length - at || (size & 7) != 0) break;
    if (load<u16>(record, RECORD_kind) == RECORD_KIND_pad) {
      if (size < 8) break;
    } else {
      if (size < RECORD_BYTES || size > RECORD_LIMIT || !capturesFit(record, size)) break;
      encodeRecord(record);
    }
    at += size;
  }
  return at;
}

function encodeRecord(record: usize): void {
  encodeMoment(record);
  const pointer = load<u64>(record, RECORD_task);
  if (events == 0 || load<u64>(TASKS + task * TASK_BYTES) != pointer) task = taskOf(pointer);
  putVarint(COLUMN_task, u64(task));
  const taskRow: usize = TASKS + task * TASK_BYTES;
  const siteRow = encodeSite(record, taskRow);
  encodeRegisters(record, taskRow, siteRow);
  const count = load<u32>(record, RECORD_captureCount);
  putVarint(COLUMN_captureCount, u64(count));
  if (count > 0) {
    encodeCaptures(record, count);
    const kind = u32(load<u16>(record, RECORD_kind));
    if (kind == RECORD_KIND_exit) noteKernelValues(record, count);
    else if (kind == RECORD_KIND_task) noteNaming(record);
  }
  store<u32>(siteRow, load<u32>(siteRow, SITE_events) + 1, SITE_events);
  if (u32(load<u16>(record, RECORD_kind)) <= RECORD_KIND_callReturn) {
    if (pointer == 0) unattributed++;
    noteCall(record, siteRow, task, events);
  }
  events++;
}

// @ts-ignore: decorator
@inline function encodeMoment(record: usize): void {
  const count = load<u64>(record, RECORD_icount);
  const time = load<u64>(record, RECORD_time);
  putVarint(COLUMN_icount, zigzag(count - icount));
  putVarint(COLUMN_time, zigzag(time - count - ahead));
  icount = count;
  ahead = time - count;
  if (count < lowestIcount) lowestIcount = count;
  if (count > highestIcount) highestIcount = count;
  if (time < lowestTime) lowestTime = time;
  if (time > highestTime) highestTime = time;
}

/** Address of the record's site. */
// @ts-ignore: decorator
@inline function encodeSite(record: usize, taskRow: usize): usize {
  const rip = load<u64>(record, RECORD_rip);
  const key = u64(load<u32>(record, RECORD_kind)) | (u64(load<u32>(record, RECORD_cpl)) << 32);
  const before = load<u32>(taskRow, TASK_site);
  // A task that has none before shares one place for what follows nothing.
  const follower: usize = before == 0 ? BEGINNING : SITES + (before - 1) * SITE_BYTES + SITE_next;
  const expected = load<u32>(follower);
  if (expected != 0) {
    const row: usize = SITES + (expected - 1) * SITE_BYTES;
    if (load<u64>(row) == rip && load<u64>(row, SITE_key) == key) {
      putByte(COLUMN_site, 0);
      store<u32>(taskRow, expected, TASK_site);
      return row;
    }
  }
  const site = siteOf(rip, key) + 1;
  putVarint(COLUMN_site, u64(site));
  store<u32>(follower, site);
  store<u32>(taskRow, site, TASK_site);
  return SITES + (site - 1) * SITE_BYTES;
}

/** What a task event says stands in the summary too. */
function noteNaming(record: usize): void {
  const capture = record + RECORD_BYTES;
  const length = load<u32>(capture, CAPTURE_length);
  putVarint(COLUMN_namings, u64(events));
  putVarint(COLUMN_namings, u64(task));
  putVarint(COLUMN_namings, load<u64>(record, RECORD_time));
  putVarint(COLUMN_namings, u64(load<u16>(capture, CAPTURE_kind)));
  putVarint(COLUMN_namings, u64(length));
  putBytes(COLUMN_namings, capture + CAPTURE_BYTES, length);
}

// What chunk-encoder.ts asks for.
export { callCount, callName, callsLeftOut, callsPutDown, endCalls, putCalls } from "./calls";
export { valuePlace, valueSlots } from "./kernel-values";
export function input(): usize { return INPUT; }
export function inputBytes(): u32 { return INPUT_BYTES; }
/** Bytes of the record at the input's beginning. */
export function firstRecordBytes(): u32 { return load<u32>(INPUT, RECORD_size); }
export function eventCount(): u32 { return events; }
export function unattributedCount(): u64 { return unattributed; }
export function columnBegin(column: u32): u32 { return load<u32>(BEGINS + (column << 2)); }
export function columnEnd(column: u32): u32 { return load<u32>(ENDS + (column << 2)); }
/** 0 lowest and 1 highest instruction count, 2 lowest and 3 highest time. */
export function bound(which: u32): u64 {
  return which == 0 ? lowestIcount : which == 1 ? highestIcount : which == 2 ? lowestTime : highestTime;
}
export function taskCount(): u32 { return tasks; }
export function taskPointer(row: u32): u64 { return load<u64>(TASKS + row * TASK_BYTES); }
export function siteCount(): u32 { return sites; }
export function siteRip(row: u32): u64 { return load<u64>(SITES + row * SITE_BYTES); }
export function siteCpl(row: u32): u32 { return u32(load<u8>(SITES + row * SITE_BYTES + SITE_key + 4)); }
export function siteKind(row: u32): u32 { return u32(load<u16>(SITES + row * SITE_BYTES + SITE_key)); }
export function siteEventCount(row: u32): u32 { return load<u32>(SITES + row * SITE_BYTES + SITE_events); }
