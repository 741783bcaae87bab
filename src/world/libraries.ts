import { existsSync, readdirSync, realpathSync, statSync } from 'node:fs';
import { basename, dirname, join, resolve } from 'node:path';
import type { CpioEntry } from '../emu/boot/cpio.ts';
import { UserError } from '../emu/errors.ts';
import { type ElfFile, MACHINE_I386, MACHINE_X86_64, machineName, readElf } from './elf.ts';
import { readUntouched } from './open-untouched.ts';
import { pathsOfCommand } from './program.ts';

/** Folders that the loaders look in by themselves, for both sizes of program. */
const BUILT_IN_FOLDERS = {
  64: ['/lib/x86_64-linux-gnu', '/usr/lib/x86_64-linux-gnu', '/lib64', '/usr/lib64', '/lib', '/usr/lib'],
  32: ['/lib/i386-linux-gnu', '/usr/lib/i386-linux-gnu', '/lib32', '/usr/lib32', '/lib', '/usr/lib'],
} as const;
const MACHINE = { 64: MACHINE_X86_64, 32: MACHINE_I386 } as const;

/**
 * The files that a command needs to start: itself, its interpreters, its loader, and the libraries that these name
 * (DT_NEEDED, found by RPATH, RUNPATH, LD_LIBRARY_PATH and the loader's configuration, as ld.so(8) has it). What a program opens by
 * itself later is not among them. Throws a UserError naming a library that can't be found.
 */
export function filesOfCommand(command: string, environment: Readonly<Record<string, string | undefined>>): string[] {
  const files = new Set<string>();
  const configured = loaderFolders();
  const add = (file: string, inherited: readonly string[]): void => {
    if (files.has(file)) return;
    files.add(file);
    const elf = readElf(readUntouched(file));
    if (elf === undefined) return;
    if (elf.interpreter !== undefined) {
      if (!existsSync(elf.interpreter)) throw new UserError(`${file}: its loader ${elf.interpreter} is not there`);
      add(elf.interpreter, []);
    }
    const origin = dirname(realpathSync(file));
    const own = elf.searchPath.map((folder) => folder.replace(/\$(ORIGIN|\{ORIGIN\})/g, origin));
    const searched = [
      ...own,
      ...inherited,
      ...(environment.LD_LIBRARY_PATH ?? '').split(':').filter((folder) => folder !== ''),
      ...configured,
      ...BUILT_IN_FOLDERS[elf.bits],
    ];
    for (const library of elf.needed) add(findLibrary(library, file, elf, searched), [...own, ...inherited]);
  };
  for (const path of pathsOfCommand(command, environment.PATH)) add(path, []);
  return [...files];
}

function findLibrary(library: string, file: string, elf: ElfFile, folders: readonly string[]): string {
  const candidates = library.includes('/')
    ? [resolve(dirname(file), library)]
    : folders.map((folder) => join(folder, library));
  let foreign: string | undefined;
  for (const candidate of candidates) {
    if (statSync(candidate, { throwIfNoEntry: false })?.isFile() !== true) continue;
    const found = readElf(readUntouched(candidate));
    if (found !== undefined && found.bits === elf.bits && found.machine === MACHINE[elf.bits]) return candidate;
    foreign ??= found === undefined ? undefined : machineName(found.machine);
  }
  const only = foreign === undefined ? '' : ` (there is one for ${foreign})`;
  throw new UserError(`${file}: needs the library ${library}, which is not on this machine${only}`);
}

/** Folders of /etc/ld.so.conf and what it includes. */
function loaderFolders(): string[] {
  const folders: string[] = [];
  const read = (path: string, depth: number): void => {
    if (depth > 8 || !existsSync(path)) return;
    for (const line of readUntouched(path).toString().split('\n')) {
      const text = line.replace(/#.*/, '').trim();
      const included = /^include\s+(.+)$/.exec(text)?.[1];
      if (included !== undefined) for (const file of matching(resolve(dirname(path), included))) read(file, depth + 1);
      else if (text.startsWith('/')) folders.push(text);
    }
  };
  read('/etc/ld.so.conf', 0);
  return folders;
}

/** Files of a pattern whose last part may hold asterisks. */
function matching(pattern: string): string[] {
  const folder = dirname(pattern);
  const parts = basename(pattern).split('*');
  if (parts.length === 1) return [pattern];
  if (!existsSync(folder)) return [];
  const [head = '', tail = ''] = [parts[0], parts.at(-1)];
  const names = readdirSync(folder).filter((name) => name.startsWith(head) && name.endsWith(tail));
  return names.sort().map((name) => join(folder, name));
}

/** Archive entries for files under their own names (links followed) below a folder of the archive. */
export function fileEntries(files: readonly string[], below: string): CpioEntry[] {
  return files.map((path) => {
    const mode = statSync(path).mode & 0o7777;
    return { kind: 'file', path: join(below, path), mode, bytes: readUntouched(path) };
  });
}
