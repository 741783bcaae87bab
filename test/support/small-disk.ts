import { execFileSync } from 'node:child_process';
import { mkdirSync } from 'node:fs';
import { onTestFinished } from 'vitest';

/** A file system of so many kibibytes at `path`, or why there is none. It goes with the test. */
export function smallDisk(path: string, kibibytes: number): { path: string } | { why: string } {
  mkdirSync(path);
  try {
    execFileSync('mount', ['-t', 'tmpfs', '-o', `size=${kibibytes}k`, 'tmpfs', path], { stdio: 'pipe' });
  } catch (error) {
    return { why: `a small disk can't be mounted here: ${(error as Error).message.split('\n').at(-2) ?? ''}` };
  }
  onTestFinished(() => void execFileSync('umount', [path]));
  return { path };
}
