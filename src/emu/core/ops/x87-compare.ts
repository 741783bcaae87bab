// FCOM FUCOM FICOM FCOMI FUCOMI FTST FXAM.
import { faulted } from "../fault";
import { setFlags } from "../flags";
import { readRm16, readRm32, readRm64 } from "../operands";
import { compare, UNORDERED } from "../float/arithmetic";
import {
  aDenormal, aKind, aSign, INFINITY, second, unpack32, unpack64, unpackInteger, UNSUPPORTED, ZERO,
} from "../float/number";
import { beginX87Full } from "../float/status";
import { orderFlags } from "../float/scalar";
import {
  C0, C1, C2, C3, CONDITION, control, enter, enterMemory, isEmpty, loadA, loadB, note, pop, report, setStatus, stackIndex,
  status, underflows,
} from "./x87-stack";

function setCodes(order: i32): void {
  let codes: u32 = 0;
  if (order == UNORDERED) codes = C0 | C2 | C3;
  else if (order == 0) codes = C3;
  else if (order < 0) codes = C0;
  setStatus((status() & ~(C0 | C2 | C3)) | codes);
}

/** ST(0) with the second operand; codes are set even by an unmasked exception. True: go on and pop. */
function orders(signaling: bool): bool {
  loadA(0);
  setCodes(compare(signaling));
  return report();
}

function emptyOperand(): bool {
  setCodes(UNORDERED);
  return underflows();
}

function withMemory(op: usize): bool {
  enterMemory(op);
  beginX87Full(control());
  return !isEmpty(0);
}

function single(op: usize, popping: bool): void {
  const bits = readRm32(op);
  if (faulted()) return;
  const there = withMemory(op);
  unpack32(bits);
  second();
  if ((there ? orders(true) : emptyOperand()) && popping) pop();
}

function double(op: usize, popping: bool): void {
  const bits = readRm64(op);
  if (faulted()) return;
  const there = withMemory(op);
  unpack64(bits);
  second();
  if ((there ? orders(true) : emptyOperand()) && popping) pop();
}

function integer(op: usize, value: i64, popping: bool): void {
  const there = withMemory(op);
  unpackInteger(value);
  second();
  if ((there ? orders(true) : emptyOperand()) && popping) pop();
}

function word(op: usize, popping: bool): void {
  const value = i64(<i16>readRm16(op));
  if (!faulted()) integer(op, value, popping);
}

function doubleword(op: usize, popping: bool): void {
  const value = i64(<i32>readRm32(op));
  if (!faulted()) integer(op, value, popping);
}

function registers(op: usize, i: u32, signaling: bool, pops: u32): void {
  enter(op);
  beginX87Full(control());
  const there = !isEmpty(0) && !isEmpty(i);
  if (there) loadB(i);
  if (!(there ? orders(signaling) : emptyOperand())) return;
  for (let n: u32 = 0; n < pops; n++) pop();
}

export function fcomMd(op: usize): void { single(op, false); }
export function fcompMd(op: usize): void { single(op, true); }
export function fcomMq(op: usize): void { double(op, false); }
export function fcompMq(op: usize): void { double(op, true); }
export function ficomMw(op: usize): void { word(op, false); }
export function ficompMw(op: usize): void { word(op, true); }
export function ficomMd(op: usize): void { doubleword(op, false); }
export function ficompMd(op: usize): void { doubleword(op, true); }
export function fcomSti(op: usize): void { registers(op, stackIndex(op), true, 0); }
export function fcompSti(op: usize): void { registers(op, stackIndex(op), true, 1); }
export function fcompp(op: usize): void { registers(op, 1, true, 2); }
export function fucomSti(op: usize): void { registers(op, stackIndex(op), false, 0); }
export function fucompSti(op: usize): void { registers(op, stackIndex(op), false, 1); }
export function fucompp(op: usize): void { registers(op, 1, false, 2); }

/** To ZF PF CF; OF SF AF become 0. C1 stays. */
function toFlags(op: usize, signaling: bool, popping: bool): void {
  note(op);
  beginX87Full(control());
  const i = stackIndex(op);
  if (isEmpty(0) || isEmpty(i)) {
    setFlags(orderFlags(UNORDERED));
    if (underflows() && popping) pop();
    return;
  }
  loadB(i);
  loadA(0);
  setFlags(orderFlags(compare(signaling)));
  if (report() && popping) pop();
}

export function fcomi(op: usize): void { toFlags(op, true, false); }
export function fcomip(op: usize): void { toFlags(op, true, true); }
export function fucomi(op: usize): void { toFlags(op, false, false); }
export function fucomip(op: usize): void { toFlags(op, false, true); }

export function ftst(op: usize): void {
  enter(op);
  beginX87Full(control());
  unpackInteger(0);
  second();
  if (isEmpty(0)) emptyOperand();
  else orders(true);
}

/** The class in C3 C2 C0, the sign in C1, also of an empty register. */
export function fxam(op: usize): void {
  enter(op);
  beginX87Full(control());
  loadA(0);
  let codes: u32;
  if (isEmpty(0)) codes = C3 | C0;
  else if (aKind == UNSUPPORTED) codes = 0;
  else if (aKind > INFINITY) codes = C0;
  else if (aKind == INFINITY) codes = C2 | C0;
  else if (aKind == ZERO) codes = C3;
  else codes = aDenormal ? C3 | C2 : C2;
  setStatus((status() & ~CONDITION) | codes | (aSign != 0 ? C1 : 0));
}
