// One-lane SSE operations on bit patterns, and packed ones made of them. Flags gather in status.ts.
import { add, compare, divide, multiply, squareRoot } from './arithmetic';
import { convert, toInteger, toIntegral } from './convert';
import { pack32, pack64, second, unpack32, unpack64, unpackInteger } from './number';
import { denormalsAreZero, format32, format64 } from './status';

export const ADD: u32 = 0;
export const MUL: u32 = 1;
export const SUB: u32 = 2;
export const MIN: u32 = 3;
export const DIV: u32 = 4;
export const MAX: u32 = 5;

function operate(operation: u32): void {
  switch (operation) {
    case ADD: add(0); break;
    case SUB: add(1); break;
    case MUL: multiply(); break;
    default: divide();
  }
}

function operands32(a: u32, b: u32): void {
  unpack32(b);
  second();
  unpack32(a);
}

function operands64(a: u64, b: u64): void {
  unpack64(b);
  second();
  unpack64(a);
}

export function arithmetic32(operation: u32, a: u32, b: u32): u32 {
  operands32(a, b);
  if (operation == MIN || operation == MAX) return picksSecond(operation) ? flushed32(b) : flushed32(a);
  format32();
  operate(operation);
  return pack32();
}

export function arithmetic64(operation: u32, a: u64, b: u64): u64 {
  operands64(a, b);
  if (operation == MIN || operation == MAX) return picksSecond(operation) ? flushed64(b) : flushed64(a);
  format64();
  operate(operation);
  return pack64();
}

/** MIN and MAX give the second operand if they are equal or one is a NaN; any NaN is invalid. */
function picksSecond(operation: u32): bool {
  const order = compare(true);
  return !(operation == MIN ? order == -1 : order == 1);
}

function flushed32(bits: u32): u32 {
  return denormalsAreZero && (bits & 0x7f800000) == 0 ? bits & 0x80000000 : bits;
}

function flushed64(bits: u64): u64 {
  return denormalsAreZero && (bits & 0x7ff0000000000000) == 0 ? bits & 0x8000000000000000 : bits;
}

export function squareRoot32(a: u32): u32 {
  unpack32(a);
  format32();
  squareRoot();
  return pack32();
}

export function squareRoot64(a: u64): u64 {
  unpack64(a);
  format64();
  squareRoot();
  return pack64();
}

/** Does the CMPccPS/PD/SS/SD predicate (0 to 7) hold between the operands taken apart? */
function holds(predicate: u32): bool {
  const order = compare(predicate == 1 || predicate == 2 || predicate == 5 || predicate == 6);
  let answer: bool;
  switch (predicate & 3) {
    case 0: answer = order == 0; break;
    case 1: answer = order == -1; break;
    case 2: answer = order == -1 || order == 0; break;
    default: answer = order == 2;
  }
  return answer != ((predicate & 4) != 0);
}

export function compare32(predicate: u32, a: u32, b: u32): u32 {
  operands32(a, b);
  return holds(predicate) ? 0xffffffff : 0;
}

export function compare64(predicate: u32, a: u64, b: u64): u64 {
  operands64(a, b);
  return holds(predicate) ? 0xffffffffffffffff : 0;
}

/** ZF PF CF (as EFLAGS bits) of COMIS and UCOMIS. */
export function orderFlags(order: i32): u32 {
  if (order == 2) return 0x45;
  return order == 0 ? 0x40 : order < 0 ? 1 : 0;
}

export function order32(a: u32, b: u32, signaling: bool): u32 {
  operands32(a, b);
  return orderFlags(compare(signaling));
}

export function order64(a: u64, b: u64, signaling: bool): u32 {
  operands64(a, b);
  return orderFlags(compare(signaling));
}

export function widen(a: u32): u64 {
  unpack32(a);
  format64();
  convert();
  return pack64();
}

export function narrow(a: u64): u32 {
  unpack64(a);
  format32();
  convert();
  return pack32();
}

export function toInteger32(a: u32, bits: u32, mode: u32): i64 {
  unpack32(a);
  return toInteger(bits, mode);
}

export function toInteger64(a: u64, bits: u32, mode: u32): i64 {
  unpack64(a);
  return toInteger(bits, mode);
}

export function fromInteger32(value: i64): u32 {
  unpackInteger(value);
  format32();
  convert();
  return pack32();
}

export function fromInteger64(value: i64): u64 {
  unpackInteger(value);
  format64();
  convert();
  return pack64();
}

export function round32(a: u32, mode: u32, silent: bool): u32 {
  unpack32(a);
  toIntegral(mode, silent);
  return pack32();
}

export function round64(a: u64, mode: u32, silent: bool): u64 {
  unpack64(a);
  toIntegral(mode, silent);
  return pack64();
}
