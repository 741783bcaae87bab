import { beforeEach, describe, expect, it } from 'vitest';
import { PCI_MEMORY, PciBus } from '../../../src/emu/devices/pci.ts';
import { PciFunction } from '../../../src/emu/devices/pci-function.ts';
import { TestPlatform } from './platform.ts';

const IDENTITY = {
  vendor: 0x1af4,
  device: 0x1042,
  revision: 1,
  classCode: 0x01_0000,
  subsystemVendor: 0x1af4,
  subsystem: 2,
};
let platform: TestPlatform;
let bus: PciBus;
let card: PciFunction;
const written: [number, number, number][] = [];

beforeEach(() => {
  platform = new TestPlatform();
  bus = new PciBus(platform);
  card = new PciFunction(platform, IDENTITY);
  written.length = 0;
  card.addMemoryBar(0, 0x4000, { mmioRead: (offset) => offset, mmioWrite: (...write) => written.push(write) });
  card.addMsix(1, 3);
  card.addIntx();
  bus.plug(3, card);
  bus.reset();
  bus.assignResources();
});

function config(slot: number, offset: number, size = 4): number {
  platform.out(0xcf8, 0x8000_0000 + (slot << 11) + (offset & 0xfc), 4);
  return platform.in(0xcfc + (offset & 3), size);
}

function setConfig(slot: number, offset: number, size: number, value: number): void {
  platform.out(0xcf8, 0x8000_0000 + (slot << 11) + (offset & 0xfc), 4);
  platform.out(0xcfc + (offset & 3), value, size);
}

describe('PCI', () => {
  it('shows functions and nothing else', () => {
    expect(config(3, 0)).toBe(0x1042_1af4);
    expect(config(3, 0x0b, 1)).toBe(0x01);
    expect(config(4, 0)).toBe(0xffff_ffff);
    expect(config(0, 0)).toBe(0x1237_8086);
  });

  it('sizes and moves BARs', () => {
    expect(config(3, 0x10)).toBe(PCI_MEMORY.base);
    setConfig(3, 0x10, 4, 0xffff_ffff);
    expect(config(3, 0x10)).toBe(0xffff_c000);
    setConfig(3, 0x10, 4, 0xe800_0000);
    expect(platform.bus.memoryRead(0xe800_0124, 4)).toBe(0x124);
    platform.bus.memoryWrite(0xe800_0008, 2, 0xabcd);
    expect(written).toEqual([[8, 2, 0xabcd]]);
    setConfig(3, 4, 2, 0);
    expect(platform.bus.memoryRead(0xe800_0124, 4)).toBe(0xffff_ffff);
  });

  it('raises INTA# unless it is disabled', () => {
    card.intx(true);
    expect(platform.levels.get(11)).toBe(true);
    expect(config(3, 6, 2) & 8).toBe(8);
    setConfig(3, 4, 2, 0x407);
    expect(platform.levels.get(11)).toBe(false);
  });

  it('sends MSI-X messages, and pending ones when unmasked', () => {
    const table = config(3, 0x14);
    const capability = config(3, 0x34, 1);
    expect(config(3, capability, 1)).toBe(0x11);
    platform.bus.memoryWrite(table + 16, 4, 0xfee0_1000);
    platform.bus.memoryWrite(table + 24, 4, 0x51);
    setConfig(3, capability + 2, 2, 0x8000);
    card.message(1);
    expect(platform.messages).toEqual([]);
    expect(platform.bus.memoryRead(table + 0x800, 4)).toBe(2);
    platform.bus.memoryWrite(table + 28, 4, 0);
    expect(platform.messages).toEqual([{ address: 0xfee0_1000, data: 0x51 }]);
    card.message(1);
    expect(platform.messages.length).toBe(2);
  });

  it('resets the machine at CF9h', () => {
    platform.out(0xcf9, 6);
    expect(platform.stops).toEqual([{ kind: 'reset' }]);
  });

  it('goes on from a saved state', () => {
    setConfig(3, 0x10, 4, 0xe900_0000);
    const saved = bus.save();
    bus.reset();
    bus.restore(saved);
    expect(config(3, 0x10)).toBe(0xe900_0000);
    expect(platform.bus.memoryRead(0xe900_0010, 4)).toBe(0x10);
  });
});
