// XCHG XADD CMPXCHG CMPXCHG8B CMPXCHG16B. All write their destination whatever the comparison says.
import { PREFIX_REX_W, opIsMemory, opPrefixes, opReg, opRm, opSegment, opSize } from "../op";
import { EXIT_PAUSE, PAUSE_YIELDS } from "../generated/layout";
import { VECTOR_GP, exitAfter, faulted, raiseCode } from "../fault";
import { ZF, setFlagsMasked } from "../flags";
import { effective, segmentBase, segmentLinear } from "../address";
import { probeWrite, read64, write64, writeV128 } from "../memory";
import {
  RAX, RBX, RCX, RDX, closeRm, flagsOfAdd, flagsOfSub, maskOf, openRm, readReg, readRegister, writeReg, writeRegister,
} from "./sized";

function exchange(op: usize, size: u32): void {
  const old = openRm(op, size);
  if (faulted()) return;
  const source = readReg(op, size);
  writeReg(op, size, old);
  closeRm(op, size, source);
}

export function xchgEbGb(op: usize): void { exchange(op, 1); }
export function xchgEvGv(op: usize): void { exchange(op, opSize(op)); }
/** 90 without REX.B is NOP, and so does not clear the upper half of RAX. */
export function xchgZvRax(op: usize): void {
  if (opRm(op) == RAX) return;
  const size = opSize(op);
  const old = openRm(op, size);
  closeRm(op, size, readRegister(RAX, size));
  writeRegister(RAX, size, old);
}

/** F3 90: PAUSE, a good moment for another virtual CPU to run. */
export function pauseZvRax(op: usize): void {
  if (opRm(op) != RAX) return xchgZvRax(op);
  if (load<u32>(PAUSE_YIELDS)) exitAfter(EXIT_PAUSE);
}

function exchangeAdd(op: usize, size: u32): void {
  const old = openRm(op, size);
  if (faulted()) return;
  const source = readReg(op, size);
  const result = (old + source) & maskOf(size);
  flagsOfAdd(size, result, source, 0);
  writeReg(op, size, old);
  closeRm(op, size, result);
}

export function xaddEbGb(op: usize): void { exchangeAdd(op, 1); }
export function xaddEvGv(op: usize): void { exchangeAdd(op, opSize(op)); }

function compareExchange(op: usize, size: u32): void {
  const old = openRm(op, size);
  if (faulted()) return;
  const accumulator = readRegister(RAX, size);
  const source = readRegister(opReg(op), size);
  flagsOfSub(size, (accumulator - old) & maskOf(size), old, 0);
  if (accumulator == old) {
    closeRm(op, size, source);
  } else {
    if (opIsMemory(op)) closeRm(op, size, old); // a register keeps its upper half
    writeRegister(RAX, size, old);
  }
}

export function cmpxchgEbGb(op: usize): void { compareExchange(op, 1); }
export function cmpxchgEvGv(op: usize): void { compareExchange(op, opSize(op)); }

export function cmpxchg8b16bM(op: usize): void {
  if (opPrefixes(op) & PREFIX_REX_W) compareExchange16(op);
  else compareExchange8(op);
}

function compareExchange8(op: usize): void {
  const linear = openMemory(op, 8);
  if (faulted()) return;
  const value = read64(linear);
  if (value == (u64(load<u32>(RAX)) | (u64(load<u32>(RDX)) << 32))) {
    write64(linear, u64(load<u32>(RBX)) | (u64(load<u32>(RCX)) << 32));
    setFlagsMasked(ZF, ZF);
  } else {
    write64(linear, value);
    writeRegister(RAX, 4, value);
    writeRegister(RDX, 4, value >> 32);
    setFlagsMasked(ZF, 0);
  }
}

function compareExchange16(op: usize): void {
  const linear = openMemory(op, 16);
  if (faulted()) return;
  const low = read64(linear);
  const high = read64(linear + 8);
  if (low == load<u64>(RAX) && high == load<u64>(RDX)) {
    writeV128(linear, pair(load<u64>(RBX), load<u64>(RCX)));
    setFlagsMasked(ZF, ZF);
  } else {
    writeV128(linear, pair(low, high));
    store<u64>(RAX, low);
    store<u64>(RDX, high);
    setFlagsMasked(ZF, 0);
  }
}

function pair(low: u64, high: u64): v128 { return i64x2.replace_lane(i64x2.splat(low), 1, high); }

/** Linear address of the memory operand, found readable and writable; 16 bytes must be aligned. */
function openMemory(op: usize, size: u32): u64 {
  if (size == 16 && (effective(op) + segmentBase(opSegment(op))) & 15) raiseCode(VECTOR_GP, 0); // before #SS
  const linear = segmentLinear(opSegment(op), effective(op), size, true);
  if (faulted()) return 0;
  probeWrite(linear, size);
  return linear;
}
