// From operands to linear addresses: segmentation with its types and limits.
import { ALIGNMENT_CHECK, MODE, SEG_ATTR, SEG_BASE, SEG_LIMIT } from "./generated/layout";
import { raiseCode, VECTOR_AC, VECTOR_GP, VECTOR_SS } from "./fault";
import { canonical } from "./mmu";
import { MODE_BITS, MODE_CODE64, MODE_PROTECTED, SEG_FS, SEG_SS } from "./mode";
import { ADDRESS_16, ADDRESS_64, ADDRESS_FLAT64, opAddressKind, opSegment } from "./op";

/** Offset of the memory operand within its segment. */
export function effective(op: usize): u64 {
  const sum = load<u64>(load<u16>(op, 12)) + (load<u64>(load<u16>(op, 14)) << u64(load<u8>(op, 20))) + i64(load<i32>(op, 16));
  switch (opAddressKind(op)) {
    case ADDRESS_FLAT64:
    case ADDRESS_64: return sum;
    case ADDRESS_16: return sum & 0xffff;
    default: return sum & 0xffff_ffff;
  }
}

/** Linear address of the memory operand, checked for `size` bytes. */
export function linearOf(op: usize, size: u32, write: bool): u64 {
  return segmentLinear(opSegment(op), effective(op), size, write);
}

/** What a segment adds to offsets. */
export function segmentBase(segment: u32): u64 {
  return segment < SEG_FS && (load<u32>(MODE) & MODE_BITS) == MODE_CODE64 ? 0 : load<u64>(SEG_BASE + (segment << 3));
}

/** Linear address of an offset in a segment; raises #GP or #SS when it may not be accessed so, then #AC. */
export function segmentLinear(segment: u32, offset: u64, size: u32, write: bool): u64 {
  let linear: u64;
  if ((load<u32>(MODE) & MODE_BITS) == MODE_CODE64) {
    linear = segment >= SEG_FS ? offset + load<u64>(SEG_BASE + (segment << 3)) : offset;
    if (!canonical(linear) || !canonical(linear + size - 1)) {
      raiseCode(segment == SEG_SS ? VECTOR_SS : VECTOR_GP, 0);
      return 0;
    }
  } else {
    if (!withinLimit(segment, <u32>offset, size, write)) {
      raiseCode(segment == SEG_SS ? VECTOR_SS : VECTOR_GP, 0);
      return 0;
    }
    linear = (offset + load<u64>(SEG_BASE + (segment << 3))) & 0xffff_ffff;
  }
  if (size <= 8) checkAlignment(linear, size);
  return linear;
}

/** #AC for an operand of CPL 3 that is not aligned to `alignment` bytes, where that is asked for. */
export function checkAlignment(linear: u64, alignment: u32): void {
  if (load<u32>(ALIGNMENT_CHECK) != 0 && (linear & u64(alignment - 1)) != 0) raiseCode(VECTOR_AC, 0);
}

/** Type and limit of a segment outside 64-bit mode (SDM volume 3, 5.3 and 5.5). */
function withinLimit(segment: u32, offset: u32, size: u32, write: bool): bool {
  const attr = load<u32>(SEG_ATTR + (segment << 2));
  const limit = load<u32>(SEG_LIMIT + (segment << 2));
  const last = u64(offset) + size - 1;
  if (load<u32>(MODE) & MODE_PROTECTED) {
    if ((attr & 0x1_0000) != 0 || (attr & 0x80) == 0) return false;
    if (attr & 8) { // code: readable or not, never writable
      if (write || (attr & 2) == 0) return false;
    } else {
      if (write && (attr & 2) == 0) return false;
      if (attr & 4) { // expand-down
        const top: u64 = attr & 0x4000 ? 0xffff_ffff : 0xffff;
        return offset > limit && last <= top;
      }
    }
  }
  return last <= u64(limit);
}
