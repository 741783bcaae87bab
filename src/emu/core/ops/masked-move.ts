// MASKMOVDQU and MASKMOVQ: bytes of a register go to DS:rDI where the mask says so. Nothing is written, and nothing
// faults, where it does not.
import { opSegment } from "../op";
import { faulted } from "../fault";
import { probeWrite, segmentLinear, write8 } from "../memory";
import { RDI, addressMask } from "./sized";

/** `from`: address of the register in the state block; bit i of `mask` selects byte i. */
export function writeMasked(op: usize, from: usize, mask: i32): void {
  const offset = load<u64>(RDI) & addressMask(op);
  for (let pass = 0; pass < 2; pass++) {
    for (let rest = mask; rest != 0; rest &= rest - 1) {
      const i = ctz(rest);
      const linear = segmentLinear(opSegment(op), (offset + u64(i)) & addressMask(op), 1, true);
      if (faulted()) return;
      if (pass == 0) probeWrite(linear, 1);
      else write8(linear, u32(load<u8>(from + i)));
      if (faulted()) return;
    }
  }
}
