// What the host may call.
import { dispatchGeneric } from "./generated/dispatch";
import { RAM_SIZE, CPU_VENDOR, A20 } from "./generated/layout";
import { initTlb, flushTlb as flush } from "./tlb";
import { inspect } from "./mmu";
import { readRflags, writeRflags } from "./flags";
import { invalidateWritten } from "./blocks";

export { modeChanged } from "./mode";

export function run(budget: i32): i32 {
  dispatchGeneric(0, 0);
  return budget;
}

export function stepOver(): i32 { return run(1); }

export function init(ramSize: u32): void {
  store<u32>(RAM_SIZE, ramSize);
  initTlb();
}

export function reset(vendor: u32): void {
  store<u32>(CPU_VENDOR, vendor);
  store<u32>(A20, 1);
}

export function flushTlb(): void { flush(true); }

export function invalidatePhysical(address: u32, length: u32): void { invalidateWritten(address, length); }

/** Guest-physical address of a linear one, all ones if it is not mapped. */
export function translate(linear: u64): u64 { return inspect(linear); }

export function readFlags(): u64 { return readRflags(); }
export function writeFlags(value: u64): void { writeRflags(value); }
