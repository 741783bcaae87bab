// What a user sees when something is wrong with what `record` is given: one line, the right status, no trace left behind.
import { execFileSync } from 'node:child_process';
import { existsSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, describe, expect, test } from 'vitest';
import { missingForGuest, scratch, trapline } from '../support/guest.ts';

const folder = scratch();
const file = (name: string): string => join(folder, name);

/** The smallest ELF executable for a processor, by its number in `e_machine`. */
function foreignProgram(machine: number): Uint8Array {
  const view = new DataView(new ArrayBuffer(128));
  new Uint8Array(view.buffer).set([0x7f, 0x45, 0x4c, 0x46, 2, 1, 1]);
  view.setUint16(16, 2, true);
  view.setUint16(18, machine, true);
  view.setUint32(20, 1, true);
  view.setBigUint64(24, 0x400078n, true);
  view.setBigUint64(32, 64n, true);
  view.setUint16(52, 64, true);
  view.setUint16(54, 56, true);
  view.setUint16(56, 1, true);
  view.setUint32(64, 1, true);
  view.setUint32(68, 5, true);
  view.setBigUint64(80, 0x400000n, true);
  view.setBigUint64(96, 120n, true);
  view.setBigUint64(104, 120n, true);
  return new Uint8Array(view.buffer);
}

const AARCH64 = 183;
writeFileSync(file('arm'), foreignProgram(AARCH64), { mode: 0o755 });
const armImage = new Uint8Array(2048);
armImage.set(new TextEncoder().encode('MZ'));
armImage.set(new TextEncoder().encode('ARMd'), 56);
writeFileSync(file('arm-image'), armImage);
writeFileSync(file('text'), 'no kernel\n');
writeFileSync(file('empty'), '');
writeFileSync(file('taken'), 'kept');

interface Case {
  readonly what: string;
  readonly args: readonly string[];
  readonly says: RegExp;
  readonly status?: number;
}

const cases: readonly Case[] = [
  { what: 'a missing kernel', args: ['--kernel', '/no/such'], says: /^--kernel \/no\/such: no such file/ },
  {
    what: 'a missing kernel for a command',
    args: ['--kernel', '/no/such', '--', 'true'],
    says: /--kernel \/no\/such: /,
  },
  { what: 'a folder as kernel', args: ['--kernel', folder], says: /^--kernel .*: illegal operation on a directory/ },
  { what: 'text as kernel', args: ['--kernel', file('text')], says: /text: not a kernel: neither/ },
  {
    what: 'text as kernel for a command',
    args: ['--kernel', file('text'), '--', 'true'],
    says: /text: not a kernel; /,
  },
  { what: 'an empty kernel', args: ['--kernel', file('empty')], says: /empty: the kernel file is empty/ },
  { what: 'an AArch64 kernel image', args: ['--kernel', file('arm-image')], says: /arm-image: .*AArch64/ },
  {
    what: 'an AArch64 kernel for a command',
    args: ['--kernel', file('arm-image'), '--', 'true'],
    says: /for 64-bit ARM/,
  },
  { what: 'an AArch64 ELF as kernel', args: ['--kernel', file('arm')], says: /arm: .*AArch64/ },
  {
    what: 'an AArch64 ELF as command',
    args: ['--', file('arm')],
    says: /arm: made for 64-bit ARM, the guest is x86-64/,
  },
  { what: 'a folder as command', args: ['--', folder], says: /: is a directory, not a program/ },
  {
    what: 'a missing initrd',
    args: ['--kernel', file('text'), '--initrd', '/no/such'],
    says: /^--initrd \/no\/such: no/,
  },
  { what: 'a missing disk', args: ['--disk', '/no/such', '--', 'true'], says: /^--disk \/no\/such: / },
  { what: 'a missing share', args: ['--share', '/no/such', '--', 'true'], says: /^--share \/no\/such: / },
  { what: 'a missing root', args: ['--rootfs', '/no/such', '--', 'true'], says: /^--rootfs \/no\/such: / },
  { what: 'a missing working folder', args: ['--chdir', '/no/such', '--', 'true'], says: /^--chdir \/no\/such: / },
  { what: 'a trace that exists', args: ['-o', file('taken'), '--', 'true'], says: /taken exists already/ },
  { what: 'a folder as trace', args: ['-o', folder, '--', 'true'], says: /this is a folder/ },
  { what: 'an unknown flag', args: ['--bogus', '--', 'true'], says: /unknown option '--bogus'/, status: 2 },
  {
    what: 'an unknown trap',
    args: ['--traps', 'syscal', '--', 'true'],
    says: /^--traps syscal: no such trap/,
    status: 2,
  },
  { what: 'a bad size', args: ['--memory', '4k', '--', 'true'], says: /^--memory 4k: use a size/, status: 2 },
  {
    what: 'a value too wide',
    args: ['--watch', 'reg:al=0x127', '--', 'true'],
    says: /^--watch reg:al=0x127: 0x127 has more than the 8 bits of al$/,
    status: 2,
  },
  { what: 'a bad watch', args: ['--watch', 'phys:here', '--', 'true'], says: /^--watch phys:here: /, status: 2 },
  { what: 'nothing to run', args: [], says: /^nothing to run: /, status: 2 },
];

