// When the host's own arithmetic gives what x86 gives, flags included. The host rounds to nearest, reports nothing
// and leaves NaNs open; so operands and results have to be normal or zero, and an inexact result must have nothing
// to report (PE already set and masked, or the result exact). Small and pure: the loop inlines them.

/** MXCSR rounds to nearest, and an inexact result leaves no trace: PM and PE are set. */
// @ts-ignore: decorator
@inline export function roundsNatively(mxcsr: u32): bool { return (mxcsr & 0x7020) == 0x1020; }

/** MXCSR rounds to nearest: exact results may be taken from the host. */
// @ts-ignore: decorator
@inline export function roundsToNearest(mxcsr: u32): bool { return (mxcsr & 0x6000) == 0; }

/** Normal or zero. */
// @ts-ignore: decorator
@inline export function plain64(bits: u64): bool {
  return (bits << 1) - 0x0020_0000_0000_0000 < 0xffc0_0000_0000_0000 || bits << 1 == 0;
}

// @ts-ignore: decorator
@inline export function plain32(bits: u32): bool { return (bits << 1) - 0x0100_0000 < 0xfe00_0000 || bits << 1 == 0; }

/** Normal and above the smallest normal number, so that no underflow is rounded away in it. */
// @ts-ignore: decorator
@inline export function normal64(bits: u64): bool {
  return (bits << 1) - 0x0020_0000_0000_0001 < 0xffbf_ffff_ffff_ffff;
}

// @ts-ignore: decorator
@inline export function normal32(bits: u32): bool { return (bits << 1) - 0x0100_0001 < 0xfdff_ffff; }

/** Result of a + b: is it free of a rounding error? (Knuth's two-sum; operands and sum plain.) */
// @ts-ignore: decorator
@inline export function sumIsExact(a: f64, b: f64, sum: f64): bool {
  const part = sum - a;
  return (a - (sum - part)) + (b - part) == 0;
}

/** The product of significands so short that it fits. */
// @ts-ignore: decorator
@inline export function productIsExact(a: u64, b: u64): bool {
  return (a & 0x7ff_ffff) == 0 && (b & 0x3ff_ffff) == 0;
}

/** All four lanes normal or zero. */
// @ts-ignore: decorator
@inline export function plainLanes32(x: v128): bool {
  const exponents = v128.and(x, i32x4.splat(0x7f80_0000));
  const small = v128.and(i32x4.eq(exponents, i32x4.splat(0)), f32x4.ne(x, f32x4.splat(0)));
  return !v128.any_true(v128.or(small, i32x4.eq(exponents, i32x4.splat(0x7f80_0000))));
}

// @ts-ignore: decorator
@inline export function plainLanes64(x: v128): bool {
  const exponents = v128.and(x, i64x2.splat(0x7ff0_0000_0000_0000));
  const small = v128.and(i64x2.eq(exponents, i64x2.splat(0)), f64x2.ne(x, f64x2.splat(0)));
  return !v128.any_true(v128.or(small, i64x2.eq(exponents, i64x2.splat(0x7ff0_0000_0000_0000))));
}

/** All four lanes normal and above the smallest normal number. */
// @ts-ignore: decorator
@inline export function normalLanes32(x: v128): bool {
  const magnitude = v128.and(x, i32x4.splat(0x7fff_ffff));
  return i32x4.all_true(v128.and(
    i32x4.gt_s(magnitude, i32x4.splat(0x0080_0000)), i32x4.lt_s(magnitude, i32x4.splat(0x7f80_0000))));
}

// @ts-ignore: decorator
@inline export function normalLanes64(x: v128): bool {
  const magnitude = v128.and(x, i64x2.splat(0x7fff_ffff_ffff_ffff));
  return i64x2.all_true(v128.and(
    i64x2.gt_s(magnitude, i64x2.splat(0x0010_0000_0000_0000)), i64x2.lt_s(magnitude, i64x2.splat(0x7ff0_0000_0000_0000))));
}

/** Operands normal, result normal and above the smallest normal number, in all lanes (a NaN compares false). */
// @ts-ignore: decorator
@inline export function normalOperands64(a: v128, b: v128, result: v128): bool {
  const least = f64x2.splat(2.2250738585072014e-308);
  const magnitude = f64x2.abs(result);
  const operands = v128.and(f64x2.ge(f64x2.abs(a), least), f64x2.ge(f64x2.abs(b), least));
  const results = v128.and(f64x2.gt(magnitude, least), f64x2.lt(magnitude, f64x2.splat(Infinity)));
  return i64x2.all_true(v128.and(operands, results));
}

// @ts-ignore: decorator
@inline export function normalOperands32(a: v128, b: v128, result: v128): bool {
  const least = f32x4.splat(1.1754943508222875e-38);
  const magnitude = f32x4.abs(result);
  const operands = v128.and(f32x4.ge(f32x4.abs(a), least), f32x4.ge(f32x4.abs(b), least));
  const results = v128.and(f32x4.gt(magnitude, least), f32x4.lt(magnitude, f32x4.splat(Infinity)));
  return i32x4.all_true(v128.and(operands, results));
}
