// FADD FMUL FSUB FSUBR FDIV FDIVR in all forms, FSQRT FCHS FABS FRNDINT FSCALE FXTRACT FPREM FPREM1.
import { faulted } from "../fault";
import { readRm16, readRm32, readRm64 } from "../operands";
import { add, divide, multiply, squareRoot } from "../float/arithmetic";
import { toIntegral } from "../float/convert";
import {
  aDenormal, aExp, aKind, aSig, aSign, INFINITY, QUIET, rKind, second, setA, setFinite, setInfinity, setZero,
  swapOperands, unpack32, unpack64, unpackInteger, ZERO,
} from "../float/number";
import { partial, quotient, remainder, scale } from "../float/remainder";
import { propagateA } from "../float/round";
import { beginX87, beginX87Full, DENORMAL, raise, rounding, ZERO_DIVIDE } from "../float/status";
import {
  C0, C1, C2, C3, CONDITION, control, enter, enterMemory, isEmpty, loadA, loadB, overflows, pop, push, put, report, setStatus, st,
  stackIndex, status, underflows,
} from "./x87-stack";

// The opcode's ModRM.reg digits.
const ADD: u32 = 0;
const MUL: u32 = 1;
const SUB: u32 = 4;
const SUBR: u32 = 5;
const DIV: u32 = 6;
const DIVR: u32 = 7;

/** ST(0) (a) with the other operand (b); the R forms exchange them. */
function operate(operation: u32): void {
  switch (operation) {
    case ADD: add(0); break;
    case MUL: multiply(); break;
    case SUB: add(1); break;
    case SUBR: swapOperands(); add(1); break;
    case DIV: divide(); break;
    default: swapOperands(); divide();
  }
}

/** The second operand has been taken apart and copied; the result goes to ST(to). */
function withSecond(operation: u32, to: u32): bool {
  loadA(0);
  operate(operation);
  if (!report()) return false;
  put(to);
  return true;
}

/** False: ST(0) is empty, and that is dealt with. */
function withMemory(op: usize): bool {
  enterMemory(op);
  if (isEmpty(0)) {
    if (underflows()) put(0);
    return false;
  }
  beginX87(control());
  return true;
}

function single(op: usize, operation: u32): void {
  const value = readRm32(op);
  if (faulted() || !withMemory(op)) return;
  unpack32(value);
  second();
  withSecond(operation, 0);
}

function double(op: usize, operation: u32): void {
  const value = readRm64(op);
  if (faulted() || !withMemory(op)) return;
  unpack64(value);
  second();
  withSecond(operation, 0);
}

function word(op: usize, operation: u32): void {
  const value = i64(<i16>readRm16(op));
  if (faulted() || !withMemory(op)) return;
  unpackInteger(value);
  second();
  withSecond(operation, 0);
}

function doubleword(op: usize, operation: u32): void {
  const value = i64(<i32>readRm32(op));
  if (faulted() || !withMemory(op)) return;
  unpackInteger(value);
  second();
  withSecond(operation, 0);
}

/** ST(0) with ST(i); `popping` takes ST(0) off when the result was delivered. */
function registers(op: usize, operation: u32, toIndex: bool, popping: bool): void {
  enter(op);
  const i = stackIndex(op);
  const to = toIndex ? i : 0;
  if (isEmpty(0) || isEmpty(i)) {
    if (!underflows()) return;
    put(to);
    if (popping) pop();
    return;
  }
  beginX87(control());
  loadB(i);
  if (withSecond(operation, to) && popping) pop();
}

export function faddMd(op: usize): void { single(op, ADD); }
export function fmulMd(op: usize): void { single(op, MUL); }
export function fsubMd(op: usize): void { single(op, SUB); }
export function fsubrMd(op: usize): void { single(op, SUBR); }
export function fdivMd(op: usize): void { single(op, DIV); }
export function fdivrMd(op: usize): void { single(op, DIVR); }
export function faddMq(op: usize): void { double(op, ADD); }
export function fmulMq(op: usize): void { double(op, MUL); }
export function fsubMq(op: usize): void { double(op, SUB); }
export function fsubrMq(op: usize): void { double(op, SUBR); }
export function fdivMq(op: usize): void { double(op, DIV); }
export function fdivrMq(op: usize): void { double(op, DIVR); }
export function fiaddMw(op: usize): void { word(op, ADD); }
export function fimulMw(op: usize): void { word(op, MUL); }
export function fisubMw(op: usize): void { word(op, SUB); }
export function fisubrMw(op: usize): void { word(op, SUBR); }
export function fidivMw(op: usize): void { word(op, DIV); }
export function fidivrMw(op: usize): void { word(op, DIVR); }
export function fiaddMd(op: usize): void { doubleword(op, ADD); }
export function fimulMd(op: usize): void { doubleword(op, MUL); }
export function fisubMd(op: usize): void { doubleword(op, SUB); }
export function fisubrMd(op: usize): void { doubleword(op, SUBR); }
export function fidivMd(op: usize): void { doubleword(op, DIV); }
export function fidivrMd(op: usize): void { doubleword(op, DIVR); }

