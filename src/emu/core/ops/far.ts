// Far branches. RIP is already the next instruction's when a handler runs.
import { faulted } from "../fault";
import { interruptReturn, farReturn } from "../far-return";
import { farTransfer } from "../far-transfer";
import { effective, segmentLinear } from "../address";
import { read16 } from "../memory";
import { MECHANISM_iret, MECHANISM_retFar } from "../generated/monitor-layout";
import { afterReturn, beforeReturn } from "../monitor/returns";
import { opImm, opSegment, opSize } from "../op";
import { addressMask, readLinear } from "./sized";

function direct(op: usize, call: bool): void {
  const pointer = <u64>opImm(op);
  farTransfer(<u32>(pointer >> 32), pointer & 0xffff_ffff, opSize(op), call);
}

export function jmpAp(op: usize): void { direct(op, false); }
export function callAp(op: usize): void { direct(op, true); }

function indirect(op: usize, call: bool): void {
  const size = opSize(op);
  const at = effective(op);
  const offsetAt = segmentLinear(opSegment(op), at, size, false);
  if (faulted()) return;
  const offset = readLinear(offsetAt, size);
  if (faulted()) return;
  const selectorAt = segmentLinear(opSegment(op), (at + size) & addressMask(op), 2, false);
  if (faulted()) return;
  const selector = read16(selectorAt);
  if (!faulted()) farTransfer(selector, offset, size, call);
}

export function jmpMp(op: usize): void { indirect(op, false); }
export function callMp(op: usize): void { indirect(op, true); }

function returnFar(op: usize, bytes: u64, release: u32): void {
  if (!beforeReturn(op, bytes)) return;
  farReturn(opSize(op), release);
  afterReturn(op, MECHANISM_retFar);
}

export function retf(op: usize): void { returnFar(op, 0xcb, 0); }
export function retfIw(op: usize): void { returnFar(op, 0xca, <u32>opImm(op) & 0xffff); }

export function iret(op: usize): void {
  if (!beforeReturn(op, 0xcf)) return;
  interruptReturn(opSize(op));
  afterReturn(op, MECHANISM_iret);
}
