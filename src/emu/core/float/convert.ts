// Conversions: among the floating-point formats, to and from integers, to integral values.
import {
  aDenormal, aExp, aKind, aSig, aSign, INFINITY, QUIET, setA, setFinite, setInfinity, setZero, TOP_BIT, ZERO,
} from './number';
import { finish, propagateA } from './round';
import {
  DENORMAL, DOWN, INEXACT, INVALID, raise, ROUNDED_UP, TO_NEAREST, UP, x87Rules,
} from './status';

/** r = a in the format of status.ts. x87 stores don't report a denormal operand: the caller clears `loading`. */
export function convert(loading: bool = true): void {
  if (aKind >= QUIET) {
    propagateA();
    return;
  }
  if (aKind == INFINITY) setInfinity(aSign);
  else if (aKind == ZERO) setZero(aSign);
  else {
    if (aDenormal && loading) raise(DENORMAL);
    finish(aSign, aExp, aSig, 0);
  }
}

/** Magnitude of a, below 2^64, rounded to an integer; inexactness and direction are left in the two flags. */
let inexact: bool = false;
let away: bool = false;

function integral(mode: u32): u64 {
  let whole: u64 = 0;
  let fraction: u64 = 0;
  if (aExp >= 0) {
    whole = aSig >> u64(63 - aExp);
    fraction = aExp == 63 ? 0 : aSig << u64(aExp + 1);
  } else if (aExp == -1) fraction = aSig;
  else fraction = 1;
  inexact = fraction != 0;
  away = false;
  if (inexact) {
    if (mode == TO_NEAREST) away = fraction > TOP_BIT || (fraction == TOP_BIT && (whole & 1) != 0);
    else if (mode == DOWN) away = aSign != 0;
    else if (mode == UP) away = aSign == 0;
  }
  return whole + u64(away);
}

/**
 * a rounded by `mode` to a signed integer of `bits` bits (16, 32, 64), sign-extended. What does not fit raises
 * the invalid exception and gives the integer indefinite, the smallest number.
 */
export function toInteger(bits: u32, mode: u32): i64 {
  if (aKind == ZERO) return 0;
  const limit: u64 = (1 as u64) << u64(bits - 1);
  if (aKind < INFINITY && aExp < 64) {
    const magnitude = integral(mode);
    if (!(away && magnitude == 0) && (magnitude < limit || (magnitude == limit && aSign != 0))) {
      if (inexact) raise(away ? INEXACT | ROUNDED_UP : INEXACT);
      return aSign != 0 ? -i64(magnitude) : i64(magnitude);
    }
  }
  raise(INVALID);
  return -i64(limit);
}

/** Magnitude of a rounded by `mode`, for FBSTP; -1 if it does not fit into 18 decimal digits (not raised here). */
export function toDecimal(mode: u32): i64 {
  if (aKind == ZERO) return 0;
  if (aKind >= INFINITY || aExp >= 60) return -1;
  const magnitude = integral(mode);
  if (magnitude > 999999999999999999) return -1;
  if (inexact) raise(away ? INEXACT | ROUNDED_UP : INEXACT);
  return i64(magnitude);
}

/** r = a rounded by `mode` to an integral value; unless `silent`, inexactness is reported. */
export function toIntegral(mode: u32, silent: bool): void {
  if (aKind >= QUIET) {
    propagateA();
    return;
  }
  if (aKind == ZERO || aKind == INFINITY) {
    setA();
    return;
  }
  if (aDenormal && x87Rules) raise(DENORMAL);
  if (aExp >= 63) {
    setA();
    return;
  }
  const whole = integral(mode);
  if (inexact && !silent) raise(away ? INEXACT | ROUNDED_UP : INEXACT);
  if (whole == 0) {
    setZero(aSign);
    return;
  }
  const shift = i32(clz(whole));
  setFinite(aSign, 63 - shift, whole << u64(shift));
}
