// Bytes to ops. What an opcode means stands in the tables made from isa/rows; here are prefixes, ModRM, SIB,
// displacements, immediates, and the reasons for #UD and #GP that are known before execution (SDM volume 2, chapter 2).
import {
  GPR, ZERO, SCRATCH, CODE_PAGE, SEG_BASE, XMM, FPR,
} from "./generated/layout";
import {
  OPCODE_INDEX, OPCODE_ROWS, OPERAND_REG_BYTE, OPERAND_REG, OPERAND_RM_BYTE, OPERAND_RM, OPERAND_MEMORY, OPERAND_VVVV,
  OPERAND_OPCODE_BYTE, OPERAND_OPCODE, OPERAND_MOFFS, OPERAND_IMM_BYTE, OPERAND_IMM_BYTE_SIGNED, OPERAND_IMM_WORD,
  OPERAND_IMM_Z, OPERAND_IMM_V, OPERAND_IMM_WORD_BYTE, OPERAND_JUMP_BYTE, OPERAND_JUMP_Z, OPERAND_FAR_POINTER,
  OPERAND_SEGMENT, OPERAND_CONTROL, OPERAND_DEBUG, OPERAND_REG_XMM, OPERAND_RM_XMM, OPERAND_REG_MMX, OPERAND_RM_MMX,
  OPERAND_STACK,
} from "./generated/decode-tables";
import { OP_INVALID, OP_PROTECTED, OP_NO_DEVICE } from "./generated/fast";
import { fastForm, isConditional } from "./specialise";
import {
  ADDRESS_FLAT64, ADDRESS_64, ADDRESS_32, ADDRESS_16, ADDRESS_32_LONG,
  PREFIX_LOCK, PREFIX_REP, PREFIX_REPNE, PREFIX_REX_W, PREFIX_66, PREFIX_VEX_L, PREFIX_ALIGNED,
} from "./op";
import {
  MODE_BITS, MODE_CODE32, MODE_CODE64, MODE_PROTECTED, MODE_USER, MODE_RING12, MODE_TS, MODE_EM, MODE_OSFXSR, SEG_SS,
  SEG_DS, SEG_FS,
} from "./mode";

export const LONGEST_INSTRUCTION: u32 = 15;

// Of a candidate row, see scripts/generate/decode-tables.ts.
const ROW_PREFIX: usize = 2;
const ROW_DIGIT: usize = 3;
const ROW_FORM: usize = 4;
const ROW_EXACT: usize = 5;
const ROW_OPERANDS: usize = 6;
const ROW_ATTRIBUTES: usize = 10;
const ROW_SIZE: usize = 12;
const ROW_W: usize = 13;
const FORM_MODRM: u32 = 1;
const FORM_MEM: u32 = 2;
const FORM_REG: u32 = 4;
const FORM_EXACT: u32 = 8;
const FORM_VEX: u32 = 16;
const FORM_L0: u32 = 32;
const FORM_L1: u32 = 64;
const ATTRIBUTE_LOCK: u32 = 1;
const ATTRIBUTE_ENDS: u32 = 2;
const ATTRIBUTE_LONG_INVALID: u32 = 4;
const ATTRIBUTE_LONG_ONLY: u32 = 8;
const ATTRIBUTE_SIZE64: u32 = 16;
const ATTRIBUTE_FORCE64: u32 = 32;
const ATTRIBUTE_PROTECTED_ONLY: u32 = 64;
const ATTRIBUTE_ALIGNED: u32 = 128;
const ATTRIBUTE_PRIVILEGED: u32 = 256;
const ATTRIBUTE_UNIT_SHIFT: u32 = 9;
const UNIT_X87: u32 = 1;
const UNIT_MMX: u32 = 3;
const UNIT_SSE: u32 = 4;

// The instruction being decoded.
let source: usize = 0;
let at: u32 = 0;
let available: u32 = 0;
let short: bool = false;
let operandSize16: bool = false;
let addressSizePrefix: bool = false;
let repeat: u32 = 0;
let lock: bool = false;
let segmentOverride: u32 = 0; // segment + 1
let rex: u32 = 0;
let vex: bool = false;
let vexL: u32 = 0;
let vvvv: u32 = 0;
let modrm: u32 = 0;
let modrmRead: bool = false;

/** Of the last decode: nothing may follow in the same block. */
export let decodedEnds: bool = false;

