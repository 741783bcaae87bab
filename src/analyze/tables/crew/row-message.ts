/** Rows on their way from one thread to another: their memory is shared, and long texts go once each. */
import type { ColumnRows } from '../column-buffer.ts';
import type { RowSource } from '../row-buffer.ts';

interface LongTexts {
  /** Rows in order, and which text each has. */
  readonly rows: Uint32Array;
  readonly texts: Uint32Array;
  /** Where each text ends in `bytes`. */
  readonly ends: Uint32Array;
  readonly bytes: Uint8Array;
}

interface ColumnMessage {
  readonly bytes: Uint8Array;
  readonly validity: Uint8Array;
  readonly long: LongTexts | undefined;
}

export interface RowMessage {
  readonly rows: number;
  readonly columns: readonly ColumnMessage[];
}

export function packRows({ rows, columns }: RowSource): RowMessage {
  return { rows, columns: columns.map(packColumn) };
}

function packColumn({ bytes, validity, longRows, longValues }: ColumnRows): ColumnMessage {
  return { bytes, validity, long: longValues?.length ? packTexts(longRows!, longValues) : undefined };
}

function packTexts(rows: ArrayLike<number>, values: readonly Uint8Array[]): LongTexts {
  // The same text is the same array, mostly.
  const known = new Map<Uint8Array, number>();
  const texts = Uint32Array.from(values, (value) => {
    const number = known.get(value) ?? known.size;
    known.set(value, number);
    return number;
  });
  const ends = new Uint32Array(known.size);
  const lengths = [...known.keys()].reduce((sum, { length }) => sum + length, 0);
  const bytes = new Uint8Array(lengths);
  let end = 0;
  for (const [text, number] of known) {
    bytes.set(text, end);
    end += text.length;
    ends[number] = end;
  }
  return { rows: Uint32Array.from(rows), texts, ends, bytes };
}

export function unpackRows({ rows, columns }: RowMessage): RowSource {
  return { rows, columns: columns.map(unpackColumn) };
}

function unpackColumn({ bytes, validity, long }: ColumnMessage): ColumnRows {
  if (long === undefined) return { bytes, validity };
  const values = Array.from(long.ends, (end, i) => long.bytes.subarray(long.ends[i - 1] ?? 0, end));
  return { bytes, validity, longRows: long.rows, longValues: Array.from(long.texts, (text) => values[text]!) };
}

/** Bytes that rows have in memory. */
export function sizeOf({ columns }: RowMessage): number {
  return columns.reduce(
    (sum, { bytes, long }) =>
      sum + bytes.buffer.byteLength + (long === undefined ? 0 : long.bytes.length + 8 * long.rows.length),
    0,
  );
}
