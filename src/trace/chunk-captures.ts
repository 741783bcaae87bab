/** The captures of an `EventChunk` as columns. */
import { ColumnError, ColumnReader, finished } from './bytes.ts';
import { REGISTER_WORDS } from './event.ts';
import type { trapline } from './generated/trace.js';

export interface Captures {
  /** Captures of event i: from row first[i] up to row first[i + 1]. */
  readonly first: Uint32Array;
  readonly argument: Uint16Array;
  readonly kind: Uint16Array;
  readonly status: Uint32Array;
  /** Two words a capture. */
  readonly address: Uint32Array;
  readonly length: Uint32Array;
  readonly fullLength: Uint32Array;
  readonly offset: Uint32Array;
  readonly bytes: Uint8Array;
}

/** Decodes the captures of `count` events whose registers are `registers`. Throws ColumnError. */
export function decodeCaptures(message: trapline.EventChunk, count: number, registers: Uint32Array): Captures {
  const counts = new ColumnReader(message.captureCount);
  const first = new Uint32Array(count + 1);
  let total = 0;
  for (let i = 0; i < count; i++) {
    first[i] = total;
    total += counts.varint();
  }
  first[count] = total;
  finished(counts);
  // A shape takes a byte of its column at least.
  if (total > message.captureShape.length) throw new ColumnError('a column ends early');
  const captures = {
    first,
    argument: new Uint16Array(total),
    kind: new Uint16Array(total),
    status: new Uint32Array(total),
    address: new Uint32Array(2 * total),
    length: new Uint32Array(total),
    fullLength: new Uint32Array(total),
    offset: new Uint32Array(total),
    bytes: message.captureBytes,
  };
  decodeShapes(message, captures);
  decodeAddresses(message, captures, registers);
  decodeLengths(message, captures);
  return captures;
}

function decodeShapes(message: trapline.EventChunk, captures: Captures): void {
  const dictionary = new ColumnReader(message.captureShapeDictionary);
  const shapes: number[] = [];
  while (!dictionary.atEnd) shapes.push(dictionary.varint(), dictionary.varint(), dictionary.varint());
  const column = new ColumnReader(message.captureShape);
  for (let i = 0; i < captures.kind.length; i++) {
    const at = 3 * column.varint();
    if (at >= shapes.length) throw new ColumnError('a capture is not in the dictionary');
    captures.argument[i] = shapes[at]!;
    captures.kind[i] = shapes[at + 1]!;
    captures.status[i] = shapes[at + 2]!;
  }
  finished(column);
}

function decodeAddresses(message: trapline.EventChunk, captures: Captures, registers: Uint32Array): void {
  const sources = new ColumnReader(message.captureAddressSource);
  const column = new ColumnReader(message.captureAddress);
  let low = 0;
  let high = 0;
  for (let row = 0; row < captures.first.length - 1; row++) {
    for (let i = captures.first[row]!; i < captures.first[row + 1]!; i++) {
      const source = sources.byte();
      if (source > 16) throw new ColumnError('an address comes from no register');
      if (source === 0) {
        column.difference64(low, high);
        low = column.low;
        high = column.high;
      } else {
        const at = row * REGISTER_WORDS + 2 * (source - 1);
        low = registers[at]!;
        high = registers[at + 1]!;
      }
      captures.address[2 * i] = low;
      captures.address[2 * i + 1] = high;
    }
  }
  finished(sources, column);
}

function decodeLengths(message: trapline.EventChunk, captures: Captures): void {
  const lengths = new ColumnReader(message.captureLength);
  const missing = new ColumnReader(message.captureMissing);
  let offset = 0;
  for (let i = 0; i < captures.length.length; i++) {
    const length = lengths.varint();
    missing.difference64(length, 0);
    captures.length[i] = length;
    captures.fullLength[i] = missing.low;
    captures.offset[i] = offset;
    offset += length;
  }
  finished(lengths, missing);
  if (offset !== captures.bytes.length) throw new ColumnError('captured bytes are missing');
}
