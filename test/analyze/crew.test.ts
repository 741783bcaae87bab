// Scans with threads beside the one that asks: the same rows in the same order as without, whatever happens on the way.
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { beforeAll, describe, expect, it } from 'vitest';
import { TraceModel } from '../../src/analyze/model/trace-model.ts';
import { TABLES, type TableName } from '../../src/analyze/schema.ts';
import { loadSource } from '../../src/analyze/tables/index.ts';
import { RowBuffer } from '../../src/analyze/tables/row-buffer.ts';
import { type Constraints, nothingRead } from '../../src/analyze/tables/scan.ts';
import { TraceReader } from '../../src/replay/reader.ts';
import { trapline } from '../support/guest.ts';
import { type ToldCall, writeInterleavedTrace } from '../support/interleaved-trace.ts';
import { temporaryFolder } from '../support/trace-files.ts';

const folder = temporaryFolder();
const whole = join(folder, 'whole.trap');
const damaged = join(folder, 'damaged.trap');
const EVENTS = 300_000;
const EVENTS_A_CHUNK = 2000;
/** Milliseconds between chunks until others have made one. */
const PAUSE = 40;
const EXIT = 60;
/** So many chunks take long enough for others to have a part in them. */
const MANY = 120;

let told: ToldCall[];
/** Damaged chunks by their places in the index. */
const DAMAGED = [0, 40, 41, 99];

beforeAll(() => {
  told = writeInterleavedTrace(whole, EVENTS, EVENTS_A_CHUNK);
  const reader = TraceReader.open(whole);
  const copy = readFileSync(whole);
  for (const place of DAMAGED) {
    const { offset, bytes } = reader.index[place]!;
    copy[offset + bytes - 100]! ^= 1;
  }
  reader.close();
  writeFileSync(damaged, copy);
});

interface Scanned {
  readonly rows: readonly string[];
  readonly findings: readonly string[];
  readonly read: number;
}

interface Question {
  readonly table: TableName;
  readonly columns: readonly string[];
  readonly constraints?: Constraints;
  /** Rows after which nobody asks for more. */
  readonly limit?: number;
}

async function scan(path: string, helpers: number, question: Question): Promise<Scanned> {
  const { table, columns, constraints = new Map(), limit = Infinity } = question;
  const model = TraceModel.open(path);
  const source = await loadSource(table, new Set(columns), model);
  const buffer = new RowBuffer(TABLES[table], columns);
  const count = nothingRead();
  const running = source.open({ model, constraints, wholeGuest: true, helpers }, buffer, count);
  const rows: string[] = [];
  for (let more = true; more && rows.length < limit; ) {
    buffer.clear();
    more = running.step(buffer);
    // Threads take longer to begin than a scan as short as this.
    if (helpers > 0 && count.helped === 0 && count.calls === 0) await setTimeout(PAUSE);
    for (let at = 0; at < buffer.rows && rows.length < limit; at++) {
      rows.push(buffer.columns.map((column) => String(column.get(at))).join('|'));
    }
  }
  running.close?.();
  const findings = model.reader.findings.map(({ message }) => message);
  model.close();
  if (helpers > 0 && count.read - count.calls > MANY) expect(count.helped).toBeGreaterThan(0);
  return { rows, findings, read: count.read };
}

const CALLS = ['event', 'return_event', 'pid', 'nr', 'duration', 'outcome', 'ret', 'errno', 'name', 'comm', 'time', 'icount', 'rip', 'abi', 'mechanism', 'vcpu', 'tid']; // biome-ignore format: a list
const FEW = ['event', 'return_event', 'duration', 'outcome', 'comm'];
const only = (column: string, ...values: string[]): Constraints => new Map([[column, { values: new Set(values) }]]);

// biome-ignore format: a table
const QUESTIONS: readonly (readonly [string, string, number, Question])[] = [
  ['calls with all that is known of them', whole, 3, { table: 'syscalls', columns: CALLS }],
  ['what calls took, without who made them', whole, 1, { table: 'syscalls', columns: ['name', 'duration'] }],
  ['a call that all make', whole, 3, { table: 'syscalls', columns: FEW, constraints: only('name', 'openat') }],
  ['a call that is in some chunks', whole, 3, { table: 'syscalls', columns: FEW, constraints: only('name', 'mkdirat') }],
  ['calls of one process', whole, 3, { table: 'syscalls', columns: FEW, constraints: only('pid', '107') }],
  ['calls by names that change', whole, 3, { table: 'syscalls', columns: FEW, constraints: only('comm', 'first-3') }],
  ['calls of some time', whole, 1, { table: 'syscalls', columns: FEW, constraints: new Map([['time', { least: 9_000_000, most: 20_000_000 }]]) }],
  ['calls that end the trace', whole, 3, { table: 'syscalls', columns: FEW, constraints: only('name', 'exit', 'read') }],
  ['events', whole, 1, { table: 'events', columns: ['event', 'kind', 'name', 'time', 'comm', 'rax'] }],
  ['calls of a damaged trace', damaged, 3, { table: 'syscalls', columns: FEW }],
  ['a call that is in some chunks of a damaged trace', damaged, 1, { table: 'syscalls', columns: FEW, constraints: only('name', 'mkdirat') }],
  ['events of a damaged trace', damaged, 3, { table: 'events', columns: ['event', 'pid'] }],
];

