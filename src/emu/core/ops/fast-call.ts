// SYSCALL SYSRET SYSENTER SYSEXIT SWAPGS and the FS and GS base instructions.
import {
  CONTROL_SYSCALL, CONTROL_SYSENTER, CPL, CPU_VENDOR, CR0, CR4, CSTAR, DR, EFER, GPR, KERNEL_GS_BASE, LSTAR, RFLAGS, RIP, SEG_BASE,
  SFMASK, STAR, SYSENTER_CS, SYSENTER_EIP, SYSENTER_ESP, VMCS_CONTROLS, VMCS_EFER_HIDDEN,
} from "../generated/layout";
import {
  MECHANISM_sysexit, MECHANISM_sysret,
} from "../generated/monitor-layout";
import { longModeActive } from "../descriptors";
import { VECTOR_DB, VECTOR_GP, VECTOR_UD, raise, raiseCode, raiseTrap } from "../fault";
import { IF, RF, TF, VM, readRflags, writeRflags } from "../flags";
import { canonical } from "../mmu";
import { CR0_PE, CR4_FSGSBASE, EFER_SCE, SEG_FS, SEG_GS, VENDOR_INTEL, isLongCode, modeChanged } from "../mode";
import { interceptHidden } from "../monitor/intercept";
import { afterReturn, beforeReturn } from "../monitor/returns";
import { PREFIX_REX_W, opPrefixes, opRm } from "../op";
import { settleStep } from "../run";
import { setFlatCode, setFlatStack } from "../segments";
import { RCX, RDX, RSP, sizeY, writeRegister } from "./sized";

const R11: usize = GPR + 88;
const DR6_SINGLE_STEP: u64 = 0x4000;
const SYSCALL_BYTES: u64 = 0x050f;
const SYSRET_BYTES: u64 = 0x070f;
const SYSENTER_BYTES: u64 = 0x340f;
const SYSEXIT_BYTES: u64 = 0x350f;

/** False: SYSCALL does not exist here, #UD is raised; or the monitor keeps it from happening. */
function syscallEnabled(op: usize, bytes: u64): bool {
  const efer = load<u64>(EFER);
  if ((efer & EFER_SCE) == 0 || (load<u32>(CPU_VENDOR) == VENDOR_INTEL && !isLongCode())) {
    raise(VECTOR_UD);
    return false;
  }
  if ((load<u32>(VMCS_CONTROLS) & CONTROL_SYSCALL) == 0 || (load<u64>(VMCS_EFER_HIDDEN) & EFER_SCE) == 0) return true;
  return interceptHidden(op, VECTOR_UD, bytes);
}

export function syscall(op: usize): void {
  if (!syscallEnabled(op, SYSCALL_BYTES)) return;
  const star = load<u64>(STAR);
  const selector = <u32>(star >> 32) & 0xfffc;
  const next = load<u64>(RIP);
  if (longModeActive()) {
    const rflags = readRflags() & ~u64(RF);
    const long = isLongCode();
    store<u64>(RCX, next);
    store<u64>(R11, rflags);
    store<u64>(RIP, load<u64>(long ? LSTAR : CSTAR));
    writeRflags(rflags & ~load<u64>(SFMASK));
    setFlatCode(selector, 0, true);
  } else {
    store<u64>(RCX, next & 0xffff_ffff);
    store<u64>(RIP, star & 0xffff_ffff);
    store<u64>(RFLAGS, load<u64>(RFLAGS) & ~u64(VM | IF | RF));
    setFlatCode(selector, 0, false);
  }
  setFlatStack(selector + 8, 0);
  store<u32>(CPL, 0);
  modeChanged();
  settleStep();
}

/**
 * A target that is not canonical faults here, at CPL 0, as on Intel's processors. A TF that it sets traps at once
 * (AMD APM volume 2, 13.1.4).
 */
export function sysret(op: usize): void {
  const wide = (opPrefixes(op) & PREFIX_REX_W) != 0;
  if (!syscallEnabled(op, SYSRET_BYTES)) return;
  if (load<u32>(CPL) != 0 || (load<u64>(CR0) & CR0_PE) == 0 || (wide && !canonical(load<u64>(RCX)))) {
    raiseCode(VECTOR_GP, 0);
    afterReturn(op, MECHANISM_sysret);
    return;
  }
  if (!beforeReturn(op, SYSRET_BYTES)) return;
  const selector = <u32>(load<u64>(STAR) >> 48) & 0xffff;
  store<u64>(RIP, wide ? load<u64>(RCX) : load<u64>(RCX) & 0xffff_ffff);
  if (longModeActive()) writeRflags((load<u64>(R11) & 0x3c_7fd7) | 2);
  else store<u64>(RFLAGS, load<u64>(RFLAGS) | IF);
  setFlatCode((wide ? selector + 16 : selector) | 3, 3, wide);
  setFlatStack((selector + 8) | 3, 3);
  store<u32>(CPL, 3);
  modeChanged();
  afterReturn(op, MECHANISM_sysret);
  settleStep();
  if (load<u64>(RFLAGS) & TF) {
    store<u64>(DR + 48, load<u64>(DR + 48) | DR6_SINGLE_STEP);
    raiseTrap(VECTOR_DB);
  }
}

