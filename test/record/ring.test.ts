import { expect, test } from 'vitest';
import { fieldAddress } from '../../src/emu/layout.ts';
import { RECORD, RECORD_KIND } from '../../src/emu/monitor-layout.ts';
import { RingError, RingReader } from '../../src/record/ring.ts';
import { RingProducer } from '../support/ring-load.ts';

test('records and pads over many turns of a small ring', () => {
  const producer = new RingProducer(1 << 12);
  const ring = new RingReader(producer.memory, producer.region);
  const seen: number[] = [];
  for (let i = 0; i < 1000; i++) {
    const bytes = new Uint8Array(i % 100).fill(i);
    const captures = i % 3 === 0 ? [{ argument: 1, kind: 1, address: 5n, fullLength: 0, status: 0, bytes }] : [];
    producer.push({ kind: RECORD_KIND.callEntry, detail: i, captures });
    if (i % 2 === 0) continue;
    ring.drain(Infinity, (event) => {
      seen.push(event.registers[40]!);
      const capture = event.captures[0];
      if (event.captureCount === 0 || capture === undefined) return;
      const got = event.bytes.subarray(capture.offset, capture.offset + capture.length);
      const number = event.registers[40]!;
      expect([...got]).toEqual(new Array(number % 100).fill(number & 0xff));
    });
  }
  expect(seen).toEqual(Array.from({ length: 1000 }, (_, i) => i));
  expect(ring.pending).toBe(0);
  expect(ring.lost).toBe(0);
});

test('drain stops near its limit and gives room back', () => {
  const producer = new RingProducer(1 << 16);
  const ring = new RingReader(producer.memory, producer.region);
  for (let i = 0; i < 100; i++) producer.push({ kind: 1 });
  expect(ring.drain(1000, () => {})).toBe(5);
  expect(ring.pending).toBe(95 * 208);
  expect(producer.free).toBe((1 << 16) - 95 * 208);
  ring.discard();
  expect(ring.lost).toBe(95);
});

test('a ring that is not at its beginning is read from its tail on', () => {
  const producer = new RingProducer(1 << 16);
  for (let i = 0; i < 5; i++) producer.push({ kind: 1 });
  const ring = new RingReader(producer.memory, producer.region);
  expect(ring.lost).toBe(0);
  expect(ring.drain(Infinity, () => {})).toBe(5);
});

test.each([
  ['no size', 0],
  ['a size that is not a multiple of 8', 212],
  ['less than a record', 200],
  ['more than was appended', 4096],
])('a record of %s is an error, not a hang', (_, size) => {
  const producer = new RingProducer(1 << 16);
  const ring = new RingReader(producer.memory, producer.region);
  producer.push({ kind: 1 });
  producer.view.setUint32(producer.region.address + RECORD.size, size, true);
  expect(() => ring.drain(Infinity, () => {})).toThrow(RingError);
});

test('captures that reach over their record are an error', () => {
  const producer = new RingProducer(1 << 16);
  const ring = new RingReader(producer.memory, producer.region);
  producer.push({ kind: 1 });
  producer.view.setUint32(producer.region.address + RECORD.captureCount, 1, true);
  expect(() => ring.drain(Infinity, () => {})).toThrow(RingError);
  expect(fieldAddress('ringTail')).toBeLessThan(producer.region.address);
});
