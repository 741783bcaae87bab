// Where the processor meets the monitor: each intercept records, and then completes, injects, or leaves run().
import {
  CONTROL_CALL_GATE, CPL, EXIT_CALL_GATE, EXIT_ERROR_CODE, EXIT_EXCEPTION, EXIT_INTERRUPT, EXIT_LENGTH, EXIT_QUALIFICATION, EXIT_REASON, EXIT_RING_FULL, EXIT_SENSITIVE, EXIT_VALUE,
  EXIT_VECTOR, FAULT_ADDRESS, FAULT_CODE, FAULT_HAS_CODE, FAULT_PENDING, ICOUNT, IDTR_BASE, IDTR_LIMIT, MONITOR_ON, RFLAGS, RIP, RUN_OP,
  CONTROL_IDT_LIMIT, VMCS_CONTROLS, VMCS_EXCEPTION_BITMAP,
} from "../generated/layout";
import {
  COMPLETION_complete, COMPLETION_host, COMPLETION_inject, RECORD_abi, RECORD_detail, RECORD_KIND_callEntry,
  RECORD_KIND_callReturn, RECORD_KIND_pad, RECORD_mechanism, TRAP_ROW_abi, TRAP_ROW_completion, TRAP_ROW_mechanism,
  TRAP_ROW_recordKind,
} from "../generated/monitor-layout";
import { VECTOR_PF, raise, raiseCode, raiseExit, VECTOR_GP } from "../fault";
import { longModeActive } from "../descriptors";
import { IOPL, VM } from "../flags";
import { opLength } from "../op";
import { instructionRip, syncCount } from "../run";
import { recordEntry } from "./calls";
import { captureExit, closeRecord, hasRoom, record } from "./record";
import { hostOf } from "./read";
import { exitSkipped } from "./resume";
import { armReturn } from "./returns";
import { countInjected, instructionBytes, matchRow } from "./rows";
import { openTaskRecord } from "./task-filter";
import { currentTask } from "./tasks";

/** What interceptException and interceptInterrupt answer. */
export const DELIVER: u32 = 0;
export const HANDLED: u32 = 1;
export const LEAVE: u32 = 2;

// @ts-ignore: decorator
@inline function monitored(): bool { return load<u32>(MONITOR_ON) != 0; }

/** A record of the exit fields, with the instruction count up to date. */
export function recordExit(row: usize, reason: u32, vector: u32, rip: u64): void {
  openTaskRecord(u32(load<u8>(row, TRAP_ROW_recordKind)), rip, currentTask(false));
  store<u8>(record, load<u8>(row, TRAP_ROW_mechanism), RECORD_mechanism);
  store<u8>(record, load<u8>(row, TRAP_ROW_abi), RECORD_abi);
  store<u32>(record, reason | (vector << 8), RECORD_detail);
  captureExit(reason);
  closeRecord();
}

/** A fault about to be delivered, RIP already what would be saved. */
export function interceptException(vector: u32, hasCode: bool, code: u32): u32 {
  if (vector > 31 || ((load<u32>(VMCS_EXCEPTION_BITMAP) >> vector) & 1) == 0) return DELIVER;
  const rip = load<u64>(RIP);
  store<u32>(EXIT_VECTOR, vector);
  store<u32>(EXIT_ERROR_CODE, code);
  store<u32>(EXIT_LENGTH, 0);
  store<u64>(EXIT_QUALIFICATION, vector == VECTOR_PF ? load<u64>(FAULT_ADDRESS) : 0);
  store<u64>(EXIT_VALUE, 0);
  const bytes = instructionBytes(rip);
  store<u32>(FAULT_HAS_CODE, u32(hasCode));
  store<u32>(FAULT_CODE, code);
  if (monitored()) {
    const row = matchRow(EXIT_EXCEPTION, vector, bytes);
    if (row == 0) {
      countInjected();
      return DELIVER;
    }
    if (load<u8>(row, TRAP_ROW_recordKind) == RECORD_KIND_callEntry || load<u8>(row, TRAP_ROW_recordKind) == RECORD_KIND_callReturn) {
      // A look-alike: the instruction's own intercept would have matched, so this fault is the guest's.
      countInjected();
      return DELIVER;
    }
    if (load<u8>(row, TRAP_ROW_recordKind) != RECORD_KIND_pad) {
      if (!hasRoom()) {
        store<u32>(FAULT_PENDING, vector + 1);
        store<u32>(EXIT_REASON, EXIT_RING_FULL);
        return LEAVE;
      }
      recordExit(row, EXIT_EXCEPTION, vector, rip);
    }
    if (load<u8>(row, TRAP_ROW_completion) != COMPLETION_host) return DELIVER;
  }
  store<u32>(EXIT_REASON, EXIT_EXCEPTION);
  return LEAVE;
}

