import { accessSync, closeSync, constants, lstatSync, readlinkSync, readSync, realpathSync, statSync } from 'node:fs';
import { basename, dirname, isAbsolute, join, resolve } from 'node:path';
import { UserError } from '../emu/errors.ts';
import { elfMachine, isElf, MACHINE_I386, MACHINE_X86_64, machineName } from './elf.ts';
import { openUntouched } from './open-untouched.ts';

const DEFAULT_PATH = '/usr/local/bin:/usr/bin:/bin:/usr/local/sbin:/usr/sbin:/sbin';
/** Interpreters of interpreters, links of links: more is a loop. */
const DEEPEST = 16;
const HEAD_BYTES = 1024;

/** Where a shell would find the command on the host, or undefined. */
export function findCommand(name: string, directory: string, path: string | undefined): string | undefined {
  if (name.includes('/')) return exists(resolve(directory, name)) ? resolve(directory, name) : undefined;
  for (const folder of (path ?? DEFAULT_PATH).split(':')) {
    const candidate = resolve(directory, folder, name);
    if (isExecutableFile(candidate)) return candidate;
  }
  return undefined;
}

/**
 * Every path that the kernel goes through to run the command: links on the way, the file they end at, and what its
 * first line names as interpreter (with `env`, the command that env looks up), and so on.
 */
export function pathsOfCommand(command: string, path: string | undefined): string[] {
  const paths: string[] = [];
  const follow = (start: string, depth: number): void => {
    let file = start;
    for (let links = 0; links < DEEPEST && !paths.includes(file); links++) {
      paths.push(file);
      if (!isLink(file)) break;
      file = resolve(realpathSync(dirname(file)), readlinkSync(file));
    }
    const interpreter = depth < DEEPEST ? interpreterOf(file) : undefined;
    if (interpreter === undefined) return;
    const [program, argument] = interpreter;
    if (exists(program)) follow(program, depth + 1);
    const viaEnv = basename(program) === 'env' && argument !== undefined && !argument.startsWith('-');
    const wanted = viaEnv ? findCommand(argument, dirname(file), path) : undefined;
    if (wanted !== undefined) follow(wanted, depth + 1);
  };
  follow(command, 0);
  return paths;
}

/** Ends with a clear line if the command can't run on the guest's processor, or under its kernel's `bits`. */
export function checkCommand(command: string, bits: 32 | 64 = 64): void {
  let head: Uint8Array;
  try {
    if (statSync(command).isDirectory()) throw new UserError(`${command}: is a directory, not a program`);
    head = headOf(command);
  } catch (error) {
    if (error instanceof UserError) throw error;
    throw new UserError(`${command}: can't be read`);
  }
  if (!isElf(head)) return;
  const machine = elfMachine(head);
  if (machine !== MACHINE_X86_64 && machine !== MACHINE_I386) {
    throw new UserError(`${command}: made for ${machineName(machine)}, the guest is x86-64`);
  }
  if (machine === MACHINE_X86_64 && bits === 32) {
    throw new UserError(
      `${command}: a 64-bit program, and the kernel has 32 bits; --rootfs DIR brings a tree of 32-bit ones`,
    );
  }
}

export function exists(path: string): boolean {
  return lstatSync(path, { throwIfNoEntry: false }) !== undefined;
}

function isLink(path: string): boolean {
  return lstatSync(path, { throwIfNoEntry: false })?.isSymbolicLink() === true;
}

function isExecutableFile(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return statSync(path).isFile();
  } catch {
    return false;
  }
}

/** Program and argument of a `#!` line. */
function interpreterOf(file: string): [string, string | undefined] | undefined {
  let head: Uint8Array;
  try {
    head = headOf(file);
  } catch {
    return undefined;
  }
  const line = /^#![ \t]*([^ \t\n]+)[ \t]*([^ \t\n]+)?/.exec(new TextDecoder('latin1').decode(head));
  const program = line?.[1];
  return program === undefined || !isAbsolute(program) ? undefined : [join(program), line?.[2]];
}

function headOf(file: string): Uint8Array {
  const descriptor = openUntouched(file, constants.O_NONBLOCK);
  try {
    const head = new Uint8Array(HEAD_BYTES);
    return head.subarray(0, readSync(descriptor, head));
  } finally {
    closeSync(descriptor);
  }
}
