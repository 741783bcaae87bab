// Loading segment registers, with every check of SDM volume 2 (MOV) and volume 3, chapter 5.
import { CPL, CR0, INTERRUPT_SHADOW, RFLAGS, SEG_ATTR, SEG_BASE, SEG_SELECTOR } from "./generated/layout";
import {
  ATTR_CODE, ATTR_CONFORMING, ATTR_PRESENT, ATTR_S, ATTR_UNUSABLE, ATTR_WRITABLE, attrIn, attrOf, baseOf,
  descriptorAddress, dplOf, fetch, isNull, isWritableData, limitOf, locate, longModeActive, markAccessed,
  raiseSelector, setFromDescriptor, setNull, setSegment, TYPE_LDT, TYPE_TSS16, TYPE_TSS32, upperBase,
} from "./descriptors";
import { VECTOR_GP, VECTOR_NP, VECTOR_SS, faulted, raiseCode } from "./fault";
import { VM } from "./flags";
import { readSystem64, writeSystem8 } from "./memory";
import { canonical } from "./mmu";
import {
  CR0_PE, SEG_CS, SEG_DS, SEG_ES, SEG_FS, SEG_GS, SEG_LDTR, SEG_SS, SEG_TR, isLongCode, modeChanged,
} from "./mode";
import { SHADOW_STACK } from "./run";

/** Real or virtual-8086 mode: selectors are paragraphs. */
export function selectorsAreParagraphs(): bool {
  return (load<u64>(CR0) & CR0_PE) == 0 || (load<u64>(RFLAGS) & VM) != 0;
}

/** Real mode keeps limit and size of the hidden part; virtual-8086 mode has fixed ones. */
export function setParagraph(segment: u32, selector: u32): void {
  selector &= 0xffff;
  if (load<u64>(RFLAGS) & VM) {
    setSegment(segment, selector, u64(selector) << 4, 0xffff, 0xf3);
    return;
  }
  store<u16>(SEG_SELECTOR + (segment << 1), <u16>selector);
  store<u64>(SEG_BASE + (segment << 3), u64(selector) << 4);
  store<u32>(SEG_ATTR + (segment << 2), (attrIn(segment) & 0xf000) | 0x93);
}

/** ES SS DS FS GS, as MOV, POP and LxS load them. */
export function loadSegment(segment: u32, selector: u32): void {
  selector &= 0xffff;
  if (selectorsAreParagraphs()) setParagraph(segment, selector);
  else if (segment == SEG_SS) loadStack(selector);
  else loadData(segment, selector);
  if (!faulted()) modeChanged();
}

function loadData(segment: u32, selector: u32): void {
  if (isNull(selector)) {
    setNull(segment, selector);
    return;
  }
  const descriptor = checkData(selector, load<u32>(CPL), VECTOR_GP, VECTOR_NP);
  if (!faulted()) commitData(segment, selector, descriptor);
}

/** Descriptor that a data segment register may be loaded with at this privilege level, else the fault is raised. */
export function checkData(selector: u32, cpl: u32, vector: u32, notPresent: u32): u64 {
  const descriptor = fetch(selector, vector);
  if (faulted()) return 0;
  const attr = attrOf(descriptor);
  const readable = (attr & ATTR_CODE) == 0 || (attr & ATTR_WRITABLE) != 0;
  if ((attr & ATTR_S) == 0 || !readable) raiseSelector(vector, selector);
  else if ((attr & (ATTR_CODE | ATTR_CONFORMING)) != (ATTR_CODE | ATTR_CONFORMING)
    && dplOf(attr) < max(cpl, selector & 3)) raiseSelector(vector, selector);
  else if ((attr & ATTR_PRESENT) == 0) raiseSelector(notPresent, selector);
  return descriptor;
}

function commitData(segment: u32, selector: u32, descriptor: u64): void {
  markAccessed(descriptorAddress, descriptor);
  if (!faulted()) setFromDescriptor(segment, selector, descriptor);
}

function loadStack(selector: u32): void {
  const cpl = load<u32>(CPL);
  if (isNull(selector)) {
    if (isLongCode() && cpl < 3 && (selector & 3) == cpl) setNull(SEG_SS, selector);
    else raiseCode(VECTOR_GP, 0);
    return;
  }
  const descriptor = checkStack(selector, cpl, VECTOR_GP);
  if (!faulted()) commitData(SEG_SS, selector, descriptor);
}