/**
 * SYSCALL, SYSRET, SYSENTER, SYSEXIT whose enabling register is hidden: the fault that the hidden value makes is ours.
 * True: the instruction executes with the guest's own value. `bytes`: its opcode.
 */
export function interceptHidden(op: usize, vector: u32, bytes: u64): bool {
  if (exitSkipped(op)) return true;
  if (!monitored()) {
    leaveWithFault(op, vector);
    return false;
  }
  const row = matchRow(EXIT_EXCEPTION, vector, bytes);
  if (row == 0) return true;
  const kind = u32(load<u8>(row, TRAP_ROW_recordKind));
  if (kind != RECORD_KIND_pad && !hasRoom()) {
    raiseExit(EXIT_RING_FULL);
    return false;
  }
  const completion = u32(load<u8>(row, TRAP_ROW_completion));
  if (completion == COMPLETION_inject) {
    if (vector == VECTOR_GP) raiseCode(vector, 0); else raise(vector);
    return false;
  }
  if (kind == RECORD_KIND_callEntry) recordEntry(op, u32(load<u8>(row, TRAP_ROW_mechanism)), u32(load<u8>(row, TRAP_ROW_abi)));
  else if (kind == RECORD_KIND_callReturn) armReturn();
  if (completion == COMPLETION_complete) return true;
  leaveWithFault(op, vector);
  return false;
}

/** INT3, INTO, INT1 count as exceptions. True: deliver it. False: run() is left, RIP at the instruction. */
export function interceptBreakpoint(vector: u32): bool {
  if (((load<u32>(VMCS_EXCEPTION_BITMAP) >> vector) & 1) == 0) return true;
  const op: usize = load<u32>(RUN_OP);
  if (exitSkipped(op)) return true;
  let row: usize = 0;
  if (monitored()) {
    row = matchRow(EXIT_EXCEPTION, vector, instructionBytes(instructionRip(op)));
    if (row == 0) {
      countInjected();
      return true;
    }
    if (load<u8>(row, TRAP_ROW_recordKind) != RECORD_KIND_pad) {
      if (!hasRoom()) {
        raiseExit(EXIT_RING_FULL);
        return false;
      }
      syncCount();
      describe(vector, 0, opLength(op));
      recordExit(row, EXIT_EXCEPTION, vector, instructionRip(op));
    }
    if (load<u8>(row, TRAP_ROW_completion) != COMPLETION_host) return true;
  }
  leaveWithFault(op, vector);
  return false;
}

function describe(vector: u32, errorCode: u32, length: u32): void {
  store<u32>(EXIT_VECTOR, vector);
  store<u32>(EXIT_ERROR_CODE, errorCode);
  store<u32>(EXIT_LENGTH, length);
  store<u64>(EXIT_QUALIFICATION, 0);
  store<u64>(EXIT_VALUE, 0);
}

function leaveWithFault(op: usize, vector: u32): void {
  describe(vector, 0, opLength(op));
  instructionBytes(instructionRip(op));
  store<u32>(FAULT_HAS_CODE, u32(vector == VECTOR_GP));
  store<u32>(FAULT_CODE, 0);
  raiseExit(EXIT_EXCEPTION);
}

/** The sensitive instruction that was recorded last: run() may have been left at it afterwards, by another intercept. */
let sensitiveIcount: u64 = ~(<u64>0);
let sensitiveRip: u64 = 0;

function isRepeated(reason: u32, rip: u64): bool {
  if (reason != EXIT_SENSITIVE) return false;
  const icount = load<u64>(ICOUNT);
  if (icount == sensitiveIcount && rip == sensitiveRip) return true;
  sensitiveIcount = icount;
  sensitiveRip = rip;
  return false;
}

/**
 * An instruction that a control watches, before it has done anything. True: it executes. False: run() is left at it.
 * The qualification's low byte is what trap rows match as vector.
 */
export function interceptInstruction(op: usize, reason: u32, qualification: u32, value: u64): bool {
  if (exitSkipped(op)) return true;
  let row: usize = 0;
  if (monitored()) {
    row = matchRow(reason, qualification & 255, 0);
    if (row == 0) return true;
    if (load<u8>(row, TRAP_ROW_recordKind) != RECORD_KIND_pad && !hasRoom()) {
      raiseExit(EXIT_RING_FULL);
      return false;
    }
  }
  const rip = instructionRip(op);
  instructionBytes(rip);
  store<u32>(EXIT_VECTOR, 0);
  store<u32>(EXIT_ERROR_CODE, 0);
  store<u32>(EXIT_LENGTH, opLength(op));
  store<u64>(EXIT_QUALIFICATION, u64(qualification));
  store<u64>(EXIT_VALUE, value);
  if (row) {
    syncCount();
    if (load<u8>(row, TRAP_ROW_recordKind) != RECORD_KIND_pad && !isRepeated(reason, rip)) {
      recordExit(row, reason, qualification & 255, rip);
    }
    if (load<u8>(row, TRAP_ROW_completion) != COMPLETION_host) return true;
  }
  raiseExit(reason);
  return false;
}

