// Watched memory of a program, written to by every other way than its own address.
import { execFileSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { missingForGuest, scratch, trapline } from '../support/guest.ts';

const missing = missingForGuest('/usr/bin/gcc');
if (missing !== undefined) console.warn(`tests of other addresses skipped: ${missing}`);

const PRIVATE = 0x20000000;
const SHARED = 0x20010000;
const DIRECT = 0x20020000;
const LENGTH = 64;

describe.skipIf(missing !== undefined)('memory of a program written by another address', () => {
  const folder = scratch();

  /** By what the program said last: who wrote, and the bytes of the watched ranges that then changed, each at its address. */
  function record(processors: number): Map<string, { by: Set<string>; bytes: Map<number, number> }> {
    const program = join(folder, 'aliases');
    const trace = join(folder, `aliases${processors}.trap`);
    const source = new URL('programs/aliases.c', import.meta.url).pathname;
    execFileSync('gcc', ['-O1', '-static', '-w', '-o', program, source]);
    writeFileSync(join(folder, 'data'), randomBytes(4096).fill('d', 0, LENGTH));
    const watches = [PRIVATE, SHARED, DIRECT].flatMap((at) => ['--watch', `virt:${at}+${LENGTH}@comm:target`]);
    const command = [program, join(folder, 'data')];
    const result = trapline([
      'record',
      '-q',
      '-o',
      trace,
      '--share',
      folder,
      ...watches,
      '--cpus',
      String(processors),
      '--',
      ...command,
    ]);
    expect(result, result.stderr).toMatchObject({ status: 0, stderr: '' });
    const { stdout } = trapline(['replay', '--format', 'jsonl', '-e', 'trap=page-write', '-e', 'trace=write', trace]);
    const parts = new Map([['', { by: new Set<string>(), bytes: new Map<number, number>() }]]);
    for (const line of stdout.trim().split('\n')) {
      const event = JSON.parse(line);
      const part = [...parts.values()].at(-1)!;
      const said = event.name === 'write' && /^"# (\w+)/.exec(event.args[1])?.[1];
      if (said) parts.set(said, { by: new Set(), bytes: new Map() });
      if (event.policy !== 'page-write') continue;
      const { linear, watched, after, source: how } = event.fields;
      part.by.add(how === 'instruction' ? event.comm : how);
      const at = Number(watched ?? linear);
      Buffer.from(after, 'hex').forEach((byte, i) => {
        if ([PRIVATE, SHARED, DIRECT].some((start) => at + i >= start && at + i < start + LENGTH))
          part.bytes.set(at + i, byte);
      });
    }
    return parts;
  }

  const text = (at: number, bytes: string): [number, number][] =>
    [...Buffer.from(bytes)].map((byte, i) => [at + i, byte]);

  it.each([[1], [2]])('is recorded, with %i processors', (processors) => {
    const parts = record(processors);
    const written = (name: string): unknown => {
      const { by, bytes } = parts.get(name)!;
      return [[...by], [...bytes].sort(([a], [b]) => a - b)];
    };
    const own: [number, number][] = [
      [PRIVATE + 16, 1],
      [SHARED + 16, 1],
    ];
    if (processors === 1)
      expect(written('untouched')).toEqual([
        ['aliases', 'target'],
        [...text(PRIVATE + 8, 'untouche'), ...own],
      ]);
    expect(written('vm')).toEqual([['aliases'], text(PRIVATE + 4, 'vm')]);
    expect(written('edge')).toEqual([['aliases'], text(PRIVATE + 62, 'ed')]);
    expect(written('beyond')).toEqual([[], []]);
    expect(written('mem')).toEqual([['aliases'], text(PRIVATE + 24, 'm')]);
    expect(written('poke')).toEqual([['aliases'], text(PRIVATE + 32, 'poke\0\0\0\0')]);
    expect(written('shared')).toEqual([['aliases'], text(SHARED + 5, 'S')]);
    expect(written('file')).toEqual([['aliases'], text(SHARED + 6, 'f')]);
    expect(written('moved')).toEqual([['aliases'], text(PRIVATE + 7, 'moved')]);
    expect(written('self')).toEqual([['target'], text(PRIVATE + 1, 's')]);
    expect(written('copied')).toEqual([['target'], [[PRIVATE + 3, 3]]]);
    expect(written('direct')).toEqual([['device'], text(DIRECT, 'd'.repeat(LENGTH))]);
    expect(written('apart')).toEqual([['aliases'], text(PRIVATE + 9, 'apart')]);
    expect(written('gone')).toEqual([[], []]);
  });

  it('changes nothing in the guest', () => {
    const still = ['--rootfs', 'none', '--seed', 'x', '--clock', '1700000000', '--env', 'A=b', '--chdir', '/'];
    const state = (name: string, ...options: readonly string[]): string | undefined => {
      const trace = join(folder, name);
      const command = ['/bin/busybox', 'sh', '-c', 'for i in 1 2 3; do ls /proc/self; done'];
      expect(
        trapline(['record', '-q', '-o', trace, ...still, ...options, '--', ...command], { input: null }).status,
      ).toBe(0);
      return /state +sha256 ([0-9a-f]{64})/.exec(trapline(['info', trace]).stdout)?.[1];
    };
    // All pages of the stack, in every process.
    const watched = state(
      'watched.trap',
      '--watch',
      'virt:0x7ff000000000+0xfffffff000',
      '--watch',
      'virt:0x400000+0x10000',
    );
    expect(watched).toBe(state('plain.trap', '--traps', 'none'));
    expect(watched).toBeDefined();
  });
});
