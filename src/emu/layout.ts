/**
 * The one definition of what lies where in the core's linear memory.
 * `scripts/generate.ts` turns it into constants for the core (AssemblyScript); the machine,
 * snapshots and the recorder import it as it stands. Offsets are computed here and typed nowhere else.
 */

export type FieldType = 'u8' | 'u16' | 'u32' | 'u64' | 'u128' | 'bytes';

export interface Field {
  readonly name: string;
  readonly type: FieldType;
  /** How many of them stand in a row (for `bytes`: how many bytes). */
  readonly count: number;
  /** Absolute address in linear memory. */
  readonly address: number;
}

const SIZE: Record<FieldType, number> = { u8: 1, u16: 2, u32: 4, u64: 8, u128: 16, bytes: 1 };

/** Absolute addresses of the regions of linear memory; sizes in bytes. */
export const REGION = {
  /** The state block of the running virtual CPU and of the machine, see FIELDS. */
  state: { address: 0x1000, size: 0x7000 },
  /** Static data of the compiled core (asc --memoryBase). */
  coreData: { address: 0x1_0000, size: 0x1f_0000 },
  /** Look-up from linear code addresses to blocks. */
  jumps: { address: 0x20_0000, size: 0x10_0000 },
  /** Second-level (EPT-like) permissions, one byte a physical page, up to 3 GiB. */
  secondLevel: { address: 0x30_0000, size: 0xc_0000 },
  /** What the core knows of each physical page (16 bytes a page, up to 3 GiB): decoded code in it, dirty. */
  pageInfo: { address: 0x40_0000, size: 0xc0_0000 },
  /** Policy tables that the monitor writes and the core evaluates. */
  policy: { address: 0x100_0000, size: 0x40_0000 },
  /** What the core remembers of each task: pending calls, last known identity. */
  tasks: { address: 0x140_0000, size: 0xc0_0000 },
  /** Ring of raw trap records, single producer (core), single consumer (writer). */
  ring: { address: 0x200_0000, size: 0x80_0000 },
  /** Of pages that the ring's consumer was given: the content that it has, 4096 bytes a slot (GIVEN_SLOTS). */
  givenPages: { address: 0x280_0000, size: 0x100_0000 },
  /** u16 a physical page, up to 3 GiB: its slot plus one, 0: none. */
  givenSlots: { address: 0x380_0000, size: 0x18_0000 },
  /** u32 a slot: physical page number plus one, 0: free. */
  givenOwners: { address: 0x398_0000, size: 0x4000 },
  /** Two u16 a physical page, up to 3 GiB: entries by which it is written to without a look (core/open-writes.ts). */
  openWrites: { address: 0x3a0_0000, size: 0x30_0000 },
  /** Of each virtual CPU: its look-aside buffers, and the VCPU range of its state while another one runs. */
  vcpus: { address: 0x3e0_0000, size: 0x20_0000 },
  /** Pre-decoded blocks and their look-up tables. */
  blocks: { address: 0x400_0000, size: 0xb60_0000 },
  /** Pages that the present task has dirtied, PAGE_LIST entries; then those that any has in the present interval, PENDING_PAGE. */
  pageList: { address: 0xf60_0000, size: 0xa0_0000 },
  /** Guest physical memory from address 0. */
  ram: { address: 0x1000_0000, size: 0xc000_0000 },
} as const;

