// Whether a 64-bit signed product fits: CF and OF of IMUL.

/** True if x * y (signed) is not `low`. */
export function productLost(x: u64, y: u64, low: u64): bool {
  if (<i64>x == <i64><i32>x && <i64>y == <i64><i32>y) return false;
  const xLow = x & 0xffff_ffff, xHigh = x >> 32, yLow = y & 0xffff_ffff, yHigh = y >> 32;
  const first = xLow * yLow;
  const middle = xHigh * yLow + (first >> 32);
  const cross = xLow * yHigh + (middle & 0xffff_ffff);
  let high = xHigh * yHigh + (middle >> 32) + (cross >> 32);
  if (<i64>x < 0) high -= y;
  if (<i64>y < 0) high -= x;
  return high != <u64>(<i64>low >> 63);
}
