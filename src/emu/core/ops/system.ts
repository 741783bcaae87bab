// Control and debug registers, descriptor-table registers, and what else only an operating system does.
import {
  CONTROL_CR3_LOAD, CONTROL_CR_LOAD, CONTROL_DESCRIPTOR_TABLE, CONTROL_VMFUNC, CPL, CR0, CR2, CR3, CR4, CR8, CR_ACCESS_XCR0, DR,
  EXIT_CR_ACCESS, EXIT_DESCRIPTOR_TABLE, EXIT_LINEAR, EXIT_VMFUNC, DESCRIPTOR_TABLE_GDTR, DESCRIPTOR_TABLE_IDTR,
  DESCRIPTOR_TABLE_LDTR, DESCRIPTOR_TABLE_TR, GDTR_BASE, GDTR_LIMIT, IDTR_BASE, IDTR_LIMIT, SEG_BASE, VMCS_CONTROLS,
  VMCS_VMFUNC_CONTROLS, XCR0,
} from "../generated/layout";
import { VIEWS } from "../generated/monitor-layout";
import { selectorOf } from "../descriptors";
import { breakpointsChanged } from "../breakpoints";
import { writeCr0, writeCr3, writeCr4, writeCr8 } from "../control-registers";
import { VECTOR_DB, VECTOR_GP, VECTOR_UD, faulted, leaveAfter, raise, raiseCode } from "../fault";
import { effective, segmentLinear } from "../address";
import { probeWrite, read16, read32, read64, write16, write32, write64 } from "../memory";
import { canonical } from "../mmu";
import {
  CR0_PE, CR4_DE, CR4_OSXSAVE, CR4_UMIP, SEG_LDTR, SEG_TR, isLongCode, modeChanged,
} from "../mode";
import { interceptInstruction } from "../monitor/intercept";
import { switchView } from "../monitor/views";
import { opPrefixes, opReg, opRm, opSegment, opSize, PREFIX_66, PREFIX_REP, PREFIX_REPNE } from "../op";
import { readRm16, writeRm16 } from "../operands";
import { loadLdt, loadTaskRegister } from "../segments";
import { flushPage } from "../tlb";
import { RAX, RCX, RDX, addressMask, writeRegister } from "./sized";

/** Instructions told apart by their last byte alone have none of these. */
const NO_PREFIXES: u32 = PREFIX_66 | PREFIX_REP | PREFIX_REPNE;
const CR0_TS: u64 = 8;
const DR6_BD: u64 = 0x2000;
const DR7_GD: u64 = 0x2000;

/** Moves to and from control and debug registers are 64 bits wide in 64-bit mode, 32 elsewhere. */
function source(op: usize): u64 { return isLongCode() ? load<u64>(opRm(op)) : u64(load<u32>(opRm(op))); }
function put(op: usize, value: u64): void { writeRegister(opRm(op), isLongCode() ? 8 : 4, value); }

/** What does not exist is #UD at any CPL, what does is #GP(0) above 0. False: the fault is raised. */
function permitted(exists: bool): bool {
  if (!exists) raise(VECTOR_UD);
  else if (load<u32>(CPL) != 0) raiseCode(VECTOR_GP, 0);
  else return true;
  return false;
}

/** CR0, CR2, CR3, CR4, CR8. */
function isControlRegister(number: u32): bool { return number < 9 && ((0x11d >> number) & 1) != 0; }

export function movRdCd(op: usize): void {
  const register = <u32>opReg(op);
  if (!permitted(isControlRegister(register))) return;
  switch (register) {
    case 0: put(op, load<u64>(CR0)); break;
    case 2: put(op, load<u64>(CR2)); break;
    case 3: put(op, load<u64>(CR3)); break;
    case 4: put(op, load<u64>(CR4)); break;
    default: put(op, load<u64>(CR8)); break;
  }
}

export function movCdRd(op: usize): void {
  const register = <u32>opReg(op);
  if (!permitted(isControlRegister(register))) return;
  const value = source(op);
  const control: u32 = register == 3 ? CONTROL_CR3_LOAD : CONTROL_CR_LOAD;
  if (load<u32>(VMCS_CONTROLS) & control) {
    if (!interceptInstruction(op, EXIT_CR_ACCESS, register, value)) return;
  }
  switch (register) {
    case 0: writeCr0(value); break;
    case 2: store<u64>(CR2, value); break;
    case 3: writeCr3(value); break;
    case 4: writeCr4(value); break;
    default: writeCr8(value); break;
  }
  leaveAfter();
}

