// A small kernel that no table knows: its calls by a vector of its own, paired though its tasks can't be told apart.
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { assembledKernel, assembler } from '../support/assembled-kernel.ts';
import { scratch, trapline } from '../support/guest.ts';

describe.skipIf(!assembler)('a teaching kernel', () => {
  it('has each call with its own return, also where another process ran in between', () => {
    const folder = scratch();
    const [kernel, trace] = [assembledKernel('teaching', folder), join(folder, 'teaching.trap')];
    trapline(['record', '-q', '-o', trace, '--kernel', kernel, '--memory', '64M'], { input: null });
    const calls = trapline(['replay', '--format', 'jsonl', trace])
      .stdout.trim()
      .split('\n')
      .map((line) => JSON.parse(line) as { nr: number; ret: string | null; raw: string[] })
      .map(({ nr, ret }) => [nr, ret === null ? null : Number(ret)]);
    // A's first call, its yield to B, ...: those that the end overtakes do not come back, nor does the kernel's own.
    const sorted = calls.sort(([a], [b]) => a! - b!);
    expect(sorted).toEqual([[1, 101], [2, 2], [2, 2], [2, 2], [2, null], [3, null], [5, 105], [10, 110], [11, 111], [0x77, null]]); // biome-ignore format: a list
    const text = trapline(['replay', trace]).stdout;
    expect(text).not.toMatch(/exited|---/);
  });

  it('has its calls by call gates and tasks recorded, each with its return', () => {
    const folder = scratch();
    const [kernel, trace] = [assembledKernel('gates', folder), join(folder, 'gates.trap')];
    const alone = ['--kernel', kernel, '--memory', '64M', '--seed', 'x', '--clock', '1700000000'];
    expect(trapline(['record', '-q', '-o', trace, ...alone], { input: null })).toMatchObject({ status: 1 });
    const calls = trapline(['replay', '--format', 'jsonl', trace])
      .stdout.trim()
      .split('\n')
      .map((line) => JSON.parse(line) as { nr: number; ret: string | null; mechanism: string });
    const told = calls.map(({ nr, ret, mechanism }) => [mechanism, nr, ret === null ? null : Number(ret)]);
    // Neither a gate that is closed to programs nor the kernel's own use of one is a call.
    expect(told).toEqual([['gate30', 1, 101], ['gate38', 2, 102], ['gate48', 3, 203], ['gate50', 4, 204], ['gate30', 7, 107], ['gate30', 8, 108], ['gate58', 9, null]]); // biome-ignore format: a list
    const plain = join(folder, 'plain.trap');
    trapline(['record', '-q', '-o', plain, ...alone, '--traps', 'none'], { input: null });
    const state = (file: string) => /state +sha256 ([0-9a-f]{64})/.exec(trapline(['info', file]).stdout)?.[1];
    expect(state(trace)).toBe(state(plain));
    expect(state(trace)).toBeDefined();
  });
});