it.each(QUESTIONS)('%s: the same rows and findings with helpers', async (_, path, helpers, question) => {
  const alone = await scan(path, 0, question);
  expect(await scan(path, helpers, question)).toEqual(alone);
  expect(alone.rows.length).toBeGreaterThan(5);
});

it('rows that nobody asks for any more are not made', async () => {
  const question: Question = { table: 'syscalls', columns: CALLS };
  const all = await scan(whole, 0, question);
  for (const helpers of [0, 1, 3]) {
    const some = await scan(whole, helpers, { ...question, limit: 3000 });
    expect(some.rows).toEqual(all.rows.slice(0, 3000));
    expect(some.read).toBeLessThan(10);
  }
});

it('calls are what the recorder was told', async () => {
  const { rows } = await scan(whole, 3, { table: 'syscalls', columns: CALLS });
  const returned = rows
    .filter((row) => row.split('|')[1] !== 'null')
    .map((row) => row.split('|').slice(0, 7).join('|'));
  expect(returned).toEqual(
    told.map(({ event, returnEvent, pid, number, duration, result, restarted }) => {
      const ending = restarted ? 'restart|null' : result < 0 ? 'error|-1' : `value|${result}`;
      return [event, returnEvent, pid, number, duration, ending].join('|');
    }),
  );
});

/** Rows of calls by the events that enter them. */
const sorted = ({ rows }: Scanned): string[] =>
  rows.toSorted((a, b) => Number.parseInt(a, 10) - Number.parseInt(b, 10));

// Calls with their arguments are put together in another way.
it('calls of tasks whose pointers others got have not returned, whatever is asked of them', async () => {
  for (const constraints of [new Map(), only('name', 'mkdirat', 'read')]) {
    const plain = sorted(await scan(whole, 0, { table: 'syscalls', columns: CALLS, constraints }));
    const full = await scan(whole, 0, { table: 'syscalls', columns: [...CALLS, 'a0'], constraints });
    expect(plain).toEqual(sorted(full).map((row) => row.slice(0, row.lastIndexOf('|'))));
    const left = plain.filter((row) => row.split('|')[1] === 'null' && row.split('|')[3] !== String(EXIT));
    expect(left.length).toBeGreaterThan(20);
    expect(left.filter((row) => row.includes('|never|')).length).toBeGreaterThan(left.length / 2);
    const returned = told.filter(({ number }) => constraints.size === 0 || number === 0 || number === 258).length;
    expect(plain.filter((row) => row.split('|')[1] !== 'null').length).toBe(returned);
  }
});

it('damage is told once and in the order of the file', async () => {
  const { findings } = await scan(damaged, 3, { table: 'syscalls', columns: CALLS });
  expect(findings.length).toBe(DAMAGED.length);
  expect(findings.every((message) => /^frame \d+ \(events\).* checksum/.test(message))).toBe(true);
  const numbers = findings.map((message) => Number(/\d+/.exec(message)?.[0]));
  expect(numbers).toEqual([...numbers].sort((a, b) => a - b));
});

describe('from the command line', () => {
  const ask = (path: string, sql: string, ...more: string[]) =>
    trapline(['query', '--format', 'csv', path, sql, ...more]);

  it('a question that reads all, one that stops early, and damage', async () => {
    const { rows } = await scan(whole, 0, { table: 'syscalls', columns: ['event', 'duration'] });
    const lines = rows.map((row) => row.replace('null', '').replace('|', ','));
    const all = ask(whole, 'SELECT event, duration FROM syscalls');
    expect(all.stdout.trimEnd().split(/\r?\n/).slice(1)).toEqual(lines);
    const some = ask(whole, 'SELECT event, duration FROM syscalls LIMIT 2500');
    expect(some.stdout.trimEnd().split(/\r?\n/).slice(1)).toEqual(lines.slice(0, 2500));
    expect(some.status).toBe(0);
    const broken = ask(damaged, 'SELECT count(*) FROM syscalls');
    expect(broken.status).toBe(1);
    expect(broken.stderr.trimEnd().split('\n').length).toBe(DAMAGED.length);
  });

  it('two tables at once, one of which has the threads', () => {
    const sql = 'SELECT count(*) AS n FROM syscalls s JOIN events e ON e.event = s.return_event';
    expect(ask(whole, sql).stdout).toBe(`n\n${told.length}\n`);
  });
});
