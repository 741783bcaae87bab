import { type MemoryWrite, PAGE_BYTES } from './memory-writes.ts';

/** What pages held, from one recorded content to the next. */
export class PageChanges {
  readonly #last = new Map<bigint, Uint8Array>();

  /** Takes a write; gives back what its page held before, as far as that was recorded. */
  note({ physical, content }: MemoryWrite): Uint8Array | undefined {
    const page = physical / BigInt(PAGE_BYTES);
    const before = this.#last.get(page);
    if (content !== undefined) this.#last.set(page, content);
    return before;
  }
}

/** What changed in a page, in words; of one that is seen for the first time nothing is known that it could have changed from. */
export function changeText({ content, changed }: MemoryWrite, before: Uint8Array | undefined): string {
  if (changed === undefined) return "written; content at the interval's end";
  if (content === undefined) return changed ? 'changed' : 'written, with the same content';
  if (before === undefined) return 'first content';
  const places = Array.from(content.keys()).filter((at) => content[at] !== before[at]);
  if (places.length === 0) return 'the same content';
  const [first, last] = [places[0]!, places.at(-1)!];
  return `${places.length} ${places.length === 1 ? 'byte' : 'bytes'} changed, +0x${first.toString(16)} to +0x${last.toString(16)}`;
}
