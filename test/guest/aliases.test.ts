// Watched memory of a program, written to by every other way than its own address.
import { execFileSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { copyFileSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { missingForGuest, scratch, trapline } from '../support/guest.ts';
import { otherKernels } from '../support/guest-kernels.ts';
import { buildProgram } from '../support/strace-oracle.ts';

const missing = missingForGuest('/usr/bin/gcc');
if (missing !== undefined) console.warn(`tests of other addresses skipped: ${missing}`);

const PRIVATE = 0x20000000;
const SHARED = 0x20010000;
const DIRECT = 0x20020000;
const LENGTH = 64;

/** By what the program said last: who wrote, and the bytes of the watched ranges that then changed, each at its address. */
type Parts = ReadonlyMap<string, { readonly by: Set<string>; readonly bytes: Map<number, number> }>;

function partsOf(trace: string): Parts {
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

const INIT = `#include <sys/mount.h>
#include <sys/reboot.h>
#include <sys/wait.h>
#include <unistd.h>
int main(void) {
  mount("proc", "/proc", "proc", 0, 0);
  if (fork() == 0) execl("/aliases", "aliases", "/none", (char *)0);
  wait(0);
  reboot(RB_POWER_OFF);
}`;

describe.skipIf(missing !== undefined)('memory of a program written by another address', () => {
  const folder = scratch();

  const watchesOf = (filter: string): string[] =>
    [PRIVATE, SHARED, DIRECT].flatMap((at) => ['--watch', `virt:${at}+${LENGTH}${filter}`]);

  function record(...options: readonly string[]): Parts {
    const program = buildProgram(folder, 'aliases', '-static');
    const trace = join(scratch(), 'aliases.trap');
    writeFileSync(join(folder, 'data'), randomBytes(4096).fill('d', 0, LENGTH));
    const command = [program, join(folder, 'data')];
    const result = trapline(['record', '-q', '-o', trace, '--share', folder, ...options, '--', ...command]);
    expect(result, result.stderr).toMatchObject({ status: 0, stderr: '' });
    return partsOf(trace);
  }

  function record32(image: string, vendor: string): Parts {
    const trace = join(folder, `${vendor}.trap`);
    const root = join(folder, 'root');
    mkdirSync(join(root, 'proc'), { recursive: true });
    copyFileSync(buildProgram(folder, 'aliases', '-m32', '-static'), join(root, 'aliases'));
    execFileSync('gcc', ['-m32', '-static', '-x', 'c', '-o', join(root, 'init'), '-'], { input: INIT });
    execFileSync('sh', ['-c', 'find . | cpio -o -H newc --quiet > ../initrd'], { cwd: root });
    const files = ['--kernel', image, '--initrd', join(folder, 'initrd'), ...watchesOf('@comm:target')];
    const append = ['--append', 'console=ttyS0 quiet cryptomgr.notests'];
    const traps = ['--traps', 'syscall,sysenter,int,page-write', '--cpu', vendor];
    const result = trapline(['record', '-q', '-o', trace, ...files, ...append, ...traps], { input: null });
    expect(result, result.stderr).toMatchObject({ status: 0, stderr: '' });
    return partsOf(trace);
  }

  const text = (at: number, bytes: string): [number, number][] =>
    [...Buffer.from(bytes)].map((byte, i) => [at + i, byte]);

  const own: [number, number][] = [
    [PRIVATE + 16, 1],
    [SHARED + 16, 1],
  ];
  const SELF: [readonly string[], readonly [number, number][]] = [['target'], text(PRIVATE + 1, 's')];
  const DIRECTLY: [readonly string[], readonly [number, number][]] = [['device'], text(DIRECT, 'd'.repeat(LENGTH))];

  function expectAll(parts: Parts, { poked = 'poke\0\0\0\0', self = SELF, direct = DIRECTLY } = {}): void {
    const written = (name: string): unknown[] => {
      const { by, bytes } = parts.get(name)!;
      return [[...by].sort(), [...bytes].sort(([a], [b]) => a - b)];
    };
    expect(written('untouched')).toEqual([
      ['aliases', 'target'],
      [...text(PRIVATE + 8, 'untouche'), ...own],
    ]);
    expect(written('vm')).toEqual([['aliases'], text(PRIVATE + 4, 'vm')]);
    expect(written('edge')).toEqual([['aliases'], text(PRIVATE + 62, 'ed')]);
    expect(written('beyond')).toEqual([[], []]);
    expect(written('mem')).toEqual([['aliases'], text(PRIVATE + 24, 'm')]);
    expect(written('poke')[1]).toEqual(text(PRIVATE + 32, poked));
    expect(written('shared')).toEqual([['aliases'], text(SHARED + 5, 'S')]);
    expect(written('file')).toEqual([['aliases'], text(SHARED + 6, 'f')]);
    expect(written('moved')).toEqual([['aliases'], text(PRIVATE + 7, 'moved')]);
    expect(written('self')).toEqual(self);
    expect(written('copied')).toEqual([['target'], [[PRIVATE + 3, 3]]]);
    expect(written('direct')).toEqual(direct);
    expect(written('apart')).toEqual([['aliases'], text(PRIVATE + 9, 'apart')]);
    expect(written('gone')).toEqual([[], []]);
  }

  it.each([[1], [2]])('is recorded, with %i processors', (processors) => {
    expectAll(record(...watchesOf('@comm:target'), '--cpus', String(processors)));
  });

  it("is recorded where the kernel's half of page tables is another, and whose task it is is not said", () => {
    const self: typeof SELF = [
      ['other', 'target'],
      [...text(PRIVATE + 1, 's'), [PRIVATE + 2, 2]],
    ];
    expectAll(record(...watchesOf(''), '--cpu', 'GenuineIntel'), { self });
  });

  const kernel32 = otherKernels('i386')[0]!;
  if (kernel32.image === undefined) console.warn(`i386 kernel skipped: ${kernel32.reason}`);
  // The other half of page tables that programs run with is there for Intel's processors only.
  it.skipIf(kernel32.image === undefined).each([['AuthenticAMD'], ['GenuineIntel']])(
    'is recorded in a 32-bit kernel of %s',
    (vendor) => expectAll(record32(kernel32.image!, vendor), { poked: 'poke', direct: [[], []] }),
    300_000,
  );

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
