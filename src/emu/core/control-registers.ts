// Writing CR0, CR3, CR4, CR8 and EFER: what is consistent, what follows (SDM volume 3, 2.5 and 4.1).
import { leaveSpace } from "./monitor/spaces";
import { watchesWrites } from "./monitor/watches";
import { addressSpaceChanges, listsPages } from "./monitor/pages";
import { CR0, CR3, CR4, CR8, EFER, SEG_ATTR } from "./generated/layout";
import { ATTR_LONG } from "./descriptors";
import { VECTOR_GP, faulted, raiseCode } from "./fault";
import { tprChanged } from "./host";
import { isRam, ramAddress } from "./mmu";
import {
  CR0_PE, CR0_PG, CR0_WP, CR4_DE, CR4_FSGSBASE, CR4_MCE, CR4_OSFXSR, CR4_OSXMMEXCPT, CR4_OSXSAVE, CR4_PAE, CR4_PCE,
  CR4_PGE, CR4_PSE, CR4_SMAP, CR4_SMEP, CR4_TSD, CR4_UMIP, EFER_FFXSR, EFER_LMA, EFER_LME, EFER_NXE, EFER_SCE, SEG_CS,
  isLongCode, modeChanged,
} from "./mode";
import { flushTlb } from "./tlb";

const CR0_ET: u64 = 0x10;
const CR0_NW: u64 = 0x2000_0000;
const CR0_CD: u64 = 0x4000_0000;
const CR0_KNOWN: u64 = 0xe005_003f;
const CR4_KNOWN: u64 = CR4_TSD | CR4_DE | CR4_PSE | CR4_PAE | CR4_MCE | CR4_PGE | CR4_PCE | CR4_OSFXSR | CR4_OSXMMEXCPT
  | CR4_UMIP | CR4_FSGSBASE | CR4_OSXSAVE | CR4_SMEP | CR4_SMAP;
/** A change of these makes cached translations wrong. */
const CR4_TRANSLATION: u64 = CR4_PSE | CR4_PAE | CR4_PGE | CR4_SMEP | CR4_SMAP;
/** Automatic IBRS: there is no speculation to restrict. */
const EFER_AUTO_IBRS: u64 = 1 << 21;
const EFER_KNOWN: u64 = EFER_AUTO_IBRS | EFER_SCE | EFER_LME | EFER_LMA | EFER_NXE | EFER_FFXSR;
/** Physical addresses have 40 bits, as CPUID says. */
const BEYOND_PHYSICAL: u64 = ~(<u64>0xff_ffff_ffff);
const PDPTE_RESERVED: u64 = 0xffff_ff00_0000_01e6;

function refuse(): void { raiseCode(VECTOR_GP, 0); }

/** PAE paging loads the four page-directory pointers; a present one with reserved bits set is refused. */
function checkPointers(cr3: u64): void {
  const at = cr3 & 0xffff_ffe0;
  for (let i: u32 = 0; i < 4; i++) {
    if (!isRam(at + (i << 3) + 7)) continue;
    const entry = load<u64>(ramAddress(at + (i << 3)));
    if ((entry & 1) != 0 && (entry & PDPTE_RESERVED) != 0) refuse();
  }
}

export function writeCr0(value: u64): void {
  const old = load<u64>(CR0);
  if (value >> 32) return refuse();
  value = (value & CR0_KNOWN) | CR0_ET;
  if ((value & CR0_PG) != 0 && (value & CR0_PE) == 0) return refuse();
  if ((value & CR0_NW) != 0 && (value & CR0_CD) == 0) return refuse();
  let efer = load<u64>(EFER);
  const cr4 = load<u64>(CR4);
  if ((value & CR0_PG) != 0 && (old & CR0_PG) == 0) {
    if (efer & EFER_LME) {
      if ((cr4 & CR4_PAE) == 0 || (load<u32>(SEG_ATTR + (SEG_CS << 2)) & ATTR_LONG) != 0) return refuse();
      efer |= EFER_LMA;
    } else if (cr4 & CR4_PAE) checkPointers(load<u64>(CR3));
  } else if ((value & CR0_PG) == 0 && (old & CR0_PG) != 0) {
    if (isLongCode()) return refuse();
    efer &= ~EFER_LMA;
  }
  if (faulted()) return;
  store<u64>(EFER, efer);
  store<u64>(CR0, value);
  if ((old ^ value) & (CR0_PG | CR0_PE | CR0_WP)) flushTlb(true);
  modeChanged();
}

export function writeCr3(value: u64): void {
  const long = (load<u64>(EFER) & EFER_LMA) != 0;
  if (!long) value &= 0xffff_ffff;
  if (value & BEYOND_PHYSICAL) return refuse();
  if (!long && (load<u64>(CR0) & CR0_PG) != 0 && (load<u64>(CR4) & CR4_PAE) != 0) checkPointers(value);
  if (faulted()) return;
  if (listsPages()) addressSpaceChanges(value);
  if (watchesWrites()) leaveSpace(value);
  store<u64>(CR3, value);
  flushTlb(false);
}

export function writeCr4(value: u64): void {
  const old = load<u64>(CR4);
  if (value & ~CR4_KNOWN) return refuse();
  const efer = load<u64>(EFER);
  if ((efer & EFER_LMA) != 0 && (value & CR4_PAE) == 0) return refuse();
  if ((value & CR4_PAE) != 0 && (old & CR4_PAE) == 0 && (load<u64>(CR0) & CR0_PG) != 0) checkPointers(load<u64>(CR3));
  if (faulted()) return;
  store<u64>(CR4, value);
  if ((old ^ value) & CR4_TRANSLATION) flushTlb(true);
  modeChanged();
}

export function writeCr8(value: u64): void {
  if (value > 15) return refuse();
  store<u64>(CR8, value);
  tprChanged(<u32>value);
}

/** LMA is the processor's own; LME may not change while paging is on. */
export function writeEfer(value: u64): void {
  const old = load<u64>(EFER);
  if (value & ~EFER_KNOWN) return refuse();
  if (((old ^ value) & EFER_LME) != 0 && (load<u64>(CR0) & CR0_PG) != 0) return refuse();
  store<u64>(EFER, (value & ~EFER_LMA) | (old & EFER_LMA));
  if ((old ^ value) & EFER_NXE) flushTlb(true);
  modeChanged();
}
