// MOV and its relatives, conversions, LEA, BSWAP, MOVBE, XLAT, CMOVcc, SETcc.
import { opImm, opSegment, opSize } from "../op";
import { faulted } from "../fault";
import { condition } from "../flags";
import { effective, segmentLinear } from "../address";
import { read8 } from "../memory";
import {
  RAX, RBX, RDX, addressMask, readLinear, readReg, readRegister, readRm, signExtend, sizeY, writeLinear, writeReg,
  writeRegister, writeRm,
} from "./sized";

export function movEbGb(op: usize): void { writeRm(op, 1, readReg(op, 1)); }
export function movEvGv(op: usize): void { writeRm(op, opSize(op), readReg(op, opSize(op))); }
export function movEbIb(op: usize): void { writeRm(op, 1, <u64>opImm(op)); }
export function movEvIz(op: usize): void { writeRm(op, opSize(op), <u64>opImm(op)); }

export function movGbEb(op: usize): void {
  const value = readRm(op, 1);
  if (!faulted()) writeReg(op, 1, value);
}

export function movGvEv(op: usize): void {
  const value = readRm(op, opSize(op));
  if (!faulted()) writeReg(op, opSize(op), value);
}

/** The offset of a moffs operand stands in the instruction as an immediate. */
function loadOffset(op: usize, size: u32): void {
  const linear = segmentLinear(opSegment(op), <u64>opImm(op), size, false);
  if (faulted()) return;
  const value = readLinear(linear, size);
  if (!faulted()) writeRegister(RAX, size, value);
}

function storeOffset(op: usize, size: u32): void {
  const linear = segmentLinear(opSegment(op), <u64>opImm(op), size, true);
  if (!faulted()) writeLinear(linear, size, readRegister(RAX, size));
}

export function movALOb(op: usize): void { loadOffset(op, 1); }
export function movRaxOv(op: usize): void { loadOffset(op, opSize(op)); }
export function movObAL(op: usize): void { storeOffset(op, 1); }
export function movOvRax(op: usize): void { storeOffset(op, opSize(op)); }

function extendZero(op: usize, size: u32): void {
  const value = readRm(op, size);
  if (!faulted()) writeReg(op, opSize(op), value);
}

function extendSign(op: usize, size: u32): void {
  const value = readRm(op, size);
  if (!faulted()) writeReg(op, opSize(op), <u64>signExtend(size, value));
}

export function movzxGvEb(op: usize): void { extendZero(op, 1); }
export function movzxGvEw(op: usize): void { extendZero(op, 2); }
export function movsxGvEb(op: usize): void { extendSign(op, 1); }
export function movsxGvEw(op: usize): void { extendSign(op, 2); }
/** Reads 32 bits even if the operand size is 16. */
export function movsxdGvEd(op: usize): void { extendSign(op, 4); }

/** CBW CWDE CDQE. */
export function cbw(op: usize): void {
  const size = opSize(op);
  writeRegister(RAX, size, <u64>signExtend(size >> 1, readRegister(RAX, size)));
}

/** CWD CDQ CQO. */
export function cwd(op: usize): void {
  const size = opSize(op);
  writeRegister(RDX, size, <u64>(signExtend(size, readRegister(RAX, size)) >> 63));
}

export function leaGvM(op: usize): void { writeReg(op, opSize(op), effective(op)); }

function swapBytes(size: u32, value: u64): u64 {
  switch (size) {
    case 2: return u64(bswap<u16>(<u16>value));
    case 4: return u64(bswap<u32>(<u32>value));
    default: return bswap<u64>(value);
  }
}

/** With a 16-bit operand size the result is undefined; processors clear the word. */
export function bswapZv(op: usize): void {
  const size = opSize(op);
  const value = readRm(op, size);
  writeRm(op, size, size == 2 ? 0 : swapBytes(size, value));
}

export function movbeGvM(op: usize): void {
  const size = opSize(op);
  const value = readRm(op, size);
  if (!faulted()) writeReg(op, size, swapBytes(size, value));
}

export function movbeMGv(op: usize): void { writeRm(op, opSize(op), swapBytes(opSize(op), readReg(op, opSize(op)))); }
export function movntiMGy(op: usize): void { writeRm(op, sizeY(op), readReg(op, sizeY(op))); }

export function xlat(op: usize): void {
  const offset = (load<u64>(RBX) + u64(load<u8>(RAX))) & addressMask(op);
  const linear = segmentLinear(opSegment(op), offset, 1, false);
  if (faulted()) return;
  const value = u64(read8(linear));
  if (!faulted()) writeRegister(RAX, 1, value);
}

/** The source is read, and may fault, whatever the condition; a 32-bit destination is zero-extended either way. */
function moveIf(op: usize, code: u32): void {
  const size = opSize(op);
  const value = readRm(op, size);
  if (!faulted()) writeReg(op, size, condition(code) ? value : readReg(op, size));
}

export function cmovOGvEv(op: usize): void { moveIf(op, 0); }
export function cmovNoGvEv(op: usize): void { moveIf(op, 1); }
export function cmovBGvEv(op: usize): void { moveIf(op, 2); }
export function cmovNbGvEv(op: usize): void { moveIf(op, 3); }
export function cmovZGvEv(op: usize): void { moveIf(op, 4); }
export function cmovNzGvEv(op: usize): void { moveIf(op, 5); }
export function cmovBeGvEv(op: usize): void { moveIf(op, 6); }
export function cmovNbeGvEv(op: usize): void { moveIf(op, 7); }
export function cmovSGvEv(op: usize): void { moveIf(op, 8); }
export function cmovNsGvEv(op: usize): void { moveIf(op, 9); }
export function cmovPGvEv(op: usize): void { moveIf(op, 10); }
export function cmovNpGvEv(op: usize): void { moveIf(op, 11); }
export function cmovLGvEv(op: usize): void { moveIf(op, 12); }
export function cmovNlGvEv(op: usize): void { moveIf(op, 13); }
export function cmovLeGvEv(op: usize): void { moveIf(op, 14); }
export function cmovNleGvEv(op: usize): void { moveIf(op, 15); }

export function setOEb(op: usize): void { writeRm(op, 1, u64(condition(0))); }
export function setNoEb(op: usize): void { writeRm(op, 1, u64(condition(1))); }
export function setBEb(op: usize): void { writeRm(op, 1, u64(condition(2))); }
export function setNbEb(op: usize): void { writeRm(op, 1, u64(condition(3))); }
export function setZEb(op: usize): void { writeRm(op, 1, u64(condition(4))); }
export function setNzEb(op: usize): void { writeRm(op, 1, u64(condition(5))); }
export function setBeEb(op: usize): void { writeRm(op, 1, u64(condition(6))); }
export function setNbeEb(op: usize): void { writeRm(op, 1, u64(condition(7))); }
export function setSEb(op: usize): void { writeRm(op, 1, u64(condition(8))); }
export function setNsEb(op: usize): void { writeRm(op, 1, u64(condition(9))); }
export function setPEb(op: usize): void { writeRm(op, 1, u64(condition(10))); }
export function setNpEb(op: usize): void { writeRm(op, 1, u64(condition(11))); }
export function setLEb(op: usize): void { writeRm(op, 1, u64(condition(12))); }
export function setNlEb(op: usize): void { writeRm(op, 1, u64(condition(13))); }
export function setLeEb(op: usize): void { writeRm(op, 1, u64(condition(14))); }
export function setNleEb(op: usize): void { writeRm(op, 1, u64(condition(15))); }
