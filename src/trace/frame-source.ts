/** The frames of a file for reading: found by `scan.ts`, checked one by one as they are read. */
import { closeSync, fstatSync, openSync } from 'node:fs';
import { crc32c } from './crc32c.ts';
import { FRAME_HEADER_BYTES, hashFrame, unpackPayload } from './frame.ts';
import { type Finding, frameName, readInto, type Scan, type ScannedFrame, scanFrames } from './scan.ts';

/** Frames up to this size are read into the same memory, one after the other: new memory costs more than reading does. */
const ROOM = 2 << 20;

export class FrameSource {
  readonly size: number;
  readonly scan: Scan;
  readonly #file: number;
  readonly #findings: Finding[];
  readonly #reported = new Set<number>();
  readonly #checked = new Set<number>();
  #room: Uint8Array | undefined;

  /** Throws the system's error when the file can't be read. */
  constructor(path: string) {
    this.#file = openSync(path, 'r');
    try {
      this.size = fstatSync(this.#file).size;
      this.scan = scanFrames(this.#file, this.size);
    } catch (error) {
      closeSync(this.#file);
      throw error;
    }
    this.#findings = [...this.scan.findings];
  }

  get frames(): readonly ScannedFrame[] {
    return this.scan.frames;
  }

  /** What is known to be wrong so far: headers at once, payloads when they are read. In order of the file. */
  get findings(): readonly Finding[] {
    return this.#findings;
  }

  /** Notes something wrong with a frame; a frame is named once. */
  report(frame: ScannedFrame, what: string): void {
    if (this.#reported.has(frame.offset)) return;
    this.#reported.add(frame.offset);
    this.#findings.push({ offset: frame.offset, message: `${frameName(frame)}: ${what}` });
    this.#findings.sort((a, b) => a.offset - b.offset);
  }

  /**
   * The payload of frame `index`, decompressed; undefined when it is damaged, which `findings` then tells. Checks that
   * the next frame carries its hash, or its checksum. Throws the system's error when the file can't be read.
   */
  read(index: number): Uint8Array | undefined {
    const payload = this.#check(index);
    if (payload === undefined) return undefined;
    const frame = this.frames[index]!;
    const raw = unpackPayload(frame, payload);
    // What is not packed lies where the next frame is read.
    if (typeof raw !== 'string') return raw === payload ? payload.slice() : raw;
    this.report(frame, raw);
    return undefined;
  }

  /**
   * Part of the payload of frame `index`, from an offset on, checked by nothing but its own CRC-32C; undefined when it is damaged,
   * which `findings` then tells. Throws the system's error when the file can't be read.
   */
  readPart(
    index: number,
    offset: number,
    part: { readonly length: number; readonly crc: number },
  ): Uint8Array | undefined {
    const frame = this.frames[index];
    if (frame === undefined) throw new RangeError(`there is no frame ${index}`);
    const isInside = offset >= 0 && offset + part.length <= frame.length;
    const bytes = new Uint8Array(isInside ? part.length : 0);
    const read = readInto(this.#file, frame.offset + FRAME_HEADER_BYTES + offset, bytes);
    if (isInside && read.length === part.length && crc32c(read) === part.crc) return read;
    this.report(frame, 'the checksum of a part of the payload does not match');
    return undefined;
  }

  /** Checks the checksums and hashes of all frames that have not been read, so that `findings` tells all damage. */
  checkUnread(): void {
    for (const _ of this.checkingUnread());
  }

  /** The same a frame a step. Yields how much is done, 0 to 1. */
  *checkingUnread(): Generator<number, void> {
    for (const [index, frame] of this.frames.entries()) {
      if (this.#checked.has(frame.offset)) continue;
      this.#check(index);
      yield index / this.frames.length;
    }
  }

  /** The payload as it stands in the file, when it is what was written; valid until the next one is asked for. */
  #check(index: number): Uint8Array | undefined {
    const frame = this.frames[index];
    if (frame === undefined) throw new RangeError(`there is no frame ${index}`);
    const { header, payload } = this.#bytes(frame);
    this.#checked.add(frame.offset);
    const next = this.frames[index + 1];
    const follows = next?.number === frame.number + 1;
    if (payload.length < frame.length) {
      this.report(frame, 'the file has become shorter');
      return undefined;
    }
    // A hash that fits says more than a checksum: that is computed only where there is no hash, or to tell what is wrong.
    if (follows && Buffer.compare(hashFrame(header, payload), next.previous) === 0) return payload;
    if (crc32c(payload) !== frame.payloadCrc) this.report(frame, 'the checksum of the payload does not match');
    else if (!follows) return payload;
    else this.report(frame, `it is not the frame that ${frameName(next)} was written after: its hash differs`);
    return undefined;
  }

  #bytes(frame: ScannedFrame): { header: Uint8Array; payload: Uint8Array } {
    const length = FRAME_HEADER_BYTES + frame.length;
    this.#room ??= new Uint8Array(ROOM);
    const room = length <= ROOM ? this.#room.subarray(0, length) : new Uint8Array(length);
    const bytes = readInto(this.#file, frame.offset, room);
    return { header: bytes.subarray(0, FRAME_HEADER_BYTES), payload: bytes.subarray(FRAME_HEADER_BYTES) };
  }

  /** SHA-256 of the last whole frame in hexadecimal: who keeps it can prove the file. Empty without a frame. */
  seal(): string {
    const last = this.frames.at(-1);
    if (last === undefined) return '';
    const { header, payload } = this.#bytes(last);
    return Buffer.from(hashFrame(header, payload)).toString('hex');
  }

  close(): void {
    closeSync(this.#file);
  }
}
