import type { Call, CallCapture } from '../calls.ts';
import type { TextBuffer } from '../text-buffer.ts';
import { enumName } from './flags.ts';

/** Reclen stands behind inode and offset in both layouts (include/linux/dirent.h). */
const RECLEN = 16;
/** The shortest entry that can be. */
const LEAST = 20;

/** What getdents wrote: an address with the number of entries, or all of them. */
export function directoryEntries(
  out: TextBuffer,
  call: Call,
  argument: number,
  capture: CallCapture | undefined,
  verbose: boolean,
): void {
  if (capture !== undefined && verbose) {
    allEntries(out, capture, call.name === 'getdents64');
    return;
  }
  out.pointer(call.low(argument), call.high(argument));
  out.text(' /* ');
  out.decimal(capture === undefined ? 0 : countEntries(capture));
  if (capture !== undefined && capture.fullLength > capture.length) out.text(' or more');
  out.text(' entries */');
}

/** Calls `take` with the place and length of each whole entry. */
function eachEntry({ view, start, length }: CallCapture, take: (at: number, length: number) => void): void {
  const end = start + length;
  for (let at = start; at + LEAST <= end; ) {
    const step = view.getUint16(at + RECLEN, true);
    if (step < LEAST || at + step > end) return;
    take(at, step);
    at += step;
  }
}

function countEntries(capture: CallCapture): number {
  let count = 0;
  eachEntry(capture, () => {
    count++;
  });
  return count;
}

function allEntries(out: TextBuffer, capture: CallCapture, wide: boolean): void {
  const { view, data, start } = capture;
  out.byte(0x5b);
  eachEntry(capture, (at, length) => {
    if (at > start) out.text(', ');
    entry(out, view, data, at, length, wide);
  });
  if (capture.fullLength > capture.length) out.text(', ...');
  out.byte(0x5d);
}

function entry(out: TextBuffer, view: DataView, data: Uint8Array, at: number, length: number, wide: boolean): void {
  const type = wide ? view.getUint8(at + 18) : view.getUint8(at + length - 1);
  const kind = enumName('direntType', type) ?? String(type);
  out.text('{d_ino=');
  out.unsigned64(view.getUint32(at, true), view.getUint32(at + 4, true));
  out.text(', d_off=');
  out.signed64(view.getUint32(at + 8, true), view.getUint32(at + 12, true));
  out.text(', d_reclen=');
  out.decimal(length);
  if (wide) out.text(`, d_type=${kind}`);
  out.text(', d_name=');
  const name = at + (wide ? 19 : 18);
  let end = name;
  while (end < at + length && data[end] !== 0) end++;
  out.quote(data, name, end);
  if (!wide) out.text(`, d_type=${kind}`);
  out.byte(0x7d);
}
