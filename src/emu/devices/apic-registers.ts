/** Register offsets of the xAPIC page (SDM vol. 3, table 11-1); an x2APIC MSR is 800h + offset / 16. */
export const REG = {
  id: 0x020,
  version: 0x030,
  taskPriority: 0x080,
  arbitration: 0x090,
  processorPriority: 0x0a0,
  eoi: 0x0b0,
  remoteRead: 0x0c0,
  logicalDestination: 0x0d0,
  destinationFormat: 0x0e0,
  spurious: 0x0f0,
  inService: 0x100,
  triggerMode: 0x180,
  request: 0x200,
  errorStatus: 0x280,
  commandLow: 0x300,
  commandHigh: 0x310,
  lvtTimer: 0x320,
  lvtThermal: 0x330,
  lvtPerformance: 0x340,
  lvtLint0: 0x350,
  lvtLint1: 0x360,
  lvtError: 0x370,
  timerInitial: 0x380,
  timerCurrent: 0x390,
  timerDivide: 0x3e0,
  selfInterrupt: 0x3f0,
} as const;

export const LVT_MASKED = 1 << 16;
/** Entries of the local vector table, and which of their bits can be written. */
export const LVT_WRITABLE: Readonly<Record<number, number>> = {
  [REG.lvtTimer]: 0x7_00ff,
  [REG.lvtThermal]: 0x1_07ff,
  [REG.lvtPerformance]: 0x1_07ff,
  [REG.lvtLint0]: 0x1_a7ff,
  [REG.lvtLint1]: 0x1_a7ff,
  [REG.lvtError]: 0x1_00ff,
};

const READ_ONLY_IN_X2APIC: ReadonlySet<number> = new Set([
  REG.id,
  REG.version,
  REG.processorPriority,
  REG.logicalDestination,
  REG.destinationFormat,
  REG.commandHigh,
  REG.timerCurrent,
]);

const READABLE: ReadonlySet<number> = new Set(
  Object.values(REG).filter(
    (offset) =>
      offset !== REG.eoi && offset !== REG.selfInterrupt && offset !== REG.arbitration && offset !== REG.remoteRead,
  ),
);

/** In-service, trigger-mode and request registers: 256 bits each. */
function isVectorSet(offset: number): boolean {
  return offset >= REG.inService && offset < REG.errorStatus;
}

export function readable(offset: number): boolean {
  return isVectorSet(offset) || READABLE.has(offset);
}

export function readOnlyInX2apic(offset: number): boolean {
  return isVectorSet(offset) || READ_ONLY_IN_X2APIC.has(offset);
}
