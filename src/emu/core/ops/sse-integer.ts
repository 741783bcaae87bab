// SSE2 to SSE4.2 packed integers: arithmetic, comparison, logic, shifts. Moves are in sse-move.ts, what rearranges lanes
// in sse-shuffle.ts.
import { opImm8, opReg, opRm } from "../op";
import { faulted } from "../fault";
import { CF, ZF, setFlags } from "../flags";
import { readRmV128 } from "../operands";
import {
  bytesFrom, phaddd, phaddsw, phaddw, phsubd, phsubsw, phsubw, pmaddubsw, pmuldq, pmulhrsw, pmulhuw, pmulhw, pmuludq,
  psadbw, psignb, psignd, psignw, pslld, psllq, psllw, psrad, psraw, psrld, psrlq, psrlw,
} from "./packed";

// @ts-ignore: decorator
@inline function register(op: usize): v128 { return v128.load(opReg(op)); }
// @ts-ignore: decorator
@inline function put(op: usize, value: v128): void { v128.store(opReg(op), value); }

export function paddbVxWx(op: usize): void { const b = readRmV128(op), a = register(op); if (!faulted()) put(op, i8x16.add(a, b)); }
export function paddwVxWx(op: usize): void { const b = readRmV128(op), a = register(op); if (!faulted()) put(op, i16x8.add(a, b)); }
export function padddVxWx(op: usize): void { const b = readRmV128(op), a = register(op); if (!faulted()) put(op, i32x4.add(a, b)); }
export function paddqVxWx(op: usize): void { const b = readRmV128(op), a = register(op); if (!faulted()) put(op, i64x2.add(a, b)); }
export function psubbVxWx(op: usize): void { const b = readRmV128(op), a = register(op); if (!faulted()) put(op, i8x16.sub(a, b)); }
export function psubwVxWx(op: usize): void { const b = readRmV128(op), a = register(op); if (!faulted()) put(op, i16x8.sub(a, b)); }
export function psubdVxWx(op: usize): void { const b = readRmV128(op), a = register(op); if (!faulted()) put(op, i32x4.sub(a, b)); }
export function psubqVxWx(op: usize): void { const b = readRmV128(op), a = register(op); if (!faulted()) put(op, i64x2.sub(a, b)); }
export function paddsbVxWx(op: usize): void { const b = readRmV128(op), a = register(op); if (!faulted()) put(op, i8x16.add_sat_s(a, b)); }
export function paddswVxWx(op: usize): void { const b = readRmV128(op), a = register(op); if (!faulted()) put(op, i16x8.add_sat_s(a, b)); }
export function paddusbVxWx(op: usize): void { const b = readRmV128(op), a = register(op); if (!faulted()) put(op, i8x16.add_sat_u(a, b)); }
export function padduswVxWx(op: usize): void { const b = readRmV128(op), a = register(op); if (!faulted()) put(op, i16x8.add_sat_u(a, b)); }
export function psubsbVxWx(op: usize): void { const b = readRmV128(op), a = register(op); if (!faulted()) put(op, i8x16.sub_sat_s(a, b)); }
export function psubswVxWx(op: usize): void { const b = readRmV128(op), a = register(op); if (!faulted()) put(op, i16x8.sub_sat_s(a, b)); }
export function psubusbVxWx(op: usize): void { const b = readRmV128(op), a = register(op); if (!faulted()) put(op, i8x16.sub_sat_u(a, b)); }
export function psubuswVxWx(op: usize): void { const b = readRmV128(op), a = register(op); if (!faulted()) put(op, i16x8.sub_sat_u(a, b)); }
export function pavgbVxWx(op: usize): void { const b = readRmV128(op), a = register(op); if (!faulted()) put(op, i8x16.avgr_u(a, b)); }
export function pavgwVxWx(op: usize): void { const b = readRmV128(op), a = register(op); if (!faulted()) put(op, i16x8.avgr_u(a, b)); }
export function pminubVxWx(op: usize): void { const b = readRmV128(op), a = register(op); if (!faulted()) put(op, i8x16.min_u(a, b)); }
export function pmaxubVxWx(op: usize): void { const b = readRmV128(op), a = register(op); if (!faulted()) put(op, i8x16.max_u(a, b)); }
export function pminswVxWx(op: usize): void { const b = readRmV128(op), a = register(op); if (!faulted()) put(op, i16x8.min_s(a, b)); }
export function pmaxswVxWx(op: usize): void { const b = readRmV128(op), a = register(op); if (!faulted()) put(op, i16x8.max_s(a, b)); }
export function pminsbVxWx(op: usize): void { const b = readRmV128(op), a = register(op); if (!faulted()) put(op, i8x16.min_s(a, b)); }
export function pminsdVxWx(op: usize): void { const b = readRmV128(op), a = register(op); if (!faulted()) put(op, i32x4.min_s(a, b)); }
export function pminuwVxWx(op: usize): void { const b = readRmV128(op), a = register(op); if (!faulted()) put(op, i16x8.min_u(a, b)); }
export function pminudVxWx(op: usize): void { const b = readRmV128(op), a = register(op); if (!faulted()) put(op, i32x4.min_u(a, b)); }
export function pmaxsbVxWx(op: usize): void { const b = readRmV128(op), a = register(op); if (!faulted()) put(op, i8x16.max_s(a, b)); }
export function pmaxsdVxWx(op: usize): void { const b = readRmV128(op), a = register(op); if (!faulted()) put(op, i32x4.max_s(a, b)); }
export function pmaxuwVxWx(op: usize): void { const b = readRmV128(op), a = register(op); if (!faulted()) put(op, i16x8.max_u(a, b)); }
export function pmaxudVxWx(op: usize): void { const b = readRmV128(op), a = register(op); if (!faulted()) put(op, i32x4.max_u(a, b)); }

