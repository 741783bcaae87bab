import { bytesField, type Device, type MmioHandler, numberField, type Platform, type StateValue } from './device.ts';
import { DELIVERY, type EoiListener, type InterruptBus } from './interrupt-bus.ts';

export const IOAPIC_BASE = 0xfec0_0000;
export const IOAPIC_ID = 1;
export const IOAPIC_PINS = 24;
const WINDOW_BYTES = 0x1000;
const SELECT = 0x00;
const DATA = 0x10;
const EOI = 0x40;
const REG = { id: 0, version: 1, arbitration: 2, redirection: 0x10 } as const;
/** Version 20h has the EOI register. */
const VERSION = 0x20 | ((IOAPIC_PINS - 1) << 16);

/** Redirection entry, low word; the high word's top byte is the destination (82093AA data sheet, 3.2.4). */
const ENTRY = { logical: 1 << 11, remoteIrr: 1 << 14, level: 1 << 15, masked: 1 << 16 } as const;
const READ_ONLY = (1 << 12) | ENTRY.remoteIrr;

/** An IOAPIC with 24 pins. Lines are active levels: polarity bits are stored and change nothing. */
export class IoApic implements Device, MmioHandler, EoiListener {
  readonly name = 'ioapic';
  private readonly bus: InterruptBus;
  private readonly low = new Uint32Array(IOAPIC_PINS);
  private readonly high = new Uint32Array(IOAPIC_PINS);
  private lines = 0;
  private select = 0;
  private id = IOAPIC_ID;

  constructor(platform: Platform, bus: InterruptBus) {
    this.bus = bus;
    platform.claimMemory(IOAPIC_BASE, WINDOW_BYTES, this);
    bus.listen(this);
  }

  setLine(pin: number, asserted: boolean): void {
    const bit = 1 << pin;
    const rose = asserted && (this.lines & bit) === 0;
    this.lines = asserted ? this.lines | bit : this.lines & ~bit;
    if ((this.low[pin]! & ENTRY.level) !== 0) this.sendLevel(pin);
    else if (rose && (this.low[pin]! & ENTRY.masked) === 0) this.send(pin);
  }

  endOfInterrupt(vector: number): void {
    for (let pin = 0; pin < IOAPIC_PINS; pin++) {
      const entry = this.low[pin]!;
      if ((entry & 0xff) !== vector || (entry & ENTRY.level) === 0) continue;
      this.low[pin] = entry & ~ENTRY.remoteIrr;
      this.sendLevel(pin);
    }
  }

  mmioRead(offset: number): number {
    if (offset === SELECT) return this.select;
    return offset === DATA ? this.readRegister() : 0;
  }

  mmioWrite(offset: number, _size: number, value: number): void {
    if (offset === SELECT) this.select = value & 0xff;
    else if (offset === DATA) this.writeRegister(value);
    else if (offset === EOI) this.endOfInterrupt(value & 0xff);
  }

  reset(): void {
    this.low.fill(ENTRY.masked);
    this.high.fill(0);
    this.lines = 0;
    this.select = 0;
    this.id = IOAPIC_ID;
  }

  save(): StateValue {
    return {
      low: new Uint8Array(this.low.buffer).slice(),
      high: new Uint8Array(this.high.buffer).slice(),
      lines: this.lines,
      select: this.select,
      id: this.id,
    };
  }

  restore(state: StateValue): void {
    new Uint8Array(this.low.buffer).set(bytesField(state, 'low'));
    new Uint8Array(this.high.buffer).set(bytesField(state, 'high'));
    this.lines = numberField(state, 'lines');
    this.select = numberField(state, 'select');
    this.id = numberField(state, 'id');
  }

  private readRegister(): number {
    const pin = (this.select - REG.redirection) >> 1;
    if (this.select >= REG.redirection && pin < IOAPIC_PINS) {
      return (this.select & 1) === 0 ? this.low[pin]! : this.high[pin]!;
    }
    if (this.select === REG.version) return VERSION;
    return this.select === REG.id || this.select === REG.arbitration ? (this.id << 24) >>> 0 : 0;
  }

  private writeRegister(value: number): void {
    const pin = (this.select - REG.redirection) >> 1;
    if (this.select === REG.id) this.id = (value >>> 24) & 0xf;
    if (this.select < REG.redirection || pin >= IOAPIC_PINS) return;
    if ((this.select & 1) !== 0) {
      this.high[pin] = value & 0xff00_0000;
      return;
    }
    let entry = (this.low[pin]! & READ_ONLY) | (value & 0x1_ffff & ~READ_ONLY);
    // Linux on an IOAPIC without EOI register clears remote IRR by switching a pin to edge and back.
    if ((entry & ENTRY.level) === 0) entry &= ~ENTRY.remoteIrr;
    this.low[pin] = entry;
    if ((entry & ENTRY.level) !== 0) this.sendLevel(pin);
  }

  private sendLevel(pin: number): void {
    const entry = this.low[pin]!;
    if ((this.lines & (1 << pin)) === 0 || (entry & (ENTRY.masked | ENTRY.remoteIrr)) !== 0) return;
    this.low[pin] = entry | ENTRY.remoteIrr;
    this.send(pin);
  }

  private send(pin: number): void {
    const entry = this.low[pin]!;
    const delivery = (entry >> 8) & 7;
    const fixed = delivery === DELIVERY.fixed || delivery === DELIVERY.lowestPriority;
    this.bus.send({
      vector: entry & 0xff,
      delivery,
      level: fixed && (entry & ENTRY.level) !== 0,
      logical: (entry & ENTRY.logical) !== 0,
      destination: this.high[pin]! >>> 24,
    });
  }
}