/** DR4 and DR5 are DR6 and DR7 unless CR4.DE; 0 to 7, or 8 with the fault raised. */
function debugRegister(op: usize): u32 {
  let number = <u32>opReg(op);
  if (!permitted(number <= 7)) return 8;
  if ((number & 6) == 4 && (load<u64>(CR4) & CR4_DE) != 0) {
    raise(VECTOR_UD);
    return 8;
  }
  if ((number & 6) == 4) number += 2;
  if (load<u64>(DR + 56) & DR7_GD) {
    store<u64>(DR + 48, load<u64>(DR + 48) | DR6_BD);
    raise(VECTOR_DB);
    return 8;
  }
  return number;
}

export function movRdDd(op: usize): void {
  const number = debugRegister(op);
  if (number < 8) put(op, load<u64>(DR + (number << 3)));
}

export function movDdRd(op: usize): void {
  const number = debugRegister(op);
  if (number == 8) return;
  const value = source(op);
  if (number >= 6 && value >> 32 != 0) {
    raiseCode(VECTOR_GP, 0);
    return;
  }
  const kept: u64 = number == 6 ? (value & 0xe00f) | 0xffff_0ff0 : number == 7 ? (value & 0xffff_2fff) | 0x400 : value;
  store<u64>(DR + (number << 3), kept);
  breakpointsChanged();
}

/** LMSW and CLTS load CR0 too. True: the instruction executes. */
function mayLoadCr0(op: usize, value: u64): bool {
  return (load<u32>(VMCS_CONTROLS) & CONTROL_CR_LOAD) == 0 || interceptInstruction(op, EXIT_CR_ACCESS, 0, value);
}

export function clts(op: usize): void {
  if (!mayLoadCr0(op, load<u64>(CR0) & ~CR0_TS)) return;
  store<u64>(CR0, load<u64>(CR0) & ~CR0_TS);
  modeChanged();
}

/** LMSW changes PE, MP, EM and TS, and cannot clear PE. */
export function lmswEw(op: usize): void {
  const value = u64(readRm16(op));
  if (faulted()) return;
  const cr0 = load<u64>(CR0);
  const next = (cr0 & ~(<u64>0xe)) | (value & 0xe) | ((value | cr0) & CR0_PE);
  if (!mayLoadCr0(op, next)) return;
  writeCr0(next);
  leaveAfter();
}

/** With CR4.UMIP these instructions are for the supervisor only. */
function hiddenFromUser(): bool {
  if ((load<u64>(CR4) & CR4_UMIP) == 0 || load<u32>(CPL) == 0) return false;
  raiseCode(VECTOR_GP, 0);
  return true;
}

function storeWord(op: usize, value: u64): void {
  if (hiddenFromUser()) return;
  const register = opRm(op);
  if (register) writeRegister(register, opSize(op), value);
  else writeRm16(op, <u32>value & 0xffff);
}

export function smswEv(op: usize): void { storeWord(op, load<u64>(CR0)); }
export function sldtEv(op: usize): void { storeWord(op, u64(selectorOf(SEG_LDTR))); }
export function strEv(op: usize): void { storeWord(op, u64(selectorOf(SEG_TR))); }

/** `register`: DESCRIPTOR_TABLE; `value`: base or selector. True: run() is left at the instruction. */
function watched(op: usize, register: u32, value: u64, limit: u32): bool {
  if ((load<u32>(VMCS_CONTROLS) & CONTROL_DESCRIPTOR_TABLE) == 0) return false;
  store<u64>(EXIT_LINEAR, u64(limit));
  return !interceptInstruction(op, EXIT_DESCRIPTOR_TABLE, register, value);
}

export function lldtEw(op: usize): void {
  const selector = readRm16(op);
  if (!faulted() && !watched(op, DESCRIPTOR_TABLE_LDTR, u64(selector), 0)) loadLdt(selector);
}

export function ltrEw(op: usize): void {
  const selector = readRm16(op);
  if (!faulted() && !watched(op, DESCRIPTOR_TABLE_TR, u64(selector), 0)) loadTaskRegister(selector);
}

function storeTable(op: usize, base: u64, limit: u32): void {
  if (hiddenFromUser()) return;
  const long = isLongCode();
  const at = effective(op);
  const limitAt = segmentLinear(opSegment(op), at, 2, true);
  if (faulted()) return;
  const baseAt = segmentLinear(opSegment(op), (at + 2) & addressMask(op), long ? 8 : 4, true);
  if (!faulted()) probeWrite(baseAt, long ? 8 : 4);
  if (faulted()) return;
  write16(limitAt, limit);
  if (faulted()) return;
  if (long) write64(baseAt, base); else write32(baseAt, <u32>base);
}

