// MUL IMUL DIV IDIV. 128-bit products and dividends are made by hand from 64-bit halves.
import { opImm, opSize } from "../op";
import { VECTOR_DE, faulted, raise } from "../fault";
import { CF, OF, setFlagsMasked } from "../flags";
import { RAX, RDX, maskOf, readReg, readRegister, readRm, signExtend, writeReg, writeRegister } from "./sized";

/** High half of an unsigned 64 by 64 bit product. */
export function multiplyHigh(a: u64, b: u64): u64 {
  const aLow = a & 0xffff_ffff;
  const aHigh = a >> 32;
  const bLow = b & 0xffff_ffff;
  const bHigh = b >> 32;
  const low = aLow * bLow;
  const middle = aHigh * bLow + (low >> 32);
  const cross = aLow * bHigh + (middle & 0xffff_ffff);
  return aHigh * bHigh + (middle >> 32) + (cross >> 32);
}

/** High half of a signed product. */
function multiplyHighSigned(a: u64, b: u64): u64 {
  let high = multiplyHigh(a, b);
  if (<i64>a < 0) high -= b;
  if (<i64>b < 0) high -= a;
  return high;
}

/** CF = OF = the high half is significant; SF ZF AF PF are undefined and stay. */
function setOverflow(significant: bool): void { setFlagsMasked(CF | OF, significant ? CF | OF : 0); }

function storeProduct(size: u32, low: u64, high: u64): void {
  if (size == 1) {
    store<u16>(RAX, <u16>low);
  } else {
    writeRegister(RAX, size, low);
    writeRegister(RDX, size, high);
  }
}

function multiplyUnsigned(op: usize, size: u32): void {
  const b = readRm(op, size);
  if (faulted()) return;
  const a = readRegister(RAX, size);
  const low = a * b;
  const high = size == 8 ? multiplyHigh(a, b) : low >> (size << 3);
  storeProduct(size, low, high);
  setOverflow(high != 0);
}

function multiplySigned(op: usize, size: u32): void {
  const source = readRm(op, size);
  if (faulted()) return;
  const a = <u64>signExtend(size, readRegister(RAX, size));
  const b = <u64>signExtend(size, source);
  const low = a * b;
  const high = size == 8 ? multiplyHighSigned(a, b) : <u64>(<i64>low >> (size << 3));
  storeProduct(size, low, high);
  setOverflow(high != <u64>(signExtend(size, low) >> 63));
}

export function mulEb(op: usize): void { multiplyUnsigned(op, 1); }
export function mulEv(op: usize): void { multiplyUnsigned(op, opSize(op)); }
export function imulEb(op: usize): void { multiplySigned(op, 1); }
export function imulEv(op: usize): void { multiplySigned(op, opSize(op)); }

/** The truncating forms: flags tell whether the product fitted. */
function multiplyToReg(op: usize, size: u32, first: u64, second: u64): void {
  const a = <u64>signExtend(size, first);
  const b = <u64>signExtend(size, second);
  const low = a * b;
  const lost = size == 8 ? multiplyHighSigned(a, b) != <u64>(<i64>low >> 63) : signExtend(size, low) != <i64>low;
  writeReg(op, size, low & maskOf(size));
  setOverflow(lost);
}

export function imulGvEv(op: usize): void {
  const size = opSize(op);
  const b = readRm(op, size);
  if (!faulted()) multiplyToReg(op, size, readReg(op, size), b);
}

export function imulGvEvIz(op: usize): void {
  const size = opSize(op);
  const a = readRm(op, size);
  if (!faulted()) multiplyToReg(op, size, a, <u64>opImm(op));
}

let remainder: u64 = 0;

