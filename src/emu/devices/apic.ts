import type { Nanoseconds } from '../units.ts';
import {
  bytesField,
  type Device,
  type MmioHandler,
  numberField,
  type Platform,
  restoreTimer,
  type StateValue,
  stateFields,
  type Timer,
  type Window,
} from './device.ts';
import { DELIVERY, type InterruptBus, type InterruptMessage } from './interrupt-bus.ts';

/** Register offsets of the xAPIC page (SDM vol. 3, table 11-1); an x2APIC MSR is 800h + offset / 16. */
const REG = {
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

/** Version 14h, six local-vector-table entries. */
const VERSION = 0x0005_0014;
const SOFTWARE_ENABLE = 1 << 8;
const LVT_MASKED = 1 << 16;
const LVT_WRITABLE: Readonly<Record<number, number>> = {
  [REG.lvtTimer]: 0x7_00ff,
  [REG.lvtThermal]: 0x1_07ff,
  [REG.lvtPerformance]: 0x1_07ff,
  [REG.lvtLint0]: 0x1_a7ff,
  [REG.lvtLint1]: 0x1_a7ff,
  [REG.lvtError]: 0x1_00ff,
};
const TIMER_MODE = { oneShot: 0, periodic: 1, deadline: 2 } as const;
const ERROR_ILLEGAL_VECTOR = { sent: 1 << 5, received: 1 << 6 } as const;
/** IA32_APIC_BASE. */
const BASE = { bootProcessor: 1 << 8, x2apic: 1 << 10, enable: 1 << 11 } as const;
/** Bits 0-7, 9 and what lies beyond 40 address bits. */
const BASE_RESERVED = 0xffff_ff00_0000_02ffn;
const DEFAULT_BASE = 0xfee0_0000;
const ICR_ASSERT = 1 << 14;
const ICR_LEVEL = 1 << 15;
const PAGE = 0x1000;
const MSR_DEADLINE = 0x6e0;
const MSR_X2APIC = 0x800;

/** What the local APIC asks of its processor. */
export interface ApicProcessor {
  /** INTR: something is deliverable (the processor still looks at IF). */
  setInterrupt(asserted: boolean): void;
  raiseNmi(): void;
  /** INIT: the processor resets and waits to be started. False: it is the boot processor, which ignores it. */
  initialise(): boolean;
  /** It runs from page `vector` of the first megabyte, if it waits. */
  startUp(vector: number): void;
  /** Time-stamp counter that virtual time `now` gives. */
  tscAt(now: Nanoseconds): bigint;
  /** IA32_APIC_BASE in the core's state. */
  setBase(value: bigint): void;
  /** CR8 in the core's state: the high nibble of the task-priority register. */
  taskPriorityClass: number;
}

/** A local APIC: xAPIC page and x2APIC MSRs, timer, priorities. Vectors are kept as 256-bit sets. */
export class LocalApic implements Device, MmioHandler {
  readonly name: string;
  private readonly id: number;
  private readonly platform: Platform;
  private readonly bus: InterruptBus;
  private readonly processor: ApicProcessor;
  private readonly window: Window;
  private readonly timer: Timer;
  /** One word a register (offset / 16): those that only hold what was written. */
  private readonly registers = new Uint32Array(64);
  private readonly request = new Uint32Array(8);
  private readonly inService = new Uint32Array(8);
  private readonly levelTriggered = new Uint32Array(8);
  private base = 0;
  /** Its processor runs: the page and the MSRs are this one's. */
  private present: boolean;
  private externalInterrupt = false;
  private pendingErrors = 0;
  /** Low four bits of the task priority; CR8 holds the others. */
  private taskPriorityLow = 0;
  /** When the running count was loaded. */
  private timerStart: Nanoseconds = 0;
  private deadline = 0n;
  /** Priority of the highest vector in service, kept because every check needs it. */
  private serviceVector = -1;

  constructor(platform: Platform, id: number, bus: InterruptBus, processor: ApicProcessor) {
    this.name = `apic${id}`;
    this.id = id;
    this.platform = platform;
    this.bus = bus;
    this.processor = processor;
    this.present = id === 0;
    this.window = platform.claimMemory(undefined, PAGE, this);
    this.timer = platform.timer(() => this.timerFired());
    bus.attach(this);
  }

  // Towards the processor.

  /** INTA: the vector to deliver. The PIC's comes first when LINT0 lets it through. */
  acknowledge(): number {
    if (this.externalInterrupt && this.acceptsExternal()) return this.bus.acknowledgeExternal();
    const vector = this.deliverable();
    if (vector < 0) return this.registers[REG.spurious >> 4]! & 0xff;
    clearBit(this.request, vector);
    setBit(this.inService, vector);
    this.serviceVector = vector;
    this.update();
    return vector;
  }

  /** All local APICs lie at one address; the one whose processor runs answers there. */
  setPresent(present: boolean): void {
    if (this.present === present) return;
    this.present = present;
    this.placeWindow();
  }

  /** The processor changed CR8. */
  taskPriorityChanged(): void {
    this.taskPriorityLow = 0;
    this.update();
  }

  /** The guest writes IA32_APIC_BASE; false: #GP (reserved bits, or a change that SDM vol. 3, 11.12.5 forbids). */
  writeBase(value: bigint): boolean {
    if ((value & BASE_RESERVED) !== 0n) return false;
    const before = this.base & (BASE.enable | BASE.x2apic);
    const after = Number(value) & (BASE.enable | BASE.x2apic);
    if (after === BASE.x2apic) return false;
    if (before === 0 && after === (BASE.enable | BASE.x2apic)) return false;
    if (before === (BASE.enable | BASE.x2apic) && after === BASE.enable) return false;
    this.processor.setBase(value);
    this.setBase(value);
    return true;
  }

  /** Takes over IA32_APIC_BASE. */
  private setBase(value: bigint): void {
    const base = Number(value);
    const wasEnabled = (this.base & BASE.enable) !== 0;
    this.base = base;
    this.placeWindow();
    if (wasEnabled && (base & BASE.enable) === 0) this.resetRegisters();
    this.update();
  }

  private placeWindow(): void {
    const { base } = this;
    const answers = this.present && (base & BASE.enable) !== 0 && (base & BASE.x2apic) === 0;
    this.window.place(answers ? base - (base % PAGE) : undefined);
  }

  /** x2APIC register or TSC deadline; undefined: the guest gets #GP. */
  msrRead(index: number): bigint | undefined {
    if (index === MSR_DEADLINE) return this.deadline;
    if (!this.inX2apicMode()) return undefined;
    const offset = (index - MSR_X2APIC) << 4;
    if (offset === REG.id) return BigInt(this.id);
    if (offset === REG.logicalDestination) return BigInt(logicalX2apicId(this.id));
    if (offset === REG.commandLow)
      return (BigInt(this.register(REG.commandHigh)) << 32n) | BigInt(this.register(REG.commandLow));
    if (!readable(offset) || offset === REG.commandHigh || offset === REG.destinationFormat) return undefined;
    return BigInt(this.read(offset));
  }

  /** False: the guest gets #GP. */
  msrWrite(index: number, value: bigint): boolean {
    if (index === MSR_DEADLINE) {
      this.setDeadline(value);
      return true;
    }
    if (!this.inX2apicMode()) return false;
    const offset = (index - MSR_X2APIC) << 4;
    const low = Number(value & 0xffff_ffffn);
    if (offset === REG.commandLow) {
      this.registers[REG.commandHigh >> 4] = Number(value >> 32n);
      this.write(REG.commandLow, low);
      return true;
    }
    if (offset === REG.selfInterrupt) {
      if (value > 0xffn) return false;
      this.accept(low & 0xff, false);
      return true;
    }
    const known = (readable(offset) && !readOnlyInX2apic(offset)) || offset === REG.eoi;
    if (!known || value >> 32n !== 0n) return false;
    if ((offset === REG.eoi || offset === REG.errorStatus) && low !== 0) return false;
    this.write(offset, low);
    return true;
  }

  // From the interrupt bus.

  /** Whether a message with this destination is meant for this processor. */
  matches(destination: number, logical: boolean): boolean {
    const x2apic = this.inX2apicMode();
    if (!logical)
      return destination === this.id || destination === (x2apic ? 0xffff_ffff : 0xff) || destination === 0xff;
    if (x2apic) {
      const id = logicalX2apicId(this.id);
      return destination >>> 16 === id >>> 16 && (destination & id & 0xffff) !== 0;
    }
    const logicalId = this.register(REG.logicalDestination) >>> 24;
    if (this.register(REG.destinationFormat) >>> 28 === 0xf) return (logicalId & destination) !== 0;
    return destination >> 4 === logicalId >> 4 && (destination & logicalId & 0xf) !== 0;
  }

  receive(message: InterruptMessage): void {
    switch (message.delivery) {
      case DELIVERY.fixed:
      case DELIVERY.lowestPriority:
        this.accept(message.vector, message.level);
        break;
      case DELIVERY.nmi:
        this.processor.raiseNmi();
        break;
      case DELIVERY.init:
        if (this.processor.initialise()) this.resetRegisters();
        this.update();
        break;
      case DELIVERY.startup:
        this.processor.startUp(message.vector);
        break;
    }
  }

  /** Who has the lowest gets a lowest-priority message. */
  priority(): number {
    return this.processorPriority();
  }

  /** Level of the PIC's INTR at LINT0. */
  setExternalInterrupt(asserted: boolean): void {
    this.externalInterrupt = asserted;
    this.update();
  }

  // The page.

  mmioRead(offset: number, size: number): number {
    const value = this.read(offset & ~0xf);
    const shifted = value >>> (8 * (offset & 3));
    return (offset & 0xc) !== 0 ? 0 : size === 4 ? shifted : shifted & (size === 1 ? 0xff : 0xffff);
  }

  mmioWrite(offset: number, _size: number, value: number): void {
    if ((offset & 0xf) === 0) this.write(offset, value);
  }

  reset(): void {
    this.resetRegisters();
    // As firmware leaves the boot processor's: the PIC reaches it through LINT0 ("virtual wire"), NMI through LINT1.
    if (this.id === 0) {
      this.registers[REG.lvtLint0 >> 4] = DELIVERY.external << 8;
      this.registers[REG.lvtLint1 >> 4] = DELIVERY.nmi << 8;
    }
    const base = BigInt(DEFAULT_BASE + (BASE.enable | (this.id === 0 ? BASE.bootProcessor : 0)));
    this.processor.setBase(base);
    this.setBase(base);
  }

  save(): StateValue {
    return {
      registers: bytesOf(this.registers),
      request: bytesOf(this.request),
      inService: bytesOf(this.inService),
      levelTriggered: bytesOf(this.levelTriggered),
      base: this.base,
      externalInterrupt: this.externalInterrupt,
      pendingErrors: this.pendingErrors,
      taskPriorityLow: this.taskPriorityLow,
      timerStart: this.timerStart,
      deadline: this.deadline,
      timer: this.timer.deadline ?? null,
    };
  }

  restore(state: StateValue): void {
    const saved = stateFields(state);
    bytesOf(this.registers).set(bytesField(state, 'registers'));
    bytesOf(this.request).set(bytesField(state, 'request'));
    bytesOf(this.inService).set(bytesField(state, 'inService'));
    bytesOf(this.levelTriggered).set(bytesField(state, 'levelTriggered'));
    this.serviceVector = highestBit(this.inService);
    this.externalInterrupt = saved.externalInterrupt === true;
    this.pendingErrors = numberField(state, 'pendingErrors');
    this.taskPriorityLow = numberField(state, 'taskPriorityLow');
    this.timerStart = numberField(state, 'timerStart');
    this.deadline = saved.deadline as bigint;
    restoreTimer(this.timer, saved.timer);
    this.base = 0;
    this.setBase(BigInt(numberField(state, 'base')));
  }

  private register(offset: number): number {
    return this.registers[offset >> 4]!;
  }

  private inX2apicMode(): boolean {
    return (this.base & (BASE.enable | BASE.x2apic)) === (BASE.enable | BASE.x2apic);
  }

  private get softwareEnabled(): boolean {
    return (this.register(REG.spurious) & SOFTWARE_ENABLE) !== 0;
  }

  private read(offset: number): number {
    switch (offset) {
      case REG.id:
        return (this.id << 24) >>> 0;
      case REG.version:
        return VERSION;
      case REG.taskPriority:
        return this.taskPriority();
      case REG.arbitration:
      case REG.processorPriority:
        return this.processorPriority();
      case REG.timerCurrent:
        return this.currentCount();
    }
    const word = (offset >> 4) & 7;
    if (offset >= REG.inService && offset < REG.triggerMode) return this.inService[word]!;
    if (offset >= REG.triggerMode && offset < REG.request) return this.levelTriggered[word]!;
    if (offset >= REG.request && offset < REG.errorStatus) return this.request[word]!;
    return this.registers[offset >> 4] ?? 0;
  }

  private write(offset: number, value: number): void {
    const writable = LVT_WRITABLE[offset];
    if (writable !== undefined) {
      this.writeLvt(offset, value & writable);
      return;
    }
    switch (offset) {
      case REG.taskPriority:
        this.processor.taskPriorityClass = (value >> 4) & 0xf;
        this.taskPriorityLow = value & 0xf;
        this.update();
        break;
      case REG.eoi:
        this.endOfInterrupt();
        break;
      case REG.logicalDestination:
        this.registers[offset >> 4] = value & 0xff00_0000;
        break;
      case REG.destinationFormat:
        this.registers[offset >> 4] = value | 0x0fff_ffff;
        break;
      case REG.spurious:
        this.registers[offset >> 4] = value & 0x1ff;
        if (!this.softwareEnabled) this.maskAll();
        this.update();
        break;
      case REG.errorStatus:
        this.registers[offset >> 4] = this.pendingErrors;
        this.pendingErrors = 0;
        break;
      case REG.commandLow:
        this.registers[offset >> 4] = value & 0xc_cfff;
        this.sendCommand();
        break;
      case REG.commandHigh:
        this.registers[offset >> 4] = value;
        break;
      case REG.timerInitial:
        this.registers[offset >> 4] = value;
        this.startTimer();
        break;
      case REG.timerDivide:
        this.registers[offset >> 4] = value & 0xb;
        this.startTimer();
        break;
    }
  }

  private writeLvt(offset: number, value: number): void {
    const modeBefore = this.timerMode();
    this.registers[offset >> 4] = this.softwareEnabled ? value : value | LVT_MASKED;
    const modes = [modeBefore, this.timerMode()];
    // SDM vol. 3, 11.5.4.1: only to and from TSC-deadline mode is the timer disarmed; one-shot and periodic count on.
    if (offset === REG.lvtTimer && modes[0] !== modes[1] && modes.includes(TIMER_MODE.deadline)) {
      this.deadline = 0n;
      this.registers[REG.timerInitial >> 4] = 0;
      this.timer.cancel();
    }
    this.update();
  }

  private maskAll(): void {
    for (const offset of Object.keys(LVT_WRITABLE)) this.registers[Number(offset) >> 4]! |= LVT_MASKED;
  }

  private resetRegisters(): void {
    this.registers.fill(0);
    this.request.fill(0);
    this.inService.fill(0);
    this.levelTriggered.fill(0);
    this.registers[REG.destinationFormat >> 4] = 0xffff_ffff;
    this.registers[REG.spurious >> 4] = 0xff;
    this.maskAll();
    this.serviceVector = -1;
    this.pendingErrors = 0;
    this.taskPriorityLow = 0;
    this.timerStart = 0;
    this.deadline = 0n;
    this.timer.cancel();
  }

  // Priorities (SDM vol. 3, 11.8.3).

  private taskPriority(): number {
    return (this.processor.taskPriorityClass << 4) | this.taskPriorityLow;
  }

  private processorPriority(): number {
    const task = this.taskPriority();
    const service = Math.max(this.serviceVector, 0) & 0xf0;
    return task >> 4 >= service >> 4 ? task : service;
  }

  /** The vector that may interrupt the processor now, or -1. */
  private deliverable(): number {
    if (!this.softwareEnabled || (this.base & BASE.enable) === 0) return -1;
    const vector = highestBit(this.request);
    return vector >= 0 && vector >> 4 > this.processorPriority() >> 4 ? vector : -1;
  }

  private acceptsExternal(): boolean {
    if ((this.base & BASE.enable) === 0) return true;
    const lint0 = this.register(REG.lvtLint0);
    return (lint0 & LVT_MASKED) === 0 && ((lint0 >> 8) & 7) === DELIVERY.external;
  }

  private update(): void {
    this.processor.setInterrupt((this.externalInterrupt && this.acceptsExternal()) || this.deliverable() >= 0);
  }

  private accept(vector: number, level: boolean): void {
    if (vector < 16) {
      this.error(ERROR_ILLEGAL_VECTOR.received);
      return;
    }
    if (!this.softwareEnabled) return;
    setBit(this.request, vector);
    if (level) setBit(this.levelTriggered, vector);
    else clearBit(this.levelTriggered, vector);
    this.update();
  }

  private endOfInterrupt(): void {
    const vector = this.serviceVector;
    if (vector < 0) return;
    clearBit(this.inService, vector);
    this.serviceVector = highestBit(this.inService);
    if (hasBit(this.levelTriggered, vector)) this.bus.endOfInterrupt(vector);
    this.update();
  }

  private error(bit: number): void {
    this.pendingErrors |= bit;
    const lvt = this.register(REG.lvtError);
    if ((lvt & LVT_MASKED) === 0 && (lvt & 0xff) >= 16) this.accept(lvt & 0xff, false);
  }

  /** ICR: bits 7-0 vector, 10-8 delivery, 11 logical, 14 assert, 15 level, 19-18 shorthand. */
  private sendCommand(): void {
    const low = this.register(REG.commandLow);
    const high = this.register(REG.commandHigh);
    const message: InterruptMessage = {
      vector: low & 0xff,
      delivery: (low >> 8) & 7,
      level: false,
      logical: (low & (1 << 11)) !== 0,
      destination: this.inX2apicMode() ? high : high >>> 24,
    };
    if (message.delivery <= DELIVERY.lowestPriority && message.vector < 16) {
      this.error(ERROR_ILLEGAL_VECTOR.sent);
      return;
    }
    // Levels of INIT are no more than history: to withdraw one says nothing.
    if (message.delivery === DELIVERY.init && (low & ICR_LEVEL) !== 0 && (low & ICR_ASSERT) === 0) return;
    switch ((low >> 18) & 3) {
      case 0:
        this.bus.send(message);
        break;
      case 1:
        this.receive(message);
        break;
      case 2:
        this.bus.broadcast(message, undefined);
        break;
      case 3:
        this.bus.broadcast(message, this);
        break;
    }
  }

  // The timer counts virtual nanoseconds divided by the divide configuration.

  private timerMode(): number {
    return (this.register(REG.lvtTimer) >> 17) & 3;
  }

  private get divisor(): number {
    const bits = this.register(REG.timerDivide);
    const code = (bits & 3) | ((bits >> 1) & 4);
    return code === 7 ? 1 : 2 << code;
  }

  private startTimer(): void {
    if (this.timerMode() === TIMER_MODE.deadline) return;
    this.timerStart = this.platform.now();
    const initial = this.register(REG.timerInitial);
    if (initial === 0) this.timer.cancel();
    else this.timer.arm(this.timerStart + initial * this.divisor);
  }

  private currentCount(): number {
    const initial = this.register(REG.timerInitial);
    if (this.timer.deadline === undefined || this.timerMode() === TIMER_MODE.deadline) return 0;
    return Math.max(initial - Math.floor((this.platform.now() - this.timerStart) / this.divisor), 0);
  }

  private setDeadline(value: bigint): void {
    if (this.timerMode() !== TIMER_MODE.deadline) return;
    this.deadline = value;
    if (value === 0n) {
      this.timer.cancel();
      return;
    }
    const now = this.platform.now();
    const left = Number(value - this.processor.tscAt(now));
    // Beyond exact integers there is no such moment in any run; the deadline stays readable.
    if (left < Number.MAX_SAFE_INTEGER / 2) this.timer.arm(now + Math.max(left, 0));
    else this.timer.cancel();
  }

  private timerFired(): void {
    if (this.timerMode() === TIMER_MODE.periodic) {
      this.timerStart += this.register(REG.timerInitial) * this.divisor;
      this.timer.arm(this.timerStart + this.register(REG.timerInitial) * this.divisor);
    }
    this.deadline = 0n;
    const lvt = this.register(REG.lvtTimer);
    if ((lvt & LVT_MASKED) === 0) this.accept(lvt & 0xff, false);
  }
}

const READ_ONLY_IN_X2APIC: ReadonlySet<number> = new Set([
  REG.id,
  REG.version,
  REG.processorPriority,
  REG.logicalDestination,
  REG.destinationFormat,
  REG.commandHigh,
  REG.timerCurrent,
]);

function readOnlyInX2apic(offset: number): boolean {
  return (offset >= REG.inService && offset < REG.errorStatus) || READ_ONLY_IN_X2APIC.has(offset);
}

function readable(offset: number): boolean {
  if (offset >= REG.inService && offset < REG.errorStatus) return true;
  return READABLE.has(offset);
}

const READABLE: ReadonlySet<number> = new Set(
  Object.values(REG).filter(
    (offset) =>
      offset !== REG.eoi && offset !== REG.selfInterrupt && offset !== REG.arbitration && offset !== REG.remoteRead,
  ),
);

function logicalX2apicId(id: number): number {
  return ((id >> 4) << 16) | (1 << (id & 15));
}

function bytesOf(words: Uint32Array): Uint8Array {
  return new Uint8Array(words.buffer, words.byteOffset, words.byteLength);
}

function setBit(set: Uint32Array, bit: number): void {
  set[bit >> 5]! |= 1 << (bit & 31);
}

function clearBit(set: Uint32Array, bit: number): void {
  set[bit >> 5]! &= ~(1 << (bit & 31));
}

function hasBit(set: Uint32Array, bit: number): boolean {
  return (set[bit >> 5]! & (1 << (bit & 31))) !== 0;
}

function highestBit(set: Uint32Array): number {
  for (let word = 7; word >= 0; word--) {
    if (set[word] !== 0) return word * 32 + 31 - Math.clz32(set[word]!);
  }
  return -1;
}
