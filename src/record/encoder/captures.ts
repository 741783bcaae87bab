// Captures of a record, as columns.
import {
  CAPTURE_address, CAPTURE_argument, CAPTURE_BYTES, CAPTURE_fullLength, CAPTURE_kind, CAPTURE_length, CAPTURE_status,
  RECORD_BYTES, RECORD_captureCount, RECORD_gpr,
} from "../../emu/core/generated/monitor-layout";
import { putByte, putBytes, putVarint, zigzag } from "./columns";
import { clearPages, isPage, pageFits, putPage } from "./pages";
import {
  COLUMN_captureAddress, COLUMN_captureAddressSource, COLUMN_captureBytes, COLUMN_captureLength, COLUMN_captureMissing,
  COLUMN_captureShape, COLUMN_captureShapeDictionary, SHAPE_BYTES, SHAPE_SLOTS, SHAPE_TABLE, SHAPES,
} from "./places";

/** Captures, and captured bytes but those of pages, of the chunk so far. */
export let captures: u32 = 0;
export let capturedBytes: u32 = 0;
let shapes: u32 = 0;
let lastAddress: u64 = 0;

export function clearCaptures(): void {
  if (shapes > 0) memory.fill(SHAPE_TABLE, 0, 4 * SHAPE_SLOTS);
  captures = capturedBytes = shapes = 0;
  lastAddress = 0;
  clearPages();
}

// @ts-ignore: decorator
@inline function padded(length: u32): u32 { return (length + 7) & ~(<u32>7); }

/** Every capture ends within its record. */
export function capturesFit(record: usize, size: u32): bool {
  let at: u32 = RECORD_BYTES;
  for (let left = load<u32>(record, RECORD_captureCount); left > 0; left--) {
    if (at + CAPTURE_BYTES > size) return false;
    const length = load<u32>(record + at, CAPTURE_length);
    if (length > size - at - CAPTURE_BYTES) return false;
    if (isPage(record + at) && !pageFits(record + at)) return false;
    at += CAPTURE_BYTES + padded(length);
  }
  return true;
}

export function encodeCaptures(record: usize, count: u32): void {
  let at = record + RECORD_BYTES;
  for (let i: u32 = 0; i < count; i++) {
    putVarint(COLUMN_captureShape, u64(shapeOf(at)));
    const address = load<u64>(at, CAPTURE_address);
    const source = registerWith(record, address);
    putByte(COLUMN_captureAddressSource, source);
    if (source == 0) putVarint(COLUMN_captureAddress, zigzag(address - lastAddress));
    lastAddress = address;
    const length = load<u32>(at, CAPTURE_length);
    const kept = isPage(at) ? putPage(at) : putWhole(at, length);
    const missing = isPage(at) ? 0 : u64(load<u32>(at, CAPTURE_fullLength)) - u64(length);
    putVarint(COLUMN_captureLength, u64(kept));
    putVarint(COLUMN_captureMissing, zigzag(missing));
    at += CAPTURE_BYTES + padded(length);
  }
  captures += count;
}

// @ts-ignore: decorator
@inline function putWhole(capture: usize, length: u32): u32 {
  putBytes(COLUMN_captureBytes, capture + CAPTURE_BYTES, length);
  capturedBytes += length;
  return length;
}

/** 1 + the general register that holds an address, or 0. */
function registerWith(record: usize, address: u64): u32 {
  for (let i: u32 = 0; i < 16; i++) if (load<u64>(record + (i << 3), RECORD_gpr) == address) return i + 1;
  return 0;
}

/** Row of the capture's shape, a new one if there was none. */
function shapeOf(capture: usize): u32 {
  const argument = load<u16>(capture, CAPTURE_argument);
  const kind = load<u16>(capture, CAPTURE_kind);
  const status = load<u32>(capture, CAPTURE_status);
  const key = u64(argument) | (u64(kind) << 16) | (u64(status) << 32);
  let slot = <u32>((key * 0x9e37_79b9_7f4a_7c15) >> 40);
  while (true) {
    const place = SHAPE_TABLE + ((slot++ & (SHAPE_SLOTS - 1)) << 2);
    const row = load<u32>(place);
    if (row == 0) {
      store<u64>(SHAPES + shapes * SHAPE_BYTES, key);
      store<u32>(place, ++shapes);
      putVarint(COLUMN_captureShapeDictionary, u64(argument));
      putVarint(COLUMN_captureShapeDictionary, u64(kind));
      putVarint(COLUMN_captureShapeDictionary, u64(status));
      return shapes - 1;
    }
    if (load<u64>(SHAPES + (row - 1) * SHAPE_BYTES) == key) return row - 1;
  }
}
