// Bytes to ops. What an opcode means stands in the tables made from isa/rows; here are operands, immediates, and the
// reasons for #UD and #GP that are known before execution (SDM volume 2, chapter 2).
import { FPR, GPR, SCRATCH, XMM } from "../generated/layout";
import {
  OPERAND_REG_BYTE, OPERAND_REG, OPERAND_RM_BYTE, OPERAND_RM, OPERAND_MEMORY, OPERAND_VVVV,
  OPERAND_OPCODE_BYTE, OPERAND_OPCODE, OPERAND_MOFFS, OPERAND_IMM_BYTE, OPERAND_IMM_BYTE_SIGNED, OPERAND_IMM_WORD,
  OPERAND_IMM_Z, OPERAND_IMM_V, OPERAND_IMM_WORD_BYTE, OPERAND_JUMP_BYTE, OPERAND_JUMP_Z, OPERAND_FAR_POINTER,
  OPERAND_SEGMENT, OPERAND_CONTROL, OPERAND_DEBUG, OPERAND_REG_XMM, OPERAND_RM_XMM, OPERAND_REG_MMX, OPERAND_RM_MMX,
  OPERAND_STACK,
} from "../generated/decode-tables";
import { OP_INVALID, OP_NO_DEVICE, OP_PROTECTED } from "../generated/fast";
import {
  MODE_BITS, MODE_CODE32, MODE_CODE64, MODE_EM, MODE_OSFXSR, MODE_RING12, MODE_TS, MODE_USER,
} from "../mode";
import { ADDRESS_16, ADDRESS_64, PREFIX_66, PREFIX_ALIGNED, PREFIX_LOCK, PREFIX_REX_W, PREFIX_VEX_L } from "../op";
import { fastForm, isConditional } from "../specialise";
import { memoryOperand, setAddressing } from "./addressing";
import { at, LONGEST_INSTRUCTION, next16, next32, next64, next8, openBytes, short, tooLong } from "./bytes";
import { lock, modrm, opcode, operandSize16, readOpcode, repeat, rex, vex, vexL, vvvv } from "./prefixes";
import {
  ATTRIBUTE_ALIGNED, ATTRIBUTE_ENDS, ATTRIBUTE_FORCE64, ATTRIBUTE_LOCK, ATTRIBUTE_PRIVILEGED, ATTRIBUTE_SIZE64,
  ATTRIBUTE_UNIT_SHIFT, findRow, FORM_MODRM, ROW_ATTRIBUTES, ROW_FORM, ROW_OPERANDS, ROW_PREFIX, ROW_SIZE, UNIT_MMX,
  UNIT_SSE, UNIT_X87,
} from "./rows";

/** Of the last decode: nothing may follow in the same block. */
export let decodedEnds: bool = false;

/**
 * Decodes the instruction at `host`, of which `bytes` bytes can be read, into `op`. Returns its length, 0 if it does
 * not end within them. An instruction that can't run becomes an op that raises.
 */
export function decode(host: usize, bytes: u32, pageOffset: u32, mode: u32, op: usize): u32 {
  openBytes(host, bytes);
  decodedEnds = false;
  memory.fill(op, 0, 32);
  store<u16>(op, <u16>pageOffset, 4);
  const handler = decodeInto(op, mode, pageOffset);
  if (short) {
    if (!tooLong()) return 0;
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

/** Returns the number of the handler; anything where the bytes are too short. */
function decodeInto(op: usize, mode: u32, pageOffset: u32): u32 {
  if (!readOpcode(mode)) return OP_INVALID;
  const row = findRow(mode);
  if (short || row == 0) return OP_INVALID;
  return fill(op, row, mode, pageOffset);
}

// @ts-ignore: decorator
@inline function byteRegister(number: u32): usize {
  return rex == 0 && number >= 4 && number < 8 ? GPR + ((number - 4) << 3) + 1 : GPR + (number << 3);
}

/** Operands of the chosen row. Returns the number of the handler. */
function fill(op: usize, row: usize, mode: u32, pageOffset: u32): u32 {
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
      ripRelative = memoryOperand(op, mode);
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
