// Look-aside buffers: direct-mapped tables of 16-byte entries, one for each kind of access and context. Each virtual CPU
// has its own, in its slot of REGION.vcpus.
//
//   0 u64 tag      page address; + TLB_HAS_CODE in write tables: the page holds decoded code; + TLB_LOOK: see below;
//                  TLB_EMPTY: nothing
//   8 u32 addend   address in linear memory = addend + low 32 bits of the guest-virtual address
//  12 u32 global   1: survives a CR3 load
//
// A hit is `((va + size - 1) & ~4095) == tag`, so that accesses across a page end miss. Filled entries are logged,
// so that a flush costs what was filled, not the size of the tables.
import {
  JUMP_GENERATION, JUMP_UPPER_LOCAL, REGION_JUMPS, TLB_BASE, TLB_GLOBAL_COUNT, TLB_LARGEST, TLB_LOCAL_COUNT, VCPU, VCPU_COUNT,
} from "./generated/layout";
import { savedField, slotOf } from "./vcpu-slots";

export const TLB_ENTRIES: u32 = 1024;
const TABLE_SIZE: u32 = TLB_ENTRIES * 16;
export const TLB_READ: u32 = 0; // + context: 0 supervisor, 1 supervisor with AC, 2 user
export const TLB_WRITE: u32 = 3;
export const TLB_CODE: u32 = 6; // + 0 supervisor, 1 user
const TABLES: u32 = 8;
export const TLB_EMPTY: u64 = 2;
export const TLB_HAS_CODE: u64 = 1;
/** The monitor wants to know of the next access: watched memory, or a page not listed in this interval. */
export const TLB_LOOK: u64 = 4;

const NO_JUMP: u64 = TLB_EMPTY << 60;
const LOG_LIMIT: u32 = 8192;
// In the slot, behind the tables.
const LOCAL_LOG: usize = 0x2_0000;
const GLOBAL_LOG: usize = LOCAL_LOG + 4 * LOG_LIMIT;
/** One byte for each 2 MiB region (hashed): fragments of a large page may be cached. */
const LARGE_FILTER: usize = GLOBAL_LOG + 4 * LOG_LIMIT;
const LARGE_FILTER_SIZE: u32 = 4096;
/** u32 by page address (hashed): the last generation in which the page got an entry in the jump cache. */
const JUMP_PAGES: usize = LARGE_FILTER + LARGE_FILTER_SIZE;
const JUMP_PAGES_COUNT: u32 = 4096;

/**
 * Look-up from linear code address to block: 16 bytes, u64 tag (address ^ mode << 48), u32 block, u32 generation.
 * An entry holds while its generation is that of its half of the address space, so that a flush costs nothing; no two
 * virtual CPUs ever have the same one. The lower half's lasts until a CR3 load, the upper one's too as long as its pages
 * are global.
 */
const JUMP_CACHE: usize = REGION_JUMPS;
const JUMP_ENTRIES: u32 = 8192;
let lastGeneration: u32 = 0;

/** Grows whenever a translation may have changed: who keeps host addresses of his own looks at it. */
export let translations: u32 = 0;
export function forgetTranslations(): void { translations++; }

// @ts-ignore: decorator
@inline function base(): usize { return load<u32>(TLB_BASE); }
// @ts-ignore: decorator
@inline export function tableOf(table: u32): usize { return base() + table * TABLE_SIZE; }
// @ts-ignore: decorator
@inline export function entryOf(table: usize, linear: u64): usize {
  return table + (((<u32>linear >> 12) & (TLB_ENTRIES - 1)) << 4);
}
// @ts-ignore: decorator
@inline export function jumpEntry(linear: u64): usize {
  const low = <u32>linear;
  return JUMP_CACHE + (((low ^ (low >> 13)) & (JUMP_ENTRIES - 1)) << 4);
}

/** Address of the generation that entries for `linear` must have. */
// @ts-ignore: decorator
@inline export function jumpGeneration(linear: u64): usize { return JUMP_GENERATION + (<usize>(linear >> 63) << 2); }
// @ts-ignore: decorator
@inline function jumpPage(linear: u64): usize {
  const page = <u32>(linear >> 12);
  return base() + JUMP_PAGES + (((page ^ (page >> 12)) & (JUMP_PAGES_COUNT - 1)) << 2);
}

