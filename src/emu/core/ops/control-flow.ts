// Near branches. The target is checked before anything is pushed or popped for good.
import { opImm, opSize } from "../op";
import { SEG_LIMIT } from "../generated/layout";
import { VECTOR_GP, faulted, raiseCode } from "../fault";
import { condition, zero } from "../flags";
import { setStackPointer, stackPointer } from "../stack";
import { canonical } from "../mmu";
import { SEG_CS, isLongCode } from "../mode";
import { jumpTo, nextRip } from "../run";
import { RCX, RSP, addressMask, maskOf, readRm } from "./sized";
import { pop, push } from "./stack";

// @ts-ignore: decorator
@inline function target(op: usize): u64 { return (nextRip(op) + <u64>opImm(op)) & maskOf(opSize(op)); }

/** Jumps if `to` is canonical, or within CS; else #GP(0) at the branch. */
function branch(to: u64): void {
  if (isLongCode() ? canonical(to) : to <= u64(load<u32>(SEG_LIMIT + (SEG_CS << 2)))) jumpTo(to);
  else raiseCode(VECTOR_GP, 0);
}

function jumpIf(op: usize, taken: bool): void { if (taken) branch(target(op)); }

export function jO(op: usize): void { jumpIf(op, condition(0)); }
export function jNo(op: usize): void { jumpIf(op, condition(1)); }
export function jB(op: usize): void { jumpIf(op, condition(2)); }
export function jNb(op: usize): void { jumpIf(op, condition(3)); }
export function jZ(op: usize): void { jumpIf(op, condition(4)); }
export function jNz(op: usize): void { jumpIf(op, condition(5)); }
export function jBe(op: usize): void { jumpIf(op, condition(6)); }
export function jNbe(op: usize): void { jumpIf(op, condition(7)); }
export function jS(op: usize): void { jumpIf(op, condition(8)); }
export function jNs(op: usize): void { jumpIf(op, condition(9)); }
export function jP(op: usize): void { jumpIf(op, condition(10)); }
export function jNp(op: usize): void { jumpIf(op, condition(11)); }
export function jL(op: usize): void { jumpIf(op, condition(12)); }
export function jNl(op: usize): void { jumpIf(op, condition(13)); }
export function jLe(op: usize): void { jumpIf(op, condition(14)); }
export function jNle(op: usize): void { jumpIf(op, condition(15)); }

/** rCX of the address size, decremented. The register keeps its old value if the branch faults. */
function loopIf(op: usize, otherCondition: bool): void {
  const mask = addressMask(op);
  const old = load<u64>(RCX);
  const count = (old - 1) & mask;
  store<u64>(RCX, mask == 0xffff ? (old & ~mask) | count : count);
  if (count == 0 || !otherCondition) return;
  branch(target(op));
  if (faulted()) store<u64>(RCX, old);
}

export function loopneJb(op: usize): void { loopIf(op, zero() == 0); }
export function loopeJb(op: usize): void { loopIf(op, zero() != 0); }
export function loopJb(op: usize): void { loopIf(op, true); }
export function jrcxzJb(op: usize): void { jumpIf(op, (load<u64>(RCX) & addressMask(op)) == 0); }

export function jmpJz(op: usize): void { branch(target(op)); }

export function jmpEv(op: usize): void {
  const to = readRm(op, opSize(op));
  if (!faulted()) branch(to);
}

function callTo(op: usize, to: u64): void {
  branch(to);
  if (!faulted()) push(opSize(op), nextRip(op));
}

export function callJz(op: usize): void { callTo(op, target(op)); }

export function callEv(op: usize): void {
  const to = readRm(op, opSize(op));
  if (!faulted()) callTo(op, to);
}

function returnAnd(op: usize, release: u64): void {
  const old = load<u64>(RSP);
  const to = pop(opSize(op));
  if (faulted()) return;
  branch(to);
  if (faulted()) store<u64>(RSP, old);
  else if (release != 0) setStackPointer(stackPointer() + release);
}

export function ret(op: usize): void { returnAnd(op, 0); }
export function retIw(op: usize): void { returnAnd(op, <u64>opImm(op) & 0xffff); }
