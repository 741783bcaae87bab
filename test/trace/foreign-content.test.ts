import { expect, test } from 'vitest';
import { ChunkEncoder } from '../../src/record/chunk-encoder.ts';
import { RingReader } from '../../src/record/ring.ts';
import { ALL_COLUMNS, EventChunk } from '../../src/trace/event-chunk.ts';
import { InputDecoder, InputEncoder } from '../../src/trace/inputs.ts';
import { CallLoad, ChunkSink, Dice, RingProducer } from '../support/ring-load.ts';

/** Calls `decode` with thousands of versions of a content that somebody changed and gave fitting checksums. */
function mutate(content: Uint8Array, decode: (bytes: Uint8Array) => unknown): { errors: number; slowest: number } {
  const dice = new Dice(5);
  let errors = 0;
  let slowest = 0;
  for (let i = 0; i < 4000; i++) {
    const copy = Uint8Array.from(content.subarray(0, dice.roll(8) === 0 ? dice.roll(content.length) : content.length));
    for (let n = dice.roll(4); n >= 0 && copy.length > 0; n--) copy[dice.roll(copy.length)] = dice.roll(256);
    const started = performance.now();
    try {
      decode(copy);
    } catch (error) {
      expect(error).toBeInstanceOf(Error);
      errors++;
    }
    slowest = Math.max(slowest, performance.now() - started);
  }
  return { errors, slowest };
}

test('events made by somebody else end in an error or in events, soon', () => {
  const producer = new RingProducer(1 << 20);
  const load = new CallLoad(producer);
  const ring = new RingReader(producer.memory, producer.region);
  const encoder = new ChunkEncoder();
  for (let i = 0; i < 60; i++) load.call();
  ring.drain(Infinity, new ChunkSink(encoder));
  const { errors, slowest } = mutate(encoder.finish(0).events, (bytes) => {
    const chunk = new EventChunk(bytes);
    chunk.decode(ALL_COLUMNS);
    chunk.summarize();
  });
  expect(errors).toBeGreaterThan(100);
  expect(slowest).toBeLessThan(2000);
});

test('inputs made by somebody else end in an error or in inputs, soon', () => {
  const entry = { kind: 'share', icount: 5, time: 5, asked: true };
  const entries = Array.from({ length: 30 }, (_, i) => ({ ...entry, bytes: new Uint8Array(i * 10).fill(i) }));
  const { errors, slowest } = mutate(new InputEncoder().encode(entries), (bytes) => new InputDecoder().decode(bytes));
  expect(errors).toBeGreaterThan(100);
  expect(slowest).toBeLessThan(2000);
});
