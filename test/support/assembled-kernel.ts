/** Kernels of our own, from test/guest/kernels. */
import { execFileSync, spawnSync } from 'node:child_process';
import { join } from 'node:path';

const SOURCES = join(import.meta.dirname, '../guest/kernels');

/** There is an assembler here. */
export const assembler = spawnSync('nasm', ['--version']).error === undefined;

/** Assembles the kernel of that name into `folder`; its path. */
export function assembledKernel(name: string, folder: string): string {
  const kernel = join(folder, name);
  execFileSync('nasm', ['-i', `${SOURCES}/`, '-f', 'bin', '-o', kernel, join(SOURCES, `${name}.asm`)]);
  return kernel;
}
