// Raising. A fault is a value in the state: the handler that raised returns, the loop sees it.
import {
  FAULT_PENDING, FAULT_HAS_CODE, FAULT_CODE, FAULT_KIND, FAULT_ADDRESS, LEAVE_BLOCK, EXIT_REASON,
} from "./generated/layout";

export const VECTOR_DE: u32 = 0;
export const VECTOR_DB: u32 = 1;
export const VECTOR_BP: u32 = 3;
export const VECTOR_OF: u32 = 4;
export const VECTOR_BR: u32 = 5;
export const VECTOR_UD: u32 = 6;
export const VECTOR_NM: u32 = 7;
export const VECTOR_DF: u32 = 8;
export const VECTOR_TS: u32 = 10;
export const VECTOR_NP: u32 = 11;
export const VECTOR_SS: u32 = 12;
export const VECTOR_GP: u32 = 13;
export const VECTOR_PF: u32 = 14;
export const VECTOR_MF: u32 = 16;
export const VECTOR_AC: u32 = 17;
export const VECTOR_XM: u32 = 19;

/** faultKind: the saved RIP is the instruction's (fault), the next one's (trap), or there is an exit instead. */
export const KIND_FAULT: u32 = 0;
export const KIND_TRAP: u32 = 1;
export const KIND_ABORT: u32 = 2;
export const KIND_EXIT: u32 = 16;

// @ts-ignore: decorator
@inline export function faulted(): bool { return load<u32>(FAULT_PENDING) != 0; }

/** A fault without error code. The first one raised stays. */
export function raise(vector: u32): void {
  if (faulted()) return;
  store<u32>(FAULT_PENDING, vector + 1);
  store<u32>(FAULT_HAS_CODE, 0);
  store<u32>(FAULT_CODE, 0);
  store<u32>(FAULT_KIND, KIND_FAULT);
}

/** A fault that pushes an error code. */
export function raiseCode(vector: u32, code: u32): void {
  if (faulted()) return;
  store<u32>(FAULT_PENDING, vector + 1);
  store<u32>(FAULT_HAS_CODE, 1);
  store<u32>(FAULT_CODE, code);
  store<u32>(FAULT_KIND, KIND_FAULT);
}

/** #PF: `code` as pushed (P W U R I), `linear` goes to CR2 at delivery. */
export function raisePageFault(linear: u64, code: u32): void {
  if (faulted()) return;
  raiseCode(VECTOR_PF, code);
  store<u64>(FAULT_ADDRESS, linear);
}

/** A trap: the instruction is complete, the saved RIP is the next one's (#DB, INT3, INTO). */
export function raiseTrap(vector: u32): void {
  if (faulted()) return;
  raise(vector);
  store<u32>(FAULT_KIND, KIND_TRAP);
}

/** Leave run() with `reason` in place of the instruction: nothing of it has happened, RIP points at it. */
export function raiseExit(reason: u32): void {
  if (faulted()) return;
  store<u32>(FAULT_PENDING, 1);
  store<u32>(FAULT_KIND, KIND_EXIT);
  store<u32>(EXIT_REASON, reason);
}

/** Leave run() with `reason` once the instruction is complete. */
export function exitAfter(reason: u32): void {
  store<u32>(LEAVE_BLOCK, 2);
  store<u32>(EXIT_REASON, reason);
}

/** Leave the block after this instruction, so that interrupts and changed code are looked at. */
export function leaveAfter(): void {
  if (load<u32>(LEAVE_BLOCK) == 0) store<u32>(LEAVE_BLOCK, 1);
}
