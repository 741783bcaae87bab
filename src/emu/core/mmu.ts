// The page walk: 2-level, PAE and 4-level (SDM volume 3, chapter 4). It checks rights, sets accessed and dirty bits,
// and raises the page fault; caching is left to memory.ts and blocks.ts.
import { CR0, CR3, CR4, EFER, RAM_SIZE, A20, REGION_RAM, REGION_PAGE_INFO, REGION_SECOND_LEVEL, PAGE_INFO_WRITTEN, PAGE_WRITTEN } from "./generated/layout";
import {
  CR0_PG, CR0_WP, CR4_PAE, CR4_PSE, CR4_PGE, CR4_SMEP, CR4_SMAP, EFER_LMA, EFER_NXE,
} from "./mode";
import { raisePageFault } from "./fault";
import { listPage, listsPages } from "./monitor/pages";
import { noteWalkWrite, roomForWrites, watchesWrites } from "./monitor/watches";
import { PAGE_FLAG_pageWalk } from "./generated/monitor-layout";

// What an access is; the first three are error-code bits.
export const ACCESS_READ: u32 = 0;
export const ACCESS_WRITE: u32 = 2;
export const ACCESS_USER: u32 = 4;
export const ACCESS_FETCH: u32 = 16;
/** AC suspends SMAP for this access. */
export const ACCESS_AC: u32 = 32;

export const NO_TRANSLATION: u64 = ~(<u64>0);

const P: u64 = 1;
const W: u64 = 2;
const U: u64 = 4;
const A: u64 = 0x20;
const D: u64 = 0x40;
const PS: u64 = 0x80;
const G: u64 = 0x100;
const NX: u64 = 1 << 63;
const ADDRESS: u64 = 0x000f_ffff_ffff_f000;
/** Physical address width that CPUID tells: 40 bits. */
const RESERVED_ADDRESS: u64 = 0x000f_ff00_0000_0000;

/** Of the last walk that was no inspect(): the leaf is global; size of the page in bytes. */
export let walkGlobal: bool = false;
export let walkPageSize: u32 = 4096;

// @ts-ignore: decorator
@inline export function isRam(physical: u64): bool { return physical < u64(load<u32>(RAM_SIZE)); }
// @ts-ignore: decorator
@inline export function ramAddress(physical: u64): usize { return REGION_RAM + <usize>physical; }
// @ts-ignore: decorator
@inline export function pageInfo(physical: u64): usize { return REGION_PAGE_INFO + (<usize>(physical >> 12) << 4); }
// @ts-ignore: decorator
@inline export function secondLevelRights(physical: u64): u32 { return load<u8>(REGION_SECOND_LEVEL + <usize>(physical >> 12)); }

export const PAGE_INFO_BLOCKS: usize = 8; // u32: first block decoded from the page

/** Of the present walk: what is translated, and whether code is to be fetched there. */
let walked: u64 = 0;
let walkedForCode: bool = false;

function readEntry64(address: u64): u64 { return isRam(address) ? load<u64>(ramAddress(address)) : NO_TRANSLATION; }
function readEntry32(address: u64): u64 { return isRam(address) ? u64(load<u32>(ramAddress(address))) : 0xffff_ffff; }

function setBits(address: u64, entry: u64, bits: u64): void {
  if ((entry & bits) == bits || !isRam(address)) return;
  if (watchesWrites()) noteWalkWrite(walked, address, (load<u64>(CR4) & CR4_PAE) != 0 ? 8 : 4, entry | bits, walkedForCode);
  if (listsPages()) listPage(0, address, PAGE_FLAG_pageWalk);
  store<u8>(ramAddress(address), <u8>(entry | bits)); // accessed and dirty lie in the lowest byte
  store<u32>(pageInfo(address), PAGE_WRITTEN, PAGE_INFO_WRITTEN);
}

function fail(linear: u64, access: u32, code: u32): u64 {
  let error = code | (access & (ACCESS_WRITE | ACCESS_USER));
  if (access & ACCESS_FETCH) {
    const cr4 = load<u64>(CR4);
    if ((cr4 & CR4_SMEP) != 0 || ((cr4 & CR4_PAE) != 0 && (load<u64>(EFER) & EFER_NXE) != 0)) error |= ACCESS_FETCH;
  }
  if (!quiet) raisePageFault(linear, error);
  return NO_TRANSLATION;
}

