// Delivery of exceptions and interrupts (SDM volume 3, chapter 6): priorities, double and triple faults, and the way
// through the real-mode vector table. gates.ts has the other two ways.
import {
  CR2, DR, EXIT_REASON, EXIT_RING_FULL, EXIT_SHUTDOWN, FAULT_ADDRESS, FAULT_CODE, FAULT_HAS_CODE, FAULT_KIND, FAULT_PENDING, IDTR_BASE,
  IDTR_LIMIT, NMI_BLOCKED, RFLAGS, RIP, SECOND_LEVEL_IGNORED, INTERRUPT_SHADOW, HALTED, CR0, VMCS_CONTROLS,
  CONTROL_IDT_LIMIT, VMCS_IDT_LIMIT, SEG_LIMIT,
} from "./generated/layout";
import { external, longModeActive, raiseSelector, selectorOf, setExternal } from "./descriptors";
import {
  KIND_EXIT, KIND_FAULT, VECTOR_DB, VECTOR_DF, VECTOR_GP, VECTOR_PF, faulted, raiseCode, raiseExit,
} from "./fault";
import { AC, IF, IOPL, RF, TF, VM, readRflags } from "./flags";
import { commitFrame, openPresentStack, pushFrame } from "./frame";
import { deliverLong, deliverProtected } from "./gates";
import { readSystem32 } from "./memory";
import { CR0_PE, SEG_CS } from "./mode";
import { HANDLED, LEAVE, interceptBreakpoint, interceptException, interceptInterrupt } from "./monitor/intercept";
import { roomForDelivery } from "./monitor/watches";
import { setParagraph } from "./segments";

export const EVENT_EXTERNAL: u32 = 0;
export const EVENT_SOFTWARE: u32 = 1;
export const EVENT_NMI: u32 = 2;
export const EVENT_INT1: u32 = 3;
export const EVENT_BREAKPOINT: u32 = 4;

const DR7_GD: u64 = 0x2000;
/** #DE #TS #NP #SS #GP #CP, one bit a vector. */
const CONTRIBUTORY: u32 = 1 << 0 | 1 << 10 | 1 << 11 | 1 << 12 | 1 << 13 | 1 << 21;

/** Does a second fault, met while the first was delivered, make a double fault (SDM volume 3, table 6-5)? */
function isDouble(first: u32, second: u32): bool {
  const secondContributes = second < 32 && ((CONTRIBUTORY >> second) & 1) != 0;
  if (first == VECTOR_PF) return secondContributes || second == VECTOR_PF;
  return first < 32 && ((CONTRIBUTORY >> first) & 1) != 0 && secondContributes;
}

/**
 * Delivers the pending fault, with RIP already what is to be saved. False: run() is to be left with exitReason (an exit
 * was pending in place of a fault, the monitor asked for one, or a triple fault shut the processor down).
 */
export function deliverPending(): bool {
  return deliverFaults(true);
}

export function deliverFaults(intercepted: bool): bool {
  let previous: i32 = -1;
  if (faulted() && load<u32>(FAULT_KIND) != KIND_EXIT && !roomForDelivery()) {
    store<u32>(EXIT_REASON, EXIT_RING_FULL);
    return false;
  }
  while (faulted()) {
    let vector = load<u32>(FAULT_PENDING) - 1;
    const kind = load<u32>(FAULT_KIND);
    store<u32>(FAULT_PENDING, 0);
    if (kind == KIND_EXIT) return false;
    let hasCode = load<u32>(FAULT_HAS_CODE) != 0;
    let code = load<u32>(FAULT_CODE);
    const isPageFault = vector == VECTOR_PF;
    if (previous == VECTOR_DF) {
      store<u32>(EXIT_REASON, EXIT_SHUTDOWN);
      return false;
    }
    if (previous >= 0 && isDouble(<u32>previous, vector)) {
      vector = VECTOR_DF;
      hasCode = true;
      code = 0;
    }
    if (intercepted) {
      const outcome = interceptException(vector, hasCode, code);
      if (outcome == HANDLED) return true;
      if (outcome == LEAVE) return false;
    }
    if (isPageFault) store<u64>(CR2, load<u64>(FAULT_ADDRESS));
    if (vector == VECTOR_DB) store<u64>(DR + 56, load<u64>(DR + 56) & ~DR7_GD);
    setExternal(1);
    enter(vector, false, hasCode, code, kind == KIND_FAULT);
    setExternal(0);
    previous = <i32>vector;
  }
  return true;
}

