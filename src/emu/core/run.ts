// Where the program counter is, inside a block and between blocks.
import { RIP, CODE_PAGE, MODE, RUN_OP, RUN_BLOCK, RUN_LEFT, RUN_START, ICOUNT } from "./generated/layout";
import { opLength, opPageOffset, opIndexInBlock } from "./op";
import { MODE_BITS, MODE_CODE64, MODE_CODE16, MODE_CODE32 } from "./mode";

/** RIP of the instruction. */
// @ts-ignore: decorator
@inline export function instructionRip(op: usize): u64 { return wrapRip(load<u64>(CODE_PAGE) + opPageOffset(op)); }

/** RIP behind the instruction. */
// @ts-ignore: decorator
@inline export function nextRip(op: usize): u64 {
  return wrapRip(load<u64>(CODE_PAGE) + opPageOffset(op) + opLength(op));
}

function wrapRip(rip: u64): u64 {
  return (load<u32>(MODE) & MODE_BITS) == MODE_CODE64 ? rip : rip & 0xffff_ffff;
}

/** The next instruction is at `rip`. Only from instructions that end their block. */
// @ts-ignore: decorator
@inline export function jumpTo(rip: u64): void { store<u64>(RIP, rip); }

/** Brings state.icount up to date in the middle of a block, counting the present instruction as not yet retired. */
export function syncCount(): void {
}
