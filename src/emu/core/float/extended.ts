// Numbers with 128 significant bits, in which the transcendental functions are computed: cells in memory holding
// high u64, low u64, exponent i32, sign u32. The value is (-1)^sign * high:low / 2^127 * 2^exponent with bit 127 set,
// or zero. Results are cut off, with a sticky last bit in sums.
import { low, multiplyWide, shiftLeft, shiftRightSticky } from './wide';

const RIGHT: usize = memory.data(24, 8);

// @ts-ignore: decorator
@inline export function cellHigh(cell: usize): u64 { return load<u64>(cell); }
// @ts-ignore: decorator
@inline export function cellLow(cell: usize): u64 { return load<u64>(cell, 8); }
// @ts-ignore: decorator
@inline export function cellExponent(cell: usize): i32 { return load<i32>(cell, 16); }
// @ts-ignore: decorator
@inline export function cellSign(cell: usize): u32 { return load<u32>(cell, 20); }

export function setCell(cell: usize, sign: u32, exponent: i32, high: u64, lowPart: u64): void {
  store<u64>(cell, high);
  store<u64>(cell, lowPart, 8);
  store<i32>(cell, exponent, 16);
  store<u32>(cell, sign, 20);
}

export function copyCell(to: usize, from: usize): void {
  setCell(to, cellSign(from), cellExponent(from), cellHigh(from), cellLow(from));
}

/** Any high:low, shifted until bit 127 is set. */
export function normalizeInto(cell: usize, sign: u32, exponent: i32, high: u64, lowPart: u64): void {
  if ((high | lowPart) == 0) {
    setCell(cell, sign, 0, 0, 0);
    return;
  }
  const shift = high != 0 ? i32(clz(high)) : 64 + i32(clz(lowPart));
  const shifted = shiftLeft(high, lowPart, shift);
  setCell(cell, sign, exponent - shift, shifted, low);
}

export function negateCell(cell: usize): void {
  store<u32>(cell, cellSign(cell) ^ 1, 20);
}

/** Adds or takes a power of two: multiplies by 2^count. */
export function scaleCell(cell: usize, count: i32): void {
  store<i32>(cell, cellExponent(cell) + count, 16);
}

// @ts-ignore: decorator
@inline export function cellIsZero(cell: usize): bool { return (cellHigh(cell) | cellLow(cell)) == 0; }

/** to = a + b. */
export function addCells(to: usize, a: usize, b: usize): void {
  if (cellIsZero(a)) {
    copyCell(to, b);
    return;
  }
  if (cellIsZero(b)) {
    copyCell(to, a);
    return;
  }
  const distance = cellExponent(a) - cellExponent(b);
  const first = distance > 0 || (distance == 0 && larger(a, b)) ? a : b;
  const second = first == a ? b : a;
  const high = cellHigh(first);
  const lowPart = cellLow(first);
  const sign = cellSign(first);
  const exponent = cellExponent(first);
  const other = shiftRightSticky(cellHigh(second), cellLow(second), distance < 0 ? -distance : distance);
  const otherLow = low;
  if (sign != cellSign(second)) {
    normalizeInto(to, sign, exponent, high - other - u64(lowPart < otherLow), lowPart - otherLow);
    return;
  }
  const sumLow = lowPart + otherLow;
  const carryLow = u64(sumLow < lowPart);
  const sum = high + other;
  const sumHigh = sum + carryLow;
  if (sum < high || sumHigh < sum) {
    setCell(to, sign, exponent + 1, (sumHigh >> 1) | 0x8000000000000000, (sumHigh << 63) | (sumLow >> 1) | (sumLow & 1));
  } else setCell(to, sign, exponent, sumHigh, sumLow);
}

/** |a| >= |b| at equal exponents. */
function larger(a: usize, b: usize): bool {
  return cellHigh(a) != cellHigh(b) ? cellHigh(a) > cellHigh(b) : cellLow(a) >= cellLow(b);
}

/** to = a - b. */
export function subtractCells(to: usize, a: usize, b: usize): void {
  copyCell(RIGHT, b);
  negateCell(RIGHT);
  addCells(to, a, RIGHT);
}

/** to = a * b, to some units of the last place. */
export function multiplyCells(to: usize, a: usize, b: usize): void {
  const sign = cellSign(a) ^ cellSign(b);
  const exponent = cellExponent(a) + cellExponent(b) + 1;
  const cross1 = multiplyWide(cellHigh(a), cellLow(b));
  const cross2 = multiplyWide(cellLow(a), cellHigh(b));
  const high = multiplyWide(cellHigh(a), cellHigh(b));
  const sum = low + cross1;
  const total = sum + cross2;
  normalizeInto(to, sign, exponent, high + u64(sum < cross1) + u64(total < cross2), total);
}

/** to = a / n. */
export function divideCellBy(to: usize, a: usize, n: u32): void {
  const divisor = u64(n);
  let high = cellHigh(a);
  const lowPart = cellLow(a);
  let digit = high >> 32;
  let q = digit / divisor;
  let quotient = q << 32;
  let rest = digit - q * divisor;
  digit = (rest << 32) | (high & 0xffffffff);
  q = digit / divisor;
  quotient |= q;
  rest = digit - q * divisor;
  high = quotient;
  digit = (rest << 32) | (lowPart >> 32);
  q = digit / divisor;
  quotient = q << 32;
  rest = digit - q * divisor;
  digit = (rest << 32) | (lowPart & 0xffffffff);
  q = digit / divisor;
  normalizeInto(to, cellSign(a), cellExponent(a), high, quotient | q);
}

/** to = a / b, bit by bit; b is not zero. */
export function divideCells(to: usize, a: usize, b: usize): void {
  if (cellIsZero(a)) {
    setCell(to, cellSign(a) ^ cellSign(b), 0, 0, 0);
    return;
  }
  const divisor = cellHigh(b);
  const divisorLow = cellLow(b);
  let rest = cellHigh(a);
  let restLow = cellLow(a);
  let exponent = cellExponent(a) - cellExponent(b);
  let carry = false;
  if (!larger(a, b)) {
    exponent--;
    carry = (rest >> 63) != 0;
    rest = (rest << 1) | (restLow >> 63);
    restLow <<= 1;
  }
  let high: u64 = 0;
  let lowPart: u64 = 0;
  for (let i = 0; i < 128; i++) {
    high = (high << 1) | (lowPart >> 63);
    lowPart <<= 1;
    if (carry || rest > divisor || (rest == divisor && restLow >= divisorLow)) {
      rest = rest - divisor - u64(restLow < divisorLow);
      restLow -= divisorLow;
      lowPart |= 1;
    }
    carry = (rest >> 63) != 0;
    rest = (rest << 1) | (restLow >> 63);
    restLow <<= 1;
  }
  setCell(to, cellSign(a) ^ cellSign(b), exponent, high, lowPart | u64((rest | restLow) != 0));
}
