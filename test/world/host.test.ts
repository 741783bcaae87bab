import { execFileSync } from 'node:child_process';
import {
  chmodSync,
  existsSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { cpio } from '../../src/emu/boot/cpio.ts';
import { SnapshotCache } from '../../src/world/cache.ts';
import { Collector, parseCollect } from '../../src/world/collect.ts';
import { readElf } from '../../src/world/elf.ts';
import { kernelVersion, readKernel } from '../../src/world/kernel.ts';
import { filesOfCommand } from '../../src/world/libraries.ts';
import { checkCommand, findCommand, pathsOfCommand } from '../../src/world/program.ts';
import { chooseShares, parseShare } from '../../src/world/shares.ts';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'world-'));
});
afterEach(() => rmSync(folder, { recursive: true }));

const PATH = '/usr/bin:/bin';

function script(path: string, text: string): string {
  mkdirSync(join(folder, path, '..'), { recursive: true });
  writeFileSync(join(folder, path), text);
  chmodSync(join(folder, path), 0o755);
  return join(folder, path);
}

/** The first bytes of a file for another processor. */
function foreignElf(machine: number): Uint8Array {
  const bytes = new Uint8Array(64);
  bytes.set([0x7f, 0x45, 0x4c, 0x46, 2, 1, 1]);
  bytes[18] = machine;
  return bytes;
}

test('an archive unpacks to what went in, parents and all', () => {
  const archive = cpio([
    { kind: 'file', path: 'a/b/file', mode: 0o755, bytes: new TextEncoder().encode('hello') },
    { kind: 'symlink', path: 'link', target: 'a/b' },
  ]);
  execFileSync('cpio', ['-idm', '--quiet'], { cwd: folder, input: archive });
  expect(readFileSync(join(folder, 'link', 'file'), 'utf8')).toBe('hello');
  expect(lstatSync(join(folder, 'a/b/file')).mode & 0o777).toBe(0o755);
});

test('equal entries give equal archives', () => {
  const build = (): Uint8Array => cpio([{ kind: 'file', path: 'x', bytes: Uint8Array.of(1, 2, 3) }]);
  expect(build()).toEqual(build());
});

test('a command is found as a shell finds it', () => {
  script('bin/tool', '#!/bin/sh\n');
  expect(findCommand('tool', '/', `/nowhere:${folder}/bin`)).toBe(join(folder, 'bin/tool'));
  expect(findCommand('./bin/tool', folder, PATH)).toBe(join(folder, 'bin/tool'));
  expect(findCommand('tool', folder, PATH)).toBeUndefined();
});

test('links and interpreters are followed', () => {
  const tool = script('bin/tool', '#!/usr/bin/env other\n');
  const other = script('bin/other', '#!/bin/sh\n');
  symlinkSync('tool', join(folder, 'bin/name'));
  const paths = pathsOfCommand(join(folder, 'bin/name'), `${folder}/bin:${PATH}`);
  expect(paths).toEqual(expect.arrayContaining([join(folder, 'bin/name'), tool, '/usr/bin/env', other, '/bin/sh']));
});

test('an installation is shared whole, arguments and the current folder too, others not', () => {
  const tool = script('python/bin/tool', '#!/bin/sh\n');
  script('data/input.txt', 'x');
  mkdirSync(join(folder, 'here'));
  const shares = chooseShares({
    command: [tool, '../data/input.txt', '--config=/etc/passwd', '-x'],
    ...{ directory: join(folder, 'here'), path: PATH, shares: [] },
  });
  const guests = shares.map(({ guest }) => guest);
  expect(guests).toEqual(
    expect.arrayContaining([
      '/usr',
      '/etc',
      join(folder, 'here'),
      join(folder, 'python'),
      join(folder, 'data/input.txt'),
    ]),
  );
  expect(guests).not.toContain(folder);
  expect(guests).not.toContain('/etc/passwd');
});

