/**
 * Finds the frames of a file by their headers alone, past whatever is damaged or missing. It reads 64 bytes a frame,
 * so a file of any size opens at once, and a file cut off anywhere opens up to its last whole frame.
 */
import { readSync } from 'node:fs';
import {
  FRAME_HEADER_BYTES,
  FRAME_KIND,
  FRAME_MARKER,
  type FrameHeader,
  frameKindName,
  parseFrameHeader,
} from './frame.ts';

/** Something wrong with a trace. */
export interface Finding {
  /** Offset in the file. */
  readonly offset: number;
  /** One line, without the name of the file. */
  readonly message: string;
}

/** A whole frame in a file. */
export interface ScannedFrame extends FrameHeader {
  readonly offset: number;
}

export interface Scan {
  readonly frames: readonly ScannedFrame[];
  readonly findings: readonly Finding[];
  /** The last frame says how the recording ended, and nothing follows it. */
  readonly ended: boolean;
}

const SEARCH_BLOCK = 1 << 20;

/** How findings name a frame. */
export function frameName(frame: { number: number; kind: number; offset: number }): string {
  return `frame ${frame.number} (${frameKindName(frame.kind)}) at offset ${frame.offset}`;
}

/** Fills `bytes` from `offset` on, or as many as there are: those that are filled. Throws the system's error. */
export function readInto(file: number, offset: number, bytes: Uint8Array): Uint8Array {
  let done = 0;
  while (done < bytes.length) {
    const got = readSync(file, bytes, done, bytes.length - done, offset + done);
    if (got === 0) break;
    done += got;
  }
  return bytes.subarray(0, done);
}

const readAt = (file: number, offset: number, length: number): Uint8Array =>
  readInto(file, offset, new Uint8Array(length));

/** The next offset from `from` on where a whole header stands, or undefined. */
function searchHeader(file: number, from: number, size: number): number | undefined {
  const marker = Buffer.from(FRAME_MARKER);
  for (let at = from; at + FRAME_HEADER_BYTES <= size; at += SEARCH_BLOCK) {
    // Blocks overlap by a header, so that one on the border is seen whole.
    const block = Buffer.from(readAt(file, at, Math.min(SEARCH_BLOCK + FRAME_HEADER_BYTES, size - at)));
    for (let hit = block.indexOf(marker); hit >= 0 && hit < SEARCH_BLOCK; hit = block.indexOf(marker, hit + 1)) {
      if (parseFrameHeader(block.subarray(hit, hit + FRAME_HEADER_BYTES)) !== undefined) return at + hit;
    }
  }
  return undefined;
}

function missingFrames(expected: number, found: ScannedFrame): string {
  const next = frameName(found);
  if (found.number < expected) return `${next} stands where frame ${expected} is expected: frames are out of order`;
  if (found.number === expected + 1) return `frame ${expected} is missing before ${next}`;
  return `frames ${expected} to ${found.number - 1} are missing before ${next}`;
}

/** Scans an open file of `size` bytes. */
export function scanFrames(file: number, size: number): Scan {
  const frames: ScannedFrame[] = [];
  const findings: Finding[] = [];
  let expected = 0;
  let cut = false;
  for (let offset = 0; offset < size; ) {
    const header = parseFrameHeader(readAt(file, offset, Math.min(FRAME_HEADER_BYTES, size - offset)));
    if (header === undefined) {
      const next = searchHeader(file, offset + 1, size);
      if (next === undefined) {
        const rest = size - offset;
        const why = rest < FRAME_HEADER_BYTES ? 'the file is cut off in its header' : 'its header is damaged';
        findings.push({
          offset,
          message: `frame ${expected} at offset ${offset}: ${why}; the last ${rest} bytes can't be read`,
        });
        cut = true;
        break;
      }
      findings.push({
        offset,
        message: `frame ${expected} at offset ${offset}: its header is damaged; ${next - offset} bytes can't be read`,
      });
      // The damaged header was most likely that of the frame expected here.
      expected++;
      offset = next;
      continue;
    }
    const frame = { ...header, offset };
    if (frame.number !== expected) findings.push({ offset, message: missingFrames(expected, frame) });
    const end = offset + FRAME_HEADER_BYTES + frame.length;
    if (end > size) {
      const lacking = `${end - size} of its ${frame.length} bytes of payload are missing`;
      findings.push({ offset, message: `${frameName(frame)}: the file is cut off: ${lacking}` });
      cut = true;
      break;
    }
    frames.push(frame);
    expected = frame.number + 1;
    offset = end;
  }
  const last = frames.at(-1);
  const ended = !cut && last?.kind === FRAME_KIND.end;
  if (!ended && last !== undefined) {
    const message = `there is no end frame after ${frameName(last)}: the recording was cut off, later events are missing`;
    findings.push({ offset: size, message });
  }
  return { frames, findings, ended };
}
