// The oracle of decoding, for 32-bit programs and each way by which they enter the kernel.
import { spawnSync } from 'node:child_process';
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { missingForGuest, scratch, trapline } from '../support/guest.ts';
import { buildProgram, expectSameCalls, runUnderStrace } from '../support/strace-oracle.ts';

const builds = spawnSync('gcc', ['-m32', '-static', '-x', 'c', '-o', '/dev/null', '-'], { input: 'int main() {}' });
const missing =
  missingForGuest('/usr/bin/strace', '/usr/bin/gcc') ?? (builds.status === 0 ? undefined : 'gcc -m32 builds nothing');
if (missing !== undefined) console.warn(`32-bit strace oracle skipped: ${missing}`);

interface Way {
  readonly name: string;
  readonly options: readonly string[];
  /** As `--format jsonl` names it. */
  readonly mechanism: string;
}

// biome-ignore format: a table
const WAYS: readonly Way[] = [
  { name: 'SYSCALL',  options: ['--cpu', 'AuthenticAMD'],  mechanism: 'syscall' },
  { name: 'SYSENTER', options: ['--cpu', 'GenuineIntel'],  mechanism: 'sysenter' },
  { name: 'INT 80h',  options: ['--append', 'vdso32=0'],   mechanism: 'int80' },
];

describe.skipIf(missing !== undefined)('strace of 32-bit programs in the guest', () => {
  it.each(WAYS)('by $name: the same calls, arguments and results', ({ options, mechanism }) => {
    const folder = scratch();
    const programs = { calls: 5, calls32: 6 };
    for (const [name, status] of Object.entries(programs)) {
      mkdirSync(join(folder, name));
      const program = buildProgram(join(folder, name), name, '-m32', '-static');
      const run = runUnderStrace(folder, program, status, options);
      expectSameCalls(run);
      const { stdout } = trapline(['replay', '--format', 'jsonl', '-e', 'uname,getppid,stat64', run.trace]);
      const rows = stdout
        .trim()
        .split('\n')
        .map((line) => JSON.parse(line) as { comm: string; mechanism: string });
      const own = rows.filter(({ comm }) => comm === name);
      expect(own.length).toBeGreaterThan(0);
      for (const row of own) expect(row.mechanism).toBe(mechanism);
      const text = trapline(['replay', run.trace]).stdout;
      expect(text).toMatch(/^\[ Process PID=\d+ runs in 32 bit mode\. \]$/m);
    }
  });

  it.each(['rare-calls', 'netlink', 'asynchronous', 'scheduling', 'times'])('shows the same of %s', (name) => {
    const folder = scratch();
    expectSameCalls(runUnderStrace(folder, buildProgram(folder, name, '-m32', '-static'), 0));
  });
});