let quiet: bool = false;

/** Are the accumulated rights enough? W and U in `rights`, `noExecute` of any level. */
function permitted(rights: u64, noExecute: bool, access: u32): bool {
  if (access & ACCESS_USER) {
    if ((rights & U) == 0) return false;
    if ((access & ACCESS_WRITE) && (rights & W) == 0) return false;
  } else {
    if ((access & ACCESS_WRITE) && (rights & W) == 0 && (load<u64>(CR0) & CR0_WP) != 0) return false;
    if (rights & U) {
      const cr4 = load<u64>(CR4);
      if (access & ACCESS_FETCH) {
        if (cr4 & CR4_SMEP) return false;
      } else if ((cr4 & CR4_SMAP) != 0 && (access & ACCESS_AC) == 0) return false;
    }
  }
  return !(noExecute && (access & ACCESS_FETCH) != 0);
}

/** Guest-physical address of `linear`, or NO_TRANSLATION with the page fault raised. */
export function walk(linear: u64, access: u32): u64 {
  walkGlobal = false;
  walkPageSize = 4096;
  if ((load<u64>(CR0) & CR0_PG) == 0) return masked(linear & 0xffff_ffff);
  if (watchesWrites() && !quiet) {
    walked = linear;
    walkedForCode = (access & ACCESS_FETCH) != 0;
    if (!roomForWrites()) return NO_TRANSLATION;
  }
  const cr4 = load<u64>(CR4);
  if ((cr4 & CR4_PAE) == 0) return walk2(linear, access);
  const noExecuteOn = (load<u64>(EFER) & EFER_NXE) != 0;
  const reserved: u64 = RESERVED_ADDRESS | (noExecuteOn ? 0 : NX);
  let rights: u64 = W | U;
  let noExecute = false;
  let table = load<u64>(CR3);
  let at4: u64 = 0, entry4: u64 = 0, at3: u64 = 0, entry3: u64 = 0;
  if (load<u64>(EFER) & EFER_LMA) {
    at4 = (table & ADDRESS) + (((linear >> 39) & 511) << 3);
    entry4 = readEntry64(at4);
    if ((entry4 & P) == 0) return fail(linear, access, 0);
    if (entry4 & (reserved | PS)) return fail(linear, access, 9);
    rights &= entry4;
    noExecute = (entry4 & NX) != 0;
    at3 = (entry4 & ADDRESS) + (((linear >> 30) & 511) << 3);
    entry3 = readEntry64(at3);
    if ((entry3 & P) == 0) return fail(linear, access, 0);
    if (entry3 & reserved) return fail(linear, access, 9);
    rights &= entry3;
    noExecute = noExecute || (entry3 & NX) != 0;
    if (entry3 & PS) {
      if (entry3 & 0x3fff_e000) return fail(linear, access, 9);
      if (!permitted(rights, noExecute, access)) return fail(linear, access, 1);
      if (!quiet) {
        setBits(at4, entry4, A);
        setBits(at3, entry3, access & ACCESS_WRITE ? A | D : A);
      }
      walkGlobal = (entry3 & G) != 0 && (cr4 & CR4_PGE) != 0;
      walkPageSize = 0x4000_0000;
      return masked((entry3 & 0x000f_ffff_c000_0000) | (linear & 0x3fff_ffff));
    }
  } else {
    at3 = (table & 0xffff_ffe0) + (((linear >> 30) & 3) << 3);
    entry3 = readEntry64(at3);
    if ((entry3 & P) == 0) return fail(linear, access, 0);
    if (entry3 & (RESERVED_ADDRESS | 0xfff0_0000_0000_01e6)) return fail(linear, access, 9);
  }
  const at2 = (entry3 & ADDRESS) + (((linear >> 21) & 511) << 3);
  const entry2 = readEntry64(at2);
  const wide: u64 = load<u64>(EFER) & EFER_LMA ? 0 : 0x7ff0_0000_0000_0000; // reserved in PAE paging only
  if ((entry2 & P) == 0) return fail(linear, access, 0);
  if (entry2 & (reserved | wide)) return fail(linear, access, 9);
  rights &= entry2;
  noExecute = noExecute || (entry2 & NX) != 0;
  if (entry2 & PS) {
    if (entry2 & 0x1f_e000) return fail(linear, access, 9);
    if (!permitted(rights, noExecute, access)) return fail(linear, access, 1);
    if (!quiet) {
      accessed(at4, entry4, at3, entry3);
      setBits(at2, entry2, access & ACCESS_WRITE ? A | D : A);
    }
    walkGlobal = (entry2 & G) != 0 && (cr4 & CR4_PGE) != 0;
    walkPageSize = 0x20_0000;
    return masked((entry2 & 0x000f_ffff_ffe0_0000) | (linear & 0x1f_ffff));
  }
  const at1 = (entry2 & ADDRESS) + (((linear >> 12) & 511) << 3);
  const entry1 = readEntry64(at1);
  if ((entry1 & P) == 0) return fail(linear, access, 0);
  if (entry1 & (reserved | wide)) return fail(linear, access, 9);
  rights &= entry1;
  noExecute = noExecute || (entry1 & NX) != 0;
  if (!permitted(rights, noExecute, access)) return fail(linear, access, 1);
  if (!quiet) {
    accessed(at4, entry4, at3, entry3);
    setBits(at2, entry2, A);
    setBits(at1, entry1, access & ACCESS_WRITE ? A | D : A);
  }
  walkGlobal = (entry1 & G) != 0 && (cr4 & CR4_PGE) != 0;
  return masked((entry1 & ADDRESS) | (linear & 0xfff));
}

