// Which fast form an op takes, which pairs become one op, which flags nobody can see.
import {
  FORMS, NEEDS_SHIFT, WITHOUT_FLAGS, PROPERTIES, CONDITION_OF, FUSED_INDEX, FUSED, FAST_COUNT,
  CHAIN_START, CHAINS, LENGTHS, WRITES_ALL_FLAGS, READS_FLAGS, PURE,
} from "./generated/fast";
import { FIRST_GENERIC } from "./generated/dispatch";
import { MODE_BITS, MODE_CODE64, MODE_FLAT, MODE_ALIGNMENT, SEG_CS, SEG_FS } from "./mode";
import { ADDRESS_FLAT64, ADDRESS_32, OP_SIZE } from "./op";

const NEEDS_STACK: u32 = 1;
const NEEDS_FLAT: u32 = 2;

/** Number of the handler for a decoded op: a fast one if there is one and it fits, else the generic one. */
export function fastForm(generic: u32, op: usize, registerForm: bool, mode: u32): u32 {
  const size: u32 = load<u8>(op, 3);
  const slot = ((generic - FIRST_GENERIC) << 4) | (ctz(size) << 1) | u32(!registerForm);
  const found: u32 = load<u16>(FORMS + (slot << 1));
  if (found == 0) return generic;
  const needs = found >> NEEDS_SHIFT;
  const long = (mode & MODE_BITS) == MODE_CODE64;
  if (needs == NEEDS_FLAT && (mode & MODE_FLAT) == 0) return generic;
  if (needs == NEEDS_STACK && (!long || (mode & MODE_ALIGNMENT) != 0)) return generic;
  if (!registerForm) {
    if (mode & MODE_ALIGNMENT) return generic;
    const kind: u32 = load<u8>(op, 21), segment: u32 = load<u8>(op, 22);
    const flat = kind == ADDRESS_FLAT64
      || (kind == ADDRESS_32 && !long && (mode & MODE_FLAT) != 0 && segment < SEG_FS && segment != SEG_CS);
    if (!flat) return generic;
  }
  return found & ((1 << NEEDS_SHIFT) - 1);
}

/** A fast Jcc. */
export function isConditional(handler: u32): bool {
  return handler < FAST_COUNT && load<u8>(CONDITION_OF + handler) != 255;
}

/** Works over the ops of a finished block. */
export function optimise(first: usize, count: u32): void {
  let dead = false;
  for (let i = <i32>count - 1; i >= 0; i--) {
    const op = first + <usize>i * OP_SIZE;
    const handler: u32 = load<u16>(op);
    if (handler >= FAST_COUNT) {
      dead = false;
      continue;
    }
    const properties: u32 = load<u8>(PROPERTIES + handler);
    if ((properties & PURE) == 0) dead = false;
    else {
      const silent: u32 = load<u16>(WITHOUT_FLAGS + (handler << 1));
      if (dead && silent != 0) store<u16>(op, <u16>silent);
      if (properties & READS_FLAGS) {
        if (!(dead && silent != 0)) dead = false;
      } else if (properties & WRITES_ALL_FLAGS) dead = true;
    }
    const condition: u32 = load<u8>(CONDITION_OF + handler);
    if (condition != 255 && i > 0) {
      const before: u32 = load<u16>(op - OP_SIZE);
      if (before < FAST_COUNT) {
        const row: u32 = load<u16>(FUSED_INDEX + (before << 1));
        if (row) {
          const fused: u32 = load<u16>(FUSED + (((row << 4) | condition) << 1));
          if (fused) {
            store<u16>(op - OP_SIZE, <u16>fused);
            // What CMP and TEST of registers do to flags before them stays true of the pair.
            dead = (load<u8>(PROPERTIES + before) & PURE) != 0;
            i--;
          }
        }
      }
    }
  }
  chain(first, count);
}

/** Chains, from the front; what is chained keeps its own number behind the first, for when a part is left to its handler. */
function chain(first: usize, count: u32): void {
  let i: u32 = 0;
  while (i < count) {
    const op = first + <usize>i * OP_SIZE;
    let handler: u32 = load<u16>(op);
    if (handler >= FAST_COUNT) {
      i++;
      continue;
    }
    i += load<u8>(LENGTHS + handler);
    while (i < count) {
      const both = chained(handler, load<u16>(first + <usize>i * OP_SIZE));
      if (both == 0) break;
      i += u32(load<u8>(LENGTHS + both)) - u32(load<u8>(LENGTHS + handler));
      handler = both;
    }
    store<u16>(op, <u16>handler);
  }
}

/** The op that is both, 0 if there is none. */
function chained(handler: u32, next: u32): u32 {
  const start: u32 = load<u16>(CHAIN_START + (handler << 1));
  if (start == 0) return 0;
  for (let at = CHAINS + (start << 1); load<u16>(at) != 0; at += 4) {
    if (load<u16>(at) == next) return load<u16>(at, 2);
  }
  return 0;
}
