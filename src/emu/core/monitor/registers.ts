// Watched registers. While a row's task and privilege level run, instructions go one by one and the registers are
// compared between them; elsewhere the guest runs at full speed.
import {
  CONTROL_REGISTER, CPL, EXIT_ERROR_CODE, EXIT_LENGTH, EXIT_LINEAR, EXIT_PHYSICAL, EXIT_QUALIFICATION, EXIT_REGISTER,
  EXIT_VALUE, EXIT_VECTOR, GPR, RIP, VMCS_CONTROLS,
} from "../generated/layout";
import {
  CAPTURE_KIND_after, CAPTURE_KIND_before, POLICY_header, POLICY_HEADER_registerRowCount, POLICY_registerRows,
  RECORD_detail, RECORD_KIND_exit, REGISTER_FLAG_value, REGISTER_ROW_BYTES, REGISTER_ROW_filter, REGISTER_ROW_flags,
  REGISTER_ROW_last, REGISTER_ROW_lastTask, REGISTER_ROW_number, REGISTER_ROW_offset,
  REGISTER_ROW_register, REGISTER_ROW_size, REGISTER_ROW_value,
} from "../generated/monitor-layout";
import { captureExit, captureOwn, closeRecord, record } from "./record";
import { instructionBytes } from "./rows";
import { levelMatches, openTaskRecord, presentTask, processOf, taskMatches } from "./task-filter";

const NOBODY: u64 = ~(<u64>0);

/** Rows whose task and level run, one bit each, and for which task, level and instruction that was found out. */
let matching: u64 = 0;
let matchedTask: u64 = 0;
let matchedCpl: u32 = 0;
let steppedRip: u64 = 0;

// @ts-ignore: decorator
@inline export function watchesRegisters(): bool { return (load<u32>(VMCS_CONTROLS) & CONTROL_REGISTER) != 0; }

// @ts-ignore: decorator
@inline function rowAt(index: u32): usize { return POLICY_registerRows + index * REGISTER_ROW_BYTES; }

/** Where the lowest byte of the watched part stands. */
// @ts-ignore: decorator
@inline function partAt(row: usize): usize {
  return GPR + (load<u32>(row, REGISTER_ROW_register) << 3) + load<u16>(row, REGISTER_ROW_offset);
}

function valueOf(row: usize): u64 {
  const at = partAt(row);
  switch (load<u16>(row, REGISTER_ROW_size)) {
    case 1: return load<u8>(at);
    case 2: return load<u16>(at);
    case 4: return load<u32>(at);
    default: return load<u64>(at);
  }
}

/** The register is no longer what it was: recorded if the row wants that. */
function compare(row: usize, rip: u64, task: u64): void {
  const value = valueOf(row);
  const last = load<u64>(row, REGISTER_ROW_last);
  if (value == last) return;
  if ((load<u32>(row, REGISTER_ROW_flags) & REGISTER_FLAG_value) == 0 || value == load<u64>(row, REGISTER_ROW_value)) {
    append(row, rip, task);
  }
  store<u64>(row, value, REGISTER_ROW_last);
}

function append(row: usize, rip: u64, task: u64): void {
  const size = u32(load<u16>(row, REGISTER_ROW_size));
  const number = load<u32>(row, REGISTER_ROW_number);
  openTaskRecord(RECORD_KIND_exit, rip == 0 ? load<u64>(RIP) : rip, task);
  store<u32>(record, EXIT_REGISTER | (number << 8), RECORD_detail);
  instructionBytes(rip);
  store<u32>(EXIT_VECTOR, number);
  store<u32>(EXIT_ERROR_CODE, 0);
  store<u32>(EXIT_LENGTH, 0);
  store<u64>(EXIT_LINEAR, rip);
  store<u64>(EXIT_PHYSICAL, 0);
  store<u64>(EXIT_QUALIFICATION, u64(load<u32>(row, REGISTER_ROW_register) | (u32(load<u16>(row, REGISTER_ROW_offset)) << 8) | ((size & 7) << 16)));
  store<u64>(EXIT_VALUE, valueOf(row));
  captureExit(EXIT_REGISTER);
  captureOwn(CAPTURE_KIND_before, row + REGISTER_ROW_last, size, 0);
  captureOwn(CAPTURE_KIND_after, partAt(row), size, 0);
  closeRecord();
}

