// Task switches (SDM volume 3, chapter 8): by far JMP and CALL, task gates, and IRET with NT set.
import { CPL, CR0, CR3, DR, FAULT_KIND, GPR, RIP, SEG_ATTR, SEG_BASE, SEG_LIMIT } from "./generated/layout";
import { breakpointsChanged } from "./breakpoints";
import {
  ATTR_CONFORMING, ATTR_PRESENT, TYPE_LDT, TYPE_TSS16, TYPE_TSS32, attrOf,
  baseOf, descriptorAddress, dplOf, external, fetch, isCode, isNull, limitOf, markAccessed, raiseSelector, selectorOf,
  setFromDescriptor, setNull, setSegment,
} from "./descriptors";
import {
  KIND_TRAP, VECTOR_DB, VECTOR_GP, VECTOR_NP, VECTOR_TS, faulted, raiseCode, raiseTrap,
} from "./fault";
import { NT, VM, readRflags, writeRflags } from "./flags";
import { commitFrame, openPresentStack, pushFrame } from "./frame";
import { probeSystemWrite, readSystem16, readSystem32, writeSystem16, writeSystem32, writeSystem8 } from "./memory";
import {
  CR0_PG, SEG_CS, SEG_DS, SEG_ES, SEG_FS, SEG_GS, SEG_LDTR, SEG_SS, SEG_TR, modeChanged,
} from "./mode";
import { checkData, checkStack, setParagraph } from "./segments";
import { flushTlb } from "./tlb";

export const TASK_JUMP: u32 = 0;
export const TASK_CALL: u32 = 1;
export const TASK_RETURN: u32 = 2;

const CR0_TS: u64 = 8;
const DR6_BT: u64 = 0x8000;
/** L0 to L3 and LE of DR7. */
const DR7_LOCAL: u64 = 0x155;

// Of the incoming task, read before anything is changed: cr3, eip, eflags, eight registers, es cs ss ds fs gs, ldt, trap.
const incoming = memory.data(4 * 19);
const IN_CR3: usize = 0;
const IN_EIP: usize = 4;
const IN_EFLAGS: usize = 8;
const IN_GPR: usize = 12;
const IN_SEGMENTS: usize = 44;
const IN_LDT: usize = 68;
const IN_TRAP: usize = 72;

function isWide(type: u32): bool { return (type & 8) != 0; }

function checkedDescriptor(selector: u32, how: u32): u64 {
  const vector: u32 = how == TASK_RETURN ? VECTOR_TS : VECTOR_GP;
  if (isNull(selector) || (selector & 4) != 0) {
    raiseSelector(vector, selector);
    return 0;
  }
  const descriptor = fetch(selector, vector);
  if (faulted()) return 0;
  const attr = attrOf(descriptor);
  const type = attr & 0x1f;
  const available: u32 = how == TASK_RETURN ? 2 : 0;
  if (type != (TYPE_TSS32 | available) && type != (TYPE_TSS16 | available)) raiseSelector(vector, selector);
  else if ((attr & ATTR_PRESENT) == 0) raiseSelector(VECTOR_NP, selector);
  else if (limitOf(descriptor) < (isWide(type) ? 0x67 : 0x2b)) raiseSelector(VECTOR_TS, selector);
  return descriptor;
}

function readIncoming(base: u64, wide: bool): void {
  if (wide) {
    store<u32>(incoming + IN_CR3, readSystem32(base + 0x1c));
    for (let i: u32 = 0; i < 10; i++) store<u32>(incoming + IN_EIP + (i << 2), readSystem32(base + 0x20 + (i << 2)));
    for (let i: u32 = 0; i < 7; i++) store<u32>(incoming + IN_SEGMENTS + (i << 2), readSystem16(base + 0x48 + (i << 2)));
    store<u32>(incoming + IN_TRAP, readSystem16(base + 0x64) & 1);
    return;
  }
  store<u32>(incoming + IN_CR3, <u32>load<u64>(CR3));
  for (let i: u32 = 0; i < 2; i++) store<u32>(incoming + IN_EIP + (i << 2), readSystem16(base + 0x0e + (i << 1)));
  for (let i: u32 = 0; i < 8; i++) {
    store<u32>(incoming + IN_GPR + (i << 2), readSystem16(base + 0x12 + (i << 1)) | 0xffff_0000);
  }
  for (let i: u32 = 0; i < 4; i++) store<u32>(incoming + IN_SEGMENTS + (i << 2), readSystem16(base + 0x22 + (i << 1)));
  store<u32>(incoming + IN_SEGMENTS + 16, 0);
  store<u32>(incoming + IN_SEGMENTS + 20, 0);
  store<u32>(incoming + IN_LDT, readSystem16(base + 0x2a));
  store<u32>(incoming + IN_TRAP, 0);
}

