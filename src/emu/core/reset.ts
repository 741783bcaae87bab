// The processor after power-on, and after INIT (SDM volume 3, table 9-1): real mode, CS:IP at the last 16 bytes below 4 GiB.
import {
  GPR, RIP, RFLAGS, SEG_SELECTOR, SEG_BASE, SEG_LIMIT, SEG_ATTR, GDTR_BASE, IDTR_BASE, GDTR_LIMIT, IDTR_LIMIT,
  BREAKPOINT_HITS, BREAKPOINTS, CR0, CR2, CR3, CR4, CR8, XCR0, DR, EFER, PAT, APIC_BASE, MXCSR, FPU_CONTROL, CPU_VENDOR, A20, CPL, HALTED,
  INTERRUPT_SHADOW, NMI_BLOCKED, NMI_PENDING, FAULT_PENDING, LEAVE_BLOCK, XMM, VCPU, AWAITS_STARTUP, INIT_PENDING, STARTUP_PENDING,
} from "./generated/layout";
import { CPUID_SIGNATURES } from "./generated/cpuid";
import { setFlags } from "./flags";
import { modeChanged, SEG_CS, SEG_LDTR, SEG_TR } from "./mode";
import { flushTlb } from "./tlb";

const RESET_CR0: u64 = 0x6000_0010;
/** CD and NW stay through INIT. */
const INIT_KEEPS: u64 = 0x6000_0000;
const RESET_PAT: u64 = 0x0007_0406_0007_0406;
const RESET_APIC_BASE: u64 = 0xfee0_0800; // enabled
const BOOT_PROCESSOR: u64 = 0x100;

/** The running virtual CPU after power-on. All but the first wait for a startup message. */
export function reset(vendor: u32): void {
  store<u32>(CPU_VENDOR, vendor);
  store<u64>(CR0, RESET_CR0);
  store<u64>(XCR0, 1);
  store<u64>(PAT, RESET_PAT);
  store<u64>(APIC_BASE, RESET_APIC_BASE | (load<u32>(VCPU) == 0 ? BOOT_PROCESSOR : 0));
  memory.fill(XMM, 0, 512);
  store<u32>(MXCSR, 0x1f80);
  store<u16>(FPU_CONTROL, 0x40);
  store<u32>(A20, 1);
  store<u32>(STARTUP_PENDING, 0);
  initialise();
}

/** ... and after an INIT message, which leaves the floating-point registers and most MSRs alone. A startup message may wait already. */
export function initialise(): void {
  memory.fill(GPR, 0, 128);
  store<u64>(GPR + 16, u64(load<u32>(CPUID_SIGNATURES + (load<u32>(CPU_VENDOR) << 2))));
  store<u64>(RIP, 0xfff0);
  store<u64>(RFLAGS, 2);
  setFlags(0);
  for (let segment: u32 = 0; segment < 8; segment++) {
    store<u16>(SEG_SELECTOR + (segment << 1), 0);
    store<u64>(SEG_BASE + (segment << 3), 0);
    store<u32>(SEG_LIMIT + (segment << 2), 0xffff);
    store<u32>(SEG_ATTR + (segment << 2), 0x93);
  }
  store<u16>(SEG_SELECTOR + (SEG_CS << 1), 0xf000);
  store<u64>(SEG_BASE + (SEG_CS << 3), 0xffff_0000);
  store<u32>(SEG_ATTR + (SEG_CS << 2), 0x9b);
  store<u32>(SEG_ATTR + (SEG_LDTR << 2), 0x82);
  store<u32>(SEG_ATTR + (SEG_TR << 2), 0x8b);
  store<u64>(GDTR_BASE, 0);
  store<u64>(IDTR_BASE, 0);
  store<u32>(GDTR_LIMIT, 0xffff);
  store<u32>(IDTR_LIMIT, 0xffff);
  store<u64>(CR0, (load<u64>(CR0) & INIT_KEEPS) | (RESET_CR0 & ~INIT_KEEPS));
  store<u64>(CR2, 0);
  store<u64>(CR3, 0);
  store<u64>(CR4, 0);
  store<u64>(CR8, 0);
  memory.fill(DR, 0, 64);
  store<u64>(DR + 48, 0xffff_0ff0);
  store<u64>(DR + 56, 0x400);
  store<u32>(BREAKPOINTS, 0);
  store<u32>(BREAKPOINT_HITS, 0);
  store<u64>(EFER, 0);
  store<u32>(CPL, 0);
  store<u32>(HALTED, 0);
  store<u32>(INTERRUPT_SHADOW, 0);
  store<u32>(NMI_BLOCKED, 0);
  store<u32>(NMI_PENDING, 0);
  store<u32>(INIT_PENDING, 0);
  store<u32>(AWAITS_STARTUP, u32(load<u32>(VCPU) != 0));
  store<u32>(FAULT_PENDING, 0);
  store<u32>(LEAVE_BLOCK, 0);
  flushTlb(true);
  modeChanged();
}

/** A startup message: the waiting processor runs from the beginning of page `vector` of the first megabyte. */
export function startUp(vector: u32): void {
  store<u32>(AWAITS_STARTUP, 0);
  store<u32>(STARTUP_PENDING, 0);
  store<u16>(SEG_SELECTOR + (SEG_CS << 1), <u16>(vector << 8));
  store<u64>(SEG_BASE + (SEG_CS << 3), u64(vector << 12));
  store<u64>(RIP, 0);
  modeChanged();
}
