// FLD FST FILD FIST FISTTP FBLD FBSTP of memory operands.
import { faulted } from "../fault";
import { linearOf } from "../address";
import { probeWrite, read16, read64, write80 } from "../memory";
import { readRm16, readRm32, readRm64, writeRm16, writeRm32, writeRm64 } from "../operands";
import { convert, toDecimal, toInteger } from "../float/convert";
import { aSign, pack32, pack64, setA, setZero, unpack32, unpack64, unpackInteger } from "../float/number";
import {
  beginX87Full, format32, format64, INVALID, OVERFLOW, raise, rounding, TO_ZERO, UNDERFLOW, unmasked,
} from "../float/status";
import { probeImage } from "./x87-control";
import {
  control, enterMemory, hasRoom, isEmpty, loadA, pop, push, pushBits, report, st, underflows,
} from "./x87-stack";

// ---- loads ----

/** An unmasked denormal exception does not keep a load from being delivered (so it is on AMD's processors). */
function pushLoaded(): void {
  if (report() || (unmasked() & INVALID) == 0) push();
}

export function fldMd(op: usize): void {
  const bits = readRm32(op);
  if (faulted()) return;
  enterMemory(op);
  if (!hasRoom()) return;
  beginX87Full(control());
  unpack32(bits);
  convert();
  pushLoaded();
}

export function fldMq(op: usize): void {
  const bits = readRm64(op);
  if (faulted()) return;
  enterMemory(op);
  if (!hasRoom()) return;
  beginX87Full(control());
  unpack64(bits);
  convert();
  pushLoaded();
}

/** Address of an operand of ten bytes that may be accessed, as quadword and word one after the other; else a fault. */
function tenBytes(op: usize, write: bool): u64 {
  const linear = probeImage(op, 0, 8, write);
  probeImage(op, 8, 2, write);
  return linear;
}

export function fldMt(op: usize): void {
  const linear = tenBytes(op, false);
  if (faulted()) return;
  const sig = read64(linear);
  if (faulted()) return;
  const exponent = read16(linear + 8);
  if (faulted()) return;
  enterMemory(op);
  if (hasRoom()) pushBits(sig, exponent);
}

function pushInteger(op: usize, value: i64): void {
  enterMemory(op);
  if (!hasRoom()) return;
  unpackInteger(value);
  setA();
  push();
}

export function fildMw(op: usize): void {
  const value = i64(<i16>readRm16(op));
  if (!faulted()) pushInteger(op, value);
}

export function fildMd(op: usize): void {
  const value = i64(<i32>readRm32(op));
  if (!faulted()) pushInteger(op, value);
}

export function fildMq(op: usize): void {
  const value = i64(readRm64(op));
  if (!faulted()) pushInteger(op, value);
}

/** 18 decimal digits, two a byte, and the sign in the tenth byte. */
export function fbldMt(op: usize): void {
  const linear = tenBytes(op, false);
  if (faulted()) return;
  const low = read64(linear);
  if (faulted()) return;
  const high = read16(linear + 8);
  if (faulted()) return;
  enterMemory(op);
  if (!hasRoom()) return;
  let value = u64((high >> 4) & 15) * 10 + u64(high & 15);
  for (let shift = 60; shift >= 0; shift -= 4) value = value * 10 + ((low >> u64(shift)) & 15);
  if (value == 0) setZero(high >> 15);
  else {
    unpackInteger(i64(value));
    aSign = high >> 15;
    setA();
  }
  push();
}

// ---- stores ----

export function fstMd(op: usize): void { storeSingle(op, false); }
export function fstpMd(op: usize): void { storeSingle(op, true); }
export function fstMq(op: usize): void { storeDouble(op, false); }
export function fstpMq(op: usize): void { storeDouble(op, true); }

/** ST(0) is to be stored: is there something, or the default NaN in its place? Else nothing is stored or popped. */
function openStore(op: usize): bool {
  enterMemory(op);
  beginX87Full(control());
  if (isEmpty(0)) return underflows();
  loadA(0);
  return true;
}

