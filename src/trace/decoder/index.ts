// Columns of an event chunk to arrays: the loops that every reader of a trace waits for. column-decoder.ts is its other end,
// proto/trace.proto says how columns are coded. Each function takes where its column lies and how long it is, and says what
// is wrong with it.

import { EARLY, ended, FINE, isShort, longVarint, next, ofTwo, signed, STRANGE, trouble } from './varint';

export { callGroup } from './calls';
export { pairs } from './pairs';

// How a register of an event is coded.
/** Bit: by the site's last event, not the task's. */
const OF_SITE: u32 = 1;
/** From here on: with a difference. */
const DIFFERENT: u32 = 2;

/** `count` integers of 32 bits, each `most` at most. */
export function varints(column: usize, length: u32, to: usize, count: u32, most: u32): u32 {
  let at = column;
  const end = column + length;
  for (let i: u32 = 0; i < count; i++) {
    if (at >= end) return EARLY;
    const bytes = u32(load<u16>(at));
    let value = u64(bytes & 0x7f);
    if ((bytes & 0x80) == 0) at++;
    else if (isShort(bytes)) {
      value = u64(ofTwo(bytes));
      at += 2;
    } else {
      value = longVarint(at, end, 32);
      if (next == 0) return trouble;
      at = next;
    }
    if (value > u64(most)) return STRANGE;
    store<u32>(to + (i << 2), <u32>value);
  }
  return ended(at, end);
}

/** `count` running sums of differences. */
export function sums(column: usize, length: u32, to: usize, count: u32): u32 {
  let at = column;
  const end = column + length;
  let sum: u64 = 0;
  for (let i: u32 = 0; i < count; i++) {
    if (at >= end) return EARLY;
    const bytes = u32(load<u16>(at));
    let coded = u64(bytes & 0x7f);
    if ((bytes & 0x80) == 0) at++;
    else if (isShort(bytes)) {
      coded = u64(ofTwo(bytes));
      at += 2;
    } else {
      coded = longVarint(at, end, 64);
      if (next == 0) return trouble;
      at = next;
    }
    sum += signed(coded);
    store<u64>(to + (i << 3), sum);
  }
  return ended(at, end);
}

/** The same of two columns, added up. */
export function sumsOfTwo(a: usize, lengthOfA: u32, to: usize, count: u32, b: usize, lengthOfB: u32): u32 {
  let atA = a;
  let atB = b;
  const endOfA = a + lengthOfA;
  const endOfB = b + lengthOfB;
  let sum: u64 = 0;
  for (let i: u32 = 0; i < count; i++) {
    if (atA >= endOfA || atB >= endOfB) return EARLY;
    let bytes = u32(load<u16>(atA));
    let coded = u64(bytes & 0x7f);
    if ((bytes & 0x80) == 0) atA++;
    else if (isShort(bytes)) {
      coded = u64(ofTwo(bytes));
      atA += 2;
    } else {
      coded = longVarint(atA, endOfA, 64);
      if (next == 0) return trouble;
      atA = next;
    }
    sum += signed(coded);
    bytes = u32(load<u16>(atB));
    coded = u64(bytes & 0x7f);
    if ((bytes & 0x80) == 0) atB++;
    else if (isShort(bytes)) {
      coded = u64(ofTwo(bytes));
      atB += 2;
    } else {
      coded = longVarint(atB, endOfB, 64);
      if (next == 0) return trouble;
      atB = next;
    }
    sum += signed(coded);
    store<u64>(to + (i << 3), sum);
  }
  const first = ended(atA, endOfA);
  return first == FINE ? ended(atB, endOfB) : first;
}

/**
 * Rows of sites: `follows` has 1 + the site that followed each (and none) last, `last` 1 + each task's last one; both are
 * zeros at first.
 */
export function sites(
  column: usize, length: u32, to: usize, count: u32, task: usize, limit: u32, follows: usize, last: usize,
): u32 {
  let at = column;
  const end = column + length;
  for (let i: u32 = 0; i < count; i++) {
    if (at >= end) return EARLY;
    const bytes = u32(load<u16>(at));
    let site = u64(bytes & 0x7f);
    if ((bytes & 0x80) == 0) at++;
    else if (isShort(bytes)) {
      site = u64(ofTwo(bytes));
      at += 2;
    } else {
      site = longVarint(at, end, 32);
      if (next == 0) return trouble;
      at = next;
    }
    const own = last + (load<u32>(task + (i << 2)) << 2);
    const follower = follows + (load<u32>(own) << 2);
    if (site == 0) site = u64(load<u32>(follower));
    if (site == 0 || site > u64(limit)) return STRANGE;
    store<u32>(follower, <u32>site);
    store<u32>(own, <u32>site);
    store<u32>(to + (i << 2), <u32>site - 1);
  }
  return ended(at, end);
}

/** Rows of patterns, 1 + row; 0 where the site's last one holds: `last`, zeros at first. */
export function patterns(
  column: usize, length: u32, to: usize, count: u32, site: usize, limit: u32, last: usize,
): u32 {
  let at = column;
  const end = column + length;
  for (let i: u32 = 0; i < count; i++) {
    if (at >= end) return EARLY;
    const bytes = u32(load<u16>(at));
    let pattern = u64(bytes & 0x7f);
    if ((bytes & 0x80) == 0) at++;
    else if (isShort(bytes)) {
      pattern = u64(ofTwo(bytes));
      at += 2;
    } else {
      pattern = longVarint(at, end, 32);
      if (next == 0) return trouble;
      at = next;
    }
    if (pattern > u64(limit)) return STRANGE;
    const own = last + (load<u32>(site + (i << 2)) << 2);
    if (pattern == 0) pattern = u64(load<u32>(own));
    else store<u32>(own, <u32>pattern);
    store<u32>(to + (i << 2), <u32>pattern);
  }
  return ended(at, end);
}

/** One register: `codes` has a byte a pattern, `last` what each task and, behind them, each site left last. */
export function register(
  column: usize, length: u32, to: usize, count: u32, task: usize, tasks: u32, site: usize, pattern: usize, codes: usize,
  last: usize,
): u32 {
  let at = column;
  const end = column + length;
  const ofSites = last + (tasks << 3);
  for (let i: u32 = 0; i < count; i++) {
    const atTask = last + (load<u32>(task + (i << 2)) << 3);
    const atSite = ofSites + (load<u32>(site + (i << 2)) << 3);
    const code = u32(load<u8>(codes + load<u32>(pattern + (i << 2))));
    let value = load<u64>((code & OF_SITE) == 0 ? atTask : atSite);
    if (code >= DIFFERENT) {
      if (at >= end) return EARLY;
      const bytes = u32(load<u16>(at));
      let coded = u64(bytes & 0x7f);
      if ((bytes & 0x80) == 0) at++;
      else if (isShort(bytes)) {
        coded = u64(ofTwo(bytes));
        at += 2;
      } else {
        coded = longVarint(at, end, 64);
        if (next == 0) return trouble;
        at = next;
      }
      value += signed(coded);
    }
    store<u64>(atTask, value);
    store<u64>(atSite, value);
    store<u64>(to + (i << 3), value);
  }
  return ended(at, end);
}

/** Where arguments may be laid: behind what this module needs itself. */
export function free(): usize { return __heap_base; }

/** Makes the memory so large; false: there is no more. */
export function reserve(bytes: usize): bool {
  const pages = <i32>((bytes + 0xffff) >> 16);
  return pages <= memory.size() || memory.grow(pages - memory.size()) >= 0;
}
