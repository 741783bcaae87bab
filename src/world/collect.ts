import { chmodSync, closeSync, constants, lstatSync, openSync, rmSync, symlinkSync, writeSync } from 'node:fs';
import { basename, dirname, join, resolve } from 'node:path';
import { UserError } from '../emu/errors.ts';
import { makeFolders } from './folders.ts';

/** `--collect GUEST[:HOST]`: a path in the guest and where it goes on the host. */
export interface Collected {
  readonly guest: string;
  readonly host: string;
}

const TYPE_MASK = 0o170000;
const TYPE_DIRECTORY = 0o040000;
const TYPE_LINK = 0o120000;
const ENOENT = 2;

/** Paths are relative to the current folder, in the guest as here. Without `:HOST` the last name stays. */
export function parseCollect(text: string, directory: string): Collected {
  const cut = text.lastIndexOf(':');
  const [guest, host] = cut > 0 ? [text.slice(0, cut), text.slice(cut + 1)] : [text, ''];
  const path = resolve(directory, guest);
  if (path === '/') throw new UserError(`--collect ${text}: not the whole file system, name a file or folder`);
  return { guest: path, host: resolve(directory, host === '' ? basename(path) : host) };
}

/**
 * Writes what the guest sends for its collected paths. The guest is not trusted: nothing is written outside the
 * host path that was asked for, nor through links that came from the guest, and permissions are plain ones.
 */
export class Collector {
  private readonly wanted: readonly Collected[];
  private readonly warn: (message: string) => void;
  private descriptor: number | undefined;

  constructor(wanted: readonly Collected[], warn: (message: string) => void) {
    this.wanted = wanted;
    this.warn = warn;
  }

  entry(
    index: number,
    { mode, path, target }: { readonly mode: number; readonly path: string; readonly target: string },
  ): void {
    this.finishFile();
    const wanted = this.wanted[index];
    if (wanted === undefined) return;
    const parts = path.split('/').filter((part) => part !== '');
    if (parts.includes('..') || parts.includes('.')) return;
    const place = join(wanted.host, ...parts);
    try {
      this.checkWay(wanted.host, parts);
      this.create(place, mode, target, parts.length === 0);
    } catch (error) {
      this.warn(`${wanted.guest} could not be written to ${place}: ${reasonOf(error)}`);
    }
  }

  data(bytes: Uint8Array): void {
    for (let at = 0; this.descriptor !== undefined && at < bytes.length; ) {
      try {
        at += writeSync(this.descriptor, bytes, at);
      } catch (error) {
        this.warn(`a collected file is cut short: ${reasonOf(error)}`);
        this.finishFile();
      }
    }
  }

  end(index: number, errno: number): void {
    this.finishFile();
    const guest = this.wanted[index]?.guest;
    if (errno === ENOENT) this.warn(`${guest} is not there in the guest, so it was not collected`);
    else if (errno !== 0) this.warn(`${guest} could not be collected whole: errno ${errno} in the guest`);
  }

  private create(place: string, mode: number, target: string, top: boolean): void {
    if (top) makeFolders(dirname(place));
    const type = mode & TYPE_MASK;
    if (type === TYPE_DIRECTORY) {
      makeFolders(place);
      return;
    }
    if (lstatSync(place, { throwIfNoEntry: false }) !== undefined) rmSync(place);
    if (type === TYPE_LINK) {
      symlinkSync(target, place);
      return;
    }
    const flags = constants.O_WRONLY | constants.O_CREAT | constants.O_EXCL | constants.O_NOFOLLOW;
    this.descriptor = openSync(place, flags, 0o600);
    chmodSync(place, mode & 0o755);
  }

  /** Every folder on the way must be a folder, not a link that the guest sent before. */
  private checkWay(top: string, parts: readonly string[]): void {
    for (let depth = 0; depth < parts.length; depth++) {
      const folder = join(top, ...parts.slice(0, depth));
      if (!lstatSync(folder).isDirectory()) throw new Error(`${folder} is no folder`);
    }
  }

  private finishFile(): void {
    if (this.descriptor !== undefined) closeSync(this.descriptor);
    this.descriptor = undefined;
  }
}

function reasonOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