/** Between instructions, before anything is delivered: what has the last one changed? The instruction count is exact. */
export function compareRegisters(): void {
  if (matching == 0) return;
  const rows = load<u32>(POLICY_header, POLICY_HEADER_registerRowCount);
  for (let i: u32 = 0; i < rows; i++) if ((matching >> u64(i)) & 1) compare(rowAt(i), steppedRip, matchedTask);
}

/**
 * What a register was when another task's turn came, 32 bytes each: task, its process and the row (+ 1), value. A call's result is
 * seen when the task goes on, whoever ran in between.
 */
const LEFT: usize = memory.data(32 * 1024);
// @ts-ignore: decorator
@inline function leftAt(index: u32, task: u64): usize {
  return LEFT + ((<usize>(task >> 6) ^ <usize>(task >> 13) ^ (index << 5)) & 1023) * 32;
}

/** Puts aside what the row knows of its last task. True: it knows of this one, that again. */
function exchange(row: usize, index: u32, task: u64): bool {
  const last = load<u64>(row, REGISTER_ROW_lastTask);
  const value = load<u64>(row, REGISTER_ROW_last);
  const own = leftAt(index, task);
  const known = task != 0 && load<u64>(own) == task && load<u32>(own, 12) == index + 1 && u64(load<u32>(own, 8)) == processOf(task);
  if (known) store<u64>(row, load<u64>(own, 16), REGISTER_ROW_last);
  if (last == 0 || last == NOBODY) return known;
  const left = leftAt(index, last);
  store<u64>(left, last);
  store<u32>(left, <u32>processOf(last), 8);
  store<u32>(left, index + 1, 12);
  store<u64>(left, value, 16);
  return known;
}

/** The rows that have begun to match take up where they were in the same task; in another one they begin anew. */
function match(task: u64, cpl: u32): void {
  const rows = load<u32>(POLICY_header, POLICY_HEADER_registerRowCount);
  const before = task == matchedTask ? matching : 0;
  matching = 0;
  for (let i: u32 = 0; i < rows; i++) {
    const row = rowAt(i);
    if (!levelMatches(row + REGISTER_ROW_filter, cpl) || !taskMatches(row + REGISTER_ROW_filter, task)) continue;
    matching |= u64(1) << u64(i);
    if ((before >> u64(i)) & 1) continue;
    const known = load<u64>(row, REGISTER_ROW_lastTask) == task || exchange(row, i, task);
    if (known) compare(row, 0, task);
    else store<u64>(row, valueOf(row), REGISTER_ROW_last);
    store<u64>(row, task, REGISTER_ROW_lastTask);
  }
  matchedTask = task;
  matchedCpl = cpl;
}

/** The rows were written anew. */
export function forgetRegisters(): void {
  matching = 0;
  memory.fill(LEFT, 0, 32 * 1024);
}

/** Another virtual CPU runs next: its registers are not compared with this one's, where nobody knows who runs. */
export function leaveRegisters(): void {
  matching = 0;
  const rows = load<u32>(POLICY_header, POLICY_HEADER_registerRowCount);
  for (let i: u32 = 0; i < rows; i++) {
    const row = rowAt(i);
    if (load<u64>(row, REGISTER_ROW_lastTask) == 0) store<u64>(row, NOBODY, REGISTER_ROW_lastTask);
  }
}

/** Before the next instruction, with room in the ring for what it may change: must it go alone? */
export function stepForRegisters(): bool {
  const task = presentTask();
  const cpl = load<u32>(CPL);
  if (matching == 0 || task != matchedTask || cpl != matchedCpl) match(task, cpl);
  steppedRip = load<u64>(RIP);
  return matching != 0;
}
