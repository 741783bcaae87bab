// MASKMOVDQU and MASKMOVQ: bytes of a register go to DS:rDI where the mask says so. Whether bytes that stay may fault is
// left open by the manuals; AMD's processors check the whole operand, even for a mask of 0, and its alignment by 8.
import { opSegment } from "../op";
import { faulted } from "../fault";
import { checkAlignment, segmentLinear } from "../address";
import { linearAfter, probeWrite, write8 } from "../memory";
import { RDI, addressMask } from "./sized";

/** `from`: address of the register's `size` bytes in the state block; bit i of `mask` selects byte i. */
export function writeMasked(op: usize, from: usize, size: u32, mask: i32): void {
  const linear = segmentLinear(opSegment(op), load<u64>(RDI) & addressMask(op), size, true);
  if (faulted()) return;
  checkAlignment(linear, 8);
  if (faulted()) return;
  probeWrite(linear, size);
  if (faulted()) return;
  for (let rest = mask; rest != 0; rest &= rest - 1) {
    const i = ctz(rest);
    write8(linearAfter(linear, <u32>i), u32(load<u8>(from + i)));
  }
}
