import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import type { Readable } from 'node:stream';
import type { Image } from './image.ts';
import { Marks, type Stretch } from './marks.ts';

const QEMU = 'qemu-system-x86_64';

/** Whether a program can be started. */
export function installed(program: string): boolean {
  return spawnSync(program, ['--version'], { stdio: 'ignore' }).error === undefined;
}

/** Runs the image in QEMU without hardware help; undefined where it is not installed. */
export async function runQemu(image: Image): Promise<readonly Stretch[] | undefined> {
  if (!installed(QEMU)) return undefined;
  const machine = ['-accel', 'tcg', '-m', '512', '-display', 'none', '-no-reboot', '-serial', 'stdio', '-nic', 'none'];
  const boot = ['-kernel', image.kernel, '-initrd', image.ramdisk, '-append', image.commandLine];
  return measure(spawn(QEMU, [...machine, ...boot], { stdio: ['ignore', 'pipe', 'inherit'] }));
}

/** Measures an emulator that is a process of its own, with the guest's console on its standard output or on `console`. */
export async function measure(
  emulator: ChildProcess,
  console: Readable | null = emulator.stdout,
): Promise<readonly Stretch[]> {
  const { pid } = emulator;
  if (pid === undefined || console === null) throw new Error(`${emulator.spawnfile} did not start`);
  const marks = new Marks(() => ({ seconds: threadSeconds(pid), instructions: undefined }));
  for await (const bytes of console) {
    marks.feed(bytes as Uint8Array);
    if (marks.done || marks.panicked) break;
  }
  emulator.kill('SIGKILL');
  if (!marks.done) throw new Error(`the guest of ${emulator.spawnfile} ended early: ${marks.tail.join(' | ')}`);
  return marks.stretches;
}

/** CPU time of all living threads, to the nanosecond (proc(5), schedstat: the first number). */
function threadSeconds(pid: number): number {
  try {
    const threads = readdirSync(`/proc/${pid}/task`);
    const times = threads.map((thread) =>
      Number(readFileSync(`/proc/${pid}/task/${thread}/schedstat`, 'ascii').split(' ')[0]),
    );
    return times.reduce((sum, time) => sum + time, 0) / 1e9;
  } catch {
    return 0;
  }
}