/** Descriptor that SS may be loaded with at `cpl`: #GP or #TS as `vector` says, #SS if not present. */
export function checkStack(selector: u32, cpl: u32, vector: u32): u64 {
  const descriptor = fetch(selector, vector);
  if (faulted()) return 0;
  const attr = attrOf(descriptor);
  if ((selector & 3) != cpl || dplOf(attr) != cpl || !isWritableData(attr)) raiseSelector(vector, selector);
  else if ((attr & ATTR_PRESENT) == 0) raiseSelector(VECTOR_SS, selector);
  return descriptor;
}

/** MOV SS and POP SS hold off interrupts for one instruction. */
export function shadowStackLoad(segment: u32): void {
  if (segment == SEG_SS) store<u32>(INTERRUPT_SHADOW, SHADOW_STACK);
}

/** After a return to an outer level: data segments that it may not use become null (SDM volume 2, RET and IRET). */
export function dropInnerData(cpl: u32): void {
  dropIfInner(SEG_ES, cpl);
  dropIfInner(SEG_DS, cpl);
  dropIfInner(SEG_FS, cpl);
  dropIfInner(SEG_GS, cpl);
}

function dropIfInner(segment: u32, cpl: u32): void {
  const attr = attrIn(segment);
  if (attr & ATTR_UNUSABLE) return;
  const conforming = (attr & (ATTR_CODE | ATTR_CONFORMING)) == (ATTR_CODE | ATTR_CONFORMING);
  if (!conforming && dplOf(attr) < cpl) {
    const base = load<u64>(SEG_BASE + (segment << 3));
    setNull(segment, 0);
    // In 64-bit mode FS and GS bases are not the descriptor's business.
    if (longModeActive() && segment >= SEG_FS) store<u64>(SEG_BASE + (segment << 3), base);
  }
}

/** LLDT. */
export function loadLdt(selector: u32): void {
  if (isNull(selector)) {
    setNull(SEG_LDTR, selector);
    return;
  }
  loadSystem(SEG_LDTR, selector);
}

/** LTR: the TSS becomes busy. */
export function loadTaskRegister(selector: u32): void {
  if (isNull(selector)) raiseCode(VECTOR_GP, 0);
  else loadSystem(SEG_TR, selector);
}

function loadSystem(segment: u32, selector: u32): void {
  const bytes: u32 = longModeActive() ? 16 : 8;
  if ((selector & 4) != 0 || !locate(selector, bytes)) {
    raiseSelector(VECTOR_GP, selector);
    return;
  }
  const address = descriptorAddress;
  const descriptor = readSystem64(address);
  if (faulted()) return;
  const attr = attrOf(descriptor);
  const type = attr & 0x1f;
  const expected = segment == SEG_LDTR ? type == TYPE_LDT : type == TYPE_TSS32 || (type == TYPE_TSS16 && bytes == 8);
  if (!expected) {
    raiseSelector(VECTOR_GP, selector);
    return;
  }
  if ((attr & ATTR_PRESENT) == 0) {
    raiseSelector(VECTOR_NP, selector);
    return;
  }
  let base = baseOf(descriptor);
  if (bytes == 16) {
    base |= upperBase(address, selector, VECTOR_GP);
    if (faulted()) return;
    if (!canonical(base)) {
      raiseSelector(VECTOR_GP, selector);
      return;
    }
  }
  if (segment == SEG_TR) {
    writeSystem8(address + 5, (attr & 0xff) | 2);
    if (faulted()) return;
  }
  setSegment(segment, selector, base, limitOf(descriptor), segment == SEG_TR ? attr | 2 : attr);
}

/** The hidden part of CS that SYSCALL, SYSENTER and their returns set without looking at a descriptor. */
export function setFlatCode(selector: u32, cpl: u32, long: bool): void {
  setSegment(SEG_CS, selector, 0, 0xffff_ffff, (long ? 0xa09b : 0xc09b) | (cpl << 5));
}

export function setFlatStack(selector: u32, cpl: u32): void {
  setSegment(SEG_SS, selector, 0, 0xffff_ffff, 0xc093 | (cpl << 5));
}