/** One row a field: [name, type, count, what it is]. Order is the order in memory; each field is aligned to its type. */
const ROWS: readonly (readonly [string, FieldType, number, string])[] = [
  // Of the running virtual CPU, up to `vcpu`: architectural state.
  ['gpr', 'u64', 16, 'rax rcx rdx rbx rsp rbp rsi rdi r8..r15'],
  ['zero', 'u64', 1, 'always 0: the register that an absent base, index or flat segment base names'],
  ['scratch', 'u64', 7, 'where register writes go that must be dropped; temporaries of ops'],
  ['rip', 'u64', 1, 'exact at every exit and in every fault; inside a block it lags behind'],
  [
    'codePage',
    'u64',
    1,
    'RIP of the running block minus the page offset of its linear address: rip = codePage + op.pageOffset',
  ],
  ['rflags', 'u64', 1, 'all flags but the six status flags, which are lazy: see flagKind'],
  ['flagKind', 'u32', 1, 'which operation set the status flags last (core/flags.ts)'],
  ['flagResult', 'u64', 1, 'its result, or the explicit flags'],
  ['flagSource', 'u64', 1, 'its second operand or its carry'],
  ['segSelector', 'u16', 8, 'es cs ss ds fs gs ldtr tr'],
  ['segBase', 'u64', 8, 'bases, same order'],
  ['segLimit', 'u32', 8, 'limits in bytes, granularity applied'],
  ['segAttr', 'u32', 8, 'descriptor bits 40-47 and 52-55 (type S DPL P | AVL L D/B G << 12), bit 16: unusable'],
  ['gdtrBase', 'u64', 1, ''],
  ['idtrBase', 'u64', 1, ''],
  ['gdtrLimit', 'u32', 1, ''],
  ['idtrLimit', 'u32', 1, 'as the guest set it; in force: vmcsIdtLimit'],
  ['cr0', 'u64', 1, ''],
  ['cr2', 'u64', 1, ''],
  ['cr3', 'u64', 1, ''],
  ['cr4', 'u64', 1, ''],
  ['cr8', 'u64', 1, 'task priority'],
  ['xcr0', 'u64', 1, ''],
  ['dr', 'u64', 8, 'dr0..dr7'],
  ['efer', 'u64', 1, 'as the guest set it; in force: with vmcsEferHidden removed'],
  ['star', 'u64', 1, ''],
  ['lstar', 'u64', 1, ''],
  ['cstar', 'u64', 1, ''],
  ['sfmask', 'u64', 1, ''],
  ['kernelGsBase', 'u64', 1, ''],
  ['tscAux', 'u64', 1, ''],
  ['sysenterCs', 'u64', 1, 'as the guest set it; hidden when vmcsControls says so'],
  ['sysenterEsp', 'u64', 1, ''],
  ['sysenterEip', 'u64', 1, ''],
  ['pat', 'u64', 1, ''],
  ['apicBase', 'u64', 1, ''],
  ['miscEnable', 'u64', 1, ''],
  ['mtrr', 'u64', 32, 'def-type, fixed, variable: stored and given back'],
  ['performance', 'u64', 8, 'AMD event selectors and counters: stored, nothing is counted'],
  ['tscOffset', 'u64', 1, 'added to virtual time to give the TSC'],
  // x87, MMX and SSE.
  ['fpr', 'u128', 8, 'physical x87 registers R0..R7, 80 bits in the low bytes; MMi is the low half of Ri'],
  ['xmm', 'u128', 32, 'xmm0..15 (low half of ymm i at 2i, high half at 2i+1)'],
  ['fpuControl', 'u16', 1, ''],
  ['fpuStatus', 'u16', 1, 'with TOP in bits 11-13'],
  ['fpuTag', 'u16', 1, 'abridged: bit i set = physical register i in use'],
  ['fpuOpcode', 'u16', 1, ''],
  ['mxcsr', 'u32', 1, ''],
  ['fpuCs', 'u16', 1, ''],
  ['fpuDs', 'u16', 1, ''],
  ['fpuIp', 'u64', 1, ''],
  ['fpuDp', 'u64', 1, ''],
  ['breakpoints', 'u32', 1, 'kinds armed in DR7: core/breakpoints.ts'],
  ['breakpointHits', 'u32', 1, 'data breakpoints met by the present instruction'],
  // How the processor stands.
  ['cpl', 'u32', 1, ''],
  ['mode', 'u32', 1, 'decode mode, part of every block key: see core/mode.ts'],
  ['halted', 'u32', 1, ''],
  ['interruptShadow', 'u32', 1, '1: STI or MOV SS just executed'],
  ['nmiBlocked', 'u32', 1, ''],
  ['interruptPending', 'u32', 1, 'set by its local APIC: INTR is asserted'],
  ['nmiPending', 'u32', 1, ''],
  ['awaitsStartup', 'u32', 1, '1: nothing runs here until a startup message comes'],
  ['initPending', 'u32', 1, '1: an INIT message came'],
  ['startupPending', 'u32', 1, '0 none, else 100h + vector of a startup message'],
  // A fault on its way to delivery (core/fault.ts).
  ['faultPending', 'u32', 1, '0 none, else 1 + vector'],
  [
    'leaveBlock',
    'u32',
    1,
    '1: leave the block after this instruction, 2: leave run() with exitReason (directly after faultPending)',
  ],
  ['faultHasCode', 'u32', 1, ''],
  ['faultCode', 'u32', 1, ''],
  ['faultKind', 'u32', 1, '0 fault, 1 trap, 2 abort; 16: the exit below was taken instead'],
  ['faultAddress', 'u64', 1, 'CR2 of a page fault'],
  // Its translations (core/mode.ts, core/tlb.ts).
  ['readTlb', 'u32', 1, 'address of the read TLB of the present context'],
  ['writeTlb', 'u32', 1, ''],
  ['codeTlb', 'u32', 1, ''],
  ['alignmentCheck', 'u32', 1, '1: CR0.AM, EFLAGS.AC and CPL 3'],
  ['tlbBase', 'u32', 1, 'address of its look-aside buffers'],
  ['tlbLocalCount', 'u32', 1, 'entries logged that a CR3 load empties'],
  ['tlbGlobalCount', 'u32', 1, 'entries logged that it does not'],
  ['tlbLargest', 'u32', 1, '1: fragments of a 1-GiB page are cached'],
  ['jumpGeneration', 'u32', 2, 'that entries of the jump cache must have: lower, upper half of the address space'],
  ['jumpUpperLocal', 'u32', 1, '1: entries of the upper half come from pages that are not global'],
  // What the monitor asked of it.
  ['exitSkip', 'u32', 1, '1: the intercept that made the last exit does not fire at exitSkipRip, exitSkipIcount'],
  ['exitSkipRip', 'u64', 1, ''],
  ['exitSkipIcount', 'u64', 1, ''],
  ['vmcsView', 'u32', 1, 'index of the second-level view in force'],
  ['vcpu', 'u32', 1, 'number of this virtual CPU, which is its APIC ID; the last field of the VCPU range'],
  // Of the whole machine.
  ['randomState', 'u64', 1, 'what RDRAND and RDSEED go on from; seeded by the machine'],
  ['cpuVendor', 'u32', 1, '0 AuthenticAMD, 1 GenuineIntel'],
  ['a20', 'u32', 1, ''],
  ['icount', 'u64', 1, 'instructions retired since reset; exact at every exit'],
  ['idleTime', 'u64', 1, 'nanoseconds skipped in HLT; virtual time = icount + idleTime'],
  ['budgetLeft', 'u64', 1, 'instructions left of the present run()'],
  ['exitRequest', 'u32', 1, 'set by the host: leave run() at the next instruction boundary'],
  ['ramSize', 'u32', 1, 'bytes of guest RAM (up to 3 GiB)'],
  ['hostValue', 'u64', 1, 'value handed over with an import call (MSR reads and writes)'],
  ['vcpuCount', 'u32', 1, '1 to VCPU.most'],
  ['pauseYields', 'u32', 1, '1: PAUSE leaves run(), as another virtual CPU could run'],
  // What the loop and the memory paths share (core/run.ts).
  ['secondLevelIgnored', 'u32', 1, '1: the present instruction is stepped over (stepOver)'],
  ['runOp', 'u32', 1, 'op that may call the host in the middle of a block'],
  ['runBlock', 'u32', 1, 'its block'],
  ['runLeft', 'u32', 1, 'budget left once the whole block has run'],
  ['runStart', 'u64', 1, 'icount + budget at the start of run()'],
  ['openLinear', 'u64', 1, 'linear address between openRm and closeRm'],
  // The intercept controls, VMCS-like. Masks are named in VMCS_CONTROL.
  ['vmcsControls', 'u32', 1, 'what exits or is evaluated in the core: VMCS_CONTROL'],
  ['vmcsExceptionBitmap', 'u32', 1, 'vectors that exit before delivery'],
  ['vmcsEferHidden', 'u64', 1, 'EFER bits that the guest sees but that are not in force'],
  [
    'vmcsIdtLimit',
    'u32',
    1,
    'IDT limit in force when VMCS_CONTROL.idtLimit, as for gates of 16 bytes; half of it where they have 8',
  ],
  [
    'vmcsVmfuncControls',
    'u32',
    1,
    'VM functions 0 to 31 that execute without an exit, one bit each; 0 switches the view',
  ],
  ['vmcsOpcodeBitmap', 'u64', 2, 'sensitive instructions that exit, one bit each: SENSITIVE'],
  ['vmcsIoBitmap', 'bytes', 8192, 'one bit a port'],
  ['vmcsMsrBitmap', 'bytes', 2048, 'writes: MSRs 0..1fffh, then c0000000h..c0001fffh'],
  ['vmcsSecondLevelOn', 'u32', 1, 'the permissions of REGION.secondLevel are in force'],
  // Why run() came back.
  ['exitReason', 'u32', 1, 'EXIT'],
  ['exitVector', 'u32', 1, ''],
  ['exitErrorCode', 'u32', 1, ''],
  ['exitLength', 'u32', 1, 'length of the instruction'],
  ['exitQualification', 'u64', 1, 'register number, port, leaf or MSR index, as EXIT says'],
  ['exitLinear', 'u64', 1, 'guest-virtual address'],
  ['exitPhysical', 'u64', 1, 'guest-physical address'],
  ['exitValue', 'u64', 1, 'value written or about to be'],
  ['exitBytes', 'bytes', 16, 'the instruction'],
  // The ring of records. head and tail are byte positions that only grow; position modulo ring size gives the place.
  ['ringHead', 'u64', 1, 'written by the core'],
  ['ringTail', 'u64', 1, 'written by the consumer'],
  ['ringRecords', 'u64', 1, 'records appended so far'],
  ['monitorOn', 'u32', 1, '1: policies of REGION.policy are evaluated'],
];

