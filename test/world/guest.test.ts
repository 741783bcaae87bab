import { mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, utimesSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { type RunResult, runInGuest } from './guest-run.ts';

const folder = mkdtempSync(join(tmpdir(), 'guest-'));
afterAll(() => rmSync(folder, { recursive: true }));

test('a program runs on the host’s files, with its input, outputs and status', () => {
  const script = 'cat; echo to-error >&2; pwd; test -x /usr/bin/env; exit 7';
  const run = runInGuest(['sh', '-c', script], { input: 'from-input\n' });
  expect(run).toMatchObject({ status: 7, output: 'from-input\n/usr\n', error: 'to-error\n' });
});

test('equal inputs give equal machines, from the boot as from its snapshot', () => {
  const run = (fromBoot: boolean): RunResult =>
    runInGuest(['sh', '-c', 'date; head -c 8 /dev/urandom | od -t x1'], { fromBoot });
  // The host's links, folders and others' files have new access times once they are read, and the guest is told them.
  run(false);
  const runs = [run(true), run(false)];
  expect(runs[0]!.hash).toBe(runs[1]!.hash);
  // What was never written is not looked at for snapshot and hash.
  for (const { unmarkedPages } of runs) expect(unmarkedPages()).toBe(0);
});

test('a signal ends as a shell says', () => {
  expect(runInGuest(['sh', '-c', 'kill -TERM $$']).status).toBe(143);
});

test('what can not start says why', () => {
  expect(runInGuest(['no-such-program'])).toMatchObject({
    status: 127,
    reason: expect.stringMatching(/command not found/),
  });
  const script = join(folder, 'script');
  writeFileSync(script, '#!/no/interpreter\n', { mode: 0o755 });
  expect(runInGuest([script])).toMatchObject({ status: 127, reason: expect.stringMatching(/needs \/no\/interpreter/) });
  expect(runInGuest(['/etc/passwd'])).toMatchObject({
    status: 126,
    reason: expect.stringMatching(/permission denied/),
  });
});

test('changes stay in the guest, except what is collected', () => {
  writeFileSync(join(folder, 'kept'), 'before');
  const run = runInGuest(['sh', '-c', 'echo after > kept; mkdir d; echo new > d/e; rm script; cat kept'], {
    directory: folder,
    collect: ['d:collected', 'missing'],
  });
  expect(run).toMatchObject({ status: 0, output: 'after\n' });
  expect(readFileSync(join(folder, 'kept'), 'utf8')).toBe('before');
  expect(readFileSync(join(folder, 'collected/e'), 'utf8')).toBe('new\n');
  expect(run.warnings).toEqual([expect.stringMatching(/missing is not there/)]);
});

test('what the guest reads and runs keeps its access time on the host', () => {
  const [script, file] = [join(folder, 'reader'), join(folder, 'read')];
  writeFileSync(script, '#!/bin/sh\nread line < "$1"; echo "$line"\n', { mode: 0o755 });
  writeFileSync(file, 'contents\n');
  const reading = (...run: Parameters<typeof runInGuest>): unknown => {
    // A file system that is frugal with access times has one to write where the last is older than the contents.
    for (const path of [script, file]) utimesSync(path, 1e9, 1.1e9);
    const { output } = runInGuest(...run);
    return { output, times: [script, file].map((path) => statSync(path).atimeMs) };
  };
  const times = [1e12, 1e12];
  expect(reading([script, file])).toEqual({ output: 'contents\n', times });
  expect(reading([script, script], { rootfs: 'none' })).toEqual({ output: '#!/bin/sh\n', times });
});

test('a terminal is one', () => {
  const run = runInGuest(['sh', '-c', 'tty; stty size; read line; echo got $line'], {
    ...{ terminal: [0, 1, 2], windowSize: { rows: 31, columns: 77 }, keys: 'typed\n' },
  });
  expect(run.terminal).toContain('/dev/pts/0\r\n31 77\r\n');
  expect(run.terminal).toContain('got typed\r\n');
});

test('shares go where they are told, other roots take over', () => {
  mkdirSync(join(folder, 'root/bin'), { recursive: true });
  writeFileSync(join(folder, 'inside'), 'shared');
  expect(runInGuest(['cat', '/mnt/x/inside'], { shares: [`${folder}:/mnt/x`] }).output).toBe('shared');
  expect(runInGuest(['true'], { rootfs: join(folder, 'root') })).toMatchObject({ status: 127 });
});

test('a program alone with its libraries', () => {
  expect(runInGuest(['ls', '/'], { rootfs: 'none' })).toMatchObject({
    status: 0,
    output: expect.stringMatching(/lib64\nproc\n/),
  });
});
