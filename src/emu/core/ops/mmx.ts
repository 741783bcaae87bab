// MMX and what SSE, SSE2 and SSSE3 added to it. Operands are worked on as the low 64 bits of a v128.
import { FPU_TAG, CR4 } from "../generated/layout";
import { opImm8, opIsMemory, opReg, opRm, opPrefixes, PREFIX_REX_W } from "../op";
import { faulted, raise, VECTOR_UD } from "../fault";
import { CR4_OSFXSR } from "../mode";
import { readRm16, readRm32, readRm64, writeReg32, writeRm32, writeRm64 } from "../operands";
import { enterMmx, putMmx } from "./mmx-registers";
import { writeMasked } from "./masked-move";
import {
  bytesFrom, lowBytes, lowDoublewords, lowWords, phaddd, phaddsw, phaddw, phsubd, phsubsw, phsubw, pickWords, pmaddubsw, pmulhrsw,
  pmulhuw, pmulhw, pmuludq, psadbw, psignb, psignd, psignw, pslld, psllq, psllw, psrad, psraw, psrld, psrlq, psrlw,
} from "./packed";

// @ts-ignore: decorator
@inline function register(op: usize): v128 { return v128.load64_zero(opReg(op)); }
// @ts-ignore: decorator
@inline function source(op: usize): v128 { return i64x2(readRm64(op), 0); }
// @ts-ignore: decorator
@inline function put(op: usize, value: v128): void { putMmx(opReg(op), i64x2.extract_lane(value, 0)); }
// @ts-ignore: decorator
@inline function putRm(op: usize, value: v128): void { putMmx(opRm(op), i64x2.extract_lane(value, 0)); }
/** `a` in the low half, `b` in the high one. */
// @ts-ignore: decorator
@inline function joined(a: v128, b: v128): v128 { return i64x2.replace_lane(a, 1, i64x2.extract_lane(b, 0)); }
/** The high half, as an MMX value. */
// @ts-ignore: decorator
@inline function upper(x: v128): v128 { return i64x2(i64x2.extract_lane(x, 1), 0); }

export function paddbPqQq(op: usize): void { const b = source(op), a = register(op); if (!faulted()) put(op, i8x16.add(a, b)); }
export function paddwPqQq(op: usize): void { const b = source(op), a = register(op); if (!faulted()) put(op, i16x8.add(a, b)); }
export function padddPqQq(op: usize): void { const b = source(op), a = register(op); if (!faulted()) put(op, i32x4.add(a, b)); }
export function paddqPqQq(op: usize): void { const b = source(op), a = register(op); if (!faulted()) put(op, i64x2.add(a, b)); }
export function psubbPqQq(op: usize): void { const b = source(op), a = register(op); if (!faulted()) put(op, i8x16.sub(a, b)); }
export function psubwPqQq(op: usize): void { const b = source(op), a = register(op); if (!faulted()) put(op, i16x8.sub(a, b)); }
export function psubdPqQq(op: usize): void { const b = source(op), a = register(op); if (!faulted()) put(op, i32x4.sub(a, b)); }
export function psubqPqQq(op: usize): void { const b = source(op), a = register(op); if (!faulted()) put(op, i64x2.sub(a, b)); }
export function paddsbPqQq(op: usize): void { const b = source(op), a = register(op); if (!faulted()) put(op, i8x16.add_sat_s(a, b)); }
export function paddswPqQq(op: usize): void { const b = source(op), a = register(op); if (!faulted()) put(op, i16x8.add_sat_s(a, b)); }
export function paddusbPqQq(op: usize): void { const b = source(op), a = register(op); if (!faulted()) put(op, i8x16.add_sat_u(a, b)); }
export function padduswPqQq(op: usize): void { const b = source(op), a = register(op); if (!faulted()) put(op, i16x8.add_sat_u(a, b)); }
export function psubsbPqQq(op: usize): void { const b = source(op), a = register(op); if (!faulted()) put(op, i8x16.sub_sat_s(a, b)); }
export function psubswPqQq(op: usize): void { const b = source(op), a = register(op); if (!faulted()) put(op, i16x8.sub_sat_s(a, b)); }
export function psubusbPqQq(op: usize): void { const b = source(op), a = register(op); if (!faulted()) put(op, i8x16.sub_sat_u(a, b)); }
export function psubuswPqQq(op: usize): void { const b = source(op), a = register(op); if (!faulted()) put(op, i16x8.sub_sat_u(a, b)); }
export function pavgbPqQq(op: usize): void { const b = source(op), a = register(op); if (!faulted()) put(op, i8x16.avgr_u(a, b)); }
export function pavgwPqQq(op: usize): void { const b = source(op), a = register(op); if (!faulted()) put(op, i16x8.avgr_u(a, b)); }
export function pminubPqQq(op: usize): void { const b = source(op), a = register(op); if (!faulted()) put(op, i8x16.min_u(a, b)); }
export function pmaxubPqQq(op: usize): void { const b = source(op), a = register(op); if (!faulted()) put(op, i8x16.max_u(a, b)); }
export function pminswPqQq(op: usize): void { const b = source(op), a = register(op); if (!faulted()) put(op, i16x8.min_s(a, b)); }
export function pmaxswPqQq(op: usize): void { const b = source(op), a = register(op); if (!faulted()) put(op, i16x8.max_s(a, b)); }

