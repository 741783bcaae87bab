// Software interrupts, the interrupt and access flags, HLT.
import { CPL, CR0, HALTED, INTERRUPT_SHADOW, RFLAGS } from "../generated/layout";
import { takeHits } from "../breakpoints";
import { EVENT_BREAKPOINT, EVENT_INT1, EVENT_SOFTWARE, deliverInterrupt } from "../deliver";
import { VECTOR_BP, VECTOR_DB, VECTOR_GP, VECTOR_OF, VECTOR_UD, leaveAfter, raise, raiseCode } from "../fault";
import { AC, IF, IOPL, overflow } from "../flags";
import { CR0_PE, modeChanged } from "../mode";
import { opImm8 } from "../op";
import { SHADOW_STI, settleStep } from "../run";

function enter(vector: u32, kind: u32): void {
  deliverInterrupt(vector, kind);
  settleStep();
  leaveAfter();
}

export function intIb(op: usize): void {
  enter(opImm8(op), EVENT_SOFTWARE);
}

export function int3(op: usize): void {
  enter(VECTOR_BP, EVENT_BREAKPOINT);
}

export function into(op: usize): void {
  if (overflow() != 0) enter(VECTOR_OF, EVENT_BREAKPOINT);
}

export function int1(op: usize): void {
  takeHits(); // held off by MOV SS
  enter(VECTOR_DB, EVENT_INT1);
}

/** CPL must not exceed IOPL; real mode has CPL 0, virtual-8086 mode 3. */
function mayChangeIf(): bool {
  if ((load<u64>(CR0) & CR0_PE) == 0 || u64(load<u32>(CPL)) <= (load<u64>(RFLAGS) & IOPL) >> 12) return true;
  raiseCode(VECTOR_GP, 0);
  return false;
}

export function cli(op: usize): void {
  if (mayChangeIf()) store<u64>(RFLAGS, load<u64>(RFLAGS) & ~u64(IF));
}

/** Interrupts stay blocked for one instruction after a STI that changed IF. */
export function sti(op: usize): void {
  if (!mayChangeIf()) return;
  const old = load<u64>(RFLAGS);
  store<u64>(RFLAGS, old | IF);
  if ((old & IF) == 0) store<u32>(INTERRUPT_SHADOW, SHADOW_STI);
  leaveAfter();
}

export function hlt(op: usize): void {
  store<u32>(HALTED, 1);
  leaveAfter();
}

function setAccess(value: u64): void {
  if (load<u32>(CPL) != 0) return raise(VECTOR_UD);
  store<u64>(RFLAGS, (load<u64>(RFLAGS) & ~u64(AC)) | value);
  modeChanged();
}

export function clac(op: usize): void { setAccess(0); }
export function stac(op: usize): void { setAccess(AC); }