export function faddStSti(op: usize): void { registers(op, ADD, false, false); }
export function fmulStSti(op: usize): void { registers(op, MUL, false, false); }
export function fsubStSti(op: usize): void { registers(op, SUB, false, false); }
export function fsubrStSti(op: usize): void { registers(op, SUBR, false, false); }
export function fdivStSti(op: usize): void { registers(op, DIV, false, false); }
export function fdivrStSti(op: usize): void { registers(op, DIVR, false, false); }
// With ST(i) as destination the mnemonics of SUB and SUBR, DIV and DIVR change places, the digits don't.
export function faddStiSt(op: usize): void { registers(op, ADD, true, false); }
export function fmulStiSt(op: usize): void { registers(op, MUL, true, false); }
export function fsubrStiSt(op: usize): void { registers(op, SUB, true, false); }
export function fsubStiSt(op: usize): void { registers(op, SUBR, true, false); }
export function fdivrStiSt(op: usize): void { registers(op, DIV, true, false); }
export function fdivStiSt(op: usize): void { registers(op, DIVR, true, false); }
export function faddpStiSt(op: usize): void { registers(op, ADD, true, true); }
export function fmulpStiSt(op: usize): void { registers(op, MUL, true, true); }
export function fsubrpStiSt(op: usize): void { registers(op, SUB, true, true); }
export function fsubpStiSt(op: usize): void { registers(op, SUBR, true, true); }
export function fdivrpStiSt(op: usize): void { registers(op, DIV, true, true); }
export function fdivpStiSt(op: usize): void { registers(op, DIVR, true, true); }

/** ST(0) is the first operand. False: it was empty, and that is dealt with. */
export function openUnary(op: usize): bool {
  enter(op);
  if (isEmpty(0)) {
    if (underflows()) put(0);
    return false;
  }
  beginX87Full(control());
  loadA(0);
  return true;
}

/** ST(0) and ST(1) are the operands a and b. */
export function openBinary(op: usize): bool {
  enter(op);
  if (isEmpty(0) || isEmpty(1)) {
    if (underflows()) put(0);
    return false;
  }
  beginX87Full(control());
  loadB(1);
  loadA(0);
  return true;
}

export function fsqrt(op: usize): void {
  if (!openUnary(op)) return;
  beginX87(control());
  squareRoot();
  if (report()) put(0);
}

export function frndint(op: usize): void {
  if (!openUnary(op)) return;
  toIntegral(rounding, false);
  if (report()) put(0);
}

export function fscale(op: usize): void {
  if (!openBinary(op)) return;
  scale();
  if (report()) put(0);
}

/** FCHS and FABS change the sign bit of any encoding. */
export function fchs(op: usize): void {
  if (openUnary(op)) store<u16>(st(0), load<u16>(st(0), 8) ^ 0x8000, 8);
}

export function fabs(op: usize): void {
  if (openUnary(op)) store<u16>(st(0), load<u16>(st(0), 8) & 0x7fff, 8);
}

/** C2 tells of a partial reduction, C0 C3 C1 the quotient's low bits; without a quotient only C2 and C1 become 0. */
function remains(op: usize, nearest: bool): void {
  setStatus(status() & ~C2);
  if (!openBinary(op)) return;
  remainder(nearest);
  const divided = rKind < QUIET;
  if (!report()) return;
  put(0);
  if (!divided) return;
  let codes = C2;
  if (!partial) {
    const q = <u32>quotient;
    codes = ((q & 4) != 0 ? C0 : 0) | ((q & 2) != 0 ? C3 : 0) | ((q & 1) != 0 ? C1 : 0);
  }
  setStatus((status() & ~CONDITION) | codes);
}

export function fprem(op: usize): void { remains(op, false); }
export function fprem1(op: usize): void { remains(op, true); }

/** ST(0) is replaced by its exponent, then its significand is pushed. */
export function fxtract(op: usize): void {
  enter(op);
  if (isEmpty(0) || !isEmpty(7)) {
    const masked = isEmpty(0) ? underflows() : overflows();
    if (!masked) return;
    put(0);
    push();
    return;
  }
  beginX87Full(control());
  loadA(0);
  if (aKind >= QUIET) {
    propagateA();
    if (!report()) return;
    put(0);
    push();
    return;
  }
  const sign = aSign;
  if (aKind == ZERO) {
    raise(ZERO_DIVIDE);
    setInfinity(1);
    if (!report()) return;
    put(0);
    setZero(sign);
    push();
    return;
  }
  if (aKind == INFINITY) {
    setInfinity(0);
    put(0);
    setInfinity(sign);
    push();
    return;
  }
  if (aDenormal) raise(DENORMAL);
  if (!report()) return;
  const sig = aSig;
  unpackInteger(aExp);
  setA();
  put(0);
  setFinite(sign, 0, sig);
  push();
}
