import { type Device, numberField, type Platform, type PortHandler, type StateValue, stateFields } from './device.ts';

const MASTER = { command: 0x20, data: 0x21, elcr: 0x4d0, elcrWritable: 0xf8 } as const;
const SLAVE = { command: 0xa0, data: 0xa1, elcr: 0x4d1, elcrWritable: 0xde } as const;
const CASCADE = 2;

/** Initialisation command words (Intel 8259A data sheet). */
const ICW1 = { marker: 0x10, level: 0x08, single: 0x02, needsIcw4: 0x01 } as const;
const ICW4 = { autoEoi: 0x02 } as const;
const OCW3 = {
  marker: 0x08,
  setSpecialMask: 0x40,
  specialMask: 0x20,
  poll: 0x04,
  setRead: 0x02,
  readIsr: 0x01,
} as const;

/** One 8259A. Bits of a register stand for its inputs 0..7. */
class Chip implements PortHandler {
  readonly name = 'pic';
  readonly portWidth = 1;
  private readonly command: number;
  private readonly changed: () => void;
  private request = 0;
  private inService = 0;
  private mask = 0xff;
  private lines = 0;
  private levelTriggered = 0;
  private vectorBase = 0;
  private autoEoi = false;
  private rotateOnAutoEoi = false;
  private specialMask = false;
  private readInService = false;
  private pollNext = false;
  private initStep = 0;
  private needsIcw4 = false;
  private single = false;
  /** The input with the lowest priority; the next one has the highest. */
  private lowest = 7;

  constructor(platform: Platform, ports: typeof MASTER | typeof SLAVE, changed: () => void) {
    this.command = ports.command;
    this.changed = changed;
    platform.claimPorts(ports.command, 2, this);
    platform.claimPorts(ports.elcr, 1, {
      name: this.name,
      portWidth: 1,
      portRead: () => this.levelTriggered,
      portWrite: (_port, _size, value) => {
        this.levelTriggered = value & ports.elcrWritable;
        this.changed();
      },
    });
  }

  /** INTR output: an unmasked request of higher priority than anything in service. */
  get interrupt(): boolean {
    return this.highest() >= 0;
  }

  setLine(input: number, asserted: boolean): void {
    const bit = 1 << input;
    if (asserted) {
      if ((this.lines & bit) === 0 || (this.levelTriggered & bit) !== 0) this.request |= bit;
      this.lines |= bit;
    } else {
      this.lines &= ~bit;
      // An edge stays latched when the line drops again, as hypervisors have it; the chip would turn it into input 7.
      if ((this.levelTriggered & bit) !== 0) this.request &= ~bit;
    }
    this.changed();
  }

  /** First INTA cycle: moves the request into service; the input number, or 7 for a spurious one. */
  acknowledge(): number {
    const input = this.highest();
    if (input < 0) return 7;
    this.serve(input);
    return input;
  }

  vector(input: number): number {
    return this.vectorBase | input;
  }

  portRead(port: number): number {
    if (this.pollNext) {
      this.pollNext = false;
      const input = this.highest();
      if (input < 0) return 0;
      this.serve(input);
      this.changed();
      return 0x80 | input;
    }
    if (port !== this.command) return this.mask;
    return this.readInService ? this.inService : this.request;
  }

  portWrite(port: number, _size: number, value: number): void {
    if (port !== this.command) this.writeData(value);
    else if ((value & ICW1.marker) !== 0) this.initialise(value);
    else if ((value & OCW3.marker) !== 0) this.writeOcw3(value);
    else this.writeOcw2(value);
    this.changed();
  }

  reset(): void {
    this.lines = 0;
    this.levelTriggered = 0;
    this.vectorBase = 0;
    this.initialise(ICW1.single);
    this.initStep = 0;
    this.mask = 0xff;
  }

  save(): StateValue {
    return {
      request: this.request,
      inService: this.inService,
      mask: this.mask,
      lines: this.lines,
      levelTriggered: this.levelTriggered,
      vectorBase: this.vectorBase,
      autoEoi: this.autoEoi,
      rotateOnAutoEoi: this.rotateOnAutoEoi,
      specialMask: this.specialMask,
      readInService: this.readInService,
      pollNext: this.pollNext,
      initStep: this.initStep,
      needsIcw4: this.needsIcw4,
      single: this.single,
      lowest: this.lowest,
    };
  }

  restore(state: StateValue): void {
    const saved = stateFields(state);
    this.request = numberField(state, 'request');
    this.inService = numberField(state, 'inService');
    this.mask = numberField(state, 'mask');
    this.lines = numberField(state, 'lines');
    this.levelTriggered = numberField(state, 'levelTriggered');
    this.vectorBase = numberField(state, 'vectorBase');
    this.autoEoi = saved.autoEoi === true;
    this.rotateOnAutoEoi = saved.rotateOnAutoEoi === true;
    this.specialMask = saved.specialMask === true;
    this.readInService = saved.readInService === true;
    this.pollNext = saved.pollNext === true;
    this.initStep = numberField(state, 'initStep');
    this.needsIcw4 = saved.needsIcw4 === true;
    this.single = saved.single === true;
    this.lowest = numberField(state, 'lowest');
  }

