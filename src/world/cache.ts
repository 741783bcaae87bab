import { createHash } from 'node:crypto';
import {
  existsSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { dirname, join } from 'node:path';
import { cacheFolder } from './cache-folder.ts';
import { makeFolders } from './folders.ts';

/** Tells a file from what it was before it was written to, without reading it. Throws the system's error. */
export function fileIdentity(path: string): string {
  const { dev, ino, size, mtimeMs } = statSync(path);
  return [dev, ino, size, mtimeMs].join(' ');
}

export function sha256(bytes: Uint8Array): string {
  return createHash('sha256').update(bytes).digest('hex');
}

/** Writes a file so that it is there whole or not at all. */
export function writeWhole(path: string, bytes: Uint8Array | string): void {
  makeFolders(dirname(path));
  const draft = `${path}.${process.pid}`;
  try {
    writeFileSync(draft, bytes);
    renameSync(draft, path);
  } catch (error) {
    rmSync(draft, { force: true });
    throw error;
  }
}

/** A cache that others own still serves. */
function markUsed(path: string): void {
  try {
    const now = new Date();
    utimesSync(path, now, now);
  } catch {
    // Then it is only forgotten a little earlier.
  }
}

/** Snapshots of booted guests: each is large, and old ones are soon out of date. */
const SNAPSHOTS_KEPT = 4;
const DIGEST_BYTES = 32;

/** A guest whose init waits for its command. */
export interface BootedGuest {
  readonly snapshot: Uint8Array;
  /** What its init said of console ports: see `Session`. */
  readonly streams: boolean;
}

/**
 * Keeps snapshots of booted guests by what went into them. A damaged or unreadable entry counts as absent, and a
 * cache that can't be written only costs time.
 */
export class SnapshotCache {
  private readonly folder: string;

  constructor(folder: string = join(cacheFolder(), 'snapshots')) {
    this.folder = folder;
  }

  /** One key for all that decides how a boot goes: hash what is long, name what is short. */
  static key(parts: Readonly<Record<string, string | number | Uint8Array>>): string {
    const names = Object.keys(parts).sort();
    const lines = names.map((name) => {
      const part = parts[name]!;
      return `${name}=${part instanceof Uint8Array ? sha256(part) : JSON.stringify(part)}\n`;
    });
    return sha256(new TextEncoder().encode(lines.join('')));
  }

  load(key: string): BootedGuest | undefined {
    const path = this.path(key);
    try {
      // Not a Buffer: its slices would be views of the same bytes.
      const bytes = new Uint8Array(readFileSync(path));
      const body = bytes.subarray(DIGEST_BYTES);
      const digest = createHash('sha256').update(body).digest();
      if (!digest.equals(bytes.subarray(0, DIGEST_BYTES))) {
        rmSync(path, { force: true });
        return undefined;
      }
      markUsed(path);
      return { streams: body[0] === 1, snapshot: body.subarray(1) };
    } catch {
      return undefined;
    }
  }

  /** Returns whether it could be kept. */
  store(key: string, { snapshot, streams }: BootedGuest): boolean {
    const head = Uint8Array.of(streams ? 1 : 0);
    const digest = createHash('sha256').update(head).update(snapshot).digest();
    try {
      this.makeRoom();
      writeWhole(this.path(key), Buffer.concat([digest, head, snapshot]));
      return true;
    } catch {
      return false;
    }
  }

  private path(key: string): string {
    return join(this.folder, `${key}.snapshot`);
  }

  private makeRoom(): void {
    if (!existsSync(this.folder)) return;
    const entries = readdirSync(this.folder)
      .filter((name) => name.endsWith('.snapshot'))
      .map((name) => ({ path: join(this.folder, name), used: statSync(join(this.folder, name)).mtimeMs }))
      .sort((a, b) => b.used - a.used);
    for (const { path } of entries.slice(SNAPSHOTS_KEPT - 1)) rmSync(path, { force: true });
  }
}
