// How processes ended, against what their parents were told by the kernel: by every way to end, and in a namespace.
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { missingForGuest, scratch, trapline } from '../support/guest.ts';
import { buildProgram } from '../support/strace-oracle.ts';

const missing = missingForGuest('/usr/bin/gcc');
if (missing !== undefined) console.warn(`ends of processes skipped: ${missing}`);

it.skipIf(missing !== undefined).each([{ flags: [] }, { flags: ['-m32'] }])(
  'processes ended as their parents were told $flags',
  ({ flags }) => {
    const folder = scratch();
    const trace = join(folder, 'lives.trap');
    const program = buildProgram(folder, 'lives', ...flags);
    const { stdout, status } = trapline(['record', '-q', '-o', trace, '--share', folder, '--', program]);
    expect(status).toBe(0);
    const told = new Map(
      stdout
        .trim()
        .split('\n')
        .map((line) => {
          const [pid, exit, signal, how] = line.split(' ');
          return [Number(pid), `${exit} ${signal} ${how}`] as const;
        }),
    );
    expect(told.size).toBe(30);
    const rows = trapline([
      ...['query', '--format', 'jsonl', trace],
      "SELECT pid, coalesce(exit_status::VARCHAR, '-') || ' ' || coalesce(exit_signal::VARCHAR, '-') AS ended, end_event FROM processes ORDER BY event",
    ])
      .stdout.trim()
      .split('\n')
      .map((line) => JSON.parse(line) as { pid: number; ended: string; end_event: number | null });
    for (const { end_event } of rows) expect(end_event).not.toBeNull();
    const ours = rows.filter(({ pid }) => told.has(pid)).map(({ pid, ended }) => [pid, ended] as const);
    for (const [pid, ended] of ours)
      expect(told.get(pid)?.startsWith(`${ended} `), `${pid} ${told.get(pid)}: ${ended}`).toBe(true);
    // The rest are the command itself and one that its namespace took with it.
    expect([ours.length, rows.length]).toEqual([told.size, told.size + 2]);
    expect(rows.filter(({ pid }) => !told.has(pid)).map(({ ended }) => ended)).toEqual(['0 -', '- 9']);
    // Calls that processes ended in: the same whether it is asked who made them, or what they were given, or not.
    const ask = (where: string): string =>
      trapline([
        'query',
        '--all',
        '--format',
        'csv',
        trace,
        `SELECT event, return_event, comm, outcome, ret, errno FROM syscalls ${where}`,
      ]).stdout;
    const all = ask('ORDER BY event');
    expect(all).toMatch(/,never,/);
    expect(ask('WHERE coalesce(pid, 0) >= 0 ORDER BY event')).toBe(all);
    expect(ask("WHERE length(coalesce(args, '')) >= 0 ORDER BY event")).toBe(all);
  },
);

it.skipIf(missing !== undefined).each([{ flags: [] }, { flags: ['-m32'] }])(
  'a child under the pointer of one that was killed does not return from its call $flags',
  ({ flags }) => {
    const folder = scratch();
    const trace = join(folder, 'reused.trap');
    const program = buildProgram(folder, 'reused', ...flags);
    const { stdout, status } = trapline(['record', '-q', '-o', trace, '--share', folder, '--', program]);
    expect(status).toBe(0);
    const children = stdout.trim().split('\n').sort();
    const ask = (sql: string): string[] =>
      trapline(['query', '--format', 'csv', trace, sql]).stdout.trim().split('\n').slice(1);
    // So that it is about what it is meant to be about.
    const pids = `pid IN (${children.join()})`;
    const last = ask(`SELECT max(pid) FROM events WHERE ${pids} GROUP BY task`);
    expect(last.length).toBeLessThan(children.length / 2);
    // Nobody was told of the end of the last one under a pointer.
    const expected = children.map((pid) => `${pid},${last.includes(pid) ? 'pending' : 'never'},,,`);
    // By the calls alone, by their events, and by all that they were given.
    for (const more of ['', ', ret', ', args']) {
      const rows = ask(`SELECT pid, outcome, return_event, duration, errno${more} FROM syscalls WHERE name = 'pause'`);
      expect(rows.map((row) => row.split(',').slice(0, 5).join(',')).sort()).toEqual(expected);
    }
    const lines = trapline(['replay', '-f', '-e', 'trace=pause', trace]).stdout.split('\n');
    expect(lines.filter((line) => /pause\(.* = /.test(line) && !/ = \?/.test(line))).toEqual([]);
  },
);
