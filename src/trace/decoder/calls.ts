// Calls of one kind: column-decoder.ts is its other end, proto/trace.proto (CallIndex.calls) says how they are coded.
import { EARLY, ended, isShort, longVarint, next, ofTwo, STRANGE, trouble } from './varint';

const IS_LONGER: u64 = 1;
const HAS_FAILED: u64 = 2;
const IS_OTHER_TASK: u64 = 4;
const FLAG_BITS: u64 = 3;
const MOST_ERROR: u64 = 4095;

let at: usize = 0;
let failed: u32 = 0;

// @ts-ignore: decorator
@inline function varint(end: usize): u64 {
  const bytes = u32(load<u16>(at));
  if ((bytes & 0x80) == 0) {
    at++;
    return u64(bytes & 0x7f);
  }
  if (isShort(bytes)) {
    at += 2;
    return u64(ofTwo(bytes));
  }
  return long(end);
}

function long(end: usize): u64 {
  const value = longVarint(at, end, 64);
  if (next == 0) failed = trouble;
  else at = next;
  return value;
}

/**
 * Lays columns of `count` words, `stride` bytes apart: rows of entries and of returns (of `rows`), tasks (of `tasks`), errors; then
 * durations, of two words.
 */
export function callGroup(
  column: usize, length: u32, to: usize, count: u32, stride: u32, rows: u32, tasks: u32,
): u32 {
  const end = column + length;
  at = column;
  failed = 0;
  let exit: u64 = 0, task: u64 = 0;
  for (let i: u32 = 0; i < count; i++) {
    if (at >= end) return EARLY;
    const head = varint(end);
    exit += head >> FLAG_BITS;
    const span = (head & IS_LONGER) != 0 ? varint(end) : 1;
    const error = (head & HAS_FAILED) != 0 ? varint(end) : 0;
    if ((head & IS_OTHER_TASK) != 0) task = varint(end);
    const duration = varint(end);
    if (failed != 0) return failed;
    if (exit >= u64(rows) || span > exit || error > MOST_ERROR || task >= u64(tasks)) return STRANGE;
    const own = to + (i << 2);
    store<u32>(own, <u32>(exit - span));
    store<u32>(own + stride, <u32>exit);
    store<u32>(own + 2 * stride, <u32>task);
    store<u32>(own + 3 * stride, <u32>error);
    store<u64>(to + 4 * stride + (i << 3), duration);
  }
  return ended(at, end);
}
