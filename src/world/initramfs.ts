import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { type CpioEntry, cpio } from '../emu/boot/cpio.ts';
import { packageFile } from '../package-file.ts';
import type { KernelModule } from './modules.ts';

/** Our init, built from guest/init, by the kernel's bits. */
const INIT = {
  32: fileURLToPath(packageFile('guest/init/init32')),
  64: fileURLToPath(packageFile('guest/init/init')),
} as const;

/** Where init looks for the program's file tree when there is no share. */
export const PROGRAM_FOLDER = 'program';

export interface InitramfsOptions {
  /** Of the kernel; 64 by default. */
  readonly bits?: 32 | 64;
  /** In loading order. */
  readonly modules: readonly KernelModule[];
  /** Further entries, such as the program's files below PROGRAM_FOLDER. */
  readonly extra?: readonly CpioEntry[];
}

/** The archive that a guest starts from. Equal options give equal bytes. */
export function buildInitramfs({ bits = 64, modules, extra = [] }: InitramfsOptions): Uint8Array {
  const order = modules.map(({ file }) => `${file}\n`).join('');
  return cpio([
    { kind: 'character', path: 'dev/console', major: 5, minor: 1 },
    { kind: 'file', path: 'init', mode: 0o755, bytes: readFileSync(INIT[bits]) },
    { kind: 'directory', path: PROGRAM_FOLDER },
    { kind: 'file', path: 'modules/order', bytes: new TextEncoder().encode(order) },
    ...modules.map(({ file, bytes }): CpioEntry => ({ kind: 'file', path: `modules/${file}`, bytes })),
    ...extra,
  ]);
}
