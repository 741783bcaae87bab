import { join } from 'node:path';
import { expect, test } from 'vitest';
import { RECORD_KIND } from '../../src/emu/monitor-layout.ts';
import { RingReader } from '../../src/record/ring.ts';
import { TraceFile } from '../../src/record/trace-file.ts';
import { TraceReader } from '../../src/replay/reader.ts';
import { verifyTrace } from '../../src/replay/verify.ts';
import { EVENT_KIND, REGISTER } from '../../src/trace/event.ts';
import type { EventChunk } from '../../src/trace/event-chunk.ts';
import { Dice, type RawRecord, RingProducer } from '../support/ring-load.ts';
import { END, HEADER } from '../support/trace-ends.ts';
import { temporaryFolder } from '../support/trace-files.ts';

const folder = temporaryFolder();
const TOP = 0xffff_ffff_ffff_ffffn;
const EXTREMES = [0n, 1n, 0x7fff_ffffn, 0x8000_0000n, 0xffff_ffffn, 0x1_0000_0000n, TOP >> 1n, (TOP >> 1n) + 1n, TOP];

/** Writes records through ring and file and reads them back. */
function throughFile(name: string, records: readonly RawRecord[], perChunk = records.length): TraceReader {
  const producer = new RingProducer(1 << 20);
  const ring = new RingReader(producer.memory, producer.region);
  const path = join(folder, name);
  const file = new TraceFile(path, HEADER);
  for (const [i, record] of records.entries()) {
    producer.push(record);
    ring.drain(Infinity, file);
    if ((i + 1) % perChunk === 0) file.writeChunk();
  }
  file.close(END, ring.lost);
  expect(verifyTrace(path).findings).toEqual([]);
  return TraceReader.open(path);
}

function rawRecord(chunk: EventChunk, row: number): Required<RawRecord> {
  const word64 = (words: Uint32Array) => (BigInt(words[2 * row + 1]!) << 32n) | BigInt(words[2 * row]!);
  return {
    kind: chunk.kind(row),
    flags: chunk.flags(row),
    icount: word64(chunk.icounts),
    time: word64(chunk.times),
    task: chunk.task(row),
    rip: chunk.rip(row),
    rflags: Number(chunk.register(row, REGISTER.rflags)),
    cpl: chunk.cpl(row),
    vcpu: chunk.vcpu(row),
    mechanism: chunk.mechanism(row),
    abi: chunk.abi(row),
    cr3: chunk.register(row, REGISTER.cr3),
    gpr: Array.from({ length: 16 }, (_, i) => chunk.register(row, i)),
    fsBase: chunk.register(row, REGISTER.fsBase),
    gsBase: chunk.register(row, REGISTER.gsBase),
    detail: chunk.detail(row),
    captures: Array.from({ length: chunk.captureCount(row) }, (_, i) => chunk.capture(row, i)),
  };
}

function expectBack(reader: TraceReader, records: readonly RawRecord[]): void {
  let number = 0;
  for (const event of reader.events()) {
    expect(event.number).toBe(number);
    const { captures: expectedCaptures, ...expected } = records[number]!;
    const { captures, ...got } = rawRecord(event.chunk, event.row);
    expect(got).toEqual({ ...got, ...expected });
    expect(captures.length).toBe(expectedCaptures?.length ?? 0);
    for (const [i, capture] of captures.entries()) {
      expect({ ...capture, bytes: [...capture.bytes] }).toEqual({
        ...expectedCaptures![i]!,
        bytes: [...expectedCaptures![i]!.bytes],
      });
    }
    number++;
  }
  expect(number).toBe(records.length);
}

test('kinds of events are numbered as the core numbers its records', () => {
  const { pad, ...kinds } = RECORD_KIND;
  expect(pad).toBe(0);
  expect(EVENT_KIND).toEqual(kinds);
});

