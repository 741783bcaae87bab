/**
 * How fast and how small the trace is: `node bench/trace.ts [FILE...]`. Without a file a synthetic mixed load is
 * measured; with one also the size of its calls, captures aside.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { fieldAddress } from '../src/emu/layout.ts';
import { RingReader } from '../src/record/ring.ts';
import { TraceFile, type TraceTotals } from '../src/record/trace-file.ts';
import { TraceWriterHandle } from '../src/record/writer.ts';
import { TraceReader } from '../src/replay/reader.ts';
import { REGISTER } from '../src/trace/event.ts';
import type { EventChunk } from '../src/trace/event-chunk.ts';
import { CallLoad, type RawRecord, RingProducer } from '../test/support/ring-load.ts';
import { END, HEADER } from '../test/support/trace-ends.ts';

export interface Measurement {
  readonly name: string;
  readonly value: number;
  readonly unit: string;
}

const PASSES = 20;

function ratePerSecond(count: number, milliseconds: number): number {
  return count / milliseconds / 1000;
}

/** Milliseconds of processor time that `work` takes: what else runs on the machine matters less than on the clock. */
function processorTime(work: () => void): number {
  const before = process.cpuUsage();
  work();
  const { user, system } = process.cpuUsage(before);
  return (user + system) / 1000;
}

/** Fills a ring as full as it gets without a consumer. */
function fullRing(captured: boolean): RingProducer {
  const producer = new RingProducer();
  const load = new CallLoad(producer, { captured });
  while (producer.free > 1 << 18) load.call();
  return producer;
}

/** The writer's work without its thread: the same ring over and over; the best pass, as other work disturbs. */
export function encodeRate(path: string): { rate: number; totals: TraceTotals } {
  const producer = fullRing(false);
  const ring = new RingReader(producer.memory, producer.region);
  const file = new TraceFile(path, HEADER);
  const tail = new BigInt64Array(producer.memory.buffer, fieldAddress('ringTail'), 1);
  const rates: number[] = [];
  for (let pass = 0; pass < PASSES; pass++) {
    tail[0] = 0n;
    let count = 0;
    const elapsed = processorTime(() => {
      count = ring.drain(Infinity, file);
    });
    rates.push(ratePerSecond(count, elapsed));
  }
  return { rate: Math.max(...rates), totals: file.close(END, 0) };
}

/** Through the thread: from a full ring to an empty one, flushed to the file. */
async function threadRate(path: string): Promise<number> {
  const producer = fullRing(true);
  const writer = await TraceWriterHandle.open(path, HEADER);
  const [head, tail] = ['ringHead', 'ringTail'].map(
    (name) => new BigInt64Array(producer.memory.buffer, fieldAddress(name), 1),
  );
  const end = head![0]!;
  head![0] = 0n;
  writer.attach(producer.memory, producer.region);
  const rates: number[] = [];
  let before = 0;
  for (let pass = 0; pass < PASSES / 2; pass++) {
    Atomics.store(tail!, 0, 0n);
    const started = performance.now();
    Atomics.store(head!, 0, end);
    await writer.flush();
    const elapsed = performance.now() - started;
    Atomics.store(head!, 0, 0n);
    rates.push(ratePerSecond(writer.progress.events - before, elapsed));
    before = writer.progress.events;
    Atomics.store(tail!, 0, 0n);
  }
  await writer.close(END);
  return Math.max(...rates);
}

function decodeRate(path: string): number {
  const rates: number[] = [];
  for (let pass = 0; pass < 3; pass++) {
    const reader = TraceReader.open(path);
    let count = 0;
    const elapsed = processorTime(() => {
      for (const { rows } of reader.windows()) count += rows.length;
    });
    rates.push(ratePerSecond(count, elapsed));
    reader.close();
  }
  return Math.max(...rates);
}

function rawRecord(chunk: EventChunk, row: number): RawRecord {
  const moment = (words: Uint32Array): bigint => (BigInt(words[2 * row + 1]!) << 32n) | BigInt(words[2 * row]!);
  return {
    kind: chunk.kind(row),
    flags: chunk.flags(row),
    cpl: chunk.cpl(row),
    vcpu: chunk.vcpu(row),
    mechanism: chunk.mechanism(row),
    abi: chunk.abi(row),
    icount: moment(chunk.icounts),
    time: moment(chunk.times),
    task: chunk.task(row),
    rip: chunk.rip(row),
    rflags: chunk.registerLow(row, REGISTER.rflags),
    cr3: chunk.register(row, REGISTER.cr3),
    gpr: Array.from({ length: 16 }, (_, register) => chunk.register(row, register)),
    fsBase: chunk.register(row, REGISTER.fsBase),
    gsBase: chunk.register(row, REGISTER.gsBase),
    detail: chunk.detail(row),
  };
}

/** Bytes a call of a recorded trace when nothing is captured: it is encoded anew without. */
export function bytesACall(source: string, scratch: string): number {
  const reader = TraceReader.open(source);
  const file = new TraceFile(scratch, HEADER);
  const producer = new RingProducer();
  const ring = new RingReader(producer.memory, producer.region);
  for (const { chunk, rows } of reader.windows()) {
    for (const row of rows) {
      producer.push(rawRecord(chunk, row));
      if (ring.pending > producer.region.size / 2) ring.drain(Infinity, file);
    }
  }
  ring.drain(Infinity, file);
  reader.close();
  const { eventBytes, calls } = file.close(END, 0);
  return eventBytes / calls;
}

/** All measurements, with the sizes of the calls of recorded traces. */
export async function measureTrace(files: readonly string[] = []): Promise<Measurement[]> {
  const folder = mkdtempSync(join(tmpdir(), 'trapline-bench-'));
  try {
    const path = join(folder, 'synthetic.trap');
    const { rate, totals } = encodeRate(path);
    return [
      { name: 'encode and write', value: rate, unit: 'M events a CPU second' },
      { name: 'decode with all registers', value: decodeRate(path), unit: 'M events a CPU second' },
      {
        name: 'through the writer thread, captures included',
        value: await threadRate(join(folder, 'thread.trap')),
        unit: 'M events/s',
      },
      { name: 'synthetic mixed load', value: totals.eventBytes / totals.calls, unit: 'bytes a call' },
      ...files.map((file) => ({
        name: basename(file),
        value: bytesACall(file, join(folder, 'anew.trap')),
        unit: 'bytes a call, captures aside',
      })),
    ];
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

if (process.argv[1] !== undefined && import.meta.url === pathToFileURL(process.argv[1]).href) {
  for (const { name, value, unit } of await measureTrace(process.argv.slice(2))) {
    process.stdout.write(`${name.padEnd(46)} ${value.toFixed(2).padStart(8)} ${unit}\n`);
  }
}
