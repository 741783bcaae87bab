// Guests with several virtual CPUs, as they see themselves and as the trace has them.
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { missingForGuest, scratch, trapline } from '../support/guest.ts';
import { buildProgram, expectSameCalls, runUnderStrace } from '../support/strace-oracle.ts';

const missing = missingForGuest('/usr/bin/strace', '/usr/bin/gcc');
if (missing !== undefined) console.warn(`tests of several processors skipped: ${missing}`);

interface CallRow {
  readonly name: string;
  readonly vcpu: number;
  readonly tid: number;
  readonly args: readonly string[];
}

describe.skipIf(missing !== undefined)('a guest with several virtual CPUs', () => {
  const folder = scratch();
  const trace = (name: string): string => join(folder, `${name}.trap`);
  const record = (name: string, processors: number, ...args: readonly string[]) =>
    trapline(['record', '-q', '-o', trace(name), '--cpus', String(processors), '--share', folder, ...args], {
      input: null,
    });

  it('counts them', () => {
    const seen = record('count', 3, '--', 'sh', '-c', 'nproc; grep -c ^processor /proc/cpuinfo; cat /proc/cpuinfo');
    expect(seen.stdout.split('\n').slice(0, 2)).toEqual(['3', '3']);
    const numbers = [...seen.stdout.matchAll(/^apicid\s*: (\d+)$/gm)].map(([, number]) => number);
    expect(numbers).toEqual(['0', '1', '2']);
    expect(seen.stdout).toMatch(/^cpu cores\s*: 3$/m);
  });

  it('has each event on the processor on which it happened, and runs again as it ran', () => {
    const pinned = buildProgram(folder, 'pinned');
    expect(record('pinned', 2, '--', pinned)).toEqual({ status: 0, stdout: '2\n', stderr: '' });
    const rows = trapline(['replay', '--format', 'jsonl', trace('pinned')])
      .stdout.trim()
      .split('\n')
      .map((line) => JSON.parse(line) as CallRow)
      .filter(({ name }) => name === 'getcpu');
    expect(rows).toHaveLength(40);
    for (const { vcpu, args } of rows) expect(args[0]).toBe(`[${vcpu}]`);
    expect(new Set(rows.map(({ tid, vcpu }) => `${tid} ${vcpu}`)).size).toBe(2);
    // Views run the recorded machine again: at an event its registers are compared, at the end its state's hash.
    for (const moment of [[], ['--at', '#200']])
      expect(trapline(['ps', ...moment, trace('pinned')])).toMatchObject({ status: 0, stderr: '' });
  });

  it('shows the same calls for each thread as strace in the guest', () => {
    const run = runUnderStrace(folder, buildProgram(folder, 'calls'), 5, ['--cpus', '2']);
    expectSameCalls(run);
  });

  it('does the same with and without traps, and again', () => {
    const busy = 'x=0; while [ $x -lt 200 ]; do x=$((x+1)); done; echo $i > /dev/ttyS0; ls /sys';
    const script = `for i in 1 2 3 4 5; do (${busy}) & done; wait; read line < /proc/self/stat; echo $line`;
    const still = ['--rootfs', 'none', '--seed', 'x', '--clock', '1700000000', '--env', 'A=b', '--chdir', '/'];
    const watches = ['--watch', 'jiffies_64', '--watch', 'reg:rax=0x27@user@comm:busybox'];
    const state = (name: string, ...traps: readonly string[]): string => {
      const file = trace(name);
      const command = ['/bin/busybox', 'sh', '-c', script];
      const result = trapline(['record', '-q', '-o', file, '--cpus', '4', ...still, ...traps, '--', ...command], {
        input: null,
      });
      expect(result).toMatchObject({ status: 0, stdout: expect.stringContaining('(busybox)') });
      return /state +sha256 ([0-9a-f]{64})/.exec(trapline(['info', file]).stdout)![1]!;
    };
    const untouched = state('none', '--traps', 'none');
    expect(state('again', '--traps', 'none')).toBe(untouched);
    expect(state('some', '--traps', 'syscall,interrupt,pages')).toBe(untouched);
    expect(state('all', '--traps', 'all', ...watches)).toBe(untouched);
  }, 300_000);
});
