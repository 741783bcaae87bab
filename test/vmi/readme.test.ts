// What README and the library's page show does what they say.
import { spawnSync } from 'node:child_process';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { describe, expect, it } from 'vitest';
import { missingForGuest, scratch, trapline } from '../support/guest.ts';

const EXAMPLE = /```ts\n(.*?)```/gs;
const LONGEST = 10;
/** Here the package's own name leads to what was built of it. */
const WITHIN = resolve('build/readme');

const pages = ['README.md', 'src/vmi/README.md'].map((path) => readFileSync(path, 'utf8')).join('\n');
const examples = [...pages.matchAll(EXAMPLE)].map(([, code]) => code!);
/** By what only they use. */
const EXPECTED: readonly (readonly [uses: string, output: RegExp])[] = [
  ['processList', /^6\.\S+\n(.*\n)*1 init \[\]\n/],
  ['socketList', /'virtiofs'(?:.*\n)*.*LISTEN/],
  ["start('interrupt'", /the first interrupt: \d+\n(?:.*\n)*mkdir mkdir\("\/tmp\/new", 0777\) = 0\n/],
  ["monitorsOf(new TraceGuest('ls.trap')", /^\d+\.\d+ openat 3n$/m],
];

const missing = missingForGuest();
if (missing !== undefined) console.warn(`examples skipped: ${missing}`);

describe.skipIf(missing !== undefined)('examples of README', () => {
  const folder = scratch();
  mkdirSync(WITHIN, { recursive: true });
  if (missing === undefined)
    trapline(['record', '-q', '-o', join(folder, 'ls.trap'), '--', 'ls', '-la', '/'], { input: null });

  it('are all run, and short', () => {
    expect(examples).toHaveLength(EXPECTED.length);
    for (const code of examples) expect(code.trimEnd().split('\n').length).toBeLessThanOrEqual(LONGEST);
  });

  for (const [i, code] of examples.entries()) {
    it(`number ${i + 1} does what it says`, () => {
      const file = join(WITHIN, `example-${i + 1}.mjs`);
      writeFileSync(file, code);
      const { stdout, stderr } = spawnSync(process.execPath, [file], {
        cwd: folder,
        encoding: 'utf8',
        timeout: 240_000,
      });
      const row = EXPECTED.find(([uses]) => code.includes(uses))!;
      expect(stdout, stderr).toMatch(row[1]);
    });
  }
});
