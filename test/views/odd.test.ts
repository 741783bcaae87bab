// Processes that are hard to tell of, seen from outside as another process sees them in /proc.
import { execFileSync } from 'node:child_process';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { TraceGuest } from '../../src/analyze/trace-guest.ts';
import { fileList, processList } from '../../src/index.ts';
import { missingForGuest, scratch, trapline } from '../support/guest.ts';

const missing = missingForGuest('/usr/bin/gcc');

describe.skipIf(missing !== undefined)('odd processes', () => {
  it('are seen as /proc shows them', () => {
    const folder = scratch();
    const [program, trace] = [join(folder, 'odd'), join(folder, 'odd.trap')];
    const source = new URL('odd.c', import.meta.url).pathname;
    execFileSync('gcc', ['-O1', '-w', '-static', '-o', program, source]);
    const { stdout, stderr } = trapline(['record', '-q', '--snapshot', '--share', folder, '-o', trace, '--', program]);
    expect(stderr).toBe('');
    const text = (hex: string | undefined): string => Buffer.from(hex ?? '', 'hex').toString('utf8');
    const said = stdout
      .trim()
      .split('\n')
      .map((line) => {
        const [pid, state, uid, comm, command, executable, file] = line.split('|');
        const commandLine = text(command).split('\0').slice(0, -1);
        return {
          pid: Number(pid),
          state,
          uid: Number(uid),
          comm: text(comm),
          commandLine,
          executable: text(executable),
          file: text(file),
        };
      });
    expect(said.length).toBe(16);
    const guest = new TraceGuest(trace);
    const view = guest.at();
    const { tasks, notes } = processList(view);
    expect(notes).toEqual([]);
    // Who is nobody's child any more is reaped with its parent's end.
    for (const row of said.filter(({ state }) => state !== 'Z')) {
      const task = tasks.find(({ pid }) => pid === row.pid)!;
      const { state, uid, comm, commandLine, executable = '' } = task;
      const file = fileList(view, row.pid).rows.find(({ item }) => item.fd === 9)?.item.path ?? '';
      expect({ pid: row.pid, state, uid, comm, commandLine, executable, file }).toEqual(row);
      expect(task.hiddenFrom).toEqual([]);
    }
    guest.close();
  });
});
