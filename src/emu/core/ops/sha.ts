// SHA-1 and SHA-256 rounds and message schedules (FIPS 180-4); doubleword 3 is a vector's most significant one.
import { XMM } from "../generated/layout";
import { opImm8, opReg } from "../op";
import { faulted } from "../fault";
import { readRmV128 } from "../operands";

// @ts-ignore: decorator
@inline function register(op: usize): v128 { return v128.load(opReg(op)); }
// @ts-ignore: decorator
@inline function put(op: usize, value: v128): void { v128.store(opReg(op), value); }

// @ts-ignore: decorator
@inline function choose(x: u32, y: u32, z: u32): u32 { return (x & y) ^ (~x & z); }
// @ts-ignore: decorator
@inline function majority(x: u32, y: u32, z: u32): u32 { return (x & y) ^ (x & z) ^ (y & z); }

/** Four rounds; the low two bits of the immediate choose function and constant. */
export function sha1rnds4VxWxIb(op: usize): void {
  const words = readRmV128(op), state = register(op);
  if (faulted()) return;
  let a = <u32>i32x4.extract_lane(state, 3);
  let b = <u32>i32x4.extract_lane(state, 2);
  let c = <u32>i32x4.extract_lane(state, 1);
  let d = <u32>i32x4.extract_lane(state, 0);
  let e: u32 = 0; // the first word holds W0 + E already
  let rest = words;
  const stage = opImm8(op) & 3;
  const constant: u32 = stage == 0 ? 0x5a827999 : stage == 1 ? 0x6ed9eba1 : stage == 2 ? 0x8f1bbcdc : 0xca62c1d6;
  for (let i = 0; i < 4; i++) {
    const mix = stage == 0 ? choose(b, c, d) : stage == 2 ? majority(b, c, d) : b ^ c ^ d;
    const next = mix + rotl<u32>(a, 5) + <u32>i32x4.extract_lane(rest, 3) + e + constant;
    rest = i8x16.shuffle(rest, rest, 0, 1, 2, 3, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11);
    e = d;
    d = c;
    c = rotl<u32>(b, 30);
    b = a;
    a = next;
  }
  put(op, i32x4(d, c, b, a));
}

export function sha1nexteVxWx(op: usize): void {
  const words = readRmV128(op);
  if (faulted()) return;
  const e = rotl<u32>(<u32>i32x4.extract_lane(register(op), 3), 30);
  put(op, i32x4.replace_lane(words, 3, <u32>i32x4.extract_lane(words, 3) + e));
}

export function sha1msg1VxWx(op: usize): void {
  const b = readRmV128(op), a = register(op);
  if (!faulted()) put(op, v128.xor(a, i64x2(i64x2.extract_lane(b, 1), i64x2.extract_lane(a, 0))));
}

export function sha1msg2VxWx(op: usize): void {
  const b = readRmV128(op), a = register(op);
  if (faulted()) return;
  const w16 = rotl<u32>(i32x4.extract_lane(a, 3) ^ i32x4.extract_lane(b, 2), 1);
  const w17 = rotl<u32>(i32x4.extract_lane(a, 2) ^ i32x4.extract_lane(b, 1), 1);
  const w18 = rotl<u32>(i32x4.extract_lane(a, 1) ^ i32x4.extract_lane(b, 0), 1);
  put(op, i32x4(rotl<u32>(i32x4.extract_lane(a, 0) ^ w16, 1), w18, w17, w16));
}

/** Two rounds; XMM0 holds the two words with their constants added. */
export function sha256rnds2VxWx(op: usize): void {
  const source = readRmV128(op), state = register(op);
  if (faulted()) return;
  let a = <u32>i32x4.extract_lane(source, 3);
  let b = <u32>i32x4.extract_lane(source, 2);
  let e = <u32>i32x4.extract_lane(source, 1);
  let f = <u32>i32x4.extract_lane(source, 0);
  let c = <u32>i32x4.extract_lane(state, 3);
  let d = <u32>i32x4.extract_lane(state, 2);
  let g = <u32>i32x4.extract_lane(state, 1);
  let h = <u32>i32x4.extract_lane(state, 0);
  for (let i: usize = 0; i < 2; i++) {
    const first = choose(e, f, g) + (rotr<u32>(e, 6) ^ rotr<u32>(e, 11) ^ rotr<u32>(e, 25)) + load<u32>(XMM + (i << 2)) + h;
    const second = majority(a, b, c) + (rotr<u32>(a, 2) ^ rotr<u32>(a, 13) ^ rotr<u32>(a, 22));
    h = g;
    g = f;
    f = e;
    e = d + first;
    d = c;
    c = b;
    b = a;
    a = first + second;
  }
  put(op, i32x4(f, e, b, a));
}

// @ts-ignore: decorator
@inline function rotatedRight(x: v128, by: i32): v128 { return v128.or(i32x4.shr_u(x, by), i32x4.shl(x, 32 - by)); }

export function sha256msg1VxWx(op: usize): void {
  const b = readRmV128(op), a = register(op);
  if (faulted()) return;
  const next = i8x16.shuffle(a, b, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19);
  const sigma = v128.xor(v128.xor(rotatedRight(next, 7), rotatedRight(next, 18)), i32x4.shr_u(next, 3));
  put(op, i32x4.add(a, sigma));
}

// @ts-ignore: decorator
@inline function sigma1(x: u32): u32 { return rotr<u32>(x, 17) ^ rotr<u32>(x, 19) ^ (x >> 10); }

export function sha256msg2VxWx(op: usize): void {
  const b = readRmV128(op), a = register(op);
  if (faulted()) return;
  const w16 = <u32>i32x4.extract_lane(a, 0) + sigma1(<u32>i32x4.extract_lane(b, 2));
  const w17 = <u32>i32x4.extract_lane(a, 1) + sigma1(<u32>i32x4.extract_lane(b, 3));
  const w18 = <u32>i32x4.extract_lane(a, 2) + sigma1(w16);
  put(op, i32x4(w16, w17, w18, <u32>i32x4.extract_lane(a, 3) + sigma1(w17)));
}
