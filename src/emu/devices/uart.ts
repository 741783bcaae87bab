import {
  bytesField,
  type Device,
  type Line,
  numberField,
  type Platform,
  type PortHandler,
  type StateValue,
  stateFields,
} from './device.ts';

/** Register offsets (16550 data sheet); DLAB in LCR turns 0 and 1 into the divisor. */
const REG = {
  data: 0,
  interruptEnable: 1,
  interruptId: 2,
  lineControl: 3,
  modemControl: 4,
  lineStatus: 5,
  modemStatus: 6,
  scratch: 7,
} as const;
const DLAB = 0x80;
const IER = { received: 1, transmitEmpty: 2, lineStatus: 4, modemStatus: 8 } as const;
const IIR = {
  none: 1,
  modemStatus: 0,
  transmitEmpty: 2,
  received: 4,
  lineStatus: 6,
  timeout: 0xc,
  fifosEnabled: 0xc0,
} as const;
const FCR = { enable: 1, clearReceive: 2 } as const;
const LSR = { ready: 1, overrun: 2, transmitEmpty: 0x20, idle: 0x40 } as const;
/** MCR: OUT2 lets the interrupt reach the line; LOOP ties outputs to inputs. */
const MCR = { dtr: 1, rts: 2, out1: 4, out2: 8, loop: 0x10 } as const;
/** MSR: a terminal is always there and ready. */
const MSR = { cts: 0x10, dsr: 0x20, ring: 0x40, carrier: 0x80 } as const;
const TRIGGER = [1, 4, 8, 14] as const;
const FIFO_BYTES = 16;

export interface UartPlace {
  readonly name: string;
  readonly port: number;
  readonly irq: number;
}

export const COM1: UartPlace = { name: 'com1', port: 0x3f8, irq: 4 };
export const COM2: UartPlace = { name: 'com2', port: 0x2f8, irq: 3 };

/**
 * A 16550A. A byte sent is out at once; it is emitted under the device's name. Bytes that the host offers under that
 * name wait, however many, until the receive FIFO has room.
 */
export class Uart implements Device, PortHandler {
  readonly name: string;
  readonly portWidth = 1;
  private readonly platform: Platform;
  private readonly place: UartPlace;
  private readonly line: Line;
  private interruptEnable = 0;
  private fifoControl = 0;
  private lineControl = 0;
  private modemControl = 0;
  private scratch = 0;
  private divisor = 12;
  private overrun = false;
  /** THRE interrupt: set when the transmitter runs empty, cleared by reading IIR. */
  private transmitEvent = false;
  private received: number[] = [];
  private waiting: Uint8Array = new Uint8Array(0);

  constructor(platform: Platform, place: UartPlace) {
    this.name = place.name;
    this.platform = platform;
    this.place = place;
    this.line = platform.line(place.irq);
    platform.claimPorts(place.port, 8, this);
    platform.inputs.receive(place.name, (bytes) => this.offer(bytes));
  }

  portRead(port: number): number {
    switch (port - this.place.port) {
      case REG.data:
        return this.divisorSelected ? this.divisor & 0xff : this.takeReceived();
      case REG.interruptEnable:
        return this.divisorSelected ? this.divisor >> 8 : this.interruptEnable;
      case REG.interruptId:
        return this.readInterruptId();
      case REG.lineControl:
        return this.lineControl;
      case REG.modemControl:
        return this.modemControl;
      case REG.lineStatus:
        return this.readLineStatus();
      case REG.modemStatus:
        return this.modemStatus();
      default:
        return this.scratch;
    }
  }

  portWrite(port: number, _size: number, value: number): void {
    switch (port - this.place.port) {
      case REG.data:
        if (this.divisorSelected) this.divisor = (this.divisor & 0xff00) | value;
        else this.send(value);
        break;
      case REG.interruptEnable:
        if (this.divisorSelected) this.divisor = (this.divisor & 0xff) | (value << 8);
        else this.writeInterruptEnable(value & 0xf);
        break;
      case REG.interruptId:
        this.writeFifoControl(value);
        break;
      case REG.lineControl:
        this.lineControl = value;
        break;
      case REG.modemControl:
        this.modemControl = value & 0x1f;
        break;
      case REG.scratch:
        this.scratch = value;
        break;
    }
    this.update();
  }

  reset(): void {
    this.interruptEnable = 0;
    this.fifoControl = 0;
    this.lineControl = 0;
    this.modemControl = 0;
    this.scratch = 0;
    this.divisor = 12;
    this.overrun = false;
    this.transmitEvent = false;
    this.received = [];
    this.waiting = new Uint8Array(0);
    this.update();
  }

