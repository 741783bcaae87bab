// PUSH POP PUSHA POPA PUSHF POPF ENTER LEAVE. RSP and RBP change only if nothing faulted.
import { CPL } from "../generated/layout";
import { opImm, opSize } from "../op";
import { VECTOR_GP, faulted, raiseCode } from "../fault";
import { AC, DF, ID, IF, IOPL, NT, RF, STATUS, TF, VM, readRflags, writeRflags } from "../flags";
import { segmentLinear } from "../address";
import { probeWrite } from "../memory";
import { pop16, pop32, pop64, push16, push32, push64, setStackPointer, stackPointer } from "../stack";
import { SEG_SS, modeChanged } from "../mode";
import { RAX, RBP, RDI, RSP, readLinear, readRegister, readRm, writeRegister, writeRm } from "./sized";

/** Pushes 2, 4 or 8 bytes. */
export function push(size: u32, value: u64): void {
  switch (size) {
    case 2: push16(<u16>value); break;
    case 4: push32(<u32>value); break;
    default: push64(value); break;
  }
}

/** Pops 2, 4 or 8 bytes. */
export function pop(size: u32): u64 {
  switch (size) {
    case 2: return u64(pop16());
    case 4: return u64(pop32());
    default: return pop64();
  }
}

export function pushEv(op: usize): void {
  const value = readRm(op, opSize(op));
  if (!faulted()) push(opSize(op), value);
}

export function pushIz(op: usize): void { push(opSize(op), <u64>opImm(op)); }

/** An address that uses rSP is computed with the incremented one; popping into rSP keeps the value popped. */
export function popEv(op: usize): void {
  const old = load<u64>(RSP);
  const value = pop(opSize(op));
  if (faulted()) return;
  writeRm(op, opSize(op), value);
  if (faulted()) store<u64>(RSP, old);
}

export function pusha(op: usize): void {
  const size = opSize(op);
  const old = load<u64>(RSP);
  for (let register: usize = RAX; register <= RDI; register += 8) {
    push(size, register == RSP ? old : readRegister(register, size));
    if (faulted()) {
      store<u64>(RSP, old);
      return;
    }
  }
}

export function popa(op: usize): void {
  const size = opSize(op);
  const old = load<u64>(RSP);
  popValues(size);
  if (!faulted()) commitPopped(size);
  else store<u64>(RSP, old);
}

const popped = memory.data(64);

function popValues(size: u32): void {
  for (let i: u32 = 0; i < 8; i++) {
    store<u64>(popped + (i << 3), pop(size));
    if (faulted()) return;
  }
}

/** The first value popped is rDI's; rSP's is dropped. */
function commitPopped(size: u32): void {
  for (let i: u32 = 0; i < 8; i++) {
    const register: usize = RDI - (i << 3);
    if (register != RSP) writeRegister(register, size, load<u64>(popped + (i << 3)));
  }
}

// @ts-ignore: decorator
@inline function privilegeLevel(): u64 { return u64(load<u32>(CPL)); }

export function pushf(op: usize): void {
  const rflags = readRflags();
  if ((rflags & VM) != 0 && (rflags & IOPL) != IOPL) return raiseCode(VECTOR_GP, 0);
  push(opSize(op), rflags & ~u64(VM | RF));
}

/** IOPL changes at CPL 0 only, IF when CPL <= IOPL; VM, VIF and VIP never; RF is cleared (SDM vol. 2, POPF). */
export function popf(op: usize): void {
  const old = readRflags();
  if ((old & VM) != 0 && (old & IOPL) != IOPL) return raiseCode(VECTOR_GP, 0);
  const size = opSize(op);
  const value = pop(size);
  if (faulted()) return;
  let changeable: u64 = STATUS | TF | DF | NT | AC | ID | RF;
  if (privilegeLevel() == 0) changeable |= IOPL;
  if ((old & VM) != 0 || privilegeLevel() <= (old & IOPL) >> 12) changeable |= IF;
  if (size == 2) changeable &= 0xffff;
  const rflags = (old & ~changeable) | (value & changeable & ~u64(RF));
  writeRflags(rflags);
  if ((old ^ rflags) & AC) modeChanged();
}

/** Nested frames copy `level - 1` frame pointers, then push the new one; the last stack address must be writable. */
export function enterIwIb(op: usize): void {
  const size = opSize(op);
  const space = <u64>opImm(op) & 0xffff;
  const level = <u32>(opImm(op) >> 16) & 31;
  const oldStack = load<u64>(RSP);
  push(size, readRegister(RBP, size));
  const frame = stackPointer();
  if (!faulted() && level > 0) copyFrames(size, level, frame);
  if (!faulted()) {
    setStackPointer(stackPointer() - space);
    const last = segmentLinear(SEG_SS, stackPointer(), size, true);
    if (!faulted()) probeWrite(last, size);
  }
  if (faulted()) store<u64>(RSP, oldStack);
  else writeRegister(RBP, size, frame);
}

function copyFrames(size: u32, level: u32, frame: u64): void {
  const oldStack = load<u64>(RSP);
  for (let i: u32 = 1; i < level; i++) {
    setStackPointer(load<u64>(RBP) - u64(i * size));
    const linear = segmentLinear(SEG_SS, stackPointer(), size, false);
    store<u64>(RSP, oldStack);
    if (faulted()) return;
    setStackPointer(oldStack - u64((i - 1) * size));
    const value = readLinear(linear, size);
    if (!faulted()) push(size, value);
    if (faulted()) return;
  }
  push(size, frame);
}

export function leave(op: usize): void {
  const size = opSize(op);
  const old = load<u64>(RSP);
  setStackPointer(load<u64>(RBP));
  const value = pop(size);
  if (faulted()) store<u64>(RSP, old);
  else writeRegister(RBP, size, value);
}