function place(): ReadonlyMap<string, Field> {
  const fields = new Map<string, Field>();
  let address: number = REGION.state.address;
  for (const [name, type, count] of ROWS) {
    const alignment = SIZE[type];
    address = Math.ceil(address / alignment) * alignment;
    fields.set(name, { name, type, count, address });
    address += SIZE[type] * count;
  }
  if (address > REGION.state.address + REGION.state.size) throw new Error('the state block outgrew its region');
  return fields;
}

/** Every field of the state block by name. */
export const FIELDS: ReadonlyMap<string, Field> = place();

/** Absolute address of a field of the state block. Throws if there is none of that name. */
export function fieldAddress(name: string, index = 0): number {
  const field = FIELDS.get(name);
  if (field === undefined) throw new Error(`no field ${name} in the CPU state`);
  return field.address + SIZE[field.type] * index;
}

/**
 * Virtual CPUs. The state block holds the one that runs; a switch keeps the fields from `gpr` to `vcpu` in the CPU's slot
 * of REGION.vcpus and takes those of the next one from there.
 */
export const VCPU = {
  most: 8,
  /** Bytes of a slot. */
  slot: 0x4_0000,
  /** Where in the slot the saved fields lie; its look-aside buffers come before. */
  saved: 0x3_8000,
  first: fieldAddress('gpr'),
  bytes: fieldAddress('vcpu') + 4 - fieldAddress('gpr'),
} as const;

