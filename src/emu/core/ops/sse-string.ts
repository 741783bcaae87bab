// SSE4.2 string comparison (SDM volume 2, 4.1). The immediate: bit 0 words, bit 1 signed, bits 3:2 aggregation,
// bit 4 negated, bit 5 only where the second string is valid, bit 6 last index or byte/word mask.
import { XMM } from "../generated/layout";
import { opImm8, opPrefixes, opReg, PREFIX_REX_W } from "../op";
import { faulted } from "../fault";
import { CF, OF, SF, ZF, setFlags } from "../flags";
import { gpr32, gpr64, RAX, RCX, RDX, readRmV128, setGpr32 } from "../operands";

const LEFT: usize = memory.data(16, 16);
const RIGHT: usize = memory.data(16, 16);

const EQUAL_ANY: u32 = 0;
const RANGES: u32 = 1;
const EQUAL_EACH: u32 = 2;

/** Elements in a vector, and how many of each string are valid. */
let count: u32 = 0;
let leftValid: u32 = 0;
let rightValid: u32 = 0;

/** An explicit length: its absolute value, at most a vector. */
function explicitLength(op: usize, register: u32): u32 {
  const value: i64 = opPrefixes(op) & PREFIX_REX_W ? <i64>gpr64(register) : i64(<i32>gpr32(register));
  const length = value < 0 ? 0 - u64(value) : u64(value);
  return <u32>min<u64>(length, u64(count));
}

/** An implicit length: the elements before the first zero. */
function implicitLength(string: usize): u32 {
  const zeros = count == 16
    ? i8x16.bitmask(i8x16.eq(v128.load(string), i8x16.splat(0)))
    : i16x8.bitmask(i16x8.eq(v128.load(string), i16x8.splat(0)));
  return min<u32>(ctz<u32>(<u32>zeros), count);
}

// @ts-ignore: decorator
@inline function element(string: usize, i: u32, order: u32): i32 {
  switch (order & 3) {
    case 0: return i32(load<u8>(string + i));
    case 1: return i32(load<u16>(string + (i << 1)));
    case 2: return i32(load<i8>(string + i));
    default: return i32(load<i16>(string + (i << 1)));
  }
}

/** Bit j: element j of the second string is `value`. */
function equalTo(value: i32, order: u32): u32 {
  return <u32>(order & 1
    ? i16x8.bitmask(i16x8.eq(v128.load(RIGHT), i16x8.splat(<i16>value)))
    : i8x16.bitmask(i8x16.eq(v128.load(RIGHT), i8x16.splat(<i8>value))));
}

function anyEqual(order: u32): u32 {
  let result: u32 = 0;
  for (let i: u32 = 0; i < leftValid; i++) result |= equalTo(element(LEFT, i, order), order);
  return result & validBits(rightValid);
}

function inRanges(order: u32): u32 {
  let result: u32 = 0;
  for (let j: u32 = 0; j < rightValid; j++) {
    const value = element(RIGHT, j, order);
    for (let i: u32 = 0; i + 1 < leftValid; i += 2) {
      if (element(LEFT, i, order) <= value && value <= element(LEFT, i + 1, order)) result |= 1 << j;
    }
  }
  return result;
}

/** Elements invalid in both count as equal, those invalid in one as different. */
function eachEqual(order: u32): u32 {
  const equal = <u32>(order & 1
    ? i16x8.bitmask(i16x8.eq(v128.load(LEFT), v128.load(RIGHT)))
    : i8x16.bitmask(i8x16.eq(v128.load(LEFT), v128.load(RIGHT))));
  const left = validBits(leftValid);
  const right = validBits(rightValid);
  return (equal & left & right) | (~(left | right) & validBits(count));
}

/** Bit j: `left` stands in `right` at j, as far as the vector reaches. */
function foundAt(order: u32): u32 {
  let result = validBits(count);
  const right = validBits(rightValid);
  for (let i: u32 = 0; i < leftValid; i++) {
    const equal = equalTo(element(LEFT, i, order), order) & right;
    result &= (equal >> i) | ~(validBits(count) >> i);
  }
  return result & validBits(count);
}

// @ts-ignore: decorator
@inline function validBits(length: u32): u32 { return (1 << length) - 1; }

/** Compares and sets the flags; the result has a bit for each element of the second operand. */
function compare(op: usize, explicit: bool): u32 {
  const right = readRmV128(op);
  if (faulted()) return 0;
  const order = opImm8(op);
  v128.store(LEFT, v128.load(opReg(op)));
  v128.store(RIGHT, right);
  count = order & 1 ? 8 : 16;
  leftValid = explicit ? explicitLength(op, RAX) : implicitLength(LEFT);
  rightValid = explicit ? explicitLength(op, RDX) : implicitLength(RIGHT);
  let result: u32;
  switch ((order >> 2) & 3) {
    case EQUAL_ANY: result = anyEqual(order); break;
    case RANGES: result = inRanges(order); break;
    case EQUAL_EACH: result = eachEqual(order); break;
    default: result = foundAt(order); break;
  }
  if (order & 16) result ^= order & 32 ? validBits(rightValid) : validBits(count);
  setFlags((result ? CF : 0) | (rightValid < count ? ZF : 0) | (leftValid < count ? SF : 0) | (result & 1 ? OF : 0));
  return result;
}

function storeIndex(op: usize, result: u32): void {
  const last = (opImm8(op) & 64) != 0;
  setGpr32(RCX, result == 0 ? count : last ? 31 - clz<u32>(result) : ctz<u32>(result));
}

function storeMask(op: usize, result: u32): void {
  if ((opImm8(op) & 64) == 0) {
    v128.store(XMM, i64x2(u64(result), 0));
  } else if (count == 16) {
    const bits = i8x16(1, 2, 4, 8, 16, 32, 64, -128, 1, 2, 4, 8, 16, 32, 64, -128);
    const halves = i64x2(u64(result & 255) * 0x0101_0101_0101_0101, u64(result >> 8) * 0x0101_0101_0101_0101);
    v128.store(XMM, i8x16.eq(v128.and(halves, bits), bits));
  } else {
    const bits = i16x8(1, 2, 4, 8, 16, 32, 64, 128);
    v128.store(XMM, i16x8.eq(v128.and(i16x8.splat(<i16>result), bits), bits));
  }
}

export function pcmpestrmVxWxIb(op: usize): void {
  const result = compare(op, true);
  if (!faulted()) storeMask(op, result);
}
export function pcmpestriVxWxIb(op: usize): void {
  const result = compare(op, true);
  if (!faulted()) storeIndex(op, result);
}
export function pcmpistrmVxWxIb(op: usize): void {
  const result = compare(op, false);
  if (!faulted()) storeMask(op, result);
}
export function pcmpistriVxWxIb(op: usize): void {
  const result = compare(op, false);
  if (!faulted()) storeIndex(op, result);
}
