// Whose address spaces have watched pages: looked at whenever a task goes on in user mode under another name, with other
// memory, or for the first time, so that its pages are followed from then on, be they there yet or not.
import { CPL } from "../generated/layout";
import {
  POLICY_header, POLICY_HEADER_nameField, POLICY_HEADER_physicalRowCount, POLICY_HEADER_processField, POLICY_HEADER_watchRowCount,
  POLICY_watchRows, WATCH_ROW_BYTES, WATCH_ROW_end, WATCH_ROW_filter, WATCH_ROW_start,
} from "../generated/monitor-layout";
import { follow, forgetSpace, presentRoot, rootOf } from "./frames";
import { fieldOf, memoryOf, presentTask, taskMatches } from "./task-filter";
import { distance, findDistance, FOUND } from "./program-place";

/** Of a longer range the pages are followed from when they are first written to by their own address. */
const PAGES_AT_ONCE: u64 = 16;
const NO_SPACE: u64 = ~(<u64>0);

/** Address spaces looked at lately, 40 bytes each: root, task, process, and 16 bytes of the task's name. */
const SEEN: usize = memory.data(40 * 64);
// @ts-ignore: decorator
@inline function seenAt(root: u64): usize { return SEEN + (<usize>((root >> 5) ^ (root >> 13)) & 63) * 40; }

/**
 * The task that was looked at last, and where its process and name stand in linear memory (0: nowhere): as long as there is
 * such a task its kernel has it at one place.
 */
let task: u64 = 0;
let process: usize = 0;
let name: usize = 0;

export function forgetSeen(): void {
  for (let i: usize = 0; i < 64; i++) store<u64>(SEEN + i * 40, NO_SPACE);
  task = 0;
}

/** What was followed there is given up. */
export function forgetSeenSpace(root: u64): void {
  if (load<u64>(seenAt(root)) == root) store<u64>(seenAt(root), NO_SPACE);
}

/** User code goes on. */
export function examineUser(): void {
  if (load<u32>(CPL) != 3) return;
  const present = presentTask();
  if (present == 0 || load<u32>(POLICY_header, POLICY_HEADER_watchRowCount) == load<u32>(POLICY_header, POLICY_HEADER_physicalRowCount)) return;
  examineAs(present);
}

/** The present task gives way to another address space, from where its memory may be written to. */
export function leaveSpace(cr3: u64): void {
  if (rootOf(cr3) == presentRoot()) return;
  const present = presentTask();
  // The kernel's own tasks keep the address space of who ran before.
  if (memoryOf(present) != 0) examineAs(present);
}

function examineAs(present: u64): void {
  if (present != task) {
    task = present;
    process = fieldOf(present, u32(load<u8>(POLICY_header, POLICY_HEADER_processField)));
    name = fieldOf(present, u32(load<u8>(POLICY_header, POLICY_HEADER_nameField)));
  }
  const id = process == 0 ? 0 : u64(load<u32>(process));
  const first = name == 0 ? 0 : load<u64>(name), last = name == 0 ? 0 : load<u64>(name, 8);
  const root = presentRoot();
  const seen = seenAt(root);
  if (load<u64>(seen) == root && load<u64>(seen, 8) == task && load<u64>(seen, 16) == id && load<u64>(seen, 24) == first
    && load<u64>(seen, 32) == last) return;
  if (!examine(root)) return;
  store<u64>(seen, root);
  store<u64>(seen, task, 8);
  store<u64>(seen, id, 16);
  store<u64>(seen, first, 24);
  store<u64>(seen, last, 32);
}

/** False: where the task's program lies is not known yet. */
function examine(root: u64): bool {
  let known = true;
  const rows = load<u32>(POLICY_header, POLICY_HEADER_watchRowCount);
  for (let i = load<u32>(POLICY_header, POLICY_HEADER_physicalRowCount); i < rows; i++) {
    const row: usize = POLICY_watchRows + i * WATCH_ROW_BYTES;
    const matches = taskMatches(row + WATCH_ROW_filter, task);
    if (!matches || findDistance(row, task) != FOUND) {
      known = known && !matches;
      forgetSpace(row, root, task);
      continue;
    }
    const moved = distance;
    const start = (load<u64>(row, WATCH_ROW_start) + moved) & ~4095, end = load<u64>(row, WATCH_ROW_end) + moved;
    if (end - start > PAGES_AT_ONCE << 12) continue;
    for (let page = start; page < end; page += 4096) follow(row, root, page, moved, task);
  }
  return known;
}
