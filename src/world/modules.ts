import { existsSync, readdirSync } from 'node:fs';
import { basename, join } from 'node:path';
import * as zlib from 'node:zlib';
import { elfSection } from './elf.ts';
import { readUntouched } from './open-untouched.ts';
import { unxz, unzstd } from './unpack.ts';

/** A kernel module, ready to be loaded. */
export interface KernelModule {
  /** File name without compression, `virtio_pci.ko`. */
  readonly file: string;
  /** Where it came from. */
  readonly path: string;
  readonly bytes: Uint8Array;
}

export interface ModuleSelection {
  /** In the order in which they can be loaded. */
  readonly modules: readonly KernelModule[];
  /** Names wanted that are neither files nor built in. */
  readonly missing: readonly string[];
}

const MODULE_FILE = /^(.+)\.ko(\.xz|\.gz|\.zst)?$/;

/**
 * The modules of that name and all that they depend on (their own `depends=`, so it works without depmod's tables).
 * `folder` is `/lib/modules/VERSION`.
 */
export function selectModules(folder: string, names: readonly string[]): ModuleSelection {
  const files = moduleFiles(folder);
  const builtIn = builtInModules(folder);
  const chosen = new Map<string, KernelModule>();
  const missing: string[] = [];
  const visited = new Set<string>();
  const add = (name: string): void => {
    const key = name.replaceAll('-', '_');
    if (visited.has(key)) return;
    visited.add(key);
    const path = files.get(key);
    if (path === undefined) {
      if (!builtIn.has(key)) missing.push(name);
      return;
    }
    const bytes = readModule(path);
    for (const dependency of moduleInfo(bytes, 'depends').flatMap((list) => list.split(','))) {
      if (dependency !== '') add(dependency);
    }
    chosen.set(key, { file: `${MODULE_FILE.exec(basename(path))?.[1] ?? key}.ko`, path, bytes });
  };
  for (const name of names) add(name);
  return { modules: [...chosen.values()], missing };
}

/** Values of a key in a module's `.modinfo`. */
export function moduleInfo(bytes: Uint8Array, key: string): string[] {
  const section = elfSection(bytes, '.modinfo');
  if (section === undefined) return [];
  const entries = new TextDecoder('latin1').decode(section).split('\0');
  return entries.filter((entry) => entry.startsWith(`${key}=`)).map((entry) => entry.slice(key.length + 1));
}

function moduleFiles(folder: string): Map<string, string> {
  const files = new Map<string, string>();
  const kernel = join(folder, 'kernel');
  if (!existsSync(kernel)) return files;
  for (const entry of readdirSync(kernel, { recursive: true, withFileTypes: true })) {
    const name = MODULE_FILE.exec(entry.name)?.[1];
    if (name !== undefined) files.set(name.replaceAll('-', '_'), join(entry.parentPath, entry.name));
  }
  return files;
}

function builtInModules(folder: string): Set<string> {
  const list = join(folder, 'modules.builtin');
  if (!existsSync(list)) return new Set();
  const names = readUntouched(list).toString().split('\n');
  return new Set(names.map((path) => basename(path, '.ko').replaceAll('-', '_')));
}

function readModule(path: string): Uint8Array {
  const bytes = readUntouched(path);
  if (path.endsWith('.gz')) return zlib.gunzipSync(bytes);
  if (path.endsWith('.zst')) return unzstd(bytes, path);
  if (path.endsWith('.xz')) return unxz(bytes, path);
  return bytes;
}
