// HADD HSUB ADDSUB, DPPS DPPD, RCP RSQRT.
import { MXCSR } from "../generated/layout";
import { opImm8, opReg } from "../op";
import { faulted } from "../fault";
import { readRm32, readRmV128 } from "../operands";
import { ADD, MUL, SUB } from "../float/scalar";
import { beginSse } from "../float/status";
import { lane32, lane64, settled } from "./sse-float";

const LEFT: usize = memory.data(16, 16);
const RIGHT: usize = memory.data(16, 16);
const RESULT: usize = memory.data(16, 16);

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

// ---- across lanes ----

/** LEFT becomes the even, RIGHT the odd lanes of the destination and the source, in that order. */
function pair32(op: usize): bool {
  const source = readRmV128(op);
  if (faulted()) return false;
  const destination = v128.load(opReg(op));
  v128.store(LEFT, i8x16.shuffle(destination, source, 0, 1, 2, 3, 8, 9, 10, 11, 16, 17, 18, 19, 24, 25, 26, 27));
  v128.store(RIGHT, i8x16.shuffle(destination, source, 4, 5, 6, 7, 12, 13, 14, 15, 20, 21, 22, 23, 28, 29, 30, 31));
  return true;
}

function pair64(op: usize): bool {
  const source = readRmV128(op);
  if (faulted()) return false;
  const destination = v128.load(opReg(op));
  v128.store(LEFT, i64x2.shuffle(destination, source, 0, 2));
  v128.store(RIGHT, i64x2.shuffle(destination, source, 1, 3));
  return true;
}

function acrossLanes32(op: usize, operation: u32): void {
  if (!pair32(op)) return;
  const mxcsr = load<u32>(MXCSR);
  beginSse(mxcsr);
  lanes32(operation, mxcsr);
  if (settled()) v128.store(opReg(op), v128.load(RESULT));
}

function acrossLanes64(op: usize, operation: u32): void {
  if (!pair64(op)) return;
  const mxcsr = load<u32>(MXCSR);
  beginSse(mxcsr);
  lanes64(operation, mxcsr);
  if (settled()) v128.store(opReg(op), v128.load(RESULT));
}

export function haddpsVxWx(op: usize): void { acrossLanes32(op, ADD); }
export function haddpdVxWx(op: usize): void { acrossLanes64(op, ADD); }
export function hsubpsVxWx(op: usize): void { acrossLanes32(op, SUB); }
export function hsubpdVxWx(op: usize): void { acrossLanes64(op, SUB); }

export function addsubpsVxWx(op: usize): void {
  v128.store(RIGHT, readRmV128(op));
  if (faulted()) return;
  const left = opReg(op);
  const mxcsr = load<u32>(MXCSR);
  beginSse(mxcsr);
  for (let i: usize = 0; i < 16; i += 4) {
    store<u32>(RESULT + i, lane32((i & 4) != 0 ? ADD : SUB, load<u32>(left + i), load<u32>(RIGHT + i), mxcsr));
  }
  if (settled()) v128.store(left, v128.load(RESULT));
}

export function addsubpdVxWx(op: usize): void {
  v128.store(RIGHT, readRmV128(op));
  if (faulted()) return;
  const left = opReg(op);
  const mxcsr = load<u32>(MXCSR);
  beginSse(mxcsr);
  for (let i: usize = 0; i < 16; i += 8) {
    store<u64>(RESULT + i, lane64(i != 0 ? ADD : SUB, load<u64>(left + i), load<u64>(RIGHT + i), mxcsr));
  }
  if (settled()) v128.store(left, v128.load(RESULT));
}

/** Products of the lanes that imm8's high half selects, summed pairwise, to the lanes that its low half selects. */
export function dppsVxWxIb(op: usize): void {
  v128.store(RIGHT, readRmV128(op));
  if (faulted()) return;
  const mxcsr = load<u32>(MXCSR);
  const select = opImm8(op);
  const left = opReg(op);
  beginSse(mxcsr);
  for (let i: u32 = 0; i < 4; i++) {
    const lane: usize = i << 2;
    const product = (select >> (4 + i)) & 1 ? lane32(MUL, load<u32>(left + lane), load<u32>(RIGHT + lane), mxcsr) : 0;
    store<u32>(LEFT + lane, product);
  }
  if (!settled()) return;
  beginSse(mxcsr);
  const low = lane32(ADD, load<u32>(LEFT), load<u32>(LEFT, 4), mxcsr);
  const high = lane32(ADD, load<u32>(LEFT, 8), load<u32>(LEFT, 12), mxcsr);
  if (!settled()) return;
  beginSse(mxcsr);
  const sum = lane32(ADD, low, high, mxcsr);
  if (!settled()) return;
  for (let i: u32 = 0; i < 4; i++) store<u32>(left + (i << 2), (select >> i) & 1 ? sum : 0);
}

export function dppdVxWxIb(op: usize): void {
  v128.store(RIGHT, readRmV128(op));
  if (faulted()) return;
  const mxcsr = load<u32>(MXCSR);
  const select = opImm8(op);
  const left = opReg(op);
  beginSse(mxcsr);
  const low = select & 16 ? lane64(MUL, load<u64>(left), load<u64>(RIGHT), mxcsr) : 0;
  const high = select & 32 ? lane64(MUL, load<u64>(left, 8), load<u64>(RIGHT, 8), mxcsr) : 0;
  if (!settled()) return;
  beginSse(mxcsr);
  const sum = lane64(ADD, low, high, mxcsr);
  if (!settled()) return;
  store<u64>(left, select & 1 ? sum : 0);
  store<u64>(left, select & 2 ? sum : 0, 8);
}

// ---- approximations ----

/** Denormals count as zero, results that would be denormal are zero; no flags, whatever MXCSR says. */
function reciprocal(bits: u32): u32 {
  const sign = bits & 0x8000_0000;
  const magnitude = bits & 0x7fff_ffff;
  if (magnitude > 0x7f80_0000) return bits | 0x40_0000;
  if (magnitude < 0x80_0000) return sign | 0x7f80_0000;
  const result = reinterpret<u32>(<f32>(1 / f64(reinterpret<f32>(magnitude))));
  return sign | (result < 0x80_0000 ? 0 : result);
}

function reciprocalRoot(bits: u32): u32 {
  const magnitude = bits & 0x7fff_ffff;
  if (magnitude > 0x7f80_0000) return bits | 0x40_0000;
  if (magnitude < 0x80_0000) return (bits & 0x8000_0000) | 0x7f80_0000;
  if (bits != magnitude) return 0xffc0_0000;
  return reinterpret<u32>(<f32>(1 / sqrt(f64(reinterpret<f32>(bits)))));
}

export function rcppsVxWx(op: usize): void {
  v128.store(RIGHT, readRmV128(op));
  if (faulted()) return;
  for (let i: usize = 0; i < 16; i += 4) store<u32>(opReg(op) + i, reciprocal(load<u32>(RIGHT + i)));
}

export function rcpssVxWx(op: usize): void {
  const source = readRm32(op);
  if (!faulted()) store<u32>(opReg(op), reciprocal(source));
}

export function rsqrtpsVxWx(op: usize): void {
  v128.store(RIGHT, readRmV128(op));
  if (faulted()) return;
  for (let i: usize = 0; i < 16; i += 4) store<u32>(opReg(op) + i, reciprocalRoot(load<u32>(RIGHT + i)));
}

export function rsqrtssVxWx(op: usize): void {
  const source = readRm32(op);
  if (!faulted()) store<u32>(opReg(op), reciprocalRoot(source));
}
