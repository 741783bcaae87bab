// Calls that are entered and return in the chunk, and end in the plain way: put down by kind when the chunk ends, so that who asks
// about one call reads no events. Which they are is told in proto/trace.proto (CallIndex).
import {
  ABI_linux64, CAPTURE_BYTES, CAPTURE_kind, CAPTURE_KIND_signalFrame, CAPTURE_length, RECORD_abi, RECORD_BYTES,
  RECORD_captureCount, RECORD_cpl, RECORD_detail, RECORD_FLAG_firstReturn, RECORD_FLAG_restarted, RECORD_flags, RECORD_gpr, RECORD_kind,
  RECORD_KIND_callEntry, RECORD_time,
} from "../../emu/core/generated/monitor-layout";
import { putVarint } from "./columns";
import {
  CALL_BYTES, CALL_count, CALL_first, CALL_last, CALL_others, CALL_place, CALL_TABLE, CALLS, COLUMN_calls, ENDED, ENDED_BYTES,
  ENDED_duration, ENDED_entry, ENDED_error, ENDED_exit, ENDED_next, ENDED_task, IN, IN_BYTES, IN_call, IN_entry, IN_time,
  SITE_call, SITE_callRow, SLOTS,
} from "./places";
import { tasks } from "./rows";

export let calls: u32 = 0;
let ended: u32 = 0;
/** Tasks whose place in `IN` is clear. */
let cleared: u32 = 0;

/** Calls with greater numbers are not told apart in summaries. */
const OTHER_CALL: u32 = 0xffff;
const USER: u32 = 3;
const LOWEST_ERROR: u32 = 0xffff_f001;

// What a task is in.
const NOTHING_YET: u32 = 0;
const NONE: u32 = 1;
const FIRST: u32 = 2;

// What stands with a call's row.
const IS_LONGER: u64 = 1;
const HAS_FAILED: u64 = 2;
const IS_OTHER_TASK: u64 = 4;
const FLAG_BITS: u64 = 3;

export function clearCalls(): void {
  // There are few: not all of the table need be written to.
  for (let row: u32 = 0; row < calls; row++) store<u32>(load<u32>(callAt(row), CALL_place), 0);
  calls = ended = cleared = 0;
}

// @ts-ignore: decorator
@inline function callAt(row: u32): usize { return CALLS + <usize>row * CALL_BYTES; }

/** Row of a call by its name in summaries. */
function rowOf(call: u32): u32 {
  let slot = call * 0x9e37_79b1 >> 15;
  while (true) {
    const place = CALL_TABLE + (<usize>(slot++ & (SLOTS - 1)) << 2);
    const row = load<u32>(place);
    if (row == 0) {
      memory.fill(callAt(calls), 0, CALL_BYTES);
      store<u32>(callAt(calls), call);
      store<u32>(callAt(calls), <u32>place, CALL_place);
      store<u32>(place, ++calls);
      return calls - 1;
    }
    if (load<u32>(callAt(row - 1)) == call) return row - 1;
  }
}

// @ts-ignore: decorator
@inline function rowAtSite(record: usize, site: usize): u32 {
  const call = (u32(load<u8>(record, RECORD_abi)) << 16) + min(load<u32>(record, RECORD_detail), OTHER_CALL);
  if (load<u32>(site, SITE_call) != call + 1) {
    store<u32>(site, call + 1, SITE_call);
    store<u32>(site, rowOf(call), SITE_callRow);
  }
  return load<u32>(site, SITE_callRow);
}

// @ts-ignore: decorator
@inline function countOther(row: u32): void { store<u32>(callAt(row), load<u32>(callAt(row), CALL_others) + 1, CALL_others); }

/** Event `event` of the chunk enters a call or returns from one. */
export function noteCall(record: usize, site: usize, task: u32, event: u32): void {
  const row = rowAtSite(record, site);
  for (; cleared < tasks; cleared++) store<u32>(IN + IN_BYTES * cleared, NOTHING_YET, IN_call);
  const own: usize = IN + <usize>task * IN_BYTES;
  if (u32(load<u16>(record, RECORD_kind)) == RECORD_KIND_callEntry) {
    // The kernel's own: where it comes back nothing is recorded, and what the task is in goes on.
    if (u32(load<u8>(record, RECORD_cpl)) != USER) {
      countOther(row);
      return;
    }
    leave(own);
    store<u32>(own, row + FIRST, IN_call);
    store<u32>(own, event, IN_entry);
    store<u64>(own, load<u64>(record, RECORD_time), IN_time);
    return;
  }
  const entered = load<u32>(own, IN_call);
  if (entered == NOTHING_YET) countOther(row);
  else if (entered >= FIRST && !isOdd(record)) {
    end(entered - FIRST, own, record, task, event);
    store<u32>(own, NONE, IN_call);
    return;
  }
  leave(own);
}

