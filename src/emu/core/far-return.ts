// Far RET and IRET (SDM volume 2): the same level, an outer level, virtual-8086 mode, the linked task.
import { BREAKPOINTS, CPL, GPR, NMI_BLOCKED, RFLAGS, RIP, SEG_LIMIT } from "./generated/layout";
import {
  ATTR_BIG, ATTR_CONFORMING, ATTR_LONG, ATTR_PRESENT, ATTR_UNUSABLE, attrOf, descriptorAddress, dplOf, fetch, isCode,
  isNull, longModeActive, markAccessed, raiseSelector, setFromDescriptor, setSegment,
} from "./descriptors";
import { VECTOR_GP, VECTOR_NP, faulted, raiseCode } from "./fault";
import { AC, DF, ID, IF, IOPL, NT, RF, STATUS, TF, VIF, VIP, VM, writeRflags } from "./flags";
import { checkTarget, peekLinear } from "./far-transfer";
import { read16, read32, read64 } from "./memory";
import { setStackPointer, stackPointer } from "./stack";
import { SEG_CS, SEG_DS, SEG_ES, SEG_FS, SEG_GS, SEG_SS, isLongCode, modeChanged } from "./mode";
import { checkStack, dropInnerData, selectorsAreParagraphs, setParagraph } from "./segments";
import { returnToLinkedTask } from "./task";

/** Word number `index` of `size` bytes above the stack pointer, `skip` bytes further up. */
function peek(index: u32, size: u32, skip: u32): u64 {
  if (faulted()) return 0;
  const linear = peekLinear(index * size + skip, size);
  if (faulted()) return 0;
  if (size == 8) return read64(linear);
  return size == 4 ? u64(read32(linear)) : u64(read16(linear));
}

/** Code segment that a return may go to: its RPL is the new level. */
function returnCode(selector: u32): u64 {
  if (isNull(selector)) {
    raiseCode(VECTOR_GP, 0);
    return 0;
  }
  const descriptor = fetch(selector, VECTOR_GP);
  if (faulted()) return 0;
  const attr = attrOf(descriptor);
  const level = selector & 3;
  const allowed = isCode(attr) && level >= load<u32>(CPL)
    && (attr & ATTR_CONFORMING ? dplOf(attr) <= level : dplOf(attr) == level);
  if (!allowed) raiseSelector(VECTOR_GP, selector);
  else if (longModeActive() && (attr & (ATTR_LONG | ATTR_BIG)) == (ATTR_LONG | ATTR_BIG)) raiseSelector(VECTOR_GP, selector);
  else if ((attr & ATTR_PRESENT) == 0) raiseSelector(VECTOR_NP, selector);
  return descriptor;
}

/** Descriptor for SS at the new level; 0 for a null selector, which 64-bit code below level 3 may have. */
function returnStack(selector: u32, level: u32, longTarget: bool): u64 {
  if (isNull(selector)) {
    if (!longTarget || level == 3 || (selector & 3) != level) raiseCode(VECTOR_GP, 0);
    return 0;
  }
  const descriptor = checkStack(selector, level, VECTOR_GP);
  if (!faulted()) markAccessed(descriptorAddress, descriptor);
  return descriptor;
}

function commitStack(selector: u32, descriptor: u64, level: u32): void {
  if (isNull(selector)) setSegment(SEG_SS, selector, 0, 0, ATTR_UNUSABLE | (level << 5));
  else setFromDescriptor(SEG_SS, selector, descriptor);
}

/** The pointer popped replaces rSP as wide as the new stack segment says. */
function setOuterPointer(pointer: u64, size: u32): void {
  modeChanged();
  if (size == 8) store<u64>(GPR + 32, pointer);
  else setStackPointer(pointer);
}

export function farReturn(size: u32, release: u32): void {
  const rip = peek(0, size, 0);
  const selector = <u32>peek(1, size, 0) & 0xffff;
  if (faulted()) return;
  if (selectorsAreParagraphs()) {
    if (rip > u64(load<u32>(SEG_LIMIT + (SEG_CS << 2)))) {
      raiseCode(VECTOR_GP, 0);
      return;
    }
    setStackPointer(stackPointer() + (size << 1) + release);
    setParagraph(SEG_CS, selector);
    store<u64>(RIP, rip);
    modeChanged();
    return;
  }
  const descriptor = returnCode(selector);
  if (faulted()) return;
  const at = descriptorAddress;
  const level = selector & 3;
  if (level == load<u32>(CPL)) {
    checkTarget(descriptor, rip);
    markAccessed(at, descriptor);
    if (faulted()) return;
    setStackPointer(stackPointer() + (size << 1) + release);
    setFromDescriptor(SEG_CS, selector, descriptor);
    store<u64>(RIP, rip);
    modeChanged();
    return;
  }
  const pointer = peek(2, size, release);
  const stackSelector = <u32>peek(3, size, release) & 0xffff;
  if (faulted()) return;
  const stack = returnStack(stackSelector, level, longModeActive() && (attrOf(descriptor) & ATTR_LONG) != 0);
  if (faulted()) return;
  checkTarget(descriptor, rip);
  markAccessed(at, descriptor);
  if (faulted()) return;
  setFromDescriptor(SEG_CS, selector, descriptor);
  commitStack(stackSelector, stack, level);
  store<u32>(CPL, level);
  store<u64>(RIP, rip);
  setOuterPointer(pointer, size);
  setStackPointer(stackPointer() + release);
  dropInnerData(level);
  modeChanged();
}

