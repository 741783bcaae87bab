// Events through the IDT: 16- and 32-bit gates in protected mode, 64-bit gates with interrupt stacks in long mode.
import { CPL, GPR, IDTR_BASE, IDTR_LIMIT, RFLAGS, RIP } from "./generated/layout";
import {
  ATTR_BIG, ATTR_CONFORMING, ATTR_LONG, ATTR_PRESENT, ATTR_UNUSABLE, TYPE_INTERRUPT_GATE16, TYPE_INTERRUPT_GATE32, TYPE_TASK_GATE,
  TYPE_TRAP_GATE16, TYPE_TRAP_GATE32, attrOf, descriptorAddress, dplOf, external, fetch, isCode, isNull, limitOf, markAccessed, raiseSelector,
  selectorOf, setFromDescriptor, setNull, setSegment,
} from "./descriptors";
import { VECTOR_GP, VECTOR_NP, VECTOR_TS, faulted, raiseCode } from "./fault";
import { IF, NT, RF, TF, VM } from "./flags";
import { commitFrame, openLongStack, openPresentStack, openStack, pushFrame } from "./frame";
import { readSystem64 } from "./memory";
import { canonical } from "./mmu";
import { SEG_CS, SEG_DS, SEG_ES, SEG_FS, SEG_GS, SEG_SS } from "./mode";
import { checkStack } from "./segments";
import { TASK_CALL, switchTask } from "./task";
import { innerSelector, readInnerStack, readInterruptStack, readLongStack } from "./task-state";

/** Low 8 bytes of the gate for a vector; 0 with the fault raised. */
function readGate(vector: u32, shift: u32, checked: bool): u64 {
  const name = (vector << 3) | 2 | external;
  if (((vector + 1) << shift) - 1 > load<u32>(IDTR_LIMIT)) {
    raiseCode(VECTOR_GP, name);
    return 0;
  }
  let address = load<u64>(IDTR_BASE) + (vector << shift);
  if (shift == 3) address &= 0xffff_ffff;
  const gate = readSystem64(address);
  if (faulted()) return 0;
  const attr = attrOf(gate);
  const type = attr & 0x1f;
  const known = type == TYPE_INTERRUPT_GATE32 || type == TYPE_TRAP_GATE32
    || (shift == 3 && (type == TYPE_INTERRUPT_GATE16 || type == TYPE_TRAP_GATE16 || type == TYPE_TASK_GATE));
  if (!known) raiseCode(VECTOR_GP, name);
  else if (checked && dplOf(attr) < load<u32>(CPL)) raiseCode(VECTOR_GP, name);
  else if ((attr & ATTR_PRESENT) == 0) raiseCode(VECTOR_NP, name);
  return gate;
}

/** Descriptor of a handler's code segment. */
function handlerCode(selector: u32, long: bool): u64 {
  if (isNull(selector)) {
    raiseCode(VECTOR_GP, external);
    return 0;
  }
  const descriptor = fetch(selector, VECTOR_GP);
  if (faulted()) return 0;
  const attr = attrOf(descriptor);
  if (!isCode(attr) || dplOf(attr) > load<u32>(CPL)) raiseSelector(VECTOR_GP, selector);
  else if (long && (attr & (ATTR_LONG | ATTR_BIG)) != ATTR_LONG) raiseSelector(VECTOR_GP, selector);
  else if ((attr & ATTR_PRESENT) == 0) raiseSelector(VECTOR_NP, selector);
  else markAccessed(descriptorAddress, descriptor);
  return descriptor;
}

/** Level the handler runs at. */
function handlerLevel(attr: u32): u32 { return attr & ATTR_CONFORMING ? load<u32>(CPL) : dplOf(attr); }

function commitCode(selector: u32, descriptor: u64, level: u32, rip: u64, masked: bool): void {
  setFromDescriptor(SEG_CS, (selector & 0xfffc) | level, descriptor);
  store<u32>(CPL, level);
  store<u64>(RIP, rip);
  store<u64>(RFLAGS, load<u64>(RFLAGS) & ~u64(TF | VM | RF | NT | (masked ? IF : 0)));
}

