// The dictionaries of a chunk: tasks, sites and patterns, found by what they are.
import { putByte, putRaw64, putVarint, zigzag } from "./columns";
import {
  COLUMN_patternDictionary, COLUMN_siteDictionary, COLUMN_taskDictionary, PATTERN_TABLE, PATTERNS, SITE_BYTES, SITE_key,
  SITE_TABLE, SITES, SLOTS, TASK_BYTES, TASK_TABLE, TASKS,
} from "./places";

export let tasks: u32 = 0;
export let sites: u32 = 0;
let patterns: u32 = 0;
let lastRip: u64 = 0;

export function clearRows(): void {
  memory.fill(TASK_TABLE, 0, 4 * SLOTS);
  memory.fill(SITE_TABLE, 0, 4 * SLOTS);
  memory.fill(PATTERN_TABLE, 0, 4 * SLOTS);
  tasks = sites = patterns = 0;
  lastRip = 0;
}

// @ts-ignore: decorator
@inline function slotOf(key: u64): u32 { return <u32>((key * 0x9e37_79b9_7f4a_7c15) >> 40); }
// @ts-ignore: decorator
@inline function placeOf(table: usize, slot: u32): usize { return table + ((slot & (SLOTS - 1)) << 2); }

/** Row of a task pointer. */
export function taskOf(task: u64): u32 {
  let slot = slotOf(task);
  while (true) {
    const place = placeOf(TASK_TABLE, slot++);
    const row = load<u32>(place);
    if (row == 0) {
      store<u32>(place, ++tasks);
      const at: usize = TASKS + (tasks - 1) * TASK_BYTES;
      memory.fill(at, 0, TASK_BYTES);
      store<u64>(at, task);
      putRaw64(COLUMN_taskDictionary, task);
      return tasks - 1;
    }
    if (load<u64>(TASKS + (row - 1) * TASK_BYTES) == task) return row - 1;
  }
}

/** Row of a site; `key`: kind, flags, CPL, vCPU, mechanism and ABI as they stand in records. */
export function siteOf(rip: u64, key: u64): u32 {
  let slot = slotOf(rip ^ ((key << 32) | (key >> 32)));
  while (true) {
    const place = placeOf(SITE_TABLE, slot++);
    const row = load<u32>(place);
    if (row == 0) {
      store<u32>(place, ++sites);
      const at: usize = SITES + (sites - 1) * SITE_BYTES;
      memory.fill(at, 0, SITE_BYTES);
      store<u64>(at, rip);
      store<u64>(at, key, SITE_key);
      describeSite(rip, key);
      return sites - 1;
    }
    const at: usize = SITES + (row - 1) * SITE_BYTES;
    if (load<u64>(at) == rip && load<u64>(at, SITE_key) == key) return row - 1;
  }
}

function describeSite(rip: u64, key: u64): void {
  putVarint(COLUMN_siteDictionary, key & 0xffff);
  putVarint(COLUMN_siteDictionary, (key >> 16) & 0xffff);
  for (let shift: u64 = 32; shift < 64; shift += 8) putByte(COLUMN_siteDictionary, <u32>(key >> shift));
  putVarint(COLUMN_siteDictionary, zigzag(rip - lastRip));
  lastRip = rip;
}

/** Row of a pattern. */
export function patternOf(pattern: u64): u32 {
  let slot = slotOf(pattern);
  while (true) {
    const place = placeOf(PATTERN_TABLE, slot++);
    const row = load<u32>(place);
    if (row == 0) {
      store<u64>(PATTERNS + (patterns << 3), pattern);
      store<u32>(place, ++patterns);
      putRaw64(COLUMN_patternDictionary, pattern);
      return patterns - 1;
    }
    if (load<u64>(PATTERNS + ((row - 1) << 3)) == pattern) return row - 1;
  }
}
