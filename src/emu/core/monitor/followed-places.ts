// Physical addresses that followed pages depend on: the frame that each lies in, and the page-table entries that say so. They
// are found by the page of RAM that is written to, however many are followed.
import { REGION_SECOND_LEVEL, SECOND_LEVEL_FOLLOWED } from "../generated/layout";
import { secondLevelRights } from "../mmu";
import { closePage } from "../open-writes";

/** Followed pages at most; each has its number. */
export const FRAMES: u32 = 512;
/** A followed page's places: page-table entries from the root, then its frame. */
export const PLACES: u32 = 5;
export const FRAME_PLACE: u32 = 4;
/** The page is mapped to nothing, or there are no more entries on the way. */
export const NONE: u32 = ~(<u32>0);
/** No place. */
export const NOWHERE: u32 = 0xffff;

const BUCKETS: u32 = 1024;
const HEADS: usize = memory.data(2 * 1024); // u16 each: place + 1
const NEXT: usize = memory.data(2 * 512 * 5);
/** By bucket the lines of 64 bytes, a bit each, that somebody looks at: of any of its pages. */
const LINES: usize = memory.data(8 * 1024);
const ADDRESSES: usize = memory.data(4 * 512 * 5);

// @ts-ignore: decorator
@inline function headOf(address: u32): usize { return HEADS + (<usize>((address >> 12) & (BUCKETS - 1)) << 1); }
// @ts-ignore: decorator
@inline function linesIn(address: u32): usize { return LINES + (<usize>((address >> 12) & (BUCKETS - 1)) << 3); }
// @ts-ignore: decorator
@inline export function isFollowed(physical: u64): bool { return (secondLevelRights(physical) & SECOND_LEVEL_FOLLOWED) != 0; }
/** NONE: nothing. A page that was never followed has no places yet: see clearPlaces. */
// @ts-ignore: decorator
@inline export function addressOf(place: u32): u32 { return load<u32>(ADDRESSES + (<usize>place << 2)); }

/** The first place in the page of `physical`, NOWHERE: none. */
export function firstIn(physical: u64): u32 { return inPage(load<u16>(headOf(<u32>physical)), <u32>physical); }

/** The next one in the same page. */
export function nextIn(place: u32): u32 { return inPage(load<u16>(NEXT + (<usize>place << 1)), addressOf(place)); }

function inPage(link: u32, address: u32): u32 {
  for (; link != 0; link = load<u16>(NEXT + (<usize>(link - 1) << 1))) {
    if (((addressOf(link - 1) ^ address) & ~4095) == 0) return link - 1;
  }
  return NOWHERE;
}

/**
 * So many bytes within a page that is followed, 8 at most, lie beside what it is followed for: as most of what is written to page
 * tables. False tells nothing.
 */
export function liesBeside(physical: u64, size: u32): bool {
  const lines = load<u64>(linesIn(<u32>physical));
  return ((lines >> ((physical >> 6) & 63) | lines >> (((physical + (size - 1)) >> 6) & 63)) & 1) == 0;
}

/** Makes it so for a number that is new. */
export function clearPlaces(number: u32): void {
  for (let place = number * PLACES; place < (number + 1) * PLACES; place++) store<u32>(ADDRESSES + (<usize>place << 2), NONE);
}

/** The place is at another address now, NONE: at none. */
export function movePlace(place: u32, address: u32): void {
  const before = addressOf(place);
  if (before == address) return;
  if (before != NONE) unlink(place, before);
  store<u32>(ADDRESSES + (<usize>place << 2), address);
  if (address != NONE) link(place, address);
  if (before != NONE && firstIn(before) == NOWHERE) release(before);
}

function link(place: u32, address: u32): void {
  const head = headOf(address);
  store<u16>(NEXT + (<usize>place << 1), load<u16>(head));
  store<u16>(head, <u16>(place + 1));
  store<u64>(linesIn(address), load<u64>(linesIn(address)) | linesOf(place, address));
  mark(address);
}

/** A page-table entry has its line; of a frame any byte may be watched, and in a root the kernel's entry counts too. */
function linesOf(place: u32, address: u32): u64 {
  const level = place % PLACES;
  return level == 0 || level == FRAME_PLACE ? ~(<u64>0) : u64(1) << u64((address >> 6) & 63);
}

function unlink(place: u32, address: u32): void {
  let at = headOf(address);
  while (load<u16>(at) != <u16>(place + 1)) at = NEXT + (<usize>(load<u16>(at) - 1) << 1);
  store<u16>(at, load<u16>(NEXT + (<usize>place << 1)));
  let lines: u64 = 0;
  for (let link = load<u16>(headOf(address)); link != 0; link = load<u16>(NEXT + (<usize>(link - 1) << 1))) {
    lines |= linesOf(link - 1, addressOf(link - 1));
  }
  store<u64>(linesIn(address), lines);
}

/** From now on no write to the page goes unseen, whatever translation it takes. */
function mark(physical: u32): void {
  const rights = REGION_SECOND_LEVEL + <usize>(physical >> 12);
  if (load<u8>(rights) & SECOND_LEVEL_FOLLOWED) return;
  store<u8>(rights, load<u8>(rights) | <u8>SECOND_LEVEL_FOLLOWED);
  closePage(physical);
}

function release(physical: u32): void {
  const rights = REGION_SECOND_LEVEL + <usize>(physical >> 12);
  store<u8>(rights, load<u8>(rights) & ~(<u8>SECOND_LEVEL_FOLLOWED));
}
