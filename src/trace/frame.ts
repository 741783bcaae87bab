/** One frame of a trace file: 64 bytes of header, then the payload. The layout stands in proto/trace.proto. */
import { createHash } from 'node:crypto';
import { crc32c } from './crc32c.ts';
import { zstd } from './zstd.ts';

export const FRAME_KIND = {
  header: 1,
  events: 2,
  snapshot: 3,
  inputs: 4,
  checkpoint: 5,
  profile: 6,
  index: 7,
  end: 8,
  calls: 9,
} as const;
/** Parts of these are read alone. */
const UNPACKED: readonly number[] = [FRAME_KIND.calls];

const KIND_NAMES: ReadonlyMap<number, string> = new Map(Object.entries(FRAME_KIND).map(([name, kind]) => [kind, name]));

/** What messages call a kind of frame; kinds of later versions go by number. */
export function frameKindName(kind: number): string {
  return KIND_NAMES.get(kind) ?? `kind ${kind}`;
}

export const FRAME_HEADER_BYTES = 64;
/** "TRF" and the version of the frame layout. */
export const FRAME_MARKER = Uint8Array.of(0x54, 0x52, 0x46, 0x01);
const FLAG_ZSTD = 1;
/** No payload is longer, packed or not: a reader never allocates more for a frame. */
export const PAYLOAD_LIMIT = 0x3fff_ffff;
/** zstd level: higher ones gain a few percent and cost the writer its pace. */
const PAYLOAD_LEVEL = 3;

const AT = { kind: 4, flags: 6, number: 8, length: 12, rawLength: 16, payloadCrc: 20, previous: 24, headerCrc: 60 };

/** What a frame's header says. */
export interface FrameHeader {
  readonly kind: number;
  readonly flags: number;
  readonly number: number;
  /** Bytes of payload in the file. */
  readonly length: number;
  /** Bytes of payload after decompression. */
  readonly rawLength: number;
  readonly payloadCrc: number;
  /** SHA-256 of the frame before. */
  readonly previous: Uint8Array;
}

/** A frame as it stands in the file, and the hash that the next one carries. */
export interface PackedFrame {
  readonly header: Uint8Array;
  readonly payload: Uint8Array;
  readonly hash: Uint8Array;
}

/** SHA-256 over header and payload. */
export function hashFrame(header: Uint8Array, payload: Uint8Array): Uint8Array {
  return createHash('sha256').update(header).update(payload).digest();
}

/** Compresses a payload (where that makes it shorter and its kind may be) and puts the header before it. Throws RangeError over PAYLOAD_LIMIT. */
export function packFrame(kind: number, number: number, raw: Uint8Array, previous: Uint8Array): PackedFrame {
  if (raw.length > PAYLOAD_LIMIT) throw new RangeError(`a frame of ${raw.length} bytes is too long`);
  const packed = UNPACKED.includes(kind) ? raw : zstd.compress(raw, PAYLOAD_LEVEL);
  const compressed = packed.length < raw.length;
  const payload = compressed ? packed : raw;
  const header = new Uint8Array(FRAME_HEADER_BYTES);
  const view = new DataView(header.buffer);
  header.set(FRAME_MARKER);
  view.setUint16(AT.kind, kind, true);
  view.setUint16(AT.flags, compressed ? FLAG_ZSTD : 0, true);
  view.setUint32(AT.number, number, true);
  view.setUint32(AT.length, payload.length, true);
  view.setUint32(AT.rawLength, raw.length, true);
  view.setUint32(AT.payloadCrc, crc32c(payload), true);
  header.set(previous, AT.previous);
  view.setUint32(AT.headerCrc, crc32c(header.subarray(0, AT.headerCrc)), true);
  return { header, payload, hash: hashFrame(header, payload) };
}

/** Reads a header; undefined when the bytes are none, or damaged. */
export function parseFrameHeader(bytes: Uint8Array): FrameHeader | undefined {
  if (bytes.length < FRAME_HEADER_BYTES || FRAME_MARKER.some((byte, i) => bytes[i] !== byte)) return undefined;
  const view = new DataView(bytes.buffer, bytes.byteOffset, FRAME_HEADER_BYTES);
  if (view.getUint32(AT.headerCrc, true) !== crc32c(bytes.subarray(0, AT.headerCrc))) return undefined;
  return {
    kind: view.getUint16(AT.kind, true),
    flags: view.getUint16(AT.flags, true),
    number: view.getUint32(AT.number, true),
    length: view.getUint32(AT.length, true),
    rawLength: view.getUint32(AT.rawLength, true),
    payloadCrc: view.getUint32(AT.payloadCrc, true),
    previous: bytes.slice(AT.previous, AT.previous + 32),
  };
}

/** The payload decompressed, or what is wrong with it; its checksum is taken as checked. */
export function unpackPayload(header: FrameHeader, payload: Uint8Array): Uint8Array | string {
  if (header.length > PAYLOAD_LIMIT || header.rawLength > PAYLOAD_LIMIT) return 'the payload is longer than any may be';
  if ((header.flags & ~FLAG_ZSTD) !== 0) return 'the payload is packed in an unknown way';
  if ((header.flags & FLAG_ZSTD) === 0) {
    return header.length === header.rawLength ? payload : 'the payload does not have its length';
  }
  try {
    return zstd.decompress(payload, header.rawLength);
  } catch {
    return 'the payload does not decompress';
  }
}
