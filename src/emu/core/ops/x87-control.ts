// FNINIT FNCLEX FLDCW FNSTCW FNSTSW FLDENV FNSTENV FRSTOR FNSAVE FWAIT FNOP.
import {
  CR0, FPR, FPU_CONTROL, FPU_CS, FPU_DP, FPU_DS, FPU_IP, FPU_OPCODE, FPU_TAG, GPR,
} from "../generated/layout";
import { opSegment, opSize } from "../op";
import { faulted, raise, VECTOR_NM } from "../fault";
import { pendingX87 } from "../checks";
import { CR0_MP, CR0_TS, isProtected } from "../mode";
import { effective, segmentLinear } from "../address";
import { probeRead, probeWrite, read16, read32, read64, write16, write32, write80 } from "../memory";
import { readRm16, writeRm16 } from "../operands";
import { addressMask } from "./sized";
import { control, note, setStatus, status, summarize, top } from "./x87-stack";

const CONTROL_RESET: u32 = 0x37f;

/** Bit 6 of the control word reads as 1, bits 7 and 13 to 15 as 0. */
export function setControl(value: u32): void {
  store<u16>(FPU_CONTROL, <u16>((value & 0x1f3f) | 0x40));
}

/** FNINIT: registers keep their contents. */
export function reset(): void {
  setControl(CONTROL_RESET);
  setStatus(0);
  store<u16>(FPU_TAG, 0);
  store<u64>(FPU_IP, 0);
  store<u64>(FPU_DP, 0);
  store<u16>(FPU_CS, 0);
  store<u16>(FPU_DS, 0);
  store<u16>(FPU_OPCODE, 0);
}

export function fninit(op: usize): void {
  reset();
}

export function fnclex(op: usize): void {
  setStatus(status() & 0x7f00);
}

export function fldcwMw(op: usize): void {
  const value = readRm16(op);
  if (faulted()) return;
  setControl(value);
  summarize();
}

export function fnstcwMw(op: usize): void { writeRm16(op, control()); }
export function fnstswMw(op: usize): void { writeRm16(op, status()); }
export function fnstswAx(op: usize): void { store<u16>(GPR, <u16>status()); }

export function fnop(op: usize): void {
  note(op);
}

/** FENI, FDISI, FSETPM of older processors. */
export function fneni(op: usize): void {
}

export function fwait(op: usize): void {
  if ((load<u64>(CR0) & (CR0_MP | CR0_TS)) == (CR0_MP | CR0_TS)) raise(VECTOR_NM);
  else pendingX87();
}

/** The tag word in full: 0 valid, 1 zero, 2 special, 3 empty; register 0 lowest. */
export function fullTags(): u32 {
  let tags: u32 = 0;
  for (let i: u32 = 0; i < 8; i++) {
    const register: usize = FPR + (i << 4);
    const exponent = u32(load<u16>(register, 8)) & 0x7fff;
    const sig = load<u64>(register);
    let tag: u32 = 0;
    if (((u32(load<u16>(FPU_TAG)) >> i) & 1) == 0) tag = 3;
    else if (exponent == 0 && sig == 0) tag = 1;
    else if (exponent == 0 || exponent == 0x7fff || i64(sig) >= 0) tag = 2;
    tags |= tag << (i << 1);
  }
  return tags;
}

function setTags(tags: u32): void {
  let used: u32 = 0;
  for (let i: u32 = 0; i < 8; i++) {
    if (((tags >> (i << 1)) & 3) != 3) used |= 1 << i;
  }
  store<u16>(FPU_TAG, <u16>used);
}

/** 28 bytes with 32-bit operands, 14 with 16-bit ones. */
// @ts-ignore: decorator
@inline function environmentSize(op: usize): u32 { return opSize(op) == 2 ? 14 : 28; }

/** Address of an environment or a whole state that may be accessed; else a fault is raised. */
function image(op: usize, size: u32, write: bool): u64 {
  const element: u32 = opSize(op) == 2 ? 2 : 4;
  const linear = probeImage(op, 0, element, write);
  probeImage(op, size - 1, 1, write);
  return linear;
}

/**
 * A state image is looked at at both ends before anything is moved. Raises what an access to `count`
 * bytes from `at` on would raise; returns their linear address.
 */
export function probeImage(op: usize, at: u32, count: u32, write: bool): u64 {
  const linear = segmentLinear(opSegment(op), (effective(op) + at) & addressMask(op), count, write);
  if (faulted()) return 0;
  if (write) probeWrite(linear, count);
  else probeRead(linear, count);
  return linear;
}

