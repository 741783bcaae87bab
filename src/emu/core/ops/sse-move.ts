// SSE to SSE4.1 moves. Loads of 16 bytes with and without alignment, temporal or not, differ in their rows only.
import { opPrefixes, opReg, opRm, PREFIX_REX_W } from "../op";
import { faulted } from "../fault";
import { readRm32, readRm64, readRmV128, writeReg32, writeRm32, writeRm64, writeRmV128 } from "../operands";
import { writeMasked } from "./masked-move";

// @ts-ignore: decorator
@inline function register(op: usize): v128 { return v128.load(opReg(op)); }
// @ts-ignore: decorator
@inline function put(op: usize, value: v128): void { v128.store(opReg(op), value); }

export function movVxWx(op: usize): void {
  const value = readRmV128(op);
  if (!faulted()) put(op, value);
}
export function movWxVx(op: usize): void { writeRmV128(op, register(op)); }

// ---- scalars: a load clears what lies above, a move between registers keeps it ----

export function movssVxMd(op: usize): void {
  const value = readRm32(op);
  if (!faulted()) put(op, i64x2(u64(value), 0));
}
export function movssVxUx(op: usize): void { store<u32>(opReg(op), load<u32>(opRm(op))); }
export function movssMdVx(op: usize): void { writeRm32(op, load<u32>(opReg(op))); }
export function movssUxVx(op: usize): void { store<u32>(opRm(op), load<u32>(opReg(op))); }

/** MOVSD from memory, MOVQ from either. */
export function movqVxWq(op: usize): void {
  const value = readRm64(op);
  if (!faulted()) put(op, i64x2(value, 0));
}
export function movqMqVx(op: usize): void { writeRm64(op, load<u64>(opReg(op))); }
export function movqUxVx(op: usize): void { v128.store(opRm(op), i64x2(load<u64>(opReg(op)), 0)); }
export function movsdVxUx(op: usize): void { store<u64>(opReg(op), load<u64>(opRm(op))); }
export function movsdUxVx(op: usize): void { store<u64>(opRm(op), load<u64>(opReg(op))); }

export function movdVxEy(op: usize): void {
  const value = opPrefixes(op) & PREFIX_REX_W ? readRm64(op) : u64(readRm32(op));
  if (!faulted()) put(op, i64x2(value, 0));
}
export function movdEyVx(op: usize): void {
  if (opPrefixes(op) & PREFIX_REX_W) writeRm64(op, load<u64>(opReg(op)));
  else writeRm32(op, load<u32>(opReg(op)));
}

// ---- halves ----

export function movlpsVxMq(op: usize): void {
  const value = readRm64(op);
  if (!faulted()) store<u64>(opReg(op), value);
}
export function movhpsVxMq(op: usize): void {
  const value = readRm64(op);
  if (!faulted()) store<u64>(opReg(op), value, 8);
}
export function movhpsMqVx(op: usize): void { writeRm64(op, load<u64>(opReg(op), 8)); }
export function movhlpsVxUx(op: usize): void { store<u64>(opReg(op), load<u64>(opRm(op), 8)); }
export function movlhpsVxUx(op: usize): void { store<u64>(opReg(op), load<u64>(opRm(op)), 8); }

// ---- duplicates ----

export function movddupVxWq(op: usize): void {
  const value = readRm64(op);
  if (!faulted()) put(op, i64x2.splat(value));
}
export function movsldupVxWx(op: usize): void {
  const b = readRmV128(op);
  if (!faulted()) put(op, i8x16.shuffle(b, b, 0, 1, 2, 3, 0, 1, 2, 3, 8, 9, 10, 11, 8, 9, 10, 11));
}
export function movshdupVxWx(op: usize): void {
  const b = readRmV128(op);
  if (!faulted()) put(op, i8x16.shuffle(b, b, 4, 5, 6, 7, 4, 5, 6, 7, 12, 13, 14, 15, 12, 13, 14, 15));
}

// ---- masks ----

export function movmskpsGdUx(op: usize): void { writeReg32(op, i32x4.bitmask(v128.load(opRm(op)))); }
export function movmskpdGdUx(op: usize): void { writeReg32(op, i64x2.bitmask(v128.load(opRm(op)))); }
export function pmovmskbGdUx(op: usize): void { writeReg32(op, i8x16.bitmask(v128.load(opRm(op)))); }
export function maskmovdquVxUx(op: usize): void { writeMasked(op, opReg(op), 16, i8x16.bitmask(v128.load(opRm(op)))); }
