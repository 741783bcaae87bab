/**
 * What CPUID answers. Only what the core implements is advertised. Bit names are those of /proc/cpuinfo (SDM volume 2,
 * CPUID; AMD APM volume 3, appendix E).
 */
export type Vendor = 'AuthenticAMD' | 'GenuineIntel';

export interface CpuidRow {
  readonly leaf: number;
  /** Without: the leaf does not look at ECX. */
  readonly subleaf?: number;
  /** Without: both vendors. */
  readonly vendor?: Vendor;
  readonly eax?: number;
  readonly ebx?: number;
  readonly ecx?: number;
  readonly edx?: number;
}

function bits(names: Readonly<Record<string, number>>): number {
  return Object.values(names).reduce((sum, bit) => sum + 2 ** bit, 0);
}

const word = (text: string, at: number): number =>
  [0, 1, 2, 3].reduce((sum, i) => sum + text.charCodeAt(at + i) * 2 ** (8 * i), 0);

/** Family, model, stepping: CPUID leaf 1, and EDX after reset. */
export const SIGNATURE: Readonly<Record<Vendor, number>> = {
  AuthenticAMD: 0x00b4_0f40, // family 1ah, model 44h
  GenuineIntel: 0x0003_06a9, // family 6, model 3ah
};

export const LAST_LEAF = 0x16;
export const LAST_EXTENDED_LEAF = 0x8000_0021;

const STANDARD_EDX = bits({
  fpu: 0,
  de: 2,
  pse: 3,
  tsc: 4,
  msr: 5,
  pae: 6,
  mce: 7,
  cx8: 8,
  apic: 9,
  mtrr: 12,
  pge: 13,
  mca: 14,
  cmov: 15,
  pat: 16,
  pse36: 17,
  clflush: 19,
  mmx: 23,
  fxsr: 24,
  sse: 25,
  sse2: 26,
});
const SEP = bits({ sep: 11 });

/** OSXSAVE (bit 27) follows CR4. */
const STANDARD_ECX = bits({
  sse3: 0,
  pclmulqdq: 1,
  ssse3: 9,
  cx16: 13,
  sse4_1: 19,
  sse4_2: 20,
  x2apic: 21,
  movbe: 22,
  popcnt: 23,
  tscDeadlineTimer: 24,
  aes: 25,
  xsave: 26,
  rdrand: 30,
});

const STRUCTURED_EBX = bits({
  fsgsbase: 0,
  bmi1: 3,
  smep: 7,
  bmi2: 8,
  erms: 9,
  rdseed: 18,
  adx: 19,
  smap: 20,
  clflushopt: 23,
  clwb: 24,
  shaNi: 29,
});
const STRUCTURED_ECX = bits({ umip: 2, rdpid: 22 });

const EXTENDED_EDX = bits({ syscall: 11, nx: 20, pdpe1gb: 26, rdtscp: 27, lm: 29 });
const EXTENDED_ECX = bits({ lahfLm: 0, abm: 5, prefetch3dnow: 8 });
const MMXEXT = bits({ mmxext: 22 });

/** AMD's leaf 1 bits that leaf 80000001h repeats. */
const REPEATED = STANDARD_EDX & 0x0183_f3ff;

/** So that kernels need no work-arounds for processors we are not: AMD APM volume 3, E.4.21. */
const QUIRK_FREE = bits({
  noNestedDataBreakpoints: 0,
  lfenceRdtsc: 2,
  nullSelectorClearsBase: 6,
  autoIbrs: 8,
  srsoNo: 29,
});
/** FXRSTOR restores the error pointers always; no speculative store bypass. */
const AMD_EXTENDED_EBX = bits({ xsaveErrorPointer: 2, ssbNo: 26 });

const BRAND = 'Trapline x86-64 processor'.padEnd(48, '\0');
const brand = (leaf: number, at: number): CpuidRow => ({
  leaf,
  eax: word(BRAND, at),
  ebx: word(BRAND, at + 4),
  ecx: word(BRAND, at + 8),
  edx: word(BRAND, at + 12),
});

const vendorWords = (vendor: Vendor) => ({ ebx: word(vendor, 0), edx: word(vendor, 4), ecx: word(vendor, 8) });
const amd = 'AuthenticAMD';
const intel = 'GenuineIntel';

