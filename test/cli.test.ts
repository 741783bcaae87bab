import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { VERBS } from '../src/cli.ts';
import { trapline } from './support/guest.ts';

it('each verb is where the program looks for it', async () => {
  for (const { names, load } of VERBS) expect((await load()).map((command) => command.name())).toEqual(names);
});

it('help lists all verbs, and what is no verb is said to be none', () => {
  const { stdout, status } = trapline(['--help']);
  expect(status).toBe(0);
  for (const name of VERBS.flatMap(({ names }) => names)) expect(stdout).toMatch(new RegExp(`^ {2}${name} `, 'm'));
  expect(trapline(['quary', 'x.trap'])).toMatchObject({ status: 2, stderr: expect.stringContaining('quary') });
});

it('runs where no cache can be made', () => {
  for (const XDG_CACHE_HOME of ['/proc/none', '/dev/null/none']) {
    const env = { ...process.env, XDG_CACHE_HOME };
    const bin = join(import.meta.dirname, '../bin/trapline.js');
    const { status, signal } = spawnSync(process.execPath, [bin, '--version'], { env, timeout: 60_000 });
    expect({ status, signal }).toEqual({ status: 0, signal: null });
  }
});
