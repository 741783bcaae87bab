// The samples and the walk through them: what the guide and the demo show is what comes.
import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { verifyTrace } from '../../src/replay/verify.ts';

const root = join(import.meta.dirname, '../..');

test.each(['suspect', 'unpack'])('the sample %s is whole', (name) => {
  expect(verifyTrace(join(root, `traces/${name}.trap`)).findings).toEqual([]);
});

test('the demo runs without a terminal, and the guide shows what it shows', () => {
  const { status, stdout, stderr } = spawnSync(process.execPath, ['bin/trapline.js', 'demo'], {
    cwd: root,
    encoding: 'utf8',
  });
  expect(stderr).toBe('');
  expect(status).toBe(0);
  const guide = readFileSync(join(root, 'GUIDE.md'), 'utf8');
  const shown = stdout.replaceAll(join(root, 'traces/'), '');
  const steps = shown.split(/\n\d of \d {2}.*\n\n/).slice(1, -1);
  expect(steps.length).toBe(7);
  for (const step of steps) expect(guide).toContain(step.trim());
});
