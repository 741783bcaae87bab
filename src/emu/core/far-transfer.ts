// Far JMP and CALL: code segments, call gates, task gates and TSSs (SDM volume 2, CALL and JMP; volume 3, 5.8).
import { CPL, GPR, MODE, RIP, SEG_LIMIT } from "./generated/layout";
import {
  ATTR_BIG, ATTR_CONFORMING, ATTR_LONG, ATTR_PRESENT, ATTR_S, ATTR_TYPE, ATTR_UNUSABLE, TYPE_CALL_GATE16, TYPE_CALL_GATE32,
  TYPE_TASK_GATE, TYPE_TSS16, TYPE_TSS32, attrOf, descriptorAddress, dplOf, fetch, isCode, isNull, limitOf,
  longModeActive, markAccessed, raiseSelector, selectorOf, setFromDescriptor, setSegment,
} from "./descriptors";
import { VECTOR_GP, VECTOR_NP, VECTOR_TS, faulted, raiseCode } from "./fault";
import { readRflags } from "./flags";
import { commitFrame, openLongStack, openPresentStack, openStack, pushFrame } from "./frame";
import { segmentLinear } from "./address";
import { read16, read32, readSystem64 } from "./memory";
import { canonical } from "./mmu";
import { SEG_CS, SEG_SS, isLongCode, modeChanged } from "./mode";
import { interceptGate } from "./monitor/intercept";
import { checkStack, selectorsAreParagraphs, setParagraph } from "./segments";
import { TASK_CALL, TASK_JUMP, leadsInside, switchTask } from "./task";
import { innerSelector, readInnerStack, readLongStack } from "./task-state";

/** Raises #GP unless a descriptor may be jumped to (or called) directly; returns nothing else. */
function checkDirect(selector: u32, attr: u32): void {
  const cpl = load<u32>(CPL);
  const dpl = dplOf(attr);
  const allowed = attr & ATTR_CONFORMING ? dpl <= cpl : (selector & 3) <= cpl && dpl == cpl;
  if (!allowed) raiseSelector(VECTOR_GP, selector);
  else if ((attr & ATTR_PRESENT) == 0) raiseSelector(VECTOR_NP, selector);
  else if (longModeActive() && (attr & (ATTR_LONG | ATTR_BIG)) == (ATTR_LONG | ATTR_BIG)) raiseSelector(VECTOR_GP, selector);
}

/** An offset must lie in its code segment; in 64-bit code it must be canonical. */
export function checkTarget(descriptor: u64, offset: u64): void {
  const long = longModeActive() && (attrOf(descriptor) & ATTR_LONG) != 0;
  if (long ? !canonical(offset) : offset > u64(limitOf(descriptor))) raiseCode(VECTOR_GP, 0);
}

export function commitCodeSegment(selector: u32, descriptor: u64, cpl: u32, rip: u64): void {
  markAccessed(descriptorAddress, descriptor);
  if (faulted()) return;
  setFromDescriptor(SEG_CS, (selector & 0xfffc) | cpl, descriptor);
  store<u32>(CPL, cpl);
  store<u64>(RIP, rip);
  modeChanged();
}

