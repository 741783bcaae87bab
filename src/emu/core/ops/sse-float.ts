// ADD MUL SUB MIN DIV MAX SQRT of SSE and SSE2.
import { CR4, MXCSR } from "../generated/layout";
import { opReg } from "../op";
import { faulted, raise, VECTOR_UD, VECTOR_XM } from "../fault";
import { CR4_OSXMMEXCPT } from "../mode";
import { readRm32, readRm64, readRmV128 } from "../operands";
import {
  normal32, normal64, normalLanes32, normalLanes64, plain32, plain64, plainLanes32, plainLanes64, productIsExact,
  roundsNatively, roundsToNearest, sumIsExact,
} from "../float/native";
import { ADD, arithmetic32, arithmetic64, DIV, MAX, MIN, MUL, squareRoot32, squareRoot64, SUB } from "../float/scalar";
import { beginSse, masked, settle } from "../float/status";

/** Two operands and a result of 16 bytes: lanes are addressed in memory. */
const LEFT: usize = memory.data(16, 16);
const RIGHT: usize = memory.data(16, 16);
const RESULT: usize = memory.data(16, 16);

/** MXCSR takes the flags raised since beginSse. False: one of them is unmasked, and #XM (or #UD) is raised. */
export function settled(): bool {
  const flags = settle() & 63;
  if (flags == 0) return true;
  store<u32>(MXCSR, load<u32>(MXCSR) | flags);
  if ((flags & ~masked) == 0) return true;
  raise((load<u64>(CR4) & CR4_OSXMMEXCPT) != 0 ? VECTOR_XM : VECTOR_UD);
  return false;
}

// ---- one lane ----

function native64(operation: u32, a: f64, b: f64): f64 {
  switch (operation) {
    case ADD: return a + b;
    case SUB: return a - b;
    case MUL: return a * b;
    default: return a / b;
  }
}

function native32(operation: u32, a: f32, b: f32): f32 {
  switch (operation) {
    case ADD: return a + b;
    case SUB: return a - b;
    case MUL: return a * b;
    default: return a / b;
  }
}

/** Did nothing of the exact result get lost? `result` is normal. */
function exact64(operation: u32, a: u64, b: u64, result: f64): bool {
  const x = reinterpret<f64>(a);
  const y = reinterpret<f64>(b);
  switch (operation) {
    case ADD: return sumIsExact(x, y, result);
    case SUB: return sumIsExact(x, -y, result);
    case MUL: return productIsExact(a, b) || productIsExact(b, a);
    default: return false;
  }
}

/** The same in single precision, by the double-precision product or quotient, which is exact when this one is. */
function exact32(operation: u32, x: f64, y: f64, result: f64): bool {
  switch (operation) {
    case ADD: return sumIsExact(x, y, result);
    case SUB: return sumIsExact(x, -y, result);
    case MUL: return x * y == result;
    default: return result * y == x;
  }
}

/** One lane of ADD SUB MUL DIV MIN MAX; beginSse has been called with `mxcsr`. */
export function lane64(operation: u32, a: u64, b: u64, mxcsr: u32): u64 {
  if (plain64(a) && plain64(b)) {
    const x = reinterpret<f64>(a);
    const y = reinterpret<f64>(b);
    if (operation == MIN) return x < y ? a : b;
    if (operation == MAX) return x > y ? a : b;
    if (roundsToNearest(mxcsr)) {
      const result = native64(operation, x, y);
      const bits = reinterpret<u64>(result);
      const zero = operation == MUL ? x == 0 || y == 0 : operation == DIV ? x == 0 && y != 0 : result == 0;
      if (zero) return bits;
      if (normal64(bits) && (roundsNatively(mxcsr) || exact64(operation, a, b, result))) return bits;
    }
  }
  return arithmetic64(operation, a, b);
}

export function lane32(operation: u32, a: u32, b: u32, mxcsr: u32): u32 {
  if (plain32(a) && plain32(b)) {
    const x = reinterpret<f32>(a);
    const y = reinterpret<f32>(b);
    if (operation == MIN) return x < y ? a : b;
    if (operation == MAX) return x > y ? a : b;
    if (roundsToNearest(mxcsr)) {
      const result = native32(operation, x, y);
      const bits = reinterpret<u32>(result);
      const zero = operation == MUL ? x == 0 || y == 0 : operation == DIV ? x == 0 && y != 0 : result == 0;
      if (zero) return bits;
      if (normal32(bits) && (roundsNatively(mxcsr) || exact32(operation, f64(x), f64(y), f64(result)))) return bits;
    }
  }
  return arithmetic32(operation, a, b);
}

function rootLane64(a: u64, mxcsr: u32): u64 {
  if (roundsNatively(mxcsr) && plain64(a) && i64(a) >= 0) return reinterpret<u64>(sqrt(reinterpret<f64>(a)));
  return squareRoot64(a);
}

function rootLane32(a: u32, mxcsr: u32): u32 {
  if (roundsNatively(mxcsr) && plain32(a) && i32(a) >= 0) return reinterpret<u32>(sqrt(reinterpret<f32>(a)));
  return squareRoot32(a);
}

// ---- forms ----

/** Lanes of LEFT and RIGHT to RESULT. */
function lanes64(operation: u32, mxcsr: u32): void {
  for (let i: usize = 0; i < 16; i += 8) {
    store<u64>(RESULT + i, lane64(operation, load<u64>(LEFT + i), load<u64>(RIGHT + i), mxcsr));
  }
}

function lanes32(operation: u32, mxcsr: u32): void {
  for (let i: usize = 0; i < 16; i += 4) {
    store<u32>(RESULT + i, lane32(operation, load<u32>(LEFT + i), load<u32>(RIGHT + i), mxcsr));
  }
}

