// Returns from the kernel to user mode: whatever instruction does it, a pending call ends there.
import {
  CONTROL_IRET, CPL, EXIT_IRET, EXIT_LENGTH, EXIT_RING_FULL, MONITOR_ON, VMCS_CONTROLS,
} from "../generated/layout";
import { faulted, raiseExit } from "../fault";
import { opLength } from "../op";
import { instructionRip } from "../run";
import { recordReturn } from "./calls";
import { hasRoom } from "./record";
import { exitSkipped } from "./resume";
import { instructionBytes, matchRow } from "./rows";
import { examineUser } from "./spaces";
import { watchesWrites } from "./watches";

/** The instruction being executed is to be recorded if it reaches user mode. */
let armed: bool = false;

/** SYSRET or SYSEXIT was recognised by its fault: its completion makes the record, whatever the IRET control says. */
export function armReturn(): void { armed = true; }

/** Before the instruction has done anything; `bytes`: its opcode. False: run() is left at it. */
export function beforeReturn(op: usize, bytes: u64): bool {
  const watched = (load<u32>(VMCS_CONTROLS) & CONTROL_IRET) != 0 && load<u32>(CPL) != 3;
  if (!watched && !armed) return true;
  if (load<u32>(MONITOR_ON)) {
    if (!hasRoom()) {
      armed = false;
      raiseExit(EXIT_RING_FULL);
      return false;
    }
    armed = armed || matchRow(EXIT_IRET, 0, bytes) != 0;
    return true;
  }
  if (exitSkipped(op)) return true;
  store<u32>(EXIT_LENGTH, opLength(op));
  instructionBytes(instructionRip(op));
  raiseExit(EXIT_IRET);
  return false;
}

/** After the instruction, complete or faulted. */
export function afterReturn(op: usize, mechanism: u32): void {
  if (watchesWrites()) examineUser();
  if (!armed) return;
  armed = false;
  if (!faulted() && load<u32>(CPL) == 3) recordReturn(mechanism);
}
