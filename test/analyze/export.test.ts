// Exports against what replay and a walk through the trace say, each read by other means than it was written.
import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { DuckDBInstance } from '@duckdb/node-api';
import { beforeAll, expect, it } from 'vitest';
import { trapline } from '../support/guest.ts';
import { expectNesting, readPerfetto } from '../support/perfetto.ts';
import { smallDisk } from '../support/small-disk.ts';
import { temporaryFolder, writeTrace } from '../support/trace-files.ts';

const folder = temporaryFolder();
const path = join(folder, 'calls.trap');
const CALLS = 500;

interface Row {
  readonly event: number;
  readonly time: number;
  readonly duration: number;
  readonly name: string;
}
let rows: Row[];

beforeAll(() => {
  writeTrace(path, CALLS, 100);
  const { stdout } = trapline([
    'query',
    '--all',
    '--format',
    'jsonl',
    path,
    'SELECT event, time, duration, name FROM syscalls ORDER BY event',
  ]);
  rows = stdout
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as Row);
  expect(rows).toHaveLength(CALLS);
});

function exported(format: string, ...more: readonly string[]): string {
  const { stdout, stderr, status } = trapline(['export', path, '--all', '--format', format, ...more]);
  expect({ stderr, status }).toEqual({ stderr: '', status: 0 });
  return stdout;
}

it('strace: the lines of replay, with numbers of threads and dates before them', () => {
  const ours = exported('strace').trim().split('\n');
  const replayed = trapline(['replay', '--all', '-T', path]).stdout.trim().split('\n');
  const bare = ours.map((line) => /^\S+ +(\d+\.\d{6}) (.*)$/.exec(line)!);
  expect(bare.map((match) => match[2])).toEqual(replayed.map((line) => line.replace(/^\[\S+ \S+\] /, '')));
  const seconds = rows.map(({ time }) => (1_700_000_000 + Math.floor(time / 1e9)).toString());
  expect(bare[0]![1]!.split('.')[0]).toBe(seconds[0]);
  const times = bare.map((match) => Number(match[1]));
  expect(times).toEqual([...times].sort((a, b) => a - b));
});

it('Chrome: one complete event a call, in microseconds', () => {
  const { traceEvents } = JSON.parse(exported('chrome')) as { traceEvents: Record<string, unknown>[] };
  const calls = traceEvents.filter(({ cat }) => cat === 'syscall');
  const expected = rows.map(({ name, time, duration }) => ({ name, ph: 'X', ts: time / 1000, dur: duration / 1000 }));
  expect(calls.map(({ name, ph, ts, dur }) => ({ name, ph, ts, dur }))).toEqual(
    [...expected].sort((a, b) => a.ts + a.dur - (b.ts + b.dur)),
  );
  // What lies across another on its track is dropped by those who read it.
  const ends = new Map<string, number>();
  const slices = traceEvents.filter(({ ph }) => ph === 'X') as Record<'pid' | 'tid' | 'ts' | 'dur', number>[];
  for (const { pid, tid, ts, dur } of slices.sort((a, b) => a.ts - b.ts)) {
    const [from, to] = [Math.round(1000 * ts), Math.round(1000 * ts) + Math.round(1000 * dur)];
    expect(from).toBeGreaterThanOrEqual(ends.get(`${pid} ${tid}`) ?? 0);
    ends.set(`${pid} ${tid}`, to);
  }
});

it('Perfetto: packets of track events, of which each call begins and ends one slice', () => {
  const out = join(folder, 'calls.perfetto');
  exported('perfetto', '-o', out);
  const packet = readPerfetto(out);
  expect(new Set(packet.map(({ sequence }) => sequence))).toEqual(new Set([1]));
  const begun = packet.filter(({ event }) => event?.category?.[0] === 'syscall');
  const expected = rows.map(({ name, time }) => ({ name, time })).sort((a, b) => a.time - b.time);
  const ours = begun.map(({ timestamp, event }) => ({ name: event!.name!, time: timestamp! }));
  expect(ours.sort((a, b) => a.time - b.time)).toEqual(expected);
  expectNesting(readPerfetto(out));
});

