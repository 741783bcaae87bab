// Operands of a size known at run time (1, 2, 4 or 8 bytes), as zero-extended u64: what the generic handlers work on.
import { FLAG_KIND, FLAG_RESULT, FLAG_SOURCE, GPR } from "../generated/layout";
import { FLAG_ADC, FLAG_ADD, FLAG_LOGIC, FLAG_RESULT_ONLY, FLAG_SBB, FLAG_SUB } from "../flags";
import { read16, read32, read64, read8, write16, write32, write64, write8 } from "../memory";
import {
  closeRm16, closeRm32, closeRm64, closeRm8, openRm16, openRm32, openRm64, openRm8,
  readRm16, readRm32, readRm64, readRm8, writeRm16, writeRm32, writeRm64, writeRm8,
} from "../operands";
import {
  ADDRESS_16, ADDRESS_32, ADDRESS_32_LONG, PREFIX_REX_W, opAddressKind, opPrefixes, opReg,
} from "../op";

// @ts-ignore: decorator
@inline export const RAX: usize = GPR;
// @ts-ignore: decorator
@inline export const RCX: usize = GPR + 8;
// @ts-ignore: decorator
@inline export const RDX: usize = GPR + 16;
// @ts-ignore: decorator
@inline export const RBX: usize = GPR + 24;
// @ts-ignore: decorator
@inline export const RSP: usize = GPR + 32;
// @ts-ignore: decorator
@inline export const RBP: usize = GPR + 40;
// @ts-ignore: decorator
@inline export const RSI: usize = GPR + 48;
// @ts-ignore: decorator
@inline export const RDI: usize = GPR + 56;

// @ts-ignore: decorator
@inline export function maskOf(size: u32): u64 { return (~(<u64>0)) >> (64 - (size << 3)); }
// @ts-ignore: decorator
@inline export function signOf(size: u32): u64 { return (<u64>1) << ((size << 3) - 1); }
// @ts-ignore: decorator
@inline export function signExtend(size: u32, value: u64): i64 {
  const shift = 64 - (size << 3);
  return <i64>(value << shift) >> shift;
}
/** Size of a `y` operand: 4, or 8 with W. */
// @ts-ignore: decorator
@inline export function sizeY(op: usize): u32 { return opPrefixes(op) & PREFIX_REX_W ? 8 : 4; }

/** What offsets wrap at: the instruction's address size. */
export function addressMask(op: usize): u64 {
  const kind = opAddressKind(op);
  if (kind == ADDRESS_16) return 0xffff;
  return kind == ADDRESS_32 || kind == ADDRESS_32_LONG ? 0xffff_ffff : ~(<u64>0);
}

export function readRm(op: usize, size: u32): u64 {
  switch (size) {
    case 1: return u64(readRm8(op));
    case 2: return u64(readRm16(op));
    case 4: return u64(readRm32(op));
    default: return readRm64(op);
  }
}

export function writeRm(op: usize, size: u32, value: u64): void {
  switch (size) {
    case 1: writeRm8(op, <u8>value); break;
    case 2: writeRm16(op, <u16>value); break;
    case 4: writeRm32(op, <u32>value); break;
    default: writeRm64(op, value); break;
  }
}

export function openRm(op: usize, size: u32): u64 {
  switch (size) {
    case 1: return u64(openRm8(op));
    case 2: return u64(openRm16(op));
    case 4: return u64(openRm32(op));
    default: return openRm64(op);
  }
}

export function closeRm(op: usize, size: u32, value: u64): void {
  switch (size) {
    case 1: closeRm8(op, <u8>value); break;
    case 2: closeRm16(op, <u16>value); break;
    case 4: closeRm32(op, <u32>value); break;
    default: closeRm64(op, value); break;
  }
}

/** A register, or part of one, at its address in the state block. */
export function readRegister(address: usize, size: u32): u64 {
  switch (size) {
    case 1: return u64(load<u8>(address));
    case 2: return u64(load<u16>(address));
    case 4: return u64(load<u32>(address));
    default: return load<u64>(address);
  }
}

/** 32-bit writes clear the upper half, narrower ones keep the rest. */
export function writeRegister(address: usize, size: u32, value: u64): void {
  switch (size) {
    case 1: store<u8>(address, <u8>value); break;
    case 2: store<u16>(address, <u16>value); break;
    case 4: store<u64>(address, value & 0xffff_ffff); break;
    default: store<u64>(address, value); break;
  }
}

// @ts-ignore: decorator
@inline export function readReg(op: usize, size: u32): u64 { return readRegister(opReg(op), size); }
// @ts-ignore: decorator
@inline export function writeReg(op: usize, size: u32, value: u64): void { writeRegister(opReg(op), size, value); }

/** Guest memory at a checked linear address. */
export function readLinear(linear: u64, size: u32): u64 {
  switch (size) {
    case 1: return u64(read8(linear));
    case 2: return u64(read16(linear));
    case 4: return u64(read32(linear));
    default: return read64(linear);
  }
}

export function writeLinear(linear: u64, size: u32, value: u64): void {
  switch (size) {
    case 1: write8(linear, <u8>value); break;
    case 2: write16(linear, <u16>value); break;
    case 4: write32(linear, <u32>value); break;
    default: write64(linear, value); break;
  }
}

// @ts-ignore: decorator
@inline function setLazy(operation: u32, size: u32, result: u64, source: u64): void {
  store<u32>(FLAG_KIND, (operation << 2) | ctz(size));
  store<u64>(FLAG_RESULT, result);
  store<u64>(FLAG_SOURCE, source);
}
// Status flags of a truncated result, as flags.ts has them for types.
// @ts-ignore: decorator
@inline export function flagsOfAdd(size: u32, result: u64, source: u64, carryIn: u32): void {
  setLazy(carryIn ? FLAG_ADC : FLAG_ADD, size, result, source);
}
// @ts-ignore: decorator
@inline export function flagsOfSub(size: u32, result: u64, source: u64, borrowIn: u32): void {
  setLazy(borrowIn ? FLAG_SBB : FLAG_SUB, size, result, source);
}
// @ts-ignore: decorator
@inline export function flagsOfLogic(size: u32, result: u64): void { setLazy(FLAG_LOGIC, size, result, 0); }
/** ZF SF PF from the result; `others` holds CF, AF and OF at their places. */
// @ts-ignore: decorator
@inline export function flagsOfResult(size: u32, result: u64, others: u32): void {
  setLazy(FLAG_RESULT_ONLY, size, result, u64(others));
}
// @ts-ignore: decorator
@inline export function flagsOfStep(operation: u32, size: u32, result: u64, carryKept: u32): void {
  setLazy(operation, size, result, u64(carryKept));
}
