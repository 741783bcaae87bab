// Who runs: the kernel's current task pointer, what is known of it, and its pending call.
import { GDTR_BASE, KERNEL_GS_BASE, REGION_TASKS, SEG_BASE } from "../generated/layout";
import {
  CAPTURE_KIND_task, POLICY_header, POLICY_HEADER_processField, POLICY_HEADER_taskBase, POLICY_HEADER_taskFieldCount, POLICY_HEADER_taskMinimum,
  POLICY_HEADER_taskOffset, POLICY_HEADER_taskSelector, POLICY_taskFields, RECORD_KIND_task, TASK_BASE_absolute, TASK_BASE_kernelFs, TASK_BASE_none,
  TASK_ENTRIES, TASK_ENTRY_BYTES, TASK_ENTRY_identity, TASK_ENTRY_lastIcount, TASK_ENTRY_row, TASK_ENTRY_state, TASK_ENTRY_task,
  TASK_FIELD_FLAG_key, TASK_FIELD_ROW_BYTES, TASK_FIELD_ROW_dereferences, TASK_FIELD_ROW_flags, TASK_FIELD_ROW_offset0,
  SYSCALL_FLAG_newImage, SYSCALL_ROW_flags, TASK_FIELD_ROW_place, TASK_FIELD_ROW_size, TASK_IDENTITY_BYTES, TASK_STATE_pending,
} from "../generated/monitor-layout";
import { SEG_GS } from "../mode";
import { translations } from "../tlb";
import { copyGuest, kernelHostOf } from "./read";
import { captureOwn, closeRecord, openRecord } from "./record";

const PROBES: u32 = 16;
/** Words of an identity, and pointers to them, that are watched at most. */
const WATCHES: usize = 128;
/** Where calls of unknown tasks are kept. */
const NOBODY: usize = REGION_TASKS + <usize>TASK_ENTRIES * <usize>TASK_ENTRY_BYTES;

function base(atUser: bool): u64 {
  const gs = load<u64>(SEG_BASE + (SEG_GS << 3));
  const other = load<u64>(KERNEL_GS_BASE);
  if (atUser) return other;
  return <i64>gs < 0 ? gs : other;
}

/** Where the current task pointer was read the last time, in the guest and in linear memory. */
let pointerAt: u64 = 0;
export let pointerHost: usize = 0;
let pointerAge: u32 = 0;

/** The current task pointer, 0 if unknown. `atUser`: user code is about to enter the kernel, or was just returned to. */
export function currentTask(atUser: bool): u64 {
  const kind = load<u32>(POLICY_header, POLICY_HEADER_taskBase);
  if (kind == TASK_BASE_none) return 0;
  let at = load<u64>(POLICY_header, POLICY_HEADER_taskOffset);
  if (kind == TASK_BASE_kernelFs) return currentTask32(at);
  if (kind != TASK_BASE_absolute) at += base(atUser);
  if (at != pointerAt || pointerAge != translations) {
    const host = kernelHostOf(at);
    if (host == 0) return 0;
    pointerAt = at;
    pointerAge = translations;
    pointerHost = host;
  }
  const task = load<u64>(pointerHost);
  return task < load<u64>(POLICY_header, POLICY_HEADER_taskMinimum) ? 0 : task;
}

/** A 32-bit kernel's: its FS is not loaded while user code runs, so the descriptor tells the base. */
function currentTask32(offset: u64): u64 {
  const descriptor = kernelHostOf(load<u64>(GDTR_BASE) + u64(load<u32>(POLICY_header, POLICY_HEADER_taskSelector) & 0xfff8));
  if (descriptor == 0) return 0;
  const words = load<u64>(descriptor);
  const base = ((words >> 16) & 0xff_ffff) | ((words >> 32) & 0xff00_0000);
  const from = kernelHostOf((offset + base) & 0xffff_ffff);
  if (from == 0) return 0;
  const task = u64(load<u32>(from));
  return task < load<u64>(POLICY_header, POLICY_HEADER_taskMinimum) ? 0 : task;
}

