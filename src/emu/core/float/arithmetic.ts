// Sum, product, quotient, square root, comparison of the operands a and b (number.ts), rounded to the format of
// status.ts into the result r.
import {
  aDenormal, aExp, aKind, aSig, aSign, bDenormal, bExp, bKind, bSig, bSign, FINITE, INFINITY, QUIET, setInfinity,
  setZero, SIGNALING, TOP_BIT, ZERO,
} from './number';
import { finish, finishZeroSum, invalid, propagate, propagateA } from './round';
import { DENORMAL, INVALID, raise, ZERO_DIVIDE } from './status';
import { divideWide, low, multiplyWide, shiftLeft, shiftRightSticky } from './wide';

/** Raises the denormal-operand exception where one is due. */
// @ts-ignore: decorator
@inline
function noteDenormals(): void {
  if (aDenormal || bDenormal) raise(DENORMAL);
}

/** r = a + b, or a - b with `negate` 1. */
export function add(negate: u32): void {
  if (aKind >= QUIET || bKind >= QUIET) {
    propagate();
    return;
  }
  const signB = bSign ^ negate;
  if (aKind == INFINITY) {
    if (bKind == INFINITY && aSign != signB) {
      invalid();
      return;
    }
    noteDenormals();
    setInfinity(aSign);
    return;
  }
  noteDenormals();
  if (bKind == INFINITY) {
    setInfinity(signB);
    return;
  }
  if (aKind == ZERO) {
    if (bKind == ZERO) {
      if (aSign == signB) setZero(aSign);
      else finishZeroSum();
    } else finish(signB, bExp, bSig, 0);
    return;
  }
  if (bKind == ZERO) {
    finish(aSign, aExp, aSig, 0);
    return;
  }
  addMagnitudes(aSign, signB);
}

function addMagnitudes(signA: u32, signB: u32): void {
  const distance = aExp - bExp;
  const larger = distance != 0 ? distance > 0 : aSig >= bSig;
  const high = larger ? aSig : bSig;
  const sign = larger ? signA : signB;
  let exp = larger ? aExp : bExp;
  const other = shiftRightSticky(larger ? bSig : aSig, 0, distance < 0 ? -distance : distance);
  const otherLow = low;
  if (signA == signB) {
    let sum = high + other;
    let sumLow = otherLow;
    if (sum < high) {
      sumLow = (sum << 63) | (sumLow >> 1) | (sumLow & 1);
      sum = (sum >> 1) | TOP_BIT;
      exp++;
    }
    finish(sign, exp, sum, sumLow);
    return;
  }
  let difference = high - other - u64(otherLow != 0);
  const differenceLow = 0 - otherLow;
  if ((difference | differenceLow) == 0) {
    finishZeroSum();
    return;
  }
  const shift = difference != 0 ? i32(clz(difference)) : 64 + i32(clz(differenceLow));
  difference = shiftLeft(difference, differenceLow, shift);
  finish(sign, exp - shift, difference, low);
}

/** r = a * b. */
export function multiply(): void {
  if (aKind >= QUIET || bKind >= QUIET) {
    propagate();
    return;
  }
  const sign = aSign ^ bSign;
  if ((aKind == INFINITY && bKind == ZERO) || (aKind == ZERO && bKind == INFINITY)) {
    invalid();
    return;
  }
  noteDenormals();
  if (aKind == INFINITY || bKind == INFINITY) setInfinity(sign);
  else if (aKind == ZERO || bKind == ZERO) setZero(sign);
  else {
    const high = multiplyWide(aSig, bSig);
    if ((high & TOP_BIT) != 0) finish(sign, aExp + bExp + 1, high, low);
    else finish(sign, aExp + bExp, (high << 1) | (low >> 63), low << 1);
  }
}

/** r = a / b. */
export function divide(): void {
  if (aKind >= QUIET || bKind >= QUIET) {
    propagate();
    return;
  }
  const sign = aSign ^ bSign;
  if (aKind == bKind && aKind != FINITE) {
    invalid();
    return;
  }
  if (bKind == ZERO && aKind == FINITE) {
    raise(ZERO_DIVIDE);
    setInfinity(sign);
    return;
  }
  noteDenormals();
  if (aKind == INFINITY || bKind == ZERO) setInfinity(sign);
  else if (aKind == ZERO || bKind == INFINITY) setZero(sign);
  else {
    const carry = aSig >= bSig;
    const quotient = carry ? divideWide(aSig >> 1, aSig << 63, bSig) : divideWide(aSig, 0, bSig);
    finish(sign, aExp - bExp - 1 + i32(carry), quotient, belowHalf(low, bSig));
  }
}

