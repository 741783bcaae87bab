// All trap policies on Linux at once: each fires, and the guest can't tell. What each does by itself: test/vmi/policies.test.ts.
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { monitorsOf, TraceGuest } from '../../src/index.ts';
import { TRAP_POLICIES } from '../../src/record/traps/index.ts';
import { missingForGuest, scratch, trapline } from '../support/guest.ts';

const missing = missingForGuest();
if (missing !== undefined) console.warn(`trap tests skipped: ${missing}`);

describe.skipIf(missing !== undefined)('trap policies on Linux', () => {
  const folder = scratch();
  // Nothing of the host's files, time or randomness enters: equal runs are equal to the bit.
  const still = ['--rootfs', 'none', '--seed', 'x', '--clock', '1700000000', '--env', 'A=b', '--chdir', '/'];
  // The serial line makes port accesses, and the clock ticks meanwhile; everything else is in any program's life, but for
  // the other two ways into the kernel.
  const script = 'echo seen > /dev/ttyS0; read line < /proc/self/stat; /bin/busybox sleep 0.1; echo $line';
  const command = ['/bin/busybox', 'sh', '-c', script];
  const watches = ['jiffies_64', 'reg:rax=0x27@user@comm:busybox', 'view:0:jiffies_64:none'];
  /** 64-bit programs make no such calls. */
  const silent = ['int', 'sysenter'];

  function run(name: string, ...options: readonly string[]): string {
    const file = join(folder, `${name}.trap`);
    const result = trapline(['record', '-q', '-o', file, ...still, ...options, '--', ...command], { input: null });
    expect(result).toMatchObject({ status: 0, stdout: expect.stringContaining('(busybox)') });
    return file;
  }

  function facts(file: string): { events: number; state: string } {
    const info = trapline(['info', file]).stdout;
    const events = Number(/^events +([\d,]+)/m.exec(info)![1]!.replaceAll(',', ''));
    return { events, state: /state +sha256 ([0-9a-f]{64})/.exec(info)![1]! };
  }

  const plain = missing === undefined ? run('none', '--traps', 'none') : '';
  const all =
    missing === undefined ? run('all', '--traps', 'all', ...watches.flatMap((watch) => ['--watch', watch])) : '';

  it('are silent when disarmed', () => {
    expect(facts(plain).events).toBe(0);
  });

  it('leave the guest as it is', () => {
    expect(facts(all).state).toBe(facts(plain).state);
  });

  it('fire', () => {
    const trace = new TraceGuest(all);
    const monitors = monitorsOf(trace);
    const seen = new Map(TRAP_POLICIES.map(({ name }) => [name, 0]));
    for (const name of seen.keys()) {
      monitors.start(name, ({ task }) => {
        // What pages hold when an interval ends is nobody's doing.
        if (name !== 'pages') expect(task).not.toBe(0n);
        seen.set(name, seen.get(name)! + 1);
      });
    }
    const files: string[] = [];
    monitors.start('file-events', ({ text }) => files.push(text), { call: ['open', 'openat'] });
    monitors.run();
    expect(files).toContain('created file /dev/ttyS0');
    trace.close();
    expect([...seen].filter(([, count]) => count === 0).map(([name]) => name)).toEqual(silent);
  });
});