/** False: a fault is raised, or the monitor keeps it from happening. AMD's processors have no SYSENTER in long mode. */
function sysenterEnabled(op: usize, bytes: u64): bool {
  if (load<u32>(CPU_VENDOR) != VENDOR_INTEL && longModeActive()) {
    raise(VECTOR_UD);
    return false;
  }
  if ((load<u64>(CR0) & CR0_PE) == 0 || (load<u64>(SYSENTER_CS) & 0xfffc) == 0) {
    raiseCode(VECTOR_GP, 0);
    return false;
  }
  if ((load<u32>(VMCS_CONTROLS) & CONTROL_SYSENTER) == 0) return true;
  return interceptHidden(op, VECTOR_GP, bytes);
}

export function sysenter(op: usize): void {
  if (!sysenterEnabled(op, SYSENTER_BYTES)) return;
  const long = longModeActive();
  const selector = <u32>load<u64>(SYSENTER_CS) & 0xfffc;
  const mask: u64 = long ? ~(<u64>0) : 0xffff_ffff;
  store<u64>(RFLAGS, load<u64>(RFLAGS) & ~u64(VM | IF | RF));
  store<u64>(RSP, load<u64>(SYSENTER_ESP) & mask);
  store<u64>(RIP, load<u64>(SYSENTER_EIP) & mask);
  setFlatCode(selector, 0, long);
  setFlatStack(selector + 8, 0);
  store<u32>(CPL, 0);
  modeChanged();
}

export function sysexit(op: usize): void {
  const wide = (opPrefixes(op) & PREFIX_REX_W) != 0;
  if (load<u32>(CPL) != 0) {
    raiseCode(VECTOR_GP, 0);
    return;
  }
  if (!sysenterEnabled(op, SYSEXIT_BYTES)) return;
  if (wide && !(canonical(load<u64>(RCX)) && canonical(load<u64>(RDX)))) {
    raiseCode(VECTOR_GP, 0);
    afterReturn(op, MECHANISM_sysexit);
    return;
  }
  if (!beforeReturn(op, SYSEXIT_BYTES)) return;
  const selector = <u32>load<u64>(SYSENTER_CS) & 0xfffc;
  const mask: u64 = wide ? ~(<u64>0) : 0xffff_ffff;
  store<u64>(RSP, load<u64>(RCX) & mask);
  store<u64>(RIP, load<u64>(RDX) & mask);
  setFlatCode((selector + (wide ? 32 : 16)) | 3, 3, wide);
  setFlatStack((selector + (wide ? 40 : 24)) | 3, 3);
  store<u32>(CPL, 3);
  modeChanged();
  afterReturn(op, MECHANISM_sysexit);
}

export function swapgs(op: usize): void {
  const base = load<u64>(SEG_BASE + (SEG_GS << 3));
  store<u64>(SEG_BASE + (SEG_GS << 3), load<u64>(KERNEL_GS_BASE));
  store<u64>(KERNEL_GS_BASE, base);
}

function basesEnabled(): bool {
  if (load<u64>(CR4) & CR4_FSGSBASE) return true;
  raise(VECTOR_UD);
  return false;
}

function readBase(op: usize, segment: u32): void {
  if (basesEnabled()) writeRegister(opRm(op), sizeY(op), load<u64>(SEG_BASE + (segment << 3)));
}

function writeBase(op: usize, segment: u32): void {
  if (!basesEnabled()) return;
  const base = sizeY(op) == 8 ? load<u64>(opRm(op)) : u64(load<u32>(opRm(op)));
  if (canonical(base)) store<u64>(SEG_BASE + (segment << 3), base);
  else raiseCode(VECTOR_GP, 0);
}

export function rdfsbaseRy(op: usize): void { readBase(op, SEG_FS); }
export function rdgsbaseRy(op: usize): void { readBase(op, SEG_GS); }
export function wrfsbaseRy(op: usize): void { writeBase(op, SEG_FS); }
export function wrgsbaseRy(op: usize): void { writeBase(op, SEG_GS); }
