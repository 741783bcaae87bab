// Lazy status flags. An operation stores its kind, its result (zero-extended) and its source; CF PF AF ZF SF OF are
// computed when asked for. ZF is `flagResult == 0` for every kind. Kinds are `operation << 2 | log2(size)`.
import { FLAG_KIND, FLAG_RESULT, FLAG_SOURCE, RFLAGS } from "./generated/layout";

export const CF: u32 = 1;
export const PF: u32 = 4;
export const AF: u32 = 0x10;
export const ZF: u32 = 0x40;
export const SF: u32 = 0x80;
export const TF: u32 = 0x100;
export const IF: u32 = 0x200;
export const DF: u32 = 0x400;
export const OF: u32 = 0x800;
export const IOPL: u32 = 0x3000;
export const NT: u32 = 0x4000;
export const RF: u32 = 0x1_0000;
export const VM: u32 = 0x2_0000;
export const AC: u32 = 0x4_0000;
export const VIF: u32 = 0x8_0000;
export const VIP: u32 = 0x10_0000;
export const ID: u32 = 0x20_0000;
export const STATUS: u32 = CF | PF | AF | ZF | SF | OF;

export const FLAG_EXPLICIT: u32 = 0; // flagSource holds all six
export const FLAG_ADD: u32 = 1; // source: second operand
export const FLAG_ADC: u32 = 2; // the same with a carry that was 1
export const FLAG_SUB: u32 = 3;
export const FLAG_SBB: u32 = 4; // with a borrow that was 1
export const FLAG_LOGIC: u32 = 5;
export const FLAG_INC: u32 = 6; // source: CF, which stays
export const FLAG_DEC: u32 = 7;
export const FLAG_RESULT_ONLY: u32 = 8; // ZF SF PF from the result, CF AF OF in the source

// @ts-ignore: decorator
@inline function log2<T>(): u32 { return sizeof<T>() == 1 ? 0 : sizeof<T>() == 2 ? 1 : sizeof<T>() == 4 ? 2 : 3; }
// @ts-ignore: decorator
@inline function set<T>(operation: u32, result: u64, source: u64): void {
  store<u32>(FLAG_KIND, (operation << 2) | log2<T>());
  store<u64>(FLAG_RESULT, result);
  store<u64>(FLAG_SOURCE, source);
}

// T is u8, u16, u32 or u64: the operand size. Results are the truncated ones.
// @ts-ignore: decorator
@inline export function setAdd<T>(result: T, source: T): void { set<T>(FLAG_ADD, u64(result), u64(source)); }
// @ts-ignore: decorator
@inline export function setAdc<T>(result: T, source: T, carryIn: u32): void {
  set<T>(carryIn ? FLAG_ADC : FLAG_ADD, u64(result), u64(source));
}
/** SUB, CMP, NEG (source: the operand), CMPXCHG, SCAS, CMPS: result = destination - source. */
// @ts-ignore: decorator
@inline export function setSub<T>(result: T, source: T): void { set<T>(FLAG_SUB, u64(result), u64(source)); }
// @ts-ignore: decorator
@inline export function setSbb<T>(result: T, source: T, borrowIn: u32): void {
  set<T>(borrowIn ? FLAG_SBB : FLAG_SUB, u64(result), u64(source));
}
/** CF = OF = AF = 0. */
// @ts-ignore: decorator
@inline export function setLogic<T>(result: T): void { set<T>(FLAG_LOGIC, u64(result), 0); }
/** CF stays as it is. */
// @ts-ignore: decorator
@inline export function setInc<T>(result: T): void { set<T>(FLAG_INC, u64(result), u64(carry())); }
// @ts-ignore: decorator
@inline export function setDec<T>(result: T): void { set<T>(FLAG_DEC, u64(result), u64(carry())); }
/** ZF SF PF from the result; `others` holds CF, AF and OF at their places. */
// @ts-ignore: decorator
@inline export function setResult<T>(result: T, others: u32): void { set<T>(FLAG_RESULT_ONLY, u64(result), u64(others)); }

/** All six status flags, at their architectural places; other bits of `value` are ignored. */
export function setFlags(value: u32): void {
  store<u32>(FLAG_KIND, 0);
  store<u64>(FLAG_RESULT, u64((value & ZF) == 0));
  store<u64>(FLAG_SOURCE, u64(value & STATUS));
}

/** CF and OF as given at their places, the others as they are (rotations). */
export function setCarryOverflow(bits: u32): void {
  const kind = load<u32>(FLAG_KIND);
  if (kind >> 2 == FLAG_EXPLICIT) store<u64>(FLAG_SOURCE, (load<u64>(FLAG_SOURCE) & ~u64(CF | OF)) | u64(bits));
  else {
    const others = bits | adjust();
    store<u32>(FLAG_KIND, (FLAG_RESULT_ONLY << 2) | (kind & 3));
    store<u64>(FLAG_SOURCE, u64(others));
  }
}

