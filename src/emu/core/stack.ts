// The stack as instructions push and pop it.
import { GPR, MODE } from "./generated/layout";
import { segmentLinear } from "./address";
import { faulted } from "./fault";
import { read16, read32, read64, write16, write32, write64 } from "./memory";
import { MODE_BITS, MODE_CODE64, MODE_STACK32, SEG_SS } from "./mode";

// @ts-ignore: decorator
@inline function stackMask(): u64 {
  const mode = load<u32>(MODE);
  if ((mode & MODE_BITS) == MODE_CODE64) return ~(<u64>0);
  return mode & MODE_STACK32 ? 0xffff_ffff : 0xffff;
}

/** RSP with `pointer` in the bits the stack size allows; a 32-bit result is zero-extended. */
export function setStackPointer(pointer: u64): void {
  const mask = stackMask();
  const old = load<u64>(GPR + 32);
  store<u64>(GPR + 32, mask == 0xffff ? (old & ~mask) | (pointer & mask) : pointer & mask);
}

/** The stack pointer as the stack size sees it. */
export function stackPointer(): u64 { return load<u64>(GPR + 32) & stackMask(); }

export function push16(value: u32): void {
  const pointer = (load<u64>(GPR + 32) - 2) & stackMask();
  const linear = segmentLinear(SEG_SS, pointer, 2, true);
  if (faulted()) return;
  write16(linear, value);
  if (!faulted()) setStackPointer(pointer);
}

export function push32(value: u32): void {
  const pointer = (load<u64>(GPR + 32) - 4) & stackMask();
  const linear = segmentLinear(SEG_SS, pointer, 4, true);
  if (faulted()) return;
  write32(linear, value);
  if (!faulted()) setStackPointer(pointer);
}

export function push64(value: u64): void {
  const pointer = load<u64>(GPR + 32) - 8;
  const linear = segmentLinear(SEG_SS, pointer, 8, true);
  if (faulted()) return;
  write64(linear, value);
  if (!faulted()) setStackPointer(pointer);
}

export function pop16(): u32 {
  const pointer = stackPointer();
  const linear = segmentLinear(SEG_SS, pointer, 2, false);
  if (faulted()) return 0;
  const value = read16(linear);
  if (!faulted()) setStackPointer(pointer + 2);
  return value;
}

export function pop32(): u32 {
  const pointer = stackPointer();
  const linear = segmentLinear(SEG_SS, pointer, 4, false);
  if (faulted()) return 0;
  const value = read32(linear);
  if (!faulted()) setStackPointer(pointer + 4);
  return value;
}

export function pop64(): u64 {
  const pointer = load<u64>(GPR + 32);
  const linear = segmentLinear(SEG_SS, pointer, 8, false);
  if (faulted()) return 0;
  const value = read64(linear);
  if (!faulted()) setStackPointer(pointer + 8);
  return value;
}
