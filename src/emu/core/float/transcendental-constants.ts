// Constants to 128 bits, cut off (pi by Machin's formula, ln 2 = 2 artanh 1/3, arctangents by their series).
import { setCell } from './extended';

/** pi */
export function setPi(cell: usize): void {
  setCell(cell, 0, 1, 0xc90fdaa22168c234, 0xc4c6628b80dc1cd1);
}

/** ln 2 */
export function setLn2(cell: usize): void {
  setCell(cell, 0, -1, 0xb17217f7d1cf79ab, 0xc9e3b39803f2f6af);
}

/** 1 / ln 2 */
export function setLog2e(cell: usize): void {
  setCell(cell, 0, 0, 0xb8aa3b295c17f0bb, 0xbe87fed0691d3e88);
}

/** arctan(k / 8), k 1 to 8: high, low, exponent. */
const ARCTANGENTS: usize = memory.data<u64>([
  0xfeadd4d5617b6e32, 0xc897989f3e888ef7, 0xfffffffffffffffc,
  0xfadbafc96406eb15, 0x6dc79ef5f7a217e5, 0xfffffffffffffffd,
  0xb7b0ca0f26f78473, 0x8aa32122dcfe4483, 0xfffffffffffffffe,
  0xed63382b0dda7b45, 0x6fe445ecbc3a8d03, 0xfffffffffffffffe,
  0x8f005d5ef7f59f9b, 0x5c835e1665c43747, 0xffffffffffffffff,
  0xa4bc7d1934f70924, 0x19a87f2a457dac9e, 0xffffffffffffffff,
  0xb8053e2bc2319e73, 0xcb2da55210a4443d, 0xffffffffffffffff,
  0xc90fdaa22168c234, 0xc4c6628b80dc1cd1, 0xffffffffffffffff,
]);

export function setArctangent(cell: usize, k: u32): void {
  const entry: usize = ARCTANGENTS + (k - 1) * 24;
  setCell(cell, 0, <i32>load<i64>(entry, 16), load<u64>(entry), load<u64>(entry, 8));
}