/** Seven fields of 16 or, the upper half all ones, 32 bits; pointers as the mode has them (SDM vol. 1, 8.1.10). */
function storeEnvironment(linear: u64, wide: bool): void {
  const ip = load<u64>(FPU_IP);
  const dp = load<u64>(FPU_DP);
  const cs = u32(load<u16>(FPU_CS));
  const ds = u32(load<u16>(FPU_DS));
  const opcode = u32(load<u16>(FPU_OPCODE));
  let second: u32, third: u32, fourth: u32, first = <u32>ip;
  if (isProtected()) {
    second = wide ? cs | (opcode << 16) : cs;
    third = <u32>dp;
    fourth = wide ? ds | 0xffff_0000 : ds;
  } else {
    const linearIp = (cs << 4) + <u32>ip;
    const linearDp = (ds << 4) + <u32>dp;
    first = linearIp & 0xffff;
    second = ((linearIp >> 16) << 12) | opcode;
    third = linearDp & 0xffff;
    fourth = (linearDp >> 16) << 12;
  }
  const high: u32 = 0xffff_0000;
  putField(linear, wide, 0, control() | high);
  putField(linear, wide, 1, status() | high);
  putField(linear, wide, 2, fullTags() | high);
  putField(linear, wide, 3, first);
  putField(linear, wide, 4, second);
  putField(linear, wide, 5, third);
  putField(linear, wide, 6, fourth);
}

function putField(linear: u64, wide: bool, index: u64, value: u32): void {
  if (wide) write32(linear + (index << 2), value);
  else write16(linear + (index << 1), value & 0xffff);
}

function field(linear: u64, wide: bool, index: u64): u32 {
  return wide ? read32(linear + (index << 2)) : read16(linear + (index << 1));
}

function loadEnvironment(linear: u64, wide: bool): void {
  setControl(field(linear, wide, 0));
  setStatus(field(linear, wide, 1));
  setTags(field(linear, wide, 2));
  const first = field(linear, wide, 3);
  const second = field(linear, wide, 4);
  const third = field(linear, wide, 5);
  const fourth = field(linear, wide, 6);
  if (isProtected()) {
    store<u64>(FPU_IP, u64(first));
    store<u16>(FPU_CS, <u16>second);
    store<u16>(FPU_OPCODE, wide ? <u16>(second >> 16) & 0x7ff : 0);
    store<u64>(FPU_DP, u64(third));
    store<u16>(FPU_DS, <u16>fourth);
  } else {
    store<u64>(FPU_IP, u64((first & 0xffff) | ((second >> 12) << 16)));
    store<u16>(FPU_CS, 0);
    store<u16>(FPU_OPCODE, <u16>second & 0x7ff);
    store<u64>(FPU_DP, u64((third & 0xffff) | ((fourth >> 12) << 16)));
    store<u16>(FPU_DS, 0);
  }
  summarize();
}

/** Afterwards all exceptions are masked. */
export function fnstenvM(op: usize): void {
  const size = environmentSize(op);
  const linear = image(op, size, true);
  if (faulted()) return;
  storeEnvironment(linear, size == 28);
  setControl(control() | 63);
  summarize();
}

export function fldenvM(op: usize): void {
  const size = environmentSize(op);
  const linear = image(op, size, false);
  if (!faulted()) loadEnvironment(linear, size == 28);
}

/** The environment, ST(0) to ST(7) of ten bytes each; then FNINIT. */
export function fnsaveM(op: usize): void {
  const size = environmentSize(op);
  const linear = image(op, size + 80, true);
  if (faulted()) return;
  storeEnvironment(linear, size == 28);
  for (let i: u32 = 0; i < 8; i++) {
    const register: usize = FPR + (((top() + i) & 7) << 4);
    write80(linear + size + i * 10, load<u64>(register), load<u16>(register, 8));
  }
  reset();
}

export function frstorM(op: usize): void {
  const size = environmentSize(op);
  const linear = image(op, size + 80, false);
  if (faulted()) return;
  loadEnvironment(linear, size == 28);
  for (let i: u32 = 0; i < 8; i++) {
    const register: usize = FPR + (((top() + i) & 7) << 4);
    const at = linear + size + i * 10;
    store<u64>(register, read64(at));
    store<u16>(register, <u16>read16(at + 8), 8);
  }
}
