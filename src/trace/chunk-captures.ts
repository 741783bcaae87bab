/** The captures of an `EventChunk` as columns. */
import { ColumnError, ColumnReader, finished } from './bytes.ts';
import type { RegisterColumns } from './chunk-registers.ts';
import { decodeVarints } from './column-decoder.ts';
import type { ColumnMemory } from './column-memory.ts';
import type { trapline } from './generated/trace.js';

/** What captures are of: a dictionary, as there are few. */
export interface CaptureShapes {
  readonly argument: Uint16Array;
  readonly kind: Uint16Array;
  readonly status: Uint32Array;
}

export interface Captures {
  /** Captures of event i: from row first[i] up to row first[i + 1]. */
  readonly first: Uint32Array;
  /** Capture i's row of `shapes`. */
  readonly shape: Uint32Array;
  readonly shapes: CaptureShapes;
  readonly length: Uint32Array;
  readonly fullLength: Uint32Array;
  /** Where its bytes stand in `bytes` and in `view`. */
  readonly offset: Uint32Array;
  readonly bytes: Uint8Array;
  readonly view: DataView;
}

/** Decodes the captures of `count` events, but for their addresses. Throws ColumnError. */
export function decodeCaptures(memory: ColumnMemory, message: trapline.EventChunk, count: number): Captures {
  const first = decodeFirst(memory, message, count);
  const total = first[count]!;
  // A shape takes a byte of its column at least.
  if (total > message.captureShape.length) throw new ColumnError('a column ends early');
  const shapes = decodeShapes(message);
  const shape = decodeVarints(memory, message.captureShape, total, shapes.kind.length);
  const length = decodeVarints(memory, message.captureLength, total);
  const bytes = message.captureBytes;
  return {
    first,
    shape,
    shapes,
    length,
    fullLength: decodeFullLengths(memory, message, length),
    offset: offsets(memory, length, bytes.length),
    bytes,
    view: new DataView(bytes.buffer, bytes.byteOffset, bytes.length),
  };
}

/** Guest-virtual addresses of captures, two words each. Throws ColumnError. */
export function decodeAddresses(
  memory: ColumnMemory,
  message: trapline.EventChunk,
  captures: Captures,
  registers: RegisterColumns,
): Uint32Array {
  const sources = new ColumnReader(message.captureAddressSource);
  const column = new ColumnReader(message.captureAddress);
  const { first } = captures;
  const addresses = memory.words(2 * captures.shape.length);
  let low = 0;
  let high = 0;
  for (let row = 0; row < first.length - 1; row++) {
    for (let i = first[row]!; i < first[row + 1]!; i++) {
      const source = sources.byte();
      if (source > 16) throw new ColumnError('an address comes from no register');
      if (source === 0) {
        column.difference64(low, high);
        low = column.low;
        high = column.high;
      } else {
        const register = registers.column(source - 1);
        low = register[2 * row]!;
        high = register[2 * row + 1]!;
      }
      addresses[2 * i] = low;
      addresses[2 * i + 1] = high;
    }
  }
  finished(sources, column);
  return addresses;
}

function decodeFirst(memory: ColumnMemory, message: trapline.EventChunk, count: number): Uint32Array {
  const counts = decodeVarints(memory, message.captureCount, count);
  const sums = memory.words(count + 1);
  let total = 0;
  sums[0] = 0;
  for (let i = 0; i < count; i++) {
    total += counts[i]!;
    // Before it wraps around: no column is that long.
    if (total > message.captureShape.length) throw new ColumnError('a column ends early');
    sums[i + 1] = total;
  }
  return sums;
}

/** What captures of a chunk are of. Throws ColumnError. */
export function decodeShapes(message: trapline.EventChunk): CaptureShapes {
  const dictionary = new ColumnReader(message.captureShapeDictionary);
  const shapes: number[] = [];
  while (!dictionary.atEnd) shapes.push(dictionary.varint(), dictionary.varint(), dictionary.varint());
  const field = (index: number): number[] => shapes.filter((_, i) => i % 3 === index);
  return {
    argument: Uint16Array.from(field(0)),
    kind: Uint16Array.from(field(1)),
    status: Uint32Array.from(field(2)),
  };
}

/** A difference to the length of what was captured. */
function decodeFullLengths(memory: ColumnMemory, message: trapline.EventChunk, length: Uint32Array): Uint32Array {
  const missing = new ColumnReader(message.captureMissing).differences();
  if (missing.length !== 2 * length.length) throw new ColumnError('a column does not fit its captures');
  const full = memory.words(length.length);
  for (let i = 0; i < full.length; i++) full[i] = length[i]! + missing[2 * i]!;
  return full;
}

function offsets(memory: ColumnMemory, length: Uint32Array, total: number): Uint32Array {
  const offset = memory.words(length.length);
  let end = 0;
  for (let i = 0; i < length.length; i++) {
    offset[i] = end;
    end += length[i]!;
  }
  if (end !== total) throw new ColumnError('captured bytes are missing');
  return offset;
}
