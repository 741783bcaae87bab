/** Calls of a chunk by what they are, readable without its events: `CallIndex` in proto/trace.proto. */
import { ColumnReader, ColumnWriter } from './bytes.ts';
import { crc32c } from './crc32c.ts';
import { trapline } from './generated/trace.js';

/** The calls of one kind. */
export interface CallGroup {
  /** By its `callKey`. */
  readonly call: number;
  /** How many there are. */
  readonly count: number;
  /** Entries and returns of such calls in the chunk that are not of these. */
  readonly others: number;
  /** Where they lie among all calls of the chunk. */
  readonly offset: number;
  readonly length: number;
  /** CRC-32C of their bytes. */
  readonly crc: number;
}

/** What a writer tells of the calls of one kind. */
export interface CallGroupContent extends Pick<CallGroup, 'call' | 'count' | 'others'> {
  readonly bytes: Uint8Array;
}

/** `groups` are kept in the trace's index too. */
export interface CallIndex {
  /** Of the chunk. */
  readonly firstEvent: number;
  readonly groups: Uint8Array;
  readonly calls: Uint8Array;
}

/** Groups ascending by `call`; their bytes lie one behind the other in `calls`. */
export function packGroups(groups: readonly CallGroupContent[]): Uint8Array {
  const column = new ColumnWriter();
  for (const { call, count, others, bytes } of groups) {
    for (const value of [call, count, others, bytes.length, crc32c(bytes)]) column.varint(value);
  }
  return column.take();
}

/** Throws ColumnError when they are damaged. */
export function unpackGroups(groups: Uint8Array): CallGroup[] {
  const unpacked: CallGroup[] = [];
  let offset = 0;
  for (const column = new ColumnReader(groups); !column.atEnd; ) {
    const [call, count, others, length] = [column.varint(), column.varint(), column.varint(), column.varint()];
    unpacked.push({ call, count, others, offset, length, crc: column.varint() >>> 0 });
    offset += length;
  }
  return unpacked;
}

export function encodeCallIndex(index: CallIndex): Uint8Array {
  return trapline.CallIndex.encode(index).finish();
}

export function decodeCallIndex(payload: Uint8Array): CallIndex {
  const { firstEvent, groups, calls } = trapline.CallIndex.decode(payload);
  return { firstEvent, groups, calls };
}
