// Hardware breakpoints: the address comparisons of DR0 to DR3 (SDM volume 3, 18.2). While a data breakpoint is armed its
// page stays out of the look-aside buffers, so that only accesses to it pay. Port breakpoints are not compared.
import { BREAKPOINT_HITS, BREAKPOINTS, CPU_VENDOR, DR, RFLAGS, RIP, SEG_BASE } from "./generated/layout";
import { VECTOR_DB, faulted, leaveAfter, raiseTrap } from "./fault";
import { RF } from "./flags";
import { SEG_CS, VENDOR_INTEL, isLongCode } from "./mode";
import { flushTlb } from "./tlb";

/** Bits of state.breakpoints. */
export const BREAKPOINT_CODE: u32 = 1;
export const BREAKPOINT_DATA: u32 = 2;

const KIND_EXECUTE: u32 = 0;
const KIND_WRITE: u32 = 1;
const KIND_ACCESS: u32 = 3;

// @ts-ignore: decorator
@inline function dr7(): u32 { return <u32>load<u64>(DR + 56); }
// @ts-ignore: decorator
@inline function armed(index: u32): bool { return ((dr7() >> (index << 1)) & 3) != 0; }
// @ts-ignore: decorator
@inline function kindOf(index: u32): u32 { return (dr7() >> (16 + (index << 2))) & 3; }

/** Bytes compared: the field is 0 for 1, 1 for 2, 2 for 8, 3 for 4. */
function lengthOf(index: u32): u32 {
  const field = (dr7() >> (18 + (index << 2))) & 3;
  return field == 2 ? 8 : field + 1;
}

/** To be called after DR0 to DR3 or DR7 were written. */
export function breakpointsChanged(): void {
  let kinds: u32 = 0;
  for (let i: u32 = 0; i < 4; i++) {
    if (!armed(i)) continue;
    const kind = kindOf(i);
    if (kind == KIND_EXECUTE) kinds |= BREAKPOINT_CODE;
    else if (kind == KIND_WRITE || kind == KIND_ACCESS) kinds |= BREAKPOINT_DATA;
  }
  if ((kinds | load<u32>(BREAKPOINTS)) & BREAKPOINT_DATA) flushTlb(true);
  store<u32>(BREAKPOINTS, kinds);
  leaveAfter();
}

/** Does a data breakpoint lie in the page of `linear`? */
export function watchedPage(linear: u64): bool {
  if ((load<u32>(BREAKPOINTS) & BREAKPOINT_DATA) == 0) return false;
  for (let i: u32 = 0; i < 4; i++) {
    if (armed(i) && kindOf(i) != KIND_EXECUTE && ((load<u64>(DR + (i << 3)) ^ linear) & ~4095) == 0) return true;
  }
  return false;
}

/** A data access; what it hits traps after the instruction. */
export function watchData(linear: u64, size: u32, write: bool): void {
  for (let i: u32 = 0; i < 4; i++) {
    if (!armed(i)) continue;
    const kind = kindOf(i);
    if (kind != KIND_ACCESS && !(kind == KIND_WRITE && write)) continue;
    const length = lengthOf(i);
    const from = load<u64>(DR + (i << 3)) & ~u64(length - 1);
    if (linear < from + length && from < linear + size) {
      store<u32>(BREAKPOINT_HITS, load<u32>(BREAKPOINT_HITS) | (1 << i));
      leaveAfter();
    }
  }
}

/** Before the instruction at RIP: raises #DB if it has a breakpoint and RF is clear. */
export function breakAtCode(afterStackLoad: bool): void {
  if ((load<u64>(RFLAGS) & RF) != 0 || (afterStackLoad && load<u32>(CPU_VENDOR) == VENDOR_INTEL)) return;
  const linear = isLongCode() ? load<u64>(RIP) : (load<u64>(RIP) + load<u64>(SEG_BASE + (SEG_CS << 3))) & 0xffff_ffff;
  let hits: u32 = 0;
  for (let i: u32 = 0; i < 4; i++) {
    if (armed(i) && kindOf(i) == KIND_EXECUTE && load<u64>(DR + (i << 3)) == linear) hits |= 1 << i;
  }
  if (hits == 0) return;
  report(hits);
  raiseTrap(VECTOR_DB); // RIP is the instruction's already, and the handler itself sets RF
}

/** After an instruction: the data breakpoints that it hit, unless it faulted. */
export function breakAfterData(): void {
  if (takeHits() && !faulted()) raiseTrap(VECTOR_DB);
}

/** Shows data breakpoints that were hit in DR6; true if there were any. */
export function takeHits(): bool {
  const hits = load<u32>(BREAKPOINT_HITS);
  if (hits == 0) return false;
  store<u32>(BREAKPOINT_HITS, 0);
  report(hits);
  return true;
}

/** B0 to B3 of DR6 are those of the latest #DB; its other bits stay until software clears them. */
function report(hits: u32): void { store<u64>(DR + 48, (load<u64>(DR + 48) & ~15) | u64(hits)); }
