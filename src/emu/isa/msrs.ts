/**
 * Model-specific registers: what an operating system may touch without #GP. Index and meaning: SDM volume 4, AMD APM
 * volume 2, appendix A. A register that is not here raises #GP.
 */
export interface MsrRow {
  readonly index: number;
  readonly name: string;
  readonly kind: MsrKind;
  /** field: name in layout.ts; its element. */
  readonly field?: string;
  readonly element?: number;
  /** constant: the value read. */
  readonly value?: bigint;
  /** Writes that set other bits raise #GP (field, canonical: all may be set unless given). */
  readonly writable?: bigint;
}

/**
 * `field`: stored in the state block. `canonical`: the same, only canonical addresses. `constant`: reads a value, writes
 * raise #GP. `ignored`: reads a value, writes are dropped. `host`: the machine's devices hold it (`hostReadOnly`: writes raise #GP). Others
 * have code.
 */
export const MSR_KINDS = [
  'field',
  'canonical',
  'constant',
  'ignored',
  'host',
  'hostReadOnly',
  'efer',
  'tsc',
  'pat',
] as const;
export type MsrKind = (typeof MSR_KINDS)[number];

const field = (index: number, name: string, place: string, element = 0, writable?: bigint): MsrRow =>
  writable === undefined
    ? { index, name, kind: 'field', field: place, element }
    : { index, name, kind: 'field', field: place, element, writable };
const address = (index: number, name: string, place: string, element = 0): MsrRow => ({
  index,
  name,
  kind: 'canonical',
  field: place,
  element,
});
const ignored = (index: number, name: string, value = 0n): MsrRow => ({ index, name, kind: 'ignored', value });
const constant = (index: number, name: string, value: bigint): MsrRow => ({ index, name, kind: 'constant', value });
const host = (index: number, name: string): MsrRow => ({ index, name, kind: 'host' });

const hostReadOnly = (index: number, name: string): MsrRow => ({ index, name, kind: 'hostReadOnly' });

/** TPR, EOI, SVR, ESR, CMCI, ICR, the local vector table, timer count and divider, self IPI (SDM volume 3, table 11-6). */
const X2APIC_WRITABLE = [0x08, 0x0b, 0x0f, 0x28, 0x2f, 0x30, 0x32, 0x33, 0x34, 0x35, 0x36, 0x37, 0x38, 0x3e, 0x3f];
/** ID, version, PPR, LDR, current count; ISR, TMR, IRR. */
const X2APIC_READ_ONLY = [0x02, 0x03, 0x0a, 0x0d, 0x39, ...Array.from({ length: 24 }, (_, i) => 0x10 + i)];

const SEG_FS = 4;
const SEG_GS = 5;
/** Eight variable ranges (base and mask), then fixed ranges, then the default type, in `mtrr`. */
const VARIABLE_RANGES = 8;
const FIXED_RANGES = [0x250, 0x258, 0x259, 0x268, 0x269, 0x26a, 0x26b, 0x26c, 0x26d, 0x26e, 0x26f];

