/** Values as strings, for text that is put together before it is written. What is written often goes to a TextBuffer. */
import { TextBuffer } from '../text-buffer.ts';

const scratch = new TextBuffer();

function written(write: (out: TextBuffer) => void): string {
  scratch.truncate(0);
  write(scratch);
  return scratch.toString();
}

/** A 64-bit value as 0x..., without leading zeros. */
export const hex64 = (low: number, high: number): string => written((out) => out.hex64(low, high));

/** A pointer: NULL or hex. */
export const pointer = (low: number, high: number): string => written((out) => out.pointer(low, high));

/** Unsigned 64-bit decimal. */
export const unsigned64 = (low: number, high: number): string => written((out) => out.unsigned64(low, high));

/** Signed 64-bit decimal. */
export const signed64 = (low: number, high: number): string => written((out) => out.signed64(low, high));

/** Octal with a leading 0, of at least three characters: file modes. */
export const octal = (value: number): string => written((out) => out.octal(value));

/** Bytes as a C string literal. */
export const quote = (bytes: Uint8Array): string => written((out) => out.quote(bytes));

/** Bytes up to the first NUL as a literal: a fixed-size text field. */
export function quoteText(bytes: Uint8Array): string {
  const end = bytes.indexOf(0);
  return quote(end < 0 ? bytes : bytes.subarray(0, end));
}

/** Bytes as a literal of at most `limit`, followed by dots when there are more. */
export function quoteBuffer(bytes: Uint8Array, fullLength: number, limit: number): string {
  const shown = Math.min(bytes.length, limit);
  return quote(bytes.subarray(0, shown)) + (fullLength > shown ? '...' : '');
}