function next8(): u32 {
  if (at >= available) {
    short = true;
    return 0;
  }
  return load<u8>(source + at++);
}

function next16(): u32 {
  const low = next8();
  return low | (next8() << 8);
}

function next32(): u32 {
  const low = next16();
  return low | (next16() << 16);
}

function next64(): u64 {
  const low = u64(next32());
  return low | (u64(next32()) << 32);
}

/**
 * Decodes the instruction at `host`, of which `bytes` bytes can be read, into `op`. Returns its length, 0 if it does
 * not end within them. An instruction that can't run becomes an op that raises.
 */
export function decode(host: usize, bytes: u32, pageOffset: u32, mode: u32, op: usize): u32 {
  source = host;
  at = 0;
  available = min(bytes, LONGEST_INSTRUCTION);
  short = false;
  decodedEnds = false;
  memory.fill(op, 0, 32);
  store<u16>(op, <u16>pageOffset, 4);
  const handler = decodeInto(op, mode, pageOffset);
  if (short) {
    if (available < LONGEST_INSTRUCTION) return 0;
    store<u16>(op, <u16>OP_PROTECTED);
    decodedEnds = true;
    store<u8>(op, <u8>LONGEST_INSTRUCTION, 2);
    return LONGEST_INSTRUCTION;
  }
  store<u16>(op, <u16>handler);
  store<u8>(op, <u8>at, 2);
  if (handler == OP_INVALID || handler == OP_PROTECTED || handler == OP_NO_DEVICE) decodedEnds = true;
  return at;
}

/** Prefixes and opcode; returns the number of the handler. */
function decodeInto(op: usize, mode: u32, pageOffset: u32): u32 {
  const bits = mode & MODE_BITS;
  const long = bits == MODE_CODE64;
  operandSize16 = addressSizePrefix = lock = vex = modrmRead = false;
  repeat = segmentOverride = rex = vexL = vvvv = 0;
  let map: u32 = 0;
  let vexPrefix: u32 = 0;
  let opcode: u32;
  while (true) {
    opcode = next8();
    if (short) return 0;
    if (long && (opcode & 0xf0) == 0x40) {
      rex = opcode;
      continue;
    }
    let prefix = true;
    switch (opcode) {
      case 0x26: case 0x2e: case 0x36: case 0x3e:
        if (!long) segmentOverride = ((opcode >> 3) & 3) + 1;
        break;
      case 0x64: case 0x65: segmentOverride = opcode - 0x64 + SEG_FS + 1; break;
      case 0x66: operandSize16 = true; break;
      case 0x67: addressSizePrefix = true; break;
      case 0xf0: lock = true; break;
      case 0xf2: repeat = PREFIX_REPNE; break;
      case 0xf3: repeat = PREFIX_REP; break;
      default: prefix = false;
    }
    if (!prefix) break;
    rex = 0;
  }
  if (opcode == 0x0f) {
    opcode = next8();
    map = 1;
    if (opcode == 0x38 || opcode == 0x3a) {
      map = opcode == 0x38 ? 2 : 3;
      opcode = next8();
    }
  } else if (opcode == 0xc4 || opcode == 0xc5) {
    const following = next8();
    if (short) return 0;
    if (long || (following & 0xc0) == 0xc0) {
      if ((mode & MODE_PROTECTED) == 0 || rex != 0 || lock || repeat != 0 || operandSize16) return OP_INVALID;
      vex = true;
      let last = following;
      if (opcode == 0xc5) {
        rex = 0x40 | (following & 0x80 ? 0 : 4);
        map = 1;
      } else {
        last = next8();
        rex = 0x40 | ((~following >> 5) & 7) | ((last >> 4) & 8);
        map = following & 31;
        if (map < 1 || map > 3) return OP_INVALID;
      }
      if (!long) rex &= 0x48;
      vvvv = (~last >> 3) & (long ? 15 : 7);
      vexL = (last >> 2) & 1;
      vexPrefix = last & 3;
      opcode = next8();
    } else at--;
  }
  if (short) return 0;
  const row = findRow((map << 8) | opcode, vexPrefix, mode);
  if (short) return 0;
  if (row == 0) return OP_INVALID;
  return fill(op, row, opcode, mode, pageOffset);
}

