// Contents of dirtied pages. What the trace holds already is not held again; of a page that stands in the chunk as a whole only
// the lines that have changed since. The core does the same with the ring (src/emu/core/monitor/given-pages.ts): what it says of
// lines is about the content of a slot, which is kept here.
import {
  CAPTURE_BYTES, CAPTURE_kind, CAPTURE_KIND_page, CAPTURE_length, GIVEN_SLOTS, PAGE_BLOCK_BYTES, PAGE_BLOCK_flags,
  PAGE_BLOCK_physical, PAGE_BLOCK_slot, PAGE_FLAG_content, PAGE_FLAG_lines, PAGE_LINE_BYTES,
} from "../../emu/core/generated/monitor-layout";
import { putBytes } from "./columns";
import {
  COLUMN_captureBytes, GIVEN_BYTES, GIVEN_chunk, GIVEN_owner, GIVEN_OWNERS, GIVEN_PAGES, MOST_PAGES, PAGE_HASHES,
} from "./places";

/** Number of the chunk, which is never 0. */
let chunk: u32 = 1;
/** Bytes of `page` captures in it so far. */
export let pageBytes: u32 = 0;

export function clearPages(): void {
  chunk++;
  pageBytes = 0;
}

const MULTIPLIER: u64 = 0x9e37_79b9_7f4a_7c15;

// @ts-ignore: decorator
@inline function mix(hash: u64, word: u64): u64 { return rotl<u64>((hash ^ word) * MULTIPLIER, 29); }

/** Of 4096 bytes, four independent chains over their words; never 0. */
function hashOf(page: usize): u64 {
  let a: u64 = 1, b: u64 = 2, c: u64 = 3, d: u64 = 4;
  for (let at = page; at < page + 4096; at += 32) {
    a = mix(a, load<u64>(at));
    b = mix(b, load<u64>(at, 8));
    c = mix(c, load<u64>(at, 16));
    d = mix(d, load<u64>(at, 24));
  }
  const hash = mix(mix(mix(mix(a, b), c), d), 0);
  return hash == 0 ? 1 : hash;
}

// @ts-ignore: decorator
@inline function pageOf(block: usize): u32 { return <u32>(load<u64>(block, PAGE_BLOCK_physical) >> 12); }
// @ts-ignore: decorator
@inline function ownerOf(slot: u32): usize { return GIVEN_OWNERS + slot * GIVEN_BYTES; }
// @ts-ignore: decorator
@inline function contentOf(slot: u32): usize { return GIVEN_PAGES + (<usize>slot << 12); }
// @ts-ignore: decorator
@inline function hashPlace(page: u32): usize { return PAGE_HASHES + (<usize>page << 3); }

// @ts-ignore: decorator
@inline export function isPage(capture: usize): bool { return u32(load<u16>(capture, CAPTURE_kind)) == CAPTURE_KIND_page; }

/** Is it laid as the core lays it, and if it tells of lines, of a page that was given? */
export function pageFits(capture: usize): bool {
  const length = load<u32>(capture, CAPTURE_length);
  if (length < PAGE_BLOCK_BYTES) return false;
  const block = capture + CAPTURE_BYTES;
  const flags = load<u32>(block, PAGE_BLOCK_flags);
  const slot = load<u32>(block, PAGE_BLOCK_slot);
  if (load<u64>(block, PAGE_BLOCK_physical) >> 12 >= MOST_PAGES || slot >= GIVEN_SLOTS) return false;
  if ((flags & PAGE_FLAG_content) == 0) return length == PAGE_BLOCK_BYTES;
  if ((flags & PAGE_FLAG_lines) == 0) return length == PAGE_BLOCK_BYTES + 4096;
  return load<u32>(ownerOf(slot), GIVEN_owner) == pageOf(block) + 1 && length > PAGE_BLOCK_BYTES + 8 &&
    length == PAGE_BLOCK_BYTES + 8 + PAGE_LINE_BYTES * <u32>popcnt<u64>(load<u64>(block + PAGE_BLOCK_BYTES));
}

/** Appends what the trace is to hold of a `page` capture. Returns the bytes. */
export function putPage(capture: usize): u32 {
  const block = capture + CAPTURE_BYTES;
  const flags = load<u32>(block, PAGE_BLOCK_flags);
  const slot = load<u32>(block, PAGE_BLOCK_slot);
  store<u32>(block, 0, PAGE_BLOCK_slot);
  if ((flags & PAGE_FLAG_content) == 0) return put(block, PAGE_BLOCK_BYTES);
  const content = contentOf(slot);
  if ((flags & PAGE_FLAG_lines) == 0) {
    const known = takeSlot(slot, pageOf(block));
    memory.copy(content, block + PAGE_BLOCK_BYTES, 4096);
    if (known != 0 && known == hashOf(content)) {
      store<u32>(block, flags & ~PAGE_FLAG_content, PAGE_BLOCK_flags);
      return put(block, PAGE_BLOCK_BYTES);
    }
    return putWhole(block, slot);
  }
  const end = applyLines(block + PAGE_BLOCK_BYTES, content);
  if (load<u32>(ownerOf(slot), GIVEN_chunk) == chunk) return put(block, u32(end - block));
  store<u32>(block, flags & ~PAGE_FLAG_lines, PAGE_BLOCK_flags);
  return putWhole(block, slot);
}

function putWhole(block: usize, slot: u32): u32 {
  store<u32>(ownerOf(slot), chunk, GIVEN_chunk);
  return put(block, PAGE_BLOCK_BYTES) + put(contentOf(slot), 4096);
}

function put(from: usize, length: u32): u32 {
  putBytes(COLUMN_captureBytes, from, length);
  pageBytes += length;
  return length;
}

/** Whose content it held is remembered by its hash. Returns the one of the new owner's last content. */
function takeSlot(slot: u32, page: u32): u64 {
  const owner = ownerOf(slot);
  const before = load<u32>(owner, GIVEN_owner);
  if (before != 0) store<u64>(hashPlace(before - 1), hashOf(contentOf(slot)));
  store<u32>(owner, page + 1, GIVEN_owner);
  store<u32>(owner, 0, GIVEN_chunk);
  return load<u64>(hashPlace(page));
}

/** Returns where the lines end. */
function applyLines(lines: usize, content: usize): usize {
  let at = lines + 8;
  for (let changed = load<u64>(lines); changed != 0; changed &= changed - 1) {
    memory.copy(content + PAGE_LINE_BYTES * <usize>ctz<u64>(changed), at, PAGE_LINE_BYTES);
    at += PAGE_LINE_BYTES;
  }
  return at;
}
