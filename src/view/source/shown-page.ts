import { type StyledLine, segment } from '../tone.ts';
import { BYTES_A_LINE, hexDump } from './hex-dump.ts';
import { grouped } from './numbers.ts';
import type { PageHistory, PageVersion } from './page-history.ts';

/** A page at one of its versions, as lines. */
export class ShownPage {
  readonly history: PageHistory;
  readonly at: number;
  /** Bytes as hex and text; what is not known is told once for as long as it goes on. */
  readonly lines: readonly StyledLine[];
  /** The first line with a byte that this version changed. */
  readonly changedLine: number;

  constructor(history: PageHistory, at: number) {
    this.history = history;
    this.at = at;
    const { bytes, known, changed } = history.content(at);
    const isKnown = (i: number): boolean => known[i] === 1;
    const all = hexDump(bytes, history.place.address, (i) => changed[i] === 1, isKnown);
    const lines: StyledLine[] = [];
    const change = Math.floor(Math.max(0, changed.indexOf(1)) / BYTES_A_LINE);
    let changedLine = 0;
    for (let i = 0; i < all.length; ) {
      let end = i;
      while (end < all.length && !known.subarray(end * BYTES_A_LINE, (end + 1) * BYTES_A_LINE).includes(1)) end++;
      if (i === change) changedLine = lines.length;
      if (end > i) lines.push([segment(`  ... ${grouped((end - i) * BYTES_A_LINE)} bytes that are not known`, 'dim')]);
      else lines.push(all[end++]!);
      i = end;
    }
    this.lines = lines;
    this.changedLine = changedLine;
  }

  get version(): PageVersion | undefined {
    return this.history.versions[this.at];
  }
}