function peekModrm(): u32 {
  if (!modrmRead) {
    modrm = next8();
    modrmRead = true;
  }
  return modrm;
}

/** The first candidate that the instruction matches, 0 if it is undefined. */
function findRow(index: u32, vexPrefix: u32, mode: u32): usize {
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

// @ts-ignore: decorator
@inline function byteRegister(number: u32): usize {
  return rex == 0 && number >= 4 && number < 8 ? GPR + ((number - 4) << 3) + 1 : GPR + (number << 3);
}

/** Operands of the chosen row. Returns the number of the handler. */
function fill(op: usize, row: usize, opcode: u32, mode: u32, pageOffset: u32): u32 {
  const long = (mode & MODE_BITS) == MODE_CODE64;
  const attributes: u32 = load<u16>(row, ROW_ATTRIBUTES);
  const rexW = (rex & 8) != 0;
  const mandatory66 = load<u8>(row, ROW_PREFIX) == 2;
  const small = operandSize16 && !mandatory66;
  let size: u32;
  if (long) {
    if (attributes & ATTRIBUTE_FORCE64) size = 8;
    else if (rexW) size = 8;
    else if (small) size = 2;
    else size = attributes & ATTRIBUTE_SIZE64 ? 8 : 4;
  } else size = ((mode & MODE_BITS) == MODE_CODE32) != small ? 4 : 2;
  const full = size;
  const rule: u32 = load<u8>(row, ROW_SIZE);
  if (rule == 9) size = long && rexW ? 8 : 4;
  else if (rule != 0) size = rule;

  setAddressing(op, mode);
  store<u8>(op, <u8>size, 3);
  let flags: u32 = repeat;
  if (lock) flags |= PREFIX_LOCK;
  if (rexW) flags |= PREFIX_REX_W;
  if (operandSize16) flags |= PREFIX_66;
  if (vexL) flags |= PREFIX_VEX_L;
  if (attributes & ATTRIBUTE_ALIGNED) flags |= PREFIX_ALIGNED;
  store<u8>(op, <u8>flags, 23);

  let registerForm = true;
  let ripRelative = false;
  const form: u32 = load<u8>(row, ROW_FORM);
  if (form & FORM_MODRM) {
    const operands = load<u32>(row, ROW_OPERANDS);
    const special = holds(operands, OPERAND_CONTROL) || holds(operands, OPERAND_DEBUG);
    const number = modrm & 7;
    if (modrm >= 0xc0 || special) store<u16>(op, <u16>(GPR + ((number | ((rex & 1) << 3)) << 3)), 10);
    else {
      registerForm = false;
      ripRelative = memoryOperand(op, mode, opcode);
    }
  }
  let rmOperand = false;
  for (let i: u32 = 0; i < 4; i++) {
    const code: u32 = load<u8>(row + ROW_OPERANDS + i);
    if (code == 0) continue;
    const reg = ((modrm >> 3) & 7) | ((rex & 4) << 1);
    const rm = (modrm & 7) | ((rex & 1) << 3);
    switch (code) {
      case OPERAND_REG_BYTE: store<u16>(op, <u16>byteRegister(reg), 8); break;
      case OPERAND_REG: store<u16>(op, <u16>(GPR + (reg << 3)), 8); break;
      case OPERAND_RM_BYTE: if (registerForm) store<u16>(op, <u16>byteRegister(rm), 10); break;
      case OPERAND_RM:
      case OPERAND_MEMORY: break;
      case OPERAND_VVVV: store<u16>(op, <u16>(GPR + (vvvv << 3)), 30); break;
      case OPERAND_OPCODE_BYTE: store<u16>(op, <u16>byteRegister((opcode & 7) | ((rex & 1) << 3)), 10); break;
      case OPERAND_OPCODE: store<u16>(op, <u16>(GPR + (((opcode & 7) | ((rex & 1) << 3)) << 3)), 10); break;
      case OPERAND_MOFFS: {
        const kind = load<u8>(op, 21);
        store<u64>(op, kind <= ADDRESS_64 ? next64() : kind == ADDRESS_16 ? u64(next16()) : u64(next32()), 24);
        break;
      }
      case OPERAND_IMM_BYTE: store<u64>(op, (load<u64>(op, 24) & (vex ? 0xffff_0000_0000_0000 : 0)) | u64(next8()), 24); break;
      case OPERAND_IMM_BYTE_SIGNED: store<i64>(op, i64(<i8>next8()), 24); break;
      case OPERAND_IMM_WORD: store<u64>(op, u64(next16()), 24); break;
      case OPERAND_IMM_Z: store<i64>(op, full == 2 ? i64(<i16>next16()) : i64(<i32>next32()), 24); break;
      case OPERAND_IMM_V:
        store<i64>(op, size == 2 ? i64(<i16>next16()) : size == 8 ? <i64>next64() : i64(<i32>next32()), 24);
        break;
      case OPERAND_IMM_WORD_BYTE: {
        const word = next16();
        store<u64>(op, u64(word | (next8() << 16)), 24);
        break;
      }
      case OPERAND_JUMP_BYTE: store<i64>(op, i64(<i8>next8()), 24); break;
      case OPERAND_JUMP_Z: store<i64>(op, full == 2 ? i64(<i16>next16()) : i64(<i32>next32()), 24); break;
      case OPERAND_FAR_POINTER: {
        const offset = full == 2 ? next16() : next32();
        store<u64>(op, u64(offset) | (u64(next16()) << 32), 24);
        break;
      }
      case OPERAND_SEGMENT: store<u16>(op, <u16>((modrm >> 3) & 7), 8); break;
      case OPERAND_CONTROL:
      case OPERAND_DEBUG: store<u16>(op, <u16>reg, 8); break;
      case OPERAND_REG_XMM: store<u16>(op, <u16>(XMM + (reg << 5)), 8); break;
      case OPERAND_RM_XMM: if (registerForm) store<u16>(op, <u16>(XMM + (rm << 5)), 10); break;
      case OPERAND_REG_MMX: store<u16>(op, <u16>(FPR + ((reg & 7) << 4)), 8); break;
      case OPERAND_RM_MMX: if (registerForm) store<u16>(op, <u16>(FPR + ((rm & 7) << 4)), 10); break;
      case OPERAND_STACK:
        store<u16>(op, <u16>SCRATCH, 10);
        break;
      default: break;
    }
    if (code == OPERAND_RM || code == OPERAND_RM_BYTE || code == OPERAND_MEMORY) rmOperand = true;
  }
  if (short) return 0;
  if (ripRelative) store<i32>(op, load<i32>(op, 16) + <i32>(pageOffset + at), 16);
  if (lock && ((attributes & ATTRIBUTE_LOCK) == 0 || registerForm || !rmOperand)) return OP_INVALID;
  const unit = (attributes >> ATTRIBUTE_UNIT_SHIFT) & 7;
  const forbidden = unitFault(unit, mode);
  if (forbidden) return forbidden;
  // x87 instructions have no immediate: what the error pointers keep of the opcode stands there.
  if (unit == UNIT_X87) store<u64>(op, u64(((opcode & 7) << 8) | modrm), 24);
  if ((attributes & ATTRIBUTE_PRIVILEGED) != 0 && (mode & (MODE_USER | MODE_RING12)) != 0) return OP_PROTECTED;
  const handler = fastForm(<u32>load<u16>(row), op, registerForm, mode);
  // A fast Jcc goes on within the block when it is not taken.
  decodedEnds = (attributes & ATTRIBUTE_ENDS) != 0 && !isConditional(handler);
  return handler;
}

// @ts-ignore: decorator
@inline function holds(codes: u32, code: u32): bool {
  return (codes & 255) == code || ((codes >> 8) & 255) == code || ((codes >> 16) & 255) == code;
}

/** CR0.EM, CR0.TS and CR4.OSFXSR (SDM volume 3, tables 2-2 and 13-2). */
function unitFault(unit: u32, mode: u32): u32 {
  if (unit == 0) return 0;
  if (unit == UNIT_SSE) {
    if ((mode & MODE_EM) != 0 || (mode & MODE_OSFXSR) == 0) return OP_INVALID;
  } else if (unit == UNIT_MMX) {
    if (mode & MODE_EM) return OP_INVALID;
  } else if (mode & MODE_EM) return OP_NO_DEVICE;
  return mode & MODE_TS ? OP_NO_DEVICE : 0;
}

/** Address kind and segment as they are without a memory operand. */
function setAddressing(op: usize, mode: u32): void {
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
function memoryOperand(op: usize, mode: u32, opcode: u32): bool {
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
