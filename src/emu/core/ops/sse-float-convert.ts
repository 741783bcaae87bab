// CVT* of SSE and SSE2, LDMXCSR, STMXCSR.
import { MXCSR } from "../generated/layout";
import { opPrefixes, opReg, opRm, PREFIX_REX_W } from "../op";
import { faulted, raiseCode, VECTOR_GP } from "../fault";
import { readRm32, readRm64, readRmV128, writeRm32 } from "../operands";
import { normal32, plain32, plain64, roundsNatively } from "../float/native";
import {
  fromInteger32, fromInteger64, narrow, toInteger32, toInteger64, widen,
} from "../float/scalar";
import { beginSse, rounding, TO_ZERO } from "../float/status";
import { enterMmx, putMmx } from "./mmx-registers";
import { settled } from "./sse-float";

const RIGHT: usize = memory.data(16, 16);
const RESULT: usize = memory.data(16, 16);

// ---- between the two precisions ----

export function cvtss2sdVxWx(op: usize): void {
  const source = readRm32(op);
  if (faulted()) return;
  if (plain32(source)) {
    store<f64>(opReg(op), f64(reinterpret<f32>(source)));
    return;
  }
  beginSse(load<u32>(MXCSR));
  const result = widen(source);
  if (settled()) store<u64>(opReg(op), result);
}

export function cvtsd2ssVxWx(op: usize): void {
  const source = readRm64(op);
  if (faulted()) return;
  const mxcsr = load<u32>(MXCSR);
  if (roundsNatively(mxcsr) && plain64(source)) {
    const bits = reinterpret<u32>(<f32>reinterpret<f64>(source));
    if (normal32(bits)) {
      store<u32>(opReg(op), bits);
      return;
    }
  }
  beginSse(mxcsr);
  const result = narrow(source);
  if (settled()) store<u32>(opReg(op), result);
}

export function cvtps2pdVxWx(op: usize): void {
  const source = readRm64(op);
  if (faulted()) return;
  beginSse(load<u32>(MXCSR));
  store<u64>(RESULT, widen(<u32>source));
  store<u64>(RESULT, widen(<u32>(source >> 32)), 8);
  if (settled()) v128.store(opReg(op), v128.load(RESULT));
}

export function cvtpd2psVxWx(op: usize): void {
  v128.store(RIGHT, readRmV128(op));
  if (faulted()) return;
  beginSse(load<u32>(MXCSR));
  const low = narrow(load<u64>(RIGHT));
  const result = u64(low) | (u64(narrow(load<u64>(RIGHT, 8))) << 32);
  if (settled()) storeLow(op, result);
}

/** A result of 64 bits; the destination's high half becomes 0. */
function storeLow(op: usize, value: u64): void {
  store<u64>(opReg(op), value);
  store<u64>(opReg(op), 0, 8);
}

// ---- to integers: `truncates` is the CVTT form ----

function toGeneral64(op: usize, truncates: bool): void {
  const source = readRm64(op);
  if (faulted()) return;
  const wide = (opPrefixes(op) & PREFIX_REX_W) != 0;
  const mxcsr = load<u32>(MXCSR);
  if (truncates && plain64(source) && roundsNatively(mxcsr)) {
    const value = reinterpret<f64>(source);
    if (wide ? abs(value) < 9223372036854775808.0 : abs(value) < 2147483648.0) {
      store<u64>(opReg(op), wide ? i64(value) : u64(<u32>i32(value)));
      return;
    }
  }
  beginSse(mxcsr);
  const result = toInteger64(source, wide ? 64 : 32, truncates ? TO_ZERO : rounding);
  if (settled()) store<u64>(opReg(op), wide ? result : result & 0xffff_ffff);
}

function toGeneral32(op: usize, truncates: bool): void {
  const source = readRm32(op);
  if (faulted()) return;
  const wide = (opPrefixes(op) & PREFIX_REX_W) != 0;
  beginSse(load<u32>(MXCSR));
  const result = toInteger32(source, wide ? 64 : 32, truncates ? TO_ZERO : rounding);
  if (settled()) store<u64>(opReg(op), wide ? result : result & 0xffff_ffff);
}

export function cvtsd2siGyWx(op: usize): void { toGeneral64(op, false); }
export function cvttsd2siGyWx(op: usize): void { toGeneral64(op, true); }
export function cvtss2siGyWx(op: usize): void { toGeneral32(op, false); }
export function cvttss2siGyWx(op: usize): void { toGeneral32(op, true); }

function packedToInteger32(op: usize, truncates: bool): void {
  v128.store(RIGHT, readRmV128(op));
  if (faulted()) return;
  beginSse(load<u32>(MXCSR));
  const mode = truncates ? TO_ZERO : rounding;
  for (let i: usize = 0; i < 16; i += 4) store<u32>(RESULT + i, <u32>toInteger32(load<u32>(RIGHT + i), 32, mode));
  if (settled()) v128.store(opReg(op), v128.load(RESULT));
}