/** False while an interrupt's record would find no room: run() is to be left before it is acknowledged. */
export function roomForInterrupt(): bool {
  if ((load<u32>(VMCS_CONTROLS) & CONTROL_IDT_LIMIT) == 0 || !monitored() || hasRoom()) return true;
  store<u32>(EXIT_REASON, EXIT_RING_FULL);
  return false;
}

/** A vector beyond the IDT limit in force, though not beyond the guest's own. `software`: INT n, which may leave run(). */
export function interceptInterrupt(vector: u32, software: bool): u32 {
  if (!software) {
    if (!monitored()) return DELIVER;
    const outside = matchRow(EXIT_INTERRUPT, vector, 0);
    if (outside != 0 && load<u8>(outside, TRAP_ROW_recordKind) != RECORD_KIND_pad) {
      describeInterrupt(vector);
      recordExit(outside, EXIT_INTERRUPT, vector, load<u64>(RIP));
    }
    return DELIVER;
  }
  const op: usize = load<u32>(RUN_OP);
  if (!gateOpen(vector) || exitSkipped(op)) return DELIVER;
  let row: usize = 0;
  if (monitored()) {
    row = matchRow(EXIT_INTERRUPT, vector, u64(0xcd) | (u64(vector) << 8));
    if (row == 0) return DELIVER;
    const kind = u32(load<u8>(row, TRAP_ROW_recordKind));
    if (kind != RECORD_KIND_pad && !hasRoom()) {
      raiseExit(EXIT_RING_FULL);
      return LEAVE;
    }
    describeInterrupt(vector);
    if (kind == RECORD_KIND_callEntry) recordEntry(op, u32(load<u8>(row, TRAP_ROW_mechanism)), u32(load<u8>(row, TRAP_ROW_abi)));
    else if (kind != RECORD_KIND_pad) {
      syncCount();
      recordExit(row, EXIT_INTERRUPT, vector, instructionRip(op));
    }
    if (load<u8>(row, TRAP_ROW_completion) != COMPLETION_host) return DELIVER;
  } else describeInterrupt(vector);
  store<u32>(EXIT_LENGTH, opLength(op));
  raiseExit(EXIT_INTERRUPT);
  return LEAVE;
}

/**
 * User code is about to enter the kernel through a call gate, or by a switch to a task of the kernel's; `selector`: of the gate or
 * the task. True: it does. False: run() is left at the instruction.
 */
export function interceptGate(selector: u32): bool {
  const op: usize = load<u32>(RUN_OP);
  if ((load<u32>(VMCS_CONTROLS) & CONTROL_CALL_GATE) == 0 || load<u32>(CPL) != 3 || exitSkipped(op)) return true;
  let row: usize = 0;
  if (monitored()) {
    row = matchRow(EXIT_CALL_GATE, 0, 0);
    if (row == 0) return true;
    if (load<u8>(row, TRAP_ROW_recordKind) != RECORD_KIND_pad && !hasRoom()) {
      raiseExit(EXIT_RING_FULL);
      return false;
    }
  }
  describe(selector, 0, opLength(op));
  instructionBytes(instructionRip(op));
  if (row) {
    if (load<u8>(row, TRAP_ROW_recordKind) == RECORD_KIND_callEntry) {
      recordEntry(op, u32(load<u8>(row, TRAP_ROW_mechanism)), u32(load<u8>(row, TRAP_ROW_abi)));
    }
    if (load<u8>(row, TRAP_ROW_completion) != COMPLETION_host) return true;
  }
  raiseExit(EXIT_CALL_GATE);
  return false;
}

/** Does the guest's own table let the program through? Where not, the fault is the guest's. */
function gateOpen(vector: u32): bool {
  const shift: u32 = longModeActive() ? 4 : 3;
  if (((vector + 1) << shift) - 1 > load<u32>(IDTR_LIMIT)) return false;
  const rflags = load<u64>(RFLAGS);
  if ((rflags & VM) != 0 && (rflags & IOPL) != IOPL) return false;
  const gate = hostOf(load<u64>(IDTR_BASE) + (vector << shift));
  if (gate == 0) return false;
  const attributes = u32(load<u8>(gate, GATE_ATTRIBUTES));
  return (attributes & GATE_PRESENT) != 0 && ((attributes >> GATE_LEVEL) & 3) >= load<u32>(CPL);
}

// Byte 5 of a gate (SDM volume 3, 6.11).
const GATE_ATTRIBUTES: usize = 5;
const GATE_PRESENT: u32 = 0x80;
const GATE_LEVEL: u32 = 5;

/** As hardware with the truncated table would say it: #GP, the vector in the error code. */
function describeInterrupt(vector: u32): void {
  describe(vector, (vector << 3) | 2, 0);
  instructionBytes(load<u64>(RIP));
}
