// Integers of columns, as LEB128.

// What may be wrong with a column: TROUBLE in column-decoder.ts.
export const FINE: u32 = 0;
export const EARLY: u32 = 1;
export const LONG: u32 = 2;
export const LARGE: u32 = 3;
export const STRANGE: u32 = 4;

/** Behind the integer that was read last; 0: it could not be. */
export let next: usize = 0;
export let trouble: u32 = FINE;

function fail(why: u32): u64 {
  trouble = why;
  next = 0;
  return 0;
}

/** An integer of several bytes. */
export function longVarint(from: usize, end: usize, bits: u64): u64 {
  let at = from;
  let value: u64 = 0;
  let shift: u64 = 0;
  while (at < end) {
    const byte = u64(load<u8>(at++));
    if (shift > 63) return fail(LARGE);
    const part = byte & 0x7f;
    // Of 32 bits all must fit; of 64 bits what is beyond them does not count.
    if (bits == 32 && shift == 28 && byte > 0x0f) return fail(LARGE);
    value |= part << shift;
    if (byte < 128) {
      next = at;
      return value;
    }
    shift += 7;
  }
  return fail(EARLY);
}

// Most integers have a byte or two, and are read in place. The second one may be read though it is behind the column: there
// is room behind each.

// @ts-ignore: decorator
@inline export function isShort(bytes: u32): bool { return (bytes & 0x8000) == 0; }
// @ts-ignore: decorator
@inline export function ofTwo(bytes: u32): u32 { return (bytes & 0x7f) | ((bytes >> 1) & 0x3f80); }
// @ts-ignore: decorator
@inline export function ended(at: usize, end: usize): u32 { return at == end ? FINE : at > end ? EARLY : LONG; }

// @ts-ignore: decorator
@inline export function signed(coded: u64): u64 { return (coded >> 1) ^ (0 - (coded & 1)); }
