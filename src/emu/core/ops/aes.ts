// AES-NI (FIPS 197). Tables are computed when the core starts.
import { opImm8, opReg } from "../op";
import { faulted } from "../fault";
import { readRmV128 } from "../operands";

const SBOX: usize = memory.data(256, 16);
const INVERSE_SBOX: usize = memory.data(256, 16);
/** SubBytes and MixColumns of a byte in row 0, as a column; rows 1 to 3 rotate it. */
const FORWARD: usize = memory.data(1024, 16);
/** InvSubBytes and InvMixColumns of a byte in row 0. */
const BACKWARD: usize = memory.data(1024, 16);
/** The state a round starts from. */
const STATE: usize = memory.data(16, 16);

/** Product in GF(2^8) modulo x^8 + x^4 + x^3 + x + 1. */
function product(a: u32, b: u32): u32 {
  let sum: u32 = 0;
  for (; b != 0; b >>= 1) {
    if (b & 1) sum ^= a;
    a = (a << 1) ^ (a & 0x80 ? 0x11b : 0);
  }
  return sum;
}

function rotateByte(x: u32, by: u32): u32 { return ((x << by) | (x >> (8 - by))) & 255; }

function computeTables(): void {
  // p runs through all powers of the generator 3, q through those of its inverse F6: q is always the inverse of p.
  let p: u32 = 1;
  let q: u32 = 1;
  store<u8>(SBOX, 0x63);
  do {
    p = product(p, 3);
    q = product(q, 0xf6);
    store<u8>(SBOX + p, <u8>(q ^ rotateByte(q, 1) ^ rotateByte(q, 2) ^ rotateByte(q, 3) ^ rotateByte(q, 4) ^ 0x63));
  } while (p != 1);
  for (let x: u32 = 0; x < 256; x++) {
    const s = u32(load<u8>(SBOX + x));
    store<u8>(INVERSE_SBOX + s, <u8>x);
    store<u32>(FORWARD + (x << 2), product(s, 2) | (s << 8) | (s << 16) | (product(s, 3) << 24));
    store<u32>(BACKWARD + (s << 2), product(x, 14) | (product(x, 9) << 8) | (product(x, 13) << 16) | (product(x, 11) << 24));
  }
}
computeTables();

// @ts-ignore: decorator
@inline function stateByte(row: u32, column: u32): u32 { return u32(load<u8>(STATE + ((column & 3) << 2) + row)); }

/** Column of a round; row r comes from `step` * r columns on (ShiftRows: 1, InvShiftRows: -1). */
// @ts-ignore: decorator
@inline function mixed(table: usize, column: u32, step: u32): u32 {
  return load<u32>(table + (stateByte(0, column) << 2))
    ^ rotl<u32>(load<u32>(table + (stateByte(1, column + step) << 2)), 8)
    ^ rotl<u32>(load<u32>(table + (stateByte(2, column + step * 2) << 2)), 16)
    ^ rotl<u32>(load<u32>(table + (stateByte(3, column + step * 3) << 2)), 24);
}

/** The same without mixing columns: the last round. */
// @ts-ignore: decorator
@inline function substituted(box: usize, column: u32, step: u32): u32 {
  return u32(load<u8>(box + stateByte(0, column)))
    | (u32(load<u8>(box + stateByte(1, column + step))) << 8)
    | (u32(load<u8>(box + stateByte(2, column + step * 2))) << 16)
    | (u32(load<u8>(box + stateByte(3, column + step * 3))) << 24);
}

function mixedRound(op: usize, table: usize, step: u32): void {
  const key = readRmV128(op);
  if (faulted()) return;
  v128.store(STATE, v128.load(opReg(op)));
  v128.store(opReg(op), v128.xor(key, i32x4(
    mixed(table, 0, step), mixed(table, 1, step), mixed(table, 2, step), mixed(table, 3, step),
  )));
}

function lastRound(op: usize, box: usize, step: u32): void {
  const key = readRmV128(op);
  if (faulted()) return;
  v128.store(STATE, v128.load(opReg(op)));
  v128.store(opReg(op), v128.xor(key, i32x4(
    substituted(box, 0, step), substituted(box, 1, step), substituted(box, 2, step), substituted(box, 3, step),
  )));
}

export function aesencVxWx(op: usize): void { mixedRound(op, FORWARD, 1); }
export function aesenclastVxWx(op: usize): void { lastRound(op, SBOX, 1); }
export function aesdecVxWx(op: usize): void { mixedRound(op, BACKWARD, 3); }
export function aesdeclastVxWx(op: usize): void { lastRound(op, INVERSE_SBOX, 3); }

/** InvMixColumns alone: BACKWARD starts with the inverse S-box, which the S-box undoes. */
export function aesimcVxWx(op: usize): void {
  const source = readRmV128(op);
  if (faulted()) return;
  v128.store(STATE, source);
  for (let i: usize = 0; i < 16; i++) store<u8>(STATE + i, load<u8>(SBOX + load<u8>(STATE + i)));
  v128.store(opReg(op), i32x4(mixed(BACKWARD, 0, 0), mixed(BACKWARD, 1, 0), mixed(BACKWARD, 2, 0), mixed(BACKWARD, 3, 0)));
}

export function aeskeygenassistVxWxIb(op: usize): void {
  const source = readRmV128(op);
  if (faulted()) return;
  v128.store(STATE, source);
  const first = substituted(SBOX, 1, 0);
  const second = substituted(SBOX, 3, 0);
  const constant = opImm8(op);
  v128.store(opReg(op), i32x4(first, rotr<u32>(first, 8) ^ constant, second, rotr<u32>(second, 8) ^ constant));
}
