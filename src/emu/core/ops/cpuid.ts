// CPUID by the table of isa/cpuid.ts, and what depends on the number of virtual CPUs.
import {
  APIC_BASE, CONTROL_CPUID, CPU_VENDOR, CR4, EXIT_CPUID, EXIT_LINEAR, EXIT_PHYSICAL, VCPU, VCPU_COUNT, VMCS_CONTROLS,
} from "../generated/layout";
import { CPUID_COUNT, CPUID_ROWS } from "../generated/cpuid";
import { CR4_OSXSAVE, VENDOR_AMD } from "../mode";
import { interceptInstruction } from "../monitor/intercept";
import { RAX, RBX, RCX, RDX } from "./sized";

const ROW_BYTES: usize = 28;
const ANY: u32 = 0xffff_ffff;
const EDX_APIC: u32 = 1 << 9;
const ECX_OSXSAVE: u32 = 1 << 27;
const APIC_ENABLED: u64 = 1 << 11;
/** Level of the cache that all cores share. */
const SHARED_LEVEL: u32 = 3;
const EDX_HTT: u32 = 1 << 28;
/** AMD: the logical processors of a package are cores. */
const ECX_COMPARE_LEGACY: u32 = 1 << 1;

/** Row that answers, 0 if there is none: all registers are 0 then. */
function rowOf(leaf: u32, subleaf: u32): usize {
  const vendor = load<u32>(CPU_VENDOR);
  for (let i: u32 = 0; i < CPUID_COUNT; i++) {
    const row = CPUID_ROWS + i * ROW_BYTES;
    if (load<u32>(row) != leaf) continue;
    const rowSubleaf = load<u32>(row, 4);
    const rowVendor = load<u32>(row, 8);
    if ((rowSubleaf == ANY || rowSubleaf == subleaf) && (rowVendor == ANY || rowVendor == vendor)) return row;
  }
  return 0;
}

export function cpuid(op: usize): void {
  const leaf = load<u32>(RAX);
  const subleaf = load<u32>(RCX);
  const row = rowOf(leaf, subleaf);
  let eax: u32 = row ? load<u32>(row, 12) : 0;
  let ebx: u32 = row ? load<u32>(row, 16) : 0;
  let ecx: u32 = row ? load<u32>(row, 20) : 0;
  let edx: u32 = row ? load<u32>(row, 24) : 0;
  if (leaf == 1) {
    if (load<u64>(CR4) & CR4_OSXSAVE) ecx |= ECX_OSXSAVE;
    if ((load<u64>(APIC_BASE) & APIC_ENABLED) == 0) edx &= ~EDX_APIC;
  }
  // Topology: one package, whose cores have one thread each and are numbered by their APIC IDs.
  const cores = load<u32>(VCPU_COUNT);
  const idBits: u32 = 32 - clz<u32>(cores - 1);
  switch (leaf) {
    case 1:
      ebx |= (load<u32>(VCPU) << 24) | (cores << 16);
      if (cores > 1) edx |= EDX_HTT;
      break;
    case 4:
      if (eax == 0) break;
      eax |= (cores - 1) << 26;
      if (((eax >> 5) & 7) == SHARED_LEVEL) eax |= (cores - 1) << 14;
      break;
    case 0xb:
      // The level asked for is named even where there is none.
      if (row == 0) ecx = subleaf & 0xff;
      if (subleaf == 1) {
        eax = idBits;
        ebx = cores;
      }
      edx = load<u32>(VCPU);
      break;
    case 0x8000_0001:
      if (cores > 1 && load<u32>(CPU_VENDOR) == VENDOR_AMD) ecx |= ECX_COMPARE_LEGACY;
      break;
    case 0x8000_0008:
      if (cores > 1 && load<u32>(CPU_VENDOR) == VENDOR_AMD) ecx = (cores - 1) | (idBits << 12);
      break;
    default: break;
  }
  if (load<u32>(VMCS_CONTROLS) & CONTROL_CPUID) {
    store<u64>(EXIT_LINEAR, u64(eax) | (u64(ebx) << 32));
    store<u64>(EXIT_PHYSICAL, u64(ecx) | (u64(edx) << 32));
    if (!interceptInstruction(op, EXIT_CPUID, leaf, u64(subleaf))) return;
  }
  store<u64>(RAX, u64(eax));
  store<u64>(RBX, u64(ebx));
  store<u64>(RCX, u64(ecx));
  store<u64>(RDX, u64(edx));
}
