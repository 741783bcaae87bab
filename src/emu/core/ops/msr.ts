// RDMSR and WRMSR by the table of isa/msrs.ts, and the time-stamp counter.
import {
  APIC_BASE, CPU_VENDOR, PERFORMANCE, CONTROL_MSR_WRITE, CPL, CR4, EFER, EXIT_MSR_WRITE, HOST_VALUE, ICOUNT,
  IDLE_TIME, TSC_AUX, TSC_OFFSET, VMCS_CONTROLS, VMCS_MSR_BITMAP, CONTROL_RDTSC, EXIT_RDTSC,
} from "../generated/layout";
import {
  MSR_CANONICAL, MSR_CONSTANT, MSR_COUNT, MSR_EFER, MSR_FIELD, MSR_HOST, MSR_HOST_READ_ONLY, MSR_PAT, MSR_ROWS, MSR_TSC,
} from "../generated/msrs";
import { writeEfer } from "../control-registers";
import { VECTOR_GP, leaveAfter, raiseCode } from "../fault";
import { msrRead, msrWrite } from "../host";
import { canonical } from "../mmu";
import { CR4_PCE, CR4_TSD, VENDOR_AMD } from "../mode";
import { interceptInstruction } from "../monitor/intercept";
import { syncCount } from "../run";
import { RAX, RCX, RDX } from "./sized";

const MSR_APIC_BASE: u32 = 0x1b;
/** BSP, EXTD, EN, and an address of 40 bits. */
const APIC_BASE_KNOWN: u64 = 0xff_ffff_fd00;
/** EN and EXTD together. */
const APIC_INVALID: u64 = 1;
const APIC_ON: u64 = 2;
const APIC_X2: u64 = 3;
const COUNTERS: u32 = 4;
const ROW_BYTES: usize = 32;

/** Row of an index, 0 if there is none. */
function rowOf(index: u32): usize {
  let low: u32 = 0;
  let high: u32 = MSR_COUNT;
  while (low < high) {
    const middle = (low + high) >> 1;
    const row = MSR_ROWS + middle * ROW_BYTES;
    const found = load<u32>(row);
    if (found == index) return row;
    if (found < index) low = middle + 1; else high = middle;
  }
  return 0;
}

/** Virtual nanoseconds: the TSC runs at 1 GHz. */
export function timeStamp(): u64 {
  syncCount();
  return load<u64>(ICOUNT) + load<u64>(IDLE_TIME) + load<u64>(TSC_OFFSET);
}

// @ts-ignore: decorator
@inline function answer(value: u64): void {
  store<u64>(RAX, value & 0xffff_ffff);
  store<u64>(RDX, value >> 32);
}

function refuse(): void { raiseCode(VECTOR_GP, 0); }

export function rdmsr(op: usize): void {
  const index = load<u32>(RCX);
  const row = rowOf(index);
  if (row == 0) return refuse();
  switch (load<u32>(row, 4)) {
    case MSR_FIELD:
    case MSR_CANONICAL:
    case MSR_PAT: answer(load<u64>(load<u32>(row, 8))); break;
    case MSR_EFER: answer(load<u64>(EFER)); break;
    case MSR_TSC: answer(timeStamp()); break;
    case MSR_HOST:
    case MSR_HOST_READ_ONLY:
      syncCount();
      if (msrRead(index)) answer(load<u64>(HOST_VALUE)); else refuse();
      break;
    default: answer(load<u64>(row, 16)); break;
  }
}

/** Writes that the monitor asked for: bitmap of 0..1fffh, then c0000000h..c0001fffh. */
function watched(op: usize, index: u32, value: u64): bool {
  if ((load<u32>(VMCS_CONTROLS) & CONTROL_MSR_WRITE) == 0) return false;
  const bit = index & 0x1fff;
  const range = index >> 13;
  if (range != 0 && range != 0xc000_0000 >> 13) return false;
  const byte = VMCS_MSR_BITMAP + (range ? 1024 : 0) + (bit >> 3);
  if (((load<u8>(byte) >> (bit & 7)) & 1) == 0) return false;
  return !interceptInstruction(op, EXIT_MSR_WRITE, index, value);
}

export function wrmsr(op: usize): void {
  const index = load<u32>(RCX);
  const value = u64(load<u32>(RAX)) | (u64(load<u32>(RDX)) << 32);
  const row = rowOf(index);
  if (row == 0) return refuse();
  const kind = load<u32>(row, 4);
  if (kind == MSR_CONSTANT || kind == MSR_HOST_READ_ONLY) return refuse();
  if (kind == MSR_CANONICAL && !canonical(value)) return refuse();
  if (kind == MSR_FIELD && (value & ~load<u64>(row, 24)) != 0) return refuse();
  if (kind == MSR_PAT && !validPat(value)) return refuse();
  if (index == MSR_APIC_BASE && !validApicBase(value)) return refuse();
  if (watched(op, index, value)) return;
  switch (kind) {
    case MSR_FIELD:
    case MSR_PAT:
    case MSR_CANONICAL: store<u64>(load<u32>(row, 8), value); break;
    case MSR_EFER: writeEfer(value); break;
    case MSR_TSC: store<u64>(TSC_OFFSET, load<u64>(TSC_OFFSET) + value - timeStamp()); break;
    case MSR_HOST:
      syncCount();
      store<u64>(HOST_VALUE, value);
      if (!msrWrite(index)) refuse();
      break;
    default: break;
  }
  leaveAfter();
}

/** Off, xAPIC and x2APIC: what may follow what stands in SDM volume 3, 11.12.5. */
function validApicBase(value: u64): bool {
  if (value & ~APIC_BASE_KNOWN) return false;
  const now = (load<u64>(APIC_BASE) >> 10) & 3;
  const next = (value >> 10) & 3;
  if (next == APIC_INVALID) return false;
  return next == now || (next == APIC_X2 ? now == APIC_ON : next == APIC_ON ? now == 0 : true);
}

/** Each of the eight memory types is 0, 1, 4, 5, 6 or 7. */
function validPat(value: u64): bool {
  for (let i: u32 = 0; i < 8; i++) {
    const type = <u32>(value >> (i << 3)) & 255;
    if (type > 7 || type == 2 || type == 3) return false;
  }
  return true;
}

/** False: #GP, or the monitor wants to know first. */
function timeAllowed(op: usize): bool {
  if ((load<u64>(CR4) & CR4_TSD) != 0 && load<u32>(CPL) != 0) {
    refuse();
    return false;
  }
  return (load<u32>(VMCS_CONTROLS) & CONTROL_RDTSC) == 0 || interceptInstruction(op, EXIT_RDTSC, 0, timeStamp());
}

export function rdtsc(op: usize): void {
  if (timeAllowed(op)) answer(timeStamp());
}

export function rdtscp(op: usize): void {
  if (!timeAllowed(op)) return;
  answer(timeStamp());
  store<u64>(RCX, load<u64>(TSC_AUX) & 0xffff_ffff);
}

/** AMD's processors have four counters; they keep what is written, and count nothing. */
export function rdpmc(op: usize): void {
  const index = load<u32>(RCX);
  const denied = load<u32>(CPL) != 0 && (load<u64>(CR4) & CR4_PCE) == 0;
  if (denied || load<u32>(CPU_VENDOR) != VENDOR_AMD || index >= COUNTERS) return refuse();
  answer(load<u64>(PERFORMANCE + ((COUNTERS + index) << 3)) & 0xffff_ffff_ffff);
}
