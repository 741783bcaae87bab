// Programs run with and without watched memory, and what the core recorded of them.
import { expect } from 'vitest';
import { EXIT, REGION } from '../../../src/emu/layout.ts';
import {
  CAPTURE,
  CAPTURE_BYTES,
  CAPTURE_KIND,
  EXIT_BLOCK,
  PAGE_BLOCK,
  PAGE_BLOCK_BYTES,
  RECORD,
  RECORD_BYTES,
} from '../../../src/emu/monitor-layout.ts';
import { type RegisterRow, type WatchRow, writeWatches } from '../../../src/record/traps/watch-rows.ts';
import { Bench } from './bench.ts';

export const DATA = 0x8_0000;
const NEVER = 1_000_000_000;

export interface Event {
  readonly kind: number;
  readonly rip: number;
  readonly icount: number;
  readonly reason: number;
  readonly number: number;
  readonly source: number;
  readonly view: number;
  readonly right: number;
  readonly size: number;
  readonly linear: number;
  readonly physical: number;
  /** Which address the watch is about. */
  readonly watched: number;
  readonly value: bigint;
  readonly before: string;
  readonly after: string;
  readonly pages: readonly { linear: number; physical: number; flags: number; first: number | undefined }[];
}

/** Everything in the ring. */
export function events({ core }: Bench): Event[] {
  const { view, bytes } = core;
  const seen: Event[] = [];
  for (let at: number = REGION.ring.address; at < REGION.ring.address + Number(core.get64('ringHead')); ) {
    const captures = new Map<number, { at: number; address: number; text: string }>();
    const pages: Event['pages'][number][] = [];
    let place = at + RECORD_BYTES;
    for (let i = view.getUint32(at + RECORD.captureCount, true); i > 0; i--) {
      const length = view.getUint32(place + CAPTURE.length, true);
      const data = place + CAPTURE_BYTES;
      const kind = view.getUint16(place + CAPTURE.kind, true);
      const address = Number(view.getBigUint64(place + CAPTURE.address, true));
      captures.set(kind, { at: data, address, text: Buffer.from(bytes.slice(data, data + length)).toString('hex') });
      if (kind === CAPTURE_KIND.page)
        pages.push({
          linear: address,
          physical: Number(view.getBigUint64(data + PAGE_BLOCK.physical, true)),
          flags: view.getUint32(data + PAGE_BLOCK.flags, true),
          first: length > PAGE_BLOCK_BYTES ? view.getUint32(data + PAGE_BLOCK_BYTES, true) : undefined,
        });
      place = data + ((length + 7) & ~7);
    }
    const block = captures.get(CAPTURE_KIND.exit)?.at;
    const word = (offset: number): bigint => (block === undefined ? 0n : view.getBigUint64(block + offset, true));
    seen.push({
      kind: view.getUint16(at + RECORD.kind, true),
      rip: Number(view.getBigUint64(at + RECORD.rip, true)),
      icount: Number(view.getBigUint64(at + RECORD.icount, true)),
      reason: Number(word(EXIT_BLOCK.reason) & 0xffn),
      number: Number(word(EXIT_BLOCK.reason) >> 32n),
      source: Number(word(EXIT_BLOCK.errorCode) & 0xffn),
      view: Number((word(EXIT_BLOCK.errorCode) >> 16n) & 0xffffn),
      right: Number(word(EXIT_BLOCK.qualification) & 0xffn),
      size: Number(word(EXIT_BLOCK.qualification) >> 8n),
      linear: Number(word(EXIT_BLOCK.linear)),
      physical: Number(word(EXIT_BLOCK.physical)),
      watched: captures.get(CAPTURE_KIND.after)?.address ?? 0,
      value: word(EXIT_BLOCK.value),
      before: captures.get(CAPTURE_KIND.before)?.text ?? '',
      after: captures.get(CAPTURE_KIND.after)?.text ?? '',
      pages,
    });
    at += view.getUint32(at + RECORD.size, true);
  }
  return seen;
}

export function arm(
  { core }: Bench,
  control: number,
  memory: readonly WatchRow[],
  registers: readonly RegisterRow[] = [],
): void {
  writeWatches(core, { memory, registers, pages: { stint: NEVER, interval: 0 } });
  core.set('vmcsControls', control);
  core.set('monitorOn', 1);
  core.watchesChanged();
}

export const physical = (start: number, length: number, number = 0): WatchRow => ({
  kind: 'physical',
  start: BigInt(start),
  end: BigInt(start + length),
  number,
  filter: {},
});

export const linear = (start: number, length: number, filter: WatchRow['filter'] = {}): WatchRow => ({
  ...physical(start, length),
  kind: 'linear',
  filter,
});

/** The same program twice, with and without what `armed` does; the guest must not see the difference. */
export function both(
  prepare: (bench: Bench) => void,
  armed: (bench: Bench) => void,
  mode: 'long' | 'protected' = 'long',
): Event[] {
  const run = (trapped: boolean): Bench => {
    const bench = new Bench(mode);
    prepare(bench);
    if (trapped) armed(bench);
    expect(bench.run(100_000)).toBe(EXIT.halt);
    return bench;
  };
  const plain = run(false);
  const trapped = run(true);
  expect(trapped.picture()).toBe(plain.picture());
  expect(events(plain)).toEqual([]);
  return events(trapped);
}