/** Quotient of high:low by divisor, high < divisor; leaves the remainder in `remainder`. Long division in base 2^32. */
function divideWide(high: u64, low: u64, divisor: u64): u64 {
  if (high == 0) {
    remainder = low % divisor;
    return low / divisor;
  }
  const shift = clz(divisor);
  const d = divisor << shift;
  const dHigh = d >> 32;
  const dLow = d & 0xffff_ffff;
  const top = shift == 0 ? high : (high << shift) | (low >> (64 - shift));
  const bottom = low << shift;

  const first = quotientDigit(top, bottom >> 32, dHigh, dLow);
  const rest = (top << 32) + (bottom >> 32) - first * d;
  const second = quotientDigit(rest, bottom & 0xffff_ffff, dHigh, dLow);
  remainder = ((rest << 32) + (bottom & 0xffff_ffff) - second * d) >> shift;
  return (first << 32) | second;
}

/** One base-2^32 digit of top:next by dHigh:dLow, top < d and d normalised: the estimate is at most two too large. */
function quotientDigit(top: u64, next: u64, dHigh: u64, dLow: u64): u64 {
  let digit = top / dHigh;
  let rest = top % dHigh;
  while (digit >> 32 != 0 || digit * dLow > ((rest << 32) | next)) {
    digit--;
    rest += dHigh;
    if (rest >> 32 != 0) break;
  }
  return digit;
}

function storeQuotient(size: u32, quotient: u64, rest: u64): void {
  if (size == 1) {
    store<u8>(RAX, <u8>quotient);
    store<u8>(RAX + 1, <u8>rest);
  } else {
    writeRegister(RAX, size, quotient);
    writeRegister(RDX, size, rest);
  }
}

function divideUnsigned(op: usize, size: u32): void {
  const divisor = readRm(op, size);
  if (faulted()) return;
  if (size == 8) {
    const high = load<u64>(RDX);
    if (high >= divisor) return raise(VECTOR_DE);
    const quotient = divideWide(high, load<u64>(RAX), divisor);
    storeQuotient(8, quotient, remainder);
    return;
  }
  const dividend = narrowDividend(size);
  if (divisor == 0 || dividend / divisor > maskOf(size)) return raise(VECTOR_DE);
  storeQuotient(size, dividend / divisor, dividend % divisor);
}

/** AX, DX:AX or EDX:EAX. */
function narrowDividend(size: u32): u64 {
  if (size == 1) return u64(load<u16>(RAX));
  return readRegister(RAX, size) | (readRegister(RDX, size) << (size << 3));
}

function divideSigned(op: usize, size: u32): void {
  const source = readRm(op, size);
  if (faulted()) return;
  if (size == 8) return divideSignedWide(<i64>source);
  const divisor = signExtend(size, source);
  if (divisor == 0) return raise(VECTOR_DE);
  const dividend = signExtend(size << 1, narrowDividend(size));
  if (divisor == -1 && dividend == i64.MIN_VALUE) return raise(VECTOR_DE);
  const quotient = dividend / divisor;
  if (signExtend(size, <u64>quotient) != quotient) return raise(VECTOR_DE);
  storeQuotient(size, <u64>quotient, <u64>(dividend % divisor));
}

function divideSignedWide(divisor: i64): void {
  let low = load<u64>(RAX);
  let high = load<u64>(RDX);
  const negativeDividend = <i64>high < 0;
  if (negativeDividend) {
    low = 0 - low;
    high = ~high + u64(low == 0);
  }
  const magnitude = divisor < 0 ? 0 - <u64>divisor : <u64>divisor;
  if (high >= magnitude) return raise(VECTOR_DE);
  const quotient = divideWide(high, low, magnitude);
  const negative = negativeDividend != (divisor < 0);
  const limit: u64 = 0x8000_0000_0000_0000;
  if (negative ? quotient > limit : quotient >= limit) return raise(VECTOR_DE);
  storeQuotient(8, negative ? 0 - quotient : quotient, negativeDividend ? 0 - remainder : remainder);
}

export function divEb(op: usize): void { divideUnsigned(op, 1); }
export function divEv(op: usize): void { divideUnsigned(op, opSize(op)); }
export function idivEb(op: usize): void { divideSigned(op, 1); }
export function idivEv(op: usize): void { divideSigned(op, opSize(op)); }