test('every field comes back at its extremes', () => {
  const records: RawRecord[] = [];
  for (const value of EXTREMES) {
    const small = Number(value & 0xffff_ffffn);
    const all = {
      icount: value,
      time: TOP - value,
      task: value,
      rip: value,
      cr3: value,
      fsBase: value,
      gsBase: TOP - value,
    };
    records.push({
      ...all,
      kind: small & 0xffff || 1,
      flags: small & 0xffff,
      rflags: small,
      cpl: small & 3,
      vcpu: small & 0xff,
      mechanism: (small >>> 1) & 0xff,
      abi: (small >>> 2) & 0xff,
      gpr: Array.from({ length: 16 }, (_, i) => (value * BigInt(i + 1)) & TOP),
      detail: small,
      captures: [
        {
          argument: small & 0xffff,
          kind: small & 0xffff,
          address: value,
          fullLength: small,
          status: small,
          bytes: new Uint8Array(0),
        },
        { argument: 1, kind: 2, address: TOP - value, fullLength: 3, status: 0, bytes: Uint8Array.of(0, 255, 128) },
      ],
    });
  }
  expectBack(throughFile('extremes.trap', records), records);
});

test('random events of many tasks and sites come back, in chunks and in one', () => {
  const dice = new Dice(11);
  const pool = Array.from({ length: 12 }, () => (BigInt(dice.word()) << 32n) | BigInt(dice.word()));
  const pick = () => (dice.roll(3) === 0 ? BigInt(dice.word()) : pool[dice.roll(pool.length)]!);
  const records = Array.from({ length: 3000 }, (_, i): RawRecord => {
    const captureCount = dice.roll(4) === 0 ? dice.roll(5) : 0;
    return {
      kind: 1 + dice.roll(5),
      flags: dice.roll(3),
      icount: BigInt(i) * 100n,
      time: BigInt(i) * 100n + BigInt(dice.roll(2)),
      task: BigInt(dice.roll(20)) * 0x1000n,
      rip: BigInt(dice.roll(50)),
      gpr: Array.from({ length: 16 }, pick),
      detail: dice.roll(400),
      captures: Array.from({ length: captureCount }, () => {
        const bytes = Uint8Array.from({ length: dice.roll(100) }, () => dice.roll(256));
        return {
          argument: dice.roll(6),
          kind: dice.roll(8),
          address: pick(),
          fullLength: bytes.length + dice.roll(2),
          status: 0,
          bytes,
        };
      }),
    };
  });
  expectBack(throughFile('random.trap', records), records);
  expectBack(throughFile('random-chunks.trap', records, 37), records);
});

test('a register is the same row by row as by its column, near and far', () => {
  const dice = new Dice(7);
  const records = Array.from({ length: 5000 }, (_, i): RawRecord => {
    const gpr = Array.from({ length: 16 }, () => BigInt(dice.roll(1 << 20)) << BigInt(dice.roll(40)));
    return { kind: RECORD_KIND.exit, icount: BigInt(i), task: BigInt(dice.roll(3)), rip: BigInt(dice.roll(9)), gpr };
  });
  const reader = throughFile('near-and-far.trap', records);
  const [entry] = reader.index;
  const columns = { registers: () => [], moments: false, captures: 'none' } as const;
  const whole = reader.chunk(entry!, columns)!;
  for (const rows of [[0], [4999], [2600, 2601, 2400, 3111, 3112, 0, 4999], [4999, 4000, 12]]) {
    const chunk = reader.chunk(entry!, columns)!;
    for (const row of rows) {
      const column = whole.registerColumn(REGISTER.rdi);
      expect(chunk.registerLow(row, REGISTER.rdi)).toBe(column[2 * row]);
      expect(chunk.registerHigh(row, REGISTER.rdi)).toBe(column[2 * row + 1]);
      expect(chunk.register(row, REGISTER.rdi)).toBe(records[row]!.gpr![REGISTER.rdi]);
    }
    expect(chunk.registerColumn(REGISTER.rdi)).toEqual(whole.registerColumn(REGISTER.rdi));
  }
  reader.close();
});

test('a trace without events is whole', () => {
  const reader = throughFile('empty.trap', []);
  expect([...reader.events()]).toEqual([]);
  expect(reader.header).toEqual(HEADER);
  expect(reader.end).toMatchObject({ exitStatus: 3, reason: 'exit', events: 0, lost: 0, totals: { processes: 2 } });
});
