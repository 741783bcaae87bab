import { statSync, utimesSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { readUntouched } from '../../src/world/open-untouched.ts';
import { temporaryFolder } from '../support/trace-files.ts';

const folder = temporaryFolder();

test('a file is read and its access time stays', () => {
  const path = join(folder, 'own');
  writeFileSync(path, 'contents');
  utimesSync(path, 1e9, 1.1e9);
  expect(readUntouched(path).toString()).toBe('contents');
  expect(statSync(path).atimeMs).toBe(1e12);
});

test('what others own is read all the same', () => {
  const isRoot = process.geteuid?.() === 0;
  if (isRoot) process.seteuid?.(65534);
  try {
    expect(readUntouched('/etc/passwd').toString()).toContain('root');
  } finally {
    if (isRoot) process.seteuid?.(0);
  }
});

test('what is not there is said as ever', () => {
  expect(() => readUntouched(join(folder, 'nothing'))).toThrow(/^ENOENT: /);
});
