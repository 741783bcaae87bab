// Whose doing counts: TASK_FILTER of watch and register rows, and records of what a task did.
import { CPL, ICOUNT } from "../generated/layout";
import {
  POLICY_header, POLICY_HEADER_nameField, POLICY_HEADER_processField, POLICY_HEADER_taskBase, POLICY_HEADER_taskMemory, POLICY_taskFields, TASK_BASE_kernelFs,
  TASK_FIELD_ROW_BYTES, TASK_FIELD_ROW_dereferences, TASK_FIELD_ROW_offset0,
  TASK_FILTER_flags, TASK_FILTER_FLAG_kernel, TASK_FILTER_FLAG_name, TASK_FILTER_FLAG_process, TASK_FILTER_FLAG_user,
  TASK_FILTER_name, TASK_FILTER_process,
} from "../generated/monitor-layout";
import { kernelHostOf } from "./read";
import { openRecord } from "./record";
import { checkIdentity, currentTask, entryOfTask } from "./tasks";

/** The kernel's pointer at an address in linear memory. */
export function pointerAt(host: usize): u64 {
  const narrow = load<u32>(POLICY_header, POLICY_HEADER_taskBase) == TASK_BASE_kernelFs;
  return narrow ? u64(load<u32>(host)) : load<u64>(host);
}

/** Address in linear memory of a field of the task (ffh: not known), 0 if it is not known or absent. */
export function fieldOf(task: u64, field: u32): usize {
  if (task == 0 || field == 0xff) return 0;
  const row: usize = POLICY_taskFields + field * TASK_FIELD_ROW_BYTES;
  const steps = u32(load<u8>(row, TASK_FIELD_ROW_dereferences));
  let at = task + i64(load<i32>(row, TASK_FIELD_ROW_offset0));
  for (let i: u32 = 0; i < steps; i++) {
    const place = kernelHostOf(at);
    const pointer = place == 0 ? 0 : pointerAt(place);
    if (pointer == 0) return 0;
    at = pointer + i64(load<i32>(row + TASK_FIELD_ROW_offset0 + ((i + 1) << 2)));
  }
  return kernelHostOf(at);
}

/** What user space calls the task's pid; 0: not known. */
export function processOf(task: u64): u64 {
  const at = fieldOf(task, u32(load<u8>(POLICY_header, POLICY_HEADER_processField)));
  return at == 0 ? 0 : u64(load<u32>(at));
}

/** The kernel's description of the task's memory; 0: it has none of its own, or that is not known. */
export function memoryOf(task: u64): u64 {
  const offset = load<u32>(POLICY_header, POLICY_HEADER_taskMemory);
  if (task == 0 || offset == 0) return 0;
  const pointer = kernelHostOf(task + offset);
  return pointer == 0 ? 0 : pointerAt(pointer);
}

/** The task that runs now. */
export function presentTask(): u64 { return currentTask(load<u32>(CPL) == 3); }

/** Is the privilege level one of those the filter names? */
export function levelMatches(filter: usize, cpl: u32): bool {
  const flags = load<u32>(filter, TASK_FILTER_flags);
  if ((flags & TASK_FILTER_FLAG_user) != 0 && cpl != 3) return false;
  return (flags & TASK_FILTER_FLAG_kernel) == 0 || cpl != 3;
}

export function taskMatches(filter: usize, task: u64): bool {
  const flags = load<u32>(filter, TASK_FILTER_flags);
  if (flags & TASK_FILTER_FLAG_process) {
    const at = fieldOf(task, u32(load<u8>(POLICY_header, POLICY_HEADER_processField)));
    if (at == 0 || load<u32>(at) != load<u32>(filter, TASK_FILTER_process)) return false;
  }
  if (flags & TASK_FILTER_FLAG_name) {
    const at = fieldOf(task, u32(load<u8>(POLICY_header, POLICY_HEADER_nameField)));
    if (at == 0) return false;
    for (let i: usize = 0; i < 16; i++) {
      const byte = load<u8>(at + i);
      if (byte != load<u8>(filter + TASK_FILTER_name + i)) return false;
      if (byte == 0) break;
    }
  }
  return true;
}

/** Opens a record of what the present task does, behind one that says who that is if it was not known. */
export function openTaskRecord(kind: u32, rip: u64, task: u64): void {
  const icount = load<u64>(ICOUNT);
  if (task != 0) checkIdentity(entryOfTask(task, icount), task, rip, icount);
  openRecord(kind, rip, icount, task);
}
