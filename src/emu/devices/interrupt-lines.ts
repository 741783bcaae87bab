import type { Device, Line, StateValue } from './device.ts';
import type { IoApic } from './ioapic.ts';
import type { Pic } from './pic.ts';

const TIMER_IRQ = 0;
/** Interrupt 0 is wired to pin 2, as the MADT says. */
const TIMER_PIN = 2;
const ISA_IRQS = 16;

/** The wires between devices and the two interrupt controllers. A shared wire is asserted while any owner asserts it. */
export class InterruptLines implements Device {
  readonly name = 'lines';
  private readonly pic: Pic;
  private readonly ioapic: IoApic;
  /** One set of owners' levels a line; an owner's bit is its order of joining. */
  private readonly asserted = new Uint32Array(24);
  private readonly owners = new Uint8Array(24);

  constructor(pic: Pic, ioapic: IoApic) {
    this.pic = pic;
    this.ioapic = ioapic;
  }

  join(irq: number): Line {
    const bit = 1 << this.owners[irq]!++;
    return {
      set: (level) => {
        const before = this.asserted[irq]!;
        const after = level ? before | bit : before & ~bit;
        this.asserted[irq] = after;
        if ((before !== 0) !== (after !== 0)) this.drive(irq, after !== 0);
      },
    };
  }

  reset(): void {
    this.asserted.fill(0);
  }

  save(): StateValue {
    return { asserted: new Uint8Array(this.asserted.buffer).slice() };
  }

  /** The controllers keep the levels that they saw: nothing is driven anew. */
  restore(state: StateValue): void {
    const { asserted } = state as { readonly asserted: Uint8Array };
    new Uint8Array(this.asserted.buffer).set(asserted);
  }

  private drive(irq: number, level: boolean): void {
    if (irq < ISA_IRQS) this.pic.setLine(irq, level);
    this.ioapic.setLine(irq === TIMER_IRQ ? TIMER_PIN : irq, level);
  }
}
