// Recordings that end before their command does: by a signal, by a disk that is full, by nobody reading their output.

import { spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { openSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { TraceReader } from '../../src/replay/reader.ts';
import { verifyTrace } from '../../src/replay/verify.ts';
import { CLI, missingForGuest, scratch, startTrapline, trapline } from '../support/guest.ts';
import { smallDisk } from '../support/small-disk.ts';

const missing = missingForGuest();
if (missing !== undefined) console.warn(`tests of recordings that are ended skipped: ${missing}`);

const ENDLESS = ['--', 'sh', '-c', 'while :; do echo again; ls /usr > /dev/null; done'];

describe.skipIf(missing !== undefined)('a recording', () => {
  const folder = scratch();

  test.each([
    ['SIGINT', 130],
    ['SIGTERM', 143],
  ] as const)('ended by %s leaves a whole trace', async (signal, status) => {
    const trace = join(folder, `${signal}.trap`);
    const recorder = startTrapline('record', '-o', trace, ...ENDLESS);
    let stderr = '';
    recorder.stderr!.on('data', (text) => {
      stderr += text;
    });
    await once(recorder.stdout!, 'data');
    recorder.kill(signal);
    expect(await once(recorder, 'exit')).toEqual([status, null]);
    expect(stderr).toMatch(/^trapline: interrupted\ntrapline: \d+ calls in [^\n]+\n$/);
    expect(verifyTrace(trace).findings).toEqual([]);
    const { stdout } = trapline(['replay', trace]);
    expect(stdout).toContain('execve("/usr/bin/sh"');
    expect(stdout).toContain('write(1, "again\\n", 6)');
  });

  test('ended by kill -9 leaves what was written two seconds before, and says what is missing', async () => {
    const trace = join(folder, 'killed.trap');
    const recorder = startTrapline('record', '-o', trace, ...ENDLESS);
    recorder.stdout!.resume();
    await once(recorder.stdout!, 'data');
    const chunks = (): number => TraceReader.open(trace).index.length;
    // The next one may be under way already, without the output that was just seen.
    const before = chunks() + 1;
    await expect.poll(chunks, { timeout: 30_000, interval: 200 }).toBeGreaterThan(before);
    recorder.kill('SIGKILL');
    await once(recorder, 'exit');
    const { status, stdout, stderr } = trapline(['replay', trace]);
    expect(stdout).toContain('write(1, "again\\n", 6)');
    expect(stderr).toMatch(
      /^trapline: [^\n]+ there is no end frame after frame \d+ [^\n]+ later events are missing\n$/,
    );
    expect(status).toBe(1);
    expect(trapline(['verify', trace])).toMatchObject({ status: 1, stdout: expect.stringContaining('no end frame') });
  });

  test('on a full disk keeps its events, though the files that the guest read do not fit', ({ skip }) => {
    const disk = smallDisk(join(folder, 'disk'), 200);
    if ('why' in disk) return skip(disk.why);
    const trace = join(disk.path, 'x.trap');
    const { status, stderr } = trapline(['record', '-o', trace, '--', 'ls', '/'], { input: null });
    expect(status).toBe(1);
    const said =
      /^trapline: can't write [^\n]+: no space left on device; what was recorded before \((\d+) events\) is kept\n$/;
    expect(stderr).toMatch(said);
    const events = Number(said.exec(stderr)![1]);
    expect(events).toBeGreaterThan(100);
    expect(verifyTrace(trace)).toMatchObject({
      events,
      findings: [{ message: expect.stringMatching(/the recording could not go on \(no space left on device\)/) }],
    });
    expect(trapline(['replay', trace]).stdout).toMatch(/ execve\("\/usr\/bin\/ls", \["ls", "\/"\]/);
  });

  test('goes on when its standard output is full', ({ skip }) => {
    if (spawnSync('test', ['-c', '/dev/full']).status !== 0) return skip('there is no /dev/full');
    const trace = join(folder, 'output.trap');
    const { status, stderr } = spawnSync(process.execPath, [CLI, 'record', '-q', '-o', trace, '--', 'ls', '/'], {
      stdio: ['ignore', openSync('/dev/full', 'w'), 'pipe'],
      encoding: 'utf8',
      timeout: 120_000,
      env: { ...process.env, XDG_CACHE_HOME: join(CLI, '../../build/test-cache') },
    });
    expect(stderr).toBe("trapline: can't write to standard output: no space left on device\n");
    expect(status).toBe(0);
    expect(verifyTrace(trace).findings).toEqual([]);
  });
});