export const msrs: readonly MsrRow[] = [
  { index: 0x10, name: 'TSC', kind: 'tsc' },
  constant(0x17, 'PLATFORM_ID', 0n),
  host(0x1b, 'APIC_BASE'),
  ignored(0x34, 'SMI_COUNT'),
  ignored(0x3a, 'FEATURE_CONTROL', 1n),
  ignored(0x79, 'BIOS_UPDT_TRIG'),
  ignored(0x8b, 'BIOS_SIGN_ID', 0x1_0000_0000n),
  constant(0xce, 'PLATFORM_INFO', 0n),
  constant(0xfe, 'MTRRCAP', 0x508n),
  field(0x174, 'SYSENTER_CS', 'sysenterCs', 0, 0xffffn),
  address(0x175, 'SYSENTER_ESP', 'sysenterEsp'),
  address(0x176, 'SYSENTER_EIP', 'sysenterEip'),
  constant(0x179, 'MCG_CAP', 0n),
  ignored(0x17a, 'MCG_STATUS'),
  ignored(0x17b, 'MCG_CTL'),
  constant(0x198, 'PERF_STATUS', 0n),
  ignored(0x199, 'PERF_CTL'),
  ignored(0x19a, 'CLOCK_MODULATION'),
  ignored(0x19b, 'THERM_INTERRUPT'),
  ignored(0x19c, 'THERM_STATUS'),
  field(0x1a0, 'MISC_ENABLE', 'miscEnable'),
  ignored(0x1b0, 'ENERGY_PERF_BIAS'),
  ignored(0x1d9, 'DEBUGCTL'),
  ignored(0x1db, 'LASTBRANCHFROMIP'),
  ignored(0x1dc, 'LASTBRANCHTOIP'),
  ignored(0x1dd, 'LASTINTFROMIP'),
  ignored(0x1de, 'LASTINTTOIP'),
  ...Array.from({ length: VARIABLE_RANGES * 2 }, (_, i) => field(0x200 + i, `MTRR_PHYS_${i}`, 'mtrr', i)),
  ...FIXED_RANGES.map((index, i) => field(index, `MTRR_FIX_${index.toString(16)}`, 'mtrr', VARIABLE_RANGES * 2 + i)),
  { index: 0x277, name: 'PAT', kind: 'pat', field: 'pat', element: 0 },
  field(0x2ff, 'MTRR_DEF_TYPE', 'mtrr', VARIABLE_RANGES * 2 + FIXED_RANGES.length, 0xcffn),
  host(0x6e0, 'TSC_DEADLINE'),
  ...X2APIC_WRITABLE.map((offset) => host(0x800 + offset, `X2APIC_${offset.toString(16)}`)),
  ...X2APIC_READ_ONLY.map((offset) => hostReadOnly(0x800 + offset, `X2APIC_${offset.toString(16)}`)),
  ignored(0xda0, 'XSS'),
  { index: 0xc000_0080, name: 'EFER', kind: 'efer' },
  field(0xc000_0081, 'STAR', 'star'),
  address(0xc000_0082, 'LSTAR', 'lstar'),
  address(0xc000_0083, 'CSTAR', 'cstar'),
  field(0xc000_0084, 'SFMASK', 'sfmask', 0, 0xffff_ffffn),
  address(0xc000_0100, 'FS_BASE', 'segBase', SEG_FS),
  address(0xc000_0101, 'GS_BASE', 'segBase', SEG_GS),
  address(0xc000_0102, 'KERNEL_GS_BASE', 'kernelGsBase'),
  field(0xc000_0103, 'TSC_AUX', 'tscAux', 0, 0xffff_ffffn),
  // AMD's processors. Kernels check that counters keep what is written; the others read as zero, writes have no effect.
  ...Array.from({ length: 4 }, (_, i) => field(0xc001_0000 + i, `PERF_EVTSEL${i}`, 'performance', i)),
  ...Array.from({ length: 4 }, (_, i) => field(0xc001_0004 + i, `PERF_CTR${i}`, 'performance', 4 + i)),
  ignored(0xc001_0010, 'SYSCFG'),
  ignored(0xc001_0015, 'HWCR', 1n << 24n),
  ignored(0xc001_001a, 'TOP_MEM'),
  ignored(0xc001_001d, 'TOP_MEM2'),
  ignored(0xc001_001f, 'NB_CFG'),
  ignored(0xc001_0020, 'PATCH_LOADER'),
  ignored(0xc001_0055, 'INT_PENDING'),
  ignored(0xc001_0061, 'PSTATE_CURRENT_LIMIT'),
  ignored(0xc001_0062, 'PSTATE_CONTROL'),
  ignored(0xc001_0063, 'PSTATE_STATUS'),
  ...Array.from({ length: 8 }, (_, i) => ignored(0xc001_0064 + i, `PSTATE_${i}`)),
  ignored(0xc001_0111, 'SMM_BASE'),
  ignored(0xc001_0112, 'SMM_ADDR'),
  ignored(0xc001_0113, 'SMM_MASK'),
  ignored(0xc001_0114, 'VM_CR'),
  ignored(0xc001_0140, 'OSVW_ID_LENGTH'),
  ignored(0xc001_0141, 'OSVW_STATUS'),
  ignored(0xc001_1004, 'CPUID_FEATURES'),
  ignored(0xc001_1005, 'EXT_CPUID_FEATURES'),
  ...Array.from({ length: 3 }, (_, i) => ignored(0xc001_1019 + i, `DR${i + 1}_ADDR_MASK`)),
  ignored(0xc001_1020, 'LS_CFG'),
  ignored(0xc001_1021, 'IC_CFG'),
  ignored(0xc001_1022, 'DC_CFG'),
  ignored(0xc001_1027, 'DR0_ADDR_MASK'),
  ignored(0xc001_1028, 'FP_CFG'),
  ignored(0xc001_1029, 'DE_CFG', 2n),
  ignored(0xc001_102a, 'BU_CFG2'),
  ignored(0xc001_102b, 'BU_CFG3'),
  ignored(0xc001_102c, 'EX_CFG'),
  ignored(0xc001_102d, 'LS_CFG2'),
];