/** A leaf-4 cache: level, kind (1 data, 2 code, 3 unified), ways, sets; lines of 64 bytes. */
const cache = (subleaf: number, level: number, kind: number, ways: number, sets: number): CpuidRow => ({
  leaf: 4,
  subleaf,
  vendor: intel,
  eax: kind | (level << 5) | (1 << 8),
  ebx: 63 | ((ways - 1) * 2 ** 22),
  ecx: sets - 1,
});

/** Virtual time counts nanoseconds: the TSC runs at 1 GHz. */
const CRYSTAL_HZ = 1_000_000_000;

export const cpuid: readonly CpuidRow[] = [
  { leaf: 0, vendor: amd, eax: LAST_LEAF, ...vendorWords(amd) },
  { leaf: 0, vendor: intel, eax: LAST_LEAF, ...vendorWords(intel) },
  // EBX: CLFLUSH line of 8 quadwords. APIC ID, number of processors and topology are filled in: core/ops/cpuid.ts.
  { leaf: 1, vendor: amd, eax: SIGNATURE[amd], ebx: 0x0800, ecx: STANDARD_ECX, edx: STANDARD_EDX + SEP },
  { leaf: 1, vendor: intel, eax: SIGNATURE[intel], ebx: 0x0800, ecx: STANDARD_ECX, edx: STANDARD_EDX + SEP },
  { leaf: 2, vendor: intel, eax: 0x00fe_ff01 },
  cache(0, 1, 1, 8, 64),
  cache(1, 1, 2, 8, 64),
  cache(2, 2, 3, 8, 1024),
  cache(3, 3, 3, 16, 8192),
  { leaf: 7, subleaf: 0, ebx: STRUCTURED_EBX, ecx: STRUCTURED_ECX },
  // Topology: one thread a core, then the cores.
  { leaf: 0xb, subleaf: 0, ebx: 1, ecx: 0x100 },
  { leaf: 0xb, subleaf: 1, ecx: 0x201 },
  // x87 and SSE state: legacy area and header.
  { leaf: 0xd, subleaf: 0, eax: 3, ebx: 576, ecx: 576 },
  { leaf: 0xd, subleaf: 1, eax: bits({ xsaveopt: 0 }) },
  { leaf: 0x15, eax: 1, ebx: 1, ecx: CRYSTAL_HZ },
  { leaf: 0x16, eax: CRYSTAL_HZ / 1e6, ebx: CRYSTAL_HZ / 1e6, ecx: 100 },
  { leaf: 0x8000_0000, vendor: amd, eax: LAST_EXTENDED_LEAF, ...vendorWords(amd) },
  { leaf: 0x8000_0000, vendor: intel, eax: 0x8000_0008 },
  { leaf: 0x8000_0001, vendor: amd, eax: SIGNATURE[amd], ecx: EXTENDED_ECX, edx: EXTENDED_EDX + MMXEXT + REPEATED },
  { leaf: 0x8000_0001, vendor: intel, ecx: EXTENDED_ECX, edx: EXTENDED_EDX },
  brand(0x8000_0002, 0),
  brand(0x8000_0003, 16),
  brand(0x8000_0004, 32),
  // Level 1: 32 KiB each, 8 ways, 64-byte lines; level 2: 512 KiB, 8 ways; level 3: 8 MiB, 16 ways.
  { leaf: 0x8000_0005, vendor: amd, ecx: 0x2008_0140, edx: 0x2008_0140 },
  { leaf: 0x8000_0006, vendor: amd, ecx: 0x0200_6140, edx: 0x0040_8140 },
  { leaf: 0x8000_0006, vendor: intel, ecx: 0x0200_6040 },
  { leaf: 0x8000_0007, edx: bits({ invariantTsc: 8 }) },
  // 40 physical, 48 linear address bits.
  { leaf: 0x8000_0008, vendor: amd, eax: 0x3028, ebx: AMD_EXTENDED_EBX },
  { leaf: 0x8000_0008, vendor: intel, eax: 0x3028 },
  { leaf: 0x8000_0021, vendor: amd, eax: QUIRK_FREE },
];
