import type { Nanoseconds } from '../units.ts';
import { LVT_MASKED, LVT_WRITABLE, REG, readable, readOnlyInX2apic } from './apic-registers.ts';
import { ApicTimer } from './apic-timer.ts';
import {
  bytesField,
  type Device,
  type MmioHandler,
  numberField,
  type Platform,
  type StateValue,
  stateFields,
  type Window,
} from './device.ts';
import { DELIVERY, type InterruptBus, type InterruptMessage } from './interrupt-bus.ts';
import { VectorSet } from './vector-set.ts';

/** Version 14h, six local-vector-table entries. */
const VERSION = 0x0005_0014;
const SOFTWARE_ENABLE = 1 << 8;
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
  private readonly bus: InterruptBus;
  private readonly processor: ApicProcessor;
  private readonly window: Window;
  private readonly timer: ApicTimer;
  /** One word a register (offset / 16): those that only hold what was written. */
  private readonly registers = new Uint32Array(64);
  private readonly request = new VectorSet();
  private readonly inService = new VectorSet();
  private readonly levelTriggered = new VectorSet();
  private base = 0;
  /** Its processor runs: the page and the MSRs are this one's. */
  private present: boolean;
  private externalInterrupt = false;
  private pendingErrors = 0;
  /** Low four bits of the task priority; CR8 holds the others. */
  private taskPriorityLow = 0;
  /** Priority of the highest vector in service, kept because every check needs it. */
  private serviceVector = -1;

  constructor(platform: Platform, id: number, bus: InterruptBus, processor: ApicProcessor) {
    this.name = `apic${id}`;
    this.id = id;
    this.bus = bus;
    this.processor = processor;
    this.present = id === 0;
    this.window = platform.claimMemory(undefined, PAGE, this);
    this.timer = new ApicTimer({
      platform,
      registers: this.registers,
      tscAt: (now) => processor.tscAt(now),
      fired: () => this.signal(REG.lvtTimer),
    });
    bus.attach(this);
  }

  // Towards the processor.

  /** INTA: the vector to deliver. The PIC's comes first when LINT0 lets it through. */
  acknowledge(): number {
    if (this.externalInterrupt && this.acceptsExternal()) return this.bus.acknowledgeExternal();
    const vector = this.deliverable();
    if (vector < 0) return this.registers[REG.spurious >> 4]! & 0xff;
    this.request.delete(vector);
    this.inService.add(vector);
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
    if (index === MSR_DEADLINE) return this.timer.tscDeadline;
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
      this.timer.setTscDeadline(value);
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
      registers: new Uint8Array(this.registers.buffer).slice(),
      request: this.request.bytes.slice(),
      inService: this.inService.bytes.slice(),
      levelTriggered: this.levelTriggered.bytes.slice(),
      base: this.base,
      externalInterrupt: this.externalInterrupt,
      pendingErrors: this.pendingErrors,
      taskPriorityLow: this.taskPriorityLow,
      ...this.timer.save(),
    };
  }

  restore(state: StateValue): void {
    const saved = stateFields(state);
    new Uint8Array(this.registers.buffer).set(bytesField(state, 'registers'));
    this.request.bytes.set(bytesField(state, 'request'));
    this.inService.bytes.set(bytesField(state, 'inService'));
    this.levelTriggered.bytes.set(bytesField(state, 'levelTriggered'));
    this.serviceVector = this.inService.highest;
    this.externalInterrupt = saved.externalInterrupt === true;
    this.pendingErrors = numberField(state, 'pendingErrors');
    this.taskPriorityLow = numberField(state, 'taskPriorityLow');
    this.timer.restore(state);
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
        return this.timer.currentCount();
    }
    const word = (offset >> 4) & 7;
    if (offset >= REG.inService && offset < REG.triggerMode) return this.inService.words[word]!;
    if (offset >= REG.triggerMode && offset < REG.request) return this.levelTriggered.words[word]!;
    if (offset >= REG.request && offset < REG.errorStatus) return this.request.words[word]!;
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
        this.timer.start();
        break;
      case REG.timerDivide:
        this.registers[offset >> 4] = value & 0xb;
        this.timer.start();
        break;
    }
  }

  private writeLvt(offset: number, value: number): void {
    const modeBefore = this.timer.mode;
    this.registers[offset >> 4] = this.softwareEnabled ? value : value | LVT_MASKED;
    if (offset === REG.lvtTimer) this.timer.modeChanged(modeBefore);
    this.update();
  }

  private maskAll(): void {
    for (const offset of Object.keys(LVT_WRITABLE)) this.registers[Number(offset) >> 4]! |= LVT_MASKED;
  }

  private resetRegisters(): void {
    this.registers.fill(0);
    this.request.clear();
    this.inService.clear();
    this.levelTriggered.clear();
    this.registers[REG.destinationFormat >> 4] = 0xffff_ffff;
    this.registers[REG.spurious >> 4] = 0xff;
    this.maskAll();
    this.serviceVector = -1;
    this.pendingErrors = 0;
    this.taskPriorityLow = 0;
    this.timer.reset();
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
    const vector = this.request.highest;
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
    this.request.add(vector);
    if (level) this.levelTriggered.add(vector);
    else this.levelTriggered.delete(vector);
    this.update();
  }

  private endOfInterrupt(): void {
    const vector = this.serviceVector;
    if (vector < 0) return;
    this.inService.delete(vector);
    this.serviceVector = this.inService.highest;
    if (this.levelTriggered.has(vector)) this.bus.endOfInterrupt(vector);
    this.update();
  }

  private error(bit: number): void {
    this.pendingErrors |= bit;
    if ((this.register(REG.lvtError) & 0xff) >= 16) this.signal(REG.lvtError);
  }

  /** An entry of the local vector table is to interrupt. */
  private signal(entry: number): void {
    const lvt = this.register(entry);
    if ((lvt & LVT_MASKED) === 0) this.accept(lvt & 0xff, false);
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
}

function logicalX2apicId(id: number): number {
  return ((id >> 4) << 16) | (1 << (id & 15));
}
