// The tables of calls and constants are read where they are looked at: here all of them are.
import { expect, it } from 'vitest';
import { allSyscalls, pointeesOf } from '../../src/guest/linux/signature.ts';
import { ENUMS, FLAGS } from '../../src/guest/linux/tables/constants.ts';
import type { Call } from '../../src/replay/calls.ts';
import { enumName, flagNames } from '../../src/replay/strace/flags.ts';
import { formatOf } from '../../src/replay/strace/line.ts';

it('every row of the tables of calls can be read, and shown', () => {
  const all = allSyscalls();
  expect(all.length).toBeGreaterThan(700);
  for (const syscall of all) {
    for (const { argument } of pointeesOf(syscall)) expect(argument).toBeLessThan(6);
    const call = { syscall, low: () => 0 } as unknown as Call;
    expect(formatOf(call).name).toBe(syscall.name);
  }
});

it('every set of constants names its first', () => {
  for (const [set, [first]] of Object.entries(FLAGS)) {
    const [name, value] = first!;
    const low = Number(BigInt(value) & 0xffff_ffffn);
    if (low !== 0) expect(flagNames(set, low, Number(BigInt(value) >> 32n))).toContain(name);
  }
  for (const set of Object.keys(ENUMS)) expect(() => enumName(set, 0)).not.toThrow();
});
