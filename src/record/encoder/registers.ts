// Registers of a record against those of its task's and of its site's last one.
import {
  RECORD_cr3, RECORD_detail, RECORD_fsBase, RECORD_gpr, RECORD_rflags,
} from "../../emu/core/generated/monitor-layout";
import { putByte, putVarint, zigzag } from "./columns";
import {
  COLUMN_pattern, COLUMN_registers, SITE_pattern, SITE_state, STATE_FROM, TASK_state,
} from "./places";
import { patternOf } from "./rows";

// Numbers of the registers' columns behind the general ones.
const RFLAGS: u32 = 16;
const CR3: u32 = 17;
/** GS base follows. */
const FS_BASE: u32 = 18;
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

/** Pattern bits of one register. What task and site are known for becomes what the record says. */
// @ts-ignore: decorator
@inline function compared(register: u32, offset: usize, record: usize, task: usize, site: usize): u64 {
  const value = load<u64>(record + offset);
  const atTask = load<u64>(task + offset);
  const bits = value == atTask ? 0 : changed(register, value, atTask, load<u64>(site + offset));
  store<u64>(task + offset, value);
  store<u64>(site + offset, value);
  return bits;
}

/** The same for two registers side by side; mostly neither has changed. */
// @ts-ignore: decorator
@inline function comparedPair(register: u32, offset: usize, record: usize, task: usize, site: usize): u64 {
  const values = v128.load(record + offset);
  if (!v128.any_true(v128.xor(values, v128.load(task + offset)))) {
    v128.store(site + offset, values);
    return 0;
  }
  return compared(register, offset, record, task, site) | compared(register + 1, offset + 8, record, task, site);
}

// @ts-ignore: decorator
@inline function comparedHalf(register: u32, offset: usize, record: usize, task: usize, site: usize): u64 {
  const value = load<u32>(record + offset);
  const atTask = load<u32>(task + offset);
  const bits = value == atTask ? 0 : changed(register, u64(value), u64(atTask), u64(load<u32>(site + offset)));
  store<u32>(task + offset, value);
  store<u32>(site + offset, value);
  return bits;
}

export function encodeRegisters(record: usize, taskRow: usize, siteRow: usize): void {
  // As if they were records: what is kept of those begins at STATE_FROM.
  const task = taskRow + TASK_state - STATE_FROM;
  const site = siteRow + SITE_state - STATE_FROM;
  let pattern = comparedPair(0, RECORD_gpr, record, task, site);
  pattern |= comparedPair(2, RECORD_gpr + 16, record, task, site);
  pattern |= comparedPair(4, RECORD_gpr + 32, record, task, site);
  pattern |= comparedPair(6, RECORD_gpr + 48, record, task, site);
  pattern |= comparedPair(8, RECORD_gpr + 64, record, task, site);
  pattern |= comparedPair(10, RECORD_gpr + 80, record, task, site);
  pattern |= comparedPair(12, RECORD_gpr + 96, record, task, site);
  pattern |= comparedPair(14, RECORD_gpr + 112, record, task, site);
  pattern |= comparedHalf(RFLAGS, RECORD_rflags, record, task, site);
  pattern |= compared(CR3, RECORD_cr3, record, task, site);
  pattern |= comparedPair(FS_BASE, RECORD_fsBase, record, task, site);
  pattern |= comparedHalf(DETAIL, RECORD_detail, record, task, site);
  if (pattern == load<u64>(siteRow, SITE_pattern)) {
    putByte(COLUMN_pattern, 0);
    return;
  }
  putVarint(COLUMN_pattern, u64(patternOf(pattern) + 1));
  store<u64>(siteRow, pattern, SITE_pattern);
}
