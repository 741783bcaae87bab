import { expect, test } from 'vitest';
import { fieldAddress } from '../../src/emu/layout.ts';
import {
  CAPTURE,
  CAPTURE_KIND,
  PAGE_BLOCK,
  PAGE_BLOCK_BYTES,
  PAGE_FLAG,
  RECORD,
  RECORD_BYTES,
  RECORD_KIND,
} from '../../src/emu/monitor-layout.ts';
import { BATCH, ChunkEncoder } from '../../src/record/chunk-encoder.ts';
import { RingError, RingReader } from '../../src/record/ring.ts';
import { EventChunk } from '../../src/trace/event-chunk.ts';
import { ChunkSink, RingProducer } from '../support/ring-load.ts';

/** All events of a ring as one chunk. */
function drained(ring: RingReader, encoder: ChunkEncoder): EventChunk {
  ring.drain(Infinity, new ChunkSink(encoder));
  return new EventChunk(encoder.finish(0).events);
}

test('records and pads over many turns of a small ring', () => {
  const producer = new RingProducer(1 << 12);
  const ring = new RingReader(producer.memory, producer.region);
  const encoder = new ChunkEncoder();
  const seen: number[] = [];
  for (let i = 0; i < 1000; i++) {
    const bytes = new Uint8Array(i % 100).fill(i);
    const captures = i % 3 === 0 ? [{ argument: 1, kind: 1, address: 5n, fullLength: 0, status: 0, bytes }] : [];
    producer.push({ kind: RECORD_KIND.callEntry, detail: i, captures });
    if (i % 2 === 0) continue;
    const chunk = drained(ring, encoder);
    for (let row = 0; row < chunk.count; row++) {
      const number = chunk.detail(row);
      seen.push(number);
      expect(chunk.captureCount(row)).toBe(number % 3 === 0 ? 1 : 0);
      if (number % 3 === 0)
        expect([...chunk.capture(row, 0).bytes]).toEqual(new Array(number % 100).fill(number & 0xff));
    }
  }
  expect(seen).toEqual(Array.from({ length: 1000 }, (_, i) => i));
  expect(ring.pending).toBe(0);
  expect(ring.lost).toBe(0);
});

test('drain stops behind its limit and gives room back', () => {
  const producer = new RingProducer(1 << 20);
  const ring = new RingReader(producer.memory, producer.region);
  const sink = new ChunkSink(new ChunkEncoder());
  const total = 4000;
  for (let i = 0; i < total; i++) producer.push({ kind: 1 });
  // As many whole records as a batch has.
  const batch = Math.floor(BATCH / RECORD_BYTES);
  expect(ring.drain(1000, sink)).toBe(batch);
  expect(ring.pending).toBe((total - batch) * RECORD_BYTES);
  expect(producer.free).toBe((1 << 20) - (total - batch) * RECORD_BYTES);
  ring.discard();
  expect(ring.lost).toBe(total - batch);
});

test('a ring that is not at its beginning is read from its tail on', () => {
  const producer = new RingProducer(1 << 16);
  for (let i = 0; i < 5; i++) producer.push({ kind: 1 });
  const ring = new RingReader(producer.memory, producer.region);
  expect(ring.lost).toBe(0);
  expect(ring.drain(Infinity, new ChunkSink(new ChunkEncoder()))).toBe(5);
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
  producer.push({ kind: 1 });
  producer.view.setUint32(producer.region.address + RECORD_BYTES + RECORD.size, size, true);
  const encoder = new ChunkEncoder();
  expect(() => ring.drain(Infinity, new ChunkSink(encoder))).toThrow(RingError);
  // What stands before it is taken.
  expect(encoder.count).toBe(1);
});

test.each([
  ['without bytes', 0],
  ['of more bytes than a record has', 0xffff_ffff],
])('captures %s that reach over their record are an error', (_, length) => {
  const producer = new RingProducer(1 << 16);
  const ring = new RingReader(producer.memory, producer.region);
  const bytes = new Uint8Array(8);
  producer.push({ kind: 1, captures: [{ argument: 1, kind: 1, address: 5n, fullLength: 0, status: 0, bytes }] });
  const record = producer.region.address;
  producer.view.setUint32(record + RECORD.captureCount, 3, true);
  producer.view.setUint32(record + RECORD_BYTES + CAPTURE.length, length, true);
  expect(() => ring.drain(Infinity, new ChunkSink(new ChunkEncoder()))).toThrow(RingError);
  expect(fieldAddress('ringTail')).toBeLessThan(producer.region.address);
});

test('of a page that the chunk has it holds the lines that changed, of one that was never given there are none', () => {
  const producer = new RingProducer(1 << 20);
  const ring = new RingReader(producer.memory, producer.region);
  const encoder = new ChunkEncoder();
  const { content: told, lines, device } = PAGE_FLAG;
  /** Of physical page `number`, as the core lays it. */
  const page = (number: number, slot: number, flags: number, ...content: readonly number[]): void => {
    const bytes = new Uint8Array(PAGE_BLOCK_BYTES + content.length);
    const view = new DataView(bytes.buffer);
    view.setBigUint64(PAGE_BLOCK.physical, BigInt(number) << 12n, true);
    view.setUint32(PAGE_BLOCK.flags, flags | device, true);
    view.setUint32(PAGE_BLOCK.slot, slot, true);
    bytes.set(content, PAGE_BLOCK_BYTES);
    const capture = { argument: 7, kind: CAPTURE_KIND.page, address: 0n, fullLength: bytes.length, status: 0, bytes };
    producer.push({ kind: RECORD_KIND.pages, detail: 1, captures: [capture] });
  };
  const line = (fill: number): number[] => new Array<number>(64).fill(fill);
  const whole = (...fills: readonly number[]): number[] =>
    Array.from({ length: 64 }, (_, i) => line(fills[i] ?? 0)).flat();
  const kept = (): [flags: number, ...content: number[]][] => {
    const chunk = drained(ring, encoder);
    return Array.from({ length: chunk.count }, (_, row) => {
      const { bytes, fullLength } = chunk.capture(row, 0);
      const flags = new DataView(bytes.buffer, bytes.byteOffset).getUint32(PAGE_BLOCK.flags, true);
      expect(fullLength).toBe(bytes.length);
      return [flags & ~device, ...bytes.subarray(PAGE_BLOCK_BYTES)];
    });
  };
  const second = [2, 0, 0, 0, 0, 0, 0, 0];
  page(5, 3, told, ...whole(1));
  page(6, 4, told, ...whole(7));
  page(5, 3, told | lines, ...second, ...line(8));
  page(5, 3, 0);
  expect(kept()).toEqual([[told, ...whole(1)], [told, ...whole(7)], [told | lines, ...second, ...line(8)], [0]]);
  // A chunk stands alone.
  page(5, 3, told | lines, ...second, ...line(9));
  page(5, 3, told | lines, ...second, ...line(10));
  expect(kept()).toEqual([
    [told, ...whole(1, 9)],
    [told | lines, ...second, ...line(10)],
  ]);
  page(7, 3, told | lines, ...second, ...line(9));
  expect(kept).toThrow(RingError);
});
