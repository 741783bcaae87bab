// Memory operands: ModRM, SIB, displacement and segment as the fields of an op.
import { CODE_PAGE, GPR, SEG_BASE, ZERO } from "../generated/layout";
import { MODE_BITS, MODE_CODE32, MODE_CODE64, SEG_DS, SEG_FS, SEG_SS } from "../mode";
import { ADDRESS_16, ADDRESS_32, ADDRESS_32_LONG, ADDRESS_64, ADDRESS_FLAT64 } from "../op";
import { next16, next32, next8 } from "./bytes";
import { addressSizePrefix, modrm, opcode, rex, segmentOverride } from "./prefixes";

/** Address kind and segment as they are without a memory operand. */
export function setAddressing(op: usize, mode: u32): void {
  const bits = mode & MODE_BITS;
  let kind: u32;
  if (bits == MODE_CODE64) {
    kind = addressSizePrefix ? ADDRESS_32_LONG : segmentOverride > SEG_FS ? ADDRESS_64 : ADDRESS_FLAT64;
  } else kind = (bits == MODE_CODE32) != addressSizePrefix ? ADDRESS_32 : ADDRESS_16;
  store<u8>(op, <u8>kind, 21);
  store<u8>(op, <u8>(segmentOverride ? segmentOverride - 1 : SEG_DS), 22);
  store<u16>(op, <u16>ZERO, 12);
  store<u16>(op, <u16>ZERO, 14);
}

/** ModRM, SIB and displacement of a memory operand. True: RIP-relative, the length is still to be added. */
export function memoryOperand(op: usize, mode: u32): bool {
  const kind: u32 = load<u8>(op, 21);
  if (kind == ADDRESS_16) {
    memoryOperand16(op);
    return false;
  }
  const mod = modrm >> 6;
  let base = modrm & 7;
  let stack = false;
  let relative = false;
  if (base == 4) {
    const sib = next8();
    const index = ((sib >> 3) & 7) | ((rex & 2) << 2);
    base = sib & 7;
    if (index != 4) {
      store<u16>(op, <u16>(GPR + (index << 3)), 14);
      store<u8>(op, <u8>(sib >> 6), 20);
    }
    if (base == 5 && mod == 0) {
      store<u32>(op, next32(), 16);
    } else {
      base |= (rex & 1) << 3;
      store<u16>(op, <u16>(GPR + (base << 3)), 12);
      stack = base == 4 || base == 5;
    }
  } else if (base == 5 && mod == 0) {
    store<u32>(op, next32(), 16);
    if ((mode & MODE_BITS) == MODE_CODE64) {
      store<u16>(op, <u16>CODE_PAGE, 12);
      relative = true;
    }
  } else {
    base |= (rex & 1) << 3;
    store<u16>(op, <u16>(GPR + (base << 3)), 12);
    stack = base == 5;
  }
  if (mod == 1) store<i32>(op, <i32><i8>next8(), 16);
  else if (mod == 2) store<u32>(op, next32(), 16);
  if (stack && segmentOverride == 0) store<u8>(op, <u8>SEG_SS, 22);
  if (kind == ADDRESS_64 && opcode != 0x8d) flattenSegment(op);
  return relative;
}

/** An FS or GS base takes the place of an absent index or base register, so that the address is a flat one. */
function flattenSegment(op: usize): void {
  const base = SEG_BASE + (<usize>load<u8>(op, 22) << 3);
  if (load<u16>(op, 14) == ZERO) {
    store<u16>(op, <u16>base, 14);
    store<u8>(op, 0, 20);
  } else if (load<u16>(op, 12) == ZERO) store<u16>(op, <u16>base, 12);
  else return;
  store<u8>(op, <u8>ADDRESS_FLAT64, 21);
  store<u8>(op, <u8>SEG_DS, 22);
}

const BASE16: usize = memory.data<u8>([3, 3, 5, 5, 6, 7, 5, 3]);
const INDEX16: usize = memory.data<u8>([6, 7, 6, 7, 255, 255, 255, 255]);

function memoryOperand16(op: usize): void {
  const mod = modrm >> 6;
  const rm = modrm & 7;
  if (mod == 0 && rm == 6) {
    store<u32>(op, next16(), 16);
    return;
  }
  store<u16>(op, <u16>(GPR + (<usize>load<u8>(BASE16 + rm) << 3)), 12);
  const index = load<u8>(INDEX16 + rm);
  if (index != 255) store<u16>(op, <u16>(GPR + (<usize>index << 3)), 14);
  if (mod == 1) store<i32>(op, <i32><i8>next8(), 16);
  else if (mod == 2) store<i32>(op, <i32><i16>next16(), 16);
  if ((rm == 2 || rm == 3 || rm == 6) && segmentOverride == 0) store<u8>(op, <u8>SEG_SS, 22);
}
