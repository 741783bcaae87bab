// Rounding to the format of status.ts, with its exceptions (SDM vol. 1, 4.9.1).
import { QUIET, QUIET_BIT, SIGNALING, TOP_BIT, UNSUPPORTED, aKind, aSig, aSign, bKind, bSig, bSign } from './number';
import { rKind, setDefaultNan, setFinite, setInfinity, setZero } from './number';
import {
  DOWN, exponentMax, exponentMin, flushToZero, INEXACT, INVALID, masked, OVERFLOW, precision, raise, ROUNDED_UP,
  rounding, SCALE_X87, TO_NEAREST, UNDERFLOW, UP, x87Rules,
} from './status';
import { low, shiftRightSticky } from './wide';

let kept: u64 = 0;
let carried: bool = false;
let lost: bool = false;
let wentUp: bool = false;

const HALF: u64 = 0x8000000000000000;

/** Does a magnitude with this lost part (left-aligned, low bit sticky) go up? */
function goesUp(sign: u32, odd: bool, fraction: u64): bool {
  if (fraction == 0) return false;
  if (rounding == TO_NEAREST) return fraction > HALF || (fraction == HALF && odd);
  if (rounding == DOWN) return sign != 0;
  if (rounding == UP) return sign == 0;
  return false;
}

/** Rounds high:lowPart to the upper `precision` bits of high. */
function roundBits(sign: u32, high: u64, lowPart: u64): void {
  const shift = u64(64 - precision);
  const unit: u64 = 1 << shift;
  const fraction = shift == 0 ? lowPart : (high << (64 - shift)) | u64(lowPart != 0);
  kept = (high >> shift) << shift;
  lost = fraction != 0;
  wentUp = goesUp(sign, (kept & unit) != 0, fraction);
  carried = false;
  if (wentUp) {
    kept += unit;
    if (kept == 0) {
      kept = TOP_BIT;
      carried = true;
    }
  }
}

function note(): void {
  if (lost) raise(wentUp ? INEXACT | ROUNDED_UP : INEXACT);
}

/** An x87 store to a narrower format: an unmasked exception stores nothing and reports nothing more. */
function unstorable(): bool {
  return x87Rules && exponentMax != 16383;
}

function overflow(sign: u32, exp: i32): void {
  raise(OVERFLOW);
  if ((masked & OVERFLOW) == 0) {
    if (unstorable()) return;
    note();
    if (exp - SCALE_X87 > exponentMax) {
      raise(INEXACT | ROUNDED_UP);
      setInfinity(sign);
    } else setFinite(sign, exp - SCALE_X87, kept);
    return;
  }
  raise(INEXACT);
  if (rounding == TO_NEAREST || (rounding == DOWN && sign != 0) || (rounding == UP && sign == 0)) {
    raise(ROUNDED_UP);
    setInfinity(sign);
  } else setFinite(sign, exponentMax, ~(((1 as u64) << u64(64 - precision)) - 1));
}

function tiny(sign: u32, exp: i32, high: u64, lowPart: u64): void {
  if ((masked & UNDERFLOW) == 0) {
    raise(UNDERFLOW);
    if (unstorable()) return;
    note();
    if (x87Rules) {
      const scaled = exp + i32(carried) + SCALE_X87;
      if (scaled < exponentMin) {
        raise(INEXACT);
        setZero(sign);
      } else setFinite(sign, scaled, kept);
    }
    return;
  }
  if (flushToZero) {
    raise(UNDERFLOW | INEXACT);
    setZero(sign);
    return;
  }
  const shifted = shiftRightSticky(high, lowPart, exponentMin - exp);
  roundBits(sign, shifted, low);
  if (lost) raise(UNDERFLOW);
  note();
  if (kept == 0) setZero(sign);
  else setFinite(sign, exponentMin, kept);
}

/** Rounds (-1)^sign * high:lowPart / 2^127 * 2^exp, bit 63 of high set, to the result. Bit 0 of lowPart may be sticky. */
export function finish(sign: u32, exp: i32, high: u64, lowPart: u64): void {
  roundBits(sign, high, lowPart);
  const rounded = exp + i32(carried);
  if (rounded < exponentMin) {
    tiny(sign, exp, high, lowPart);
    return;
  }
  if (rounded > exponentMax) {
    overflow(sign, rounded);
    return;
  }
  note();
  setFinite(sign, rounded, kept);
}

/** Rounds a sum that is zero: +0, but -0 when rounding down. */
export function finishZeroSum(): void {
  setZero(u32(rounding == DOWN));
}

export function invalid(): void {
  raise(INVALID);
  setDefaultNan();
}

function quieted(sign: u32, sig: u64): void {
  setFinite(sign, 0, sig | QUIET_BIT | TOP_BIT);
  rKind = QUIET;
}

/** The result of an operation on one NaN, the first operand. */
export function propagateA(): void {
  if (aKind == UNSUPPORTED) {
    invalid();
    return;
  }
  if (aKind == SIGNALING) raise(INVALID);
  quieted(aSign, aSig);
}

/** The result of an operation on two operands of which at least one is a NaN (SDM vol. 1, table 4-7). */
export function propagate(): void {
  if (aKind == UNSUPPORTED || bKind == UNSUPPORTED) {
    invalid();
    return;
  }
  if (aKind == SIGNALING || bKind == SIGNALING) raise(INVALID);
  if (aKind < QUIET) quieted(bSign, bSig);
  else if (bKind < QUIET) quieted(aSign, aSig);
  else if (!x87Rules) quieted(aSign, aSig);
  else if (aKind != bKind) {
    if (aKind == QUIET) quieted(aSign, aSig);
    else quieted(bSign, bSig);
  } else if (aSig != bSig ? aSig > bSig : aSign < bSign) quieted(aSign, aSig);
  else quieted(bSign, bSig);
}