/** The task whose entry was asked for last, which is the one that runs until another does. */
let recentTask: u64 = 0;
let recentEntry: usize = NOBODY;
export function forgetRecentTask(): void {
  recentTask = 0;
  recentEntry = NOBODY;
}

/** The entry of a task, a fresh one if there was none. */
// @ts-ignore: decorator
@inline export function entryOfTask(task: u64, icount: u64): usize {
  if (task != recentTask) {
    recentEntry = findEntry(task);
    recentTask = task;
  }
  store<u64>(recentEntry, icount, TASK_ENTRY_lastIcount);
  return recentEntry;
}

function findEntry(task: u64): usize {
  if (task == 0) return NOBODY;
  let slot = <u32>((task >> 6) * 0x9e37_79b1) >> 8;
  let oldest: usize = 0;
  for (let i: u32 = 0; i < PROBES; i++, slot++) {
    const entry = REGION_TASKS + <usize>(slot & (TASK_ENTRIES - 1)) * <usize>TASK_ENTRY_BYTES;
    const found = load<u64>(entry, TASK_ENTRY_task);
    if (found == task) return entry;
    if (found == 0) return fresh(entry, task);
    if (oldest == 0 || load<u64>(entry, TASK_ENTRY_lastIcount) < load<u64>(oldest, TASK_ENTRY_lastIcount)) oldest = entry;
  }
  return fresh(oldest, task);
}

function fresh(entry: usize, task: u64): usize {
  watchedEntry = 0;
  memory.fill(entry, 0, TASK_ENTRY_BYTES);
  store<u64>(entry, task, TASK_ENTRY_task);
  return entry;
}

/** The task is gone: whatever comes under its pointer next is another one. */
export function forgetTask(entry: usize): void {
  watchedEntry = 0;
  store<u32>(entry, 0, TASK_ENTRY_state);
  memory.fill(entry + TASK_ENTRY_identity, 0, TASK_IDENTITY_BYTES);
}

const present: usize = memory.data(256);

/**
 * What an unchanged identity was found in the last time: for each field, and for each pointer on the way to it, 16 bytes:
 * the value it had under a mask, 8 bytes; where it lies in linear memory, 4; how many bits the mask leaves out, 4. Looked
 * at again as long as no translation changes.
 */
const watches: usize = memory.data(16 * WATCHES);
let watchesEnd: usize = watches;
let watchedEntry: usize = 0;
let watchedAge: u32 = 0;

function watch(host: usize, size: u32): void {
  if (size == 4 && joinsLast(host)) return;
  for (let at: u32 = 0; at < size; at += 8) {
    // No room, or the 8 bytes that are looked at don't lie in one page: it is read anew every time.
    if (watchesEnd == watches + 16 * WATCHES || ((<u32>host + at) & 4095) > 4088) {
      watchedEntry = 0;
      return;
    }
    const left = u64(64 - (min<u32>(8, size - at) << 3));
    store<u64>(watchesEnd, load<u64>(host + at) << left);
    store<u32>(watchesEnd, <u32>host + at, 8);
    store<u32>(watchesEnd, <u32>left, 12);
    watchesEnd += 16;
  }
}

/** 4 bytes behind 4 that are watched: all 8 are looked at at once. */
function joinsLast(host: usize): bool {
  const last = watchesEnd - 16;
  if (last < watches || load<u32>(last, 8) + 4 != <u32>host || load<u32>(last, 12) != 32) return false;
  store<u64>(last, load<u64>(host - 4));
  store<u32>(last, 0, 12);
  return true;
}

/** All is in place where it was, and as it was. */
// @ts-ignore: decorator
@inline function unchanged(): bool {
  let difference: u64 = 0;
  for (let at = watches; at < watchesEnd; at += 16) {
    difference |= (load<u64>(load<u32>(at, 8)) << u64(load<u32>(at, 12))) ^ load<u64>(at);
  }
  return difference == 0;
}