export function pmullwPqQq(op: usize): void { const b = source(op), a = register(op); if (!faulted()) put(op, i16x8.mul(a, b)); }
export function pmulhwPqQq(op: usize): void { const b = source(op), a = register(op); if (!faulted()) put(op, pmulhw(a, b)); }
export function pmulhuwPqQq(op: usize): void { const b = source(op), a = register(op); if (!faulted()) put(op, pmulhuw(a, b)); }
export function pmuludqPqQq(op: usize): void { const b = source(op), a = register(op); if (!faulted()) put(op, pmuludq(a, b)); }
export function pmaddwdPqQq(op: usize): void { const b = source(op), a = register(op); if (!faulted()) put(op, i32x4.dot_i16x8_s(a, b)); }
export function psadbwPqQq(op: usize): void { const b = source(op), a = register(op); if (!faulted()) put(op, psadbw(a, b)); }
export function pmaddubswPqQq(op: usize): void { const b = source(op), a = register(op); if (!faulted()) put(op, pmaddubsw(a, b)); }
export function pmulhrswPqQq(op: usize): void { const b = source(op), a = register(op); if (!faulted()) put(op, pmulhrsw(a, b)); }

export function pcmpeqbPqQq(op: usize): void { const b = source(op), a = register(op); if (!faulted()) put(op, i8x16.eq(a, b)); }
export function pcmpeqwPqQq(op: usize): void { const b = source(op), a = register(op); if (!faulted()) put(op, i16x8.eq(a, b)); }
export function pcmpeqdPqQq(op: usize): void { const b = source(op), a = register(op); if (!faulted()) put(op, i32x4.eq(a, b)); }
export function pcmpgtbPqQq(op: usize): void { const b = source(op), a = register(op); if (!faulted()) put(op, i8x16.gt_s(a, b)); }
export function pcmpgtwPqQq(op: usize): void { const b = source(op), a = register(op); if (!faulted()) put(op, i16x8.gt_s(a, b)); }
export function pcmpgtdPqQq(op: usize): void { const b = source(op), a = register(op); if (!faulted()) put(op, i32x4.gt_s(a, b)); }
export function pandPqQq(op: usize): void { const b = source(op), a = register(op); if (!faulted()) put(op, v128.and(a, b)); }
export function pandnPqQq(op: usize): void { const b = source(op), a = register(op); if (!faulted()) put(op, v128.andnot(b, a)); }
export function porPqQq(op: usize): void { const b = source(op), a = register(op); if (!faulted()) put(op, v128.or(a, b)); }
export function pxorPqQq(op: usize): void { const b = source(op), a = register(op); if (!faulted()) put(op, v128.xor(a, b)); }

