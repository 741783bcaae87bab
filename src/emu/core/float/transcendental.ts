// 2^x - 1, y log2 x, y log2 (x + 1), tangent, arctangent, sine, cosine of 80-bit operands, good to far more bits than
// the result has. Only the numbers: special operands are the caller's (ops/x87-transcendental.ts).
import { aExp, aSig, aSign, bExp, bSig, bSign, FINITE, rKind, rSig } from './number';
import {
  addCells, cellExponent, cellHigh, cellIsZero, cellLow, cellSign, copyCell, divideCellBy, divideCells,
  multiplyCells, negateCell, normalizeInto, scaleCell, setCell, subtractCells,
} from './extended';
import { finish } from './round';
import { INEXACT, raise, UNDERFLOW } from './status';
import { setArctangent, setLn2, setLog2e, setPi } from './transcendental-constants';

const ONE: usize = memory.data(24, 8);
const X: usize = memory.data(24, 8);
const Y: usize = memory.data(24, 8);
const SQUARE: usize = memory.data(24, 8);
const TERM: usize = memory.data(24, 8);
const SUM: usize = memory.data(24, 8);
const RESULT: usize = memory.data(24, 8);
const OTHER: usize = memory.data(24, 8);
const TOP: u64 = 0x8000000000000000;

function setOne(cell: usize): void {
  setCell(cell, 0, 0, TOP, 0);
}

function begin(): void {
  setOne(ONE);
  setCell(X, aSign, aExp, aSig, 0);
  setCell(Y, bSign, bExp, bSig, 0);
}

/** The cell, never exact, to the result. */
function deliver(cell: usize): void {
  finish(cellSign(cell), cellExponent(cell), cellHigh(cell), cellLow(cell) | 1);
}

/** r = 2^a - 1, a not zero, |a| at most 1. Horner's rule on e^t - 1 with t = a ln 2. */
export function exponentialMinusOne(): void {
  begin();
  setLn2(TERM);
  multiplyCells(X, X, TERM);
  setOne(SUM);
  for (let k: u32 = 28; k >= 2; k--) {
    multiplyCells(SUM, SUM, X);
    divideCellBy(SUM, SUM, k);
    addCells(SUM, SUM, ONE);
  }
  multiplyCells(RESULT, SUM, X);
  deliver(RESULT);
}

/** to = 2 artanh(X) / ln 2 for |X| up to 0.18. */
function doubleArtanhLog(to: usize): void {
  multiplyCells(SQUARE, X, X);
  setCell(SUM, 0, 0, 0, 0);
  for (let k: i32 = 22; k >= 0; k--) {
    multiplyCells(SUM, SUM, SQUARE);
    divideCellBy(TERM, ONE, 2 * k + 1);
    addCells(SUM, SUM, TERM);
  }
  multiplyCells(SUM, SUM, X);
  setLog2e(TERM);
  multiplyCells(to, SUM, TERM);
  scaleCell(to, 1);
}

/** to = log2 of the positive number in X; true if it is exact. */
function logarithm(to: usize): bool {
  let exponent = cellExponent(X);
  // into sqrt(1/2) .. sqrt(2)
  if (cellHigh(X) > 0xb504f333f9de6484) {
    setCell(X, 0, -1, cellHigh(X), cellLow(X));
    exponent++;
  } else setCell(X, 0, 0, cellHigh(X), cellLow(X));
  addCells(TERM, X, ONE);
  subtractCells(X, X, ONE);
  const exact = cellIsZero(X);
  divideCells(X, X, TERM);
  if (exact) setCell(to, 0, 0, 0, 0);
  else doubleArtanhLog(to);
  if (exponent != 0) {
    const magnitude = u64(exponent < 0 ? -exponent : exponent);
    normalizeInto(TERM, u32(exponent < 0), 63, magnitude, 0);
    addCells(to, to, TERM);
  }
  return exact;
}

/** An exact product is reported as inexact all the same. */
function deliverLogarithm(exact: bool): void {
  if (!exact) {
    deliver(RESULT);
    return;
  }
  finish(cellSign(RESULT), cellExponent(RESULT), cellHigh(RESULT), cellLow(RESULT));
  raise(rKind == FINITE && (rSig & TOP) == 0 ? INEXACT | UNDERFLOW : INEXACT);
}

/** r = b log2 a; a positive and not 1, b not zero, both finite. */
export function timesLogarithm(): void {
  begin();
  const exact = logarithm(RESULT);
  multiplyCells(RESULT, RESULT, Y);
  deliverLogarithm(exact);
}

/** r = b log2 (a + 1); a above -1, neither is zero. */
export function timesLogarithmPlusOne(): void {
  begin();
  let exact = false;
  if (cellExponent(X) < -2) {
    setCell(TERM, 0, 1, TOP, 0);
    addCells(TERM, TERM, X);
    divideCells(X, X, TERM);
    doubleArtanhLog(RESULT);
  } else {
    addCells(X, X, ONE);
    exact = logarithm(RESULT);
  }
  multiplyCells(RESULT, RESULT, Y);
  deliverLogarithm(exact);
}

// ---- arctangent ----

