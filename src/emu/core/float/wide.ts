// 128-bit pieces that the 64-bit significands need: products, quotients, shifts that remember what they lose.
// A second result is left in `low`.

/** Low half, or remainder, of the last operation of this file. */
export let low: u64 = 0;

/** High half of a * b; `low` is the low half. */
export function multiplyWide(a: u64, b: u64): u64 {
  const a0 = a & 0xffffffff;
  const a1 = a >> 32;
  const b0 = b & 0xffffffff;
  const b1 = b >> 32;
  const p00 = a0 * b0;
  const p01 = a0 * b1;
  const p10 = a1 * b0;
  const middle = (p00 >> 32) + (p01 & 0xffffffff) + (p10 & 0xffffffff);
  low = a * b;
  return a1 * b1 + (p01 >> 32) + (p10 >> 32) + (middle >> 32);
}

/** (high:lowPart) / divisor, where the divisor has bit 63 set and exceeds high; `low` is the remainder. (Knuth's D.) */
export function divideWide(high: u64, lowPart: u64, divisor: u64): u64 {
  const d1 = divisor >> 32;
  const d0 = divisor & 0xffffffff;
  const n1 = lowPart >> 32;
  const n0 = lowPart & 0xffffffff;
  let q1 = high / d1;
  let rest = high - q1 * d1;
  while (q1 >= 0x100000000 || q1 * d0 > ((rest << 32) | n1)) {
    q1--;
    rest += d1;
    if (rest >= 0x100000000) break;
  }
  const middle = ((high << 32) | n1) - q1 * divisor;
  let q0 = middle / d1;
  rest = middle - q0 * d1;
  while (q0 >= 0x100000000 || q0 * d0 > ((rest << 32) | n0)) {
    q0--;
    rest += d1;
    if (rest >= 0x100000000) break;
  }
  low = ((middle << 32) | n0) - q0 * divisor;
  return (q1 << 32) + q0;
}

/** (high:lowPart) >> count; `low` is the low half, its bit 0 set if any bit was lost. */
export function shiftRightSticky(high: u64, lowPart: u64, count: i32): u64 {
  if (count == 0) {
    low = lowPart;
    return high;
  }
  if (count < 64) {
    low = (high << (64 - count)) | (lowPart >> count) | u64((lowPart << (64 - count)) != 0);
    return high >> count;
  }
  if (count == 64) {
    low = high | u64(lowPart != 0);
    return 0;
  }
  if (count < 128) {
    low = (high >> (count - 64)) | u64((high << (128 - count)) != 0 || lowPart != 0);
    return 0;
  }
  low = u64((high | lowPart) != 0);
  return 0;
}

/** (high:lowPart) << count, count below 128; `low` is the low half. */
export function shiftLeft(high: u64, lowPart: u64, count: i32): u64 {
  if (count == 0) {
    low = lowPart;
    return high;
  }
  if (count < 64) {
    low = lowPart << count;
    return (high << count) | (lowPart >> (64 - count));
  }
  low = 0;
  return lowPart << (count - 64);
}