it('Parquet: traces of several machines form one data set, which another DuckDB reads', async () => {
  const data = join(folder, 'data');
  exported('parquet', '-o', data, '--machine', 'one');
  exported('parquet', '-o', data, '--machine', 'two', '--table', 'syscalls,events');
  expect(readdirSync(data)).toContain('page_writes');
  const connection = await (await DuckDBInstance.create(':memory:')).connect();
  const result = await connection.runAndReadAll(
    `SELECT machine, count(*)::INT, sum(duration)::BIGINT FROM read_parquet('${data}/syscalls/*/*/*.parquet', hive_partitioning = true)
     GROUP BY machine ORDER BY machine`,
  );
  const total = BigInt(rows.reduce((sum, { duration }) => sum + duration, 0));
  expect(result.getRows()).toEqual([
    ['one', CALLS, total],
    ['two', CALLS, total],
  ]);
  const again = trapline(['export', path, '--format', 'parquet', '-o', data, '--machine', 'one']);
  expect(again).toMatchObject({ status: 1, stdout: '' });
  expect(again.stderr).toMatch(/^trapline: \S+ exists already\n$/);
  connection.closeSync();
});

it('JSON lines and CSV hold a table', () => {
  const lines = exported('jsonl', '--table', 'events').trim().split('\n');
  expect(lines).toHaveLength(2 * CALLS);
  const csv = exported('csv').trim().split('\n');
  expect(csv[0]).toMatch(/^event,return_event,time,/);
  expect(csv).toHaveLength(CALLS + 1);
});

it('bad calls and outputs end in one line and leave nothing behind', () => {
  const taken = join(folder, 'taken');
  writeFileSync(taken, 'mine');
  const end = (...args: readonly string[]) => trapline(['export', path, ...args]);
  expect(end('--format', 'chrome', '-o', taken)).toMatchObject({
    status: 1,
    stderr: `trapline: ${taken} exists already\n`,
  });
  expect(readFileSync(taken, 'utf8')).toBe('mine');
  expect(end('--format', 'parquet', '-o', join(taken, 'x')).stderr).toMatch(/^trapline: can't write to [^\n]*\n$/);
  for (const args of [
    [],
    ['--format', 'xml'],
    ['--format', 'parquet'],
    ['--format', 'csv', '--table', 'nope'],
    ['--format', 'chrome', '--table', 'events'],
  ]) {
    const { status, stderr } = end(...args);
    expect(status, args.join(' ')).toBe(2);
    expect(stderr).toMatch(/^trapline: [^\n]*\n$/);
  }
  expect(existsSync(join(folder, 'never'))).toBe(false);
});

it('what does not fit its disk is taken away, and said in one line', (context) => {
  const disk = smallDisk(join(folder, 'disk'), 32);
  if ('why' in disk) return context.skip(disk.why);
  const sql = 'SELECT * FROM events, range(20)';
  const cases: readonly (readonly [string, ...string[]])[] = [
    ['rows.csv', 'query', path, sql, '--format', 'csv'],
    ['rows.parquet', 'query', path, `${sql} ORDER BY random()`, '--format', 'parquet'],
    ['calls.pb', 'export', '--all', path, '--format', 'perfetto'],
    ['set', 'export', '--all', path, '--format', 'parquet'],
  ];
  for (const [name, ...words] of cases) {
    const { status, stderr } = trapline([...words, '-o', join(disk.path, name)]);
    expect({ name, status }).toEqual({ name, status: 1 });
    expect(stderr).toMatch(
      new RegExp(`^trapline: can't write ${join(disk.path, name)}\\S*: no space left on device\n$`),
    );
    expect(readdirSync(disk.path), name).toEqual([]);
  }
});

it('values of any type are written as DuckDB shows them', () => {
  const sql = `SELECT [1, 2] AS list, {'a': 1} AS struct, DATE '2026-01-02' AS day, 1.50 AS decimal, 170141183460469231731687303715884105727 AS huge,
    NULL AS nothing, 'a\tb' AS text, repeat('long', 9) AS long, true AS yes, -5::TINYINT AS tiny, '\\x00ff'::BLOB AS bytes, 2.5::FLOAT AS half`;
  const { stdout, status } = trapline(['query', '--format', 'csv', path, sql]);
  expect(status).toBe(0);
  const values = `"[1, 2]",{'a': 1},2026-01-02,1.50,170141183460469231731687303715884105727,,a\tb,${'long'.repeat(9)},true,-5,00`;
  expect(stdout.split('\n')[1]).toContain(values);
  const plain = trapline([
    'query',
    '--format',
    'jsonl',
    path,
    'SELECT sum(event)::HUGEINT AS sum, min(name) AS name, max(name) AS name, 2.5::FLOAT AS half, (-7)::SMALLINT AS small FROM events',
  ]);
  expect(JSON.parse(plain.stdout)).toMatchObject({
    sum: (2 * CALLS * (2 * CALLS - 1)) / 2,
    half: 2.5,
    small: -7,
    name: expect.any(String),
    'name:1': expect.any(String),
  });
});
