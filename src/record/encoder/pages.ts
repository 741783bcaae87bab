// Contents of dirtied pages: what the trace holds already is not held again.
import {
  CAPTURE_BYTES, CAPTURE_fullLength, CAPTURE_kind, CAPTURE_KIND_page, CAPTURE_length, PAGE_BLOCK_BYTES, PAGE_BLOCK_flags,
  PAGE_BLOCK_physical, PAGE_FLAG_content,
} from "../../emu/core/generated/monitor-layout";
import { MOST_PAGES, PAGE_HASHES } from "./places";

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

/** Bytes of a capture that go into the trace. Of a page whose content is the one last recorded only what is said of it. */
export function bytesToKeep(capture: usize): u32 {
  const length = load<u32>(capture, CAPTURE_length);
  if (u32(load<u16>(capture, CAPTURE_kind)) != CAPTURE_KIND_page || length != PAGE_BLOCK_BYTES + 4096) return length;
  const block = capture + CAPTURE_BYTES;
  const page = load<u64>(block, PAGE_BLOCK_physical) >> 12;
  if (page >= MOST_PAGES) return length;
  const known: usize = PAGE_HASHES + (<usize>page << 3);
  const hash = hashOf(block + PAGE_BLOCK_BYTES);
  if (load<u64>(known) != hash) {
    store<u64>(known, hash);
    return length;
  }
  store<u32>(block, load<u32>(block, PAGE_BLOCK_flags) & ~PAGE_FLAG_content, PAGE_BLOCK_flags);
  store<u32>(capture, PAGE_BLOCK_BYTES, CAPTURE_fullLength);
  return PAGE_BLOCK_BYTES;
}
