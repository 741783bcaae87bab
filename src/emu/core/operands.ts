// Reading and writing what ModRM names. After each the caller asks faulted() before it commits anything.
import { OPEN_LINEAR, GPR } from "./generated/layout";
import { opRm, opReg, opPrefixes, opSegment, PREFIX_ALIGNED } from "./op";
import { faulted, raiseCode, VECTOR_GP } from "./fault";
import { checkAlignment, effective, linearOf, segmentBase } from "./address";
import { read8, read16, read32, read64, write8, write16, write32, write64, readV128, writeV128, probeWrite } from "./memory";

// ---- 8 bits ----

export function readRm8(op: usize): u32 {
  const register = opRm(op);
  if (register) return u32(load<u8>(register));
  const linear = linearOf(op, 1, false);
  return faulted() ? 0 : read8(linear);
}

export function writeRm8(op: usize, value: u32): void {
  const register = opRm(op);
  if (register) {
    store<u8>(register, <u8>value);
    return;
  }
  const linear = linearOf(op, 1, true);
  if (!faulted()) write8(linear, value);
}

/** Read-modify-write: raises here what the write would raise. Ends with closeRm8. */
export function openRm8(op: usize): u32 {
  const register = opRm(op);
  if (register) return u32(load<u8>(register));
  const linear = linearOf(op, 1, true);
  if (faulted()) return 0;
  probeWrite(linear, 1);
  if (faulted()) return 0;
  store<u64>(OPEN_LINEAR, linear);
  return read8(linear);
}

export function closeRm8(op: usize, value: u32): void {
  const register = opRm(op);
  if (register) store<u8>(register, <u8>value);
  else write8(load<u64>(OPEN_LINEAR), value);
}

// @ts-ignore: decorator
@inline export function readReg8(op: usize): u32 { return u32(load<u8>(opReg(op))); }
// @ts-ignore: decorator
@inline export function writeReg8(op: usize, value: u32): void { store<u8>(opReg(op), <u8>value); }

// ---- 16 bits ----

export function readRm16(op: usize): u32 {
  const register = opRm(op);
  if (register) return u32(load<u16>(register));
  const linear = linearOf(op, 2, false);
  return faulted() ? 0 : read16(linear);
}

export function writeRm16(op: usize, value: u32): void {
  const register = opRm(op);
  if (register) {
    store<u16>(register, <u16>value);
    return;
  }
  const linear = linearOf(op, 2, true);
  if (!faulted()) write16(linear, value);
}

/** Read-modify-write: raises here what the write would raise. Ends with closeRm16. */
export function openRm16(op: usize): u32 {
  const register = opRm(op);
  if (register) return u32(load<u16>(register));
  const linear = linearOf(op, 2, true);
  if (faulted()) return 0;
  probeWrite(linear, 2);
  if (faulted()) return 0;
  store<u64>(OPEN_LINEAR, linear);
  return read16(linear);
}

export function closeRm16(op: usize, value: u32): void {
  const register = opRm(op);
  if (register) store<u16>(register, <u16>value);
  else write16(load<u64>(OPEN_LINEAR), value);
}

// @ts-ignore: decorator
@inline export function readReg16(op: usize): u32 { return u32(load<u16>(opReg(op))); }
// @ts-ignore: decorator
@inline export function writeReg16(op: usize, value: u32): void { store<u16>(opReg(op), <u16>value); }

// ---- 32 bits ----

export function readRm32(op: usize): u32 {
  const register = opRm(op);
  if (register) return load<u32>(register);
  const linear = linearOf(op, 4, false);
  return faulted() ? 0 : read32(linear);
}

export function writeRm32(op: usize, value: u32): void {
  const register = opRm(op);
  if (register) {
    store<u64>(register, u64(value));
    return;
  }
  const linear = linearOf(op, 4, true);
  if (!faulted()) write32(linear, value);
}

