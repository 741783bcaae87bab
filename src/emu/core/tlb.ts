// Look-aside buffers: direct-mapped tables of 16-byte entries, one for each kind of access and context.
//
//   0 u64 tag      page address; + TLB_HAS_CODE in write tables: the page holds decoded code; + TLB_LOOK: see below;
//                  TLB_EMPTY: nothing
//   8 u32 addend   address in linear memory = addend + low 32 bits of the guest-virtual address
//  12 u32 global   1: survives a CR3 load
//
// A hit is `((va + size - 1) & ~4095) == tag`, so that accesses across a page end miss. Filled entries are logged,
// so that a flush costs what was filled, not the size of the tables.
import { REGION_TLB } from "./generated/layout";

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
const LOCAL_LOG: usize = REGION_TLB + 0x2_0000;
const GLOBAL_LOG: usize = LOCAL_LOG + 4 * LOG_LIMIT;
/** One byte for each 2 MiB region (hashed): fragments of a large page may be cached. */
const LARGE_FILTER: usize = GLOBAL_LOG + 4 * LOG_LIMIT;
const LARGE_FILTER_SIZE: u32 = 4096;

/**
 * Look-up from linear code address to block: 16 bytes, u64 tag (address ^ mode << 48), u32 block, u32 generation.
 * An entry holds while its generation is that of its half of the address space, so that a flush costs nothing.
 */
const JUMP_CACHE: usize = REGION_TLB + 0x4_0000;
const JUMP_ENTRIES: u32 = 8192;
/** u32 for each half: the lower one's lasts until a CR3 load, the upper one's too as long as its pages are global. */
const GENERATIONS: usize = JUMP_CACHE + 16 * JUMP_ENTRIES;
/** u32 by page address (hashed): the last generation in which the page got an entry. */
const JUMP_PAGES: usize = GENERATIONS + 64;
const JUMP_PAGES_COUNT: u32 = 4096;

/** Grows whenever a translation may have changed: who keeps host addresses of his own looks at it. */
export let translations: u32 = 0;
export function forgetTranslations(): void { translations++; }

let localCount: u32 = 0;
let globalCount: u32 = 0;
/** The upper half's entries hold some from pages that are not global. */
let upperLocal: bool = false;
let gigabyteCached: bool = false;

// @ts-ignore: decorator
@inline export function tableOf(table: u32): usize { return REGION_TLB + table * TABLE_SIZE; }
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
@inline export function jumpGeneration(linear: u64): usize { return GENERATIONS + (<usize>(linear >> 63) << 2); }
// @ts-ignore: decorator
@inline function jumpPage(linear: u64): usize {
  const page = <u32>(linear >> 12);
  return JUMP_PAGES + (((page ^ (page >> 12)) & (JUMP_PAGES_COUNT - 1)) << 2);
}

/** Empties everything, whatever the logs say. */
export function initTlb(): void {
  for (let i: u32 = 0; i < TABLES * TLB_ENTRIES; i++) store<u64>(REGION_TLB + (i << 4), TLB_EMPTY);
  for (let i: u32 = 0; i < JUMP_ENTRIES; i++) store<u64>(JUMP_CACHE + (i << 4), NO_JUMP);
  memory.fill(LARGE_FILTER, 0, LARGE_FILTER_SIZE);
  memory.fill(JUMP_PAGES, 0, JUMP_PAGES_COUNT << 2);
  store<u32>(GENERATIONS, 1);
  store<u32>(GENERATIONS, 1, 4);
  localCount = globalCount = 0;
  upperLocal = gigabyteCached = false;
  translations++;
}

/** Caches a translation. `size` of the page it comes from in bytes: 4096, 2 or 4 MiB, 1 GiB. */
export function fillTlb(table: usize, linear: u64, tag: u64, host: u32, global: bool, pageSize: u32): void {
  if (localCount >= LOG_LIMIT || globalCount >= LOG_LIMIT) flushTlb(true);
  const entry = entryOf(table, linear);
  if (load<u64>(entry) == TLB_EMPTY || load<u32>(entry, 12) != u32(global)) {
    if (global) store<u32>(GLOBAL_LOG + (globalCount++ << 2), <u32>entry);
    else store<u32>(LOCAL_LOG + (localCount++ << 2), <u32>entry);
  }
  store<u64>(entry, tag);
  store<u32>(entry, host - (<u32>linear & ~4095), 8);
  store<u32>(entry, u32(global), 12);
  if (pageSize > 4096) {
    store<u8>(LARGE_FILTER + ((<u32>(linear >> 21)) & (LARGE_FILTER_SIZE - 1)), 1);
    if (pageSize > 0x40_0000) gigabyteCached = true;
  }
}

