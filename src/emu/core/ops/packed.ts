// Packed-integer functions that are more than one wasm operation: destination `a`, source `b`. MMX instructions use the
// same ones and keep the low 64 bits.

// ---- multiplication ----

// @ts-ignore: decorator
@inline export function pmulhw(a: v128, b: v128): v128 {
  return oddWords(i32x4.extmul_low_i16x8_s(a, b), i32x4.extmul_high_i16x8_s(a, b));
}
// @ts-ignore: decorator
@inline export function pmulhuw(a: v128, b: v128): v128 {
  return oddWords(i32x4.extmul_low_i16x8_u(a, b), i32x4.extmul_high_i16x8_u(a, b));
}
/** wasm saturates -1 * -1 (Q15) to 7FFF, x86 wraps it to 8000. */
// @ts-ignore: decorator
@inline export function pmulhrsw(a: v128, b: v128): v128 {
  const product = i16x8.q15mulr_sat_s(a, b);
  const lowest = i16x8.splat(-32768);
  return v128.xor(product, v128.and(i16x8.eq(a, lowest), i16x8.eq(b, lowest)));
}
// @ts-ignore: decorator
@inline export function pmuludq(a: v128, b: v128): v128 {
  return i64x2.extmul_low_i32x4_u(evenDoublewords(a, a), evenDoublewords(b, b));
}
// @ts-ignore: decorator
@inline export function pmuldq(a: v128, b: v128): v128 {
  return i64x2.extmul_low_i32x4_s(evenDoublewords(a, a), evenDoublewords(b, b));
}
/** Unsigned bytes of `a` times signed bytes of `b`, neighbours added with saturation. No product leaves 16 bits. */
// @ts-ignore: decorator
@inline export function pmaddubsw(a: v128, b: v128): v128 {
  const even = i16x8.mul(v128.and(a, i16x8.splat(255)), i16x8.shr_s(i16x8.shl(b, 8), 8));
  return i16x8.add_sat_s(even, i16x8.mul(i16x8.shr_u(a, 8), i16x8.shr_s(b, 8)));
}

// ---- sums ----

// @ts-ignore: decorator
@inline export function psadbw(a: v128, b: v128): v128 {
  const difference = v128.or(i8x16.sub_sat_u(a, b), i8x16.sub_sat_u(b, a));
  const fours = i32x4.extadd_pairwise_i16x8_u(i16x8.extadd_pairwise_i8x16_u(difference));
  return v128.and(i64x2.add(fours, i64x2.shr_u(fours, 32)), i64x2.splat(0xffff));
}
// @ts-ignore: decorator
@inline export function phaddw(a: v128, b: v128): v128 { return i16x8.add(evenWords(a, b), oddWords(a, b)); }
// @ts-ignore: decorator
@inline export function phaddsw(a: v128, b: v128): v128 { return i16x8.add_sat_s(evenWords(a, b), oddWords(a, b)); }
// @ts-ignore: decorator
@inline export function phaddd(a: v128, b: v128): v128 { return i32x4.add(evenDoublewords(a, b), oddDoublewords(a, b)); }
// @ts-ignore: decorator
@inline export function phsubw(a: v128, b: v128): v128 { return i16x8.sub(evenWords(a, b), oddWords(a, b)); }
// @ts-ignore: decorator
@inline export function phsubsw(a: v128, b: v128): v128 { return i16x8.sub_sat_s(evenWords(a, b), oddWords(a, b)); }
// @ts-ignore: decorator
@inline export function phsubd(a: v128, b: v128): v128 { return i32x4.sub(evenDoublewords(a, b), oddDoublewords(a, b)); }

// ---- sign: (a xor m) - m negates where m is all ones ----

// @ts-ignore: decorator
@inline export function psignb(a: v128, b: v128): v128 {
  const negative = i8x16.shr_s(b, 7);
  return v128.and(i8x16.sub(v128.xor(a, negative), negative), i8x16.ne(b, i8x16.splat(0)));
}
// @ts-ignore: decorator
@inline export function psignw(a: v128, b: v128): v128 {
  const negative = i16x8.shr_s(b, 15);
  return v128.and(i16x8.sub(v128.xor(a, negative), negative), i16x8.ne(b, i16x8.splat(0)));
}
// @ts-ignore: decorator
@inline export function psignd(a: v128, b: v128): v128 {
  const negative = i32x4.shr_s(b, 31);
  return v128.and(i32x4.sub(v128.xor(a, negative), negative), i32x4.ne(b, i32x4.splat(0)));
}

// ---- shifts: a count of the lane's width or more empties the lane, or fills it with the sign ----