function saveOutgoing(base: u64, wide: bool, eflags: u32): void {
  if (wide) {
    writeSystem32(base + 0x20, <u32>load<u64>(RIP));
    writeSystem32(base + 0x24, eflags);
    for (let i: u32 = 0; i < 8; i++) writeSystem32(base + 0x28 + (i << 2), load<u32>(GPR + (i << 3)));
    for (let i: u32 = 0; i < 6; i++) writeSystem16(base + 0x48 + (i << 2), selectorOf(i));
    return;
  }
  writeSystem16(base + 0x0e, <u32>load<u64>(RIP));
  writeSystem16(base + 0x10, eflags);
  for (let i: u32 = 0; i < 8; i++) writeSystem16(base + 0x12 + (i << 1), load<u32>(GPR + (i << 3)));
  for (let i: u32 = 0; i < 4; i++) writeSystem16(base + 0x22 + (i << 1), selectorOf(i));
}

/** Sets or clears the busy bit of the TSS descriptor of a selector in the GDT. */
function setBusy(selector: u32, busy: bool): void {
  const descriptor = fetch(selector, VECTOR_TS);
  if (faulted()) return;
  const access = <u32>(descriptor >> 40) & 0xff;
  writeSystem8(descriptorAddress + 5, busy ? access | 2 : access & ~(<u32>2));
}

/** Is the task of TSS `selector` about to go on at a level inside the present one? */
export function leadsInside(selector: u32, how: u32): bool {
  const descriptor = checkedDescriptor(selector, how);
  if (faulted()) return false;
  readIncoming(baseOf(descriptor), isWide(attrOf(descriptor)));
  if (faulted() || (load<u32>(incoming + IN_EFLAGS) & <u32>VM) != 0) return false;
  return (load<u32>(incoming + IN_SEGMENTS + (SEG_CS << 2)) & 3) < load<u32>(CPL);
}

/**
 * Switches to the task of TSS `selector`; RIP is what the old task resumes at, `saved` its flags. Faults before the
 * switch leave the old task untouched; later ones belong to the new task, and have its RIP.
 */
export function switchTask(selector: u32, how: u32, saved: u64, hasCode: bool, code: u32): void {
  const descriptor = checkedDescriptor(selector, how);
  if (faulted()) return;
  const wide = isWide(attrOf(descriptor));
  const base = baseOf(descriptor);
  readIncoming(base, wide);
  if (faulted()) return;
  const oldSelector = selectorOf(SEG_TR);
  const oldBase = load<u64>(SEG_BASE + (SEG_TR << 3));
  const oldWide = isWide(load<u32>(SEG_ATTR + (SEG_TR << 2)));
  probeSystemWrite(oldBase + (oldWide ? 0x20 : 0x0e), oldWide ? 0x40 : 0x1c);
  if (how == TASK_CALL) probeSystemWrite(base, 2);
  if (faulted()) return;
  if (how != TASK_CALL) setBusy(oldSelector, false);
  if (faulted()) return;
  saveOutgoing(oldBase, oldWide, <u32>(how == TASK_RETURN ? saved & ~u64(NT) : saved));
  if (how == TASK_CALL) writeSystem16(base, oldSelector);
  if (how != TASK_RETURN) setBusy(selector, true);
  setSegment(SEG_TR, selector, base, limitOf(descriptor), attrOf(descriptor) | 2);
  store<u64>(CR0, load<u64>(CR0) | CR0_TS);
  adopt(wide, how);
  modeChanged();
  if (faulted()) store<u32>(FAULT_KIND, KIND_TRAP);
  else finish(wide, hasCode, code);
}