/** Empties the running virtual CPU's buffers, whatever the logs say, and puts them into its slot. */
export function initTlb(): void {
  const slot = slotOf(load<u32>(VCPU));
  store<u32>(TLB_BASE, <u32>slot);
  for (let i: u32 = 0; i < TABLES * TLB_ENTRIES; i++) store<u64>(slot + (i << 4), TLB_EMPTY);
  memory.fill(slot + LARGE_FILTER, 0, LARGE_FILTER_SIZE);
  memory.fill(slot + JUMP_PAGES, 0, JUMP_PAGES_COUNT << 2);
  store<u32>(TLB_LOCAL_COUNT, 0);
  store<u32>(TLB_GLOBAL_COUNT, 0);
  store<u32>(TLB_LARGEST, 0);
  flushLower();
  flushUpper();
  translations++;
}

/** Caches a translation. `size` of the page it comes from in bytes: 4096, 2 or 4 MiB, 1 GiB. */
export function fillTlb(table: usize, linear: u64, tag: u64, host: u32, global: bool, pageSize: u32): void {
  if (load<u32>(TLB_LOCAL_COUNT) >= LOG_LIMIT || load<u32>(TLB_GLOBAL_COUNT) >= LOG_LIMIT) flushTlb(true);
  const entry = entryOf(table, linear);
  if (load<u64>(entry) == TLB_EMPTY || load<u32>(entry, 12) != u32(global)) {
    const counter = global ? TLB_GLOBAL_COUNT : TLB_LOCAL_COUNT;
    const count = load<u32>(counter);
    store<u32>(base() + (global ? GLOBAL_LOG : LOCAL_LOG) + (count << 2), <u32>entry);
    store<u32>(counter, count + 1);
  }
  store<u64>(entry, tag);
  store<u32>(entry, host - (<u32>linear & ~4095), 8);
  store<u32>(entry, u32(global), 12);
  if (pageSize > 4096) {
    store<u8>(base() + LARGE_FILTER + ((<u32>(linear >> 21)) & (LARGE_FILTER_SIZE - 1)), 1);
    if (pageSize > 0x40_0000) store<u32>(TLB_LARGEST, 1);
  }
}

export function fillJump(linear: u64, entry: usize, tag: u64, block: usize, global: bool): void {
  const generation = load<u32>(jumpGeneration(linear));
  if (!global && linear >> 63 != 0) store<u32>(JUMP_UPPER_LOCAL, 1);
  store<u64>(entry, tag);
  store<u32>(entry, <u32>block, 8);
  store<u32>(entry, generation, 12);
  store<u32>(jumpPage(linear), generation);
}

/** The block at this address has gone. */
export function forgetJump(linear: u64): void { store<u64>(jumpEntry(linear), NO_JUMP); }

function flushLower(): void { store<u32>(JUMP_GENERATION, ++lastGeneration); }

function flushUpper(): void {
  store<u32>(JUMP_GENERATION, ++lastGeneration, 4);
  store<u32>(JUMP_UPPER_LOCAL, 0);
}

/** The running virtual CPU is to look up the next fetch from any page. */
export function flushJumps(): void {
  flushLower();
  flushUpper();
}

/** The blocks have gone, whoever ran them. */
export function emptyJumps(): void {
  for (let i: u32 = 0; i < JUMP_ENTRIES; i++) store<u64>(JUMP_CACHE + (i << 4), NO_JUMP);
}

/** Forgets all translations of the running virtual CPU; those of global pages only if `globals`. */
export function flushTlb(globals: bool): void {
  translations++;
  emptyLogged(LOCAL_LOG, TLB_LOCAL_COUNT);
  if (globals) {
    emptyLogged(GLOBAL_LOG, TLB_GLOBAL_COUNT);
    memory.fill(base() + LARGE_FILTER, 0, LARGE_FILTER_SIZE);
    store<u32>(TLB_LARGEST, 0);
  }
  flushLower();
  if (globals || load<u32>(JUMP_UPPER_LOCAL) != 0) flushUpper();
}

function emptyLogged(log: usize, counter: usize): void {
  const first = base() + log;
  const end = first + (load<u32>(counter) << 2);
  for (let at = first; at < end; at += 4) store<u64>(load<u32>(at), TLB_EMPTY);
  store<u32>(counter, 0);
}