/**
 * Delivers an interrupt with RIP as what is to be saved. A fault met on the way is left pending for software events
 * (the caller is an instruction) and delivered for external ones. False as for deliverPending.
 */
export function deliverInterrupt(vector: u32, kind: u32): bool {
  const fromProgram = kind == EVENT_SOFTWARE || kind == EVENT_BREAKPOINT;
  if ((fromProgram || kind == EVENT_INT1) && !roomForDelivery()) {
    raiseExit(EXIT_RING_FULL);
    return false;
  }
  if (beyondForcedLimit(vector) && (kind == EVENT_SOFTWARE || kind == EVENT_EXTERNAL)) {
    if (interceptInterrupt(vector, kind == EVENT_SOFTWARE) == LEAVE) return false;
  }
  if ((kind == EVENT_BREAKPOINT || kind == EVENT_INT1) && !interceptBreakpoint(vector)) return false;
  const rflags = load<u64>(RFLAGS);
  if (kind == EVENT_SOFTWARE && (rflags & VM) != 0 && (rflags & IOPL) != IOPL) {
    raiseCode(VECTOR_GP, 0);
    return true;
  }
  setExternal(u32(!fromProgram));
  enter(vector, fromProgram, false, 0, false);
  setExternal(0);
  if (!faulted() && kind == EVENT_NMI) store<u32>(NMI_BLOCKED, 1);
  if (kind != EVENT_EXTERNAL && kind != EVENT_NMI) return true;
  return faulted() ? deliverPending() : true;
}

/** Is the vector cut off by the IDT limit in force, which counts gates of 16 bytes and is half as large where they have 8? */
function beyondForcedLimit(vector: u32): bool {
  if ((load<u32>(VMCS_CONTROLS) & CONTROL_IDT_LIMIT) == 0 || (load<u64>(CR0) & CR0_PE) == 0) return false;
  return ((vector + 1) << 4) - 1 > load<u32>(VMCS_IDT_LIMIT);
}

/** The second level does not watch what delivery reads and writes: an exit in the middle could not be resumed. */
function enter(vector: u32, checked: bool, hasCode: bool, code: u32, isFault: bool): void {
  const ignored = load<u32>(SECOND_LEVEL_IGNORED);
  store<u32>(SECOND_LEVEL_IGNORED, 1);
  const saved = readRflags() | (isFault ? u64(RF) : 0);
  if (longModeActive()) deliverLong(vector, checked, hasCode, code, saved);
  else if (load<u64>(CR0) & CR0_PE) deliverProtected(vector, checked, hasCode, code, saved);
  else deliverReal(vector, saved);
  store<u32>(SECOND_LEVEL_IGNORED, ignored);
  if (faulted()) return;
  store<u32>(INTERRUPT_SHADOW, 0);
  store<u32>(HALTED, 0);
}

function deliverReal(vector: u32, saved: u64): void {
  if ((vector << 2) + 3 > load<u32>(IDTR_LIMIT)) {
    raiseSelector(VECTOR_GP, (vector << 3) | 2);
    return;
  }
  const entry = readSystem32((load<u64>(IDTR_BASE) + (vector << 2)) & 0xffff_ffff);
  if (faulted()) return;
  if ((entry & 0xffff) > load<u32>(SEG_LIMIT + (SEG_CS << 2))) {
    raiseCode(VECTOR_GP, external);
    return;
  }
  openPresentStack();
  pushFrame(2, saved);
  pushFrame(2, u64(selectorOf(SEG_CS)));
  pushFrame(2, load<u64>(RIP));
  if (faulted()) return;
  setParagraph(SEG_CS, entry >> 16);
  store<u64>(RIP, u64(entry & 0xffff));
  store<u64>(RFLAGS, load<u64>(RFLAGS) & ~u64(IF | TF | AC | RF));
  commitFrame();
}