export function pmullwVxWx(op: usize): void { const b = readRmV128(op), a = register(op); if (!faulted()) put(op, i16x8.mul(a, b)); }
export function pmulhwVxWx(op: usize): void { const b = readRmV128(op), a = register(op); if (!faulted()) put(op, pmulhw(a, b)); }
export function pmulhuwVxWx(op: usize): void { const b = readRmV128(op), a = register(op); if (!faulted()) put(op, pmulhuw(a, b)); }
export function pmuludqVxWx(op: usize): void { const b = readRmV128(op), a = register(op); if (!faulted()) put(op, pmuludq(a, b)); }
export function pmaddwdVxWx(op: usize): void { const b = readRmV128(op), a = register(op); if (!faulted()) put(op, i32x4.dot_i16x8_s(a, b)); }
export function psadbwVxWx(op: usize): void { const b = readRmV128(op), a = register(op); if (!faulted()) put(op, psadbw(a, b)); }
export function pmaddubswVxWx(op: usize): void { const b = readRmV128(op), a = register(op); if (!faulted()) put(op, pmaddubsw(a, b)); }
export function pmulhrswVxWx(op: usize): void { const b = readRmV128(op), a = register(op); if (!faulted()) put(op, pmulhrsw(a, b)); }
export function pmuldqVxWx(op: usize): void { const b = readRmV128(op), a = register(op); if (!faulted()) put(op, pmuldq(a, b)); }
export function pmulldVxWx(op: usize): void { const b = readRmV128(op), a = register(op); if (!faulted()) put(op, i32x4.mul(a, b)); }

