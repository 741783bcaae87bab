// F2XM1 FYL2X FYL2XP1 FPATAN FPTAN FSIN FCOS FSINCOS.
import {
  cosineOperand, f2xm1Operand, fpatanOperands, fyl2xOperands, fyl2xp1Operands, outOfRange, sineOperand, tangentOperand,
} from "../float/transcendental-operands";
import { QUIET, rKind, setFinite, sig80, top80 } from "../float/number";
import { beginX87Full, raised, ROUNDED_UP, setRaised } from "../float/status";
import { openUnary } from "./x87-arithmetic";
import {
  C2, control, enter, isEmpty, loadA, loadB, overflows, pop, push, put, putBits, report, setStatus, status, underflows,
} from "./x87-stack";

export function f2xm1(op: usize): void {
  if (!openUnary(op)) return;
  f2xm1Operand();
  if (report()) put(0);
}

/** ST(0) and ST(1) are a and b, the result replaces both. False: one is empty, and that is dealt with. */
function openPair(op: usize): bool {
  enter(op);
  if (isEmpty(0) || isEmpty(1)) {
    if (underflows()) closePair();
    return false;
  }
  beginX87Full(control());
  loadB(1);
  loadA(0);
  return true;
}

function closePair(): void {
  put(1);
  pop();
}

export function fyl2x(op: usize): void {
  if (!openPair(op)) return;
  fyl2xOperands();
  if (report()) closePair();
}

export function fyl2xp1(op: usize): void {
  if (!openPair(op)) return;
  fyl2xp1Operands();
  if (report()) closePair();
}

export function fpatan(op: usize): void {
  if (!openPair(op)) return;
  fpatanOperands();
  if (report()) closePair();
}

/** ST(0) is an angle within range? Else C2 is set, and that is all that happens. */
function inRange(): bool {
  if (!outOfRange()) return true;
  setStatus(status() | C2);
  return false;
}

function openAngle(op: usize): bool {
  setStatus(status() & ~C2);
  return openUnary(op) && inRange();
}

export function fsin(op: usize): void {
  if (!openAngle(op)) return;
  sineOperand();
  if (report()) put(0);
}

export function fcos(op: usize): void {
  if (!openAngle(op)) return;
  cosineOperand();
  if (report()) put(0);
}

/** Results go to ST(0) and on top of it. False: empty or full, and that is dealt with. */
function openPush(op: usize): bool {
  enter(op);
  setStatus(status() & ~C2);
  const empty = isEmpty(0);
  if (empty || !isEmpty(7)) {
    if (empty ? underflows() : overflows()) {
      put(0);
      push();
    }
    return false;
  }
  beginX87Full(control());
  loadA(0);
  return inRange();
}

export function fptan(op: usize): void {
  if (!openPush(op)) return;
  tangentOperand();
  if (!report()) return;
  put(0);
  if (rKind < QUIET) setFinite(0, 0, 0x8000_0000_0000_0000);
  push();
}

export function fsincos(op: usize): void {
  if (!openPush(op)) return;
  sineOperand();
  const sig = sig80();
  const top = top80();
  const up = raised & ROUNDED_UP;
  cosineOperand();
  // C1 tells of the sine alone
  if (up == 0) setRaised(raised & ~ROUNDED_UP);
  if (!report()) return;
  push();
  putBits(1, sig, top);
}