function packed64(op: usize, operation: u32): void {
  const right = readRmV128(op);
  if (faulted()) return;
  const left = v128.load(opReg(op));
  const mxcsr = load<u32>(MXCSR);
  if (roundsNatively(mxcsr) && operation != MIN && operation != MAX && plainLanes64(left) && plainLanes64(right)) {
    let result: v128;
    switch (operation) {
      case ADD: result = f64x2.add(left, right); break;
      case SUB: result = f64x2.sub(left, right); break;
      case MUL: result = f64x2.mul(left, right); break;
      default: result = f64x2.div(left, right);
    }
    if (normalLanes64(result)) {
      v128.store(opReg(op), result);
      return;
    }
  }
  v128.store(LEFT, left);
  v128.store(RIGHT, right);
  beginSse(mxcsr);
  lanes64(operation, mxcsr);
  if (settled()) v128.store(opReg(op), v128.load(RESULT));
}

function packed32(op: usize, operation: u32): void {
  const right = readRmV128(op);
  if (faulted()) return;
  const left = v128.load(opReg(op));
  const mxcsr = load<u32>(MXCSR);
  if (roundsNatively(mxcsr) && operation != MIN && operation != MAX && plainLanes32(left) && plainLanes32(right)) {
    let result: v128;
    switch (operation) {
      case ADD: result = f32x4.add(left, right); break;
      case SUB: result = f32x4.sub(left, right); break;
      case MUL: result = f32x4.mul(left, right); break;
      default: result = f32x4.div(left, right);
    }
    if (normalLanes32(result)) {
      v128.store(opReg(op), result);
      return;
    }
  }
  v128.store(LEFT, left);
  v128.store(RIGHT, right);
  beginSse(mxcsr);
  lanes32(operation, mxcsr);
  if (settled()) v128.store(opReg(op), v128.load(RESULT));
}

function single64(op: usize, operation: u32): void {
  const right = readRm64(op);
  if (faulted()) return;
  const mxcsr = load<u32>(MXCSR);
  beginSse(mxcsr);
  const result = lane64(operation, load<u64>(opReg(op)), right, mxcsr);
  if (settled()) store<u64>(opReg(op), result);
}

function single32(op: usize, operation: u32): void {
  const right = readRm32(op);
  if (faulted()) return;
  const mxcsr = load<u32>(MXCSR);
  beginSse(mxcsr);
  const result = lane32(operation, load<u32>(opReg(op)), right, mxcsr);
  if (settled()) store<u32>(opReg(op), result);
}

export function addpsVxWx(op: usize): void { packed32(op, ADD); }
export function addpdVxWx(op: usize): void { packed64(op, ADD); }
export function addssVxWx(op: usize): void { single32(op, ADD); }
export function addsdVxWx(op: usize): void { single64(op, ADD); }
export function mulpsVxWx(op: usize): void { packed32(op, MUL); }
export function mulpdVxWx(op: usize): void { packed64(op, MUL); }
export function mulssVxWx(op: usize): void { single32(op, MUL); }
export function mulsdVxWx(op: usize): void { single64(op, MUL); }
export function subpsVxWx(op: usize): void { packed32(op, SUB); }
export function subpdVxWx(op: usize): void { packed64(op, SUB); }
export function subssVxWx(op: usize): void { single32(op, SUB); }
export function subsdVxWx(op: usize): void { single64(op, SUB); }
export function minpsVxWx(op: usize): void { packed32(op, MIN); }
export function minpdVxWx(op: usize): void { packed64(op, MIN); }
export function minssVxWx(op: usize): void { single32(op, MIN); }
export function minsdVxWx(op: usize): void { single64(op, MIN); }
export function divpsVxWx(op: usize): void { packed32(op, DIV); }
export function divpdVxWx(op: usize): void { packed64(op, DIV); }
export function divssVxWx(op: usize): void { single32(op, DIV); }
export function divsdVxWx(op: usize): void { single64(op, DIV); }
export function maxpsVxWx(op: usize): void { packed32(op, MAX); }
export function maxpdVxWx(op: usize): void { packed64(op, MAX); }
export function maxssVxWx(op: usize): void { single32(op, MAX); }
export function maxsdVxWx(op: usize): void { single64(op, MAX); }

export function sqrtpsVxWx(op: usize): void {
  v128.store(RIGHT, readRmV128(op));
  if (faulted()) return;
  const mxcsr = load<u32>(MXCSR);
  beginSse(mxcsr);
  for (let i: usize = 0; i < 16; i += 4) store<u32>(RESULT + i, rootLane32(load<u32>(RIGHT + i), mxcsr));
  if (settled()) v128.store(opReg(op), v128.load(RESULT));
}

export function sqrtpdVxWx(op: usize): void {
  v128.store(RIGHT, readRmV128(op));
  if (faulted()) return;
  const mxcsr = load<u32>(MXCSR);
  beginSse(mxcsr);
  for (let i: usize = 0; i < 16; i += 8) store<u64>(RESULT + i, rootLane64(load<u64>(RIGHT + i), mxcsr));
  if (settled()) v128.store(opReg(op), v128.load(RESULT));
}

export function sqrtssVxWx(op: usize): void {
  const right = readRm32(op);
  if (faulted()) return;
  const mxcsr = load<u32>(MXCSR);
  beginSse(mxcsr);
  const result = rootLane32(right, mxcsr);
  if (settled()) store<u32>(opReg(op), result);
}

export function sqrtsdVxWx(op: usize): void {
  const right = readRm64(op);
  if (faulted()) return;
  const mxcsr = load<u32>(MXCSR);
  beginSse(mxcsr);
  const result = rootLane64(right, mxcsr);
  if (settled()) store<u64>(opReg(op), result);
}
