// Programs that do odd things see in the guest what they see on the host, whatever is trapped, and the trace tells of it.
import { execFileSync } from 'node:child_process';
import { describe, expect, it } from 'vitest';
import { missingForGuest, scratch, trapline } from '../support/guest.ts';
import { buildProgram } from '../support/strace-oracle.ts';

const missing = missingForGuest('/usr/bin/gcc');
if (missing !== undefined) console.warn(`tests of odd programs skipped: ${missing}`);

describe.skipIf(missing !== undefined)('a program', () => {
  const folder = scratch();

  /** Its output, and what replay tells of it. */
  function record(program: string, ...traps: readonly string[]): { stdout: string; lines: readonly string[] } {
    const file = `${program}.trap`;
    const command = ['--share', folder, ...traps, '--', program];
    const { status, stdout, stderr } = trapline(['record', '-q', '-o', file, ...command], { input: null });
    expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
    return { stdout, lines: trapline(['replay', file]).stdout.split('\n') };
  }

  it.each([[1], [2]])('that steps through calls and meets every look-alike, with %i processors', (processors) => {
    const folder = scratch();
    const program = buildProgram(folder, 'look-alikes', '-static', '-no-pie', '-fno-pie');
    const watches = ['jiffies_64', 'reg:rax=0x27@user@comm:look-alikes', 'view:1:jiffies_64:none'];
    const all = [
      '--cpus',
      String(processors),
      '--share',
      folder,
      '--traps',
      'all',
      ...watches.flatMap((watch) => ['--watch', watch]),
    ];
    const { stdout } = record(program, ...all);
    expect(stdout).toBe(execFileSync(program, { encoding: 'utf8' }));
    const lines = trapline(['replay', '-e', 'trap=none', `${program}.trap`]).stdout.split('\n');
    const calls = lines.map((line) => line.replace(/^\[\d+ \S+\] /, '').replace(/ += /, ' = '));
    expect(calls).toContain('write(1, "by int 80\\n", 10) = 10');
    expect(calls).toContain('close(-1) = -1 EBADF (Bad file descriptor)');
    expect(calls.filter((line) => line.startsWith('--- SIGTRAP'))).toHaveLength(13);
    expect(calls.filter((line) => line.startsWith('--- SIGILL'))).toHaveLength(3);
    expect(calls.filter((line) => line.startsWith('--- SIGSEGV'))).toHaveLength(8);
  });

  it('that stores in every way: each byte of each store, and none beside', () => {
    const program = buildProgram(folder, 'stores', '-static');
    const { stdout, lines } = record(program, '--watch', `exe:${program}:area`);
    const area = BigInt(/^area (0x\w+)/.exec(stdout)![1]!);
    const told = stdout.trim().split('\n').slice(1);
    const seen = new Map<string, Set<number>>();
    let bytes: Set<number> | undefined;
    for (const line of lines) {
      const name = / write\(1, "(\w\S* \d+ \d+)\\n"/.exec(line)?.[1];
      if (name !== undefined) {
        bytes = new Set();
        seen.set(name, bytes);
      }
      const [, address, size] = /page-write: \S+: (0x\w+), (\d+) bytes?, .* -> /.exec(line) ?? [];
      for (let i = 0; i < Number(size ?? 0); i++) bytes?.add(Number(BigInt(address!) - area) + i);
    }
    expect([...seen.keys()]).toEqual(told);
    for (const [store, written] of seen) {
      const [, at, size] = store.split(' ').map(Number);
      const expected = Array.from({ length: size! }, (_, i) => at! + i);
      expect({ store, written: [...written].sort((a, b) => a - b) }).toEqual({ store, written: expected });
    }
  });

  it('whose variables its children and its next image write', () => {
    for (const [name, flags] of [
      ['fixed', ['-static', '-no-pie', '-fno-pie']],
      ['moved', ['-pie']],
    ] as const) {
      const program = buildProgram(folder, 'forks', ...flags);
      const { lines } = record(program, '--watch', `exe:${program}:state`, '--watch', `exe:${program}:zeroed`);
      const writes = lines.flatMap((line) => {
        const [, variable, value] = /page-write: exe:\S+:(\w+): 0x\w+, 8 bytes, \S+ -> 0x(\w+) at /.exec(line) ?? [];
        return variable === undefined ? [] : [`${variable} ${value}`];
      });
      const family = ['state 2000', 'zeroed 2001', 'state 2100'];
      const read = 'zeroed 6867666564636261';
      expect({ name, writes }).toEqual({ name, writes: [...family, 'state 1000', ...family, read, read] });
      execFileSync('rm', [program, `${program}.trap`]);
    }
  });

  it('whose ports alone are of interest: by its name', () => {
    const program = buildProgram(folder, 'ports', '-static', '-no-pie', '-fno-pie');
    const { lines } = record(program, '--traps', 'port-io');
    const own = lines.map((line) => line.replace(/^\[\d+ /, '[').replace(/ at 0x\w+$/, ''));
    const scratchRegister = (how: string) => `[ports] *** port-io: ${how.replace(' ', ' 0x3ff (com1), 1 byte ')}`;
    expect(own.slice(0, 5)).toEqual(
      ['outs <- 0x11', 'outs <- 0x22', 'outs <- 0x33', 'ins -> 0x33', 'ins -> 0x33'].map(scratchRegister),
    );
    expect(own[5]).toMatch(/^\[ports\] \*\*\* port-io: in 0xcf8 \(pci\), 4 bytes -> 0x/);
  });
});
