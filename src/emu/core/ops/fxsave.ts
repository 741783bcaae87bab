// FXSAVE FXRSTOR XSAVE XSAVEOPT XRSTOR: the legacy region of 512 bytes, the header, and the AVX component.
import {
  CPL, CR4, EFER, FPR, FPU_CS, FPU_DP, FPU_DS, FPU_IP, FPU_OPCODE, FPU_TAG, GPR, MXCSR, XCR0, XMM,
} from "../generated/layout";
import { opPrefixes, opSegment, PREFIX_REX_W } from "../op";
import { faulted, raise, raiseCode, VECTOR_GP, VECTOR_UD } from "../fault";
import { CR4_OSXSAVE, EFER_FFXSR, isLongCode } from "../mode";
import { effective, segmentLinear } from "../address";
import { read16, read32, read64, read8, readV128, write16, write32, write64, write8, writeV128 } from "../memory";
import { control, setStatus, status, summarize, top } from "./x87-stack";
import { probeImage, reset, setControl } from "./x87-control";
import { MXCSR_MASK } from "./sse-float-convert";

const LEGACY_SIZE: u32 = 512;
const HEADER: u64 = 512;
const AVX: u64 = 576;
const X87_COMPONENT: u64 = 1;
const SSE_COMPONENT: u64 = 2;
const AVX_COMPONENT: u64 = 4;
const ERROR_SUMMARY: u32 = 0x80;

/** Address of an area that is aligned to `alignment` and may be accessed; else a fault is raised. */
function area(op: usize, size: u32, alignment: u64, write: bool): u64 {
  // In the order of AMD's processors: the first doubleword's segment, alignment, the last byte, the first.
  const linear = segmentLinear(opSegment(op), effective(op), 4, write);
  if ((linear & (alignment - 1)) != 0) raiseCode(VECTOR_GP, 0);
  probeImage(op, size - 1, 1, write);
  return probeImage(op, 0, 1, write);
}

// @ts-ignore: decorator
@inline function registerCount(): u32 { return isLongCode() ? 16 : 8; }

function saveX87(linear: u64, op: usize): void {
  write16(linear, control());
  write16(linear + 2, status());
  write8(linear + 4, u32(load<u16>(FPU_TAG)) & 0xff);
  write8(linear + 5, 0);
  // AMD saves the error pointers only with an exception pending.
  const pending = (status() & ERROR_SUMMARY) != 0;
  const ip: u64 = pending ? load<u64>(FPU_IP) : 0;
  const dp: u64 = pending ? load<u64>(FPU_DP) : 0;
  write16(linear + 6, pending ? load<u16>(FPU_OPCODE) : 0);
  if ((opPrefixes(op) & PREFIX_REX_W) != 0) {
    write64(linear + 8, ip);
    write64(linear + 16, dp);
  } else {
    write32(linear + 8, <u32>ip);
    write32(linear + 12, pending ? load<u16>(FPU_CS) : 0);
    write32(linear + 16, <u32>dp);
    write32(linear + 20, pending ? load<u16>(FPU_DS) : 0);
  }
  for (let i: u32 = 0; i < 8; i++) {
    const register: usize = FPR + (((top() + i) & 7) << 4);
    write64(linear + 32 + (i << 4), load<u64>(register));
    write64(linear + 40 + (i << 4), load<u16>(register, 8));
  }
}

/** The error pointers have 48 bits. */
// @ts-ignore: decorator
@inline function canonical48(pointer: u64): u64 { return u64((i64(pointer) << 16) >> 16); }

function restoreX87(linear: u64, op: usize): void {
  setControl(read16(linear));
  setStatus(read16(linear + 2));
  store<u16>(FPU_TAG, <u16>read8(linear + 4));
  store<u16>(FPU_OPCODE, <u16>read16(linear + 6) & 0x7ff);
  if ((opPrefixes(op) & PREFIX_REX_W) != 0) {
    store<u64>(FPU_IP, canonical48(read64(linear + 8)));
    store<u64>(FPU_DP, canonical48(read64(linear + 16)));
    store<u16>(FPU_CS, 0);
    store<u16>(FPU_DS, 0);
  } else {
    store<u64>(FPU_IP, u64(read32(linear + 8)));
    store<u16>(FPU_CS, <u16>read16(linear + 12));
    store<u64>(FPU_DP, u64(read32(linear + 16)));
    store<u16>(FPU_DS, <u16>read16(linear + 20));
  }
  for (let i: u32 = 0; i < 8; i++) {
    const register: usize = FPR + (((top() + i) & 7) << 4);
    store<u64>(register, read64(linear + 32 + (i << 4)));
    store<u16>(register, <u16>read16(linear + 40 + (i << 4)), 8);
  }
  summarize();
}