/** RIP at entry is the next instruction's. `size` is the operand size; `call` pushes CS and RIP. */
export function farTransfer(selector: u32, offset: u64, size: u32, call: bool): void {
  selector &= 0xffff;
  if (selectorsAreParagraphs()) {
    paragraphTransfer(selector, offset, size, call);
    return;
  }
  if (isNull(selector)) {
    raiseCode(VECTOR_GP, 0);
    return;
  }
  const descriptor = fetch(selector, VECTOR_GP);
  if (faulted()) return;
  const attr = attrOf(descriptor);
  if (attr & ATTR_S) {
    codeTransfer(selector, descriptor, offset, size, call);
    return;
  }
  if (dplOf(attr) < max(load<u32>(CPL), selector & 3)) {
    raiseSelector(VECTOR_GP, selector);
    return;
  }
  const type = attr & ATTR_TYPE;
  const long = longModeActive();
  if (type == TYPE_CALL_GATE32 || (type == TYPE_CALL_GATE16 && !long)) {
    if ((attr & ATTR_PRESENT) == 0) raiseSelector(VECTOR_NP, selector);
    else gateTransfer(selector, descriptor, call);
  } else if (type == TYPE_TASK_GATE && !long) {
    if ((attr & ATTR_PRESENT) == 0) raiseSelector(VECTOR_NP, selector);
    else taskTransfer(<u32>(descriptor >> 16) & 0xffff, selector, call);
  } else if ((type == TYPE_TSS16 || type == TYPE_TSS32) && !long) {
    taskTransfer(selector, selector, call);
  } else raiseSelector(VECTOR_GP, selector);
}

/** `by`: the selector that led to the task. */
function taskTransfer(selector: u32, by: u32, call: bool): void {
  const how = call ? TASK_CALL : TASK_JUMP;
  const inside = load<u32>(CPL) == 3 && leadsInside(selector, how);
  if (faulted() || (inside && !interceptGate(by))) return;
  switchTask(selector, how, readRflags(), false, 0);
}

function paragraphTransfer(selector: u32, offset: u64, size: u32, call: bool): void {
  if (offset > u64(load<u32>(SEG_LIMIT + (SEG_CS << 2)))) {
    raiseCode(VECTOR_GP, 0);
    return;
  }
  if (call) {
    openPresentStack();
    pushFrame(size, u64(selectorOf(SEG_CS)));
    pushFrame(size, load<u64>(RIP));
    if (faulted()) return;
    commitFrame();
  }
  setParagraph(SEG_CS, selector);
  store<u64>(RIP, offset);
  modeChanged();
}

function codeTransfer(selector: u32, descriptor: u64, offset: u64, size: u32, call: bool): void {
  const attr = attrOf(descriptor);
  if (!isCode(attr)) raiseSelector(VECTOR_GP, selector);
  else checkDirect(selector, attr);
  if (faulted()) return;
  const at = descriptorAddress;
  if (call) {
    openPresentStack();
    pushFrame(size, u64(selectorOf(SEG_CS)));
    pushFrame(size, load<u64>(RIP));
  }
  checkTarget(descriptor, offset); // what was pushed stays in memory
  markAccessed(at, descriptor);
  if (faulted()) return;
  if (call) commitFrame();
  const cpl = load<u32>(CPL);
  setFromDescriptor(SEG_CS, (selector & 0xfffc) | cpl, descriptor);
  store<u64>(RIP, offset);
  modeChanged();
}

function gateTransfer(gateSelector: u32, gate: u64, call: bool): void {
  const long = longModeActive();
  let offset = (gate & 0xffff) | ((gate >> 32) & 0xffff_0000);
  if ((attrOf(gate) & ATTR_TYPE) == TYPE_CALL_GATE16) offset &= 0xffff;
  if (long) {
    const high = readSystem64(descriptorAddress + 8);
    if (faulted()) return;
    if ((high >> 40) & 0x1f) {
      raiseSelector(VECTOR_GP, gateSelector);
      return;
    }
    offset |= high << 32;
  }
  const selector = <u32>(gate >> 16) & 0xffff;
  if (isNull(selector)) {
    raiseCode(VECTOR_GP, 0);
    return;
  }
  const descriptor = fetch(selector, VECTOR_GP);
  if (faulted()) return;
  const attr = attrOf(descriptor);
  const cpl = load<u32>(CPL);
  const conforming = (attr & ATTR_CONFORMING) != 0;
  if (!isCode(attr) || dplOf(attr) > cpl || (!call && !conforming && dplOf(attr) != cpl)) raiseSelector(VECTOR_GP, selector);
  else if (long && (attr & (ATTR_LONG | ATTR_BIG)) != ATTR_LONG) raiseSelector(VECTOR_GP, selector);
  else if ((attr & ATTR_PRESENT) == 0) raiseSelector(VECTOR_NP, selector);
  if (faulted()) return;
  const at = descriptorAddress;
  const size: u32 = long ? 8 : (attrOf(gate) & ATTR_TYPE) == TYPE_CALL_GATE32 ? 4 : 2;
  const inner = call && !conforming && dplOf(attr) < cpl;
  if (inner && !interceptGate(gateSelector)) return;
  if (inner) innerCall(selector, descriptor, at, offset, size, <u32>(gate >> 32) & 31);
  else levelTransfer(selector, descriptor, at, offset, size, call);
}

