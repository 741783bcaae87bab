import { lstatSync, realpathSync, statSync } from 'node:fs';
import { homedir } from 'node:os';
import { basename, dirname, join, resolve } from 'node:path';
import { UserError } from '../emu/errors.ts';
import type { Share } from './fuse/tree.ts';
import { exists, findCommand, pathsOfCommand } from './program.ts';

/** Where systems keep programs and their settings; those that are not there are left out. */
const PROGRAM_FOLDERS = [
  ...['/usr', '/bin', '/sbin', '/lib', '/lib32', '/lib64', '/libx32', '/etc', '/opt'],
  ...['/nix', '/gnu'],
];
/** What the guest has of its own. */
const GUEST_OWN = ['/dev', '/proc', '/sys', '/run'];
/** A folder of this name holds the programs of the installation around it. */
const BINARY_FOLDERS = new Set(['bin', 'sbin', 'libexec', 'shims', 'scripts']);

export interface ShareOptions {
  readonly command: readonly string[];
  /** Current folder. */
  readonly directory: string;
  readonly path: string | undefined;
  /** `--share`, as given. */
  readonly shares: readonly string[];
  /** `--rootfs DIR`. */
  readonly rootfs?: string;
}

/** What the guest sees of the host. The README of this folder states the rules. */
export function chooseShares(options: ShareOptions): Share[] {
  const extra = options.shares.map((share) => parseShare(share, options.directory));
  if (options.rootfs !== undefined) return [rootShare(options.rootfs, options.directory), ...extra];
  const paths = new Set<string>();
  const add = (path: string): void => {
    if (path !== '/' && !within(path, GUEST_OWN) && exists(path) && !within(path, [...paths])) paths.add(path);
  };
  for (const folder of PROGRAM_FOLDERS) add(folder);
  add(options.directory);
  for (const path of installations(options)) add(path);
  for (const path of namedByArguments(options)) add(path);
  return [...[...paths].map((path) => ({ host: path, guest: path })), ...extra];
}

/** `DIR[:AT]`. Throws a UserError that says what is wrong with it. */
export function parseShare(text: string, directory: string): Share {
  const cut = text.lastIndexOf(':/');
  const from = cut > 0 ? text.slice(0, cut) : text;
  const host = resolve(directory, from);
  const at = cut > 0 ? resolve('/', text.slice(cut + 1)) : host;
  if (statSync(host, { throwIfNoEntry: false }) === undefined) {
    throw new UserError(`--share ${text}: there is no ${host} (a share is DIR or DIR:/PLACE/IN/GUEST)`);
  }
  if (within(at, ['/dev', '/proc', '/sys'])) {
    throw new UserError(`--share ${text}: ${at} is the guest's own, choose another place`);
  }
  return { host: realpathSync(host), guest: at };
}

function rootShare(rootfs: string, directory: string): Share {
  const host = resolve(directory, rootfs);
  if (statSync(host, { throwIfNoEntry: false })?.isDirectory() !== true) {
    throw new UserError(`--rootfs ${rootfs}: there is no such folder`);
  }
  return { host: realpathSync(host), guest: '/' };
}

/** Installations outside the program folders that the command comes from: pyenv, nvm, a virtual environment, ... */
function installations({ command, directory, path }: ShareOptions): string[] {
  const [name] = command;
  const file = name === undefined ? undefined : findCommand(name, directory, path);
  return file === undefined ? [] : pathsOfCommand(file, path).map(installationOf);
}

function installationOf(file: string): string {
  const folder = dirname(file);
  const around = dirname(folder);
  const isInstallation = BINARY_FOLDERS.has(basename(folder)) && !within(homedir(), [around]);
  return isInstallation ? around : folder === '/' || within(homedir(), [folder]) || folder === '/tmp' ? file : folder;
}

/** Files and folders that the arguments name, also behind `=`: the program is about to read them. */
function namedByArguments({ command, directory }: ShareOptions): string[] {
  const named: string[] = [];
  for (const argument of command.slice(1)) {
    const candidates = argument.startsWith('-') ? [argument.slice(argument.indexOf('=') + 1)] : [argument];
    if (argument.startsWith('-') && !argument.includes('=')) continue;
    for (const candidate of candidates) {
      // Longer than a path can be, or with NUL: a program text, not a name.
      if (candidate === '' || candidate.length > 4095 || candidate.includes('\0')) continue;
      named.push(...pathAndTarget(resolve(directory, candidate)));
    }
  }
  return named;
}

function pathAndTarget(path: string): string[] {
  try {
    const link = lstatSync(path).isSymbolicLink();
    return link ? [path, realpathSync(path)] : [path];
  } catch {
    return [];
  }
}

/** Whether the path is one of the folders or in one. */
function within(path: string, folders: readonly string[]): boolean {
  return folders.some((folder) => path === folder || path.startsWith(join(folder, '/')));
}
