import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Command } from 'commander';
import { afterEach, expect, test, vi } from 'vitest';
import { UserError } from '../../src/emu/errors.ts';
import { infoCommand, verifyCommand } from '../../src/replay/command.ts';
import { temporaryFolder, writeTrace } from '../support/trace-files.ts';

const folder = temporaryFolder();
const whole = join(folder, 'whole.trap');
writeTrace(whole, 40, 10);

afterEach(() => {
  process.exitCode = undefined;
  vi.restoreAllMocks();
});

async function run(...args: string[]): Promise<string> {
  let output = '';
  vi.spyOn(process.stdout, 'write').mockImplementation((text) => {
    output += text;
    return true;
  });
  const program = new Command().exitOverride().addCommand(infoCommand()).addCommand(verifyCommand());
  await program.parseAsync(args, { from: 'user' });
  return output;
}

test('verify says that a trace is whole, on one line, with the seal that info shows', async () => {
  const verified = await run('verify', whole);
  expect(verified).toMatch(/^.*whole\.trap: whole and unaltered: \d+ frames, 80 events, seal [0-9a-f]{64}\n$/);
  expect(process.exitCode).toBeUndefined();
  const seal = verified.slice(-65, -1);
  expect(await run('info', whole)).toContain(seal);
});

test('verify prints a line a finding and exits with 1', async () => {
  const bytes = readFileSync(whole);
  bytes[900]! ^= 4;
  const path = join(folder, 'altered.trap');
  writeFileSync(path, bytes.subarray(0, bytes.length - 10));
  const lines = (await run('verify', path)).trimEnd().split('\n');
  expect(lines.length).toBe(3);
  for (const line of lines) expect(line).toMatch(/altered\.trap: .*frame \d+/);
  expect(process.exitCode).toBe(1);
});

test('what is no trace is told in one line', async () => {
  const path = join(folder, 'text');
  writeFileSync(path, 'hello');
  await expect(run('info', path)).rejects.toThrow(UserError);
  await expect(run('verify', join(folder, 'absent'))).rejects.toThrow(
    /^can't read .*absent: no such file or directory$/,
  );
});