/** Flags that IRET at `cpl` takes from the stack. */
function changeable(cpl: u32, size: u32): u64 {
  const old = load<u64>(RFLAGS);
  let mask: u64 = STATUS | TF | DF | NT | AC | ID;
  if (cpl == 0) mask |= IOPL | IF | VIF | VIP;
  else if (u64(cpl) <= ((old & IOPL) >> 12)) mask |= IF;
  return size == 2 ? mask & 0xffff : mask;
}

function mergeFlags(popped: u64, mask: u64): void {
  // RF only has a meaning for instruction breakpoints; without them it would be cleared by the next instruction.
  if (load<u32>(BREAKPOINTS) != 0 && (mask & ID) != 0) mask |= RF;
  writeRflags((load<u64>(RFLAGS) & ~mask & ~u64(RF)) | (popped & mask));
}

export function interruptReturn(size: u32): void {
  const rflags = load<u64>(RFLAGS);
  if (selectorsAreParagraphs()) {
    paragraphReturn(size);
    return;
  }
  if (rflags & NT) {
    if (longModeActive()) raiseCode(VECTOR_GP, 0);
    else returnToLinkedTask();
    if (!faulted()) store<u32>(NMI_BLOCKED, 0);
    return;
  }
  const rip = peek(0, size, 0);
  const selector = <u32>peek(1, size, 0) & 0xffff;
  const flags = peek(2, size, 0);
  if (faulted()) return;
  if ((flags & VM) != 0 && size == 4 && load<u32>(CPL) == 0 && !longModeActive()) returnToVirtual(rip, selector, flags);
  else protectedReturn(rip, selector, flags, size);
  if (!faulted()) store<u32>(NMI_BLOCKED, 0);
}

function protectedReturn(rip: u64, selector: u32, flags: u64, size: u32): void {
  const descriptor = returnCode(selector);
  if (faulted()) return;
  const at = descriptorAddress;
  const level = selector & 3;
  const cpl = load<u32>(CPL);
  const mask = changeable(cpl, size);
  if (level == cpl && !isLongCode()) {
    checkTarget(descriptor, rip);
    markAccessed(at, descriptor);
    if (faulted()) return;
    setStackPointer(stackPointer() + 3 * size);
    setFromDescriptor(SEG_CS, selector, descriptor);
    store<u64>(RIP, rip);
    mergeFlags(flags, mask);
    modeChanged();
    return;
  }
  // To an outer level, and always in 64-bit mode, SS:rSP is popped too.
  const pointer = peek(3, size, 0);
  const stackSelector = <u32>peek(4, size, 0) & 0xffff;
  if (faulted()) return;
  // The processor looks at the target before the stack where the level stays.
  if (level == cpl) checkTarget(descriptor, rip);
  if (faulted()) return;
  const stack = returnStack(stackSelector, level, longModeActive() && (attrOf(descriptor) & ATTR_LONG) != 0);
  if (faulted()) return;
  if (level != cpl) checkTarget(descriptor, rip);
  markAccessed(at, descriptor);
  if (faulted()) return;
  setFromDescriptor(SEG_CS, selector, descriptor);
  commitStack(stackSelector, stack, level);
  store<u32>(CPL, level);
  store<u64>(RIP, rip);
  mergeFlags(flags, mask);
  setOuterPointer(pointer, size);
  if (level > cpl) dropInnerData(level);
  modeChanged();
}

/** Real mode, and virtual-8086 mode with IOPL 3. */
function paragraphReturn(size: u32): void {
  const rflags = load<u64>(RFLAGS);
  const virtual = (rflags & VM) != 0;
  if (virtual && (rflags & IOPL) != IOPL) {
    raiseCode(VECTOR_GP, 0);
    return;
  }
  const rip = peek(0, size, 0);
  const selector = <u32>peek(1, size, 0) & 0xffff;
  const flags = peek(2, size, 0);
  if (faulted()) return;
  if (rip > u64(load<u32>(SEG_LIMIT + (SEG_CS << 2)))) {
    raiseCode(VECTOR_GP, 0);
    return;
  }
  setStackPointer(stackPointer() + 3 * size);
  setParagraph(SEG_CS, selector);
  store<u64>(RIP, rip);
  let mask: u64 = STATUS | TF | IF | DF | NT | AC | ID;
  if (!virtual) mask |= IOPL;
  mergeFlags(flags, size == 2 ? mask & 0xffff : mask);
  store<u32>(NMI_BLOCKED, 0);
  modeChanged();
}

function returnToVirtual(rip: u64, selector: u32, flags: u64): void {
  const pointer = peek(3, 4, 0);
  const ss = <u32>peek(4, 4, 0);
  const es = <u32>peek(5, 4, 0);
  const ds = <u32>peek(6, 4, 0);
  const fs = <u32>peek(7, 4, 0);
  const gs = <u32>peek(8, 4, 0);
  if (faulted()) return;
  if (rip > 0xffff) {
    raiseCode(VECTOR_GP, 0);
    return;
  }
  mergeFlags(flags, STATUS | TF | IF | DF | IOPL | NT | VM | AC | VIF | VIP | ID);
  store<u32>(CPL, 3);
  setParagraph(SEG_CS, selector);
  setParagraph(SEG_SS, ss);
  setParagraph(SEG_ES, es);
  setParagraph(SEG_DS, ds);
  setParagraph(SEG_FS, fs);
  setParagraph(SEG_GS, gs);
  store<u64>(RIP, rip);
  store<u64>(GPR + 32, pointer);
  modeChanged();
}
