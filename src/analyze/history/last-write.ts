import { PAGE_BYTES } from './memory-writes.ts';
import type { PageChanges } from './page-changes.ts';
import type { PlacedWrite } from './write-history.ts';

const PAGE_OFFSET = BigInt(PAGE_BYTES - 1);

/** A write, and what its page held before. */
export interface WriteWithPast {
  readonly placed: PlacedWrite;
  readonly past: Uint8Array | undefined;
}

/**
 * The write that gave a place of `length` bytes (undefined: not known how many) what it holds after all of them. A page
 * that is recorded as a whole counts only if something changed at the place. Of those who dirtied a page whose content was
 * recorded later it is the last one.
 */
export function lastWrite(
  writes: Iterable<PlacedWrite>,
  length: number | undefined,
  changes: PageChanges,
): WriteWithPast | undefined {
  const held = new Held(length);
  let last: WriteWithPast | undefined;
  /** Dirtied the page, and it is not recorded yet whether something changed at the place. */
  let open: WriteWithPast | undefined;
  for (const placed of writes) {
    const { kind, changed } = placed.write;
    const past = changes.note(placed.write);
    if (kind === 'page' && changed === undefined) open = { placed, past };
    else {
      const isNew = held.take(placed);
      if (last === undefined || (changed && isNew)) last = (kind === 'content' ? open : undefined) ?? { placed, past };
      open = undefined;
    }
  }
  return open ?? last;
}

/** What bytes of the place are known to hold, by their physical addresses. */
class Held {
  readonly #length: number;
  readonly #bytes = new Map<number, number>();

  constructor(length: number | undefined) {
    this.#length = length ?? Infinity;
  }

  /** Whether a write changed one of them, or may have. */
  take({ write, offset }: PlacedWrite): boolean {
    const source = write.content ?? write.after;
    if (source === undefined) return true;
    let isNew = write.kind === 'write';
    const physical = Number(write.kind !== 'write' ? write.physical & ~PAGE_OFFSET : write.physical);
    const end = Math.min(source.length, this.#length - offset);
    for (let i = Math.max(0, -offset); i < end; i++) {
      const value = source[i]!;
      if (this.#bytes.get(physical + i) === value) continue;
      this.#bytes.set(physical + i, value);
      isNew = true;
    }
    return isNew;
  }
}