function resetX87(): void {
  reset();
  for (let i: usize = 0; i < 128; i += 16) v128.store(FPR + i, i64x2(0, 0));
}

function saveMxcsr(linear: u64): void {
  write32(linear + 24, load<u32>(MXCSR));
  write32(linear + 28, MXCSR_MASK);
}

/** Checks MXCSR in memory, before anything is loaded. */
function checkMxcsr(linear: u64): bool {
  if ((read32(linear + 24) & ~MXCSR_MASK) == 0) return true;
  raiseCode(VECTOR_GP, 0);
  return false;
}

function saveXmm(linear: u64): void {
  for (let i: u32 = 0; i < registerCount(); i++) writeV128(linear + 160 + (i << 4), v128.load(XMM + (i << 5)));
}

function restoreXmm(linear: u64): void {
  for (let i: u32 = 0; i < registerCount(); i++) v128.store(XMM + (i << 5), readV128(linear + 160 + (i << 4)));
}

/** EFER.FFXSR: at CPL 0 in 64-bit mode the XMM registers are left out (AMD). */
function skipsXmm(): bool {
  return (load<u64>(EFER) & EFER_FFXSR) != 0 && isLongCode() && load<u32>(CPL) == 0;
}

export function fxsaveM(op: usize): void {
  const linear = area(op, LEGACY_SIZE, 16, true);
  if (faulted()) return;
  saveX87(linear, op);
  saveMxcsr(linear);
  if (!skipsXmm()) saveXmm(linear);
}

export function fxrstorM(op: usize): void {
  const linear = area(op, LEGACY_SIZE, 16, false);
  if (faulted() || !checkMxcsr(linear)) return;
  restoreX87(linear, op);
  store<u32>(MXCSR, read32(linear + 24));
  if (!skipsXmm()) restoreXmm(linear);
}

// ---- XSAVE ----

/** Components that EDX:EAX names and XCR0 allows. */
function requested(): u64 {
  return (u64(load<u32>(GPR)) | (u64(load<u32>(GPR + 16)) << 32)) & load<u64>(XCR0);
}

function areaSize(components: u64): u32 {
  return (components & AVX_COMPONENT) != 0 ? 832 : 576;
}

function enabled(): bool {
  if ((load<u64>(CR4) & CR4_OSXSAVE) != 0) return true;
  raise(VECTOR_UD);
  return false;
}

/** All components count as in use, so that XSAVEOPT is XSAVE. */
export function xsaveM(op: usize): void {
  if (!enabled()) return;
  const components = requested();
  const linear = area(op, areaSize(components), 64, true);
  if (faulted()) return;
  const present = read64(linear + HEADER);
  if ((components & X87_COMPONENT) != 0) saveX87(linear, op);
  if ((components & (SSE_COMPONENT | AVX_COMPONENT)) != 0) saveMxcsr(linear);
  if ((components & SSE_COMPONENT) != 0) saveXmm(linear);
  if ((components & AVX_COMPONENT) != 0) {
    for (let i: u32 = 0; i < registerCount(); i++) writeV128(linear + AVX + (i << 4), v128.load(XMM + (i << 5) + 16));
  }
  write64(linear + HEADER, present | components);
}

export function xrstorM(op: usize): void {
  if (!enabled()) return;
  const components = requested();
  const linear = area(op, areaSize(components), 64, false);
  if (faulted()) return;
  const present = read64(linear + HEADER);
  let reserved = present & ~load<u64>(XCR0);
  for (let i: u64 = 8; i < 64; i += 8) reserved |= read64(linear + HEADER + i);
  if (reserved != 0) {
    raiseCode(VECTOR_GP, 0);
    return;
  }
  const loadsMxcsr = (components & (SSE_COMPONENT | AVX_COMPONENT)) != 0;
  if (loadsMxcsr && !checkMxcsr(linear)) return;
  if ((components & X87_COMPONENT) != 0) {
    if ((present & X87_COMPONENT) != 0) restoreX87(linear, op);
    else resetX87();
  }
  if (loadsMxcsr) store<u32>(MXCSR, read32(linear + 24));
  if ((components & SSE_COMPONENT) != 0) {
    if ((present & SSE_COMPONENT) != 0) restoreXmm(linear);
    else clearHalves(0);
  }
  if ((components & AVX_COMPONENT) != 0) {
    if ((present & AVX_COMPONENT) == 0) clearHalves(16);
    else {
      for (let i: u32 = 0; i < registerCount(); i++) v128.store(XMM + (i << 5) + 16, readV128(linear + AVX + (i << 4)));
    }
  }
}

/** Low (0) or high (16) halves of the YMM registers become 0. */
function clearHalves(offset: usize): void {
  for (let i: u32 = 0; i < registerCount(); i++) v128.store(XMM + (i << 5) + offset, i64x2(0, 0));
}
