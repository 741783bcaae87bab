// Decode modes and TLB contexts: everything that decides what bytes mean, in one number that is part of a block's key.
import {
  MODE, CPL, CR0, CR4, EFER, RFLAGS, SEG_ATTR, SEG_BASE, SEG_LIMIT, READ_TLB, WRITE_TLB, CODE_TLB, ALIGNMENT_CHECK,
} from "./generated/layout";
import { tableOf, TLB_READ, TLB_WRITE, TLB_CODE } from "./tlb";
import { leaveAfter } from "./fault";
import { AC, VM } from "./flags";

/** cpuVendor. */
export const VENDOR_AMD: u32 = 0;
export const VENDOR_INTEL: u32 = 1;

export const MODE_BITS: u32 = 3; // 0: 16-bit code, 1: 32-bit, 2: 64-bit
export const MODE_CODE16: u32 = 0;
export const MODE_CODE32: u32 = 1;
export const MODE_CODE64: u32 = 2;
/** CS, DS, ES and SS have base 0 and reach 4 GiB (always so in 64-bit mode). */
export const MODE_FLAT: u32 = 4;
/** The stack pointer is ESP, not SP (outside 64-bit mode). */
export const MODE_STACK32: u32 = 8;
/** Protected mode, not virtual-8086. */
export const MODE_PROTECTED: u32 = 16;
/** CPL 3. */
export const MODE_USER: u32 = 32;
export const MODE_TS: u32 = 64;
export const MODE_EM: u32 = 128;
export const MODE_OSFXSR: u32 = 256;
/** Alignment checks are on: memory operands take the slow path. */
export const MODE_ALIGNMENT: u32 = 512;
/** Long mode is active (64-bit or compatibility mode). */
export const MODE_LONG: u32 = 1024;
/** CPL 1 or 2: privileged instructions fault, pages are seen as a supervisor. */
export const MODE_RING12: u32 = 2048;

export const CR0_PE: u64 = 1;
export const CR0_MP: u64 = 2;
export const CR0_EM: u64 = 4;
export const CR0_TS: u64 = 8;
export const CR0_NE: u64 = 0x20;
export const CR0_WP: u64 = 0x1_0000;
export const CR0_AM: u64 = 0x4_0000;
export const CR0_PG: u64 = 0x8000_0000;
export const CR4_VME: u64 = 1;
export const CR4_PVI: u64 = 2;
export const CR4_TSD: u64 = 4;
export const CR4_DE: u64 = 8;
export const CR4_PSE: u64 = 0x10;
export const CR4_PAE: u64 = 0x20;
export const CR4_MCE: u64 = 0x40;
export const CR4_PGE: u64 = 0x80;
export const CR4_PCE: u64 = 0x100;
export const CR4_OSFXSR: u64 = 0x200;
export const CR4_OSXMMEXCPT: u64 = 0x400;
export const CR4_UMIP: u64 = 0x800;
export const CR4_FSGSBASE: u64 = 0x1_0000;
export const CR4_PCIDE: u64 = 0x2_0000;
export const CR4_OSXSAVE: u64 = 0x4_0000;
export const CR4_SMEP: u64 = 0x10_0000;
export const CR4_SMAP: u64 = 0x20_0000;
export const EFER_SCE: u64 = 1;
export const EFER_LME: u64 = 0x100;
export const EFER_LMA: u64 = 0x400;
export const EFER_NXE: u64 = 0x800;
export const EFER_FFXSR: u64 = 0x4000;

export const SEG_ES: u32 = 0;
export const SEG_CS: u32 = 1;
export const SEG_SS: u32 = 2;
export const SEG_DS: u32 = 3;
export const SEG_FS: u32 = 4;
export const SEG_GS: u32 = 5;
export const SEG_LDTR: u32 = 6;
export const SEG_TR: u32 = 7;

const ATTR_LONG: u32 = 1 << 13;
const ATTR_BIG: u32 = 1 << 14;

// @ts-ignore: decorator
@inline export function isLongCode(): bool { return (load<u32>(MODE) & MODE_BITS) == MODE_CODE64; }
// @ts-ignore: decorator
@inline export function isProtected(): bool { return (load<u32>(MODE) & MODE_PROTECTED) != 0; }

/** A data segment that reaches over all 4 GiB with base 0 and is usable, readable and writable. */
function flatData(segment: u32): bool {
  const attr = load<u32>(SEG_ATTR + (segment << 2));
  return load<u64>(SEG_BASE + (segment << 3)) == 0 && load<u32>(SEG_LIMIT + (segment << 2)) == 0xffff_ffff
    && (attr & 0x1_009e) == 0x92; // usable, present, S, data, expand-up, writable
}

function flatCode(): bool {
  return load<u64>(SEG_BASE + (SEG_CS << 3)) == 0 && load<u32>(SEG_LIMIT + (SEG_CS << 2)) == 0xffff_ffff;
}

/** To be called after any change of CPL, CR0, CR4, EFER, a segment register, or AC, VM in RFLAGS. Ends the block. */
export function modeChanged(): void {
  const cr0 = load<u64>(CR0), cr4 = load<u64>(CR4), rflags = load<u64>(RFLAGS), cpl = load<u32>(CPL);
  const codeAttr = load<u32>(SEG_ATTR + (SEG_CS << 2));
  let mode: u32 = 0;
  if (load<u64>(EFER) & EFER_LMA) mode |= MODE_LONG;
  if ((mode & MODE_LONG) && (codeAttr & ATTR_LONG)) {
    mode |= MODE_CODE64 | MODE_FLAT | MODE_STACK32 | MODE_PROTECTED;
  } else {
    if (cr0 & CR0_PE) {
      if ((rflags & VM) == 0) mode |= MODE_PROTECTED;
    }
    if (codeAttr & ATTR_BIG) mode |= MODE_CODE32;
    if (load<u32>(SEG_ATTR + (SEG_SS << 2)) & ATTR_BIG) mode |= MODE_STACK32;
    if (flatCode() && flatData(SEG_DS) && flatData(SEG_ES) && flatData(SEG_SS)) mode |= MODE_FLAT;
  }
  if (cpl == 3) mode |= MODE_USER; else if (cpl != 0) mode |= MODE_RING12;
  if (cr0 & CR0_TS) mode |= MODE_TS;
  if (cr0 & CR0_EM) mode |= MODE_EM;
  if (cr4 & CR4_OSFXSR) mode |= MODE_OSFXSR;
  const alignment = (cr0 & CR0_AM) != 0 && (rflags & AC) != 0 && cpl == 3;
  if (alignment) mode |= MODE_ALIGNMENT;
  store<u32>(MODE, mode);
  store<u32>(ALIGNMENT_CHECK, u32(alignment));
  const context: u32 = cpl == 3 ? 2 : (cr4 & CR4_SMAP) != 0 && (rflags & AC) != 0 ? 1 : 0;
  store<u32>(READ_TLB, <u32>tableOf(TLB_READ + context));
  store<u32>(WRITE_TLB, <u32>tableOf(TLB_WRITE + context));
  store<u32>(CODE_TLB, <u32>tableOf(TLB_CODE + u32(cpl == 3)));
  leaveAfter();
}
