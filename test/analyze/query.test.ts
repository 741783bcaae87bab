// SQL over a trace of many chunks: the same answers as a walk through all events, with chunks left out where they can be.
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import { cellWidth, cutText } from '../../src/analyze/cell-text.ts';
import { TableWriter } from '../../src/analyze/query/table-writer.ts';
import { printable } from '../../src/replay/printable.ts';
import { TraceReader } from '../../src/replay/reader.ts';
import { Reconstruction } from '../../src/replay/reconstruction.ts';
import { trapline } from '../support/guest.ts';
import { temporaryFolder, writeTrace } from '../support/trace-files.ts';

const folder = temporaryFolder();
const path = join(folder, 'calls.trap');
const CALLS = 3000;

interface Walked {
  readonly event: number;
  readonly name: string;
  readonly time: number;
  readonly duration: number;
  readonly task: bigint;
  readonly failed: boolean;
}
const walked: Walked[] = [];

beforeAll(() => {
  writeTrace(path, CALLS, 100);
  const reader = TraceReader.open(path);
  const walk = new Reconstruction({ commandOnly: false, descriptors: false }, () => ({
    entry: () => {},
    signal: () => {},
    trap: () => {},
    end: () => {},
    return: ({ chunk, row, name, entryTime, exitTime, failed }) => {
      const task = chunk.task(row);
      const duration = exitTime - entryTime;
      walked.push({ event: chunk.firstEvent + row, name, time: entryTime, duration, task, failed });
    },
  }));
  for (const chunk of reader.chunks()) walk.feed(chunk);
  reader.close();
});

function rows(sql: string, ...more: readonly string[]): Readonly<Record<string, unknown>>[] {
  const { stdout, stderr } = trapline(['query', '--all', '--format', 'jsonl', path, sql, ...more]);
  expect(stderr).toBe('');
  return stdout.split('\n').flatMap((line) => (line === '' ? [] : [JSON.parse(line)]));
}

const explained = (sql: string): string => trapline(['query', '--all', '--explain', path, sql]).stdout;

describe('answers', () => {
  it('count and add up as a walk does', () => {
    const answer = rows(
      'SELECT name, count(*) AS n, sum(duration)::BIGINT AS t, count(errno) AS e FROM syscalls GROUP BY ALL',
    );
    expect(answer.length).toBe(new Set(walked.map(({ name }) => name)).size);
    for (const { name, n, t, e } of answer) {
      const own = walked.filter((call) => call.name === name);
      expect(n).toBe(own.length);
      expect(t).toBe(own.reduce((sum, { duration }) => sum + duration, 0));
      expect(e).toBe(own.filter(({ failed }) => failed).length);
    }
  });

  it('are the same with arguments and without', () => {
    const full = rows('SELECT event, return_event, name, ret, errno, a1 FROM syscalls ORDER BY event');
    const plain = rows('SELECT event, return_event, name, ret, errno FROM syscalls ORDER BY event');
    expect(full.map(({ a1: _, ...rest }) => rest)).toEqual(plain);
  });

  it('have every event once', () => {
    expect(rows('SELECT count(*) AS n, count(DISTINCT event) AS d, max(event) AS m FROM events')).toEqual([
      { n: 2 * CALLS, d: 2 * CALLS, m: 2 * CALLS - 1 },
    ]);
  });
});

describe('chunks are left out', () => {
  it('by time, and the calls that began in it are whole', () => {
    const [from, to] = [walked[1000]!.time, walked[1100]!.time];
    const expected = walked.filter(({ time }) => time >= from && time <= to);
    const where = `WHERE time BETWEEN ${from} AND ${to}`;
    expect(rows(`SELECT event, duration FROM syscalls ${where} ORDER BY event`)).toEqual(
      expected.map(({ event, duration }) => ({ event, duration })).sort((a, b) => a.event - b.event),
    );
    expect(readChunks(`SELECT name, duration FROM syscalls ${where}`)).toBeLessThanOrEqual(4);
  });

  it('by number of event and by call, also behind a view, a subquery and a join', () => {
    expect(readChunks('SELECT * FROM events WHERE event = 1234')).toBe(1);
    expect(readChunks('WITH q AS (SELECT * FROM events) SELECT name FROM q WHERE event < 150')).toBeLessThanOrEqual(2);
    expect(readChunks("SELECT * FROM syscalls WHERE name = 'no_such' OR name = 'keyctl'")).toBe(30);
    expect(readChunks("SELECT * FROM syscalls WHERE name = 'keyctl'")).toBe(0);
    expect(readChunks("SELECT * FROM events WHERE kind = 'interrupt'")).toBe(0);
  });

  it('only where the condition must hold', () => {
    expect(readChunks("SELECT * FROM events WHERE event = 5 OR name = 'read'")).toBe(30);
    const { n } = rows('SELECT count(*) AS n FROM events WHERE event = 5 OR event IN (1000, 2000)')[0]!;
    expect(n).toBe(3);
  });

  function readChunks(sql: string): number {
    const match = /(\d+) of 30 chunks read/.exec(explained(sql));
    return Number(match?.[1]);
  }
});