export function pcmpeqbVxWx(op: usize): void { const b = readRmV128(op), a = register(op); if (!faulted()) put(op, i8x16.eq(a, b)); }
export function pcmpeqwVxWx(op: usize): void { const b = readRmV128(op), a = register(op); if (!faulted()) put(op, i16x8.eq(a, b)); }
export function pcmpeqdVxWx(op: usize): void { const b = readRmV128(op), a = register(op); if (!faulted()) put(op, i32x4.eq(a, b)); }
export function pcmpeqqVxWx(op: usize): void { const b = readRmV128(op), a = register(op); if (!faulted()) put(op, i64x2.eq(a, b)); }
export function pcmpgtbVxWx(op: usize): void { const b = readRmV128(op), a = register(op); if (!faulted()) put(op, i8x16.gt_s(a, b)); }
export function pcmpgtwVxWx(op: usize): void { const b = readRmV128(op), a = register(op); if (!faulted()) put(op, i16x8.gt_s(a, b)); }
export function pcmpgtdVxWx(op: usize): void { const b = readRmV128(op), a = register(op); if (!faulted()) put(op, i32x4.gt_s(a, b)); }
export function pcmpgtqVxWx(op: usize): void { const b = readRmV128(op), a = register(op); if (!faulted()) put(op, i64x2.gt_s(a, b)); }
export function pandVxWx(op: usize): void { const b = readRmV128(op), a = register(op); if (!faulted()) put(op, v128.and(a, b)); }
export function pandnVxWx(op: usize): void { const b = readRmV128(op), a = register(op); if (!faulted()) put(op, v128.andnot(b, a)); }
export function porVxWx(op: usize): void { const b = readRmV128(op), a = register(op); if (!faulted()) put(op, v128.or(a, b)); }
export function pxorVxWx(op: usize): void { const b = readRmV128(op), a = register(op); if (!faulted()) put(op, v128.xor(a, b)); }

export function pabsbVxWx(op: usize): void { const b = readRmV128(op); if (!faulted()) put(op, i8x16.abs(b)); }
export function pabswVxWx(op: usize): void { const b = readRmV128(op); if (!faulted()) put(op, i16x8.abs(b)); }
export function pabsdVxWx(op: usize): void { const b = readRmV128(op); if (!faulted()) put(op, i32x4.abs(b)); }
export function psignbVxWx(op: usize): void { const b = readRmV128(op), a = register(op); if (!faulted()) put(op, psignb(a, b)); }
export function psignwVxWx(op: usize): void { const b = readRmV128(op), a = register(op); if (!faulted()) put(op, psignw(a, b)); }
export function psigndVxWx(op: usize): void { const b = readRmV128(op), a = register(op); if (!faulted()) put(op, psignd(a, b)); }
export function phaddwVxWx(op: usize): void { const b = readRmV128(op), a = register(op); if (!faulted()) put(op, phaddw(a, b)); }
export function phadddVxWx(op: usize): void { const b = readRmV128(op), a = register(op); if (!faulted()) put(op, phaddd(a, b)); }
export function phaddswVxWx(op: usize): void { const b = readRmV128(op), a = register(op); if (!faulted()) put(op, phaddsw(a, b)); }
export function phsubwVxWx(op: usize): void { const b = readRmV128(op), a = register(op); if (!faulted()) put(op, phsubw(a, b)); }
export function phsubdVxWx(op: usize): void { const b = readRmV128(op), a = register(op); if (!faulted()) put(op, phsubd(a, b)); }
export function phsubswVxWx(op: usize): void { const b = readRmV128(op), a = register(op); if (!faulted()) put(op, phsubsw(a, b)); }