/** Why `run` returned. */
export const EXIT = {
  budget: 0,
  halt: 1,
  hostRequest: 2,
  shutdown: 3,
  ringFull: 4,
  exception: 5,
  crAccess: 6,
  msrWrite: 7,
  descriptorTable: 8,
  io: 9,
  /** Leaf as qualification, subleaf as value; the answer: EAX, EBX in exitLinear, ECX, EDX in exitPhysical. */
  cpuid: 10,
  rdtsc: 11,
  sensitive: 12,
  secondLevel: 13,
  vmfunc: 14,
  iret: 15,
  singleStep: 16,
  interrupt: 17,
  register: 18,
  mmio: 19,
  /** PAUSE is complete, and `pauseYields` is set. */
  pause: 20,
  /** User code enters the kernel by a far CALL or JMP: through the gate, or to the task, whose selector is exitVector. */
  callGate: 21,
} as const;

/** In the place of a number of CR: XCR0, which XSETBV loads. */
export const CR_ACCESS_XCR0 = 16;

/** Bits of vmcsControls. A control that is off costs nothing. */
export const VMCS_CONTROL = {
  syscall: 1 << 0,
  sysenter: 1 << 1,
  idtLimit: 1 << 2,
  iret: 1 << 3,
  cr3Load: 1 << 4,
  crLoad: 1 << 5,
  msrWrite: 1 << 6,
  descriptorTable: 1 << 7,
  io: 1 << 8,
  cpuid: 1 << 9,
  rdtsc: 1 << 10,
  sensitive: 1 << 11,
  vmfunc: 1 << 12,
  singleStep: 1 << 13,
  externalInterrupt: 1 << 14,
  register: 1 << 15,
  mmio: 1 << 16,
  /** Writes to memory that the watch rows name are recorded by the core. */
  pageWrite: 1 << 17,
  /** Pages that tasks dirty are recorded by the core. */
  pages: 1 << 18,
  /** With pageWrite: some watch row is for reads or fetches too. */
  pageRead: 1 << 19,
  callGate: 1 << 20,
} as const;

