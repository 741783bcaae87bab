// Accesses to devices, whose value is known only when they are done: looked for before, recorded after.
import {
  EXIT_ERROR_CODE, EXIT_LENGTH, EXIT_QUALIFICATION, EXIT_RING_FULL, EXIT_VALUE, EXIT_VECTOR, MONITOR_ON,
} from "../generated/layout";
import { COMPLETION_host, RECORD_KIND_pad, TRAP_ROW_completion, TRAP_ROW_recordKind } from "../generated/monitor-layout";
import { raiseExit } from "../fault";
import { opLength } from "../op";
import { instructionRip } from "../run";
import { recordExit } from "./intercept";
import { hasRoom } from "./record";
import { exitSkipped } from "./resume";
import { instructionBytes, matchRow } from "./rows";

/** Row of the access under way, 0 if it is not watched. */
let watching: usize = 0;

/**
 * Before an access that a control watches, with the instruction count up to date. False: run() is left at the
 * instruction. `value`: what is about to be written, 0 for reads.
 */
export function interceptAccess(op: usize, reason: u32, qualification: u64, value: u64): bool {
  watching = 0;
  if (exitSkipped(op)) return true;
  store<u64>(EXIT_QUALIFICATION, qualification);
  store<u64>(EXIT_VALUE, value);
  store<u32>(EXIT_LENGTH, opLength(op));
  if (load<u32>(MONITOR_ON)) {
    const row = matchRow(reason, 0, 0);
    if (row == 0) return true;
    if (load<u8>(row, TRAP_ROW_recordKind) != RECORD_KIND_pad && !hasRoom()) {
      raiseExit(EXIT_RING_FULL);
      return false;
    }
    if (load<u8>(row, TRAP_ROW_completion) != COMPLETION_host) {
      watching = row;
      return true;
    }
  }
  instructionBytes(instructionRip(op));
  raiseExit(reason);
  return false;
}

/** After the access, with the value that was read or written; registers are still those before the instruction. */
export function recordAccess(op: usize, reason: u32, value: u64): void {
  if (watching == 0) return;
  const row = watching;
  watching = 0;
  if (load<u8>(row, TRAP_ROW_recordKind) == RECORD_KIND_pad) return;
  const rip = instructionRip(op);
  instructionBytes(rip);
  store<u32>(EXIT_VECTOR, 0);
  store<u32>(EXIT_ERROR_CODE, 0);
  store<u64>(EXIT_VALUE, value);
  recordExit(row, reason, 0, rip);
}
