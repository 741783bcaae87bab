// SSE to SSE4.1 instructions that rearrange lanes: unpack, pack, shuffle, align, blend, insert, extract, extend.
import { XMM } from "../generated/layout";
import { PREFIX_REX_W, opImm8, opIsMemory, opPrefixes, opReg, opRm } from "../op";
import { faulted } from "../fault";
import { readRm16, readRm32, readRm64, readRm8, readRmV128, writeReg32, writeRm16, writeRm32, writeRm64, writeRm8 } from "../operands";
import {
  bytesFrom, highBytes, highDoublewords, highQuadwords, highWords, lowBytes, lowDoublewords, lowQuadwords, lowWords, pickWords,
} from "./packed";

// @ts-ignore: decorator
@inline function register(op: usize): v128 { return v128.load(opReg(op)); }
// @ts-ignore: decorator
@inline function put(op: usize, value: v128): void { v128.store(opReg(op), value); }

/** Operands whose lanes are addressed in memory. */
const LEFT: usize = memory.data(16, 16);
const RIGHT: usize = memory.data(16, 16);

// ---- unpack and pack ----

export function punpcklbwVxWx(op: usize): void { const b = readRmV128(op), a = register(op); if (!faulted()) put(op, lowBytes(a, b)); }
export function punpcklwdVxWx(op: usize): void { const b = readRmV128(op), a = register(op); if (!faulted()) put(op, lowWords(a, b)); }
export function punpckldqVxWx(op: usize): void { const b = readRmV128(op), a = register(op); if (!faulted()) put(op, lowDoublewords(a, b)); }
export function punpcklqdqVxWx(op: usize): void { const b = readRmV128(op), a = register(op); if (!faulted()) put(op, lowQuadwords(a, b)); }
export function punpckhbwVxWx(op: usize): void { const b = readRmV128(op), a = register(op); if (!faulted()) put(op, highBytes(a, b)); }
export function punpckhwdVxWx(op: usize): void { const b = readRmV128(op), a = register(op); if (!faulted()) put(op, highWords(a, b)); }
export function punpckhdqVxWx(op: usize): void { const b = readRmV128(op), a = register(op); if (!faulted()) put(op, highDoublewords(a, b)); }
export function punpckhqdqVxWx(op: usize): void { const b = readRmV128(op), a = register(op); if (!faulted()) put(op, highQuadwords(a, b)); }
export function packsswbVxWx(op: usize): void { const b = readRmV128(op), a = register(op); if (!faulted()) put(op, i8x16.narrow_i16x8_s(a, b)); }
export function packuswbVxWx(op: usize): void { const b = readRmV128(op), a = register(op); if (!faulted()) put(op, i8x16.narrow_i16x8_u(a, b)); }
export function packssdwVxWx(op: usize): void { const b = readRmV128(op), a = register(op); if (!faulted()) put(op, i16x8.narrow_i32x4_s(a, b)); }
export function packusdwVxWx(op: usize): void { const b = readRmV128(op), a = register(op); if (!faulted()) put(op, i16x8.narrow_i32x4_u(a, b)); }

// ---- shuffle and align ----

/** An index of 80..FF gives 0, else its low four bits count: wasm's rule for indices above 15 does the rest. */
export function pshufbVxWx(op: usize): void {
  const b = readRmV128(op), a = register(op);
  if (!faulted()) put(op, i8x16.swizzle(a, v128.and(b, i8x16.splat(-113))));
}

export function pshufdVxWxIb(op: usize): void {
  const b = readRmV128(op);
  if (faulted()) return;
  v128.store(RIGHT, b);
  const order = opImm8(op);
  put(op, i32x4(
    load<i32>(RIGHT + ((order & 3) << 2)), load<i32>(RIGHT + (((order >> 2) & 3) << 2)),
    load<i32>(RIGHT + (((order >> 4) & 3) << 2)), load<i32>(RIGHT + ((order >> 6) << 2)),
  ));
}

export function pshuflwVxWxIb(op: usize): void {
  const b = readRmV128(op);
  if (!faulted()) put(op, i64x2.replace_lane(b, 0, pickWords(i64x2.extract_lane(b, 0), opImm8(op))));
}

export function pshufhwVxWxIb(op: usize): void {
  const b = readRmV128(op);
  if (!faulted()) put(op, i64x2.replace_lane(b, 1, pickWords(i64x2.extract_lane(b, 1), opImm8(op))));
}

