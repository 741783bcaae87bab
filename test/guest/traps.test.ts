// One suite over the table of trap policies: armed each fires, disarmed none does, and the guest can't tell.
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { TRAP_POLICIES } from '../../src/record/traps/index.ts';
import { missingForGuest, scratch, trapline } from '../support/guest.ts';

const missing = missingForGuest();
if (missing !== undefined) console.warn(`trap tests skipped: ${missing}`);

describe.skipIf(missing !== undefined)('trap policies', () => {
  const folder = scratch();
  // Nothing of the host's files, time or randomness enters: equal runs are equal to the bit.
  const still = ['--rootfs', 'none', '--seed', 'x', '--clock', '1700000000', '--env', 'A=b', '--chdir', '/'];

  /** What policies with an operand are told to watch. */
  const WATCHES: Readonly<Record<string, readonly string[]>> = {
    'page-write': ['--watch', 'jiffies_64'],
    register: ['--watch', 'reg:rax=0x27@user@comm:busybox'],
    vmfunc: ['--watch', 'view:0:jiffies_64:none'],
  };

  function run(name: string, traps: string): { events: number; state: string } {
    const file = join(folder, `${name}.trap`);
    // The serial line makes port accesses; everything else is in any program's life.
    const command = ['/bin/busybox', 'sh', '-c', 'echo seen > /dev/ttyS0; read line < /proc/self/stat; echo $line'];
    const watches = traps === 'all' ? Object.values(WATCHES).flat() : (WATCHES[traps] ?? []);
    const result = trapline(['record', '-q', '-o', file, ...still, '--traps', traps, ...watches, '--', ...command], {
      input: null,
    });
    expect(result).toMatchObject({ status: 0, stdout: expect.stringContaining('(busybox)') });
    const info = trapline(['info', file]).stdout;
    const events = Number(/^events +([\d,]+)/m.exec(info)![1]!.replaceAll(',', ''));
    return { events, state: /state +sha256 ([0-9a-f]{64})/.exec(info)![1]! };
  }

  const untouched = missing === undefined ? run('none', 'none') : { events: 0, state: '' };

  it('are silent when disarmed', () => {
    expect(untouched.events).toBe(0);
  });

  for (const { name } of TRAP_POLICIES) {
    it(`${name} fires, and leaves the guest as it is`, () => {
      const { events, state } = run(name, name);
      expect(events).toBeGreaterThan(0);
      expect(state).toBe(untouched.state);
    });
  }

  it('leave the guest as it is when all are armed', () => {
    expect(run('all', 'all').state).toBe(untouched.state);
  });
});
