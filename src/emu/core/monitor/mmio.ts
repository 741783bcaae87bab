// Accesses to device windows.
import {
  CONTROL_MMIO, EXIT_ERROR_CODE, EXIT_LENGTH, EXIT_LINEAR, EXIT_MMIO, EXIT_PHYSICAL, EXIT_QUALIFICATION,
  EXIT_RING_FULL, EXIT_VALUE, EXIT_VECTOR, MONITOR_ON, RIP, RUN_OP, SECOND_LEVEL_IGNORED, SECOND_LEVEL_READ,
  SECOND_LEVEL_WRITE, VMCS_CONTROLS,
} from "../generated/layout";
import { RECORD_detail, RECORD_KIND_pad, TRAP_ROW_recordKind } from "../generated/monitor-layout";
import { raiseExit } from "../fault";
import { opLength } from "../op";
import { instructionRip, syncCount } from "../run";
import { captureExit, closeRecord, hasRoom, record } from "./record";
import { instructionBytes, matchRow } from "./rows";
import { openTaskRecord, presentTask } from "./task-filter";

// @ts-ignore: decorator
@inline export function recordsMmio(): bool { return (load<u32>(VMCS_CONTROLS) & CONTROL_MMIO) != 0; }

/** A read has happened: its instruction may not be left for want of room any more. */
let committed: bool = false;

/** Before the device is asked. False: run() is left at the instruction. */
export function roomForMmio(write: bool): bool {
  const late = write && committed;
  committed = !write;
  if (late || load<u32>(SECOND_LEVEL_IGNORED) != 0 || hasRoom()) return true;
  committed = false;
  raiseExit(EXIT_RING_FULL);
  return false;
}

/** After the access, `size` up to 8 bytes. */
export function noteMmio(linear: u64, physical: u64, size: u32, write: bool, value: u64): void {
  if (load<u32>(MONITOR_ON) == 0) return;
  const direction = write ? SECOND_LEVEL_WRITE : SECOND_LEVEL_READ;
  const row = matchRow(EXIT_MMIO, direction, 0);
  if (row == 0 || load<u8>(row, TRAP_ROW_recordKind) == RECORD_KIND_pad) return;
  let rip = load<u64>(RIP);
  let length: u32 = 0;
  if (load<u32>(SECOND_LEVEL_IGNORED) == 0) {
    const op: usize = load<u32>(RUN_OP);
    syncCount();
    rip = instructionRip(op);
    length = opLength(op);
  }
  openTaskRecord(u32(load<u8>(row, TRAP_ROW_recordKind)), rip, presentTask());
  store<u32>(record, EXIT_MMIO | (direction << 8), RECORD_detail);
  instructionBytes(rip);
  store<u32>(EXIT_VECTOR, direction);
  store<u32>(EXIT_ERROR_CODE, 0);
  store<u32>(EXIT_LENGTH, length);
  store<u64>(EXIT_LINEAR, linear);
  store<u64>(EXIT_PHYSICAL, physical);
  store<u64>(EXIT_QUALIFICATION, u64(direction | (size << 8)));
  store<u64>(EXIT_VALUE, value);
  captureExit(EXIT_MMIO);
  closeRecord();
}
