// What is asked before a handler runs, for the rows that say so. True: the instruction does not run.
import {
  CR0, FPU_STATUS, VMCS_CONTROLS, VMCS_OPCODE_BITMAP, CONTROL_SENSITIVE, EXIT_SENSITIVE,
} from "./generated/layout";
import { raise, VECTOR_MF } from "./fault";
import { CR0_NE } from "./mode";
import { interceptInstruction } from "./monitor/intercept";

const FPU_ERROR_SUMMARY: u32 = 0x80;

/** #MF when an unmasked x87 exception waits. Without CR0.NE it would be FERR#, which nothing is wired to. */
export function pendingX87(): bool {
  if ((u32(load<u16>(FPU_STATUS)) & FPU_ERROR_SUMMARY) == 0 || (load<u64>(CR0) & CR0_NE) == 0) return false;
  raise(VECTOR_MF);
  return true;
}

/** An exit when the monitor asked for this sensitive instruction. */
export function interceptSensitive(bit: u32, op: usize): bool {
  if ((load<u32>(VMCS_CONTROLS) & CONTROL_SENSITIVE) == 0) return false;
  if ((load<u64>(VMCS_OPCODE_BITMAP) & (u64(1) << u64(bit))) == 0) return false;
  return !interceptInstruction(op, EXIT_SENSITIVE, bit, 0);
}
