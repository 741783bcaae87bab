import { beforeEach, describe, expect, it } from 'vitest';
import { PIT_HERTZ, Pit } from '../../../src/emu/devices/pit.ts';
import { ticksAt, timeOfTick } from '../../../src/emu/rate.ts';
import { TestPlatform } from './platform.ts';

let platform: TestPlatform;
let pit: Pit;

beforeEach(() => {
  platform = new TestPlatform();
  pit = new Pit(platform);
  pit.reset();
});

function load(counter: number, mode: number, count: number): void {
  platform.out(0x43, (counter << 6) | 0x30 | (mode << 1));
  platform.out(0x40 + counter, count & 0xff);
  platform.out(0x40 + counter, count >> 8);
}

describe('8254', () => {
  it('raises interrupt 0 once in mode 0', () => {
    load(0, 0, 1000);
    const due = timeOfTick(1000, PIT_HERTZ);
    platform.advance(due - 1);
    expect(platform.edges.get(0) ?? 0).toBe(0);
    platform.advance(due);
    expect(platform.edges.get(0)).toBe(1);
    platform.advance(due * 5);
    expect(platform.edges.get(0)).toBe(1);
  });

  it('raises it a hundred times a second in mode 2 without drifting', () => {
    load(0, 2, 11932);
    platform.advance(10_000_000_000);
    expect(platform.edges.get(0)).toBe(Math.floor(ticksAt(10_000_000_000, PIT_HERTZ) / 11932) + 1);
  });

  it('latches the count of counter 2 and its status', () => {
    platform.out(0x61, 1);
    load(2, 0, 0xffff);
    platform.advance(timeOfTick(0x1234, PIT_HERTZ));
    platform.out(0x43, 0x80);
    platform.advance(timeOfTick(0x4000, PIT_HERTZ));
    const latched = platform.in(0x42) | (platform.in(0x42) << 8);
    expect(latched).toBe(0xffff - 0x1234);
    platform.out(0x43, 0xe8);
    expect(platform.in(0x42) & 0x3f).toBe(0x30);
  });

  it('shows the end of a gated count at port 61h', () => {
    platform.out(0x61, 0);
    load(2, 0, 500);
    platform.advance(1_000_000_000);
    expect(platform.in(0x61) & 0x20).toBe(0);
    platform.out(0x61, 1);
    platform.advance(1_000_000_000 + timeOfTick(499, PIT_HERTZ));
    expect(platform.in(0x61) & 0x20).toBe(0);
    platform.advance(1_000_000_000 + timeOfTick(502, PIT_HERTZ));
    expect(platform.in(0x61) & 0x20).toBe(0x20);
  });

  it('goes on from a saved state', () => {
    load(0, 2, 11932);
    platform.advance(123_456_789);
    const other = new TestPlatform();
    const copy = new Pit(other);
    other.time = platform.time;
    copy.restore(pit.save());
    expect(other.clock.next).toBe(platform.clock.next);
    expect(copy.save()).toEqual(pit.save());
  });
});
