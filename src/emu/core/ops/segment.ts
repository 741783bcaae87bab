// MOV, PUSH, POP of segment registers, far pointers, and the instructions that look at descriptors.
import { CPL } from "../generated/layout";
import {
  ATTR_CODE, ATTR_CONFORMING, ATTR_S, ATTR_WRITABLE, attrOf, descriptorAddress, dplOf, isNull, isWritableData, limitOf, locate,
  longModeActive, selectorOf,
} from "../descriptors";
import { VECTOR_UD, faulted, raise } from "../fault";
import { ZF, setFlagsMasked } from "../flags";
import { effective, segmentLinear } from "../address";
import { read16, readSystem64 } from "../memory";
import { SEG_CS, SEG_DS, SEG_ES, SEG_FS, SEG_GS, SEG_SS } from "../mode";
import { opReg, opRm, opSegment, opSize } from "../op";
import { readReg16, readRm16, writeRm16 } from "../operands";
import { loadSegment, shadowStackLoad } from "../segments";
import { RSP, addressMask, readLinear, writeReg, writeRegister } from "./sized";
import { pop, push } from "./stack";

export function movEvSw(op: usize): void {
  const segment = <u32>opReg(op);
  if (segment > SEG_GS) {
    raise(VECTOR_UD);
    return;
  }
  const register = opRm(op);
  if (register) writeRegister(register, opSize(op), u64(selectorOf(segment)));
  else writeRm16(op, selectorOf(segment));
}

export function movSwEw(op: usize): void {
  const segment = <u32>opReg(op);
  if (segment > SEG_GS || segment == SEG_CS) {
    raise(VECTOR_UD);
    return;
  }
  const selector = readRm16(op);
  if (faulted()) return;
  loadSegment(segment, selector);
  if (!faulted()) shadowStackLoad(segment);
}

function pushSegment(op: usize, segment: u32): void { push(opSize(op), u64(selectorOf(segment))); }

export function pushEs(op: usize): void { pushSegment(op, SEG_ES); }
export function pushCs(op: usize): void { pushSegment(op, SEG_CS); }
export function pushSs(op: usize): void { pushSegment(op, SEG_SS); }
export function pushDs(op: usize): void { pushSegment(op, SEG_DS); }
export function pushFs(op: usize): void { pushSegment(op, SEG_FS); }
export function pushGs(op: usize): void { pushSegment(op, SEG_GS); }

function popSegment(op: usize, segment: u32): void {
  const old = load<u64>(RSP);
  const selector = <u32>pop(opSize(op)) & 0xffff;
  if (faulted()) return;
  loadSegment(segment, selector);
  if (faulted()) store<u64>(RSP, old);
  else shadowStackLoad(segment);
}

export function popEs(op: usize): void { popSegment(op, SEG_ES); }
export function popSs(op: usize): void { popSegment(op, SEG_SS); }
export function popDs(op: usize): void { popSegment(op, SEG_DS); }
export function popFs(op: usize): void { popSegment(op, SEG_FS); }
export function popGs(op: usize): void { popSegment(op, SEG_GS); }

function loadPointer(op: usize, segment: u32): void {
  const size = opSize(op);
  const offset = effective(op);
  const valueAt = segmentLinear(opSegment(op), offset, size, false);
  if (faulted()) return;
  const value = readLinear(valueAt, size);
  if (faulted()) return;
  const selectorAt = segmentLinear(opSegment(op), (offset + size) & addressMask(op), 2, false);
  if (faulted()) return;
  const selector = read16(selectorAt);
  if (faulted()) return;
  loadSegment(segment, selector);
  if (!faulted()) writeReg(op, size, value);
}

export function lesGvMp(op: usize): void { loadPointer(op, SEG_ES); }
export function ldsGvMp(op: usize): void { loadPointer(op, SEG_DS); }
export function lssGvMp(op: usize): void { loadPointer(op, SEG_SS); }
export function lfsGvMp(op: usize): void { loadPointer(op, SEG_FS); }
export function lgsGvMp(op: usize): void { loadPointer(op, SEG_GS); }

/** System descriptor types that LAR and LSL answer for, one bit a type; long mode knows fewer. */
const LAR_TYPES: u32 = 0b0001_1010_0011_1110;
const LAR_TYPES_LONG: u32 = 0b0001_1010_0000_0100;
const LSL_TYPES: u32 = 0b0000_1010_0000_1110;
const LSL_TYPES_LONG: u32 = 0b0000_1010_0000_0100;

let inspected: u64 = 0;

/** Fetches the descriptor if it exists, and its type and privilege let this program see it. */
function visible(selector: u32, types: u32): bool {
  if (isNull(selector) || !locate(selector, 8)) return false;
  inspected = readSystem64(descriptorAddress);
  if (faulted()) return false;
  const attr = attrOf(inspected);
  if ((attr & ATTR_S) == 0 && ((types >> (attr & 15)) & 1) == 0) return false;
  const conforming = (attr & (ATTR_S | ATTR_CODE | ATTR_CONFORMING)) == (ATTR_S | ATTR_CODE | ATTR_CONFORMING);
  return conforming || dplOf(attr) >= max(load<u32>(CPL), selector & 3);
}

function answer(seen: bool): void {
  if (!faulted()) setFlagsMasked(ZF, seen ? ZF : 0);
}

export function larGvEw(op: usize): void {
  const selector = readRm16(op);
  if (faulted()) return;
  const seen = visible(selector, longModeActive() ? LAR_TYPES_LONG : LAR_TYPES);
  if (seen) writeReg(op, opSize(op), (inspected >> 32) & 0xff_ff00);
  answer(seen);
}

export function lslGvEw(op: usize): void {
  const selector = readRm16(op);
  if (faulted()) return;
  const seen = visible(selector, longModeActive() ? LSL_TYPES_LONG : LSL_TYPES);
  if (seen) writeReg(op, opSize(op), u64(limitOf(inspected)));
  answer(seen);
}

export function verrEw(op: usize): void {
  const selector = readRm16(op);
  if (faulted()) return;
  const seen = visible(selector, 0);
  const attr = attrOf(inspected);
  answer(seen && ((attr & ATTR_CODE) == 0 || (attr & ATTR_WRITABLE) != 0));
}

export function verwEw(op: usize): void {
  const selector = readRm16(op);
  if (faulted()) return;
  const seen = visible(selector, 0);
  answer(seen && isWritableData(attrOf(inspected)));
}

export function arplEwGw(op: usize): void {
  const selector = readRm16(op);
  if (faulted()) return;
  const level = readReg16(op) & 3;
  const raised = (selector & 3) < level;
  // Only a write that is made needs the right to it.
  if (raised) writeRm16(op, (selector & ~(<u32>3)) | level);
  if (!faulted()) answer(raised);
}
