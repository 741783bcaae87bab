// Trap rows: which policy an event belongs to.
import { CPL, EXIT_BYTES, MODE, SEG_BASE } from "../generated/layout";
import {
  POLICY_header, POLICY_HEADER_injected, POLICY_HEADER_trapRowCount, POLICY_trapRows,
  TRAP_FLAG_anyVector, TRAP_FLAG_fromCode32, TRAP_FLAG_fromCode64, TRAP_FLAG_fromKernel, TRAP_FLAG_fromUser, TRAP_ROW_bytes, TRAP_ROW_BYTES, TRAP_ROW_flags,
  TRAP_ROW_mask, TRAP_ROW_reason, TRAP_ROW_vector,
} from "../generated/monitor-layout";
import { MODE_BITS, MODE_CODE64, SEG_CS, isLongCode } from "../mode";
import { copyGuest, hostOf } from "./read";

/** Rows found lately, 16 bytes each: the instruction's bytes, then reason, vector and mode, then the row. */
const FOUND: usize = memory.data(16 * 16);

/** The rows may be others from now on. */
export function forgetRows(): void { memory.fill(FOUND, 0, 16 * 16); }

/** The first row that matches, 0 if none does. `bytes`: the instruction without its prefixes. */
// @ts-ignore: decorator
@inline export function matchRow(reason: u32, vector: u32, bytes: u64): usize {
  const key = (reason | (vector << 8) | (load<u32>(CPL) << 16) | (u32(isLongCode()) << 18)) + 1;
  const found: usize = FOUND + (((reason ^ (<u32>bytes >> 8)) & 15) << 4);
  if (load<u64>(found) != bytes || load<u32>(found, 8) != key) lookUp(found, key, reason, vector, bytes);
  return load<u32>(found, 12);
}

function lookUp(found: usize, key: u32, reason: u32, vector: u32, bytes: u64): void {
  store<u64>(found, bytes);
  store<u32>(found, key, 8);
  store<u32>(found, <u32>findRow(reason, vector, bytes), 12);
}

function findRow(reason: u32, vector: u32, bytes: u64): usize {
  const rows = load<u32>(POLICY_header, POLICY_HEADER_trapRowCount);
  const cpl = load<u32>(CPL);
  for (let i: u32 = 0; i < rows; i++) {
    const row: usize = POLICY_trapRows + i * TRAP_ROW_BYTES;
    if (load<u8>(row, TRAP_ROW_reason) != reason) continue;
    if ((bytes & load<u64>(row, TRAP_ROW_mask)) != load<u64>(row, TRAP_ROW_bytes)) continue;
    const flags = u32(load<u16>(row, TRAP_ROW_flags));
    if (load<u8>(row, TRAP_ROW_vector) != vector && (flags & TRAP_FLAG_anyVector) == 0) continue;
    if ((flags & TRAP_FLAG_fromUser) != 0 && cpl != 3) continue;
    if ((flags & TRAP_FLAG_fromKernel) != 0 && cpl != 0) continue;
    if ((flags & (TRAP_FLAG_fromCode64 | TRAP_FLAG_fromCode32)) != 0
      && ((flags & TRAP_FLAG_fromCode64) != 0) != isLongCode()) continue;
    return row;
  }
  return 0;
}

/** A trap that is nobody's: the guest gets it unchanged. */
export function countInjected(): void {
  const injected: usize = POLICY_header + POLICY_HEADER_injected;
  store<u64>(injected, load<u64>(injected) + 1);
}

function isPrefix(byte: u32, long: bool): bool {
  if (long && (byte & 0xf0) == 0x40) return true;
  return byte == 0x66 || byte == 0x67 || byte == 0xf0 || byte == 0xf2 || byte == 0xf3
    || (byte & 0xe7) == 0x26 || byte == 0x64 || byte == 0x65;
}

/** An instruction is no longer than 15 bytes; 16 are looked at where the page has them. */
const LONGEST: u32 = 15;
const LAST_WHOLE: u32 = 4096 - 16;
const WITHOUT_LAST: u64 = 0x00ff_ffff_ffff_ffff;

/** Copies the instruction at `rip` to exitBytes and returns its first 8 bytes after the prefixes. */
export function instructionBytes(rip: u64): u64 {
  const long = (load<u32>(MODE) & MODE_BITS) == MODE_CODE64;
  const linear = long ? rip : rip + load<u64>(SEG_BASE + (SEG_CS << 3));
  const from = (<u32>linear & 4095) <= LAST_WHOLE ? hostOf(linear) : 0;
  let length = LONGEST;
  store<u64>(EXIT_BYTES, from == 0 ? 0 : load<u64>(from));
  store<u64>(EXIT_BYTES, from == 0 ? 0 : load<u64>(from, 8) & WITHOUT_LAST, 8);
  if (from == 0) length = copyGuest(linear, LONGEST, EXIT_BYTES);
  let skip: u32 = 0;
  while (skip < length && isPrefix(u32(load<u8>(EXIT_BYTES + skip)), long)) skip++;
  if (skip <= 8) return load<u64>(EXIT_BYTES + skip);
  return load<u64>(EXIT_BYTES, 8) >> u64((skip - 8) << 3);
}
