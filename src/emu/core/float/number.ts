// Operands and results taken apart. A finite number is (-1)^sign * sig / 2^63 * 2^exp with bit 63 of sig set;
// a NaN's payload stands left-aligned in sig, so that it converts among the formats by itself.
import { denormalsAreZero } from './status';

export const ZERO: u32 = 0;
export const FINITE: u32 = 1;
export const INFINITY: u32 = 2;
export const QUIET: u32 = 3;
export const SIGNALING: u32 = 4;
/** 80-bit encodings that a processor since the 387 refuses: unnormals, pseudo-infinities, pseudo-NaNs. */
export const UNSUPPORTED: u32 = 5;

export const TOP_BIT: u64 = 0x8000000000000000;
export const QUIET_BIT: u64 = 0x4000000000000000;

export let aKind: u32 = 0;
export let aSign: u32 = 0;
export let aExp: i32 = 0;
export let aSig: u64 = 0;
export let aDenormal: bool = false;
export let bKind: u32 = 0;
export let bSign: u32 = 0;
export let bExp: i32 = 0;
export let bSig: u64 = 0;
export let bDenormal: bool = false;
/** The result; a denormal one has exp == exponentMin and bit 63 of sig clear. */
export let rKind: u32 = 0;
export let rSign: u32 = 0;
export let rExp: i32 = 0;
export let rSig: u64 = 0;

/** The second operand becomes the first and the other way round. */
export function swapOperands(): void {
  const kind = aKind;
  const sign = aSign;
  const exp = aExp;
  const sig = aSig;
  const denormal = aDenormal;
  aKind = bKind;
  aSign = bSign;
  aExp = bExp;
  aSig = bSig;
  aDenormal = bDenormal;
  bKind = kind;
  bSign = sign;
  bExp = exp;
  bSig = sig;
  bDenormal = denormal;
}

function copyToB(): void {
  bKind = aKind;
  bSign = aSign;
  bExp = aExp;
  bSig = aSig;
  bDenormal = aDenormal;
}

function denormal(sig: u64, minimum: i32): void {
  if (denormalsAreZero) {
    aKind = ZERO;
    return;
  }
  const shift = i32(clz(sig));
  aKind = FINITE;
  aDenormal = true;
  aSig = sig << shift;
  aExp = minimum - shift;
}

function special(sig: u64): void {
  aSig = sig | TOP_BIT;
  aKind = (sig << 1) == 0 ? INFINITY : (sig & QUIET_BIT) != 0 ? QUIET : SIGNALING;
}

export function unpack32(bits: u32): void {
  const sig = u64(bits) << 40;
  const e = (bits >> 23) & 0xff;
  aSign = bits >> 31;
  aDenormal = false;
  if (e == 0xff) special(sig);
  else if (e != 0) {
    aKind = FINITE;
    aExp = i32(e) - 127;
    aSig = sig | TOP_BIT;
  } else if ((sig << 1) == 0) aKind = ZERO;
  else denormal(sig & ~TOP_BIT, -126);
}

export function unpack64(bits: u64): void {
  const sig = bits << 11;
  const e = u32(bits >> 52) & 0x7ff;
  aSign = u32(bits >> 63);
  aDenormal = false;
  if (e == 0x7ff) special(sig);
  else if (e != 0) {
    aKind = FINITE;
    aExp = i32(e) - 1023;
    aSig = sig | TOP_BIT;
  } else if ((sig << 1) == 0) aKind = ZERO;
  else denormal(sig & ~TOP_BIT, -1022);
}

/** `top` is sign and exponent, bits 64 to 79. */
export function unpack80(top: u32, sig: u64): void {
  const e = top & 0x7fff;
  aSign = (top >> 15) & 1;
  aDenormal = false;
  if (e == 0) {
    if (sig == 0) aKind = ZERO;
    else denormal(sig, -16382);
  } else if ((sig & TOP_BIT) == 0) aKind = UNSUPPORTED;
  else if (e == 0x7fff) special(sig);
  else {
    aKind = FINITE;
    aExp = i32(e) - 16383;
    aSig = sig;
  }
}

export function unpackInteger(value: i64): void {
  aDenormal = false;
  aSign = u32(value < 0);
  if (value == 0) {
    aKind = ZERO;
    return;
  }
  const magnitude = value < 0 ? -value : value;
  const shift = i32(clz(magnitude));
  aKind = FINITE;
  aSig = u64(magnitude) << shift;
  aExp = 63 - shift;
}

/** The value just unpacked is the second operand. The first is unpacked after it. */
// @ts-ignore: decorator
@inline
export function second(): void {
  copyToB();
}

export function pack32(): u32 {
  const sign = rSign << 31;
  if (rKind == ZERO) return sign;
  if (rKind == INFINITY) return sign | 0x7f800000;
  const fraction = u32(rSig >> 40) & 0x7fffff;
  if (rKind != FINITE) return sign | 0x7f800000 | fraction;
  return sign | (u32((rSig & TOP_BIT) != 0 ? rExp + 127 : 0) << 23) | fraction;
}

export function pack64(): u64 {
  const sign = u64(rSign) << 63;
  if (rKind == ZERO) return sign;
  if (rKind == INFINITY) return sign | 0x7ff0000000000000;
  const fraction = (rSig << 1) >> 12;
  if (rKind != FINITE) return sign | 0x7ff0000000000000 | fraction;
  return sign | (u64((rSig & TOP_BIT) != 0 ? rExp + 1023 : 0) << 52) | fraction;
}

/** Sign and exponent of the result in the 80-bit format; significand: `sig80`. */
export function top80(): u32 {
  const sign = rSign << 15;
  if (rKind == ZERO) return sign;
  if (rKind != FINITE) return sign | 0x7fff;
  return sign | u32((rSig & TOP_BIT) != 0 ? rExp + 16383 : 0);
}

export function sig80(): u64 {
  if (rKind == ZERO) return 0;
  if (rKind == INFINITY) return TOP_BIT;
  return rSig;
}

export function setZero(sign: u32): void {
  rKind = ZERO;
  rSign = sign;
}

export function setInfinity(sign: u32): void {
  rKind = INFINITY;
  rSign = sign;
}

/** The default NaN of x86: negative, quiet, no payload. */
export function setDefaultNan(): void {
  rKind = QUIET;
  rSign = 1;
  rSig = TOP_BIT | QUIET_BIT;
}

/** The first operand as it stands, unrounded. */
export function setA(): void {
  rKind = aKind;
  rSign = aSign;
  rExp = aExp;
  rSig = aSig;
}

export function setFinite(sign: u32, exp: i32, sig: u64): void {
  rKind = FINITE;
  rSign = sign;
  rExp = exp;
  rSig = sig;
}
