import { expect, test } from 'vitest';
import { ColumnError, ColumnReader, ColumnWriter } from '../../src/trace/bytes.ts';
import { Dice } from '../support/ring-load.ts';

const EXTREMES = [0, 1, 0x7f, 0x80, 0x3fff, 0x4000, 0x7fff_ffff, 0x8000_0000, 0xffff_fffe, 0xffff_ffff];

function words(): [number, number][] {
  const dice = new Dice(7);
  const pairs = EXTREMES.flatMap((low) => EXTREMES.map((high): [number, number] => [low, high]));
  for (let i = 0; i < 2000; i++) pairs.push([dice.word() >>> dice.roll(32), dice.word() >>> dice.roll(32)]);
  return pairs;
}

test('32-bit values come back', () => {
  const column = new ColumnWriter();
  for (const value of EXTREMES) column.varint(value);
  const reader = new ColumnReader(column.take());
  for (const value of EXTREMES) expect(reader.varint()).toBe(value);
  expect(reader.atEnd).toBe(true);
});

test('64-bit values come back, whether signed or unsigned halves are given', () => {
  const column = new ColumnWriter();
  for (const [low, high] of words()) {
    column.varint64(low, high);
    column.varint64(low | 0, high | 0);
    column.raw64(low, high);
  }
  const reader = new ColumnReader(column.view());
  for (const pair of words()) {
    for (const read of [() => reader.varint64(), () => reader.varint64(), () => reader.raw64()]) {
      read();
      expect([reader.low >>> 0, reader.high >>> 0]).toEqual(pair);
    }
  }
  expect(reader.atEnd).toBe(true);
});

test('differences of any two 64-bit values come back', () => {
  const column = new ColumnWriter();
  const values = words();
  let before: [number, number] = [0, 0];
  for (const [low, high] of values) {
    column.difference64(low, high, before[0], before[1]);
    column.difference64(low | 0, high | 0, before[0] | 0, before[1] | 0);
    before = [low, high];
  }
  const reader = new ColumnReader(column.view());
  before = [0, 0];
  for (const pair of values) {
    for (let twice = 0; twice < 2; twice++) {
      reader.difference64(before[0], before[1]);
      expect([reader.low >>> 0, reader.high >>> 0]).toEqual(pair);
    }
    before = pair;
  }
});

test('small differences are short', () => {
  const column = new ColumnWriter();
  column.difference64(5, 1, 0xffff_ffff, 0);
  expect(column.length).toBe(1);
});

test.each([
  ['a value that ends early', [0x80], (r: ColumnReader) => r.varint()],
  ['a 64-bit value that ends early', [0xff, 0xff], (r: ColumnReader) => r.varint64()],
  ['a 32-bit value of 6 bytes', [0xff, 0xff, 0xff, 0xff, 0xff, 0x01], (r: ColumnReader) => r.varint()],
  ['a 32-bit value of 33 bits', [0xff, 0xff, 0xff, 0xff, 0x1f], (r: ColumnReader) => r.varint()],
  ['a 64-bit value of 11 bytes', new Array(11).fill(0xff), (r: ColumnReader) => r.varint64()],
  ['bytes that are not there', [1, 2], (r: ColumnReader) => r.take(3)],
  ['a raw value cut', [1, 2, 3], (r: ColumnReader) => r.raw64()],
])('%s is an error', (_, bytes, read) => {
  expect(() => read(new ColumnReader(Uint8Array.from(bytes)))).toThrow(ColumnError);
});
