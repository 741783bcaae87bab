import { UsageError } from '../emu/errors.ts';
import type { EventChunk } from '../trace/event-chunk.ts';

/** A moment of a trace. */
export type TraceMoment =
  | { readonly by: 'icount'; readonly value: number }
  /** Virtual nanoseconds. */
  | { readonly by: 'time'; readonly value: number }
  | { readonly by: 'event'; readonly value: number };

/** A part of a trace, both ends included. */
export interface Window {
  readonly from?: TraceMoment;
  readonly to?: TraceMoment;
}

const UNITS: Readonly<Record<string, number>> = { s: 1e9, ms: 1e6, us: 1e3, ns: 1 };

/** An instruction count (`123456`), a time (`1.25s`, `300ms`) or an event (`#1234`). Throws UsageError. */
export function parseMoment(text: string, flag: string): TraceMoment {
  const match = /^(?:#(\d+)|(\d+)|(\d+(?:\.\d+)?)(s|ms|us|ns))$/.exec(text);
  if (match === null)
    throw new UsageError(`${flag} ${text}: use an instruction count, a time like 1.25s or an event like #1234`);
  const [, event, icount, amount, unit] = match;
  if (event !== undefined) return { by: 'event', value: Number(event) };
  if (icount !== undefined) return { by: 'icount', value: Number(icount) };
  return { by: 'time', value: Number(amount) * UNITS[unit!]! };
}

function position(chunk: EventChunk, row: number, by: TraceMoment['by']): number {
  if (by === 'event') return chunk.firstEvent + row;
  return by === 'icount' ? chunk.icount(row) : chunk.time(row);
}

/** Says of each row whether it lies in the window; undefined: all do. */
export function windowPredicate({ from, to }: Window): ((chunk: EventChunk, row: number) => boolean) | undefined {
  if (from === undefined && to === undefined) return undefined;
  return (chunk, row) =>
    (from === undefined || position(chunk, row, from.by) >= from.value) &&
    (to === undefined || position(chunk, row, to.by) <= to.value);
}
