// What a floating-point operation runs under and what it raises. Exception bits stand where MXCSR and the x87
// status word have them.

export const INVALID: u32 = 1;
export const DENORMAL: u32 = 2;
export const ZERO_DIVIDE: u32 = 4;
export const OVERFLOW: u32 = 8;
export const UNDERFLOW: u32 = 16;
export const INEXACT: u32 = 32;
/** x87 C1: the last rounding went away from zero. */
export const ROUNDED_UP: u32 = 0x200;
/** Exceptions detected before the operation is carried out (SDM vol. 1, 8.5 and 11.5.2). */
export const BEFORE: u32 = 7;

export const TO_NEAREST: u32 = 0;
export const DOWN: u32 = 1;
export const UP: u32 = 2;
export const TO_ZERO: u32 = 3;

/** Exceptions of the operations since the last begin. */
export let raised: u32 = 0;
/** Masked exceptions, bits 0 to 5. */
export let masked: u32 = 63;
export let rounding: u32 = TO_NEAREST;
export let denormalsAreZero: bool = false;
export let flushToZero: bool = false;
/** NaN choice and responses of the x87: larger significand wins, unmasked over- and underflow scale the exponent. */
export let x87Rules: bool = false;
/** What the scaling adds or subtracts. */
export const SCALE_X87: i32 = 24576;

// The format that results are rounded to.
export let precision: i32 = 53;
export let exponentMin: i32 = -1022;
export let exponentMax: i32 = 1023;

export function beginSse(mxcsr: u32): void {
  raised = 0;
  masked = (mxcsr >> 7) & 63;
  rounding = (mxcsr >> 13) & 3;
  denormalsAreZero = (mxcsr & 0x40) != 0;
  flushToZero = (mxcsr & 0x8800) == 0x8800;
  x87Rules = false;
}

/** Results are rounded as the control word says: precision control, exponents of the 80-bit format. */
export function beginX87(control: u32): void {
  beginX87Full(control);
  const pc = (control >> 8) & 3;
  if (pc == 0) precision = 24;
  else if (pc == 2) precision = 53;
}

/** The same for instructions that ignore precision control. */
export function beginX87Full(control: u32): void {
  raised = 0;
  masked = control & 63;
  rounding = (control >> 10) & 3;
  denormalsAreZero = false;
  flushToZero = false;
  x87Rules = true;
  format80();
}

// @ts-ignore: decorator
@inline
export function raise(flags: u32): void {
  raised |= flags;
}

export function setRaised(flags: u32): void {
  raised = flags;
}

export function format32(): void {
  precision = 24;
  exponentMin = -126;
  exponentMax = 127;
}

export function format64(): void {
  precision = 53;
  exponentMin = -1022;
  exponentMax = 1023;
}

export function format80(): void {
  precision = 64;
  exponentMin = -16382;
  exponentMax = 16383;
}

/** Exceptions raised and not masked. */
// @ts-ignore: decorator
@inline
export function unmasked(): u32 {
  return raised & ~masked & 63;
}

/**
 * What the operation (all lanes of it) reports in the end: an unmasked exception found before the operation
 * keeps it from being carried out, so nothing found after rounding is reported then.
 */
export function settle(): u32 {
  if ((raised & ~masked & BEFORE) != 0) raised &= BEFORE;
  return raised;
}
