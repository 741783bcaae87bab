// The transcendental instructions with any operands: zeros, infinities, NaNs, denormals (SDM volume 2, the tables of
// each instruction), else the functions of transcendental.ts. a is ST(0), b is ST(1).
import {
  aDenormal, aExp, aKind, aSig, aSign, bDenormal, bKind, bSign, FINITE, INFINITY, QUIET, setA, setFinite, setInfinity,
  setZero, TOP_BIT, ZERO,
} from './number';
import { invalid, propagate, propagateA } from './round';
import { DENORMAL, INEXACT, raise, ZERO_DIVIDE } from './status';
import {
  angle, cosine, exponentialMinusOne, quartersOfPi, sine, tangent, timesLogarithm, timesLogarithmPlusOne,
} from './transcendental';

/** r = 2^a - 1. Beyond -1 .. 1 the result is undefined. */
export function f2xm1Operand(): void {
  if (aKind >= QUIET) {
    propagateA();
    return;
  }
  if (aKind == ZERO) {
    setZero(aSign);
    return;
  }
  if (aKind == INFINITY) {
    if (aSign != 0) setFinite(1, 0, TOP_BIT);
    else setInfinity(0);
    return;
  }
  if (aDenormal) raise(DENORMAL);
  if (aExp >= 0) {
    raise(INEXACT);
    if (aExp == 0 && aSig == TOP_BIT) setFinite(aSign, aSign != 0 ? -1 : 0, TOP_BIT);
    else setA();
    return;
  }
  exponentialMinusOne();
}

/** Is |a| 1? */
function isOne(): bool {
  return aKind == FINITE && aExp == 0 && aSig == TOP_BIT;
}

/** r = b log2 a. */
export function fyl2xOperands(): void {
  if (aKind >= QUIET || bKind >= QUIET) {
    propagate();
    return;
  }
  if (aSign != 0 && aKind != ZERO) {
    invalid();
    return;
  }
  if (aKind == INFINITY) {
    if (bKind == ZERO) {
      invalid();
      return;
    }
    if (bDenormal) raise(DENORMAL);
    setInfinity(bSign);
    return;
  }
  if (aKind == ZERO) {
    if (bKind == ZERO) {
      invalid();
      return;
    }
    if (bKind == FINITE) raise(ZERO_DIVIDE);
    setInfinity(bSign ^ 1);
    return;
  }
  if (bKind == INFINITY) {
    if (isOne()) {
      invalid();
      return;
    }
    if (aDenormal) raise(DENORMAL);
    setInfinity(bSign ^ u32(aExp < 0));
    return;
  }
  if (aDenormal || bDenormal) raise(DENORMAL);
  if (bKind == ZERO) setZero(bSign ^ u32(aExp < 0));
  else if (isOne()) setZero(bSign);
  else timesLogarithm();
}

/** r = b log2 (a + 1). */
export function fyl2xp1Operands(): void {
  if (aKind >= QUIET || bKind >= QUIET) {
    propagate();
    return;
  }
  if (aKind == ZERO) {
    if (bKind == INFINITY) {
      invalid();
      return;
    }
    if (bDenormal) raise(DENORMAL);
    setZero(aSign ^ bSign);
    return;
  }
  if (aKind == INFINITY) {
    if (aSign != 0 || bKind == ZERO) {
      invalid();
      return;
    }
    if (bDenormal) raise(DENORMAL);
    setInfinity(bSign);
    return;
  }
  if (aDenormal || bDenormal) raise(DENORMAL);
  if (bKind == INFINITY) setInfinity(aSign ^ bSign);
  else if (bKind == ZERO) setZero(aSign ^ bSign);
  else if (aSign != 0 && aExp >= 0) {
    // the logarithm of nothing or less: undefined, and not invalid
    raise(INEXACT);
    setA();
  } else timesLogarithmPlusOne();
}

/** r = angle of the point (a, b). */
export function fpatanOperands(): void {
  if (aKind >= QUIET || bKind >= QUIET) {
    propagate();
    return;
  }
  if (aDenormal || bDenormal) raise(DENORMAL);
  if (bKind == INFINITY) quartersOfPi(bSign, aKind != INFINITY ? 2 : aSign != 0 ? 3 : 1);
  else if (aKind == INFINITY || bKind == ZERO) {
    if (aSign != 0) quartersOfPi(bSign, 4);
    else setZero(bSign);
  } else if (aKind == ZERO) quartersOfPi(bSign, 2);
  else angle();
}

/** The number to hand to sine, cosine or tangent? Else r is set: to a zero, or `one` if that is the function of zero. */
function trigonometric(one: bool): bool {
  if (aKind >= QUIET) propagateA();
  else if (aKind == INFINITY) invalid();
  else if (aKind == ZERO) {
    if (one) setFinite(0, 0, TOP_BIT);
    else setZero(aSign);
  } else {
    if (aDenormal) raise(DENORMAL);
    return true;
  }
  return false;
}

/** Beyond 2^63 the trigonometric instructions do nothing but set C2. */
export function outOfRange(): bool {
  return aKind == FINITE && aExp >= 63;
}

export function sineOperand(): void {
  if (trigonometric(false)) sine();
}

export function cosineOperand(): void {
  if (trigonometric(true)) cosine();
}

export function tangentOperand(): void {
  if (trigonometric(false)) tangent();
}