export function deliverProtected(vector: u32, checked: bool, hasCode: bool, code: u32, saved: u64): void {
  const gate = readGate(vector, 3, checked);
  if (faulted()) return;
  const type = attrOf(gate) & 0x1f;
  const selector = <u32>(gate >> 16) & 0xffff;
  if (type == TYPE_TASK_GATE) {
    switchTask(selector, TASK_CALL, saved, hasCode, code);
    return;
  }
  const size: u32 = type & 8 ? 4 : 2;
  const target = size == 4 ? (gate & 0xffff) | ((gate >> 32) & 0xffff_0000) : gate & 0xffff;
  const descriptor = handlerCode(selector, false);
  if (faulted()) return;
  const level = handlerLevel(attrOf(descriptor));
  const virtual = (load<u64>(RFLAGS) & VM) != 0;
  if (virtual && level != 0) {
    raiseSelector(VECTOR_GP, selector);
    return;
  }
  const oldStack = selectorOf(SEG_SS);
  const inner = level < load<u32>(CPL);
  let stack: u64 = 0;
  let stackSelector: u32 = 0;
  if (inner) {
    const pointer = readInnerStack(level);
    if (faulted()) return;
    stackSelector = innerSelector;
    if (isNull(stackSelector)) {
      raiseCode(VECTOR_TS, external);
      return;
    }
    stack = checkStack(stackSelector, level, VECTOR_TS);
    if (faulted()) return;
    markAccessed(descriptorAddress, stack);
    if (faulted()) return;
    openStack(stackSelector, stack, pointer, level);
  } else openPresentStack();
  if (target > u64(limitOf(descriptor))) {
    raiseCode(VECTOR_GP, external);
    return;
  }
  if (inner) {
    if (virtual) {
      pushFrame(size, u64(selectorOf(SEG_GS)));
      pushFrame(size, u64(selectorOf(SEG_FS)));
      pushFrame(size, u64(selectorOf(SEG_DS)));
      pushFrame(size, u64(selectorOf(SEG_ES)));
    }
    pushFrame(size, u64(oldStack));
    pushFrame(size, load<u64>(GPR + 32));
  }
  pushFrame(size, saved);
  pushFrame(size, u64(selectorOf(SEG_CS)));
  pushFrame(size, load<u64>(RIP));
  if (hasCode) pushFrame(size, u64(code));
  if (faulted()) return;
  commitCode(selector, descriptor, level, target, (type & 1) == 0);
  if (inner) setFromDescriptor(SEG_SS, stackSelector, stack);
  if (virtual) {
    setNull(SEG_GS, 0);
    setNull(SEG_FS, 0);
    setNull(SEG_DS, 0);
    setNull(SEG_ES, 0);
  }
  commitFrame();
}

export function deliverLong(vector: u32, checked: bool, hasCode: bool, code: u32, saved: u64): void {
  const gate = readGate(vector, 4, checked);
  if (faulted()) return;
  const high = readSystem64(load<u64>(IDTR_BASE) + (vector << 4) + 8);
  if (faulted()) return;
  const selector = <u32>(gate >> 16) & 0xffff;
  const target = (gate & 0xffff) | ((gate >> 32) & 0xffff_0000) | (high << 32);
  const descriptor = handlerCode(selector, true);
  if (faulted()) return;
  const level = handlerLevel(attrOf(descriptor));
  const inner = level < load<u32>(CPL);
  const interruptStack = <u32>(gate >> 32) & 7;
  let pointer: u64;
  if (interruptStack) pointer = readInterruptStack(interruptStack);
  else pointer = inner ? readLongStack(level) : load<u64>(GPR + 32);
  if (faulted()) return;
  if (!canonical(target)) {
    raiseCode(VECTOR_GP, external);
    return;
  }
  openLongStack(pointer & ~15, level);
  pushFrame(8, u64(selectorOf(SEG_SS)));
  pushFrame(8, load<u64>(GPR + 32));
  pushFrame(8, saved);
  pushFrame(8, u64(selectorOf(SEG_CS)));
  pushFrame(8, load<u64>(RIP));
  if (hasCode) pushFrame(8, u64(code));
  if (faulted()) return;
  commitCode(selector, descriptor, level, target, (attrOf(gate) & 1) == 0);
  if (inner) setSegment(SEG_SS, level, 0, 0, ATTR_UNUSABLE | (level << 5));
  commitFrame();
}