export function shufpsVxWxIb(op: usize): void {
  const b = readRmV128(op);
  if (faulted()) return;
  v128.store(LEFT, register(op));
  v128.store(RIGHT, b);
  const order = opImm8(op);
  put(op, i32x4(
    load<i32>(LEFT + ((order & 3) << 2)), load<i32>(LEFT + (((order >> 2) & 3) << 2)),
    load<i32>(RIGHT + (((order >> 4) & 3) << 2)), load<i32>(RIGHT + ((order >> 6) << 2)),
  ));
}

export function shufpdVxWxIb(op: usize): void {
  const b = readRmV128(op), a = register(op);
  if (faulted()) return;
  const order = opImm8(op);
  put(op, i64x2(
    order & 1 ? i64x2.extract_lane(a, 1) : i64x2.extract_lane(a, 0),
    order & 2 ? i64x2.extract_lane(b, 1) : i64x2.extract_lane(b, 0),
  ));
}

/** Bytes from `imm8` on of source and destination, one behind the other. */
export function palignrVxWxIb(op: usize): void {
  const b = readRmV128(op), a = register(op);
  if (faulted()) return;
  const count = <i32>min<u32>(opImm8(op), 32);
  put(op, v128.or(bytesFrom(b, count), bytesFrom(a, count - 16)));
}

// ---- blend ----

export function pblendvbVxWx(op: usize): void {
  const b = readRmV128(op), a = register(op);
  if (!faulted()) put(op, v128.bitselect(b, a, i8x16.shr_s(v128.load(XMM), 7)));
}
export function blendvpsVxWx(op: usize): void {
  const b = readRmV128(op), a = register(op);
  if (!faulted()) put(op, v128.bitselect(b, a, i32x4.shr_s(v128.load(XMM), 31)));
}
export function blendvpdVxWx(op: usize): void {
  const b = readRmV128(op), a = register(op);
  if (!faulted()) put(op, v128.bitselect(b, a, i64x2.shr_s(v128.load(XMM), 63)));
}
export function pblendwVxWxIb(op: usize): void {
  const b = readRmV128(op), a = register(op), bits = i16x8(1, 2, 4, 8, 16, 32, 64, 128);
  if (!faulted()) put(op, v128.bitselect(b, a, i16x8.eq(v128.and(i16x8.splat(<i16>opImm8(op)), bits), bits)));
}
export function blendpsVxWxIb(op: usize): void {
  const b = readRmV128(op), a = register(op), bits = i32x4(1, 2, 4, 8);
  if (!faulted()) put(op, v128.bitselect(b, a, i32x4.eq(v128.and(i32x4.splat(opImm8(op)), bits), bits)));
}
export function blendpdVxWxIb(op: usize): void {
  const b = readRmV128(op), a = register(op), bits = i64x2(1, 2);
  if (!faulted()) put(op, v128.bitselect(b, a, i64x2.eq(v128.and(i64x2.splat(u64(opImm8(op))), bits), bits)));
}

// ---- insert and extract: the lane is stored into or loaded from the register in memory ----

export function pinsrbVxEdIb(op: usize): void {
  const value = readRm8(op);
  if (!faulted()) store<u8>(opReg(op) + (opImm8(op) & 15), <u8>value);
}
export function pinsrwVxEdIb(op: usize): void {
  const value = readRm16(op);
  if (!faulted()) store<u16>(opReg(op) + ((opImm8(op) & 7) << 1), <u16>value);
}
/** PINSRD and PINSRQ. */
export function pinsrdVxEyIb(op: usize): void {
  if (opPrefixes(op) & PREFIX_REX_W) {
    const value = readRm64(op);
    if (!faulted()) store<u64>(opReg(op) + ((opImm8(op) & 1) << 3), value);
  } else {
    const value = readRm32(op);
    if (!faulted()) store<u32>(opReg(op) + ((opImm8(op) & 3) << 2), value);
  }
}

