/** The dictionaries of an `EventChunk`: what the numbers in its columns stand for. */
import { ColumnError, ColumnReader } from './bytes.ts';
import { REGISTER_COUNT } from './event.ts';

export interface Sites {
  readonly kind: Uint16Array;
  readonly flags: Uint16Array;
  readonly cpl: Uint8Array;
  readonly vcpu: Uint8Array;
  readonly mechanism: Uint8Array;
  readonly abi: Uint8Array;
  /** Two words a site. */
  readonly rip: Uint32Array;
}

/** Task pointers by row. */
export function decodeTasks(dictionary: Uint8Array): bigint[] {
  const column = new ColumnReader(dictionary);
  const tasks: bigint[] = [];
  while (!column.atEnd) {
    column.raw64();
    tasks.push((BigInt(column.high >>> 0) << 32n) | BigInt(column.low >>> 0));
  }
  return tasks;
}

/** Sites by row. */
export function decodeSites(dictionary: Uint8Array): Sites {
  const column = new ColumnReader(dictionary);
  const numbers: number[] = [];
  const rips: number[] = [];
  let ripLow = 0;
  let ripHigh = 0;
  while (!column.atEnd) {
    numbers.push(column.varint(), column.varint(), column.byte(), column.byte(), column.byte(), column.byte());
    column.difference64(ripLow, ripHigh);
    ripLow = column.low;
    ripHigh = column.high;
    rips.push(ripLow, ripHigh);
  }
  const count = rips.length / 2;
  const sites: Sites = {
    kind: new Uint16Array(count),
    flags: new Uint16Array(count),
    cpl: new Uint8Array(count),
    vcpu: new Uint8Array(count),
    mechanism: new Uint8Array(count),
    abi: new Uint8Array(count),
    rip: Uint32Array.from(rips),
  };
  for (let site = 0, at = 0; site < count; site++) {
    sites.kind[site] = numbers[at++]!;
    sites.flags[site] = numbers[at++]!;
    sites.cpl[site] = numbers[at++]!;
    sites.vcpu[site] = numbers[at++]!;
    sites.mechanism[site] = numbers[at++]!;
    sites.abi[site] = numbers[at++]!;
  }
  return sites;
}

/** Codings of an event's registers. */
export interface Patterns {
  /** Rows of the dictionary. Pattern i is row i - 1; pattern 0 is all zeros. */
  readonly count: number;
  /** Two words a pattern, pattern 0 included. */
  readonly words: Uint32Array;
}

export function decodePatterns(dictionary: Uint8Array): Patterns {
  const count = dictionary.length >>> 3;
  if (dictionary.length !== 8 * count) throw new ColumnError('a column ends early');
  const bytes = new Uint8Array(8 * (count + 1));
  bytes.set(dictionary, 8);
  // Little-endian, as every machine is that this runs on.
  const words = new Uint32Array(bytes.buffer);
  for (let at = 3; at < words.length; at += 2) {
    if (words[at]! >>> (2 * (REGISTER_COUNT - 16)) !== 0) throw new ColumnError('a pattern names no register');
  }
  return { count, words };
}

/** The codes of one register by pattern. */
export function registerCodes({ count, words }: Patterns, register: number): Uint8Array {
  const codes = new Uint8Array(count + 1);
  const half = register < 16 ? 0 : 1;
  const shift = 2 * (register & 15);
  for (let pattern = 1; pattern <= count; pattern++) codes[pattern] = (words[2 * pattern + half]! >>> shift) & 3;
  return codes;
}
