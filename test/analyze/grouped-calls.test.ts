// Calls of one kind that are read without their events: the same as with them, and `verify` tells where they are not.
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, expect, it } from 'vitest';
import { TraceModel } from '../../src/analyze/model/trace-model.ts';
import { TABLES } from '../../src/analyze/schema.ts';
import { plainCalls } from '../../src/analyze/tables/plain-calls.ts';
import { RowBuffer } from '../../src/analyze/tables/row-buffer.ts';
import { nothingRead, type ScanCount } from '../../src/analyze/tables/scan.ts';
import { RingReader } from '../../src/record/ring.ts';
import { TraceFile } from '../../src/record/trace-file.ts';
import { TraceReader } from '../../src/replay/reader.ts';
import { verifyTrace } from '../../src/replay/verify.ts';
import { FrameAppender } from '../../src/trace/appender.ts';
import { decodeCallIndex, encodeCallIndex, packGroups, unpackGroups } from '../../src/trace/call-index.ts';
import { FRAME_KIND } from '../../src/trace/frame.ts';
import { FrameSource } from '../../src/trace/frame-source.ts';
import { writeInterleavedTrace } from '../support/interleaved-trace.ts';
import { CallLoad, RingProducer } from '../support/ring-load.ts';
import { END, HEADER } from '../support/trace-ends.ts';
import { temporaryFolder } from '../support/trace-files.ts';

const folder = temporaryFolder();
const interleaved = join(folder, 'interleaved.trap');
const plain = join(folder, 'plain.trap');
const altered = join(folder, 'altered.trap');
/** What is told of calls without their events, and a column that is not. */
const TOLD = ['event', 'return_event', 'duration', 'pid', 'tid', 'comm', 'abi', 'nr', 'name', 'outcome', 'errno'];
const NOT_TOLD = 'ret';
const NAMES = ['read', 'openat', 'mkdirat', 'getpid', 'exit', 'mmap', 'ioctl', 'access', 'keyctl'];

beforeAll(() => {
  writeInterleavedTrace(interleaved, 100_000, 500);
  const producer = new RingProducer(1 << 22);
  const ring = new RingReader(producer.memory, producer.region);
  const file = new TraceFile(plain, { ...HEADER, command: [] });
  const load = new CallLoad(producer);
  while (load.calls < 30_000) {
    load.call();
    ring.drain(Infinity, file);
    if (load.calls % 4000 === 0) file.writeChunk();
  }
  file.close(END, ring.lost);
});

interface Scanned {
  readonly rows: readonly string[];
  readonly count: ScanCount;
  readonly findings: readonly string[];
}

function scan(path: string, columns: readonly string[], ...names: string[]): Scanned {
  const model = TraceModel.open(path);
  const buffer = new RowBuffer(TABLES.syscalls, columns);
  const constraints = new Map([['name', { values: new Set(names) }]]);
  const count = nothingRead();
  const running = plainCalls.open({ model, constraints, wholeGuest: true, helpers: 0 }, buffer, count);
  const rows: string[] = [];
  for (let more = true; more; ) {
    buffer.clear();
    more = running.step(buffer);
    for (let at = 0; at < buffer.rows; at++) {
      // What comes beside what was asked for is left out by who asked.
      const shown = TOLD.map((name) => String(buffer.columns[columns.indexOf(name)]!.get(at)));
      if (names.includes(shown[TOLD.indexOf('name')]!)) rows.push(shown.join('|'));
    }
  }
  const findings = model.reader.findings.map(({ message }) => message);
  model.close();
  return { rows, count, findings };
}

it.each(NAMES)('%s: the same calls without their events', (name) => {
  for (const path of [interleaved, plain]) {
    const short = scan(path, TOLD, name);
    const whole = scan(path, [...TOLD, NOT_TOLD], name);
    expect(short.rows).toEqual(whole.rows);
    expect(whole.count.calls).toBe(0);
    expect(short.count.read).toBe(whole.count.read);
    // Who exits does not return from it.
    if (path === plain || name === 'exit') expect(short.count.calls).toBe(name === 'exit' ? 0 : short.count.read);
    else if (short.count.read > 10) expect(short.count.calls).toBeGreaterThan(0);
  }
});

