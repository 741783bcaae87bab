// Where the program counter is, and what happens between blocks.
import {
  RIP, CODE_PAGE, MODE, RUN_OP, RUN_LEFT, RUN_START, ICOUNT, BUDGET_LEFT, RFLAGS, DR, HALTED, INTERRUPT_SHADOW,
  INTERRUPT_PENDING, NMI_PENDING, NMI_BLOCKED, EXIT_REQUEST, LEAVE_BLOCK, BREAKPOINTS, FAULT_PENDING, FAULT_KIND, VMCS_CONTROLS, CONTROL_SINGLE_STEP,
  EXIT_REASON, EXIT_BUDGET, EXIT_HALT, EXIT_HOST_REQUEST, EXIT_RING_FULL, EXIT_SINGLE_STEP, SECOND_LEVEL_IGNORED,
} from "./generated/layout";
import { BREAKPOINT_CODE, breakAfterData, breakAtCode } from "./breakpoints";
import { loop } from "./generated/loop";
import { opLength, opPageOffset, opRemaining } from "./op";
import { MODE_BITS, MODE_CODE64 } from "./mode";
import { EVENT_EXTERNAL, EVENT_NMI, deliverInterrupt, deliverPending } from "./deliver";
import { faulted, raiseTrap, KIND_TRAP, VECTOR_DB } from "./fault";
import { acknowledgeInterrupt } from "./host";
import { roomForInterrupt } from "./monitor/intercept";
import { endStint, stintEnds } from "./monitor/pages";
import { compareRegisters, stepForRegisters, watchesRegisters } from "./monitor/registers";
import { roomForDelivery } from "./monitor/watches";
import { TF, IF, RF } from "./flags";
import { forgetRoom, hasRoom, publishRecords } from "./monitor/record";
import { forgetRows } from "./monitor/rows";
import { forgetRecentTask } from "./monitor/tasks";
import { forgetTranslations } from "./tlb";

/** RIP of the instruction. */
export function instructionRip(op: usize): u64 { return wrapRip(load<u64>(CODE_PAGE) + opPageOffset(op)); }

/** RIP behind the instruction. */
export function nextRip(op: usize): u64 { return wrapRip(load<u64>(CODE_PAGE) + opPageOffset(op) + opLength(op)); }

function wrapRip(rip: u64): u64 {
  return (load<u32>(MODE) & MODE_BITS) == MODE_CODE64 ? rip : rip & 0xffff_ffff;
}

/** The next instruction is at `rip`. Only from instructions that end their block. */
// @ts-ignore: decorator
@inline export function jumpTo(rip: u64): void { store<u64>(RIP, rip); }

/** Brings state.icount up to date in the middle of a block, counting the present instruction as not yet retired. */
export function syncCount(): void { syncedCount(); }

/** The same, and what it is. */
// @ts-ignore: decorator
@inline export function syncedCount(): u64 {
  const count = load<u64>(RUN_START) - u64(load<i32>(RUN_LEFT)) - u64(opRemaining(load<u32>(RUN_OP)));
  store<u64>(ICOUNT, count);
  return count;
}

const DR6_SINGLE_STEP: u64 = 0x4000;

/** The next instruction runs alone, and comes back to the boundary. */
export let stepping: bool = false;
/** After the step: #DB for TF. */
let trapAfterStep: bool = false;
/** The instruction being stepped runs with RF set, which is cleared after it. */
let resumed: bool = false;
/** After the step: exit for the monitor, or from stepOver(). */
let exitAfterStep: bool = false;
let stepOverNext: bool = false;

/** Values of interruptShadow. */
export const SHADOW_STI: u32 = 1;
export const SHADOW_STACK: u32 = 2;

/** The instruction has cleared TF on its way (SYSCALL, INT n), or has trapped by itself (SYSRET): no trap after it. */
export function settleStep(): void { trapAfterStep = false; }

/** The interrupt or NMI that waits and may come now. False: run() is to be left with exitReason. */
function takeInterrupt(): bool {
  if (load<u32>(NMI_PENDING) == 0 && load<u32>(INTERRUPT_PENDING) == 0) return true;
  if (!roomForDelivery()) {
    store<u32>(EXIT_REASON, EXIT_RING_FULL);
    return false;
  }
  if (load<u32>(NMI_PENDING) != 0 && load<u32>(NMI_BLOCKED) == 0) {
    store<u32>(NMI_PENDING, 0);
    store<u32>(HALTED, 0);
    return deliverInterrupt(2, EVENT_NMI);
  }
  if (load<u32>(INTERRUPT_PENDING) == 0 || (load<u64>(RFLAGS) & IF) == 0) return true;
  if (!roomForInterrupt()) return false;
  const vector = acknowledgeInterrupt();
  if (vector < 0) return true;
  store<u32>(HALTED, 0);
  return deliverInterrupt(<u32>vector, EVENT_EXTERNAL);
}