export function sgdtMs(op: usize): void { storeTable(op, load<u64>(GDTR_BASE), load<u32>(GDTR_LIMIT)); }
/** The limit that the guest set, whatever limit is in force. */
export function sidtMs(op: usize): void { storeTable(op, load<u64>(IDTR_BASE), load<u32>(IDTR_LIMIT)); }

function loadTable(op: usize, register: u32, baseField: usize, limitField: usize): void {
  const long = isLongCode();
  const at = effective(op);
  const limitAt = segmentLinear(opSegment(op), at, 2, false);
  if (faulted()) return;
  const baseAt = segmentLinear(opSegment(op), (at + 2) & addressMask(op), long ? 8 : 4, false);
  if (faulted()) return;
  const limit = read16(limitAt);
  if (faulted()) return;
  let base = long ? read64(baseAt) : u64(read32(baseAt));
  if (faulted()) return;
  if (!long && opSize(op) == 2) base &= 0xff_ffff;
  if (long && !canonical(base)) {
    raiseCode(VECTOR_GP, 0);
    return;
  }
  if (watched(op, register, base, limit)) return;
  store<u64>(baseField, base);
  store<u32>(limitField, limit);
}

export function lgdtMs(op: usize): void { loadTable(op, DESCRIPTOR_TABLE_GDTR, GDTR_BASE, GDTR_LIMIT); }
export function lidtMs(op: usize): void { loadTable(op, DESCRIPTOR_TABLE_IDTR, IDTR_BASE, IDTR_LIMIT); }

/** No fault whatever the address. */
export function invlpgM(op: usize): void {
  let linear = effective(op);
  const segment = opSegment(op);
  if (isLongCode()) {
    if (segment >= 4) linear += load<u64>(segmentBase(segment));
    if (!canonical(linear)) return;
  } else linear = (linear + load<u64>(segmentBase(segment))) & 0xffff_ffff;
  flushPage(linear);
  leaveAfter();
}

// @ts-ignore: decorator
@inline function segmentBase(segment: u32): usize { return SEG_BASE + (segment << 3); }

/** Caches are coherent, nothing is written back. */
export function wbinvd(op: usize): void {}

function needsXsave(): bool {
  if (load<u64>(CR4) & CR4_OSXSAVE) return true;
  raise(VECTOR_UD);
  return false;
}

export function xgetbv(op: usize): void {
  if (!needsXsave()) return;
  const index = load<u32>(RCX);
  if (index > 1) {
    raiseCode(VECTOR_GP, 0);
    return;
  }
  const value = load<u64>(XCR0);
  store<u64>(RAX, value & 0xffff_ffff);
  store<u64>(RDX, value >> 32);
}

/** x87 state is not optional; SSE is the only other component there is. */
export function xsetbv(op: usize): void {
  if (!needsXsave()) return;
  const value = u64(load<u32>(RAX)) | (u64(load<u32>(RDX)) << 32);
  if (load<u32>(CPL) != 0 || load<u32>(RCX) != 0 || (value & 1) == 0 || value > 3) {
    raiseCode(VECTOR_GP, 0);
    return;
  }
  if ((load<u32>(VMCS_CONTROLS) & CONTROL_CR_LOAD) != 0 && !interceptInstruction(op, EXIT_CR_ACCESS, CR_ACCESS_XCR0, value)) return;
  store<u64>(XCR0, value);
}

/**
 * VM functions exist only while the monitor has switched them on (SDM volume 3, 25.5.5). Function 0 switches the view
 * without an exit; an index beyond the list exits, and the program gets #UD. All others are for the monitor alone.
 */
export function vmfunc(op: usize): void {
  const leaf = load<u32>(RAX), index = load<u32>(RCX);
  if ((load<u32>(VMCS_CONTROLS) & CONTROL_VMFUNC) == 0 || leaf >= 64 || (opPrefixes(op) & NO_PREFIXES) != 0) {
    raise(VECTOR_UD);
    return;
  }
  if (leaf < 32 && ((load<u32>(VMCS_VMFUNC_CONTROLS) >> leaf) & 1) != 0) {
    if (leaf != 0) return;
    if (index < VIEWS) {
      switchView(index);
      return;
    }
  }
  if (interceptInstruction(op, EXIT_VMFUNC, leaf, u64(index)) && leaf == 0) raise(VECTOR_UD);
}
