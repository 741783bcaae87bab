// BMI1, BMI2 and ADX: 32 or 64 bits by VEX.W or REX.W.
import { opImm8, opVvvv } from "../op";
import { faulted } from "../fault";
import { CF, OF, carry, overflow, setFlagsMasked } from "../flags";
import { RDX, flagsOfResult, maskOf, readReg, readRegister, readRm, signExtend, sizeY, writeReg, writeRegister } from "./sized";
import { multiplyHigh } from "./multiply";

// @ts-ignore: decorator
@inline function readVvvv(op: usize, size: u32): u64 { return readRegister(opVvvv(op), size); }

export function andnGyByEy(op: usize): void {
  const size = sizeY(op);
  const b = readRm(op, size);
  if (faulted()) return;
  const result = ~readVvvv(op, size) & b & maskOf(size);
  flagsOfResult(size, result, 0);
  writeReg(op, size, result);
}

/** CF of the three lowest-set-bit instructions: BLSI tells of a source that is not 0, the others of one that is. */
function storeLowest(op: usize, size: u32, result: u64, carryOut: bool): void {
  const truncated = result & maskOf(size);
  flagsOfResult(size, truncated, u32(carryOut));
  writeRegister(opVvvv(op), size, truncated);
}

export function blsrByEy(op: usize): void {
  const size = sizeY(op);
  const value = readRm(op, size);
  if (!faulted()) storeLowest(op, size, value & (value - 1), value == 0);
}

export function blsmskByEy(op: usize): void {
  const size = sizeY(op);
  const value = readRm(op, size);
  if (!faulted()) storeLowest(op, size, value ^ (value - 1), value == 0);
}

export function blsiByEy(op: usize): void {
  const size = sizeY(op);
  const value = readRm(op, size);
  if (!faulted()) storeLowest(op, size, value & (0 - value), value != 0);
}

export function bextrGyEyBy(op: usize): void {
  const size = sizeY(op);
  const value = readRm(op, size);
  if (faulted()) return;
  const control = <u32>readVvvv(op, size);
  const start = control & 0xff;
  const length = (control >> 8) & 0xff;
  let result: u64 = start < 64 ? value >> start : 0;
  if (length < 64) result &= ((<u64>1) << length) - 1;
  flagsOfResult(size, result, 0);
  writeReg(op, size, result);
}

export function bzhiGyEyBy(op: usize): void {
  const size = sizeY(op);
  const value = readRm(op, size);
  if (faulted()) return;
  const index = <u32>readVvvv(op, size) & 0xff;
  const bits = size << 3;
  const result = index < bits ? value & (((<u64>1) << index) - 1) : value;
  flagsOfResult(size, result, u32(index >= bits));
  writeReg(op, size, result);
}

export function pdepGyByEy(op: usize): void {
  const size = sizeY(op);
  let mask = readRm(op, size);
  if (faulted()) return;
  let source = readVvvv(op, size);
  let result: u64 = 0;
  while (mask != 0) {
    const lowest = mask & (0 - mask);
    if (source & 1) result |= lowest;
    source >>= 1;
    mask ^= lowest;
  }
  writeReg(op, size, result);
}

export function pextGyByEy(op: usize): void {
  const size = sizeY(op);
  let mask = readRm(op, size);
  if (faulted()) return;
  const source = readVvvv(op, size);
  let result: u64 = 0;
  let place: u64 = 1;
  while (mask != 0) {
    const lowest = mask & (0 - mask);
    if (source & lowest) result |= place;
    place <<= 1;
    mask ^= lowest;
  }
  writeReg(op, size, result);
}

/** The high half wins when both destinations are one register. */
export function mulxGyByEy(op: usize): void {
  const size = sizeY(op);
  const b = readRm(op, size);
  if (faulted()) return;
  const a = readRegister(RDX, size);
  const low = a * b;
  const high = size == 8 ? multiplyHigh(a, b) : low >> 32;
  writeRegister(opVvvv(op), size, low);
  writeReg(op, size, high);
}

export function shlxGyEyBy(op: usize): void {
  const size = sizeY(op);
  const value = readRm(op, size);
  if (!faulted()) writeReg(op, size, value << (readVvvv(op, size) & u64((size << 3) - 1)));
}

export function shrxGyEyBy(op: usize): void {
  const size = sizeY(op);
  const value = readRm(op, size);
  if (!faulted()) writeReg(op, size, value >> (readVvvv(op, size) & u64((size << 3) - 1)));
}

export function sarxGyEyBy(op: usize): void {
  const size = sizeY(op);
  const value = readRm(op, size);
  if (faulted()) return;
  writeReg(op, size, <u64>(signExtend(size, value) >> <i64>(readVvvv(op, size) & u64((size << 3) - 1))));
}

export function rorxGyEyIb(op: usize): void {
  const size = sizeY(op);
  const value = readRm(op, size);
  if (faulted()) return;
  writeReg(op, size, size == 8 ? rotr<u64>(value, opImm8(op)) : u64(rotr<u32>(<u32>value, opImm8(op))));
}

/** Sum with carry; the carry out is left in `carryOut`. */
let carryOut: u32 = 0;
function addWithCarry(size: u32, a: u64, b: u64, carryIn: u32): u64 {
  const result = (a + b + u64(carryIn)) & maskOf(size);
  carryOut = u32(carryIn ? result <= a : result < a);
  return result;
}

export function adcxGyEy(op: usize): void {
  const size = sizeY(op);
  const b = readRm(op, size);
  if (faulted()) return;
  writeReg(op, size, addWithCarry(size, readReg(op, size), b, carry()));
  setFlagsMasked(CF, carryOut);
}

export function adoxGyEy(op: usize): void {
  const size = sizeY(op);
  const b = readRm(op, size);
  if (faulted()) return;
  writeReg(op, size, addWithCarry(size, readReg(op, size), b, overflow()));
  setFlagsMasked(OF, carryOut << 11);
}