test('a share says where it goes, and a wrong one what is wrong', () => {
  expect(parseShare(`${folder}:/mnt/x`, '/')).toEqual({ host: folder, guest: '/mnt/x' });
  expect(parseShare('.', folder)).toEqual({ host: folder, guest: folder });
  expect(() => parseShare('missing', folder)).toThrow(/there is no .*missing/);
  expect(() => parseShare(`${folder}:/proc/x`, '/')).toThrow(/guest's own/);
});

test('libraries are found as the loader finds them', () => {
  const files = filesOfCommand('/usr/bin/env', { PATH });
  expect(files.some((file) => file.includes('libc.so'))).toBe(true);
  expect(readElf(readFileSync('/usr/bin/env'))?.interpreter).toMatch(/ld-linux/);
});

test('a missing library has its name in one line', () => {
  const source = join(folder, 'm.c');
  writeFileSync(source, 'int f(void); int main(void) { return f(); }');
  writeFileSync(join(folder, 'f.c'), 'int f(void) { return 0; }');
  execFileSync('gcc', ['-shared', '-fPIC', '-o', 'libgone.so', 'f.c'], { cwd: folder });
  execFileSync('gcc', ['-o', 'm', 'm.c', 'libgone.so'], { cwd: folder });
  expect(filesOfCommand(join(folder, 'm'), { PATH, LD_LIBRARY_PATH: folder })).toContain(join(folder, 'libgone.so'));
  expect(() => filesOfCommand(join(folder, 'm'), { PATH })).toThrow(/needs the library libgone.so/);
});

test('programs for other processors are named', () => {
  writeFileSync(join(folder, 'arm'), foreignElf(183));
  expect(() => checkCommand(join(folder, 'arm'))).toThrow(/64-bit ARM, the guest is x86-64/);
  expect(() => checkCommand(folder)).toThrow(/is a directory/);
});

test('kernels that are none are named', () => {
  const arm = new Uint8Array(4096);
  arm.set(new TextEncoder().encode('ARMd'), 56);
  expect(() => kernelVersion(arm, 'Image')).toThrow(/64-bit ARM/);
  expect(() => kernelVersion(new Uint8Array(0), 'empty')).toThrow(/empty/);
  expect(() => readKernel(join(folder, 'none'))).toThrow(/there is no such file/);
});

test('snapshots are kept by key, and damage counts as absence', () => {
  const cache = new SnapshotCache(folder);
  const key = SnapshotCache.key({ memory: 1, kernel: Uint8Array.of(1) });
  expect(key).not.toBe(SnapshotCache.key({ memory: 2, kernel: Uint8Array.of(1) }));
  expect(cache.load(key)).toBeUndefined();
  expect(cache.store(key, { snapshot: Uint8Array.of(1, 2, 3), streams: true })).toBe(true);
  expect(cache.load(key)).toEqual({ snapshot: Uint8Array.of(1, 2, 3), streams: true });
  const path = join(folder, `${key}.snapshot`);
  const bytes = readFileSync(path);
  bytes[bytes.length - 1]! ^= 1;
  writeFileSync(path, bytes);
  expect(cache.load(key)).toBeUndefined();
  for (let i = 0; i < 9; i++) cache.store(`${i}`, { snapshot: Uint8Array.of(i), streams: false });
  expect(execFileSync('ls', [folder], { encoding: 'utf8' }).trim().split('\n').length).toBe(4);
});

test('a guest can not write outside what was asked for', () => {
  const warnings: string[] = [];
  const wanted = [parseCollect('out:kept', folder)];
  const collector = new Collector(wanted, (message) => warnings.push(message));
  collector.entry(0, { mode: 0o040755, path: '', target: '' });
  collector.entry(0, { mode: 0o104777, path: 'tool', target: '' });
  collector.data(new TextEncoder().encode('text'));
  collector.entry(0, { mode: 0o120777, path: 'way', target: folder });
  collector.entry(0, { mode: 0o100644, path: 'way/evil', target: '' });
  collector.entry(0, { mode: 0o100644, path: '../evil', target: '' });
  collector.end(0, 0);
  expect(readFileSync(join(folder, 'kept/tool'), 'utf8')).toBe('text');
  expect(lstatSync(join(folder, 'kept/tool')).mode & 0o7777).toBe(0o755);
  expect(existsSync(join(folder, 'evil'))).toBe(false);
  expect(warnings.length).toBe(1);
});