  save(): StateValue {
    return {
      interruptEnable: this.interruptEnable,
      fifoControl: this.fifoControl,
      lineControl: this.lineControl,
      modemControl: this.modemControl,
      scratch: this.scratch,
      divisor: this.divisor,
      overrun: this.overrun,
      transmitEvent: this.transmitEvent,
      received: Uint8Array.from(this.received),
      waiting: this.waiting.slice(),
    };
  }

  restore(state: StateValue): void {
    const saved = stateFields(state);
    this.interruptEnable = numberField(state, 'interruptEnable');
    this.fifoControl = numberField(state, 'fifoControl');
    this.lineControl = numberField(state, 'lineControl');
    this.modemControl = numberField(state, 'modemControl');
    this.scratch = numberField(state, 'scratch');
    this.divisor = numberField(state, 'divisor');
    this.overrun = saved.overrun === true;
    this.transmitEvent = saved.transmitEvent === true;
    this.received = [...bytesField(state, 'received')];
    this.waiting = bytesField(state, 'waiting');
    this.update();
  }

  private get divisorSelected(): boolean {
    return (this.lineControl & DLAB) !== 0;
  }

  private get looped(): boolean {
    return (this.modemControl & MCR.loop) !== 0;
  }

  private get capacity(): number {
    return (this.fifoControl & FCR.enable) !== 0 ? FIFO_BYTES : 1;
  }

  private offer(bytes: Uint8Array): void {
    const joined = new Uint8Array(this.waiting.length + bytes.length);
    joined.set(this.waiting);
    joined.set(bytes, this.waiting.length);
    this.waiting = joined;
    this.refill();
    this.update();
  }

  private refill(): void {
    if (this.looped || this.waiting.length === 0) return;
    const taken = this.waiting.subarray(0, this.capacity - this.received.length);
    this.received.push(...taken);
    this.waiting = this.waiting.subarray(taken.length);
  }

  private takeReceived(): number {
    const byte = this.received.shift() ?? 0;
    if (this.received.length === 0) this.refill();
    this.update();
    return byte;
  }

  private send(value: number): void {
    if (!this.looped) this.platform.emit(this.name, Uint8Array.of(value));
    else if (this.received.length < this.capacity) this.received.push(value);
    else this.overrun = true;
    this.transmitEvent = true;
  }

  private writeInterruptEnable(value: number): void {
    // Enabling the transmit interrupt while the transmitter is empty raises it.
    if ((value & ~this.interruptEnable & IER.transmitEmpty) !== 0) this.transmitEvent = true;
    this.interruptEnable = value;
  }

  private writeFifoControl(value: number): void {
    const toggled = ((value ^ this.fifoControl) & FCR.enable) !== 0;
    if (toggled || (value & FCR.clearReceive) !== 0) this.received = [];
    this.fifoControl = value & 0xc9;
    this.refill();
  }

  private readLineStatus(): number {
    const status =
      (this.received.length > 0 ? LSR.ready : 0) | (this.overrun ? LSR.overrun : 0) | LSR.transmitEmpty | LSR.idle;
    this.overrun = false;
    this.update();
    return status;
  }

  private modemStatus(): number {
    if (!this.looped) return MSR.cts | MSR.dsr | MSR.carrier;
    const control = this.modemControl;
    return (
      ((control & MCR.rts) !== 0 ? MSR.cts : 0) |
      ((control & MCR.dtr) !== 0 ? MSR.dsr : 0) |
      ((control & MCR.out1) !== 0 ? MSR.ring : 0) |
      ((control & MCR.out2) !== 0 ? MSR.carrier : 0)
    );
  }

  private interruptId(): number {
    const enabled = this.interruptEnable;
    if ((enabled & IER.lineStatus) !== 0 && this.overrun) return IIR.lineStatus;
    if ((enabled & IER.received) !== 0 && this.received.length > 0) {
      // The character timeout passes at once: nothing is gained by letting the guest wait for it.
      const full = this.capacity === 1 || this.received.length >= TRIGGER[(this.fifoControl >> 6) & 3]!;
      return full ? IIR.received : IIR.timeout;
    }
    return (enabled & IER.transmitEmpty) !== 0 && this.transmitEvent ? IIR.transmitEmpty : IIR.none;
  }

  private readInterruptId(): number {
    const id = this.interruptId();
    if (id === IIR.transmitEmpty) this.transmitEvent = false;
    this.update();
    return id | ((this.fifoControl & FCR.enable) !== 0 ? IIR.fifosEnabled : 0);
  }

  private update(): void {
    const open = (this.modemControl & MCR.out2) !== 0 && !this.looped;
    this.line.set(open && this.interruptId() !== IIR.none);
  }
}
