// Watched registers of a program with two threads: every general register, and results of calls that the other ran in between.
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { missingForGuest, scratch, trapline } from '../support/guest.ts';
import { buildProgram } from '../support/strace-oracle.ts';

const missing = missingForGuest('/usr/bin/gcc');
if (missing !== undefined) console.warn(`tests of watched registers skipped: ${missing}`);

const NAMES = ['rax', 'rcx', 'rdx', 'rbx', 'rsp', 'rbp', 'rsi', 'rdi', 'r8', 'r9', 'r10', 'r11', 'r12', 'r13', 'r14', 'r15']; // biome-ignore format: a list

describe.skipIf(missing !== undefined)('registers of a program', () => {
  it.each([[1], [2]])('are seen to take each value, with %i processors', (processors) => {
    const folder = scratch();
    const trace = join(folder, 'registers.trap');
    const expected = new Map(
      NAMES.map((name, number) => [`reg:${name}=0x${(0x5a0000 + number * 16).toString(16)}`, 15]),
    );
    for (const result of ['0x5b1', '0x5b3']) expected.set(`reg:rax=${result}`, 10);
    const watches = [...expected.keys()].flatMap((watch) => ['--watch', `${watch}@user@comm:registers`]);
    const options = ['--share', folder, '--cpus', String(processors), '--traps', 'register', ...watches];
    const program = buildProgram(folder, 'registers', '-static');
    const result = trapline(['record', '-q', '-o', trace, ...options, '--', program]);
    expect(result, result.stderr).toMatchObject({ status: 0, stderr: '' });
    const seen = new Map<string, number>();
    for (const [, watch] of trapline(['replay', trace]).stdout.matchAll(/register: (reg:\w+=0x\w+)@/g))
      seen.set(watch!, (seen.get(watch!) ?? 0) + 1);
    expect([...seen].sort()).toEqual([...expected].sort());
  });

  it('have parts by their own names: their value alone counts, whatever is around it', () => {
    const folder = scratch();
    const trace = join(folder, 'parts.trap');
    const expected = ['reg:edx=0x5a0020', 'reg:dx=0x20', 'reg:dl=0x20', 'reg:dh=0x5a', 'reg:r12d=0x5a00c0', 'reg:r13w=0xd0', 'reg:r14b=0xe0', 'reg:spl=0x4a', 'reg:ebp=0xdeadbee5']; // biome-ignore format: a list
    const program = buildProgram(folder, 'parts', '-static');
    const watches = expected.flatMap((watch) => ['--watch', `${watch}@user@comm:parts`]);
    const result = trapline([
      'record',
      '-q',
      '-o',
      trace,
      '--share',
      folder,
      '--traps',
      'register',
      ...watches,
      '--',
      program,
    ]);
    expect(result, result.stderr).toMatchObject({ status: 0, stderr: '' });
    const lines = trapline(['replay', '-e', 'trace=none', trace]).stdout;
    for (const watch of expected) {
      const [, name, value] = /^reg:(\w+)=(.*)$/.exec(watch)!;
      expect(lines).toMatch(new RegExp(`register: ${watch}@user@comm:parts: ${name}, 0x[0-9a-f]+ -> ${value} at `));
    }
  });
});
