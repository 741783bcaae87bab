// Blocks: ops decoded from one physical page, in one mode, found by physical address and mode. A block runs through
// conditional branches that are not taken. 32 bytes of header, then the ops and an OP_END or OP_NEXT.
//
//   0 u32 instructions   4 u32 physical address   8 u32 bytes   12 u32 mode
//  16 u32 next in the hash chain                 20 u32 next in the same page
//  28 u32 block that took the place of this one, once its code has changed
import {
  REGION_BLOCKS, REGION_BLOCKS_SIZE, REGION_PAGE_INFO, CODE_TLB, MODE, SEG_LIMIT, RAM_SIZE, CPL,
  VMCS_SECOND_LEVEL_ON, SECOND_LEVEL_IGNORED, SECOND_LEVEL_EXECUTE, EXIT_LINEAR, EXIT_PHYSICAL, EXIT_QUALIFICATION,
  EXIT_SECOND_LEVEL
} from "./generated/layout";
import { OP_REFETCH, OP_STALE, OP_END, OP_NEXT, OP_STEP_END } from "./generated/fast";
import { decode, decodedEnds } from "./decode";
import { LONGEST_INSTRUCTION } from "./decode/bytes";
import { optimise } from "./specialise";
import { OP_SIZE } from "./op";
import { MODE_BITS, MODE_CODE64, SEG_CS } from "./mode";
import {
  walk, isRam, ramAddress, pageInfo, secondLevelRights, canonical, walkGlobal, walkPageSize,
  NO_TRANSLATION, ACCESS_FETCH, ACCESS_USER, PAGE_INFO_BLOCKS,
} from "./mmu";
import { fetchIsWatched, noteFetch } from "./monitor/views";
import { watchesReads } from "./monitor/watches";
import { emptyJumps, entryOf, fillTlb, fillJump, flushWrites, TLB_LOOK } from "./tlb";
import { raiseCode, raiseExit, VECTOR_GP } from "./fault";

export const BLOCK_HEADER: usize = 32;
const PHYSICAL: usize = 4;
const BYTES: usize = 8;
const BLOCK_MODE: usize = 12;
const HASH_NEXT: usize = 16;
const PAGE_NEXT: usize = 20;
const SUCCESSOR: usize = 28;

/** More would only be decoded in vain behind branches that are taken. */
const MOST_INSTRUCTIONS: u32 = 48;

const HASH_BITS: u32 = 18;
/** For single(): a block of one instruction, and the bytes of one that crosses a page end. */
const SINGLE: usize = REGION_BLOCKS;
const CROSSING: usize = REGION_BLOCKS + 256;
const HASH: usize = REGION_BLOCKS + 4096;
const ARENA: usize = HASH + (4 << HASH_BITS);
const ARENA_END: usize = REGION_BLOCKS + REGION_BLOCKS_SIZE;

let arenaNext: usize = ARENA;

/** The arena was full and all blocks are gone: addresses of blocks and ops held anywhere are void. */
export let blocksFlushed: bool = false;
export function acknowledgeFlush(): void { blocksFlushed = false; }

// @ts-ignore: decorator
@inline function hashSlot(physical: u32, mode: u32): usize {
  const hash = (physical ^ (physical >> 15) ^ (mode << 9) ^ (mode << 3)) & ((1 << HASH_BITS) - 1);
  return HASH + (hash << 2);
}

/** Forgets every block. No block may be running. */
export function flushBlocks(): void {
  memory.fill(HASH, 0, 4 << HASH_BITS);
  const pages = load<u32>(RAM_SIZE) >> 12;
  for (let page: u32 = 0; page < pages; page++) {
    const info = REGION_PAGE_INFO + (page << 4);
    store<u64>(info, 0);
    store<u32>(info, 0, PAGE_INFO_BLOCKS);
  }
  arenaNext = ARENA;
  blocksFlushed = true;
  emptyJumps();
}

// ---- fetching ----

/** TLB_LOOK if the monitor wants to see the next fetch from this page too. */
// @ts-ignore: decorator
@inline function lookedFetch(linear: u64, physical: u64): u64 { return fetchIsWatched(linear, physical) ? TLB_LOOK : 0; }

