// Contents of dirtied pages, laid into the ring. Its consumer keeps what it was given of the last GIVEN_SLOTS pages, and so does the
// core: of a page that both have only the lines go through the ring that have changed since. A page takes the slot that was taken
// longest ago; the consumer is told which one.
import { REGION_GIVEN_OWNERS, REGION_GIVEN_PAGES, REGION_GIVEN_SLOTS } from "../generated/layout";
import {
  GIVEN_SLOTS, PAGE_BLOCK_BYTES, PAGE_BLOCK_flags, PAGE_BLOCK_physical, PAGE_BLOCK_slot, PAGE_FLAG_content, PAGE_FLAG_lines,
  PAGE_LINE_BYTES,
} from "../generated/monitor-layout";
import { ramAddress } from "../mmu";

/** The slot that is given away next. */
let next: u32 = 0;

// @ts-ignore: decorator
@inline function slotOf(page: u32): usize { return REGION_GIVEN_SLOTS + (<usize>page << 1); }
// @ts-ignore: decorator
@inline function contentOf(slot: u32): usize { return REGION_GIVEN_PAGES + (<usize>slot << 12); }

/** Lays a PAGE_BLOCK with these flags and the content of a physical page. Returns the bytes. */
export function layPage(block: usize, page: u32, flags: u32): u32 {
  const known = u32(load<u16>(slotOf(page)));
  const content = ramAddress(u64(page) << 12);
  const place = block + PAGE_BLOCK_BYTES;
  store<u64>(block, u64(page) << 12, PAGE_BLOCK_physical);
  if (known == 0) {
    const slot = takeSlot(page);
    memory.copy(contentOf(slot), content, 4096);
    memory.copy(place, content, 4096);
    store<u32>(block, flags | PAGE_FLAG_content, PAGE_BLOCK_flags);
    store<u32>(block, slot, PAGE_BLOCK_slot);
    return PAGE_BLOCK_BYTES + 4096;
  }
  store<u32>(block, known - 1, PAGE_BLOCK_slot);
  const end = layLines(place, content, contentOf(known - 1));
  if (end == place) {
    store<u32>(block, flags, PAGE_BLOCK_flags);
    return PAGE_BLOCK_BYTES;
  }
  store<u32>(block, flags | PAGE_FLAG_content | PAGE_FLAG_lines, PAGE_BLOCK_flags);
  return u32(end - block);
}

/** Lays a PAGE_BLOCK that no content follows. Returns the bytes. */
export function layHeader(block: usize, page: u32, flags: u32): u32 {
  store<u64>(block, u64(page) << 12, PAGE_BLOCK_physical);
  store<u32>(block, flags, PAGE_BLOCK_flags);
  store<u32>(block, 0, PAGE_BLOCK_slot);
  return PAGE_BLOCK_BYTES;
}

function takeSlot(page: u32): u32 {
  const slot = next;
  next = (next + 1) & (GIVEN_SLOTS - 1);
  const owner = REGION_GIVEN_OWNERS + (<usize>slot << 2);
  const before = load<u32>(owner);
  if (before != 0) store<u16>(slotOf(before - 1), 0);
  store<u32>(owner, page + 1);
  store<u16>(slotOf(page), <u16>(slot + 1));
  return slot;
}

/** Lays which lines differ, and these, and brings `given` up to date. Returns where they end: `place` if none does. */
function layLines(place: usize, content: usize, given: usize): usize {
  let changed: u64 = 0;
  let end = place + 8;
  for (let at: usize = 0; at < 4096; at += LINES_AT_ONCE * PAGE_LINE_BYTES) {
    if (!v128.any_true(differenceOfLines(content + at, given + at))) continue;
    for (let line = at; line < at + LINES_AT_ONCE * PAGE_LINE_BYTES; line += PAGE_LINE_BYTES) {
      if (!v128.any_true(difference(content + line, given + line))) continue;
      changed |= <u64>1 << (line / PAGE_LINE_BYTES);
      copyLine(given + line, content + line);
      copyLine(end, content + line);
      end += PAGE_LINE_BYTES;
    }
  }
  if (changed == 0) return place;
  store<u64>(place, changed);
  return end;
}

/** Most lines are as they were: so many are compared before one is looked at. */
const LINES_AT_ONCE: usize = 4;

// @ts-ignore: decorator
@inline function differenceOfLines(a: usize, b: usize): v128 {
  return v128.or(
    v128.or(difference(a, b), difference(a + PAGE_LINE_BYTES, b + PAGE_LINE_BYTES)),
    v128.or(
      difference(a + 2 * PAGE_LINE_BYTES, b + 2 * PAGE_LINE_BYTES),
      difference(a + 3 * PAGE_LINE_BYTES, b + 3 * PAGE_LINE_BYTES),
    ),
  );
}

/** Of two lines: no bit is set if they are equal. */
// @ts-ignore: decorator
@inline function difference(a: usize, b: usize): v128 {
  return v128.or(
    v128.or(v128.xor(v128.load(a), v128.load(b)), v128.xor(v128.load(a, 16), v128.load(b, 16))),
    v128.or(v128.xor(v128.load(a, 32), v128.load(b, 32)), v128.xor(v128.load(a, 48), v128.load(b, 48))),
  );
}

// @ts-ignore: decorator
@inline function copyLine(to: usize, from: usize): void {
  v128.store(to, v128.load(from));
  v128.store(to, v128.load(from, 16), 16);
  v128.store(to, v128.load(from, 32), 32);
  v128.store(to, v128.load(from, 48), 48);
}
