// The stack that an event or a call gate pushes to: the present one or an inner one, before it is committed.
import { CPL, GPR, SEG_ATTR, SEG_BASE, SEG_LIMIT } from "./generated/layout";
import { ATTR_BIG, attrOf, baseOf, limitOf, longModeActive, raiseSelector } from "./descriptors";
import { VECTOR_SS, faulted } from "./fault";
import { write16, write32, write64, writeSystem16, writeSystem32, writeSystem64 } from "./memory";
import { canonical } from "./mmu";
import { SEG_SS, isLongCode, modeChanged } from "./mode";

let base: u64 = 0;
let limit: u32 = 0;
let attr: u32 = 0;
let mask: u64 = 0;
let long: bool = false;
/** Pushes go with the present privilege; otherwise as a supervisor. */
let present: bool = false;
/** What a #SS names: 0 for the present stack, else the new selector. */
let errorSelector: u32 = 0;

/** The pointer after the pushes so far. */
export let framePointer: u64 = 0;

/** The stack in use. */
export function openPresentStack(): void {
  long = isLongCode();
  base = load<u64>(SEG_BASE + (SEG_SS << 3));
  limit = load<u32>(SEG_LIMIT + (SEG_SS << 2));
  attr = load<u32>(SEG_ATTR + (SEG_SS << 2));
  mask = long ? ~(<u64>0) : attr & ATTR_BIG ? 0xffff_ffff : 0xffff;
  framePointer = load<u64>(GPR + 32);
  present = true;
  errorSelector = 0;
}

/** A stack segment of an inner level, for code at `cpl`. */
export function openStack(selector: u32, descriptor: u64, pointer: u64, cpl: u32): void {
  long = false;
  base = baseOf(descriptor);
  limit = limitOf(descriptor);
  attr = attrOf(descriptor);
  mask = attr & ATTR_BIG ? 0xffff_ffff : 0xffff;
  framePointer = pointer;
  present = cpl == 3;
  errorSelector = selector;
}

/** A 64-bit stack. */
export function openLongStack(pointer: u64, cpl: u32): void {
  long = true;
  mask = ~(<u64>0);
  framePointer = pointer;
  present = cpl == 3 && load<u32>(CPL) == 3;
  errorSelector = 0;
}

function linearAt(pointer: u64, size: u32): u64 {
  if (long) {
    if (!canonical(pointer) || !canonical(pointer + size - 1)) raiseSelector(VECTOR_SS, 0);
    return pointer;
  }
  const last = pointer + size - 1;
  const expandDown = (attr & 0x1c) == 0x14;
  const good = expandDown
    ? pointer > u64(limit) && last <= (attr & ATTR_BIG ? 0xffff_ffff : 0xffff)
    : last <= u64(limit) || limit == 0xffff_ffff;
  if (!good) raiseSelector(VECTOR_SS, errorSelector);
  const linear = base + pointer;
  return longModeActive() ? linear : linear & 0xffff_ffff;
}

/** Pushes 2, 4 or 8 bytes. */
export function pushFrame(size: u32, value: u64): void {
  if (faulted()) return;
  const pointer = (framePointer - size) & mask;
  const linear = linearAt(pointer, size);
  if (faulted()) return;
  if (size == 8) {
    if (present) write64(linear, value); else writeSystem64(linear, value);
  } else if (size == 4) {
    if (present) write32(linear, <u32>value); else writeSystem32(linear, <u32>value);
  } else {
    if (present) write16(linear, <u32>value & 0xffff); else writeSystem16(linear, <u32>value & 0xffff);
  }
  if (!faulted()) framePointer = mask == 0xffff ? (framePointer & ~mask) | pointer : pointer;
}

/** RSP takes over the frame's pointer; SS must be in place. */
export function commitFrame(): void {
  const old = load<u64>(GPR + 32);
  store<u64>(GPR + 32, mask == 0xffff ? (old & ~mask) | (framePointer & mask) : framePointer & mask);
  modeChanged();
}