/** Guest-physical address of code, or NO_TRANSLATION with a fault or exit raised. */
function translateCode(linear: u64): u64 {
  const table: usize = load<u32>(CODE_TLB);
  const entry = entryOf(table, linear);
  const tag = load<u64>(entry);
  if ((tag & ~TLB_LOOK) == (linear & ~4095)) {
    const cached = u64((<u32>linear + load<u32>(entry, 8)) - <u32>ramAddress(0));
    if (tag & TLB_LOOK) store<u64>(entry, (tag & ~TLB_LOOK) | lookedFetch(linear, cached));
    return cached;
  }
  if ((load<u32>(MODE) & MODE_BITS) == MODE_CODE64 && !canonical(linear)) {
    raiseCode(VECTOR_GP, 0);
    return NO_TRANSLATION;
  }
  const physical = walk(linear, ACCESS_FETCH | (load<u32>(CPL) == 3 ? ACCESS_USER : 0));
  if (physical == NO_TRANSLATION || !isRam(physical)) return physical;
  if (load<u32>(VMCS_SECOND_LEVEL_ON) != 0 && (secondLevelRights(physical) & SECOND_LEVEL_EXECUTE) == 0) {
    if (load<u32>(SECOND_LEVEL_IGNORED) != 0) return physical;
    store<u64>(EXIT_LINEAR, linear);
    store<u64>(EXIT_PHYSICAL, physical);
    store<u64>(EXIT_QUALIFICATION, SECOND_LEVEL_EXECUTE);
    raiseExit(EXIT_SECOND_LEVEL);
    return NO_TRANSLATION;
  }
  const tagged = (linear & ~4095) | lookedFetch(linear, physical);
  fillTlb(table, linear, tagged, <u32>ramAddress(physical & ~4095), walkGlobal, walkPageSize);
  return physical;
}

/** Outside flat modes: does the block lie within the code segment? (A block that does not is stepped.) */
export function withinCodeLimit(block: usize, rip: u64): bool {
  return rip + u64(load<u32>(block, BYTES)) - 1 <= u64(load<u32>(SEG_LIMIT + (SEG_CS << 2)));
}

/**
 * The block at a linear address, entered in the jump cache. 0: a fault is raised, or the instruction there must be
 * stepped (it crosses the page end, or lies outside RAM).
 */
export function findBlock(linear: u64, entry: usize, tag: u64): usize {
  const physical = translateCode(linear);
  if (physical == NO_TRANSLATION || !isRam(physical)) return 0;
  const mode = load<u32>(MODE);
  const address = <u32>physical;
  let block: usize = load<u32>(hashSlot(address, mode));
  while (block != 0 && (load<u32>(block, PHYSICAL) != address || load<u32>(block, BLOCK_MODE) != mode)) {
    block = load<u32>(block, HASH_NEXT);
  }
  if (block == 0) block = build(address, mode);
  if (block != 0 && watchesReads() && fetchIsWatched(linear, physical)) return noteFetch(linear, physical) ? block : 0;
  if (block != 0) {
    const page = entryOf(load<u32>(CODE_TLB), linear);
    fillJump(linear, entry, tag, block, load<u64>(page) == (linear & ~4095) && load<u32>(page, 12) != 0);
  }
  return block;
}

// ---- building ----

function build(physical: u32, mode: u32): usize {
  if (arenaNext + BLOCK_HEADER + <usize>(MOST_INSTRUCTIONS + 1) * OP_SIZE > ARENA_END) flushBlocks();
  const block = arenaNext;
  const first = block + BLOCK_HEADER;
  let offset = physical & 4095;
  let count: u32 = 0;
  let ends = false;
  while (count < MOST_INSTRUCTIONS && offset < 4096 && !ends) {
    const length = decode(ramAddress(u64((physical & ~4095) + offset)), 4096 - offset, offset, mode, first + <usize>count * OP_SIZE);
    if (length == 0) break;
    ends = decodedEnds;
    offset += length;
    count++;
  }
  if (count == 0) return 0;
  store<u32>(block, count);
  store<u32>(block, physical, PHYSICAL);
  store<u32>(block, offset - (physical & 4095), BYTES);
  store<u32>(block, mode, BLOCK_MODE);
  store<u32>(block, 0, SUCCESSOR);
  for (let i: u32 = 0; i < count; i++) store<u16>(first + <usize>i * OP_SIZE, <u16>(count - i), 6);
  endWith(first + <usize>count * OP_SIZE, ends ? OP_END : OP_NEXT, offset);
  optimise(first, count);
  enter(block, physical, offset - 1, mode);
  arenaNext = first + <usize>(count + 1) * OP_SIZE;
  return block;
}

function endWith(op: usize, handler: u32, offset: u32): void {
  memory.fill(op, 0, OP_SIZE);
  store<u16>(op, <u16>handler);
  store<u16>(op, <u16>offset, 4);
}

