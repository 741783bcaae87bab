// What the processor reads from the present TSS: inner stacks, interrupt stacks, the I/O bitmap.
import { SEG_ATTR, SEG_BASE, SEG_LIMIT, SEG_SELECTOR } from "./generated/layout";
import { ATTR_TYPE, ATTR_UNUSABLE, TYPE_TSS32, longModeActive, raiseSelector } from "./descriptors";
import { VECTOR_GP, VECTOR_TS, faulted, raiseCode } from "./fault";
import { readSystem16, readSystem32, readSystem64 } from "./memory";
import { SEG_TR } from "./mode";

/** SS of the stack read last by readInnerStack. */
export let innerSelector: u32 = 0;

// @ts-ignore: decorator
@inline function tssBase(): u64 { return load<u64>(SEG_BASE + (SEG_TR << 3)); }
// @ts-ignore: decorator
@inline function tssLimit(): u32 { return load<u32>(SEG_LIMIT + (SEG_TR << 2)); }

/** True: the bytes `offset .. offset + size - 1` of the TSS exist; else #TS with its selector is raised. */
function within(offset: u32, size: u32): bool {
  if (offset + size - 1 <= tssLimit()) return true;
  raiseSelector(VECTOR_TS, u32(load<u16>(SEG_SELECTOR + (SEG_TR << 1))));
  return false;
}

function wrapped(offset: u32): u64 {
  const linear = tssBase() + offset;
  return longModeActive() ? linear : linear & 0xffff_ffff;
}

/** ESP or SP for privilege level `cpl`; its SS is left in innerSelector. Not in long mode. */
export function readInnerStack(cpl: u32): u64 {
  const wide = (load<u32>(SEG_ATTR + (SEG_TR << 2)) & ATTR_TYPE & ~(<u32>2)) == TYPE_TSS32;
  const offset: u32 = wide ? 4 + (cpl << 3) : 2 + (cpl << 2);
  if (!within(offset, wide ? 6 : 4)) return 0;
  const pointer = wide ? u64(readSystem32(wrapped(offset))) : u64(readSystem16(wrapped(offset)));
  if (!faulted()) innerSelector = readSystem16(wrapped(offset + (wide ? 4 : 2)));
  return pointer;
}

/** RSP for privilege level `cpl`. */
export function readLongStack(cpl: u32): u64 {
  const offset: u32 = 4 + (cpl << 3);
  return within(offset, 8) ? readSystem64(wrapped(offset)) : 0;
}

/** RSP of interrupt stack 1 to 7. */
export function readInterruptStack(index: u32): u64 {
  const offset: u32 = 0x24 + ((index - 1) << 3);
  return within(offset, 8) ? readSystem64(wrapped(offset)) : 0;
}

/** Raises #GP(0) unless the bitmap allows all of `size` ports from `port` on (SDM volume 1, 19.5.2). */
export function checkPortBitmap(port: u32, size: u32): void {
  const attr = load<u32>(SEG_ATTR + (SEG_TR << 2));
  if ((attr & ATTR_UNUSABLE) == 0 && (attr & ATTR_TYPE & ~(<u32>2)) == TYPE_TSS32 && tssLimit() >= 0x67) {
    const start = readSystem16(wrapped(0x66)) + (port >> 3);
    if (faulted()) return;
    if (start + 1 <= tssLimit()) {
      const bits = readSystem16(wrapped(start));
      if (faulted() || ((bits >> (port & 7)) & ((1 << size) - 1)) == 0) return;
    }
  }
  raiseCode(VECTOR_GP, 0);
}