export function psrlwVxWx(op: usize): void { const b = readRmV128(op); if (!faulted()) put(op, psrlw(register(op), i64x2.extract_lane(b, 0))); }
export function psrlwUxIb(op: usize): void { const x = opRm(op); v128.store(x, psrlw(v128.load(x), u64(opImm8(op)))); }
export function psrldVxWx(op: usize): void { const b = readRmV128(op); if (!faulted()) put(op, psrld(register(op), i64x2.extract_lane(b, 0))); }
export function psrldUxIb(op: usize): void { const x = opRm(op); v128.store(x, psrld(v128.load(x), u64(opImm8(op)))); }
export function psrlqVxWx(op: usize): void { const b = readRmV128(op); if (!faulted()) put(op, psrlq(register(op), i64x2.extract_lane(b, 0))); }
export function psrlqUxIb(op: usize): void { const x = opRm(op); v128.store(x, psrlq(v128.load(x), u64(opImm8(op)))); }
export function psrawVxWx(op: usize): void { const b = readRmV128(op); if (!faulted()) put(op, psraw(register(op), i64x2.extract_lane(b, 0))); }
export function psrawUxIb(op: usize): void { const x = opRm(op); v128.store(x, psraw(v128.load(x), u64(opImm8(op)))); }
export function psradVxWx(op: usize): void { const b = readRmV128(op); if (!faulted()) put(op, psrad(register(op), i64x2.extract_lane(b, 0))); }
export function psradUxIb(op: usize): void { const x = opRm(op); v128.store(x, psrad(v128.load(x), u64(opImm8(op)))); }
export function psllwVxWx(op: usize): void { const b = readRmV128(op); if (!faulted()) put(op, psllw(register(op), i64x2.extract_lane(b, 0))); }
export function psllwUxIb(op: usize): void { const x = opRm(op); v128.store(x, psllw(v128.load(x), u64(opImm8(op)))); }
export function pslldVxWx(op: usize): void { const b = readRmV128(op); if (!faulted()) put(op, pslld(register(op), i64x2.extract_lane(b, 0))); }
export function pslldUxIb(op: usize): void { const x = opRm(op); v128.store(x, pslld(v128.load(x), u64(opImm8(op)))); }
export function psllqVxWx(op: usize): void { const b = readRmV128(op); if (!faulted()) put(op, psllq(register(op), i64x2.extract_lane(b, 0))); }
export function psllqUxIb(op: usize): void { const x = opRm(op); v128.store(x, psllq(v128.load(x), u64(opImm8(op)))); }

// ---- whole-register shifts, by bytes ----

export function psrldqUxIb(op: usize): void {
  const x = opRm(op);
  v128.store(x, bytesFrom(v128.load(x), <i32>min<u32>(opImm8(op), 16)));
}
export function pslldqUxIb(op: usize): void {
  const x = opRm(op);
  v128.store(x, bytesFrom(v128.load(x), -<i32>min<u32>(opImm8(op), 16)));
}

// ---- the odd ones ----

/** ZF: no common bit; CF: no bit of the source outside the destination. */
export function ptestVxWx(op: usize): void {
  const b = readRmV128(op), a = register(op);
  if (faulted()) return;
  setFlags((v128.any_true(v128.and(a, b)) ? 0 : ZF) | (v128.any_true(v128.andnot(b, a)) ? 0 : CF));
}

/** Operands whose lanes are addressed in memory. */
const LEFT: usize = memory.data(16, 16);
const RIGHT: usize = memory.data(16, 16);

export function phminposuwVxWx(op: usize): void {
  const b = readRmV128(op);
  if (faulted()) return;
  v128.store(RIGHT, b);
  let least: u32 = 0x1_0000;
  let position: u32 = 0;
  for (let i: u32 = 0; i < 8; i++) {
    const word = u32(load<u16>(RIGHT + (i << 1)));
    if (word < least) {
      least = word;
      position = i;
    }
  }
  put(op, i64x2(u64(least | (position << 16)), 0));
}

/** Eight sums of four absolute byte differences: a block of the source against a sliding one of the destination. */
export function mpsadbwVxWxIb(op: usize): void {
  const b = readRmV128(op);
  if (faulted()) return;
  v128.store(LEFT, register(op));
  v128.store(RIGHT, b);
  const from = LEFT + (opImm8(op) & 4);
  const block = load<u32>(RIGHT + ((opImm8(op) & 3) << 2));
  let result = i16x8.splat(0);
  for (let i: usize = 0; i < 4; i++) {
    const difference = i16x8.sub(
      i16x8.extend_low_i8x16_u(v128.load64_zero(from + i)),
      i16x8.splat(<i16>((block >> (<u32>i << 3)) & 255)),
    );
    result = i16x8.add(result, i16x8.abs(difference));
  }
  put(op, result);
}