/** Appends a task record if the task's identity is not what it was at its last event. */
// @ts-ignore: decorator
@inline export function checkIdentity(entry: usize, task: u64, rip: u64, icount: u64): void {
  if (entry != watchedEntry || watchedAge != translations || !unchanged()) readIdentity(entry, task, rip, icount);
}

function readIdentity(entry: usize, task: u64, rip: u64, icount: u64): void {
  const count = load<u32>(POLICY_header, POLICY_HEADER_taskFieldCount);
  if (task == 0 || count == 0) return;
  watchedEntry = entry;
  watchedAge = translations;
  watchesEnd = watches;
  const process = u32(load<u8>(POLICY_header, POLICY_HEADER_processField));
  let changed = false;
  let another = false;
  let elsewhere = false;
  for (let i: u32 = 0; i < count; i++) {
    const row: usize = POLICY_taskFields + i * TASK_FIELD_ROW_BYTES;
    const known = entry + TASK_ENTRY_identity + u32(load<u16>(row, TASK_FIELD_ROW_place));
    if (!refresh(row, task, known)) continue;
    changed = true;
    if (i == process) elsewhere = true;
    if (load<u32>(row, TASK_FIELD_ROW_flags) & TASK_FIELD_FLAG_key) another = true;
  }
  if (!changed) return;
  if (another && (elsewhere || !executes(entry))) store<u32>(entry, 0, TASK_ENTRY_state);
  openRecord(RECORD_KIND_task, rip, icount, task);
  captureOwn(CAPTURE_KIND_task, entry + TASK_ENTRY_identity, TASK_IDENTITY_BYTES, task);
  closeRecord();
}

/** A thread that executes a program takes its leader's place: it is another task of the same process from then on, and in its call. */
function executes(entry: usize): bool {
  const row: usize = load<u32>(entry, TASK_ENTRY_row);
  return (load<u32>(entry, TASK_ENTRY_state) & TASK_STATE_pending) != 0 && row != 0
    && (load<u32>(row, SYSCALL_ROW_flags) & SYSCALL_FLAG_newImage) != 0;
}

/** Reads a field; true if it is not what is known of it, which it then is. */
function refresh(row: usize, task: u64, known: usize): bool {
  const size = u32(load<u8>(row, TASK_FIELD_ROW_size));
  const at = fieldAddress(row, task);
  let from = at == 0 ? 0 : kernelHostOf(at);
  if (from == 0 || (<u32>at & 4095) + size > 4096) {
    // Across a page end, or absent: by way of a copy, every time.
    watchedEntry = 0;
    memory.fill(present, 0, size);
    if (from != 0) copyGuest(at, size, present);
    from = present;
  } else watch(from, size);
  if (same(from, known, size)) return false;
  memory.copy(known, from, size);
  return true;
}

/** Guest-virtual address of a field, 0 if a pointer on the way is null or absent. */
function fieldAddress(row: usize, task: u64): u64 {
  let at = task + i64(load<i32>(row, TASK_FIELD_ROW_offset0));
  const steps = u32(load<u8>(row, TASK_FIELD_ROW_dereferences));
  const narrow = load<u32>(POLICY_header, POLICY_HEADER_taskBase) == TASK_BASE_kernelFs;
  for (let i: u32 = 0; i < steps; i++) {
    const host = kernelHostOf(at);
    if (host == 0) return 0;
    const pointer = narrow ? u64(load<u32>(host)) : load<u64>(host);
    if (pointer == 0) return 0;
    watch(host, narrow ? 4 : 8);
    at = pointer + i64(load<i32>(row + TASK_FIELD_ROW_offset0 + ((i + 1) << 2)));
  }
  return at;
}

function same(a: usize, b: usize, size: u32): bool {
  if (size == 4) return load<u32>(a) == load<u32>(b);
  if (size == 8) return load<u64>(a) == load<u64>(b);
  if (size == 16) return load<u64>(a) == load<u64>(b) && load<u64>(a, 8) == load<u64>(b, 8);
  for (let i: u32 = 0; i < size; i++) if (load<u8>(a + i) != load<u8>(b + i)) return false;
  return true;
}