/** Read-modify-write: raises here what the write would raise. Ends with closeRm32. */
export function openRm32(op: usize): u32 {
  const register = opRm(op);
  if (register) return load<u32>(register);
  const linear = linearOf(op, 4, true);
  if (faulted()) return 0;
  probeWrite(linear, 4);
  if (faulted()) return 0;
  store<u64>(OPEN_LINEAR, linear);
  return read32(linear);
}

export function closeRm32(op: usize, value: u32): void {
  const register = opRm(op);
  if (register) store<u64>(register, u64(value));
  else write32(load<u64>(OPEN_LINEAR), value);
}

// @ts-ignore: decorator
@inline export function readReg32(op: usize): u32 { return load<u32>(opReg(op)); }
// @ts-ignore: decorator
@inline export function writeReg32(op: usize, value: u32): void { store<u64>(opReg(op), u64(value)); }

// ---- 64 bits ----

export function readRm64(op: usize): u64 {
  const register = opRm(op);
  if (register) return load<u64>(register);
  const linear = linearOf(op, 8, false);
  return faulted() ? 0 : read64(linear);
}

export function writeRm64(op: usize, value: u64): void {
  const register = opRm(op);
  if (register) {
    store<u64>(register, value);
    return;
  }
  const linear = linearOf(op, 8, true);
  if (!faulted()) write64(linear, value);
}

/** Read-modify-write: raises here what the write would raise. Ends with closeRm64. */
export function openRm64(op: usize): u64 {
  const register = opRm(op);
  if (register) return load<u64>(register);
  const linear = linearOf(op, 8, true);
  if (faulted()) return 0;
  probeWrite(linear, 8);
  if (faulted()) return 0;
  store<u64>(OPEN_LINEAR, linear);
  return read64(linear);
}

export function closeRm64(op: usize, value: u64): void {
  const register = opRm(op);
  if (register) store<u64>(register, value);
  else write64(load<u64>(OPEN_LINEAR), value);
}

// @ts-ignore: decorator
@inline export function readReg64(op: usize): u64 { return load<u64>(opReg(op)); }
// @ts-ignore: decorator
@inline export function writeReg64(op: usize, value: u64): void { store<u64>(opReg(op), value); }

// ---- 128 bits ----

/** A misaligned operand raises #GP(0) when the row is `aligned`, else #AC when alignment is checked. */
export function linearOfV128(op: usize, write: bool): u64 {
  if (opPrefixes(op) & PREFIX_ALIGNED) {
    if ((effective(op) + segmentBase(opSegment(op))) & 15) raiseCode(VECTOR_GP, 0); // before #SS
    return linearOf(op, 16, write);
  }
  const linear = linearOf(op, 16, write);
  if (!faulted()) checkAlignment(linear, 16);
  return linear;
}

export function readRmV128(op: usize): v128 {
  const register = opRm(op);
  if (register) return v128.load(register);
  const linear = linearOfV128(op, false);
  return faulted() ? i64x2(0, 0) : readV128(linear);
}

export function writeRmV128(op: usize, value: v128): void {
  const register = opRm(op);
  if (register) {
    v128.store(register, value);
    return;
  }
  const linear = linearOfV128(op, true);
  if (!faulted()) writeV128(linear, value);
}

// ---- registers by number ----

// @ts-ignore: decorator
@inline export function gpr32(index: u32): u32 { return load<u32>(GPR + (index << 3)); }
// @ts-ignore: decorator
@inline export function gpr64(index: u32): u64 { return load<u64>(GPR + (index << 3)); }
// @ts-ignore: decorator
@inline export function setGpr32(index: u32, value: u32): void { store<u64>(GPR + (index << 3), u64(value)); }
// @ts-ignore: decorator
@inline export function setGpr64(index: u32, value: u64): void { store<u64>(GPR + (index << 3), value); }

export const RAX: u32 = 0;
export const RCX: u32 = 1;
export const RDX: u32 = 2;
export const RBX: u32 = 3;
export const RSP: u32 = 4;
export const RBP: u32 = 5;
export const RSI: u32 = 6;
export const RDI: u32 = 7;