/** Standard error must be this one line, behind the program's name. */
function oneLine(stderr: string): string {
  expect(stderr).toMatch(/^trapline: [^\n]+\n$/);
  return stderr.slice('trapline: '.length, -1);
}

test.each(cases)('$what', ({ args, says, status = 1 }) => {
  const before = readdirSync(folder);
  const result = trapline(['record', ...args], { cwd: folder, input: null });
  expect(oneLine(result.stderr)).toMatch(says);
  expect(result).toMatchObject({ status, stdout: '' });
  expect(readdirSync(folder)).toEqual(before);
});

const missing = missingForGuest('/usr/bin/gcc');
if (missing !== undefined) console.warn(`tests of programs that can't start skipped: ${missing}`);

describe.skipIf(missing !== undefined)('what is found out in the guest', () => {
  const build = (...args: readonly string[]): void => void execFileSync('gcc', args, { cwd: folder, stdio: 'pipe' });
  const record = (name: string, ...args: readonly string[]) =>
    trapline(['record', '-q', '-o', file(name), ...args], { cwd: folder, input: null });

  beforeAll(() => {
    writeFileSync(file('absent.c'), 'int absent(void) { return 1; }\n');
    writeFileSync(file('needs.c'), 'int absent(void);\nint main(void) { return absent(); }\n');
    build('-shared', '-fPIC', '-o', 'libabsent.so', 'absent.c');
    build('-o', 'no-library', 'needs.c', '-L.', '-labsent');
    build('-o', 'no-loader', 'needs.c', '-L.', '-labsent', '-Wl,--dynamic-linker=/no/loader.so');
  });

  test('a missing library', () => {
    const { status, stderr } = record('library.trap', '--', './no-library');
    expect(status).toBe(127);
    expect(stderr).toMatch(/^\.\/no-library: error while loading shared libraries: libabsent\.so: [^\n]+\n$/);
    expect(oneLine(record('none.trap', '--rootfs', 'none', '--', './no-library').stderr)).toMatch(
      /no-library: needs the library libabsent\.so, which is not on this machine$/,
    );
  });

  test('a missing loader', () => {
    const { status, stderr } = record('loader.trap', '--', './no-loader');
    expect(status).toBe(127);
    expect(oneLine(stderr)).toMatch(/^\.\/no-loader: needs \/no\/loader\.so, which is not in the guest/);
  });

  test.each([
    ['a folder that is not there', '/no/such/x.trap', 'no such file or directory'],
    ['where no files can be made', '/proc/x.trap', 'no such file or directory'],
  ])('a trace in %s', (_, path, reason) => {
    const { status, stderr } = trapline(['record', '-o', path, '--', 'true'], { input: null });
    expect(oneLine(stderr)).toBe(`can't write ${path}: ${reason}`);
    expect(status).toBe(1);
  });

  test('a watch on what the kernel does not have leaves no trace behind', () => {
    const { status, stderr } = record('watch.trap', '--watch', 'no_such_symbol', '--', 'true');
    expect(oneLine(stderr)).toMatch(/^--watch no_such_symbol: the guest's kernel has no symbol no_such_symbol$/);
    expect(status).toBe(1);
    expect(existsSync(file('watch.trap'))).toBe(false);
  });
});
