import { join } from 'node:path';
import { beforeAll, expect, test } from 'vitest';
import { describeTrace } from '../../src/replay/info.ts';
import { TraceReader } from '../../src/replay/reader.ts';
import { EVENT_KIND } from '../../src/trace/event.ts';
import { FRAME_KIND } from '../../src/trace/frame.ts';
import { callKey } from '../../src/trace/summary.ts';
import { temporaryFolder, writeTrace } from '../support/trace-files.ts';

const path = join(temporaryFolder(), 'calls.trap');
const CALLS = 6000;
let all: { number: number; kind: number; icount: number; time: number; task: bigint; call: number | undefined }[];

beforeAll(() => {
  writeTrace(path, CALLS, 50);
  const reader = TraceReader.open(path);
  all = [...reader.events()].map((event) => {
    const { number, kind, icount, time, task } = event;
    return { number, kind, icount, time, task, call: event.chunk.call(event.row) };
  });
  reader.close();
});

test('many index frames, and all chunks in them', () => {
  const reader = TraceReader.open(path);
  expect(reader.frames.filter(({ kind }) => kind === FRAME_KIND.index).length).toBeGreaterThan(1);
  expect(reader.index.length).toBe(CALLS / 50);
  expect(all.map(({ number }) => number)).toEqual(Array.from({ length: 2 * CALLS }, (_, i) => i));
});

test.each([
  ['instruction counts', () => ({ fromIcount: all[500]!.icount, toIcount: all[700]!.icount })],
  ['times', () => ({ fromTime: all[1500]!.time, toTime: all[1510]!.time })],
  ['numbers', () => ({ fromEvent: 777, toEvent: 999 })],
  ['kinds', () => ({ kinds: new Set([EVENT_KIND.callReturn as number]) })],
  ['a task', () => ({ tasks: new Set([all[3000]!.task]) })],
  ['system calls', () => ({ calls: new Set([callKey(0, 257), callKey(0, 39)]) })],
  [
    'a task and a call',
    () => ({ tasks: new Set([all[9]!.task]), calls: new Set([all[9]!.call!]), kinds: new Set([1]) }),
  ],
  ['nothing there', () => ({ calls: new Set([callKey(0, 400)]) })],
])('a filter of %s gives what a search through all gives', (_, makeFilter) => {
  const filter: import('../../src/replay/event-filter.ts').EventFilter = makeFilter();
  const expected = all.filter(
    (event) =>
      event.icount >= (filter.fromIcount ?? 0) &&
      event.icount <= (filter.toIcount ?? Infinity) &&
      event.time >= (filter.fromTime ?? 0) &&
      event.time <= (filter.toTime ?? Infinity) &&
      event.number >= (filter.fromEvent ?? 0) &&
      event.number <= (filter.toEvent ?? Infinity) &&
      (filter.kinds?.has(event.kind) ?? true) &&
      (filter.tasks?.has(event.task) ?? true) &&
      (filter.calls === undefined || (event.call !== undefined && filter.calls.has(event.call))),
  );
  const reader = TraceReader.open(path);
  expect([...reader.events(filter)].map(({ number }) => number)).toEqual(expected.map(({ number }) => number));
});

test('chunks that can’t match are not read', () => {
  const reader = TraceReader.open(path);
  const read: number[] = [];
  const chunk = reader.chunk.bind(reader);
  reader.chunk = (entry) => {
    read.push(entry.frame);
    return chunk(entry);
  };
  expect([...reader.events({ fromEvent: 250, toEvent: 260 })].length).toBe(11);
  expect(read.length).toBe(1);
});

test('inputs, profile and states', () => {
  const reader = TraceReader.open(path);
  expect([...reader.inputs()].map(({ kind, icount, bytes }) => [kind, icount, Buffer.from(bytes).toString()])).toEqual([
    ['console', 9, 'ls\n'],
  ]);
  expect(reader.profile.get('os')?.json).toBe('{"family":"linux"}');
  expect([...reader.snapshotParts()]).toMatchObject([{ state: 0, section: 'ram', last: false, icount: 5 }]);
  expect([...reader.checkpointParts()]).toMatchObject([{ state: 1, section: 'cpu', last: true }]);
});

test('info tells it in a page', () => {
  const reader = TraceReader.open(path);
  const text = describeTrace(reader).join('\n');
  expect(text).toContain("ls -l 'a b'");
  expect(text).toContain('6.1.0-56-cloud-amd64 (vmlinuz-6.1)');
  expect(text).toContain('12,000: 6,000 call entries, 6,000 call returns');
  expect(text).toContain('exit status 3, exit after 123,456,789 instructions, 2.000 s');
  expect(text).toMatch(/^whole +yes/m);
  expect(text).toMatch(new RegExp(`^seal +${reader.seal()}$`, 'm'));
});