/** Into the hash table, the page's list and its granules. `last`: page offset of the block's last byte. */
function enter(block: usize, physical: u32, last: u32, mode: u32): void {
  const slot = hashSlot(physical, mode);
  store<u32>(block, load<u32>(slot), HASH_NEXT);
  store<u32>(slot, <u32>block);
  const info = pageInfo(u64(physical));
  store<u32>(block, load<u32>(info, PAGE_INFO_BLOCKS), PAGE_NEXT);
  store<u32>(info, <u32>block, PAGE_INFO_BLOCKS);
  const granules = load<u64>(info);
  store<u64>(info, granules | granuleMask(physical & 4095, last));
  if (granules == 0) flushWrites(<u32>ramAddress(u64(physical & ~4095)));
}

/** Bits of the 64-byte granules from page offset `from` to `to`, inclusive. */
function granuleMask(from: u32, to: u32): u64 {
  const low = from >> 6, high = to >> 6;
  return ((~(<u64>0)) >> u64(63 - (high - low))) << u64(low);
}

/**
 * The instruction at `linear` alone, as a block that goes through the boundary after it; its bytes may lie on two
 * pages. 0: a fault is raised.
 */
export function single(linear: u64, rip: u64): usize {
  const mode = load<u32>(MODE);
  const long = (mode & MODE_BITS) == MODE_CODE64;
  // What the code segment's limit and the first page leave.
  let allowed: u32 = LONGEST_INSTRUCTION;
  if (!long) {
    const limit = u64(load<u32>(SEG_LIMIT + (SEG_CS << 2)));
    const room: i64 = <i64>limit - <i64>rip + 1;
    if (room <= 0) {
      raiseCode(VECTOR_GP, 0);
      return 0;
    }
    if (room < <i64>LONGEST_INSTRUCTION) allowed = <u32>room;
  }
  const physical = translateCode(linear);
  if (physical == NO_TRANSLATION) return 0;
  if (watchesReads() && isRam(physical) && fetchIsWatched(linear, physical) && !noteFetch(linear, physical)) return 0;
  const offset = <u32>linear & 4095;
  const op = SINGLE + BLOCK_HEADER;
  const here = min<u32>(allowed, 4096 - offset);
  gather(physical, here, 0);
  let length = decode(CROSSING, here, offset, mode, op);
  if (length == 0 && here < allowed) {
    const behind = linear + here;
    const second = translateCode(long ? behind : behind & 0xffff_ffff);
    if (second == NO_TRANSLATION) return 0;
    gather(second, allowed - here, here);
    length = decode(CROSSING, allowed, offset, mode, op);
  }
  if (length == 0) {
    raiseCode(VECTOR_GP, 0); // beyond the segment's limit
    return 0;
  }
  store<u32>(SINGLE, 1);
  store<u16>(op, 1, 6);
  endWith(op + OP_SIZE, decodedEnds ? OP_END : OP_STEP_END, offset + length);
  return SINGLE;
}

function gather(physical: u64, count: u32, to: u32): void {
  for (let i: u32 = 0; i < count; i++) {
    store<u8>(CROSSING + to + i, isRam(physical) ? load<u8>(ramAddress(physical + i)) : 0xff);
  }
}

// ---- changed code ----

/** `size` bytes at a physical address in RAM were written, within a page that holds decoded code. */
export function invalidateWritten(physical: u64, size: u32): void {
  const info = pageInfo(physical);
  const from = <u32>physical & 4095;
  const to = from + size - 1;
  if ((load<u64>(info) & granuleMask(from, to)) == 0) return;
  let granules: u64 = 0;
  let link = info + PAGE_INFO_BLOCKS;
  let block: usize = load<u32>(link);
  while (block != 0) {
    const next = load<u32>(block, PAGE_NEXT);
    const start = load<u32>(block, PHYSICAL) & 4095;
    const end = start + load<u32>(block, BYTES) - 1;
    if (start <= to && end >= from) {
      store<u32>(link, next);
      discard(block);
    } else {
      granules |= granuleMask(start, end);
      link = block + PAGE_NEXT;
    }
    block = next;
  }
  store<u64>(info, granules);
}

/**
 * Out of the hash table. Who runs it meets OP_REFETCH behind the present instruction; who comes to it meets OP_STALE,
 * with nothing to count.
 */
function discard(block: usize): void {
  let slot = hashSlot(load<u32>(block, PHYSICAL), load<u32>(block, BLOCK_MODE));
  while (<usize>load<u32>(slot) != block) slot = <usize>load<u32>(slot) + HASH_NEXT;
  store<u32>(slot, load<u32>(block, HASH_NEXT));
  const first = block + BLOCK_HEADER;
  const behind = first + <usize>load<u32>(block) * OP_SIZE;
  for (let op = first + OP_SIZE; op < behind; op += OP_SIZE) store<u16>(op, <u16>OP_REFETCH);
  store<u16>(first, <u16>OP_STALE);
  store<u32>(block, 0);
  store<u32>(block, 0, SUCCESSOR);
}
