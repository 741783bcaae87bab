// Register forms of FLD and FST, constants, FXCH FCMOV FFREE FINCSTP FDECSTP.
import { condition } from "../flags";
import { setFinite } from "../float/number";
import { beginX87Full, rounding, TO_NEAREST, UP } from "../float/status";
import {
  control, enter, hasRoom, isEmpty, note, pop, push, pushBits, put, putBits, setEmpty, setTop, st, stackIndex, top,
  underflows,
} from "./x87-stack";

// ---- constants: the exact value cut off, and what rounding to nearest adds ----

function constant(op: usize, exponent: i32, cut: u64, nearest: u64): void {
  enter(op);
  if (!hasRoom()) return;
  beginX87Full(control());
  setFinite(0, exponent, cut + (rounding == TO_NEAREST ? nearest : u64(rounding == UP)));
  push();
}

export function fld1(op: usize): void {
  enter(op);
  if (hasRoom()) pushBits(0x8000_0000_0000_0000, 0x3fff);
}

export function fldz(op: usize): void {
  enter(op);
  if (hasRoom()) pushBits(0, 0);
}

export function fldl2t(op: usize): void { constant(op, 1, 0xd49a784bcd1b8afe, 0); }
export function fldl2e(op: usize): void { constant(op, 0, 0xb8aa3b295c17f0bb, 1); }
export function fldpi(op: usize): void { constant(op, 1, 0xc90fdaa22168c234, 1); }
export function fldlg2(op: usize): void { constant(op, -2, 0x9a209a84fbcff798, 1); }
export function fldln2(op: usize): void { constant(op, -1, 0xb17217f7d1cf79ab, 1); }

// ---- within the stack ----

export function fldSti(op: usize): void {
  enter(op);
  const source = st(stackIndex(op));
  if (isEmpty(stackIndex(op))) {
    if (underflows()) push();
  } else if (hasRoom()) pushBits(load<u64>(source), load<u16>(source, 8));
}

function copyTo(op: usize, popping: bool): void {
  enter(op);
  const i = stackIndex(op);
  if (isEmpty(0)) {
    if (!underflows()) return;
    put(i);
  } else putBits(i, load<u64>(st(0)), load<u16>(st(0), 8));
  if (popping) pop();
}

export function fstSti(op: usize): void { copyTo(op, false); }
export function fstpSti(op: usize): void { copyTo(op, true); }

/** D9 D8+i: an empty register is popped without a fault and without being copied. */
export function fstp1Sti(op: usize): void {
  if (!isEmpty(0)) copyTo(op, true);
  else {
    enter(op);
    pop();
  }
}

export function fxch(op: usize): void {
  enter(op);
  const i = stackIndex(op);
  if (isEmpty(0) || isEmpty(i)) {
    if (!underflows()) return;
    if (isEmpty(0)) put(0);
    if (isEmpty(i)) put(i);
  }
  const first = v128.load(st(0));
  v128.store(st(0), v128.load(st(i)));
  v128.store(st(i), first);
}

/** `cc` is a condition of Jcc. C1 stays. */
function moveIf(op: usize, cc: u32): void {
  note(op);
  const i = stackIndex(op);
  if (isEmpty(0) || isEmpty(i)) {
    if (underflows()) put(0);
    return;
  }
  if (condition(cc)) v128.store(st(0), v128.load(st(i)));
}

export function fcmovb(op: usize): void { moveIf(op, 2); }
export function fcmove(op: usize): void { moveIf(op, 4); }
export function fcmovbe(op: usize): void { moveIf(op, 6); }
export function fcmovu(op: usize): void { moveIf(op, 10); }
export function fcmovnb(op: usize): void { moveIf(op, 3); }
export function fcmovne(op: usize): void { moveIf(op, 5); }
export function fcmovnbe(op: usize): void { moveIf(op, 7); }
export function fcmovnu(op: usize): void { moveIf(op, 11); }

export function ffree(op: usize): void {
  enter(op);
  setEmpty(stackIndex(op));
}

export function ffreep(op: usize): void {
  enter(op);
  setEmpty(stackIndex(op));
  pop();
}

export function fincstp(op: usize): void {
  enter(op);
  setTop(top() + 1);
}

export function fdecstp(op: usize): void {
  enter(op);
  setTop(top() - 1);
}
