// Queries against what the guest says of itself: strace -c of the same program, /proc/self/fd at each step, exit statuses.
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import { missingForGuest, scratch, trapline } from '../support/guest.ts';
import { expectNesting, readPerfetto } from '../support/perfetto.ts';
import { buildProgram, type OracleRun, runUnderStrace } from '../support/strace-oracle.ts';

const missing = missingForGuest('/usr/bin/strace', '/usr/bin/gcc');
if (missing !== undefined) console.warn(`queries of guests skipped: ${missing}`);

type Row = Readonly<Record<string, string | number | boolean | null>>;

function query(trace: string, ...args: readonly string[]): Row[] {
  const { stdout, stderr, status } = trapline(['query', '--format', 'jsonl', trace, ...args]);
  expect(stderr).toBe('');
  expect(status).toBe(0);
  return stdout.split('\n').flatMap((line) => (line === '' ? [] : [JSON.parse(line) as Row]));
}

describe.skipIf(missing !== undefined)('strace in the same guest', () => {
  let run: OracleRun;

  beforeAll(() => {
    const folder = scratch();
    run = runUnderStrace(folder, buildProgram(folder, 'calls'), 5);
  });

  it('counts the same calls and the same errors of each task', () => {
    for (const [tid, lines] of run.calls) {
      // strace's own child closes and moves descriptors before it becomes the program.
      const since = `coalesce((SELECT min(event) FROM executions WHERE pid = ${tid} AND path LIKE '%/calls'), 0)`;
      const sql = `SELECT name, count(*) AS calls, count(errno) AS errors FROM syscalls
        WHERE tid = ${tid} AND event >= ${since} GROUP BY name`;
      const ours = new Map(query(run.trace, '--all', sql).map((row) => [row.name, row]));
      // A traced child's first calls are made before strace has hold of it; only the first process is seen from its start.
      const [first] = run.calls.keys();
      for (const [name, { calls, errors }] of counted(lines)) {
        if (name === 'execve') continue;
        if (tid === first) expect(ours.get(name), `${tid} ${name}`).toMatchObject({ calls, errors });
        else expect(Number(ours.get(name)?.calls), `${tid} ${name}`).toBeGreaterThanOrEqual(calls);
      }
    }
  });
});

/** Calls and errors by name; a call that another one interrupts stands in two lines, of which the second says how it ended. */
function counted(lines: readonly string[]): Map<string, { calls: number; errors: number }> {
  const counts = new Map<string, { calls: number; errors: number }>();
  for (const line of lines) {
    const name = /^(?:<\.\.\. )?(\w+)/.exec(line)?.[1];
    if (name === undefined || /^(?:\+\+\+|---)/.test(line)) continue;
    const count = counts.get(name) ?? { calls: 0, errors: 0 };
    count.calls++;
    if (/ = (?:-1 E|\? ERESTART)/.test(line)) count.errors++;
    counts.set(name, count);
  }
  return counts;
}

