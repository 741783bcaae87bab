// The oracle of decoding: a program under strace -f inside the guest, while Trapline records the same calls from outside.
import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import { missingForGuest, scratch, trapline } from '../support/guest.ts';
import { callsByTask } from '../support/strace-log.ts';

const missing = missingForGuest('/usr/bin/strace', '/usr/bin/gcc');
if (missing !== undefined) console.warn(`strace oracle skipped: ${missing}`);

describe.skipIf(missing !== undefined)('strace in the guest', () => {
  const folder = scratch();
  const trace = join(folder, 'calls.trap');
  let oracle: ReadonlyMap<string, readonly string[]>;

  beforeAll(() => {
    const program = join(folder, 'calls');
    const source = new URL('programs/calls.c', import.meta.url).pathname;
    const built = spawnSync('gcc', ['-O1', '-w', '-o', program, source, '-lpthread'], { encoding: 'utf8' });
    expect(built.stderr).toBe('');
    const log = join(folder, 'strace.log');
    const command = ['strace', '-f', '-o', '/tmp/strace.log', program];
    const collect = `/tmp/strace.log:${log}`;
    const result = trapline(['record', '-q', '-o', trace, '--share', folder, '--collect', collect, '--', ...command]);
    expect(result).toMatchObject({ status: 5 });
    oracle = callsByTask(readFileSync(log, 'utf8'), /^(\d+) +(.*)$/);
  });

  it('sees the same tasks', () => {
    expect(oracle.size).toBeGreaterThanOrEqual(6);
    const { stdout } = trapline(['replay', '--all', '--format', 'jsonl', trace]);
    const tids = new Set(
      stdout
        .trim()
        .split('\n')
        .map((line) => String((JSON.parse(line) as { tid: number }).tid)),
    );
    for (const tid of oracle.keys()) expect(tids).toContain(tid);
  });

  it('shows the same calls, arguments and results in the same order for each of them', () => {
    for (const [tid, expected] of oracle) {
      const { stdout } = trapline(['replay', '--all', '-p', tid, '-e', 'signal=none', trace]);
      const ours = callsByTask(stdout, /^\[(\d+) \S+\] (.*)$/).get(tid) ?? [];
      // A traced child's first calls are made before strace has hold of it; strace starts with the first it sees.
      const start = ours.indexOf(expected[0]!);
      expect(start, `task ${tid}: ${expected[0]}`).toBeGreaterThanOrEqual(0);
      expect(ours.slice(start)).toEqual(expected);
    }
  });
});
