import { beforeEach, describe, expect, it } from 'vitest';
import { encodeStartTime, Rtc } from '../../../src/emu/devices/rtc.ts';
import { TestPlatform } from './platform.ts';

const SECOND = 1_000_000_000;
let platform: TestPlatform;
let rtc: Rtc;

function boot(seconds: number): void {
  platform = new TestPlatform();
  rtc = new Rtc(platform, () => encodeStartTime(seconds));
  rtc.reset();
}

function read(index: number): number {
  platform.out(0x70, index);
  return platform.in(0x71);
}

function write(index: number, value: number): void {
  platform.out(0x70, index);
  platform.out(0x71, value);
}

/** Century, year, month, day, hours, minutes, seconds as the registers show them. */
function clock(): string {
  return [0x32, 9, 8, 7, 4, 2, 0].map((index) => read(index).toString(16).padStart(2, '0')).join(' ');
}

beforeEach(() => boot(1_700_000_000));

describe('real-time clock', () => {
  it('starts at the time that the input gives and runs with virtual time', () => {
    expect(platform.supplied).toEqual(['rtc.start']);
    expect(clock()).toBe('20 23 11 14 22 13 20');
    platform.advance(7000 * SECOND);
    expect(clock()).toBe('20 23 11 15 00 10 00');
  });

  it.each([
    [951_782_400, '20 00 02 29 00 00 00'],
    [4_107_542_399, '21 00 02 28 23 59 59'],
    [0, '19 70 01 01 00 00 00'],
  ])('knows the calendar at %i', (seconds, shown) => {
    boot(seconds);
    expect(clock()).toBe(shown);
  });

  it('takes a new time, and reads binary and 12-hour forms', () => {
    write(0xb, 0x86);
    write(0x32, 20);
    write(9, 31);
    write(8, 12);
    write(7, 25);
    write(4, 15);
    write(2, 30);
    write(0, 45);
    write(0xb, 0x04);
    expect(read(4)).toBe(0x83);
    expect(read(9)).toBe(31);
    platform.advance(platform.time + 15 * SECOND);
    expect(read(2)).toBe(31);
    expect(read(0)).toBe(0);
  });

  it('interrupts at the rate asked for until register C is read', () => {
    write(0xb, 0x42);
    platform.advance(SECOND);
    expect(platform.edges.get(8)).toBe(1);
    expect(read(0xc)).toBe(0xc0);
    expect(platform.levels.get(8)).toBe(false);
    platform.advance(platform.time + 976_563);
    expect(platform.levels.get(8)).toBe(true);
  });

  it('rings at the alarm time', () => {
    write(1, 0x30);
    write(3, 0x13);
    write(5, 0x22);
    write(0xb, 0x22);
    platform.advance(9 * SECOND);
    expect(platform.levels.get(8)).toBe(false);
    platform.advance(10 * SECOND);
    expect(platform.levels.get(8)).toBe(true);
    expect(read(0xc) & 0x20).toBe(0x20);
  });
});
