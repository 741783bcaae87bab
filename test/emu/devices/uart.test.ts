import { beforeEach, describe, expect, it } from 'vitest';
import { COM1, Uart } from '../../../src/emu/devices/uart.ts';
import { TestPlatform } from './platform.ts';

let platform: TestPlatform;
let uart: Uart;
const port = COM1.port;

beforeEach(() => {
  platform = new TestPlatform();
  uart = new Uart(platform, COM1);
  uart.reset();
});

function text(value: string): Uint8Array {
  return new TextEncoder().encode(value);
}

describe('16550', () => {
  it('emits what is sent and raises the transmit interrupt', () => {
    platform.out(port + 4, 0x08);
    platform.out(port + 1, 0x02);
    expect(platform.levels.get(4)).toBe(true);
    expect(platform.in(port + 2)).toBe(0x02);
    expect(platform.levels.get(4)).toBe(false);
    platform.out(port, 0x41);
    expect(platform.emitted.get('com1')).toEqual([0x41]);
    expect(platform.levels.get(4)).toBe(true);
  });

  it('receives more than its FIFO holds, in order', () => {
    platform.out(port + 2, 0x01);
    const sent = 'the quick brown fox jumps over the lazy dog';
    platform.offer('com1', text(sent));
    let got = '';
    while ((platform.in(port + 5) & 1) !== 0) got += String.fromCharCode(platform.in(port));
    expect(got).toBe(sent);
  });

  it('says received below the trigger level as a timeout', () => {
    platform.out(port + 4, 0x08);
    platform.out(port + 2, 0x81);
    platform.out(port + 1, 0x01);
    platform.offer('com1', text('abc'));
    expect(platform.in(port + 2)).toBe(0xcc);
    platform.offer('com1', text('defghijk'));
    expect(platform.in(port + 2)).toBe(0xc4);
    expect(platform.levels.get(4)).toBe(true);
  });

  it('has divisor, scratch and loop-back as drivers probe them', () => {
    platform.out(port + 3, 0x83);
    platform.out(port, 0x01);
    platform.out(port + 1, 0x00);
    expect(platform.in(port)).toBe(1);
    platform.out(port + 3, 0x03);
    platform.out(port + 7, 0x5a);
    expect(platform.in(port + 7)).toBe(0x5a);
    platform.out(port + 4, 0x1a);
    expect(platform.in(port + 6) & 0xf0).toBe(0x90);
    platform.out(port, 0x77);
    expect(platform.in(port)).toBe(0x77);
    expect(platform.emitted.has('com1')).toBe(false);
  });

  it('goes on from a saved state', () => {
    platform.offer('com1', text('pending input'));
    const other = new Uart(new TestPlatform(), COM1);
    other.restore(uart.save());
    expect(other.save()).toEqual(uart.save());
  });
});
