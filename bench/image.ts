import { execFileSync } from 'node:child_process';
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { cpio } from '../src/emu/boot/cpio.ts';
import { PROGRAMS } from './programs.ts';

/** What every machine boots: the same kernel, ramdisk and command line. */
export interface Image {
  readonly kernel: string;
  readonly ramdisk: string;
  readonly commandLine: string;
}

const SOURCES = new URL('./guest/', import.meta.url).pathname;
export const OUTPUT = new URL('../build/bench/', import.meta.url).pathname;
const BUSYBOX = '/bin/busybox';
const COMMAND_LINE = 'console=ttyS0 quiet cryptomgr.notests panic=-1 rdinit=/init';

/**
 * Prints @B, does the plan's lines, prints @D and waits until that is out. `step NAME` tells the host what follows (and
 * sleeps, so that it is told in time), `quiet COMMAND` drops what the command says, anything else is a command.
 */
const INIT = `#!/bin/busybox sh
export PATH=/bin
/bin/busybox mount -t proc proc /proc
/bin/busybox mount -t devtmpfs dev /dev
echo @B
while read -r command rest; do
  case "$command" in
    step) echo "@R $rest"; /bin/busybox usleep 20000 ;;
    quiet) $rest </dev/null >/dev/null 2>&1 ;;
    *) $command $rest </dev/null ;;
  esac
done </plan
echo @D
/bin/busybox usleep 200000
/bin/busybox poweroff -f
`;

/** Compiles the programs and packs a ramdisk that carries out `plan`, one command a line. Needs gcc and busybox. */
export function buildImage(name: string, plan: readonly string[]): Image {
  mkdirSync(OUTPUT, { recursive: true });
  const text = (content: string): Uint8Array => new TextEncoder().encode(content);
  const ramdisk = `${OUTPUT}${name}.cpio`;
  const archive = cpio([
    ...['bin', 'proc', 'sys', 'dev', 'tmp'].map((path) => ({ kind: 'directory' as const, path })),
    { kind: 'character', path: 'dev/console', major: 5, minor: 1 },
    { kind: 'file', path: 'bin/busybox', mode: 0o755, bytes: readFileSync(BUSYBOX) },
    ...PROGRAMS.map(({ name: program }) => {
      return { kind: 'file' as const, path: `bin/${program}`, mode: 0o755, bytes: compile(program) };
    }),
    { kind: 'file', path: 'plan', bytes: text(plan.map((line) => `${line}\n`).join('')) },
    { kind: 'file', path: 'init', mode: 0o755, bytes: text(INIT) },
  ]);
  writeFileSync(ramdisk, archive);
  return { kernel: newestKernel(), ramdisk, commandLine: COMMAND_LINE };
}

function compile(program: string): Uint8Array {
  const binary = `${OUTPUT}${program}`;
  execFileSync('gcc', ['-O2', '-static', '-s', '-o', binary, `${SOURCES}${program}.c`, '-lm'], { stdio: 'inherit' });
  return readFileSync(binary);
}

function newestKernel(): string {
  const [newest] = readdirSync('/boot')
    .filter((file) => /^vmlinuz-.*cloud-amd64$/.test(file))
    .sort((a, b) => b.localeCompare(a, 'en', { numeric: true }));
  if (newest === undefined) throw new Error('no cloud kernel in /boot: install linux-image-cloud-amd64');
  return `/boot/${newest}`;
}
