// The x87 register stack as instructions see it: TOP, tags, stack faults, exceptions reported to the status word.
import {
  FPR, FPU_CONTROL, FPU_CS, FPU_DP, FPU_DS, FPU_IP, FPU_OPCODE, FPU_STATUS, FPU_TAG, SEG_SELECTOR,
} from "../generated/layout";
import { opImm, opSegment } from "../op";
import { SEG_CS } from "../mode";
import { effective } from "../address";
import { instructionRip } from "../run";
import { second, setDefaultNan, sig80, top80, unpack80 } from "../float/number";
import { BEFORE, masked, ROUNDED_UP, settle } from "../float/status";

export const C0: u32 = 0x100;
export const C1: u32 = 0x200;
export const C2: u32 = 0x400;
export const C3: u32 = 0x4000;
export const CONDITION: u32 = C0 | C1 | C2 | C3;
const INVALID_OPERATION: u32 = 1;
const STACK_FAULT: u32 = 0x40;
/** Error summary and its old name, busy. */
const PENDING: u32 = 0x8080;

// @ts-ignore: decorator
@inline export function control(): u32 { return load<u16>(FPU_CONTROL); }
// @ts-ignore: decorator
@inline export function status(): u32 { return load<u16>(FPU_STATUS); }
// @ts-ignore: decorator
@inline export function setStatus(value: u32): void { store<u16>(FPU_STATUS, <u16>value); }
// @ts-ignore: decorator
@inline export function top(): u32 { return (status() >> 11) & 7; }

/** ModRM.rm of the instruction: i of ST(i). */
// @ts-ignore: decorator
@inline export function stackIndex(op: usize): u32 { return <u32>opImm(op) & 7; }

/** Notes the instruction for the error pointers. */
export function note(op: usize): void {
  store<u64>(FPU_IP, instructionRip(op));
  store<u16>(FPU_CS, load<u16>(SEG_SELECTOR + (SEG_CS << 1)));
  store<u16>(FPU_OPCODE, <u16>opImm(op) & 0x7ff);
}

/** The same, and clears C1, which the instruction then sets if it has to. */
export function enter(op: usize): void {
  note(op);
  setStatus(status() & ~C1);
}

/** The same for an instruction with a memory operand, once that was read. */
export function enterMemory(op: usize): void {
  enter(op);
  store<u64>(FPU_DP, effective(op));
  store<u16>(FPU_DS, load<u16>(SEG_SELECTOR + (opSegment(op) << 1)));
}

/** Address of ST(i). */
// @ts-ignore: decorator
@inline export function st(i: u32): usize { return FPR + (((top() + i) & 7) << 4); }

export function isEmpty(i: u32): bool {
  return ((u32(load<u16>(FPU_TAG)) >> ((top() + i) & 7)) & 1) == 0;
}

export function setInUse(i: u32): void {
  store<u16>(FPU_TAG, <u16>(u32(load<u16>(FPU_TAG)) | (1 << ((top() + i) & 7))));
}

export function setEmpty(i: u32): void {
  store<u16>(FPU_TAG, <u16>(u32(load<u16>(FPU_TAG)) & ~(1 << ((top() + i) & 7))));
}

export function setTop(value: u32): void {
  setStatus((status() & ~0x3800) | ((value & 7) << 11));
}

export function pop(): void {
  setEmpty(0);
  setTop(top() + 1);
}

/** ST(i) becomes an operand. */
export function loadA(i: u32): void {
  const register = st(i);
  unpack80(load<u16>(register, 8), load<u64>(register));
}

export function loadB(i: u32): void {
  loadA(i);
  second();
}

/** The result of the operation goes to ST(i). */
export function put(i: u32): void {
  putBits(i, sig80(), top80());
}

/** These bits go to ST(i). */
export function putBits(i: u32, sig: u64, exponent: u32): void {
  const register = st(i);
  store<u64>(register, sig);
  store<u16>(register, <u16>exponent, 8);
  setInUse(i);
}

/** The result is pushed. */
export function push(): void {
  setTop(top() - 1);
  put(0);
}

/** Status takes what the operation raised. False: an unmasked exception keeps the result from being delivered. */
export function report(): bool {
  const flags = settle();
  let value = status() | (flags & (63 | ROUNDED_UP));
  if ((flags & ~masked & 63) != 0) value |= PENDING;
  setStatus(value);
  return (flags & ~masked & BEFORE) == 0;
}

function stackFault(direction: u32): bool {
  const unmasked = (control() & INVALID_OPERATION) == 0;
  setStatus((status() & ~C1) | INVALID_OPERATION | STACK_FAULT | direction | (unmasked ? PENDING : 0));
  setDefaultNan();
  return !unmasked;
}

/** An operand is empty. True: masked, the default NaN (now the result) stands in for the operation's. */
export function underflows(): bool {
  return stackFault(0);
}

/** No room to push. True: masked, the default NaN is pushed. */
export function overflows(): bool {
  return stackFault(C1);
}

/** Room for one more? False: the stack overflows, and that is dealt with. */
export function hasRoom(): bool {
  if (isEmpty(7)) return true;
  if (overflows()) push();
  return false;
}

/** Bits are copied as they are, whatever they encode. */
export function pushBits(sig: u64, exponent: u32): void {
  setTop(top() - 1);
  putBits(0, sig, exponent);
}

/** Error summary and busy follow from flags and masks; after a load of either. */
export function summarize(): void {
  const value = status();
  setStatus((value & ~control() & 63) != 0 ? value | PENDING : value & ~PENDING);
}