/** Only the status flags in `mask`. */
export function setFlagsMasked(mask: u32, value: u32): void {
  if (mask == (CF | OF)) {
    setCarryOverflow(value & mask);
    return;
  }
  setFlags((flags() & ~mask) | (value & mask));
}

// @ts-ignore: decorator
@inline function sizeMask(kind: u32): u64 { return (~(<u64>0)) >> (64 - (8 << (kind & 3))); }
// @ts-ignore: decorator
@inline function signBit(kind: u32, value: u64): u32 { return <u32>(value >> ((8 << (kind & 3)) - 1)) & 1; }

/** CF as 0 or 1. */
export function carry(): u32 {
  const kind = load<u32>(FLAG_KIND);
  const result = load<u64>(FLAG_RESULT);
  const source = load<u64>(FLAG_SOURCE);
  switch (kind >> 2) {
    case FLAG_ADD: return u32(result < source);
    case FLAG_ADC: return u32(result <= source);
    case FLAG_SUB: return u32(((result + source) & sizeMask(kind)) < source);
    case FLAG_SBB: return u32(((result + source + 1) & sizeMask(kind)) <= source);
    case FLAG_LOGIC: return 0;
    default: return <u32>source & 1;
  }
}

/** OF as 0 or 1. */
export function overflow(): u32 {
  const kind = load<u32>(FLAG_KIND);
  const result = load<u64>(FLAG_RESULT);
  const source = load<u64>(FLAG_SOURCE);
  switch (kind >> 2) {
    case FLAG_ADD: return signBit(kind, ((result - source) ^ result) & (source ^ result));
    case FLAG_ADC: return signBit(kind, ((result - source - 1) ^ result) & (source ^ result));
    case FLAG_SUB: {
      const first = result + source;
      return signBit(kind, (first ^ source) & (first ^ result));
    }
    case FLAG_SBB: {
      const first = result + source + 1;
      return signBit(kind, (first ^ source) & (first ^ result));
    }
    case FLAG_LOGIC: return 0;
    case FLAG_INC: return u32(result == (sizeMask(kind) >> 1) + 1);
    case FLAG_DEC: return u32(result == sizeMask(kind) >> 1);
    default: return (<u32>source >> 11) & 1;
  }
}

// @ts-ignore: decorator
@inline export function zero(): u32 { return u32(load<u64>(FLAG_RESULT) == 0); }

/** SF as 0 or 1. */
export function sign(): u32 {
  const kind = load<u32>(FLAG_KIND);
  if (kind >> 2 == 0) return (load<u32>(FLAG_SOURCE) >> 7) & 1;
  return signBit(kind, load<u64>(FLAG_RESULT));
}

/** PF as 0 or 1. */
export function parity(): u32 {
  if (load<u32>(FLAG_KIND) >> 2 == 0) return (load<u32>(FLAG_SOURCE) >> 2) & 1;
  return (popcnt<u32>(<u32>load<u8>(FLAG_RESULT)) & 1) ^ 1;
}

function adjust(): u32 {
  const kind = load<u32>(FLAG_KIND);
  const result = <u32>load<u64>(FLAG_RESULT);
  const source = <u32>load<u64>(FLAG_SOURCE);
  switch (kind >> 2) {
    case FLAG_ADD: return (result ^ source ^ (result - source)) & AF;
    case FLAG_ADC: return (result ^ source ^ (result - source - 1)) & AF;
    case FLAG_SUB: return (result ^ source ^ (result + source)) & AF;
    case FLAG_SBB: return (result ^ source ^ (result + source + 1)) & AF;
    case FLAG_LOGIC: return 0;
    case FLAG_INC: return (result & 15) == 0 ? AF : 0;
    case FLAG_DEC: return (result & 15) == 15 ? AF : 0;
    default: return source & AF;
  }
}

/** The six status flags at their architectural places. */
export function flags(): u32 {
  if (load<u32>(FLAG_KIND) >> 2 == 0) return <u32>load<u64>(FLAG_SOURCE);
  return carry() | (parity() << 2) | adjust() | (zero() << 6) | (sign() << 7) | (overflow() << 11);
}

/** Condition code of Jcc, SETcc, CMOVcc (the opcode's low four bits). */
export function condition(cc: u32): bool {
  let value: u32 = 0;
  switch (cc >> 1) {
    case 0: value = overflow(); break;
    case 1: value = carry(); break;
    case 2: value = zero(); break;
    case 3: value = carry() | zero(); break;
    case 4: value = sign(); break;
    case 5: value = parity(); break;
    case 6: value = sign() ^ overflow(); break;
    default: value = (sign() ^ overflow()) | zero(); break;
  }
  return (value ^ (cc & 1)) != 0;
}

/** RFLAGS as software sees it: bit 1 set, status flags computed. */
export function readRflags(): u64 { return (load<u64>(RFLAGS) & ~u64(STATUS)) | u64(flags()) | 2; }

/** All of RFLAGS at once; the caller has masked what may change, and calls modeChanged() if AC, VM or TF did. */
export function writeRflags(value: u64): void {
  store<u64>(RFLAGS, (value & ~u64(STATUS)) | 2);
  setFlags(<u32>value);
}