/** Through a gate without change of level. */
function levelTransfer(selector: u32, descriptor: u64, at: u64, offset: u64, size: u32, call: bool): void {
  checkTarget(descriptor, offset);
  if (call) {
    openPresentStack();
    pushFrame(size, u64(selectorOf(SEG_CS)));
    pushFrame(size, load<u64>(RIP));
  }
  if (!faulted()) markAccessed(at, descriptor);
  if (faulted()) return;
  if (call) commitFrame();
  const cpl = load<u32>(CPL);
  setFromDescriptor(SEG_CS, (selector & 0xfffc) | cpl, descriptor);
  store<u64>(RIP, offset);
  modeChanged();
}

const parameters = memory.data(4 * 31);

/** Through a gate to an inner level: new stack from the TSS, parameters copied (not in long mode). */
function innerCall(selector: u32, descriptor: u64, at: u64, offset: u64, size: u32, count: u32): void {
  const level = dplOf(attrOf(descriptor));
  const oldStack = selectorOf(SEG_SS);
  let stack: u64 = 0;
  let stackSelector: u32 = level;
  if (size == 8) {
    const pointer = readLongStack(level);
    if (faulted()) return;
    openLongStack(pointer, level);
    count = 0;
  } else {
    const pointer = readInnerStack(level);
    if (faulted()) return;
    stackSelector = innerSelector;
    if (isNull(stackSelector)) raiseCode(VECTOR_TS, 0);
    else stack = checkStack(stackSelector, level, VECTOR_TS);
    if (faulted()) return;
    markAccessed(descriptorAddress, stack);
    if (faulted()) return;
    readParameters(size, count);
    openStack(stackSelector, stack, pointer, level);
  }
  checkTarget(descriptor, offset);
  pushFrame(size, u64(oldStack));
  pushFrame(size, load<u64>(GPR + 32));
  for (let i = count; i > 0; i--) pushFrame(size, u64(load<u32>(parameters + ((i - 1) << 2))));
  pushFrame(size, u64(selectorOf(SEG_CS)));
  pushFrame(size, load<u64>(RIP));
  if (!faulted()) markAccessed(at, descriptor);
  if (faulted()) return;
  setFromDescriptor(SEG_CS, (selector & 0xfffc) | level, descriptor);
  if (size == 8) setSegment(SEG_SS, level, 0, 0, ATTR_UNUSABLE | (level << 5));
  else setFromDescriptor(SEG_SS, stackSelector, stack);
  store<u32>(CPL, level);
  store<u64>(RIP, offset);
  commitFrame();
}

function readParameters(size: u32, count: u32): void {
  for (let i: u32 = 0; i < count; i++) {
    const linear = peekLinear(i * size, size);
    if (faulted()) return;
    store<u32>(parameters + (i << 2), size == 4 ? read32(linear) : read16(linear));
    if (faulted()) return;
  }
}

/** Linear address of what lies `offset` bytes above the top of the present stack. */
export function peekLinear(offset: u32, size: u32): u64 {
  const mask: u64 = isLongCode() ? ~(<u64>0) : load<u32>(MODE) & 8 ? 0xffff_ffff : 0xffff;
  return segmentLinear(SEG_SS, (load<u64>(GPR + 32) + offset) & mask, size, false);
}
