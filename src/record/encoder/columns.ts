// Appending to columns: proto/trace.proto says how numbers are coded.
import { ENDS } from "./places";

// @ts-ignore: decorator
@inline function endOf(column: u32): usize { return load<u32>(ENDS + (column << 2)); }
// @ts-ignore: decorator
@inline function setEnd(column: u32, at: usize): void { store<u32>(ENDS + (column << 2), <u32>at); }

// @ts-ignore: decorator
@inline export function putByte(column: u32, value: u32): void {
  const at = endOf(column);
  store<u8>(at, <u8>value);
  setEnd(column, at + 1);
}

// @ts-ignore: decorator
@inline export function putVarint(column: u32, value: u64): void {
  if (value < 128) putByte(column, <u32>value);
  else putLongVarint(column, value);
}

function putLongVarint(column: u32, value: u64): void {
  let at = endOf(column);
  let rest = value;
  while (rest >= 128) {
    store<u8>(at++, <u8>(rest | 128));
    rest >>= 7;
  }
  store<u8>(at++, <u8>rest);
  setEnd(column, at);
}

/** A signed difference as an unsigned number that is small where it is. */
// @ts-ignore: decorator
@inline export function zigzag(difference: u64): u64 { return (difference << 1) ^ u64(<i64>difference >> 63); }

export function putRaw64(column: u32, value: u64): void {
  const at = endOf(column);
  store<u64>(at, value);
  setEnd(column, at + 8);
}

export function putBytes(column: u32, from: usize, length: u32): void {
  const at = endOf(column);
  memory.copy(at, from, length);
  setEnd(column, at + length);
}
