// PCLMULQDQ. A carry-less product from ordinary ones: with three holes between the bits that count, sixteen terms at most
// add up below the next bit that counts (only the top place overflows, out of the word).
import { opImm8, opReg } from "../op";
import { faulted } from "../fault";
import { readRmV128 } from "../operands";

const EVERY_4TH: u64 = 0x1111_1111_1111_1111;

/** Low 64 bits of the product. */
function lowProduct(x: u64, y: u64): u64 {
  const x0 = x & EVERY_4TH, x1 = x & (EVERY_4TH << 1), x2 = x & (EVERY_4TH << 2), x3 = x & (EVERY_4TH << 3);
  const y0 = y & EVERY_4TH, y1 = y & (EVERY_4TH << 1), y2 = y & (EVERY_4TH << 2), y3 = y & (EVERY_4TH << 3);
  return (((x0 * y0) ^ (x1 * y3) ^ (x2 * y2) ^ (x3 * y1)) & EVERY_4TH)
    | (((x0 * y1) ^ (x1 * y0) ^ (x2 * y3) ^ (x3 * y2)) & (EVERY_4TH << 1))
    | (((x0 * y2) ^ (x1 * y1) ^ (x2 * y0) ^ (x3 * y3)) & (EVERY_4TH << 2))
    | (((x0 * y3) ^ (x1 * y2) ^ (x2 * y1) ^ (x3 * y0)) & (EVERY_4TH << 3));
}

function reversed(x: u64): u64 {
  x = ((x >> 1) & 0x5555_5555_5555_5555) | ((x & 0x5555_5555_5555_5555) << 1);
  x = ((x >> 2) & 0x3333_3333_3333_3333) | ((x & 0x3333_3333_3333_3333) << 2);
  x = ((x >> 4) & 0x0f0f_0f0f_0f0f_0f0f) | ((x & 0x0f0f_0f0f_0f0f_0f0f) << 4);
  return bswap<u64>(x);
}

export function pclmulqdqVxWxIb(op: usize): void {
  const b = readRmV128(op), a = v128.load(opReg(op));
  if (faulted()) return;
  const x: u64 = opImm8(op) & 1 ? i64x2.extract_lane(a, 1) : i64x2.extract_lane(a, 0);
  const y: u64 = opImm8(op) & 16 ? i64x2.extract_lane(b, 1) : i64x2.extract_lane(b, 0);
  const high = reversed(lowProduct(reversed(x), reversed(y))) >> 1;
  v128.store(opReg(op), i64x2(lowProduct(x, y), high));
}
