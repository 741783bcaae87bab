import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import zlib from 'node:zlib';
import { UserError } from '../emu/errors.ts';
import { packSnapshot, restoreSnapshot, type SnapshotCodec, takeSnapshot, unpackSnapshot } from '../emu/snapshot.ts';
import { stateHash } from '../emu/state-hash.ts';
import { packageFile } from '../package-file.ts';
import type { Guest } from './guest.ts';
import { type GuestFacts, readGuestFacts } from './guest-facts.ts';
import { SnapshotCache, type World } from './index.ts';

/** Fast rather than small: it is read at every start. Older versions of Node have no zstd. */
const CODEC: SnapshotCodec & { readonly name: string } =
  typeof zlib.zstdCompressSync === 'function'
    ? {
        name: 'zstd',
        compress: (bytes) => zlib.zstdCompressSync(bytes, { params: { [zlib.constants.ZSTD_c_compressionLevel]: 1 } }),
        decompress: (bytes, length) => zlib.zstdDecompressSync(bytes, onePiece(length)),
      }
    : {
        name: 'deflate',
        compress: (bytes) => zlib.deflateRawSync(bytes, { level: 1 }),
        decompress: (bytes, length) => zlib.inflateRawSync(bytes, onePiece(length)),
      };

/** All at once; a piece that is just full would make zlib ask for another. */
function onePiece(length: number): { readonly chunkSize: number; readonly maxOutputLength: number } {
  return { chunkSize: Math.max(64, length + 1), maxOutputLength: Math.max(1, length) };
}

/** A guest as it stood at `ready`, and what is known of it. */
export interface CachedBoot {
  readonly facts: GuestFacts;
  readonly streams: boolean;
  /** Hash of the whole machine then, hexadecimal. */
  readonly state: string;
}

interface Head {
  readonly facts: GuestFacts;
  readonly state: string;
}

/** The boot's own random bytes and clock are constants: a booted guest is the same for everyone, and cached. */
export const BOOT_SEED = 'trapline boot';
export const BOOT_TIME = 946_684_800;
/** Of what is stored beside the machine. */
const HEAD_VERSION = 4;

const LENGTH_BYTES = 4;

/** What the key of a cached boot must name beyond the world's own: another core or snapshot format is another boot. */
export function bootKey(world: Pick<World, 'snapshotKey'>, machine: Readonly<Record<string, string | number>>): string {
  const core = createHash('sha256')
    .update(readFileSync(packageFile('dist/core.wasm')))
    .digest('hex');
  return world.snapshotKey({ ...machine, core, head: HEAD_VERSION, codec: CODEC.name });
}

/** Puts a booted guest back as it stood at `ready`; undefined when the cache has none. */
export function restoreBoot(guest: Guest, key: string): CachedBoot | undefined {
  const booted = new SnapshotCache().load(key);
  if (booted === undefined) return undefined;
  const { snapshot: bytes, streams } = booted;
  try {
    const length = new DataView(bytes.buffer, bytes.byteOffset).getUint32(0, true);
    const head = bytes.subarray(LENGTH_BYTES, LENGTH_BYTES + length);
    const { facts, state } = JSON.parse(new TextDecoder().decode(head)) as Head;
    restoreSnapshot(guest.machine, unpackSnapshot(bytes.subarray(LENGTH_BYTES + length), CODEC));
    return { facts, streams, state };
  } catch (error) {
    if (error instanceof UserError || error instanceof SyntaxError || error instanceof RangeError) return undefined;
    throw error;
  }
}

/** Keeps a guest that has just said `ready`. */
export function storeBoot(guest: Guest, key: string, streams: boolean): CachedBoot {
  const body = packSnapshot(takeSnapshot(guest.machine), CODEC);
  const kept: Head = { facts: readGuestFacts(guest.machine), state: stateHash(guest.machine) };
  const head = new TextEncoder().encode(JSON.stringify(kept));
  const length = new Uint8Array(Uint32Array.of(head.length).buffer);
  new SnapshotCache().store(key, { snapshot: Buffer.concat([length, head, body]), streams });
  return { ...kept, streams };
}
