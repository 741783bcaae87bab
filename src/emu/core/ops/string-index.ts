// The registers that string instructions walk by, within the address size.
import { RFLAGS } from "../generated/layout";
import { DF } from "../flags";
import { segmentLinear } from "../address";
import { SEG_ES } from "../mode";
import { opSegment } from "../op";
import { RDI, RSI } from "./sized";

// @ts-ignore: decorator
@inline export function step(size: u32): u64 { return load<u64>(RFLAGS) & DF ? 0 - u64(size) : u64(size); }

/** Adds to an index or count register within the address size; a 32-bit one is zero-extended. */
// @ts-ignore: decorator
@inline export function advance(register: usize, mask: u64, by: u64): void {
  const old = load<u64>(register);
  const moved = (old + by) & mask;
  store<u64>(register, mask == 0xffff ? (old & ~mask) | moved : moved);
}

// @ts-ignore: decorator
@inline export function sourceOf(op: usize, size: u32, mask: u64): u64 {
  return segmentLinear(opSegment(op), load<u64>(RSI) & mask, size, false);
}

// @ts-ignore: decorator
@inline export function destinationOf(size: u32, mask: u64, write: bool): u64 {
  return segmentLinear(SEG_ES, load<u64>(RDI) & mask, size, write);
}