it('several names, and calls that are under way where chunks end', () => {
  for (const names of [
    ['read', 'openat'],
    ['getpid', 'mkdirat', 'write'],
  ]) {
    expect(scan(interleaved, TOLD, ...names).rows).toEqual(scan(interleaved, [...TOLD, NOT_TOLD], ...names).rows);
  }
});

it('where they are damaged, the events are read and the damage is told', () => {
  const copy = readFileSync(plain);
  const frame = framesOf(plain).find(({ kind }) => kind === FRAME_KIND.calls)!;
  for (let at = frame.offset + 64 + 300; at < frame.offset + 64 + frame.length; at++) copy[at]! ^= 1;
  writeFileSync(altered, copy);
  const told = scan(altered, TOLD, 'openat');
  expect(told.rows).toEqual(scan(plain, TOLD, 'openat').rows);
  expect(told.count.calls).toBe(told.count.read - 1);
  expect(told.findings).toEqual([`frame ${frame.number} (calls) at offset ${frame.offset}: the checksum of a part of the payload does not match`]); // biome-ignore format: one line
});

it('a trace that was cut off has them as far as it goes', () => {
  const frames = framesOf(plain);
  const last = frames.filter(({ kind }) => kind === FRAME_KIND.calls).at(-2)!;
  writeFileSync(altered, readFileSync(plain).subarray(0, last.offset + 64 + last.length));
  const told = scan(altered, TOLD, 'openat');
  expect(told.count.calls).toBe(told.count.read);
  expect(told.rows).toEqual(scan(altered, [...TOLD, NOT_TOLD], 'openat').rows);
  expect(told.rows.length).toBeGreaterThan(100);
});

type Change = (group: { call: number; count: number; others: number; bytes: Uint8Array }) => void;

// biome-ignore format: a table
const CHANGES: readonly (readonly [string, RegExp, Change])[] = [
  ['how long a call took', /its calls are not those of the events/, ({ bytes }) => { bytes[bytes.length - 1]! ^= 1; }],
  ['when one returned', /its calls are not those of the events|column/, ({ bytes }) => { bytes[0]! ^= 8; }],
  ['how many are left out', /its calls are not those of the events/, (group) => { group.others++; }],
  ['how many there are', /column holds more|not those of the events/, (group) => { group.count--; }],
  ['which call it is', /it tells of other calls than the events/, (group) => { group.call += 1000; }],
];

it.each(CHANGES)('verify holds them against the events: %s', (_, message, change) => {
  rewrite(plain, altered, change);
  const { findings } = verifyTrace(altered);
  expect(findings[0]!.message).toMatch(/^frame \d+ \(calls\)/);
  expect(findings[0]!.message).toMatch(message);
});

it('verify finds nothing wrong with what is written anew as it was', () => {
  rewrite(plain, altered, () => {});
  expect(verifyTrace(altered).findings).toEqual([]);
  expect(verifyTrace(interleaved).findings).toEqual([]);
});

const framesOf = (path: string): TraceReader['frames'] => {
  const reader = TraceReader.open(path);
  reader.close();
  return reader.frames;
};

/** Writes a trace again, with checksums and hashes that fit, and the first group of calls changed. */
function rewrite(from: string, to: string, change: Change): void {
  const source = new FrameSource(from);
  const appender = new FrameAppender(to);
  let changed = false;
  for (const [place, { kind }] of source.frames.entries()) {
    // The index would tell of what was there before.
    if (kind === FRAME_KIND.index) continue;
    let payload = source.read(place)!;
    if (kind === FRAME_KIND.calls && !changed) {
      const { firstEvent, groups, calls } = decodeCallIndex(payload);
      const contents = unpackGroups(groups).map(({ offset, length, ...group }) => ({ ...group, bytes: calls.slice(offset, offset + length) })); // biome-ignore format: one row
      change(contents[0]!);
      contents.sort((a, b) => a.call - b.call);
      payload = encodeCallIndex({ firstEvent, groups: packGroups(contents), calls: Buffer.concat(contents.map(({ bytes }) => bytes)) }); // biome-ignore format: one row
      changed = true;
    }
    appender.append(kind as 1, payload);
  }
  appender.close();
  source.close();
}
