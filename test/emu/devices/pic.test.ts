import { beforeEach, describe, expect, it } from 'vitest';
import { Pic } from '../../../src/emu/devices/pic.ts';
import { TestPlatform } from './platform.ts';

let platform: TestPlatform;
let pic: Pic;

beforeEach(() => {
  platform = new TestPlatform();
  pic = new Pic(platform);
  pic.reset();
  // As Linux initialises it: vectors 30h and 38h, cascade on 2, all unmasked.
  for (const [command, data, vector, wiring] of [
    [0x20, 0x21, 0x30, 4],
    [0xa0, 0xa1, 0x38, 2],
  ] as const) {
    platform.out(command, 0x11);
    platform.out(data, vector);
    platform.out(data, wiring);
    platform.out(data, 0x01);
    platform.out(data, 0x00);
  }
});

describe('8259 pair', () => {
  it('delivers an edge once, until the line rises again', () => {
    pic.setLine(4, true);
    expect(pic.interrupt).toBe(true);
    expect(pic.acknowledge()).toBe(0x34);
    platform.out(0x20, 0x20);
    expect(pic.interrupt).toBe(false);
    pic.setLine(4, false);
    pic.setLine(4, true);
    expect(pic.acknowledge()).toBe(0x34);
  });

  it('nests higher priorities and holds back lower ones until end of interrupt', () => {
    pic.setLine(4, true);
    expect(pic.acknowledge()).toBe(0x34);
    pic.setLine(6, true);
    expect(pic.interrupt).toBe(false);
    pic.setLine(1, true);
    expect(pic.acknowledge()).toBe(0x31);
    platform.out(0x20, 0x61);
    platform.out(0x20, 0x64);
    expect(pic.acknowledge()).toBe(0x36);
  });

  it('cascades the second controller', () => {
    pic.setLine(12, true);
    pic.setLine(14, true);
    expect(pic.acknowledge()).toBe(0x3c);
    expect(pic.interrupt).toBe(false);
    platform.out(0xa0, 0x20);
    platform.out(0x20, 0x20);
    expect(pic.acknowledge()).toBe(0x3e);
  });

  it('keeps asking for a level-triggered line, and shows its registers', () => {
    platform.out(0x4d1, 0x0c);
    expect(platform.in(0x4d1)).toBe(0x0c);
    pic.setLine(10, true);
    expect(pic.acknowledge()).toBe(0x3a);
    platform.out(0xa0, 0x0b);
    expect(platform.in(0xa0)).toBe(0x04);
    platform.out(0xa0, 0x20);
    platform.out(0x20, 0x20);
    expect(pic.acknowledge()).toBe(0x3a);
  });

  it('answers with input 7 when the request has gone', () => {
    pic.setLine(5, true);
    platform.out(0x21, 0x20);
    expect(pic.acknowledge()).toBe(0x37);
  });

  it('masks, and delivers what came meanwhile', () => {
    platform.out(0x21, 0x10);
    pic.setLine(4, true);
    expect(pic.interrupt).toBe(false);
    platform.out(0x21, 0x00);
    expect(pic.interrupt).toBe(true);
  });

  it('goes on from a saved state as if nothing had been', () => {
    pic.setLine(4, true);
    pic.acknowledge();
    pic.setLine(12, true);
    const saved = pic.save();
    const other = new Pic(new TestPlatform());
    other.restore(saved);
    expect(other.save()).toEqual(saved);
    expect(other.interrupt).toBe(pic.interrupt);
  });
});
