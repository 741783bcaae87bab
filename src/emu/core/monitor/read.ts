// Guest memory as the monitor reads it: by the present page tables, without faults, accessed bits or TLB fills.
import { CR3, MODE, REGION_RAM } from "../generated/layout";
import {
  POLICY_header, POLICY_HEADER_isolationBits, POLICY_HEADER_taskBase, TASK_BASE_kernelFs,
} from "../generated/monitor-layout";
import { canonical, inspect, isRam, NO_TRANSLATION } from "../mmu";
import { MODE_LONG } from "../mode";
import { TLB_CODE, TLB_READ, entryOf, tableOf, translations } from "../tlb";

const ABSENT: usize = 0;

/** Walks done lately, 16 bytes each: page address + 1, then what is to be added to it, and `translations` at the time. */
const WALKED: usize = memory.data(16 * 64);

/** Address in linear memory of a guest-virtual one; 0 if its page is not present or not RAM. */
export function hostOf(linear: u64): usize {
  const page = linear & ~4095;
  // The upper half is the kernel's: any buffer may be looked into, this only picks the likelier ones.
  const upper = <i64>linear < 0;
  const data = entryOf(tableOf(upper ? TLB_READ : TLB_READ + 2), linear);
  if (load<u64>(data) == page) return <u32>linear + load<u32>(data, 8);
  const code = entryOf(tableOf(upper ? TLB_CODE : TLB_CODE + 1), linear);
  if (load<u64>(code) == page) return <u32>linear + load<u32>(code, 8);
  const walked: usize = WALKED + (((<usize>linear >> 12) & 63) << 4);
  if (load<u64>(walked) == page + 1 && load<u32>(walked, 12) == translations) return <u32>linear + load<u32>(walked, 8);
  const host = walkTo(linear);
  if (host == ABSENT) return ABSENT;
  store<u64>(walked, page + 1);
  store<u32>(walked, <u32>host - <u32>linear, 8);
  store<u32>(walked, translations, 12);
  return host;
}

function walkTo(linear: u64): usize {
  if (load<u32>(MODE) & MODE_LONG) {
    if (!canonical(linear)) return ABSENT;
  } else linear &= 0xffff_ffff;
  const physical = inspect(linear);
  return physical == NO_TRANSLATION || !isRam(physical) ? ABSENT : REGION_RAM + <usize>physical;
}

/** The same for memory that is the kernel's alone: its own page tables are asked when the present ones lack it. */
export function kernelHostOf(linear: u64): usize {
  const host = hostOf(linear);
  const bits = load<u64>(POLICY_header, POLICY_HEADER_isolationBits);
  const present = load<u64>(CR3);
  if (host != ABSENT || (present & bits) == 0) return host;
  store<u64>(CR3, present & ~bits);
  const physical = inspect(linear);
  store<u64>(CR3, present);
  return physical == NO_TRANSLATION || !isRam(physical) ? ABSENT : REGION_RAM + <usize>physical;
}

/** A pointer of the kernel's own, where it lies in linear memory. */
export function kernelPointer(host: usize): u64 {
  return load<u32>(POLICY_header, POLICY_HEADER_taskBase) == TASK_BASE_kernelFs ? u64(load<u32>(host)) : load<u64>(host);
}

/** Copies up to `length` bytes; returns how many there were before an absent page. */
export function copyGuest(linear: u64, length: u32, to: usize): u32 {
  let done: u32 = 0;
  while (done < length) {
    const from = hostOf(linear + done);
    if (from == ABSENT) return done;
    const part = min<u32>(length - done, 4096 - (<u32>(linear + done) & 4095));
    memory.copy(to + done, from, part);
    done += part;
  }
  return done;
}

/** The same of memory that is the kernel's alone. */
export function copyKernel(linear: u64, length: u32, to: usize): u32 {
  let done: u32 = 0;
  while (done < length) {
    const from = kernelHostOf(linear + done);
    if (from == ABSENT) return done;
    const part = min<u32>(length - done, 4096 - (<u32>(linear + done) & 4095));
    memory.copy(to + done, from, part);
    done += part;
  }
  return done;
}

/** Copies a string up to its NUL, which is not copied. `nulFound` tells why it ended. */
export let nulFound: bool = false;

export function copyString(linear: u64, limit: u32, to: usize): u32 {
  nulFound = false;
  let done: u32 = 0;
  while (done < limit) {
    const from = hostOf(linear + done);
    if (from == ABSENT) return done;
    const part = min<u32>(limit - done, 4096 - (<u32>(linear + done) & 4095));
    for (let i: u32 = 0; i < part; i++) {
      const byte = load<u8>(from + i);
      if (byte == 0) {
        nulFound = true;
        return done + i;
      }
      store<u8>(to + done + i, byte);
    }
    done += part;
  }
  const next = hostOf(linear + done);
  if (next != ABSENT && load<u8>(next) == 0) nulFound = true;
  return done;
}

/** True, and the value in `word`, if all 8 bytes are present. */
export let word: u64 = 0;

export function readWord(linear: u64): bool {
  if ((<u32>linear & 4095) <= 4088) {
    const from = hostOf(linear);
    if (from == ABSENT) return false;
    word = load<u64>(from);
    return true;
  }
  const low = copyGuest(linear, 8, SPLIT);
  word = load<u64>(SPLIT);
  return low == 8;
}

/** The same for a pointer of `size` bytes, 8 or 4. */
export function readPointer(linear: u64, size: u32): bool {
  if (size == 8) return readWord(linear);
  const from = (<u32>linear & 4095) <= 4092 ? hostOf(linear) : ABSENT;
  if (from != ABSENT) word = u64(load<u32>(from));
  else {
    if (copyGuest(linear, 4, SPLIT) < 4) return false;
    word = u64(load<u32>(SPLIT));
  }
  return true;
}

const SPLIT: usize = memory.data(8);