/** How a remainder compares with half the divisor, as the bits that rounding looks at. */
function belowHalf(remainder: u64, divisor: u64): u64 {
  if (remainder == 0) return 0;
  const rest = divisor - remainder;
  if (remainder == rest) return TOP_BIT;
  return remainder > rest ? 0xc000000000000000 : 0x4000000000000000;
}

/** r = square root of a. */
export function squareRoot(): void {
  if (aKind >= QUIET) {
    propagateA();
    return;
  }
  if (aKind == ZERO) {
    setZero(aSign);
    return;
  }
  if (aSign != 0) {
    invalid();
    return;
  }
  if (aKind == INFINITY) {
    setInfinity(0);
    return;
  }
  if (aDenormal) raise(DENORMAL);
  const odd = (aExp & 1) != 0;
  const high = odd ? aSig : aSig >> 1;
  const lowPart: u64 = odd ? 0 : aSig << 63;
  const root = rootOf(high, lowPart);
  // (root + 1/2)^2 = root^2 + root + 1/4: a remainder above root is above half, and none is exactly half.
  const square = multiplyWide(root, root);
  const rest = lowPart - low;
  const restHigh = high - square - u64(lowPart < low);
  const bits: u64 = (rest | restHigh) == 0 ? 0 : restHigh != 0 || rest > root ? 0xc000000000000000 : 0x4000000000000000;
  finish(0, aExp >> 1, root, bits);
}

/** Integer square root of high:lowPart, where high is at least 2^62. */
function rootOf(high: u64, lowPart: u64): u64 {
  // An estimate from below with some 50 good bits, one step of Newton's, then the last units.
  const estimate = sqrt<f64>(f64(high)) * 4294967296.0;
  let root: u64 = estimate >= 18446744073709549568.0 ? 0xfffffffffffff000 : u64(estimate) - 0x1000;
  const square = multiplyWide(root, root);
  const rest = lowPart - low;
  const restHigh = high - square - u64(lowPart < low);
  // What is missing is rest / (2 root), some 14 bits.
  root += divideWide(restHigh >> 1, (restHigh << 63) | (rest >> 1), root);
  for (;;) {
    const s = multiplyWide(root, root);
    if (s < high || (s == high && low <= lowPart)) break;
    root--;
  }
  for (;;) {
    const next = root + 1;
    if (next == 0) break;
    const s = multiplyWide(next, next);
    if (s > high || (s == high && low > lowPart)) break;
    root = next;
  }
  return root;
}

export const LESS: i32 = -1;
export const EQUAL: i32 = 0;
export const GREATER: i32 = 1;
export const UNORDERED: i32 = 2;

/** Compares a with b; a quiet NaN raises the invalid exception only if `signaling`. */
export function compare(signaling: bool): i32 {
  if (aKind >= QUIET || bKind >= QUIET) {
    if (signaling || aKind >= SIGNALING || bKind >= SIGNALING) raise(INVALID);
    return UNORDERED;
  }
  noteDenormals();
  if (aKind == ZERO && bKind == ZERO) return EQUAL;
  const negative = aKind == ZERO ? bSign == 0 : aSign != 0;
  if (aKind != ZERO && bKind != ZERO && aSign == bSign) {
    const magnitudes = compareMagnitudes();
    return aSign != 0 ? -magnitudes : magnitudes;
  }
  return negative ? LESS : GREATER;
}

/** Compares |a| with |b|, neither of them zero or NaN. */
function compareMagnitudes(): i32 {
  if (aKind != bKind) return aKind == INFINITY ? GREATER : LESS;
  if (aKind == INFINITY) return EQUAL;
  if (aExp != bExp) return aExp > bExp ? GREATER : LESS;
  if (aSig == bSig) return EQUAL;
  return aSig > bSig ? GREATER : LESS;
}