/** to = arctan(X), 0 < X <= 1: arctan c + arctan((x - c) / (1 + x c)) with c the nearest eighth. */
function arctangent(to: usize): void {
  const exponent = cellExponent(X);
  const eighths: u32 = exponent < -4 ? 0 : <u32>((cellHigh(X) >> u64(59 - exponent)) + 1) >> 1;
  if (eighths != 0) {
    normalizeInto(OTHER, 0, 60, eighths, 0);
    multiplyCells(TERM, X, OTHER);
    addCells(TERM, TERM, ONE);
    subtractCells(X, X, OTHER);
    divideCells(X, X, TERM);
  }
  if (cellIsZero(X)) setCell(to, 0, 0, 0, 0);
  else {
    multiplyCells(SQUARE, X, X);
    negateCell(SQUARE);
    setCell(SUM, 0, 0, 0, 0);
    for (let k: i32 = 15; k >= 0; k--) {
      multiplyCells(SUM, SUM, SQUARE);
      divideCellBy(TERM, ONE, 2 * k + 1);
      addCells(SUM, SUM, TERM);
    }
    multiplyCells(to, SUM, X);
  }
  if (eighths != 0) {
    setArctangent(TERM, eighths);
    addCells(to, to, TERM);
  }
}

/** r = the angle of the point (a, b), neither of them zero, in the quadrant of their signs. */
export function angle(): void {
  begin();
  const sign = bSign;
  const left = aSign != 0;
  store<u32>(X, 0, 20);
  store<u32>(Y, 0, 20);
  const steep = bExp > aExp || (bExp == aExp && bSig > aSig);
  if (steep) divideCells(X, X, Y);
  else divideCells(X, Y, X);
  arctangent(RESULT);
  if (steep) {
    setPi(TERM);
    scaleCell(TERM, -1);
    subtractCells(RESULT, TERM, RESULT);
  }
  if (left) {
    setPi(TERM);
    subtractCells(RESULT, TERM, RESULT);
  }
  store<u32>(RESULT, sign, 20);
  deliver(RESULT);
}

/** r = (-1)^sign * quarters * pi / 4. */
export function quartersOfPi(sign: u32, quarters: u32): void {
  setPi(RESULT);
  normalizeInto(TERM, sign, 61, quarters, 0);
  multiplyCells(RESULT, RESULT, TERM);
  deliver(RESULT);
}

// ---- sine and cosine ----

/** X becomes |a| less a multiple of pi / 2, between -pi/4 and pi/4; returns the multiple modulo 4. */
function reduce(): u32 {
  setOne(ONE);
  if (aExp < -1) {
    setCell(X, 0, aExp, aSig, 0);
    return 0;
  }
  // pi has 66 bits here as in all x87s: units of 2^-65 make pi / 2 the integer below, and |a| one of 128 bits.
  const halfPi: u64 = 0x243f6a8885a308d3;
  const halfPiHigh: u64 = 3;
  const shift = u64(aExp + 2);
  let restHigh: u64 = 0;
  let rest: u64 = aSig;
  let quotient: u32 = 0;
  // restHigh:rest stays below 2 * halfPi, that is below 2^67
  for (let i: i64 = i64(shift); ; i--) {
    if (restHigh > halfPiHigh || (restHigh == halfPiHigh && rest >= halfPi)) {
      restHigh = restHigh - halfPiHigh - u64(rest < halfPi);
      rest -= halfPi;
      quotient++;
    }
    if (i == 0) break;
    quotient <<= 1;
    restHigh = (restHigh << 1) | (rest >> 63);
    rest <<= 1;
  }
  // nearer to the next multiple?
  const backHigh = halfPiHigh - restHigh - u64(halfPi < rest);
  const back = halfPi - rest;
  if (restHigh > backHigh || (restHigh == backHigh && rest > back)) {
    quotient++;
    normalizeInto(X, 1, 62, backHigh, back);
  } else normalizeInto(X, 0, 62, restHigh, rest);
  return quotient & 3;
}

/** to = sin(X). */
function sineSeries(to: usize): void {
  multiplyCells(SQUARE, X, X);
  negateCell(SQUARE);
  setOne(SUM);
  for (let k: u32 = 28; k >= 2; k -= 2) {
    multiplyCells(SUM, SUM, SQUARE);
    divideCellBy(SUM, SUM, k * (k + 1));
    addCells(SUM, SUM, ONE);
  }
  multiplyCells(to, SUM, X);
}

/** to = cos(X). */
function cosineSeries(to: usize): void {
  multiplyCells(SQUARE, X, X);
  negateCell(SQUARE);
  setOne(SUM);
  for (let k: u32 = 28; k >= 2; k -= 2) {
    multiplyCells(SUM, SUM, SQUARE);
    divideCellBy(SUM, SUM, k * (k - 1));
    addCells(SUM, SUM, ONE);
  }
  copyCell(to, SUM);
}

/** r = sin a, a not zero, below 2^63. */
export function sine(): void {
  const quarter = reduce();
  if ((quarter & 1) != 0) cosineSeries(RESULT);
  else sineSeries(RESULT);
  if (((quarter >> 1) ^ aSign) != 0) negateCell(RESULT);
  deliver(RESULT);
}

/** r = cos a. */
export function cosine(): void {
  const quarter = reduce();
  if ((quarter & 1) != 0) sineSeries(RESULT);
  else cosineSeries(RESULT);
  if (((quarter + 1) & 2) != 0) negateCell(RESULT);
  deliver(RESULT);
}

/** r = tan a. */
export function tangent(): void {
  const quarter = reduce();
  sineSeries(RESULT);
  cosineSeries(OTHER);
  if ((quarter & 1) != 0) {
    divideCells(RESULT, OTHER, RESULT);
    negateCell(RESULT);
  } else divideCells(RESULT, RESULT, OTHER);
  if (aSign != 0) negateCell(RESULT);
  deliver(RESULT);
}
