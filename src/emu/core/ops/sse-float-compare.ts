// CMPccPS/PD/SS/SD, COMIS, UCOMIS, ROUND.
import { MXCSR } from "../generated/layout";
import { opImm8, opReg } from "../op";
import { faulted } from "../fault";
import { setFlags } from "../flags";
import { readRm32, readRm64, readRmV128 } from "../operands";
import { plain32, plain64 } from "../float/native";
import { compare32, compare64, order32, order64, round32, round64 } from "../float/scalar";
import { beginSse } from "../float/status";
import { settled } from "./sse-float";

const RIGHT: usize = memory.data(16, 16);
const RESULT: usize = memory.data(16, 16);

// ---- CMPcc ----

export function cmppsVxWxIb(op: usize): void {
  v128.store(RIGHT, readRmV128(op));
  if (faulted()) return;
  const left = opReg(op);
  beginSse(load<u32>(MXCSR));
  for (let i: usize = 0; i < 16; i += 4) {
    store<u32>(RESULT + i, compare32(opImm8(op) & 7, load<u32>(left + i), load<u32>(RIGHT + i)));
  }
  if (settled()) v128.store(left, v128.load(RESULT));
}

export function cmppdVxWxIb(op: usize): void {
  v128.store(RIGHT, readRmV128(op));
  if (faulted()) return;
  const left = opReg(op);
  beginSse(load<u32>(MXCSR));
  for (let i: usize = 0; i < 16; i += 8) {
    store<u64>(RESULT + i, compare64(opImm8(op) & 7, load<u64>(left + i), load<u64>(RIGHT + i)));
  }
  if (settled()) v128.store(left, v128.load(RESULT));
}

export function cmpssVxWxIb(op: usize): void {
  const right = readRm32(op);
  if (faulted()) return;
  beginSse(load<u32>(MXCSR));
  const result = compare32(opImm8(op) & 7, load<u32>(opReg(op)), right);
  if (settled()) store<u32>(opReg(op), result);
}

export function cmpsdVxWxIb(op: usize): void {
  const right = readRm64(op);
  if (faulted()) return;
  beginSse(load<u32>(MXCSR));
  const result = compare64(opImm8(op) & 7, load<u64>(opReg(op)), right);
  if (settled()) store<u64>(opReg(op), result);
}

// ---- COMIS, UCOMIS: the order to ZF PF CF ----

function orders64(op: usize, signaling: bool): void {
  const right = readRm64(op);
  if (faulted()) return;
  const left = load<u64>(opReg(op));
  if (plain64(left) && plain64(right)) {
    const a = reinterpret<f64>(left);
    const b = reinterpret<f64>(right);
    setFlags((u32(a == b) << 6) | u32(a < b));
    return;
  }
  beginSse(load<u32>(MXCSR));
  const flags = order64(left, right, signaling);
  if (settled()) setFlags(flags);
}

function orders32(op: usize, signaling: bool): void {
  const right = readRm32(op);
  if (faulted()) return;
  const left = load<u32>(opReg(op));
  if (plain32(left) && plain32(right)) {
    const a = reinterpret<f32>(left);
    const b = reinterpret<f32>(right);
    setFlags((u32(a == b) << 6) | u32(a < b));
    return;
  }
  beginSse(load<u32>(MXCSR));
  const flags = order32(left, right, signaling);
  if (settled()) setFlags(flags);
}

export function comisdVxWx(op: usize): void { orders64(op, true); }
export function comissVxWx(op: usize): void { orders32(op, true); }
export function ucomisdVxWx(op: usize): void { orders64(op, false); }
export function ucomissVxWx(op: usize): void { orders32(op, false); }

// ---- ROUND: imm8 bit 2 takes the mode from MXCSR, bit 3 keeps PE silent ----

function mode(op: usize): u32 {
  const select = opImm8(op);
  return (select & 4) != 0 ? (load<u32>(MXCSR) >> 13) & 3 : select & 3;
}

export function roundpsVxWxIb(op: usize): void {
  v128.store(RIGHT, readRmV128(op));
  if (faulted()) return;
  beginSse(load<u32>(MXCSR));
  const silent = (opImm8(op) & 8) != 0;
  for (let i: usize = 0; i < 16; i += 4) store<u32>(RESULT + i, round32(load<u32>(RIGHT + i), mode(op), silent));
  if (settled()) v128.store(opReg(op), v128.load(RESULT));
}

export function roundpdVxWxIb(op: usize): void {
  v128.store(RIGHT, readRmV128(op));
  if (faulted()) return;
  beginSse(load<u32>(MXCSR));
  const silent = (opImm8(op) & 8) != 0;
  for (let i: usize = 0; i < 16; i += 8) store<u64>(RESULT + i, round64(load<u64>(RIGHT + i), mode(op), silent));
  if (settled()) v128.store(opReg(op), v128.load(RESULT));
}

export function roundssVxWxIb(op: usize): void {
  const source = readRm32(op);
  if (faulted()) return;
  beginSse(load<u32>(MXCSR));
  const result = round32(source, mode(op), (opImm8(op) & 8) != 0);
  if (settled()) store<u32>(opReg(op), result);
}

export function roundsdVxWxIb(op: usize): void {
  const source = readRm64(op);
  if (faulted()) return;
  beginSse(load<u32>(MXCSR));
  const result = round64(source, mode(op), (opImm8(op) & 8) != 0);
  if (settled()) store<u64>(opReg(op), result);
}