export function pabsbPqQq(op: usize): void { const b = source(op); if (!faulted()) put(op, i8x16.abs(b)); }
export function pabswPqQq(op: usize): void { const b = source(op); if (!faulted()) put(op, i16x8.abs(b)); }
export function pabsdPqQq(op: usize): void { const b = source(op); if (!faulted()) put(op, i32x4.abs(b)); }
export function psignbPqQq(op: usize): void { const b = source(op), a = register(op); if (!faulted()) put(op, psignb(a, b)); }
export function psignwPqQq(op: usize): void { const b = source(op), a = register(op); if (!faulted()) put(op, psignw(a, b)); }
export function psigndPqQq(op: usize): void { const b = source(op), a = register(op); if (!faulted()) put(op, psignd(a, b)); }
export function phaddwPqQq(op: usize): void { const b = source(op), a = register(op); if (!faulted()) put(op, phaddw(joined(a, b), joined(a, b))); }
export function phadddPqQq(op: usize): void { const b = source(op), a = register(op); if (!faulted()) put(op, phaddd(joined(a, b), joined(a, b))); }
export function phaddswPqQq(op: usize): void { const b = source(op), a = register(op); if (!faulted()) put(op, phaddsw(joined(a, b), joined(a, b))); }
export function phsubwPqQq(op: usize): void { const b = source(op), a = register(op); if (!faulted()) put(op, phsubw(joined(a, b), joined(a, b))); }
export function phsubdPqQq(op: usize): void { const b = source(op), a = register(op); if (!faulted()) put(op, phsubd(joined(a, b), joined(a, b))); }
export function phsubswPqQq(op: usize): void { const b = source(op), a = register(op); if (!faulted()) put(op, phsubsw(joined(a, b), joined(a, b))); }

export function psrlwPqQq(op: usize): void { const count = readRm64(op); if (!faulted()) put(op, psrlw(register(op), count)); }
export function psrlwNqIb(op: usize): void { putRm(op, psrlw(i64x2(load<u64>(opRm(op)), 0), u64(opImm8(op)))); }
export function psrldPqQq(op: usize): void { const count = readRm64(op); if (!faulted()) put(op, psrld(register(op), count)); }
export function psrldNqIb(op: usize): void { putRm(op, psrld(i64x2(load<u64>(opRm(op)), 0), u64(opImm8(op)))); }
export function psrlqPqQq(op: usize): void { const count = readRm64(op); if (!faulted()) put(op, psrlq(register(op), count)); }
export function psrlqNqIb(op: usize): void { putRm(op, psrlq(i64x2(load<u64>(opRm(op)), 0), u64(opImm8(op)))); }
export function psrawPqQq(op: usize): void { const count = readRm64(op); if (!faulted()) put(op, psraw(register(op), count)); }
export function psrawNqIb(op: usize): void { putRm(op, psraw(i64x2(load<u64>(opRm(op)), 0), u64(opImm8(op)))); }
export function psradPqQq(op: usize): void { const count = readRm64(op); if (!faulted()) put(op, psrad(register(op), count)); }
export function psradNqIb(op: usize): void { putRm(op, psrad(i64x2(load<u64>(opRm(op)), 0), u64(opImm8(op)))); }
export function psllwPqQq(op: usize): void { const count = readRm64(op); if (!faulted()) put(op, psllw(register(op), count)); }
export function psllwNqIb(op: usize): void { putRm(op, psllw(i64x2(load<u64>(opRm(op)), 0), u64(opImm8(op)))); }
export function pslldPqQq(op: usize): void { const count = readRm64(op); if (!faulted()) put(op, pslld(register(op), count)); }
export function pslldNqIb(op: usize): void { putRm(op, pslld(i64x2(load<u64>(opRm(op)), 0), u64(opImm8(op)))); }
export function psllqPqQq(op: usize): void { const count = readRm64(op); if (!faulted()) put(op, psllq(register(op), count)); }
export function psllqNqIb(op: usize): void { putRm(op, psllq(i64x2(load<u64>(opRm(op)), 0), u64(opImm8(op)))); }

// ---- unpack, pack, shuffle, align ----

/** PUNPCKL* read only the half of a memory operand that they use. */
// @ts-ignore: decorator
@inline function lowSource(op: usize): v128 { return i32x4(readRm32(op), 0, 0, 0); }