/** After an unmasked overflow or underflow the destination keeps what it holds. */
function narrows(): bool {
  convert(false);
  return (unmasked() & (OVERFLOW | UNDERFLOW)) == 0;
}

function storeSingle(op: usize, popping: bool): void {
  const empty = isEmpty(0);
  if (!canWrite(op, 4) || !openStore(op)) return;
  if (!empty) {
    format32();
    const stores = narrows();
    if (!report() || !stores) return;
  }
  writeRm32(op, pack32());
  if (popping) pop();
}

function storeDouble(op: usize, popping: bool): void {
  const empty = isEmpty(0);
  if (!canWrite(op, 8) || !openStore(op)) return;
  if (!empty) {
    format64();
    const stores = narrows();
    if (!report() || !stores) return;
  }
  writeRm64(op, pack64());
  if (popping) pop();
}

/** Raises what the write would raise, before the status word changes. */
function canWrite(op: usize, size: u32): bool {
  const linear = linearOf(op, size, true);
  if (faulted()) return false;
  probeWrite(linear, size);
  return !faulted();
}

export function fstpMt(op: usize): void {
  const linear = tenBytes(op, true);
  if (faulted()) return;
  enterMemory(op);
  if (isEmpty(0)) {
    if (!underflows()) return;
    write80(linear, 0xc000_0000_0000_0000, 0xffff);
  } else write80(linear, load<u64>(st(0)), load<u16>(st(0), 8));
  pop();
}

/** ST(0) as an integer of `bits` bits: the value is `integer`. False: nothing is stored or popped. */
let integer: i64 = 0;

function integers(op: usize, bits: u32, truncates: bool): bool {
  const empty = isEmpty(0);
  if (!canWrite(op, bits >> 3) || !openStore(op)) return false;
  integer = i64.MIN_VALUE >> (64 - bits);
  if (empty) return true;
  integer = toInteger(bits, truncates ? TO_ZERO : rounding);
  return report();
}

function storeInteger16(op: usize, truncates: bool, popping: bool): void {
  if (!integers(op, 16, truncates)) return;
  writeRm16(op, <u32>integer & 0xffff);
  if (popping) pop();
}

function storeInteger32(op: usize, truncates: bool, popping: bool): void {
  if (!integers(op, 32, truncates)) return;
  writeRm32(op, <u32>integer);
  if (popping) pop();
}

function storeInteger64(op: usize, truncates: bool): void {
  if (!integers(op, 64, truncates)) return;
  writeRm64(op, integer);
  pop();
}

export function fistMw(op: usize): void { storeInteger16(op, false, false); }
export function fistpMw(op: usize): void { storeInteger16(op, false, true); }
export function fisttpMw(op: usize): void { storeInteger16(op, true, true); }
export function fistMd(op: usize): void { storeInteger32(op, false, false); }
export function fistpMd(op: usize): void { storeInteger32(op, false, true); }
export function fisttpMd(op: usize): void { storeInteger32(op, true, true); }
export function fistpMq(op: usize): void { storeInteger64(op, false); }
export function fisttpMq(op: usize): void { storeInteger64(op, true); }

export function fbstpMt(op: usize): void {
  const linear = tenBytes(op, true);
  const empty = isEmpty(0);
  if (faulted() || !openStore(op)) return;
  let magnitude = empty ? -1 : toDecimal(rounding);
  if (!empty) {
    if (magnitude < 0) raise(INVALID);
    if (!report()) return;
  }
  // The packed-decimal indefinite, or digits from the lowest up.
  let low: u64 = 0xc000_0000_0000_0000;
  let high: u32 = 0xffff;
  if (magnitude >= 0) {
    low = 0;
    for (let shift: u64 = 0; shift < 64; shift += 4) {
      low |= u64(magnitude % 10) << shift;
      magnitude /= 10;
    }
    high = <u32>(magnitude % 10 | ((magnitude / 10) << 4)) | (aSign << 15);
  }
  write80(linear, low, high);
  pop();
}
