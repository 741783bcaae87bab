import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'vitest';
import { trapline } from './guest.ts';
import { callsByTask } from './strace-log.ts';

/** A program under strace -f inside the guest, recorded from outside at the same time. */
export interface OracleRun {
  readonly trace: string;
  /** Calls by task, as strace has them. */
  readonly calls: ReadonlyMap<string, readonly string[]>;
}

/** Builds a program of test/guest/programs; the compiler has to be silent. */
export function buildProgram(folder: string, name: string, ...flags: readonly string[]): string {
  const program = join(folder, name);
  const source = new URL(`../guest/programs/${name}.c`, import.meta.url).pathname;
  const built = spawnSync('gcc', ['-O1', '-w', ...flags, '-o', program, source, '-lpthread'], { encoding: 'utf8' });
  expect(built.stderr).toBe('');
  return program;
}

/** Records a program of `folder` under strace; it has to end with `status`. */
export function runUnderStrace(
  folder: string,
  program: string,
  status: number,
  options: readonly string[] = [],
  flags: readonly string[] = [],
): OracleRun {
  const trace = `${program}.trap`;
  const log = `${program}.log`;
  const collect = `/tmp/strace.log:${log}`;
  const command = ['strace', '-f', ...flags, '-o', '/tmp/strace.log', program];
  const record = ['record', '-q', '-o', trace, ...options, '--share', folder, '--collect', collect, '--', ...command];
  expect(trapline(record)).toMatchObject({ status });
  return { trace, calls: callsByTask(readFileSync(log, 'utf8'), /^(\d+) +(.*)$/) };
}

/** Asserts that replay shows the same calls, arguments and results in the same order for each task; `plain`: what is the same of each. */
export function expectSameCalls(
  { trace, calls }: OracleRun,
  flags: readonly string[] = [],
  plain: (call: string) => string = (call) => call,
): void {
  const { stdout } = trapline(['replay', '--all', '-e', 'signal=none', ...flags, trace]);
  const replayed = callsByTask(stdout, /^\[(\d+) \S+\] (.*)$/);
  for (const [tid, expected] of calls) {
    const ours = (replayed.get(tid) ?? []).map(plain);
    const theirs = expected.map(plain);
    // A traced child's first calls are made before strace has hold of it; strace starts with the first it sees.
    const start = ours.indexOf(theirs[0]!);
    expect(start, `task ${tid}: ${theirs[0]}`).toBeGreaterThanOrEqual(0);
    expect(ours.slice(start)).toEqual(theirs);
  }
}
