// ROL ROR RCL RCR SHL SHR SAR, SHLD SHRD. Counts are masked to 5 bits, to 6 with 64-bit operands; a count of 0 leaves
// all flags alone. OF is defined for a count of 1 only; for others it is what the same formula gives.
import { opImm8, opSize } from "../op";
import { faulted } from "../fault";
import { CF, OF, carry, setFlagsMasked } from "../flags";
import { RCX, closeRm, flagsOfResult, maskOf, openRm, readReg, signExtend } from "./sized";

const ROL: u32 = 0;
const ROR: u32 = 1;
const RCL: u32 = 2;
const RCR: u32 = 3;
const SHL: u32 = 4;
const SHR: u32 = 5;
const SAR: u32 = 7;

// @ts-ignore: decorator
@inline function maskCount(size: u32, count: u32): u32 { return count & (size == 8 ? 63 : 31); }
/** Bit `index` of a value, 0 beyond it. */
// @ts-ignore: decorator
@inline function bit(value: u64, index: u32): u32 { return <u32>(value >> index) & 1; }

function rotateFlags(carryOut: u32, overflowOut: u32): void {
  setFlagsMasked(CF | OF, carryOut | (overflowOut << 11));
}

function rotateLeft(bits: u32, a: u64, count: u32): u64 {
  const turn = count & (bits - 1);
  const result = turn == 0 ? a : (a << turn) | (a >> (bits - turn));
  rotateFlags(bit(result, 0), bit(result, 0) ^ bit(result, bits - 1));
  return result;
}

function rotateRight(bits: u32, a: u64, count: u32): u64 {
  const turn = count & (bits - 1);
  const result = turn == 0 ? a : (a >> turn) | (a << (bits - turn));
  rotateFlags(bit(result, bits - 1), bit(result, bits - 1) ^ bit(result, bits - 2));
  return result;
}

/** Rotation through CF, one bit longer than the operand. */
function rotateCarryLeft(bits: u32, a: u64, count: u32): u64 {
  const turn = bits < 32 ? count % (bits + 1) : count;
  const carryIn = carry();
  if (turn == 0) {
    rotateFlags(carryIn, carryIn ^ bit(a, bits - 1));
    return a;
  }
  let result = (u64(carryIn) << (turn - 1)) | (turn == 64 ? 0 : a << turn);
  if (turn > 1) result |= a >> (bits + 1 - turn);
  const carryOut = bit(a, bits - turn);
  rotateFlags(carryOut, carryOut ^ bit(result, bits - 1));
  return result;
}

function rotateCarryRight(bits: u32, a: u64, count: u32): u64 {
  const turn = bits < 32 ? count % (bits + 1) : count;
  const carryIn = carry();
  if (turn == 0) {
    rotateFlags(carryIn, bit(a, bits - 1) ^ bit(a, bits - 2));
    return a;
  }
  let result = (u64(carryIn) << (bits - turn)) | (a >> turn);
  if (turn > 1) result |= a << (bits + 1 - turn);
  rotateFlags(bit(a, turn - 1), bit(result, bits - 1) ^ bit(result, bits - 2));
  return result;
}

function shiftLeft(size: u32, bits: u32, a: u64, count: u32): u64 {
  const result = (a << count) & maskOf(size);
  const carryOut = count <= bits ? bit(a, bits - count) : 0;
  flagsOfResult(size, result, carryOut | ((carryOut ^ bit(result, bits - 1)) << 11));
  return result;
}

function shiftRight(size: u32, bits: u32, a: u64, count: u32): u64 {
  const result = a >> count;
  flagsOfResult(size, result, bit(a, count - 1) | ((bit(result, bits - 1) ^ bit(result, bits - 2)) << 11));
  return result;
}

function shiftArithmetic(size: u32, a: u64, count: u32): u64 {
  const wide = signExtend(size, a);
  const result = <u64>(wide >> count) & maskOf(size);
  flagsOfResult(size, result, <u32>(wide >> (count - 1)) & 1);
  return result;
}

function compute(operation: u32, size: u32, a: u64, count: u32): u64 {
  const bits = size << 3;
  switch (operation) {
    case ROL: return rotateLeft(bits, a, count);
    case ROR: return rotateRight(bits, a, count);
    case RCL: return rotateCarryLeft(bits, a, count);
    case RCR: return rotateCarryRight(bits, a, count);
    case SHL: return shiftLeft(size, bits, a, count);
    case SHR: return shiftRight(size, bits, a, count);
    default: return shiftArithmetic(size, a, count);
  }
}

/** The destination is written even if the count is 0. */
function shift(operation: u32, op: usize, size: u32, count: u32): void {
  const a = openRm(op, size);
  if (faulted()) return;
  const masked = maskCount(size, count);
  closeRm(op, size, masked == 0 ? a : compute(operation, size, a, masked));
}

export function rolEb1(op: usize): void { shift(ROL, op, 1, 1); }
export function rolEv1(op: usize): void { shift(ROL, op, opSize(op), 1); }
export function rolEbCL(op: usize): void { shift(ROL, op, 1, load<u8>(RCX)); }
export function rolEvCL(op: usize): void { shift(ROL, op, opSize(op), load<u8>(RCX)); }
export function rolEbIb(op: usize): void { shift(ROL, op, 1, opImm8(op)); }
export function rolEvIb(op: usize): void { shift(ROL, op, opSize(op), opImm8(op)); }

