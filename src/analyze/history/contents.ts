/** What memory held at a moment, as far as recorded writes tell. */
import type { TraceModel } from '../model/trace-model.ts';
import type { MemoryPlace } from './place.ts';
import { type PlacedWrite, WHOLE_TRACE, writesTo } from './write-history.ts';

export interface Contents {
  readonly bytes: Uint8Array;
  /** 1 where a byte is known. */
  readonly known: Uint8Array;
  /** The last write that it was put together from. */
  readonly last: PlacedWrite | undefined;
  /** A later event says that it changed before it: what it holds at the moment itself may be newer. */
  readonly staleUntil: PlacedWrite | undefined;
}

/** Puts the bytes of a write where they belong; only where nothing is known yet, if `behind`. */
function lay(contents: Contents, { offset }: PlacedWrite, source: Uint8Array | undefined, behind: boolean): void {
  if (source === undefined) return;
  for (let i = Math.max(0, -offset); i < source.length && offset + i < contents.bytes.length; i++) {
    const at = offset + i;
    if (behind && contents.known[at] === 1) continue;
    contents.bytes[at] = source[i]!;
    contents.known[at] = 1;
  }
}

/** `length` bytes of a place as they were after event `at`. */
export function contentsAt(model: TraceModel, place: MemoryPlace, length: number, at: number): Contents {
  return contentsOf(writesTo(model, place, WHOLE_TRACE), length, at);
}

/** The same, put together from the writes to the place: all of them in order, from the last one of its whole content on. */
export function contentsOf(writes: Iterable<PlacedWrite>, length: number, at: number): Contents {
  const contents = { bytes: new Uint8Array(length), known: new Uint8Array(length) };
  let last: PlacedWrite | undefined;
  let staleUntil: PlacedWrite | undefined;
  for (const placed of writes) {
    const { write, event } = placed;
    const result: Contents = { ...contents, last, staleUntil };
    if (event <= at) {
      lay(result, placed, write.content ?? write.after, false);
      last = placed;
    } else if (write.kind !== 'write') {
      // The page was dirtied somewhere between its event before and this one.
      if (write.changed !== false) staleUntil ??= placed;
    } else if (staleUntil === undefined) lay(result, placed, write.before, true);
  }
  return { ...contents, last, staleUntil };
}