// @ts-ignore: decorator
@inline export function psrlw(a: v128, count: u64): v128 { return count > 15 ? i64x2.splat(0) : i16x8.shr_u(a, <i32>count); }
// @ts-ignore: decorator
@inline export function psrld(a: v128, count: u64): v128 { return count > 31 ? i64x2.splat(0) : i32x4.shr_u(a, <i32>count); }
// @ts-ignore: decorator
@inline export function psrlq(a: v128, count: u64): v128 { return count > 63 ? i64x2.splat(0) : i64x2.shr_u(a, <i32>count); }
// @ts-ignore: decorator
@inline export function psraw(a: v128, count: u64): v128 { return i16x8.shr_s(a, <i32>min<u64>(count, 15)); }
// @ts-ignore: decorator
@inline export function psrad(a: v128, count: u64): v128 { return i32x4.shr_s(a, <i32>min<u64>(count, 31)); }
// @ts-ignore: decorator
@inline export function psllw(a: v128, count: u64): v128 { return count > 15 ? i64x2.splat(0) : i16x8.shl(a, <i32>count); }
// @ts-ignore: decorator
@inline export function pslld(a: v128, count: u64): v128 { return count > 31 ? i64x2.splat(0) : i32x4.shl(a, <i32>count); }
// @ts-ignore: decorator
@inline export function psllq(a: v128, count: u64): v128 { return count > 63 ? i64x2.splat(0) : i64x2.shl(a, <i32>count); }

// ---- every second lane of both, and lanes interleaved ----

// @ts-ignore: decorator
@inline export function evenWords(a: v128, b: v128): v128 {
  return i8x16.shuffle(a, b, 0, 1, 4, 5, 8, 9, 12, 13, 16, 17, 20, 21, 24, 25, 28, 29);
}
// @ts-ignore: decorator
@inline export function oddWords(a: v128, b: v128): v128 {
  return i8x16.shuffle(a, b, 2, 3, 6, 7, 10, 11, 14, 15, 18, 19, 22, 23, 26, 27, 30, 31);
}
// @ts-ignore: decorator
@inline export function evenDoublewords(a: v128, b: v128): v128 {
  return i8x16.shuffle(a, b, 0, 1, 2, 3, 8, 9, 10, 11, 16, 17, 18, 19, 24, 25, 26, 27);
}
// @ts-ignore: decorator
@inline export function oddDoublewords(a: v128, b: v128): v128 {
  return i8x16.shuffle(a, b, 4, 5, 6, 7, 12, 13, 14, 15, 20, 21, 22, 23, 28, 29, 30, 31);
}
// @ts-ignore: decorator
@inline export function lowBytes(a: v128, b: v128): v128 {
  return i8x16.shuffle(a, b, 0, 16, 1, 17, 2, 18, 3, 19, 4, 20, 5, 21, 6, 22, 7, 23);
}
// @ts-ignore: decorator
@inline export function highBytes(a: v128, b: v128): v128 {
  return i8x16.shuffle(a, b, 8, 24, 9, 25, 10, 26, 11, 27, 12, 28, 13, 29, 14, 30, 15, 31);
}
// @ts-ignore: decorator
@inline export function lowWords(a: v128, b: v128): v128 {
  return i8x16.shuffle(a, b, 0, 1, 16, 17, 2, 3, 18, 19, 4, 5, 20, 21, 6, 7, 22, 23);
}
// @ts-ignore: decorator
@inline export function highWords(a: v128, b: v128): v128 {
  return i8x16.shuffle(a, b, 8, 9, 24, 25, 10, 11, 26, 27, 12, 13, 28, 29, 14, 15, 30, 31);
}
// @ts-ignore: decorator
@inline export function lowDoublewords(a: v128, b: v128): v128 {
  return i8x16.shuffle(a, b, 0, 1, 2, 3, 16, 17, 18, 19, 4, 5, 6, 7, 20, 21, 22, 23);
}
// @ts-ignore: decorator
@inline export function highDoublewords(a: v128, b: v128): v128 {
  return i8x16.shuffle(a, b, 8, 9, 10, 11, 24, 25, 26, 27, 12, 13, 14, 15, 28, 29, 30, 31);
}
// @ts-ignore: decorator
@inline export function lowQuadwords(a: v128, b: v128): v128 {
  return i8x16.shuffle(a, b, 0, 1, 2, 3, 4, 5, 6, 7, 16, 17, 18, 19, 20, 21, 22, 23);
}
// @ts-ignore: decorator
@inline export function highQuadwords(a: v128, b: v128): v128 {
  return i8x16.shuffle(a, b, 8, 9, 10, 11, 12, 13, 14, 15, 24, 25, 26, 27, 28, 29, 30, 31);
}

/** Four words of `x` picked by the 2-bit fields of `order` (PSHUFW; PSHUFLW and PSHUFHW on one half). */
export function pickWords(x: u64, order: u32): u64 {
  return ((x >> u64((order & 3) << 4)) & 0xffff)
    | (((x >> u64(((order >> 2) & 3) << 4)) & 0xffff) << 16)
    | (((x >> u64(((order >> 4) & 3) << 4)) & 0xffff) << 32)
    | ((x >> u64(((order >> 6) & 3) << 4)) << 48);
}

const BYTE_NUMBERS = i8x16(0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15);

/** Byte i of the result is byte i + count of `x`, 0 beyond its end; `count` from -16 to 32. */
// @ts-ignore: decorator
@inline export function bytesFrom(x: v128, count: i32): v128 {
  return i8x16.swizzle(x, i8x16.add(BYTE_NUMBERS, i8x16.splat(<i8>count)));
}