export function pextrwGdUxIb(op: usize): void { writeReg32(op, u32(load<u16>(opRm(op) + ((opImm8(op) & 7) << 1)))); }
export function pextrbEdVxIb(op: usize): void {
  const value = u32(load<u8>(opReg(op) + (opImm8(op) & 15)));
  if (opIsMemory(op)) writeRm8(op, value);
  else writeRm32(op, value);
}
export function pextrwEdVxIb(op: usize): void {
  const value = u32(load<u16>(opReg(op) + ((opImm8(op) & 7) << 1)));
  if (opIsMemory(op)) writeRm16(op, value);
  else writeRm32(op, value);
}
/** PEXTRD and PEXTRQ. */
export function pextrdEyVxIb(op: usize): void {
  if (opPrefixes(op) & PREFIX_REX_W) writeRm64(op, load<u64>(opReg(op) + ((opImm8(op) & 1) << 3)));
  else writeRm32(op, load<u32>(opReg(op) + ((opImm8(op) & 3) << 2)));
}
export function extractpsEdVxIb(op: usize): void { writeRm32(op, load<u32>(opReg(op) + ((opImm8(op) & 3) << 2))); }

/** Bits 7:6 choose the source lane (a memory operand has one), 5:4 the destination's, 3:0 the lanes to clear. */
export function insertpsVxWxIb(op: usize): void {
  const order = opImm8(op);
  const from = opRm(op);
  const value = from ? load<u32>(from + ((order >> 6) << 2)) : readRm32(op);
  if (faulted()) return;
  const to = opReg(op);
  store<u32>(to + (((order >> 4) & 3) << 2), value);
  const bits = i32x4(1, 2, 4, 8);
  put(op, v128.andnot(v128.load(to), i32x4.eq(v128.and(i32x4.splat(order), bits), bits)));
}

// ---- extend: memory operands are as wide as what is extended ----

// @ts-ignore: decorator
@inline function eightBytes(op: usize): v128 { return i64x2(readRm64(op), 0); }
// @ts-ignore: decorator
@inline function fourBytes(op: usize): v128 { return i32x4(readRm32(op), 0, 0, 0); }
// @ts-ignore: decorator
@inline function twoBytes(op: usize): v128 { return i16x8(<i16>readRm16(op), 0, 0, 0, 0, 0, 0, 0); }

export function pmovsxbwVxWx(op: usize): void { const b = eightBytes(op); if (!faulted()) put(op, i16x8.extend_low_i8x16_s(b)); }
export function pmovsxbdVxWx(op: usize): void { const b = fourBytes(op); if (!faulted()) put(op, i32x4.extend_low_i16x8_s(i16x8.extend_low_i8x16_s(b))); }
export function pmovsxbqVxWx(op: usize): void { const b = twoBytes(op); if (!faulted()) put(op, i64x2.extend_low_i32x4_s(i32x4.extend_low_i16x8_s(i16x8.extend_low_i8x16_s(b)))); }
export function pmovsxwdVxWx(op: usize): void { const b = eightBytes(op); if (!faulted()) put(op, i32x4.extend_low_i16x8_s(b)); }
export function pmovsxwqVxWx(op: usize): void { const b = fourBytes(op); if (!faulted()) put(op, i64x2.extend_low_i32x4_s(i32x4.extend_low_i16x8_s(b))); }
export function pmovsxdqVxWx(op: usize): void { const b = eightBytes(op); if (!faulted()) put(op, i64x2.extend_low_i32x4_s(b)); }
export function pmovzxbwVxWx(op: usize): void { const b = eightBytes(op); if (!faulted()) put(op, i16x8.extend_low_i8x16_u(b)); }
export function pmovzxbdVxWx(op: usize): void { const b = fourBytes(op); if (!faulted()) put(op, i32x4.extend_low_i16x8_u(i16x8.extend_low_i8x16_u(b))); }
export function pmovzxbqVxWx(op: usize): void { const b = twoBytes(op); if (!faulted()) put(op, i64x2.extend_low_i32x4_u(i32x4.extend_low_i16x8_u(i16x8.extend_low_i8x16_u(b)))); }
export function pmovzxwdVxWx(op: usize): void { const b = eightBytes(op); if (!faulted()) put(op, i32x4.extend_low_i16x8_u(b)); }
export function pmovzxwqVxWx(op: usize): void { const b = fourBytes(op); if (!faulted()) put(op, i64x2.extend_low_i32x4_u(i32x4.extend_low_i16x8_u(b))); }
export function pmovzxdqVxWx(op: usize): void { const b = eightBytes(op); if (!faulted()) put(op, i64x2.extend_low_i32x4_u(b)); }
