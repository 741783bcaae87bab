// FPREM, FPREM1, FSCALE, FXTRACT: exact operations on 80-bit operands.
import {
  aDenormal, aExp, aKind, aSig, aSign, bDenormal, bExp, bKind, bSig, bSign, FINITE, INFINITY, QUIET, setA, setInfinity,
  setZero, ZERO,
} from './number';
import { finish, invalid, propagate } from './round';
import { DENORMAL, format80, raise } from './status';

/** Low bits of the quotient of the last remainder; its reduction was partial if `partial`. */
export let quotient: u64 = 0;
export let partial: bool = false;

/**
 * r = remainder of a / b: truncating (FPREM), or with `nearest` IEEE's (FPREM1). Exponents 64 and more apart are
 * reduced by a part of the distance only and have to be called again.
 */
export function remainder(nearest: bool): void {
  quotient = 0;
  partial = false;
  if (aKind >= QUIET || bKind >= QUIET) {
    propagate();
    return;
  }
  if (aKind == INFINITY || bKind == ZERO) {
    invalid();
    return;
  }
  if (aDenormal || bDenormal) raise(DENORMAL);
  if (aKind == ZERO) {
    setZero(aSign);
    return;
  }
  format80();
  if (bKind == INFINITY) {
    finish(aSign, aExp, aSig, 0);
    return;
  }
  reduce(nearest);
}

function reduce(nearest: bool): void {
  let distance = aExp - bExp;
  if (distance < -1 || (distance < 0 && !nearest)) {
    finish(aSign, aExp, aSig, 0);
    return;
  }
  let exp = bExp;
  if (distance >= 64) {
    // The part that AMD's processors take off at once.
    const steps = (distance & 31) + 32;
    exp += distance - steps;
    distance = steps;
    partial = true;
  }
  let sign = aSign;
  // rest, scaled by 2^exp / 2^63, stays below bSig except for its carry
  let rest = aSig;
  let carry = false;
  if (distance < 0) {
    // |a| < |b|, only FPREM1 comes here: the quotient is 0 or 1
    nearestOfSmall();
    return;
  }
  for (let i = distance; i >= 0; i--) {
    quotient <<= 1;
    if (carry || rest >= bSig) {
      rest -= bSig;
      quotient |= 1;
    }
    if (i == 0) break;
    carry = (rest >> 63) != 0;
    rest <<= 1;
  }
  if (nearest && !partial) {
    const back = bSig - rest;
    if (rest > back || (rest == back && (quotient & 1) != 0)) {
      rest = back;
      sign ^= 1;
      quotient++;
    }
  }
  deliver(sign, exp, rest);
}

/** FPREM1 of half b < |a| < b gives |a| - |b|, else a. */
function nearestOfSmall(): void {
  // a = aSig / 2 in units of b's exponent; more than half of b?
  if (aSig > bSig) {
    quotient = 1;
    // |b| - |a| in units of a's last place: 2 bSig - aSig, below 2^64 since aSig > bSig
    deliver(aSign ^ 1, bExp - 1, bSig - (aSig - bSig));
    return;
  }
  finish(aSign, aExp, aSig, 0);
}

function deliver(sign: u32, exp: i32, rest: u64): void {
  if (rest == 0) {
    setZero(aSign);
    return;
  }
  const shift = i32(clz(rest));
  finish(sign, exp - shift, rest << shift, 0);
}

/** r = a * 2^trunc(b) (FSCALE). */
export function scale(): void {
  if (aKind >= QUIET || bKind >= QUIET) {
    propagate();
    return;
  }
  if (bKind == INFINITY) {
    if (bSign != 0 ? aKind == INFINITY : aKind == ZERO) {
      invalid();
      return;
    }
    if (aDenormal) raise(DENORMAL);
    if (bSign != 0) setZero(aSign);
    else setInfinity(aSign);
    return;
  }
  if (aDenormal || bDenormal) raise(DENORMAL);
  if (aKind != FINITE) {
    setA();
    return;
  }
  format80();
  let count = 0;
  if (bKind == FINITE && bExp >= 0) {
    count = bExp > 16 ? 0x20000 : i32(bSig >> u64(63 - bExp));
    if (bSign != 0) count = -count;
  }
  finish(aSign, aExp + count, aSig, 0);
}