describe.skipIf(missing !== undefined)('a program that lists its own descriptors', () => {
  let trace: string;
  let reports: { step: string; pid: number; open: Map<number, string> }[];

  beforeAll(() => {
    const folder = scratch();
    const program = buildProgram(folder, 'descriptors');
    trace = join(folder, 'descriptors.trap');
    const { stdout } = trapline(['record', '-q', '-o', trace, '--share', folder, '--', program]);
    reports = stdout
      .trim()
      .split('\n')
      .map((line) => {
        const [step = '', pid, ...open] = line.replaceAll(' (deleted)', '').split(' ');
        // The table keeps the name by which a file was opened.
        const entries = open.map((each) => each.replace('/tmp/d/moved', '/tmp/d/a').split('=') as [string, string]);
        return { step, pid: Number(pid), open: new Map(entries.map(([fd, target]) => [Number(fd), target])) };
      });
    expect(reports.map(({ step }) => step)).toEqual(['opened', 'duplicated', 'moved', 'received', 'sent', 'executed']);
  });

  it('has at each step the files open that the kernel says', () => {
    for (const { step, pid, open } of reports) {
      const rows = query(
        trace,
        `SELECT f.fd, f.path FROM files f, (SELECT event FROM syscalls WHERE pid = ${pid} AND name = 'write'
         AND args LIKE '1, "${step} %') w
         WHERE f.pid = ${pid} AND f.fd > 2 AND f.event < w.event AND (f.end_event IS NULL OR f.end_event > w.event)`,
      );
      const ours = new Map(rows.map(({ fd, path }) => [fd, path]));
      const theirs = [...open].map(([fd, target]) => [fd, target.startsWith('socket:') ? 'socket' : target] as const);
      expect(ours, step).toEqual(new Map(theirs));
    }
  });

  it('has processes that ended as they did', () => {
    const rows = query(trace, 'SELECT exit_status, exit_signal, executions FROM processes ORDER BY event');
    expect(rows).toEqual([
      { exit_status: null, exit_signal: 15, executions: 1 },
      { exit_status: 5, exit_signal: null, executions: 0 },
      { exit_status: 7, exit_signal: null, executions: 1 },
    ]);
  });

  it('has file events with absolute paths', () => {
    const rows = query(trace, "SELECT action, path, to_path FROM file_events WHERE path LIKE '/tmp/%' ORDER BY event");
    expect(rows.map(({ action, path, to_path }) => [action, path, to_path])).toEqual([
      ['created', '/tmp/d', null],
      ['created', '/tmp/d/a', null],
      ['created', '/tmp/d/b', null],
      ['created', '/tmp/d/c', null],
      ['created', '/tmp/d/e', null],
      ['renamed', '/tmp/d/a', '/tmp/d/moved'],
      ['linked', '/tmp/d/b', '/tmp/d/linked'],
      ['created', '/tmp/d/symbolic', 'nowhere'],
      ['removed', '/tmp/d/b', null],
    ]);
  });

  it('exports rows that another DuckDB counts alike', async () => {
    const file = join(scratch(), 'calls.parquet');
    const { status } = trapline(['query', trace, 'SELECT * FROM syscalls', '--format', 'parquet', '-o', file]);
    expect(status).toBe(0);
    const script = `
      const { DuckDBInstance } = require('@duckdb/node-api');
      (async () => {
        const connection = await (await DuckDBInstance.create(':memory:')).connect();
        const result = await connection.runAndReadAll("SELECT count(*)::INT FROM '${file}' WHERE name = 'openat'");
        console.log(String(result.getRows()[0][0]));
      })();`;
    const root = new URL('../..', import.meta.url).pathname;
    const counted = execFileSync(process.execPath, ['-e', script], { encoding: 'utf8', cwd: root });
    const [row] = query(trace, "SELECT count(*) AS n FROM syscalls WHERE name = 'openat'");
    expect(Number(counted)).toBe(row?.n);
    expect(readFileSync(file).subarray(0, 4).toString()).toBe('PAR1');
  });

  it('exports a Perfetto trace with the same calls on the tracks of the same threads', () => {
    const file = join(scratch(), 'descriptors.perfetto');
    expect(trapline(['export', trace, '--format', 'perfetto', '-o', file]).status).toBe(0);
    const packets = readPerfetto(file);
    expectNesting(packets);
    const tracks = packets.flatMap(({ track }) => track ?? []);
    const processes = query(trace, 'SELECT pid, comm FROM processes ORDER BY event');
    expect(tracks.flatMap(({ process }) => (process ? [{ pid: process.pid, comm: process.name }] : []))).toEqual(
      processes,
    );
    expect(tracks.find(({ process }) => process !== undefined)?.process?.cmdline).toHaveLength(1);
    const threads = new Map(tracks.flatMap(({ uuid, thread }) => (thread ? [[uuid, thread.tid] as const] : [])));
    const calls = packets.flatMap(({ event, timestamp }) =>
      event?.category?.[0] === 'syscall' ? [[threads.get(event.track), timestamp, event.name]] : [],
    );
    const rows = query(trace, 'SELECT tid, time, name FROM syscalls ORDER BY time');
    expect(calls.sort((a, b) => Number(a[1]) - Number(b[1]))).toEqual(
      rows.map(({ tid, time, name }) => [tid, time, name]),
    );
  });

  it('has the numbers of events in the rows of replay, too', () => {
    const { stdout } = trapline(['replay', '--format', 'jsonl', '-e', 'trap=none', trace]);
    const lines = stdout
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line) as { event: number; name: string });
    const rows = query(trace, 'SELECT event, name FROM syscalls ORDER BY event');
    expect(lines.map(({ event, name }) => ({ event, name })).sort((a, b) => a.event - b.event)).toEqual(rows);
    const { event, name } = lines.at(-1)!;
    const at = `#${event}`;
    expect(trapline(['replay', trace, '--from', at, '--to', at]).stdout).toContain(`] ${name}(`);
  });

  it('answers every named query', () => {
    const { stderr } = trapline(['query', trace]);
    const names = [...stderr.matchAll(/^ {2}([\w-]+)((?: [A-Z]+)?)/gm)];
    expect(names.length).toBeGreaterThanOrEqual(15);
    for (const [, name, parameter] of names) query(trace, name!, ...(parameter === '' ? [] : ['/tmp/%']));
  });
});