/** INVLPG: the page that holds `linear`, whatever its size, in every context. */
export function flushPage(linear: u64): void {
  translations++;
  const filter = base() + LARGE_FILTER;
  if (load<u32>(TLB_LARGEST) != 0 || load<u8>(filter + ((<u32>(linear >> 21)) & (LARGE_FILTER_SIZE - 1))) != 0
    || load<u8>(filter + ((<u32>(linear >> 21) ^ 1) & (LARGE_FILTER_SIZE - 1))) != 0) {
    flushTlb(true);
    return;
  }
  for (let table: u32 = 0; table < TABLES; table++) {
    const entry = entryOf(tableOf(table), linear);
    if ((load<u64>(entry) & ~4095) == (linear & ~4095)) store<u64>(entry, TLB_EMPTY);
  }
  if (load<u32>(jumpPage(linear)) != load<u32>(jumpGeneration(linear))) return; // no code was run there
  if (linear >> 63) flushUpper(); else flushLower();
}

// @ts-ignore: decorator
@inline function hostPage(entry: usize): u32 { return load<u32>(entry, 8) + (load<u32>(entry) & ~4095); }

/** The page at `host` in linear memory holds code from now on: writes must not reach it directly, whose ever they are. */
export function flushWrites(host: u32): void { closeWrites(host, false); }

/** The same of a page that is to be looked at from now on; the translations stay. */
export function markWritesTo(host: u32): void { closeWrites(host, true); }

function closeWrites(host: u32, keep: bool): void {
  for (let vcpu: u32 = 0; vcpu < load<u32>(VCPU_COUNT); vcpu++) {
    closeWritesOf(vcpu, LOCAL_LOG, TLB_LOCAL_COUNT, host, keep);
    closeWritesOf(vcpu, GLOBAL_LOG, TLB_GLOBAL_COUNT, host, keep);
  }
}

function closeWritesOf(vcpu: u32, log: usize, counter: usize, host: u32, keep: bool): void {
  const slot = slotOf(vcpu);
  const first = <u32>slot + TLB_WRITE * TABLE_SIZE, last = first + 3 * TABLE_SIZE;
  const count = load<u32>(savedField(vcpu, counter));
  for (let i: u32 = 0; i < count; i++) {
    const entry = load<u32>(slot + log + (i << 2));
    if (entry < first || entry >= last || hostPage(entry) != host) continue;
    if (keep) markEntry(entry);
    else store<u64>(entry, TLB_EMPTY);
  }
}

/** Does the entry of a write table let writes to the page at `host` through without a look? */
export function letsWritesTo(entry: usize, host: u32): bool {
  const tag = load<u64>(entry);
  return tag != TLB_EMPTY && (tag & TLB_LOOK) == 0 && hostPage(entry) == host;
}

export function markEntry(entry: usize): void {
  const tag = load<u64>(entry);
  if (tag != TLB_EMPTY) store<u64>(entry, tag | TLB_LOOK);
}

const MOST_OPEN: u32 = 8192;
/** Entries that let writes through since all were marked, whosever they are. More than MOST_OPEN are only counted. */
const OPEN: usize = memory.data(4 * 8192);
let openCount: u32 = 0;

/** The entry of a write table is not marked any more. To be told by who lets writes through while somebody marks them. */
export function writesOpened(entry: usize): void {
  if (openCount < MOST_OPEN) store<u32>(OPEN + (openCount << 2), <u32>entry);
  openCount++;
}

/** The next write through any translation takes the slow path once; the translations stay. */
export function markWrites(): void {
  if (openCount <= MOST_OPEN) markLogged(OPEN, openCount, 0, ~(<u32>0));
  else for (let vcpu: u32 = 0; vcpu < load<u32>(VCPU_COUNT); vcpu++) markTables(vcpu, TLB_WRITE, TLB_WRITE + 3);
  openCount = 0;
}

/** The next access of any kind by the running virtual CPU. */
export function markAll(): void { markTables(load<u32>(VCPU), 0, TABLES); }

function markTables(vcpu: u32, from: u32, to: u32): void {
  const slot = slotOf(vcpu);
  const first = <u32>slot + from * TABLE_SIZE, last = <u32>slot + to * TABLE_SIZE;
  markLogged(slot + LOCAL_LOG, load<u32>(savedField(vcpu, TLB_LOCAL_COUNT)), first, last);
  markLogged(slot + GLOBAL_LOG, load<u32>(savedField(vcpu, TLB_GLOBAL_COUNT)), first, last);
}

function markLogged(log: usize, count: u32, first: u32, last: u32): void {
  for (let i: u32 = 0; i < count; i++) {
    const entry = load<u32>(log + (i << 2));
    if (entry >= first && entry < last) markEntry(entry);
  }
}
