import { UserError } from '../emu/errors.ts';
import type { Snapshot } from '../emu/snapshot.ts';
import type { StatePart } from '../trace/messages.ts';

const PAGE = 4096;

/** A whole machine out of a trace, with the hash (hexadecimal) that it must have. */
export interface StoredState {
  readonly snapshot: Snapshot;
  readonly icount: number;
  readonly stateSha256: string;
}

/**
 * The first state among the parts, of a machine with `memory` bytes; undefined when there are no parts. Throws
 * UserError when some of it is missing.
 */
export function assembleSnapshot(parts: Iterable<StatePart>, memory: number): StoredState | undefined {
  let machine: Uint8Array | undefined;
  const pages: number[] = [];
  const contents: Uint8Array[] = [];
  let begun = false;
  for (const { section, offset, data, last, stateSha256, icount } of parts) {
    begun = true;
    if (section === 'machine') machine = data;
    else if (section === 'ram') {
      for (let at = 0; at < data.length; at += PAGE) pages.push((offset + at) / PAGE);
      contents.push(data);
    }
    if (!last) continue;
    if (machine === undefined) break;
    const snapshot = {
      state: machine,
      ramSize: memory,
      pages: Uint32Array.from(pages),
      contents: new Uint8Array(Buffer.concat(contents)),
    };
    return { snapshot, icount, stateSha256: Buffer.from(stateSha256).toString('hex') };
  }
  if (begun) throw new UserError("the trace's snapshot is not whole");
  return undefined;
}
