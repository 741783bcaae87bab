// Which row of the opcode table an instruction is. The table is made by scripts/generate/decode-tables.ts from isa/rows.
import { OPCODE_INDEX, OPCODE_ROWS } from "../generated/decode-tables";
import { MODE_BITS, MODE_CODE64, MODE_PROTECTED } from "../mode";
import { PREFIX_REP, PREFIX_REPNE } from "../op";
import { short } from "./bytes";
import { map, opcode, operandSize16, peekModrm, repeat, rex, vex, vexL, vexPrefix } from "./prefixes";

// Of a candidate row, see scripts/generate/decode-tables.ts.
export const ROW_PREFIX: usize = 2;
export const ROW_DIGIT: usize = 3;
export const ROW_FORM: usize = 4;
export const ROW_EXACT: usize = 5;
export const ROW_OPERANDS: usize = 6;
export const ROW_ATTRIBUTES: usize = 10;
export const ROW_SIZE: usize = 12;
export const ROW_W: usize = 13;
export const FORM_MODRM: u32 = 1;
export const FORM_MEM: u32 = 2;
export const FORM_REG: u32 = 4;
export const FORM_EXACT: u32 = 8;
export const FORM_VEX: u32 = 16;
export const FORM_L0: u32 = 32;
export const FORM_L1: u32 = 64;
export const ATTRIBUTE_LOCK: u32 = 1;
export const ATTRIBUTE_ENDS: u32 = 2;
export const ATTRIBUTE_LONG_INVALID: u32 = 4;
export const ATTRIBUTE_LONG_ONLY: u32 = 8;
export const ATTRIBUTE_SIZE64: u32 = 16;
export const ATTRIBUTE_FORCE64: u32 = 32;
export const ATTRIBUTE_PROTECTED_ONLY: u32 = 64;
export const ATTRIBUTE_ALIGNED: u32 = 128;
export const ATTRIBUTE_PRIVILEGED: u32 = 256;
export const ATTRIBUTE_UNIT_SHIFT: u32 = 9;
export const UNIT_X87: u32 = 1;
export const UNIT_MMX: u32 = 3;
export const UNIT_SSE: u32 = 4;

/** The first candidate that the instruction matches, 0 if it is undefined. */
export function findRow(mode: u32): usize {
  const index = (map << 8) | opcode;
  const long = (mode & MODE_BITS) == MODE_CODE64;
  let row = OPCODE_ROWS + (<usize>load<u16>(OPCODE_INDEX + (index << 2)) << 4);
  for (let left = load<u16>(OPCODE_INDEX + (index << 2), 2); left > 0; left--, row += 16) {
    const form: u32 = load<u8>(row, ROW_FORM);
    if (((form & FORM_VEX) != 0) != vex) continue;
    const wanted: u32 = load<u8>(row, ROW_PREFIX);
    if (vex) {
      // 0 none, 1 66, 2 F3, 3 F2 in VEX.pp; 1 none, 2 66, 3 F2, 4 F3 in the row
      const have: u32 = vexPrefix == 0 ? 1 : vexPrefix == 1 ? 2 : vexPrefix == 2 ? 4 : 3;
      if (wanted != 0 && wanted != have) continue;
      if ((form & FORM_L0) != 0 && vexL != 0) continue;
      if ((form & FORM_L1) != 0 && vexL == 0) continue;
    } else if (wanted != 0) {
      const have: u32 = repeat == PREFIX_REP ? 4 : repeat == PREFIX_REPNE ? 3 : operandSize16 ? 2 : 1;
      if (wanted != have) continue;
    }
    const w: u32 = load<u8>(row, ROW_W);
    if (w != 0 && w - 1 != (rex >> 3) & 1) continue;
    const attributes: u32 = load<u16>(row, ROW_ATTRIBUTES);
    if (long ? (attributes & ATTRIBUTE_LONG_INVALID) != 0 : (attributes & ATTRIBUTE_LONG_ONLY) != 0) continue;
    if ((attributes & ATTRIBUTE_PROTECTED_ONLY) != 0 && (mode & MODE_PROTECTED) == 0) continue;
    if (form & FORM_MODRM) {
      const byte = peekModrm();
      if (short) return 0;
      if ((form & FORM_EXACT) != 0 && byte != load<u8>(row, ROW_EXACT)) continue;
      const digit: u32 = load<u8>(row, ROW_DIGIT);
      if (digit != 255 && digit != ((byte >> 3) & 7)) continue;
      if ((form & FORM_MEM) != 0 && byte >= 0xc0) continue;
      if ((form & FORM_REG) != 0 && byte < 0xc0) continue;
    }
    return row;
  }
  return 0;
}