export function rorEb1(op: usize): void { shift(ROR, op, 1, 1); }
export function rorEv1(op: usize): void { shift(ROR, op, opSize(op), 1); }
export function rorEbCL(op: usize): void { shift(ROR, op, 1, load<u8>(RCX)); }
export function rorEvCL(op: usize): void { shift(ROR, op, opSize(op), load<u8>(RCX)); }
export function rorEbIb(op: usize): void { shift(ROR, op, 1, opImm8(op)); }
export function rorEvIb(op: usize): void { shift(ROR, op, opSize(op), opImm8(op)); }

export function rclEb1(op: usize): void { shift(RCL, op, 1, 1); }
export function rclEv1(op: usize): void { shift(RCL, op, opSize(op), 1); }
export function rclEbCL(op: usize): void { shift(RCL, op, 1, load<u8>(RCX)); }
export function rclEvCL(op: usize): void { shift(RCL, op, opSize(op), load<u8>(RCX)); }
export function rclEbIb(op: usize): void { shift(RCL, op, 1, opImm8(op)); }
export function rclEvIb(op: usize): void { shift(RCL, op, opSize(op), opImm8(op)); }

export function rcrEb1(op: usize): void { shift(RCR, op, 1, 1); }
export function rcrEv1(op: usize): void { shift(RCR, op, opSize(op), 1); }
export function rcrEbCL(op: usize): void { shift(RCR, op, 1, load<u8>(RCX)); }
export function rcrEvCL(op: usize): void { shift(RCR, op, opSize(op), load<u8>(RCX)); }
export function rcrEbIb(op: usize): void { shift(RCR, op, 1, opImm8(op)); }
export function rcrEvIb(op: usize): void { shift(RCR, op, opSize(op), opImm8(op)); }

export function shlEb1(op: usize): void { shift(SHL, op, 1, 1); }
export function shlEv1(op: usize): void { shift(SHL, op, opSize(op), 1); }
export function shlEbCL(op: usize): void { shift(SHL, op, 1, load<u8>(RCX)); }
export function shlEvCL(op: usize): void { shift(SHL, op, opSize(op), load<u8>(RCX)); }
export function shlEbIb(op: usize): void { shift(SHL, op, 1, opImm8(op)); }
export function shlEvIb(op: usize): void { shift(SHL, op, opSize(op), opImm8(op)); }

export function shrEb1(op: usize): void { shift(SHR, op, 1, 1); }
export function shrEv1(op: usize): void { shift(SHR, op, opSize(op), 1); }
export function shrEbCL(op: usize): void { shift(SHR, op, 1, load<u8>(RCX)); }
export function shrEvCL(op: usize): void { shift(SHR, op, opSize(op), load<u8>(RCX)); }
export function shrEbIb(op: usize): void { shift(SHR, op, 1, opImm8(op)); }
export function shrEvIb(op: usize): void { shift(SHR, op, opSize(op), opImm8(op)); }

export function sarEb1(op: usize): void { shift(SAR, op, 1, 1); }
export function sarEv1(op: usize): void { shift(SAR, op, opSize(op), 1); }
export function sarEbCL(op: usize): void { shift(SAR, op, 1, load<u8>(RCX)); }
export function sarEvCL(op: usize): void { shift(SAR, op, opSize(op), load<u8>(RCX)); }
export function sarEbIb(op: usize): void { shift(SAR, op, 1, opImm8(op)); }
export function sarEvIb(op: usize): void { shift(SAR, op, opSize(op), opImm8(op)); }

/** Counts above 16 with 16-bit operands are undefined: bits are taken from destination:source:destination, as AMD does. */
function doubleLeft(op: usize, count: u32): void {
  const size = opSize(op);
  const a = openRm(op, size);
  if (faulted()) return;
  const turn = maskCount(size, count);
  if (turn == 0) return closeRm(op, size, a);
  const bits = size << 3;
  const b = readReg(op, size);
  let result: u64;
  let carryOut: u32;
  if (turn <= bits) {
    result = (turn == 64 ? 0 : a << turn) | (b >> (bits - turn));
    carryOut = bit(a, bits - turn);
  } else {
    result = (b << (turn - bits)) | (a >> (2 * bits - turn));
    carryOut = bit(b, 2 * bits - turn);
  }
  result &= maskOf(size);
  flagsOfResult(size, result, carryOut | (bit(a ^ result, bits - 1) << 11));
  closeRm(op, size, result);
}

function doubleRight(op: usize, count: u32): void {
  const size = opSize(op);
  const a = openRm(op, size);
  if (faulted()) return;
  const turn = maskCount(size, count);
  if (turn == 0) return closeRm(op, size, a);
  const bits = size << 3;
  const b = readReg(op, size);
  let result: u64;
  let carryOut: u32;
  if (turn <= bits) {
    result = (a >> turn) | (b << (bits - turn));
    carryOut = bit(a, turn - 1);
  } else {
    result = (b >> (turn - bits)) | (a << (2 * bits - turn));
    carryOut = bit(b, turn - bits - 1);
  }
  result &= maskOf(size);
  flagsOfResult(size, result, carryOut | (bit(a ^ result, bits - 1) << 11));
  closeRm(op, size, result);
}

export function shldEvGvIb(op: usize): void { doubleLeft(op, opImm8(op)); }
export function shldEvGvCL(op: usize): void { doubleLeft(op, load<u8>(RCX)); }
export function shrdEvGvIb(op: usize): void { doubleRight(op, opImm8(op)); }
export function shrdEvGvCL(op: usize): void { doubleRight(op, load<u8>(RCX)); }
