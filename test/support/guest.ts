import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

export const CLI = new URL('../../bin/trapline.js', import.meta.url).pathname;
/** Boots are cached here between tests, not in the user's cache. */
const CACHE = new URL('../../build/test-cache', import.meta.url).pathname;

export interface CliResult {
  readonly status: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs the command line as a user would. `input` null: standard input is /dev/null instead of a pipe. */
export function trapline(args: readonly string[], options: { input?: string | null; cwd?: string } = {}): CliResult {
  const { status, stdout, stderr } = spawnSync(process.execPath, [CLI, ...args], {
    encoding: 'utf8',
    ...(options.input === null ? { stdio: ['ignore', 'pipe', 'pipe'] } : { input: options.input ?? '' }),
    maxBuffer: 1 << 28,
    timeout: 240_000,
    killSignal: 'SIGKILL',
    env: { ...process.env, XDG_CACHE_HOME: CACHE },
    ...(options.cwd === undefined ? {} : { cwd: options.cwd }),
  });
  return { status, stdout, stderr };
}

/** Starts the command line without waiting for it; standard input is empty, the other streams are pipes. */
export function startTrapline(...args: readonly string[]): ChildProcess {
  return spawn(process.execPath, [CLI, ...args], {
    stdio: ['ignore', 'pipe', 'pipe'],
    env: { ...process.env, XDG_CACHE_HOME: CACHE },
  });
}

/** A folder that goes with the machine's temporary files. */
export function scratch(): string {
  return mkdtempSync(join(tmpdir(), 'trapline-test-'));
}

/** What a test of a real guest needs and may not find; undefined when all is there. Say it when you skip. */
export function missingForGuest(...programs: readonly string[]): string | undefined {
  const kernel = spawnSync('sh', ['-c', 'ls /boot/vmlinuz-*'], { encoding: 'utf8' }).stdout;
  if (kernel.trim() === '') return 'no kernel in /boot (Debian: linux-image-cloud-amd64)';
  const absent = programs.find((program) => !existsSync(program));
  return absent === undefined ? undefined : `${absent} is not installed`;
}
