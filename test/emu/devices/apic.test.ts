import { beforeEach, describe, expect, it } from 'vitest';
import { LocalApic } from '../../../src/emu/devices/apic.ts';
import { InterruptBus } from '../../../src/emu/devices/interrupt-bus.ts';
import { IOAPIC_BASE, IoApic } from '../../../src/emu/devices/ioapic.ts';
import { TestPlatform } from './platform.ts';

const PAGE = 0xfee0_0000;
let platform: TestPlatform;
let bus: InterruptBus;
let apic: LocalApic;
let ioapic: IoApic;
const processor = {
  asserted: false,
  nmis: 0,
  taskPriorityClass: 0,
  setInterrupt(asserted: boolean) {
    this.asserted = asserted;
  },
  raiseNmi() {
    this.nmis++;
  },
  tscAt: (now: number) => BigInt(now) + 1000n,
  setBase() {},
  initialise: () => false,
  startUp() {},
};

beforeEach(() => {
  platform = new TestPlatform();
  bus = new InterruptBus();
  processor.asserted = false;
  processor.nmis = 0;
  processor.taskPriorityClass = 0;
  apic = new LocalApic(platform, 0, bus, processor);
  ioapic = new IoApic(platform, bus);
  ioapic.reset();
  apic.reset();
});

function read(offset: number): number {
  return platform.bus.memoryRead(PAGE + offset, 4);
}

function write(offset: number, value: number): void {
  platform.bus.memoryWrite(PAGE + offset, 4, value);
}

function redirect(pin: number, entry: number): void {
  platform.bus.memoryWrite(IOAPIC_BASE, 4, 0x11 + 2 * pin);
  platform.bus.memoryWrite(IOAPIC_BASE + 0x10, 4, 0);
  platform.bus.memoryWrite(IOAPIC_BASE, 4, 0x10 + 2 * pin);
  platform.bus.memoryWrite(IOAPIC_BASE + 0x10, 4, entry);
}

function redirection(pin: number): number {
  platform.bus.memoryWrite(IOAPIC_BASE, 4, 0x10 + 2 * pin);
  return platform.bus.memoryRead(IOAPIC_BASE + 0x10, 4);
}

describe('local APIC', () => {
  it('lets the PIC through after reset, until LINT0 is masked', () => {
    bus.acknowledgeExternal = () => 0x34;
    apic.setExternalInterrupt(true);
    expect(processor.asserted).toBe(true);
    expect(apic.acknowledge()).toBe(0x34);
    write(0xf0, 0x1ff);
    write(0x350, 0x1_0700);
    expect(processor.asserted).toBe(false);
  });

  it('orders by priority: request, in service, task priority', () => {
    write(0xf0, 0x1ff);
    write(0x300, 0x4_0041);
    write(0x300, 0x4_0061);
    expect(apic.acknowledge()).toBe(0x61);
    expect(read(0xa0)).toBe(0x60);
    expect(processor.asserted).toBe(false);
    write(0xb0, 0);
    expect(processor.asserted).toBe(true);
    write(0x80, 0x40);
    expect(processor.asserted).toBe(false);
    write(0x80, 0x30);
    expect(apic.acknowledge()).toBe(0x41);
    expect(read(0x120)).toBe(2);
  });

  it('counts down once, periodically, and to a TSC deadline', () => {
    write(0xf0, 0x1ff);
    write(0x3e0, 0xb);
    write(0x320, 0x50);
    write(0x380, 1000);
    platform.advance(400);
    expect(read(0x390)).toBe(600);
    platform.advance(1000);
    expect(apic.acknowledge()).toBe(0x50);
    write(0xb0, 0);
    expect(read(0x390)).toBe(0);

    write(0x3e0, 0x3);
    write(0x320, 0x2_0051);
    write(0x380, 100);
    platform.advance(1000 + 1600);
    expect(apic.acknowledge()).toBe(0x51);
    write(0xb0, 0);
    platform.advance(1000 + 3200);
    expect(apic.acknowledge()).toBe(0x51);
    write(0xb0, 0);

    write(0x320, 0x4_0052);
    expect(apic.msrWrite(0x6e0, 6000n)).toBe(true);
    expect(apic.msrRead(0x6e0)).toBe(6000n);
    platform.advance(4999);
    expect(processor.asserted).toBe(false);
    platform.advance(5000);
    expect(apic.acknowledge()).toBe(0x52);
    expect(apic.msrRead(0x6e0)).toBe(0n);
  });

  it('counts on when the timer changes between one-shot and periodic', () => {
    write(0xf0, 0x1ff);
    write(0x3e0, 0xb);
    write(0x320, 0x50);
    write(0x380, 1000);
    platform.advance(600);
    write(0x320, 0x2_0050);
    expect(read(0x380)).toBe(1000);
    expect(read(0x390)).toBe(400);
    platform.advance(1100);
    expect(read(0x390)).toBe(900);
    write(0x320, 0x4_0050);
    expect(read(0x380)).toBe(0);
    expect(read(0x390)).toBe(0);
  });

  it('answers MSRs instead of the page in x2APIC mode', () => {
    expect(apic.msrRead(0x802)).toBeUndefined();
    expect(apic.writeBase(0xfee0_0d00n)).toBe(true);
    expect(apic.writeBase(0xfee0_0900n)).toBe(false);
    expect(read(0x30)).toBe(0xffff_ffff);
    expect(apic.msrRead(0x803)).toBe(0x5_0014n);
    expect(apic.msrWrite(0x80f, 0x1ffn)).toBe(true);
    expect(apic.msrWrite(0x83f, 0x77n)).toBe(true);
    expect(apic.acknowledge()).toBe(0x77);
    expect(apic.msrWrite(0x80b, 1n)).toBe(false);
    expect(apic.msrWrite(0x80b, 0n)).toBe(true);
  });

  it('goes on from a saved state', () => {
    write(0xf0, 0x1ff);
    write(0x3e0, 0xb);
    write(0x320, 0x2_0050);
    write(0x380, 1000);
    platform.advance(1500);
    const other = new TestPlatform();
    other.time = platform.time;
    const copy = new LocalApic(other, 0, new InterruptBus(), processor);
    copy.restore(apic.save());
    expect(copy.save()).toEqual(apic.save());
    expect(other.clock.next).toBe(2000);
  });
});

describe('IOAPIC', () => {
  beforeEach(() => write(0xf0, 0x1ff));

  it('delivers edges, and nothing while masked', () => {
    redirect(4, 0x1_0034);
    ioapic.setLine(4, true);
    expect(processor.asserted).toBe(false);
    ioapic.setLine(4, false);
    redirect(4, 0x34);
    ioapic.setLine(4, true);
    expect(apic.acknowledge()).toBe(0x34);
  });

  it('holds a level with remote IRR and sends it again after end of interrupt', () => {
    redirect(10, 0x803a);
    ioapic.setLine(10, true);
    expect(redirection(10) & 0x4000).toBe(0x4000);
    expect(apic.acknowledge()).toBe(0x3a);
    expect(read(0x190)).toBe(1 << 26);
    write(0xb0, 0);
    expect(apic.acknowledge()).toBe(0x3a);
    ioapic.setLine(10, false);
    write(0xb0, 0);
    expect(processor.asserted).toBe(false);
    expect(redirection(10) & 0x4000).toBe(0);
  });

  it('carries messages of PCI devices', () => {
    bus.messageInterrupt(0xfee0_0000, 0x45);
    expect(apic.acknowledge()).toBe(0x45);
  });
});
