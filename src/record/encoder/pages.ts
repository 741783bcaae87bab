// Contents of dirtied pages. Of a page that stands in the chunk as a whole it holds only the lines that have changed since. The core
// does the same with the ring (src/emu/core/monitor/given-pages.ts): what it says of lines is about the content of a slot, which
// is kept here.
import {
  CAPTURE_BYTES, CAPTURE_kind, CAPTURE_KIND_page, CAPTURE_length, GIVEN_SLOTS, PAGE_BLOCK_BYTES, PAGE_BLOCK_flags,
  PAGE_BLOCK_physical, PAGE_BLOCK_slot, PAGE_FLAG_content, PAGE_FLAG_lines, PAGE_LINE_BYTES,
} from "../../emu/core/generated/monitor-layout";
import { putBytes } from "./columns";
import {
  COLUMN_captureBytes, GIVEN_BYTES, GIVEN_chunk, GIVEN_owner, GIVEN_OWNERS, GIVEN_PAGES, MOST_PAGES,
} from "./places";

/** Number of the chunk, which is never 0. */
let chunk: u32 = 1;
/** Bytes of `page` captures in it so far. */
export let pageBytes: u32 = 0;

export function clearPages(): void {
  chunk++;
  pageBytes = 0;
}

// @ts-ignore: decorator
@inline function pageOf(block: usize): u32 { return <u32>(load<u64>(block, PAGE_BLOCK_physical) >> 12); }
// @ts-ignore: decorator
@inline function ownerOf(slot: u32): usize { return GIVEN_OWNERS + slot * GIVEN_BYTES; }
// @ts-ignore: decorator
@inline function contentOf(slot: u32): usize { return GIVEN_PAGES + (<usize>slot << 12); }

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
    store<u32>(ownerOf(slot), pageOf(block) + 1, GIVEN_owner);
    memory.copy(content, block + PAGE_BLOCK_BYTES, 4096);
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

/** Returns where the lines end. */
function applyLines(lines: usize, content: usize): usize {
  let at = lines + 8;
  for (let changed = load<u64>(lines); changed != 0; changed &= changed - 1) {
    memory.copy(content + PAGE_LINE_BYTES * <usize>ctz<u64>(changed), at, PAGE_LINE_BYTES);
    at += PAGE_LINE_BYTES;
  }
  return at;
}