describe('what goes wrong is said in one line', () => {
  it.each([
    ['SELECT nope FROM syscalls', 'nope', 1],
    ['SELEC 1 FROM x', 'SELEC', 1],
    ['SELECT * FROM no_table', 'no_table', 1],
    ['no-such-query', 'no-such-query', 1],
    ['who-wrote', 'PATH', 1],
  ])('%s', (sql, named, status) => {
    const result = trapline(['query', path, sql]);
    expect(result.status).toBe(status);
    expect(result.stdout).toBe('');
    expect(result.stderr).toMatch(/^trapline: [^\n]*\n$/);
    expect(result.stderr).toContain(named);
  });

  it('an output that exists, a folder that does not, Parquet without a file, too much for a query', () => {
    const taken = join(folder, 'taken');
    writeFileSync(taken, 'mine');
    for (const format of ['csv', 'parquet']) {
      const result = trapline(['query', path, 'SELECT 1', '--format', format, '-o', taken]);
      expect(result).toMatchObject({ status: 1, stderr: `trapline: ${taken} exists already\n` });
      const nowhere = join(folder, 'nowhere', 'file');
      const other = trapline(['query', path, 'SELECT 1', '--format', format, '-o', nowhere]);
      expect(other).toMatchObject({
        status: 1,
        stderr: `trapline: can't write ${nowhere}: no such file or directory\n`,
      });
    }
    expect(readFileSync(taken, 'utf8')).toBe('mine');
    expect(trapline(['query', path, 'SELECT 1', '--format', 'parquet']).status).toBe(2);
    expect(trapline(['query', path, 'slowest', '3', '4']).stderr).toContain('too much');
  });

  it('SQL that makes no sense leaves no file behind', () => {
    for (const format of ['csv', 'parquet']) {
      const out = join(folder, `never.${format}`);
      expect(trapline(['query', path, 'SELECT nope', '--format', format, '-o', out]).status).toBe(1);
      expect(existsSync(out)).toBe(false);
      expect(existsSync(`${out}.part`)).toBe(false);
    }
  });
});

it("the user's own queries are found in her folder", () => {
  const own = join(folder, 'queries');
  mkdirSync(own);
  writeFileSync(join(own, 'mine.sql'), "-- Mine.\n-- $n = 2: a number\nSELECT getvariable('n') + 1 AS more");
  process.env.TRAPLINE_QUERIES = own;
  try {
    expect(rows('mine')).toEqual([{ more: 3 }]);
    expect(rows('mine', '41')).toEqual([{ more: 42 }]);
  } finally {
    delete process.env.TRAPLINE_QUERIES;
  }
});

describe('tables', () => {
  const written = (limit: number | undefined, ...lines: readonly (string | null)[][]): string[] => {
    const out: string[] = [];
    const columns = ['name', 'value'].map((name, i) => ({ name, right: i === 1 }));
    const writer = new TableWriter(columns, limit, (line) => out.push(line));
    for (const line of lines) writer.row(line);
    writer.end();
    return out;
  };

  it('show what a guest wrote without its effect on a terminal', () => {
    const hostile = '\u001b]0;title\u0007\u001b[2J\r\n\u202egnp.exe\u009b31m';
    expect(written(undefined, [hostile, null])[1]?.trimEnd()).not.toMatch(/[\p{Cc}\p{Cf}]/u);
    expect(printable(hostile)).toBe('\\e]0;title\\x07\\e[2J\\r\\n\\u{202e}gnp.exe\\x9b31m');
  });

  it('fit the terminal, whatever the width of characters', () => {
    const lines = written(30, ['文字'.repeat(30), '5'], ['short', '1234567']);
    for (const line of lines) expect(cellWidth(line.trimEnd())).toBeLessThanOrEqual(30);
    expect(cellWidth(cutText('文字文字', 6))).toBeLessThanOrEqual(6);
  });
});

it('conditions on calls leave out rows alike with arguments and without', () => {
  for (const condition of ["name = 'openat'", "name IN ('read', 'write') AND ret > 0", "nr = 257 OR name = 'close'"]) {
    const expected = rows('SELECT event, name, nr, ret FROM (SELECT *, 1 AS one FROM syscalls) ORDER BY event').length;
    const [all] = rows(`SELECT count(*) FILTER (WHERE ${condition}) AS n, count(*) AS total FROM syscalls`);
    expect(all!.total).toBe(expected);
    expect(rows(`SELECT count(*) AS n FROM syscalls WHERE ${condition}`)[0]!.n).toBe(all!.n);
    expect(rows(`SELECT count(args) AS n FROM syscalls WHERE ${condition}`)[0]!.n).toBe(all!.n);
  }
});

it('SQL may begin with a comment, and be nothing else', () => {
  expect(rows('-- of all\nSELECT count(*) AS n FROM syscalls')[0]!.n).toBe(walked.length);
  const wrong = (sql: string) => trapline(['query', path, sql]);
  expect(wrong('-- of all')).toMatchObject({ status: 1, stderr: 'trapline: there is no statement in it\n' });
  expect(wrong(' ; ')).toMatchObject({ status: 2, stderr: 'trapline: query wants SQL or a name, not nothing\n' });
});
