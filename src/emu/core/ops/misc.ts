// NOP and hints, flag instructions, BOUND, CRC32, RDRAND, RDPID, the undefined opcodes.
import { RANDOM_STATE, RFLAGS, TSC_AUX } from "../generated/layout";
import { opSegment, opSize } from "../op";
import { VECTOR_BR, VECTOR_UD, faulted, raise } from "../fault";
import { CF, DF, OF, STATUS, carry, flags, setFlags, setFlagsMasked } from "../flags";
import { effective, segmentLinear } from "../address";
import { probeRead } from "../memory";
import { RAX, addressMask, readLinear, readReg, readRm, signExtend, writeReg, writeRm } from "./sized";

export function nop(op: usize): void {}

/** Memory is coherent, so nothing is flushed; but the address is checked as by a byte read. */
export function clflushM(op: usize): void {
  const linear = segmentLinear(opSegment(op), effective(op), 1, false);
  if (!faulted()) probeRead(linear, 1);
}

export function sahf(op: usize): void { setFlagsMasked(STATUS & ~OF, load<u8>(RAX, 1)); }
export function lahf(op: usize): void { store<u8>(RAX + 1, <u8>((flags() & ~OF) | 2)); }
export function cmc(op: usize): void { setFlagsMasked(CF, carry() ^ 1); }
export function clc(op: usize): void { setFlagsMasked(CF, 0); }
export function stc(op: usize): void { setFlagsMasked(CF, CF); }
export function cld(op: usize): void { store<u64>(RFLAGS, load<u64>(RFLAGS) & ~u64(DF)); }
export function std(op: usize): void { store<u64>(RFLAGS, load<u64>(RFLAGS) | DF); }
export function salc(op: usize): void { store<u8>(RAX, <u8>(0 - carry())); }

export function undefinedOpcode(op: usize): void { raise(VECTOR_UD); }

/** Two signed bounds in memory, the upper after the lower. */
export function boundGvM(op: usize): void {
  const size = opSize(op);
  const offset = effective(op);
  const lowerAt = segmentLinear(opSegment(op), offset, size, false);
  if (faulted()) return;
  const lower = signExtend(size, readLinear(lowerAt, size));
  if (faulted()) return;
  const upperAt = segmentLinear(opSegment(op), (offset + size) & addressMask(op), size, false);
  if (faulted()) return;
  const upper = signExtend(size, readLinear(upperAt, size));
  if (faulted()) return;
  const index = signExtend(size, readReg(op, size));
  if (index < lower || index > upper) raise(VECTOR_BR);
}

/** CRC-32C, bit-reflected, polynomial 1EDC6F41h. */
function crc32(op: usize, size: u32): void {
  const value = readRm(op, size);
  if (faulted()) return;
  let crc = u64(<u32>readReg(op, 4)) ^ value;
  for (let i: u32 = 0; i < size << 3; i++) crc = (crc >> 1) ^ (crc & 1 ? 0x82f6_3b78 : 0);
  writeReg(op, 8, crc);
}

export function crc32GdEb(op: usize): void { crc32(op, 1); }
export function crc32GdEv(op: usize): void { crc32(op, opSize(op)); }

/** RDRAND and RDSEED: splitmix64 over a state that the machine seeds, so that a run can be repeated. Never fails. */
export function rdrandEv(op: usize): void {
  const state = load<u64>(RANDOM_STATE) + 0x9e37_79b9_7f4a_7c15;
  store<u64>(RANDOM_STATE, state);
  let value = (state ^ (state >> 30)) * 0xbf58_476d_1ce4_e5b9;
  value = (value ^ (value >> 27)) * 0x94d0_49bb_1331_11eb;
  writeRm(op, opSize(op), value ^ (value >> 31));
  setFlags(CF);
}

export function rdpidEy(op: usize): void { writeRm(op, 8, load<u64>(TSC_AUX)); }