export function punpcklbwPqQd(op: usize): void { const b = lowSource(op), a = register(op); if (!faulted()) put(op, lowBytes(a, b)); }
export function punpcklwdPqQd(op: usize): void { const b = lowSource(op), a = register(op); if (!faulted()) put(op, lowWords(a, b)); }
export function punpckldqPqQd(op: usize): void { const b = lowSource(op), a = register(op); if (!faulted()) put(op, lowDoublewords(a, b)); }
export function punpckhbwPqQq(op: usize): void { const b = source(op), a = register(op); if (!faulted()) put(op, upper(lowBytes(a, b))); }
export function punpckhwdPqQq(op: usize): void { const b = source(op), a = register(op); if (!faulted()) put(op, upper(lowWords(a, b))); }
export function punpckhdqPqQq(op: usize): void { const b = source(op), a = register(op); if (!faulted()) put(op, upper(lowDoublewords(a, b))); }

export function packsswbPqQq(op: usize): void { const b = source(op), x = joined(register(op), b); if (!faulted()) put(op, i8x16.narrow_i16x8_s(x, x)); }
export function packuswbPqQq(op: usize): void { const b = source(op), x = joined(register(op), b); if (!faulted()) put(op, i8x16.narrow_i16x8_u(x, x)); }
export function packssdwPqQq(op: usize): void { const b = source(op), x = joined(register(op), b); if (!faulted()) put(op, i16x8.narrow_i32x4_s(x, x)); }

export function pshufbPqQq(op: usize): void {
  const b = source(op), a = register(op);
  if (!faulted()) put(op, i8x16.swizzle(a, v128.and(b, i8x16.splat(-121))));
}
export function pshufwPqQqIb(op: usize): void {
  const b = readRm64(op);
  if (!faulted()) putMmx(opReg(op), pickWords(b, opImm8(op)));
}
export function palignrPqQqIb(op: usize): void {
  const b = source(op), a = register(op);
  if (!faulted()) put(op, bytesFrom(joined(b, a), <i32>min<u32>(opImm8(op), 16)));
}

// ---- moves ----

export function movdPqEy(op: usize): void {
  const value = opPrefixes(op) & PREFIX_REX_W ? readRm64(op) : u64(readRm32(op));
  if (!faulted()) putMmx(opReg(op), value);
}
export function movdEyPq(op: usize): void {
  if (opPrefixes(op) & PREFIX_REX_W) writeRm64(op, load<u64>(opReg(op)));
  else writeRm32(op, load<u32>(opReg(op)));
  if (!faulted()) enterMmx();
}
export function movqPqQq(op: usize): void {
  const value = readRm64(op);
  if (!faulted()) putMmx(opReg(op), value);
}
export function movqQqPq(op: usize): void {
  const value = load<u64>(opReg(op));
  if (opIsMemory(op)) {
    writeRm64(op, value);
    if (!faulted()) enterMmx();
  } else putMmx(opRm(op), value);
}

export function movdq2qPqUx(op: usize): void {
  if (sseOff()) return;
  putMmx(opReg(op), load<u64>(opRm(op)));
}
export function movq2dqVxNq(op: usize): void {
  if (sseOff()) return;
  const value = load<u64>(opRm(op));
  enterMmx();
  v128.store(opReg(op), i64x2(value, 0));
}

/** #UD of an XMM operand when the system has not switched SSE on; the MMX checks are done already. */
function sseOff(): bool {
  if (load<u64>(CR4) & CR4_OSFXSR) return false;
  raise(VECTOR_UD);
  return true;
}

export function maskmovqPqNq(op: usize): void {
  const mask = i64x2(load<u64>(opRm(op)), 0);
  enterMmx(); // stays so when the move faults, as on silicon
  writeMasked(op, opReg(op), 8, i8x16.bitmask(mask));
}

// ---- words, masks, EMMS ----

export function pinsrwPqEdIb(op: usize): void {
  const value = readRm16(op);
  if (faulted()) return;
  const shift = u64((opImm8(op) & 3) << 4);
  putMmx(opReg(op), (load<u64>(opReg(op)) & ~((<u64>0xffff) << shift)) | (u64(value & 0xffff) << shift));
}
export function pextrwGdNqIb(op: usize): void {
  writeReg32(op, u32(load<u16>(opRm(op) + ((opImm8(op) & 3) << 1))));
  enterMmx();
}
export function pmovmskbGdNq(op: usize): void {
  writeReg32(op, i8x16.bitmask(i64x2(load<u64>(opRm(op)), 0)));
  enterMmx();
}

export function emms(_op: usize): void {
  enterMmx();
  store<u16>(FPU_TAG, 0);
}