  private highest(): number {
    const wanting = this.request & ~this.mask;
    if (wanting === 0) return -1;
    for (let step = 1; step <= 8; step++) {
      const input = (this.lowest + step) & 7;
      const bit = 1 << input;
      const serving = (this.inService & bit) !== 0;
      if (serving && !(this.specialMask && (this.mask & bit) !== 0)) return -1;
      if ((wanting & bit) !== 0 && !serving) return input;
    }
    return -1;
  }

  private serve(input: number): void {
    const bit = 1 << input;
    if ((this.levelTriggered & bit) === 0) this.request &= ~bit;
    if (!this.autoEoi) this.inService |= bit;
    else if (this.rotateOnAutoEoi) this.lowest = input;
  }

  private initialise(icw1: number): void {
    this.request = this.lines & this.levelTriggered;
    this.inService = 0;
    this.mask = 0;
    this.lowest = 7;
    this.autoEoi = false;
    this.rotateOnAutoEoi = false;
    this.specialMask = false;
    this.readInService = false;
    this.pollNext = false;
    this.initStep = 2;
    this.needsIcw4 = (icw1 & ICW1.needsIcw4) !== 0;
    this.single = (icw1 & ICW1.single) !== 0;
  }

  private writeData(value: number): void {
    switch (this.initStep) {
      case 2:
        this.vectorBase = value & 0xf8;
        this.initStep = this.single ? (this.needsIcw4 ? 4 : 0) : 3;
        break;
      case 3:
        this.initStep = this.needsIcw4 ? 4 : 0;
        break;
      case 4:
        this.autoEoi = (value & ICW4.autoEoi) !== 0;
        this.initStep = 0;
        break;
      default:
        this.mask = value;
    }
  }

  private writeOcw3(value: number): void {
    if ((value & OCW3.poll) !== 0) this.pollNext = true;
    if ((value & OCW3.setRead) !== 0) this.readInService = (value & OCW3.readIsr) !== 0;
    if ((value & OCW3.setSpecialMask) !== 0) this.specialMask = (value & OCW3.specialMask) !== 0;
  }

  /** OCW2: bits 7-5 are rotate, specific, end of interrupt. */
  private writeOcw2(value: number): void {
    const input = value & 7;
    switch (value >> 5) {
      case 0b000:
      case 0b100:
        this.rotateOnAutoEoi = value >> 5 === 0b100;
        break;
      case 0b001:
        this.endOfInterrupt(this.highestInService());
        break;
      case 0b011:
        this.endOfInterrupt(input);
        break;
      case 0b101: {
        const served = this.highestInService();
        this.endOfInterrupt(served);
        if (served >= 0) this.lowest = served;
        break;
      }
      case 0b110:
        this.lowest = input;
        break;
      case 0b111:
        this.endOfInterrupt(input);
        this.lowest = input;
        break;
    }
  }

  private highestInService(): number {
    for (let step = 1; step <= 8; step++) {
      const input = (this.lowest + step) & 7;
      const masked = this.specialMask && (this.mask & (1 << input)) !== 0;
      if ((this.inService & (1 << input)) !== 0 && !masked) return input;
    }
    return -1;
  }

  private endOfInterrupt(input: number): void {
    if (input >= 0) this.inService &= ~(1 << input);
  }
}

/** The two cascaded 8259A interrupt controllers with their edge/level control registers. */
export class Pic implements Device {
  readonly name = 'pic';
  private readonly master: Chip;
  private readonly slave: Chip;
  /** Called with the level of INTR whenever it may have changed. */
  onInterrupt: (asserted: boolean) => void = () => {};

  constructor(platform: Platform) {
    this.master = new Chip(platform, MASTER, () => this.onInterrupt(this.master.interrupt));
    this.slave = new Chip(platform, SLAVE, () => this.master.setLine(CASCADE, this.slave.interrupt));
  }

  get interrupt(): boolean {
    return this.master.interrupt;
  }

  /** Level of ISA interrupt 0..15. */
  setLine(irq: number, asserted: boolean): void {
    if (irq >= 8) this.slave.setLine(irq - 8, asserted);
    else if (irq !== CASCADE) this.master.setLine(irq, asserted);
  }

  /** The processor's INTA cycles: the vector, that of input 7 if the request has gone. */
  acknowledge(): number {
    const input = this.master.acknowledge();
    let vector = this.master.vector(input);
    if (input === CASCADE) {
      vector = this.slave.vector(this.slave.acknowledge());
      // INTA has lowered the slave's INT; if it has more to ask it raises it anew, which is a new edge.
      this.master.setLine(CASCADE, false);
      this.master.setLine(CASCADE, this.slave.interrupt);
    }
    this.onInterrupt(this.master.interrupt);
    return vector;
  }

  reset(): void {
    this.master.reset();
    this.slave.reset();
    this.onInterrupt(false);
  }

  save(): StateValue {
    return { master: this.master.save(), slave: this.slave.save() };
  }

  restore(state: StateValue): void {
    const saved = stateFields(state);
    this.master.restore(saved.master!);
    this.slave.restore(saved.slave!);
    this.onInterrupt(this.master.interrupt);
  }
}
