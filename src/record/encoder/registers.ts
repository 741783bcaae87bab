// Registers of a record against those of its task's and of its site's last one.
import {
  RECORD_cr3, RECORD_detail, RECORD_fsBase, RECORD_gpr, RECORD_gsBase, RECORD_rflags,
} from "../../emu/core/generated/monitor-layout";
import { putByte, putVarint, zigzag } from "./columns";
import {
  COLUMN_pattern, COLUMN_registers, SITE_pattern, SITE_state, STATE_BYTES, STATE_FROM, TASK_state,
} from "./places";
import { patternOf } from "./rows";

// Numbers of the registers' columns behind the general ones.
const RFLAGS: u32 = 16;
const CR3: u32 = 17;
const FS_BASE: u32 = 18;
const GS_BASE: u32 = 19;
const DETAIL: u32 = 20;

/** Pattern bits of a register that is not what it was at its task's last event; its difference goes to its column. */
function changed(register: u32, value: u64, atTask: u64, atSite: u64): u64 {
  const shift = u64(register << 1);
  if (value == atSite) return u64(1) << shift;
  const fromTask = zigzag(value - atTask);
  const fromSite = zigzag(value - atSite);
  putVarint(COLUMN_registers + register, min(fromTask, fromSite));
  return u64(fromTask <= fromSite ? 2 : 3) << shift;
}

// @ts-ignore: decorator
@inline function compared(register: u32, offset: usize, record: usize, task: usize, site: usize): u64 {
  const value = load<u64>(record + offset);
  const atTask = load<u64>(task + offset);
  return value == atTask ? 0 : changed(register, value, atTask, load<u64>(site + offset));
}

// @ts-ignore: decorator
@inline function comparedHalf(register: u32, offset: usize, record: usize, task: usize, site: usize): u64 {
  const value = load<u32>(record + offset);
  const atTask = load<u32>(task + offset);
  return value == atTask ? 0 : changed(register, u64(value), u64(atTask), u64(load<u32>(site + offset)));
}

// @ts-ignore: decorator
@inline function differs(offset: usize, record: usize, task: usize): bool {
  return v128.any_true(v128.xor(v128.load(record + offset), v128.load(task + offset)));
}

export function encodeRegisters(record: usize, taskRow: usize, siteRow: usize): void {
  // As if they were records: what is kept of those begins at STATE_FROM.
  const task = taskRow + TASK_state - STATE_FROM;
  const site = siteRow + SITE_state - STATE_FROM;
  let pattern: u64 = 0;
  for (let pair: u32 = 0; pair < 8; pair++) {
    const offset: usize = RECORD_gpr + (pair << 4);
    if (!differs(offset, record, task)) continue;
    pattern |= compared(2 * pair, offset, record, task, site);
    pattern |= compared(2 * pair + 1, offset + 8, record, task, site);
  }
  pattern |= comparedHalf(RFLAGS, RECORD_rflags, record, task, site);
  pattern |= compared(CR3, RECORD_cr3, record, task, site);
  pattern |= compared(FS_BASE, RECORD_fsBase, record, task, site);
  pattern |= compared(GS_BASE, RECORD_gsBase, record, task, site);
  pattern |= comparedHalf(DETAIL, RECORD_detail, record, task, site);
  keep(record, taskRow + TASK_state);
  keep(record, siteRow + SITE_state);
  if (pattern == load<u64>(siteRow, SITE_pattern)) {
    putByte(COLUMN_pattern, 0);
    return;
  }
  putVarint(COLUMN_pattern, u64(patternOf(pattern) + 1));
  store<u64>(siteRow, pattern, SITE_pattern);
}

// @ts-ignore: decorator
@inline function keep(record: usize, to: usize): void {
  const from = record + STATE_FROM;
  for (let i: usize = 0; i < STATE_BYTES - 8; i += 16) v128.store(to + i, v128.load(from + i));
  store<u64>(to + STATE_BYTES - 8, load<u64>(from + STATE_BYTES - 8));
}
