// ADD OR ADC SBB AND SUB XOR CMP TEST INC DEC NOT NEG in all their forms.
import { opImm, opSize } from "../op";
import { faulted } from "../fault";
import { FLAG_DEC, FLAG_INC, carry } from "../flags";
import {
  RAX, closeRm, flagsOfAdd, flagsOfLogic, flagsOfStep, flagsOfSub, maskOf, openRm, readReg, readRegister, readRm,
  writeReg, writeRegister,
} from "./sized";

// The operation's number is its place in the opcode map and its digit in group 1.
const ADD: u32 = 0;
const OR: u32 = 1;
const ADC: u32 = 2;
const SBB: u32 = 3;
const AND: u32 = 4;
const SUB: u32 = 5;
const XOR: u32 = 6;
const CMP: u32 = 7;

/** Result of `a operation b`, truncated; sets the status flags. */
function compute(operation: u32, size: u32, a: u64, b: u64): u64 {
  const mask = maskOf(size);
  switch (operation) {
    case ADD: {
      const result = (a + b) & mask;
      flagsOfAdd(size, result, b, 0);
      return result;
    }
    case ADC: {
      const carryIn = carry();
      const result = (a + b + u64(carryIn)) & mask;
      flagsOfAdd(size, result, b, carryIn);
      return result;
    }
    case SBB: {
      const borrowIn = carry();
      const result = (a - b - u64(borrowIn)) & mask;
      flagsOfSub(size, result, b, borrowIn);
      return result;
    }
    case SUB:
    case CMP: {
      const result = (a - b) & mask;
      flagsOfSub(size, result, b, 0);
      return result;
    }
    case OR: {
      const result = a | b;
      flagsOfLogic(size, result);
      return result;
    }
    case AND: {
      const result = a & b;
      flagsOfLogic(size, result);
      return result;
    }
    default: {
      const result = a ^ b;
      flagsOfLogic(size, result);
      return result;
    }
  }
}

/** E,G and E,I: the destination is ModRM.rm. */
function toRm(operation: u32, op: usize, size: u32, source: u64): void {
  if (operation == CMP) {
    const a = readRm(op, size);
    if (!faulted()) compute(CMP, size, a, source);
    return;
  }
  const a = openRm(op, size);
  if (faulted()) return;
  closeRm(op, size, compute(operation, size, a, source));
}

/** G,E: the destination is ModRM.reg. */
function toReg(operation: u32, op: usize, size: u32): void {
  const b = readRm(op, size);
  if (faulted()) return;
  const result = compute(operation, size, readReg(op, size), b);
  if (operation != CMP) writeReg(op, size, result);
}

/** The accumulator and an immediate. */
function toRax(operation: u32, op: usize, size: u32): void {
  const result = compute(operation, size, readRegister(RAX, size), <u64>opImm(op) & maskOf(size));
  if (operation != CMP) writeRegister(RAX, size, result);
}

export function addEbGb(op: usize): void { toRm(ADD, op, 1, readReg(op, 1)); }
export function addEvGv(op: usize): void { toRm(ADD, op, opSize(op), readReg(op, opSize(op))); }
export function addGbEb(op: usize): void { toReg(ADD, op, 1); }
export function addGvEv(op: usize): void { toReg(ADD, op, opSize(op)); }
export function addALIb(op: usize): void { toRax(ADD, op, 1); }
export function addRaxIz(op: usize): void { toRax(ADD, op, opSize(op)); }
export function addEbIb(op: usize): void { toRm(ADD, op, 1, <u64>opImm(op) & 0xff); }
export function addEvIz(op: usize): void { toRm(ADD, op, opSize(op), <u64>opImm(op) & maskOf(opSize(op))); }

export function orEbGb(op: usize): void { toRm(OR, op, 1, readReg(op, 1)); }
export function orEvGv(op: usize): void { toRm(OR, op, opSize(op), readReg(op, opSize(op))); }
export function orGbEb(op: usize): void { toReg(OR, op, 1); }
export function orGvEv(op: usize): void { toReg(OR, op, opSize(op)); }
export function orALIb(op: usize): void { toRax(OR, op, 1); }
export function orRaxIz(op: usize): void { toRax(OR, op, opSize(op)); }
export function orEbIb(op: usize): void { toRm(OR, op, 1, <u64>opImm(op) & 0xff); }
export function orEvIz(op: usize): void { toRm(OR, op, opSize(op), <u64>opImm(op) & maskOf(opSize(op))); }

export function adcEbGb(op: usize): void { toRm(ADC, op, 1, readReg(op, 1)); }
export function adcEvGv(op: usize): void { toRm(ADC, op, opSize(op), readReg(op, opSize(op))); }
export function adcGbEb(op: usize): void { toReg(ADC, op, 1); }
export function adcGvEv(op: usize): void { toReg(ADC, op, opSize(op)); }
export function adcALIb(op: usize): void { toRax(ADC, op, 1); }
export function adcRaxIz(op: usize): void { toRax(ADC, op, opSize(op)); }
export function adcEbIb(op: usize): void { toRm(ADC, op, 1, <u64>opImm(op) & 0xff); }
export function adcEvIz(op: usize): void { toRm(ADC, op, opSize(op), <u64>opImm(op) & maskOf(opSize(op))); }

export function sbbEbGb(op: usize): void { toRm(SBB, op, 1, readReg(op, 1)); }
export function sbbEvGv(op: usize): void { toRm(SBB, op, opSize(op), readReg(op, opSize(op))); }
export function sbbGbEb(op: usize): void { toReg(SBB, op, 1); }
export function sbbGvEv(op: usize): void { toReg(SBB, op, opSize(op)); }
export function sbbALIb(op: usize): void { toRax(SBB, op, 1); }
export function sbbRaxIz(op: usize): void { toRax(SBB, op, opSize(op)); }
export function sbbEbIb(op: usize): void { toRm(SBB, op, 1, <u64>opImm(op) & 0xff); }
export function sbbEvIz(op: usize): void { toRm(SBB, op, opSize(op), <u64>opImm(op) & maskOf(opSize(op))); }