function packedToInteger64(op: usize, truncates: bool): void {
  v128.store(RIGHT, readRmV128(op));
  if (faulted()) return;
  beginSse(load<u32>(MXCSR));
  const result = pairToIntegers64(truncates);
  if (settled()) storeLow(op, result);
}

/** Two doubles of RIGHT to two 32-bit integers. */
function pairToIntegers64(truncates: bool): u64 {
  const mode = truncates ? TO_ZERO : rounding;
  const low = u64(<u32>toInteger64(load<u64>(RIGHT), 32, mode));
  return low | (u64(<u32>toInteger64(load<u64>(RIGHT, 8), 32, mode)) << 32);
}

export function cvtps2dqVxWx(op: usize): void { packedToInteger32(op, false); }
export function cvttps2dqVxWx(op: usize): void { packedToInteger32(op, true); }
export function cvtpd2dqVxWx(op: usize): void { packedToInteger64(op, false); }
export function cvttpd2dqVxWx(op: usize): void { packedToInteger64(op, true); }

// ---- from integers ----

export function cvtsi2sdVxEy(op: usize): void {
  const wide = (opPrefixes(op) & PREFIX_REX_W) != 0;
  const source = wide ? i64(readRm64(op)) : i64(<i32>readRm32(op));
  if (faulted()) return;
  if (!wide) {
    store<f64>(opReg(op), f64(source));
    return;
  }
  beginSse(load<u32>(MXCSR));
  const result = fromInteger64(source);
  if (settled()) store<u64>(opReg(op), result);
}

export function cvtsi2ssVxEy(op: usize): void {
  const wide = (opPrefixes(op) & PREFIX_REX_W) != 0;
  const source = wide ? i64(readRm64(op)) : i64(<i32>readRm32(op));
  if (faulted()) return;
  beginSse(load<u32>(MXCSR));
  const result = fromInteger32(source);
  if (settled()) store<u32>(opReg(op), result);
}

export function cvtdq2psVxWx(op: usize): void {
  v128.store(RIGHT, readRmV128(op));
  if (faulted()) return;
  beginSse(load<u32>(MXCSR));
  for (let i: usize = 0; i < 16; i += 4) store<u32>(RESULT + i, fromInteger32(i64(load<i32>(RIGHT + i))));
  if (settled()) v128.store(opReg(op), v128.load(RESULT));
}

export function cvtdq2pdVxWx(op: usize): void {
  const source = readRm64(op);
  if (faulted()) return;
  store<f64>(opReg(op), f64(<i32>source));
  store<f64>(opReg(op), f64(<i32>(source >> 32)), 8);
}

// ---- MMX operands: the x87 stack becomes the MMX registers ----

export function cvtpi2psVxQq(op: usize): void {
  const source = readRm64(op);
  if (faulted()) return;
  beginSse(load<u32>(MXCSR));
  const low = fromInteger32(i64(<i32>source));
  const result = u64(low) | (u64(fromInteger32(i64(<i32>(source >> 32)))) << 32);
  if (!settled()) return;
  enterMmx();
  store<u64>(opReg(op), result);
}

export function cvtpi2pdVxQq(op: usize): void {
  const source = readRm64(op);
  if (faulted()) return;
  if (opRm(op) != 0) enterMmx();
  store<f64>(opReg(op), f64(<i32>source));
  store<f64>(opReg(op), f64(<i32>(source >> 32)), 8);
}

function singlesToMmx(op: usize, truncates: bool): void {
  const source = readRm64(op);
  if (faulted()) return;
  beginSse(load<u32>(MXCSR));
  const mode = truncates ? TO_ZERO : rounding;
  const low = u64(<u32>toInteger32(<u32>source, 32, mode));
  const result = low | (u64(<u32>toInteger32(<u32>(source >> 32), 32, mode)) << 32);
  if (settled()) putMmx(opReg(op), result);
}

function doublesToMmx(op: usize, truncates: bool): void {
  v128.store(RIGHT, readRmV128(op));
  if (faulted()) return;
  beginSse(load<u32>(MXCSR));
  const result = pairToIntegers64(truncates);
  if (settled()) putMmx(opReg(op), result);
}

export function cvtps2piPqWx(op: usize): void { singlesToMmx(op, false); }
export function cvttps2piPqWx(op: usize): void { singlesToMmx(op, true); }
export function cvtpd2piPqWx(op: usize): void { doublesToMmx(op, false); }
export function cvttpd2piPqWx(op: usize): void { doublesToMmx(op, true); }

// ---- the control and status register ----

/** Bits 16 to 31 are reserved. */
export const MXCSR_MASK: u32 = 0xffff;

export function ldmxcsrMd(op: usize): void {
  const value = readRm32(op);
  if (faulted()) return;
  if ((value & ~MXCSR_MASK) != 0) raiseCode(VECTOR_GP, 0);
  else store<u32>(MXCSR, value);
}

export function stmxcsrMd(op: usize): void {
  writeRm32(op, load<u32>(MXCSR));
}