/** Upper levels of a completed walk. A PAE page-directory-pointer entry has no accessed bit. */
function accessed(at4: u64, entry4: u64, at3: u64, entry3: u64): void {
  if ((load<u64>(EFER) & EFER_LMA) == 0) return;
  setBits(at4, entry4, A);
  setBits(at3, entry3, A);
}

function walk2(linear: u64, access: u32): u64 {
  const cr4 = load<u64>(CR4);
  const at2 = (load<u64>(CR3) & 0xffff_f000) + (((linear >> 22) & 1023) << 2);
  const entry2 = readEntry32(at2);
  if ((entry2 & P) == 0) return fail(linear, access, 0);
  let rights = (W | U) & entry2;
  if ((entry2 & PS) != 0 && (cr4 & CR4_PSE) != 0) {
    if (entry2 & 0x20_0000) return fail(linear, access, 9);
    if (!permitted(rights, false, access)) return fail(linear, access, 1);
    if (!quiet) setBits(at2, entry2, access & ACCESS_WRITE ? A | D : A);
    walkGlobal = (entry2 & G) != 0 && (cr4 & CR4_PGE) != 0;
    walkPageSize = 0x40_0000;
    return masked((entry2 & 0xffc0_0000) | ((entry2 & 0x1f_e000) << 19) | (linear & 0x3f_ffff));
  }
  const at1 = (entry2 & 0xffff_f000) + (((linear >> 12) & 1023) << 2);
  const entry1 = readEntry32(at1);
  if ((entry1 & P) == 0) return fail(linear, access, 0);
  rights &= entry1;
  if (!permitted(rights, false, access)) return fail(linear, access, 1);
  if (!quiet) {
    setBits(at2, entry2, A);
    setBits(at1, entry1, access & ACCESS_WRITE ? A | D : A);
  }
  walkGlobal = (entry1 & G) != 0 && (cr4 & CR4_PGE) != 0;
  return masked((entry1 & 0xffff_f000) | (linear & 0xfff));
}

/** The A20 gate of the first PCs. */
// @ts-ignore: decorator
@inline function masked(physical: u64): u64 { return load<u32>(A20) ? physical : physical & ~(<u64>0x10_0000); }

/**
 * The same without fault, accessed bits or rights: what the host asks for, and the monitor while the guest's own walk
 * still has to be cached.
 */
export function inspect(linear: u64): u64 {
  const global = walkGlobal;
  const pageSize = walkPageSize;
  quiet = true;
  const physical = walk(linear, ACCESS_AC);
  quiet = false;
  walkGlobal = global;
  walkPageSize = pageSize;
  return physical;
}

// @ts-ignore: decorator
@inline export function canonical(linear: u64): bool { return (<i64>linear << 16) >> 16 == <i64>linear; }