describe.skipIf(missing !== undefined)('a program that changes its root', () => {
  let trace: string;
  let told: { step: string; pid: number; fd: number; name: string }[];

  beforeAll(() => {
    const folder = scratch();
    const program = buildProgram(folder, 'roots');
    trace = join(folder, 'roots.trap');
    const { stdout, status } = trapline(['record', '-q', '-o', trace, '--share', folder, '--', program]);
    expect(status).toBe(0);
    told = stdout
      .trim()
      .split('\n')
      .map((line) => {
        const [, step = '', pid, fd, name = ''] = /^(\S+) (\d+) (\d+) (.*)$/.exec(line) ?? [];
        return { step, pid: Number(pid), fd: Number(fd), name };
      });
    expect(told.length).toBe(8);
  });

  it('has its files where the kernel says, seen from outside', () => {
    for (const { step, pid, fd, name } of told) {
      const [row] = query(
        trace,
        `SELECT path FROM files WHERE pid = ${pid} AND fd = ${fd} AND opened_by = 'openat' ORDER BY event DESC`,
      );
      // The number of a file without a name is its inode's, which no call tells.
      if (step === 'unnamed')
        expect([name, row?.path]).toEqual([expect.stringMatching(/^\/dev\/shm\/#/), `/dev/shm/#${fd}`]);
      else expect(row?.path, step).toBe(name);
    }
  });

  it('has files of sockets, exchanges, and changes by a descriptor', () => {
    const rows = query(
      trace,
      "SELECT action, what, path, to_path FROM file_events WHERE name IN ('bind', 'renameat2', 'utimensat')",
    );
    expect(rows).toEqual([
      { action: 'exchanged', what: null, path: '/tmp/r/plain', to_path: '/tmp/r/other' },
      { action: 'created', what: 'socket', path: '/tmp/r/door', to_path: null },
      { action: 'changed', what: null, path: '/tmp/r/other', to_path: null },
    ]);
    expect(query(trace, "SELECT local FROM sockets WHERE opened_by = 'socket'")).toEqual([{ local: '/tmp/r/door' }]);
    expect(query(trace, 'deleted-files')).toEqual([]);
  });
});

it.skipIf(missing !== undefined)('file_events are those that the program says, by the paths that it means', () => {
  const folder = scratch();
  const trace = join(folder, 'paths.trap');
  const program = buildProgram(folder, 'paths');
  const { stdout, stderr } = trapline(['record', '-q', '--share', folder, '-o', trace, '--', program]);
  expect(stderr).toBe('');
  const told = query(trace, "SELECT concat_ws(' ', action, path, to_path) AS line FROM file_events");
  expect(told.map(({ line }) => line)).toEqual(stdout.trim().split(/ *\n/));
});
