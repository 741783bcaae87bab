import { spawnSync } from 'node:child_process';
import { existsSync, readSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { Command } from 'commander';
import { UserError } from '../emu/errors.ts';
import { packageFile } from '../package-file.ts';
import { DEMO_STEPS, SAMPLE, UNPACK } from './demo-steps.ts';

const fromRoot = (path: string): string => fileURLToPath(packageFile(path));
const TRACES: Readonly<Record<string, string>> = {
  [SAMPLE]: fromRoot('traces/suspect.trap'),
  [UNPACK]: fromRoot('traces/unpack.trap'),
};

/** `demo`: a walk through a sample, command by command; without a terminal all of it at once. Throws UserError. */
export function demoCommand(): Command {
  return new Command('demo')
    .description('walk through a sample trace: what one asks of an unknown program, step by step')
    .action(demo);
}

function demo(): void {
  for (const trace of Object.values(TRACES)) if (!existsSync(trace)) throw new UserError(`${trace} is missing`);
  const terminal = process.stdin.isTTY && process.stdout.isTTY;
  for (const [i, { says, runs }] of DEMO_STEPS.entries()) {
    if (runs[0] === 'view' && !terminal) break;
    const shown = runs.map((word) => (/[^\w./=%,:-]/.test(word) ? `"${word}"` : word)).join(' ');
    const named = shown.replace(SAMPLE, 'suspect.trap').replace(UNPACK, 'unpack.trap');
    process.stdout.write(`\n${i + 1} of ${DEMO_STEPS.length}  ${says}\n\n$ trapline ${named}\n`);
    if (terminal && !goesOn()) return;
    const args = runs.map((word) => TRACES[word] ?? word);
    const { status } = spawnSync(process.execPath, [fromRoot('bin/trapline.js'), ...args], { stdio: 'inherit' });
    if (status !== 0) throw new UserError(`trapline ${named} ended with status ${status ?? 'none'}`);
  }
}

/** Waits for Enter. False: the user has had enough. */
function goesOn(): boolean {
  process.stdout.write('(Enter runs it, q leaves) ');
  const answer = new Uint8Array(80);
  const length = readSync(0, answer);
  return length > 0 && !Buffer.from(answer.subarray(0, length)).toString().startsWith('q');
}
