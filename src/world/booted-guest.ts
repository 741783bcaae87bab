import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { deflateRawSync, inflateRawSync } from 'node:zlib';
import { UserError } from '../emu/errors.ts';
import { packSnapshot, restoreSnapshot, takeSnapshot, unpackSnapshot } from '../emu/snapshot.ts';
import type { Guest } from './guest.ts';
import { type GuestFacts, readGuestFacts } from './guest-facts.ts';
import { SnapshotCache, type World } from './index.ts';

/** Fast rather than small: it is read at every start. */
const CODEC = {
  compress: (bytes: Uint8Array): Uint8Array => deflateRawSync(bytes, { level: 1 }),
  decompress: (bytes: Uint8Array): Uint8Array => inflateRawSync(bytes),
};

interface CachedBoot {
  readonly facts: GuestFacts;
  readonly streams: boolean;
}

const LENGTH_BYTES = 4;

/** What the key of a cached boot must name beyond the world's own: another core or snapshot format is another boot. */
export function bootKey(world: World, machine: Readonly<Record<string, string | number>>): string {
  const core = createHash('sha256')
    .update(readFileSync(new URL('../../dist/core.wasm', import.meta.url)))
    .digest('hex');
  return world.snapshotKey({ ...machine, core });
}

/** Puts a booted guest back as it stood at `ready`; undefined when the cache has none. */
export function restoreBoot(guest: Guest, key: string): CachedBoot | undefined {
  const booted = new SnapshotCache().load(key);
  if (booted === undefined) return undefined;
  const { snapshot: bytes, streams } = booted;
  try {
    const length = new DataView(bytes.buffer, bytes.byteOffset).getUint32(0, true);
    const head = bytes.subarray(LENGTH_BYTES, LENGTH_BYTES + length);
    const facts = JSON.parse(new TextDecoder().decode(head)) as GuestFacts;
    restoreSnapshot(guest.machine, unpackSnapshot(bytes.subarray(LENGTH_BYTES + length), CODEC));
    return { facts, streams };
  } catch (error) {
    if (error instanceof UserError || error instanceof SyntaxError || error instanceof RangeError) return undefined;
    throw error;
  }
}

/** Keeps a guest that has just said `ready`. */
export function storeBoot(guest: Guest, key: string, streams: boolean): CachedBoot {
  const cached: CachedBoot = { facts: readGuestFacts(guest.machine), streams };
  const head = new TextEncoder().encode(JSON.stringify(cached.facts));
  const length = new Uint8Array(Uint32Array.of(head.length).buffer);
  const body = packSnapshot(takeSnapshot(guest.machine), CODEC);
  new SnapshotCache().store(key, { snapshot: Buffer.concat([length, head, body]), streams });
  return cached;
}