export function andEbGb(op: usize): void { toRm(AND, op, 1, readReg(op, 1)); }
export function andEvGv(op: usize): void { toRm(AND, op, opSize(op), readReg(op, opSize(op))); }
export function andGbEb(op: usize): void { toReg(AND, op, 1); }
export function andGvEv(op: usize): void { toReg(AND, op, opSize(op)); }
export function andALIb(op: usize): void { toRax(AND, op, 1); }
export function andRaxIz(op: usize): void { toRax(AND, op, opSize(op)); }
export function andEbIb(op: usize): void { toRm(AND, op, 1, <u64>opImm(op) & 0xff); }
export function andEvIz(op: usize): void { toRm(AND, op, opSize(op), <u64>opImm(op) & maskOf(opSize(op))); }

export function subEbGb(op: usize): void { toRm(SUB, op, 1, readReg(op, 1)); }
export function subEvGv(op: usize): void { toRm(SUB, op, opSize(op), readReg(op, opSize(op))); }
export function subGbEb(op: usize): void { toReg(SUB, op, 1); }
export function subGvEv(op: usize): void { toReg(SUB, op, opSize(op)); }
export function subALIb(op: usize): void { toRax(SUB, op, 1); }
export function subRaxIz(op: usize): void { toRax(SUB, op, opSize(op)); }
export function subEbIb(op: usize): void { toRm(SUB, op, 1, <u64>opImm(op) & 0xff); }
export function subEvIz(op: usize): void { toRm(SUB, op, opSize(op), <u64>opImm(op) & maskOf(opSize(op))); }

export function xorEbGb(op: usize): void { toRm(XOR, op, 1, readReg(op, 1)); }
export function xorEvGv(op: usize): void { toRm(XOR, op, opSize(op), readReg(op, opSize(op))); }
export function xorGbEb(op: usize): void { toReg(XOR, op, 1); }
export function xorGvEv(op: usize): void { toReg(XOR, op, opSize(op)); }
export function xorALIb(op: usize): void { toRax(XOR, op, 1); }
export function xorRaxIz(op: usize): void { toRax(XOR, op, opSize(op)); }
export function xorEbIb(op: usize): void { toRm(XOR, op, 1, <u64>opImm(op) & 0xff); }
export function xorEvIz(op: usize): void { toRm(XOR, op, opSize(op), <u64>opImm(op) & maskOf(opSize(op))); }

export function cmpEbGb(op: usize): void { toRm(CMP, op, 1, readReg(op, 1)); }
export function cmpEvGv(op: usize): void { toRm(CMP, op, opSize(op), readReg(op, opSize(op))); }
export function cmpGbEb(op: usize): void { toReg(CMP, op, 1); }
export function cmpGvEv(op: usize): void { toReg(CMP, op, opSize(op)); }
export function cmpALIb(op: usize): void { toRax(CMP, op, 1); }
export function cmpRaxIz(op: usize): void { toRax(CMP, op, opSize(op)); }
export function cmpEbIb(op: usize): void { toRm(CMP, op, 1, <u64>opImm(op) & 0xff); }
export function cmpEvIz(op: usize): void { toRm(CMP, op, opSize(op), <u64>opImm(op) & maskOf(opSize(op))); }

function testWith(op: usize, size: u32, source: u64): void {
  const a = readRm(op, size);
  if (!faulted()) flagsOfLogic(size, a & source);
}

export function testEbGb(op: usize): void { testWith(op, 1, readReg(op, 1)); }
export function testEvGv(op: usize): void { testWith(op, opSize(op), readReg(op, opSize(op))); }
export function testEbIb(op: usize): void { testWith(op, 1, <u64>opImm(op) & 0xff); }
export function testEvIz(op: usize): void { testWith(op, opSize(op), <u64>opImm(op) & maskOf(opSize(op))); }
export function testALIb(op: usize): void { flagsOfLogic(1, u64(load<u8>(RAX)) & <u64>opImm(op)); }
export function testRaxIz(op: usize): void {
  const size = opSize(op);
  flagsOfLogic(size, readRegister(RAX, size) & <u64>opImm(op));
}

function increment(op: usize, size: u32): void {
  const a = openRm(op, size);
  if (faulted()) return;
  const result = (a + 1) & maskOf(size);
  flagsOfStep(FLAG_INC, size, result, carry());
  closeRm(op, size, result);
}

function decrement(op: usize, size: u32): void {
  const a = openRm(op, size);
  if (faulted()) return;
  const result = (a - 1) & maskOf(size);
  flagsOfStep(FLAG_DEC, size, result, carry());
  closeRm(op, size, result);
}

function negate(op: usize, size: u32): void {
  const a = openRm(op, size);
  if (faulted()) return;
  closeRm(op, size, compute(SUB, size, 0, a));
}

function invert(op: usize, size: u32): void {
  const a = openRm(op, size);
  if (!faulted()) closeRm(op, size, ~a);
}

export function incEb(op: usize): void { increment(op, 1); }
export function incEv(op: usize): void { increment(op, opSize(op)); }
export function decEb(op: usize): void { decrement(op, 1); }
export function decEv(op: usize): void { decrement(op, opSize(op)); }
export function notEb(op: usize): void { invert(op, 1); }
export function notEv(op: usize): void { invert(op, opSize(op)); }
export function negEb(op: usize): void { negate(op, 1); }
export function negEv(op: usize): void { negate(op, opSize(op)); }
