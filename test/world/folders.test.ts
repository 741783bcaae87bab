import { statSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { makeFolders } from '../../src/world/folders.ts';
import { temporaryFolder } from '../support/trace-files.ts';

const folder = temporaryFolder();

test('folders are made with those around them, once', () => {
  const path = join(folder, 'a/b/c');
  for (let i = 0; i < 2; i++) makeFolders(path);
  expect(statSync(path).isDirectory()).toBe(true);
});

test.each(['/proc/nothing/x', '/dev/null/x'])('%s can not be made, and that is told', (path) => {
  expect(() => makeFolders(path)).toThrow(/^E[A-Z]+: /);
});
