// Whose address spaces have watched pages: looked at whenever a task goes on in user mode under another name, with other
// memory, or for the first time, so that its pages are followed from then on, be they there yet or not.
import { CPL, CR3, KERNEL_GS_BASE } from "../generated/layout";
import {
  POLICY_header, POLICY_HEADER_nameField, POLICY_HEADER_physicalRowCount, POLICY_HEADER_processField, POLICY_HEADER_watchRowCount,
  POLICY_watchRows, WATCH_KIND_linear, WATCH_ROW_BYTES, WATCH_ROW_end, WATCH_ROW_filter, WATCH_ROW_kind, WATCH_ROW_start,
} from "../generated/monitor-layout";
import { follow, forgetSpace, namesTasks, presentRoot, rootOf } from "./frames";
import { translations } from "../tlb";
import { fieldOf, memoryOf, presentTask, taskMatches } from "./task-filter";
import { distance, findDistance, FOUND } from "./program-place";
import { pointerHost } from "./tasks";

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

/**
 * Where user code went on the last time: whose it was, as its entry of `SEEN` says, and where the kernel's pointer to that task
 * stands in linear memory (0: nowhere). As long as it goes on there, as the same, nothing is looked for.
 */
let settledCr3: u64 = 0;
let settledBase: u64 = 0;
let settledAge: u32 = 0;
let settledPointer: usize = 0;
let settledSeen: usize = 0;

/** No row asks whose an address space is, or where its program lies: then all that matters is which one it is, ... */
let anybodys: bool = false;
/** ... and it has been looked at since it was loaded. */
let lookedAt: bool = false;

export function forgetSeen(): void {
  for (let i: usize = 0; i < 64; i++) store<u64>(SEEN + i * 40, NO_SPACE);
  task = 0;
  settledPointer = 0;
  lookedAt = false;
  anybodys = true;
  const rows = load<u32>(POLICY_header, POLICY_HEADER_watchRowCount);
  for (let i = load<u32>(POLICY_header, POLICY_HEADER_physicalRowCount); i < rows; i++) {
    const row: usize = POLICY_watchRows + i * WATCH_ROW_BYTES;
    if (u32(load<u8>(row, WATCH_ROW_kind)) != WATCH_KIND_linear || namesTasks(row)) anybodys = false;
  }
}

/** What was followed there is given up. */
export function forgetSeenSpace(root: u64): void {
  if (load<u64>(seenAt(root)) == root) store<u64>(seenAt(root), NO_SPACE);
  settledPointer = 0;
  lookedAt = false;
}

/** User code goes on. */
// @ts-ignore: decorator
@inline export function examineUser(): void {
  if (load<u32>(CPL) == 3 && !isSettled()) settle();
}

// @ts-ignore: decorator
@inline function isSettled(): bool {
  return anybodys ? lookedAt && load<u64>(CR3) == settledCr3 : isSettledAs();
}

function isSettledAs(): bool {
  return settledPointer != 0 && load<u64>(CR3) == settledCr3 && load<u64>(KERNEL_GS_BASE) == settledBase && translations == settledAge
    && load<u64>(settledPointer) == load<u64>(settledSeen, 8) && isNamed(settledSeen);
}

/** Is the task that was looked at last called as it was called then? */
// @ts-ignore: decorator
@inline function isNamed(seen: usize): bool {
  return (process == 0 ? 0 : u64(load<u32>(process))) == load<u64>(seen, 16)
    && (name == 0 || (load<u64>(name) == load<u64>(seen, 24) && load<u64>(name, 8) == load<u64>(seen, 32)));
}

function settle(): void {
  settledPointer = 0;
  settledCr3 = load<u64>(CR3);
  lookedAt = load<u32>(POLICY_header, POLICY_HEADER_watchRowCount) == load<u32>(POLICY_header, POLICY_HEADER_physicalRowCount);
  const present = presentTask();
  if (present == 0 || lookedAt) return;
  if (!examineAs(present) || pointerHost == 0 || load<u64>(pointerHost) != present) return;
  settledBase = load<u64>(KERNEL_GS_BASE);
  settledAge = translations;
  settledSeen = seenAt(presentRoot());
  settledPointer = pointerHost;
  lookedAt = true;
}

/** The present task gives way to another address space, from where its memory may be written to. */
export function leaveSpace(cr3: u64): void {
  if (rootOf(cr3) == presentRoot()) return;
  lookedAt = false;
  const present = presentTask();
  // The kernel's own tasks keep the address space of who ran before.
  if (memoryOf(present) != 0) examineAs(present);
}

/** False: where the task's program lies is not known yet. */
function examineAs(present: u64): bool {
  if (present != task) {
    settledPointer = 0;
    task = present;
    process = fieldOf(present, u32(load<u8>(POLICY_header, POLICY_HEADER_processField)));
    name = fieldOf(present, u32(load<u8>(POLICY_header, POLICY_HEADER_nameField)));
  }
  const root = presentRoot();
  const seen = seenAt(root);
  if (load<u64>(seen) == root && load<u64>(seen, 8) == task && isNamed(seen)) return true;
  settledPointer = 0;
  if (!examine(root)) return false;
  store<u64>(seen, root);
  store<u64>(seen, task, 8);
  store<u64>(seen, process == 0 ? 0 : u64(load<u32>(process)), 16);
  store<u64>(seen, name == 0 ? 0 : load<u64>(name), 24);
  store<u64>(seen, name == 0 ? 0 : load<u64>(name, 8), 32);
  return true;
}

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