function adopt(wide: bool, how: u32): void {
  if (wide && (load<u64>(CR0) & CR0_PG) != 0) {
    store<u64>(CR3, u64(load<u32>(incoming + IN_CR3)));
    flushTlb(false);
  }
  store<u64>(DR + 56, load<u64>(DR + 56) & ~DR7_LOCAL);
  breakpointsChanged();
  store<u64>(RIP, u64(load<u32>(incoming + IN_EIP)));
  let eflags = load<u32>(incoming + IN_EFLAGS) & 0x3f_7fd5;
  if (!wide) eflags &= 0xffff;
  if (how == TASK_CALL) eflags |= NT;
  writeRflags(u64(eflags));
  for (let i: u32 = 0; i < 8; i++) store<u64>(GPR + (i << 3), u64(load<u32>(incoming + IN_GPR + (i << 2))));
  // Until they are loaded with their checks, the registers hold selectors and nothing usable.
  for (let i: u32 = 0; i < 6; i++) setNull(i, load<u32>(incoming + IN_SEGMENTS + (i << 2)));
  setNull(SEG_LDTR, load<u32>(incoming + IN_LDT));
  loadIncomingLdt(load<u32>(incoming + IN_LDT));
  if (faulted()) return;
  if (eflags & VM) {
    store<u32>(CPL, 3);
    for (let i: u32 = 0; i < 6; i++) setParagraph(i, load<u32>(incoming + IN_SEGMENTS + (i << 2)));
    return;
  }
  const codeSelector = selectorOf(SEG_CS);
  store<u32>(CPL, codeSelector & 3);
  loadIncomingStack(selectorOf(SEG_SS));
  loadIncomingData(SEG_DS);
  loadIncomingData(SEG_ES);
  loadIncomingData(SEG_FS);
  loadIncomingData(SEG_GS);
  loadIncomingCode(codeSelector);
}

function loadIncomingLdt(selector: u32): void {
  if (isNull(selector)) return;
  if (selector & 4) {
    raiseSelector(VECTOR_TS, selector);
    return;
  }
  const descriptor = fetch(selector, VECTOR_TS);
  if (faulted()) return;
  const attr = attrOf(descriptor);
  if ((attr & 0x1f) != TYPE_LDT || (attr & ATTR_PRESENT) == 0) raiseSelector(VECTOR_TS, selector);
  else setSegment(SEG_LDTR, selector, baseOf(descriptor), limitOf(descriptor), attr);
}

function loadIncomingStack(selector: u32): void {
  if (faulted()) return;
  if (isNull(selector)) {
    raiseSelector(VECTOR_TS, selector);
    return;
  }
  const descriptor = checkStack(selector, load<u32>(CPL), VECTOR_TS);
  if (faulted()) return;
  markAccessed(descriptorAddress, descriptor);
  if (!faulted()) setFromDescriptor(SEG_SS, selector, descriptor);
}

function loadIncomingData(segment: u32): void {
  const selector = selectorOf(segment);
  if (faulted() || isNull(selector)) return;
  const descriptor = checkData(selector, load<u32>(CPL), VECTOR_TS, VECTOR_NP);
  if (faulted()) return;
  markAccessed(descriptorAddress, descriptor);
  if (!faulted()) setFromDescriptor(segment, selector, descriptor);
}

function loadIncomingCode(selector: u32): void {
  if (faulted()) return;
  if (isNull(selector)) {
    raiseSelector(VECTOR_TS, selector);
    return;
  }
  const descriptor = fetch(selector, VECTOR_TS);
  if (faulted()) return;
  const attr = attrOf(descriptor);
  const rpl = selector & 3;
  const level = dplOf(attr);
  if (!isCode(attr) || (attr & ATTR_CONFORMING ? level > rpl : level != rpl)) raiseSelector(VECTOR_TS, selector);
  else if ((attr & ATTR_PRESENT) == 0) raiseSelector(VECTOR_NP, selector);
  if (faulted()) return;
  markAccessed(descriptorAddress, descriptor);
  if (!faulted()) setFromDescriptor(SEG_CS, selector, descriptor);
}

function finish(wide: bool, hasCode: bool, code: u32): void {
  if (hasCode) {
    openPresentStack();
    pushFrame(wide ? 4 : 2, u64(code));
    if (!faulted()) commitFrame();
  }
  if (load<u64>(RIP) > u64(load<u32>(SEG_LIMIT + (SEG_CS << 2)))) raiseCode(VECTOR_GP, external);
  if (!faulted() && load<u32>(incoming + IN_TRAP) != 0) {
    store<u64>(DR + 48, load<u64>(DR + 48) | DR6_BT);
    raiseTrap(VECTOR_DB);
  }
  if (faulted()) store<u32>(FAULT_KIND, KIND_TRAP);
}

/** The nested task's IRET: back to the task that its TSS links to. */
export function returnToLinkedTask(): void {
  const link = readSystem16(load<u64>(SEG_BASE + (SEG_TR << 3)));
  if (!faulted()) switchTask(link, TASK_RETURN, readRflags(), false, 0);
}
