// BT BTS BTR BTC BSF BSR TZCNT LZCNT POPCNT.
import { opImm8, opIsMemory, opSegment, opSize } from "../op";
import { faulted } from "../fault";
import { CF, ZF, setFlags, setFlagsMasked } from "../flags";
import { effective, segmentLinear } from "../address";
import { probeWrite } from "../memory";
import { addressMask, closeRm, openRm, readLinear, readReg, readRm, signExtend, writeLinear, writeReg } from "./sized";

const TEST: u32 = 0;
const SET: u32 = 1;
const RESET: u32 = 2;
const COMPLEMENT: u32 = 3;

function changed(operation: u32, value: u64, bit: u64): u64 {
  switch (operation) {
    case SET: return value | bit;
    case RESET: return value & ~bit;
    default: return value ^ bit;
  }
}

/** The bit index wraps at the operand's size: registers, and immediate indices. */
function within(operation: u32, op: usize, size: u32, index: u32): void {
  const bit = (<u64>1) << (index & ((size << 3) - 1));
  const value = operation == TEST ? readRm(op, size) : openRm(op, size);
  if (faulted()) return;
  if (operation != TEST) closeRm(op, size, changed(operation, value, bit));
  setFlagsMasked(CF, u32((value & bit) != 0));
}

/** A register index into memory reaches signed, in units of the operand size, away from the operand's address. */
function bitString(operation: u32, op: usize, size: u32): void {
  const index = signExtend(size, readReg(op, size));
  const shift = 3 + ctz(size);
  const offset = (effective(op) + <u64>((index >> shift) * i64(size))) & addressMask(op);
  const linear = segmentLinear(opSegment(op), offset, size, operation != TEST);
  if (faulted()) return;
  if (operation != TEST) {
    probeWrite(linear, size);
    if (faulted()) return;
  }
  const value = readLinear(linear, size);
  if (faulted()) return;
  const bit = (<u64>1) << (<u64>index & ((size << 3) - 1));
  if (operation != TEST) writeLinear(linear, size, changed(operation, value, bit));
  setFlagsMasked(CF, u32((value & bit) != 0));
}

function byReg(operation: u32, op: usize): void {
  const size = opSize(op);
  if (opIsMemory(op)) bitString(operation, op, size);
  else within(operation, op, size, <u32>readReg(op, size));
}

export function btEvGv(op: usize): void { byReg(TEST, op); }
export function btsEvGv(op: usize): void { byReg(SET, op); }
export function btrEvGv(op: usize): void { byReg(RESET, op); }
export function btcEvGv(op: usize): void { byReg(COMPLEMENT, op); }
export function btEvIb(op: usize): void { within(TEST, op, opSize(op), opImm8(op)); }
export function btsEvIb(op: usize): void { within(SET, op, opSize(op), opImm8(op)); }
export function btrEvIb(op: usize): void { within(RESET, op, opSize(op), opImm8(op)); }
export function btcEvIb(op: usize): void { within(COMPLEMENT, op, opSize(op), opImm8(op)); }

/** A source of 0 leaves the destination as it is. */
export function bsfGvEv(op: usize): void {
  const size = opSize(op);
  const value = readRm(op, size);
  if (faulted()) return;
  if (value != 0) writeReg(op, size, ctz(value));
  setFlagsMasked(ZF, value == 0 ? ZF : 0);
}

export function bsrGvEv(op: usize): void {
  const size = opSize(op);
  const value = readRm(op, size);
  if (faulted()) return;
  if (value != 0) writeReg(op, size, 63 - clz(value));
  setFlagsMasked(ZF, value == 0 ? ZF : 0);
}

/** CF: the source was 0; ZF: the count is. */
function setCountFlags(count: u64, empty: bool): void {
  setFlagsMasked(CF | ZF, u32(empty) | (count == 0 ? ZF : 0));
}

export function tzcntGvEv(op: usize): void {
  const size = opSize(op);
  const value = readRm(op, size);
  if (faulted()) return;
  const count = value == 0 ? u64(size << 3) : ctz(value);
  writeReg(op, size, count);
  setCountFlags(count, value == 0);
}

export function lzcntGvEv(op: usize): void {
  const size = opSize(op);
  const value = readRm(op, size);
  if (faulted()) return;
  const count = clz(value) - u64(64 - (size << 3));
  writeReg(op, size, count);
  setCountFlags(count, value == 0);
}

export function popcntGvEv(op: usize): void {
  const size = opSize(op);
  const value = readRm(op, size);
  if (faulted()) return;
  writeReg(op, size, popcnt(value));
  setFlags(value == 0 ? ZF : 0);
}
