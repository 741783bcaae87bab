import { createHash } from 'node:crypto';
import type { Machine } from './machine.ts';
import { machineState, usedPages } from './snapshot.ts';
import { encodeState } from './state-codec.ts';

const PAGE = 4096;

/**
 * SHA-256 (hex) over the architectural state, the devices and RAM: equal for two runs that did the same, whatever was
 * trapped, cached or decoded on the way. Pages of zeros don't count.
 */
export function stateHash(machine: Machine): string {
  const hash = createHash('sha256');
  hash.update(encodeState(machineState(machine)));
  const number = new Uint8Array(4);
  const { ram } = machine.core;
  for (const page of usedPages(machine)) {
    new DataView(number.buffer).setUint32(0, page, true);
    hash.update(number);
    // The digest reads ordinary memory only; the page is copied out of the shared one.
    hash.update(ram.slice(page * PAGE, (page + 1) * PAGE));
  }
  return hash.digest('hex');
}
