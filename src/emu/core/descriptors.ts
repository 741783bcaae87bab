// Segment descriptors in memory: fetching, taking apart, marking. Offsets and bits are those of SDM volume 3, 3.4.5.
import {
  EFER, GDTR_BASE, GDTR_LIMIT, SEG_ATTR, SEG_BASE, SEG_LIMIT, SEG_SELECTOR,
} from "./generated/layout";
import { faulted, raiseCode } from "./fault";
import { readSystem64, writeSystem8 } from "./memory";
import { EFER_LMA, SEG_LDTR } from "./mode";

// Attributes as segAttr has them: descriptor bits 40-47 and 52-55, the latter from bit 12 on.
export const ATTR_TYPE: u32 = 0xf;
export const ATTR_ACCESSED: u32 = 1;
/** Data: writable. Code: readable. */
export const ATTR_WRITABLE: u32 = 2;
/** Data: expand-down. Code: conforming. */
export const ATTR_CONFORMING: u32 = 4;
export const ATTR_CODE: u32 = 8;
export const ATTR_S: u32 = 0x10;
export const ATTR_PRESENT: u32 = 0x80;
export const ATTR_LONG: u32 = 1 << 13;
export const ATTR_BIG: u32 = 1 << 14;
export const ATTR_GRANULAR: u32 = 1 << 15;
export const ATTR_UNUSABLE: u32 = 1 << 16;

// Types of system descriptors.
export const TYPE_TSS16: u32 = 1;
export const TYPE_LDT: u32 = 2;
export const TYPE_TSS16_BUSY: u32 = 3;
export const TYPE_CALL_GATE16: u32 = 4;
export const TYPE_TASK_GATE: u32 = 5;
export const TYPE_INTERRUPT_GATE16: u32 = 6;
export const TYPE_TRAP_GATE16: u32 = 7;
export const TYPE_TSS32: u32 = 9;
export const TYPE_TSS32_BUSY: u32 = 11;
export const TYPE_CALL_GATE32: u32 = 12;
export const TYPE_INTERRUPT_GATE32: u32 = 14;
export const TYPE_TRAP_GATE32: u32 = 15;

/** 1 while an event from outside the program is delivered: the EXT bit of every error code. */
export let external: u32 = 0;
export function setExternal(value: u32): void { external = value; }

/** Where the descriptor fetched last lies. */
export let descriptorAddress: u64 = 0;

/** A fault whose error code names a selector. */
export function raiseSelector(vector: u32, selector: u32): void { raiseCode(vector, (selector & 0xfffc) | external); }

// @ts-ignore: decorator
@inline export function longModeActive(): bool { return (load<u64>(EFER) & EFER_LMA) != 0; }
// @ts-ignore: decorator
@inline export function isNull(selector: u32): bool { return (selector & 0xfffc) == 0; }

/** True if the selector's table holds it; `bytes` of it. Remembers the address. */
export function locate(selector: u32, bytes: u32): bool {
  const offset = selector & 0xfff8;
  let base: u64;
  let limit: u32;
  if (selector & 4) {
    if (load<u32>(SEG_ATTR + (SEG_LDTR << 2)) & ATTR_UNUSABLE) return false;
    base = load<u64>(SEG_BASE + (SEG_LDTR << 3));
    limit = load<u32>(SEG_LIMIT + (SEG_LDTR << 2));
  } else {
    base = load<u64>(GDTR_BASE);
    limit = load<u32>(GDTR_LIMIT);
  }
  if (u64(offset) + bytes - 1 > u64(limit)) return false;
  descriptorAddress = base + offset;
  if (!longModeActive()) descriptorAddress &= 0xffff_ffff;
  return true;
}

/** The descriptor of a selector; outside its table raises `vector` with the selector. */
export function fetch(selector: u32, vector: u32): u64 {
  if (!locate(selector, 8)) {
    raiseSelector(vector, selector);
    return 0;
  }
  return readSystem64(descriptorAddress);
}

// @ts-ignore: decorator
@inline export function attrOf(descriptor: u64): u32 { return <u32>(descriptor >> 40) & 0xf0ff; }
// @ts-ignore: decorator
@inline export function baseOf(descriptor: u64): u64 {
  return ((descriptor >> 16) & 0xff_ffff) | ((descriptor >> 56) << 24);
}
export function limitOf(descriptor: u64): u32 {
  const limit = <u32>(descriptor & 0xffff) | (<u32>(descriptor >> 32) & 0xf_0000);
  return (descriptor >> 55) & 1 ? (limit << 12) | 0xfff : limit;
}
// @ts-ignore: decorator
@inline export function dplOf(attr: u32): u32 { return (attr >> 5) & 3; }
// @ts-ignore: decorator
@inline export function isCode(attr: u32): bool { return (attr & (ATTR_S | ATTR_CODE)) == (ATTR_S | ATTR_CODE); }
// @ts-ignore: decorator
@inline export function isWritableData(attr: u32): bool {
  return (attr & (ATTR_S | ATTR_CODE | ATTR_WRITABLE)) == (ATTR_S | ATTR_WRITABLE);
}

/** Sets the accessed bit in memory if it is clear. */
export function markAccessed(address: u64, descriptor: u64): void {
  if (((descriptor >> 40) & ATTR_ACCESSED) == 0) writeSystem8(address + 5, <u32>((descriptor >> 40) & 0xff) | ATTR_ACCESSED);
}

/** Fills the hidden part of a segment register. */
export function setSegment(segment: u32, selector: u32, base: u64, limit: u32, attr: u32): void {
  store<u16>(SEG_SELECTOR + (segment << 1), <u16>selector);
  store<u64>(SEG_BASE + (segment << 3), base);
  store<u32>(SEG_LIMIT + (segment << 2), limit);
  store<u32>(SEG_ATTR + (segment << 2), attr);
}

export function setFromDescriptor(segment: u32, selector: u32, descriptor: u64): void {
  setSegment(segment, selector, baseOf(descriptor), limitOf(descriptor), attrOf(descriptor) | ATTR_ACCESSED);
}

/** A null selector: the register is unusable (outside 64-bit mode every access through it faults). */
export function setNull(segment: u32, selector: u32): void { setSegment(segment, selector, 0, 0, ATTR_UNUSABLE); }

// @ts-ignore: decorator
@inline export function selectorOf(segment: u32): u32 { return u32(load<u16>(SEG_SELECTOR + (segment << 1))); }
// @ts-ignore: decorator
@inline export function attrIn(segment: u32): u32 { return load<u32>(SEG_ATTR + (segment << 2)); }

/** Upper half of the base in a 16-byte LDT or TSS descriptor; its type field must be 0 there, else #GP. */
export function upperBase(address: u64, selector: u32, vector: u32): u64 {
  const high = readSystem64(address + 8);
  if (faulted()) return 0;
  if ((high >> 40) & 0x1f) raiseSelector(vector, selector);
  return high << 32;
}