/** A #DB trap is pending already: another cause joins it. */
function trapping(): bool { return load<u32>(FAULT_PENDING) == VECTOR_DB + 1 && load<u32>(FAULT_KIND) == KIND_TRAP; }

/** Between instructions: faults, exits, interrupts. A value of EXIT, or -1 to go on at state.rip. */
export function boundary(left: i32): i32 {
  store<u64>(ICOUNT, load<u64>(RUN_START) - u64(left));
  if (watchesRegisters()) compareRegisters();
  const stepped = stepping;
  stepping = false;
  const held = load<u32>(INTERRUPT_SHADOW) == SHADOW_STACK;
  if (!held) breakAfterData();
  // MOV SS holds the single-step trap off, and it is lost.
  if (stepped && trapAfterStep && !held && (!faulted() || trapping())) {
    const joined: u64 = trapping() ? 15 : 0;
    store<u64>(DR + 48, (load<u64>(DR + 48) & (joined | ~15)) | DR6_SINGLE_STEP);
    raiseTrap(VECTOR_DB);
  }
  trapAfterStep = false;
  if (resumed && stepped && !faulted()) store<u64>(RFLAGS, load<u64>(RFLAGS) & ~u64(RF));
  resumed = false;
  const leaving = load<u32>(LEAVE_BLOCK);
  store<u32>(LEAVE_BLOCK, 0);
  if (faulted()) {
    exitAfterStep = false;
    if (!deliverPending()) return load<u32>(EXIT_REASON);
  }
  if (leaving == 2) return load<u32>(EXIT_REASON);
  if (stepped && exitAfterStep) {
    exitAfterStep = false;
    return EXIT_SINGLE_STEP;
  }
  if (load<u32>(EXIT_REQUEST)) {
    store<u32>(EXIT_REQUEST, 0);
    return EXIT_HOST_REQUEST;
  }
  if (left == 0) return EXIT_BUDGET;
  if (watchesRegisters() && !hasRoom()) return EXIT_RING_FULL;
  if (stintEnds() && !endStint(load<u64>(RIP), false)) return EXIT_RING_FULL;
  const shadow = load<u32>(INTERRUPT_SHADOW) != 0;
  store<u32>(INTERRUPT_SHADOW, 0);
  if (!shadow && !takeInterrupt()) return load<u32>(EXIT_REASON);
  if (load<u32>(HALTED)) return EXIT_HALT;
  if (load<u32>(BREAKPOINTS) & BREAKPOINT_CODE) {
    resumed = (load<u64>(RFLAGS) & RF) != 0;
    breakAtCode(held);
    if (faulted() && !deliverPending()) return load<u32>(EXIT_REASON);
    stepping = true;
  }
  if (load<u64>(RFLAGS) & TF) {
    stepping = true;
    trapAfterStep = true;
  }
  if (stepOverNext || (load<u32>(VMCS_CONTROLS) & CONTROL_SINGLE_STEP)) {
    stepping = true;
    exitAfterStep = true;
    stepOverNext = false;
  }
  if (watchesRegisters() && stepForRegisters()) stepping = true;
  if (shadow) stepping = true;
  store<u32>(LEAVE_BLOCK, 0);
  return -1;
}

/** The loop is being left with `left` of the budget unused. */
export function leave(left: i32): void {
  store<u64>(ICOUNT, load<u64>(RUN_START) - u64(left));
  store<u64>(BUDGET_LEFT, u64(left));
}

/** Runs at most `budget` instructions; returns a value of EXIT. */
export function run(budget: i32): i32 {
  store<u64>(RUN_START, load<u64>(ICOUNT) + u64(budget));
  stepping = false;
  trapAfterStep = false;
  exitAfterStep = false;
  // The host may have written memory and policies meanwhile.
  forgetTranslations();
  forgetRows();
  forgetRecentTask();
  forgetRoom();
  const reason = loop(budget);
  publishRecords();
  return reason;
}

/** Runs one instruction without second-level permissions; EXIT_SINGLE_STEP when it is complete. */
export function stepOver(): i32 {
  store<u32>(SECOND_LEVEL_IGNORED, 1);
  stepOverNext = true;
  const reason = run(1);
  stepOverNext = false;
  store<u32>(SECOND_LEVEL_IGNORED, 0);
  return reason;
}
