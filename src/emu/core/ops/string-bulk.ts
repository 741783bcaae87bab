// Many elements of REP MOVS and STOS at once, where they lie within pages that the TLB knows as plain memory.
import { MODE, READ_TLB, RFLAGS, WRITE_TLB } from "../generated/layout";
import { faulted } from "../fault";
import { DF } from "../flags";
import { MODE_BITS, MODE_CODE64, MODE_FLAT, SEG_ES, SEG_FS } from "../mode";
import { opSegment } from "../op";
import { entryOf } from "../tlb";
import { RAX, RDI, RSI, maskOf, readRegister } from "./sized";
import { advance, destinationOf, sourceOf } from "./string-index";

/** Elements that fit between a linear address and its page's end, upwards. */
// @ts-ignore: decorator
@inline function untilPageEnd(linear: u64, size: u32): u64 { return (4096 - (linear & 4095)) >> ctz(size); }

/** Where a page lies in linear memory if the TLB knows it as plain memory, else 0. */
// @ts-ignore: decorator
@inline function hostAddress(table: usize, linear: u64): usize {
  const entry = entryOf(table, linear);
  return load<u64>(entry) == (linear & ~4095) ? <u32>linear + load<u32>(entry, 8) : 0;
}

/** Limits need no look: 64-bit mode, or a segment that reaches over all 4 GiB. */
// @ts-ignore: decorator
@inline function unlimited(segment: u32): bool {
  const mode = load<u32>(MODE);
  return (mode & MODE_BITS) == MODE_CODE64 || ((mode & MODE_FLAT) != 0 && segment < SEG_FS);
}

/** Whole elements moved at once within a page, 0 if that can't be done here. Offsets must not wrap on the way. */
export function moveBulk(op: usize, size: u32, mask: u64, count: u64): u64 {
  if ((load<u64>(RFLAGS) & DF) != 0 || !unlimited(opSegment(op))) return 0;
  const from = sourceOf(op, size, mask);
  if (faulted()) return 0;
  const source = hostAddress(load<u32>(READ_TLB), from);
  if (source == 0) return 0;
  const to = destinationOf(size, mask, true);
  if (faulted()) return 0;
  const destination = hostAddress(load<u32>(WRITE_TLB), to);
  if (destination == 0) return 0;
  const elements = min(count, min(untilPageEnd(from, size), untilPageEnd(to, size)));
  const bytes = elements << ctz(size);
  if (elements < 2 || reachesEnd(RSI, mask, bytes) || reachesEnd(RDI, mask, bytes)) return 0;
  if (destination > source && destination < source + <usize>bytes) moveOverlapping(source, destination, size, bytes);
  else memory.copy(destination, source, <usize>bytes);
  advance(RSI, mask, bytes);
  advance(RDI, mask, bytes);
  return elements;
}

/** The destination begins within the source: elements repeat themselves, so they go one by one. */
function moveOverlapping(source: usize, destination: usize, size: u32, bytes: u64): void {
  const end = source + <usize>bytes;
  switch (size) {
    case 1: for (; source < end; source++, destination++) store<u8>(destination, load<u8>(source)); break;
    case 2: for (; source < end; source += 2, destination += 2) store<u16>(destination, load<u16>(source)); break;
    case 4: for (; source < end; source += 4, destination += 4) store<u32>(destination, load<u32>(source)); break;
    default: for (; source < end; source += 8, destination += 8) store<u64>(destination, load<u64>(source)); break;
  }
}

export function storeBulk(size: u32, mask: u64, count: u64): u64 {
  if ((load<u64>(RFLAGS) & DF) != 0 || !unlimited(SEG_ES)) return 0;
  const to = destinationOf(size, mask, true);
  if (faulted()) return 0;
  const destination = hostAddress(load<u32>(WRITE_TLB), to);
  if (destination == 0) return 0;
  const elements = min(count, untilPageEnd(to, size));
  const bytes = elements << ctz(size);
  if (elements < 2 || reachesEnd(RDI, mask, bytes)) return 0;
  fill(destination, size, readRegister(RAX, size), <usize>bytes);
  advance(RDI, mask, bytes);
  return elements;
}

function fill(destination: usize, size: u32, value: u64, bytes: usize): void {
  const first = value & 0xff;
  if (value == first * (maskOf(size) / 0xff)) {
    memory.fill(destination, <u8>first, bytes);
    return;
  }
  const end = destination + bytes;
  switch (size) {
    case 2: for (; destination < end; destination += 2) store<u16>(destination, <u16>value); break;
    case 4: for (; destination < end; destination += 4) store<u32>(destination, <u32>value); break;
    default: for (; destination < end; destination += 8) store<u64>(destination, value); break;
  }
}

/** The offset would wrap within so many bytes. */
// @ts-ignore: decorator
@inline function reachesEnd(register: usize, mask: u64, bytes: u64): bool {
  return mask - (load<u64>(register) & mask) < bytes;
}