/** Sensitive, unprivileged instructions by bit number in vmcsOpcodeBitmap. */
export const SENSITIVE = [
  'sgdt',
  'sidt',
  'sldt',
  'smsw',
  'str',
  'pushf',
  'popf',
  'lar',
  'lsl',
  'verr',
  'verw',
  'movSeg',
  'pushSeg',
  'popSeg',
  'callFar',
  'jmpFar',
  'retFar',
  'intN',
  'iret',
] as const;

/** Qualification of EXIT.descriptorTable; the value is the base or selector, the limit stands in exitLinear. */
export const DESCRIPTOR_TABLE = { gdtr: 0, idtr: 1, ldtr: 2, tr: 3 } as const;

/** Qualification of EXIT.io: port, size in bytes at bit 16, and these. */
export const PORT_ACCESS = { in: 1 << 24, string: 1 << 25 } as const;

/** An entry of REGION.pageInfo that the host reads too: bytes of an entry, and where its PAGE_WRITTEN bits stand (u32). */
export const PAGE_INFO = { size: 16, written: 12 } as const;

/** Who asks which pages were written: `recently` is the host's to clear, `ever` stays. */
export const PAGE_WRITTEN = { recently: 1 << 0, ever: 1 << 1 } as const;

/** Bits of a byte of REGION.secondLevel: permissions, then what the monitor in the core knows of the page. */
export const SECOND_LEVEL = {
  read: 1,
  write: 2,
  execute: 4,
  /** A watch row lies in the page: no write to it goes unseen. */
  watched: 8,
  /** It was dirtied since the last task switch. Written by the core. */
  listed: 16,
  /** A watched address of a program maps to it, or page-table entries in it say to what. Written by the core. */
  followed: 32,
  /** It was dirtied, and what it holds is to be recorded when the interval ends. Written by the core. */
  pending: 64,
} as const;