export function fillJump(linear: u64, entry: usize, tag: u64, block: usize, global: bool): void {
  const generation = load<u32>(jumpGeneration(linear));
  if (!global && linear >> 63 != 0) upperLocal = true;
  store<u64>(entry, tag);
  store<u32>(entry, <u32>block, 8);
  store<u32>(entry, generation, 12);
  store<u32>(jumpPage(linear), generation);
}

/** The block at this address has gone. */
export function forgetJump(linear: u64): void { store<u64>(jumpEntry(linear), NO_JUMP); }

function flushLower(): void { store<u32>(GENERATIONS, load<u32>(GENERATIONS) + 1); }

function flushUpper(): void {
  store<u32>(GENERATIONS, load<u32>(GENERATIONS, 4) + 1, 4);
  upperLocal = false;
}

export function flushJumps(): void {
  flushLower();
  flushUpper();
}

/** Forgets all translations; those of global pages only if `globals`. */
export function flushTlb(globals: bool): void {
  translations++;
  for (let i: u32 = 0; i < localCount; i++) store<u64>(load<u32>(LOCAL_LOG + (i << 2)), TLB_EMPTY);
  localCount = 0;
  if (globals) {
    for (let i: u32 = 0; i < globalCount; i++) store<u64>(load<u32>(GLOBAL_LOG + (i << 2)), TLB_EMPTY);
    globalCount = 0;
    memory.fill(LARGE_FILTER, 0, LARGE_FILTER_SIZE);
    gigabyteCached = false;
  }
  flushLower();
  if (globals || upperLocal) flushUpper();
}

/** INVLPG: the page that holds `linear`, whatever its size, in every context. */
export function flushPage(linear: u64): void {
  translations++;
  if (gigabyteCached || load<u8>(LARGE_FILTER + ((<u32>(linear >> 21)) & (LARGE_FILTER_SIZE - 1))) != 0
    || load<u8>(LARGE_FILTER + ((<u32>(linear >> 21) ^ 1) & (LARGE_FILTER_SIZE - 1))) != 0) {
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

/** The page at `host` in linear memory holds code from now on: writes must not reach it directly. */
export function flushWrites(host: u32): void {
  flushWritesOf(LOCAL_LOG, localCount, host);
  flushWritesOf(GLOBAL_LOG, globalCount, host);
}

function flushWritesOf(log: usize, count: u32, host: u32): void {
  const first = <u32>tableOf(TLB_WRITE), last = <u32>tableOf(TLB_WRITE + 3);
  for (let i: u32 = 0; i < count; i++) {
    const entry = load<u32>(log + (i << 2));
    if (entry >= first && entry < last && load<u32>(entry, 8) + (load<u32>(entry) & ~4095) == host) store<u64>(entry, TLB_EMPTY);
  }
}

/** The next write through any translation takes the slow path once; the translations stay. */
export function markWrites(): void { markTables(TLB_WRITE, TLB_WRITE + 3); }

/** The next access of any kind. */
export function markAll(): void { markTables(0, TABLES); }

function markTables(from: u32, to: u32): void {
  markLogged(LOCAL_LOG, localCount, <u32>tableOf(from), <u32>tableOf(to));
  markLogged(GLOBAL_LOG, globalCount, <u32>tableOf(from), <u32>tableOf(to));
}

function markLogged(log: usize, count: u32, first: u32, last: u32): void {
  for (let i: u32 = 0; i < count; i++) {
    const entry = load<u32>(log + (i << 2));
    if (entry < first || entry >= last) continue;
    const tag = load<u64>(entry);
    if (tag != TLB_EMPTY) store<u64>(entry, tag | TLB_LOOK);
  }
}
