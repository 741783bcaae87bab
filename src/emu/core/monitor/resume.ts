// How the host goes on after an exit: the instruction completes, or the guest gets its fault.
import {
  EXIT_LENGTH, EXIT_REASON, EXIT_SKIP, EXIT_SKIP_ICOUNT, EXIT_SKIP_RIP, EXIT_VECTOR, FAULT_PENDING, ICOUNT, RIP,
} from "../generated/layout";
import { deliverFaults } from "../deliver";
import { VECTOR_BP, VECTOR_DB, VECTOR_OF } from "../fault";
import { instructionRip, syncCount } from "../run";
import { publishRecords } from "./record";

/** The next run() executes the instruction at RIP without the intercept that made the last exit. */
export function completeExit(): void {
  store<u32>(EXIT_SKIP, 1);
  store<u64>(EXIT_SKIP_RIP, load<u64>(RIP));
  store<u64>(EXIT_SKIP_ICOUNT, load<u64>(ICOUNT));
}

/**
 * After EXIT.exception: delivers it to the guest. Returns -1, or EXIT.shutdown after a triple fault. INT3, INTO and INT1
 * execute in the next run().
 */
export function injectExit(): i32 {
  const vector = load<u32>(EXIT_VECTOR);
  if (vector == VECTOR_BP || vector == VECTOR_OF || (vector == VECTOR_DB && load<u32>(EXIT_LENGTH) != 0)) {
    completeExit();
    return -1;
  }
  store<u32>(FAULT_PENDING, vector + 1);
  const delivered = deliverFaults(false);
  publishRecords();
  return delivered ? -1 : <i32>load<u32>(EXIT_REASON);
}

/** True once, for the instruction that completeExit() was called for. */
// @ts-ignore: decorator
@inline export function exitSkipped(op: usize): bool { return load<u32>(EXIT_SKIP) != 0 && skips(op); }

function skips(op: usize): bool {
  store<u32>(EXIT_SKIP, 0);
  syncCount();
  return load<u64>(EXIT_SKIP_ICOUNT) == load<u64>(ICOUNT) && load<u64>(EXIT_SKIP_RIP) == instructionRip(op);
}
