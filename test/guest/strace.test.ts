// The oracle of decoding: a program under strace -f inside the guest, while Trapline records the same calls from outside.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import { missingForGuest, scratch, trapline } from '../support/guest.ts';
import { buildProgram, expectSameCalls, type OracleRun, runUnderStrace } from '../support/strace-oracle.ts';

const missing = missingForGuest('/usr/bin/strace', '/usr/bin/gcc');
if (missing !== undefined) console.warn(`strace oracle skipped: ${missing}`);

describe.skipIf(missing !== undefined)('strace in the guest', () => {
  let run: OracleRun;

  beforeAll(() => {
    const folder = scratch();
    run = runUnderStrace(folder, buildProgram(folder, 'calls'), 5);
  });

  it('sees the same tasks', () => {
    expect(run.calls.size).toBeGreaterThanOrEqual(6);
    const { stdout } = trapline(['replay', '--all', '--format', 'jsonl', run.trace]);
    const tids = new Set(
      stdout
        .trim()
        .split('\n')
        .map((line) => String((JSON.parse(line) as { tid: number }).tid)),
    );
    for (const tid of run.calls.keys()) expect(tids).toContain(tid);
  });

  it('shows the same calls, arguments and results in the same order for each of them', () => expectSameCalls(run));

  it.each([
    ...['rare-calls', 'edges', 'killed', 'execs', 'netlink', 'asynchronous', 'scheduling', 'times', 'counters', 'bpf'],
  ])('and those of %s', (name) => {
    const folder = scratch();
    expectSameCalls(runUnderStrace(folder, buildProgram(folder, name), 0));
  });

  it('and which processes a signal has ended, and what they waited for if for nothing else', () => {
    const folder = scratch();
    const { trace } = runUnderStrace(folder, buildProgram(folder, 'endings'), 0);
    const pick = (text: string, form: RegExp): string[] =>
      text.split('\n').flatMap((line) => {
        const [, pid, body] = form.exec(line) ?? [];
        const told = /(\+\+\+ .*)/.exec(body ?? '') ?? /((?:pause|sigsuspend).*ERESTARTNOHAND.*)/.exec(body ?? '');
        return told === null ? [] : [`${pid} ${told[1]!.replace(/^(<\.\.\. )?\w+(\(.*\)| resumed>\)?) +=/, '... =')}`];
      });
    const ours = pick(trapline(['replay', trace]).stdout, /^\[(\d+) endings\] (.*)$/);
    const theirs = pick(readFileSync(join(folder, 'endings.log'), 'utf8'), /^(\d+) +(.*)$/);
    expect(theirs.length).toBeGreaterThan(8);
    expect(ours.sort()).toEqual(theirs.filter((line) => !line.startsWith('80 ')).sort());
  });

  it.each([[[]], [['-m32']]])('and structs in full with -v, built with %j', (flags) => {
    const folder = scratch();
    expectSameCalls(runUnderStrace(folder, buildProgram(folder, 'in-full', ...flags), 0, [], ['-v']), ['-v']);
  });

  it.each(['calls', 'sharing', 'killed'])('and names the descriptors of %s with -y', (name) => {
    const folder = scratch();
    const run = runUnderStrace(folder, buildProgram(folder, name), name === 'calls' ? 5 : 0, [], ['-y']);
    // Numbers of pipes and sockets no call tells, and not where links lead that were there before.
    expectSameCalls(run, ['-y'], (call) => call.replace(/<(pipe|socket):\[\d+\]>/g, '<$1>').replaceAll('</usr/', '</'));
  });
});
