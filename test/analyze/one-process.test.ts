// Questions about one process leave the others' chunks alone, and answer as if all had been read.
import { join } from 'node:path';
import { beforeAll, expect, it } from 'vitest';
import { TraceReader } from '../../src/replay/reader.ts';
import { type ChunkSummary, namingsOf } from '../../src/trace/summary.ts';
import { trapline } from '../support/guest.ts';
import { StoryTrace } from '../support/story-trace.ts';
import { temporaryFolder } from '../support/trace-files.ts';

const folder = temporaryFolder();
const path = join(folder, 'story.trap');
const [READ, OPEN, CLONE, EXECVE, CHDIR, RECVMSG] = [0, 2, 56, 59, 80, 47];
const AT = 0x7ffe_0000_1000n;

/** The launched command 10 opens a file and starts 11, which uses it; 20 is somebody else's, and so is 21. */
function write(file: string, receives: boolean): void {
  const story = new StoryTrace(file, ['/bin/command']);
  const open = (pid: number, name: string, fd: bigint): void =>
    story.call(pid, { number: OPEN, arguments: [AT, 0n], given: { 0: name }, result: fd });
  story.named(1, 0, 'init');
  story.named(10, 1, 'init');
  story.named(20, 2, 'other');
  story.cut();
  open(20, '/not/ours', 3n);
  story.cut();
  story.call(10, { number: EXECVE, arguments: [AT], given: { 0: '/bin/command' }, result: 0n });
  open(10, '/etc/inherited', 3n);
  story.call(10, { number: CHDIR, arguments: [AT], given: { 0: '/srv' }, result: 0n });
  story.cut();
  for (let i = 0; i < 3; i++) {
    open(20, `/not/ours/${i}`, 4n);
    story.cut();
  }
  story.call(10, { number: CLONE, arguments: [17n], result: 11n });
  story.named(11, 10, 'child');
  story.cut();
  open(20, '/never/ours', 5n);
  story.cut();
  story.call(11, { number: READ, arguments: [3n, AT, 10n], result: 4n });
  open(11, 'relative', 5n);
  if (receives) story.call(11, { number: RECVMSG, arguments: [5n, AT, 0n], result: 1n });
  story.close();
}

beforeAll(() => write(path, false));

function query(file: string, ...args: readonly string[]): string {
  const { stdout, stderr, status } = trapline(['query', ...args]);
  expect({ stderr, status }, file).toEqual({ stderr: '', status: 0 });
  return stdout;
}
const rows = (file: string, sql: string): unknown[] =>
  query(file, '--format', 'jsonl', file, sql)
    .split('\n')
    .flatMap((line) => (line === '' ? [] : [JSON.parse(line)]));

it('what tasks say of themselves stands in the index', () => {
  const reader = TraceReader.open(path);
  const named = reader.index.map(({ summary }) => [...namingsOf(summary)].map(({ event, bytes }) => [event, bytes[0]]));
  expect(named.flat()).toEqual([
    [0, 1],
    [1, 10],
    [2, 20],
    [expect.any(Number), 11],
  ]);
  for (const { summary } of reader.index) {
    const chunk = reader.chunk(reader.index.find((entry) => entry.summary === summary)!)!;
    const bytes = ({ namings, ...rest }: ChunkSummary): unknown => ({ ...rest, namings: [...namings] });
    expect(bytes(chunk.summarize())).toEqual(bytes(summary));
  }
  reader.close();
});

it('its calls, without and with paths', () => {
  expect(rows(path, 'SELECT name FROM syscalls WHERE pid = 11')).toEqual([{ name: 'read' }, { name: 'open' }]);
  expect(rows(path, 'SELECT name, fd_path, path FROM syscalls WHERE pid = 11')).toEqual([
    { name: 'read', fd_path: '/etc/inherited', path: null },
    { name: 'open', fd_path: null, path: '/srv/relative' },
  ]);
  expect(rows(path, "SELECT path FROM syscalls WHERE comm = 'other'")).toEqual([]);
});

it('chunks of others are read only where their descriptors may have come to it', () => {
  const read = (file: string, sql: string): string | undefined =>
    /(\d+ of \d+) chunks read/.exec(query(file, '--explain', file, sql))?.[1];
  // Its own, and the one that names it.
  expect(read(path, 'SELECT name FROM syscalls WHERE pid = 11')).toBe('2 of 9');
  // And the one in which its parent opened.
  expect(read(path, 'SELECT path FROM syscalls WHERE pid = 11')).toBe('3 of 9');
  const receiving = join(folder, 'receiving.trap');
  write(receiving, true);
  expect(read(receiving, 'SELECT path FROM syscalls WHERE pid = 11')).toBe('8 of 9');
});

it('the command begins with its first execve, whether all is read or one process', () => {
  const all = rows(path, 'SELECT pid, name FROM syscalls ORDER BY event');
  expect(all).toEqual([
    { pid: 10, name: 'execve' },
    { pid: 10, name: 'open' },
    { pid: 10, name: 'chdir' },
    { pid: 10, name: 'clone' },
    { pid: 11, name: 'read' },
    { pid: 11, name: 'open' },
  ]);
  expect(rows(path, 'SELECT pid, ppid FROM processes ORDER BY pid')).toEqual([
    { pid: 10, ppid: 1 },
    { pid: 11, ppid: 10 },
  ]);
});