/** What the task is in does not end, or not in the plain way. */
function leave(own: usize): void {
  const entered = load<u32>(own, IN_call);
  if (entered >= FIRST) countOther(entered - FIRST);
  store<u32>(own, NONE, IN_call);
}

/** It is the return of another task, or a signal or a restart may stand between the registers and the call's result. */
function isOdd(record: usize): bool {
  if (u32(load<u16>(record, RECORD_flags)) & (RECORD_FLAG_restarted | RECORD_FLAG_firstReturn)) return true;
  let capture = record + RECORD_BYTES;
  for (let left = load<u32>(record, RECORD_captureCount); left > 0; left--) {
    if (u32(load<u16>(capture, CAPTURE_kind)) == CAPTURE_KIND_signalFrame) return true;
    capture += CAPTURE_BYTES + ((load<u32>(capture, CAPTURE_length) + 7) & ~7);
  }
  return false;
}

function end(row: u32, own: usize, record: usize, task: u32, event: u32): void {
  const at: usize = ENDED + ended * ENDED_BYTES;
  ended++;
  const call = callAt(row);
  store<u32>(at, 0, ENDED_next);
  store<u32>(at, load<u32>(own, IN_entry), ENDED_entry);
  store<u32>(at, event, ENDED_exit);
  store<u32>(at, task, ENDED_task);
  store<u32>(at, errorOf(load<u64>(record, RECORD_gpr), load<u32>(call) >> 16), ENDED_error);
  store<u64>(at, load<u64>(record, RECORD_time) - load<u64>(own, IN_time), ENDED_duration);
  const count = load<u32>(call, CALL_count);
  if (count == 0) store<u32>(call, ended, CALL_first);
  else store<u32>(ENDED + <usize>(load<u32>(call, CALL_last) - 1) * ENDED_BYTES, ended, ENDED_next);
  store<u32>(call, ended, CALL_last);
  store<u32>(call, count + 1, CALL_count);
}

/** Number of the error that a result tells, 0: none. Of 32-bit calls only the low half counts. */
function errorOf(result: u64, abi: u32): u32 {
  const low = <u32>result;
  return low >= LOWEST_ERROR && (abi != ABI_linux64 || <u32>(result >> 32) == 0xffff_ffff) ? 0 - low : 0;
}

/** No more events come: who is in a call has not returned from it. To be asked once, before what is in the chunk. */
export function endCalls(): void {
  for (let task: u32 = 0; task < cleared; task++) {
    const entered = load<u32>(IN + <usize>task * IN_BYTES, IN_call);
    if (entered >= FIRST) countOther(entered - FIRST);
  }
}

/** Puts down the calls of one row, in the order in which they return. */
export function putCalls(row: u32): void {
  let exit: u32 = 0, task: u32 = 0;
  for (let next = load<u32>(callAt(row), CALL_first); next != 0;) {
    const at: usize = ENDED + <usize>(next - 1) * ENDED_BYTES;
    const span = load<u32>(at, ENDED_exit) - load<u32>(at, ENDED_entry);
    const error = load<u32>(at, ENDED_error);
    const own = load<u32>(at, ENDED_task);
    const flags = (span != 1 ? IS_LONGER : 0) | (error != 0 ? HAS_FAILED : 0) | (own != task ? IS_OTHER_TASK : 0);
    putVarint(COLUMN_calls, (u64(load<u32>(at, ENDED_exit) - exit) << FLAG_BITS) | flags);
    if (span != 1) putVarint(COLUMN_calls, u64(span));
    if (error != 0) putVarint(COLUMN_calls, u64(error));
    if (own != task) putVarint(COLUMN_calls, u64(own));
    putVarint(COLUMN_calls, load<u64>(at, ENDED_duration));
    exit = load<u32>(at, ENDED_exit);
    task = own;
    next = load<u32>(at, ENDED_next);
  }
}

// What chunk-encoder.ts asks for, by row.
export function callCount(): u32 { return calls; }
export function callName(row: u32): u32 { return load<u32>(callAt(row)); }
export function callsPutDown(row: u32): u32 { return load<u32>(callAt(row), CALL_count); }
export function callsLeftOut(row: u32): u32 { return load<u32>(callAt(row), CALL_others); }
