import type { CallCapture } from '../call-captures.ts';
import type { Call } from '../calls.ts';
import type { TextBuffer } from '../text-buffer.ts';
import { enumName } from './flags.ts';

/** How an entry is laid out (include/linux/dirent.h). */
interface EntryShape {
  /** Bytes of inode and offset, which stand before the record's length. */
  readonly word: 4 | 8;
  /** The type has a place of its own before the name; else it is the record's last byte. */
  readonly typed: boolean;
}

/** Old calls have longs for inode and offset. */
const shapeOf = (call: Call): EntryShape => ({
  word: call.narrow && call.name === 'getdents' ? 4 : 8,
  typed: call.name === 'getdents64',
});

/** What getdents wrote: an address with the number of entries, or all of them. */
export function directoryEntries(
  out: TextBuffer,
  call: Call,
  argument: number,
  capture: CallCapture | undefined,
  verbose: boolean,
): void {
  const shape = shapeOf(call);
  if (verbose) {
    if (capture === undefined) out.text('[]');
    else allEntries(out, capture, shape);
    return;
  }
  out.pointer(call.low(argument), call.high(argument));
  out.text(' /* ');
  out.decimal(capture === undefined ? 0 : countEntries(capture, shape));
  if (capture !== undefined && capture.fullLength > capture.length) out.text(' or more');
  out.text(' entries */');
}

/** Calls `take` with the place and length of each whole entry. */
function eachEntry(
  { view, start, length }: CallCapture,
  { word }: EntryShape,
  take: (at: number, length: number) => void,
): void {
  const end = start + length;
  const least = 2 * word + 3;
  for (let at = start; at + least <= end; ) {
    const step = view.getUint16(at + 2 * word, true);
    if (step < least || at + step > end) return;
    take(at, step);
    at += step;
  }
}

function countEntries(capture: CallCapture, shape: EntryShape): number {
  let count = 0;
  eachEntry(capture, shape, () => {
    count++;
  });
  return count;
}

function allEntries(out: TextBuffer, capture: CallCapture, shape: EntryShape): void {
  out.byte(0x5b);
  eachEntry(capture, shape, (at, length) => {
    if (at > capture.start) out.text(', ');
    entry(out, capture, at, length, shape);
  });
  if (capture.fullLength > capture.length) out.text(', ...');
  out.byte(0x5d);
}

function entry(
  out: TextBuffer,
  { view, data }: CallCapture,
  at: number,
  length: number,
  { word, typed }: EntryShape,
): void {
  const high = (place: number): number => (word === 4 ? 0 : view.getUint32(place + 4, true));
  const behind = at + 2 * word + 2;
  const type = view.getUint8(typed ? behind : at + length - 1);
  const kind = enumName('direntType', type) ?? String(type);
  out.text('{d_ino=');
  out.unsigned64(view.getUint32(at, true), high(at));
  out.text(', d_off=');
  out.signed64(view.getUint32(at + word, true), high(at + word));
  out.text(', d_reclen=');
  out.decimal(length);
  if (typed) out.text(`, d_type=${kind}`);
  out.text(', d_name=');
  const name = typed ? behind + 1 : behind;
  let end = name;
  while (end < at + length && data[end] !== 0) end++;
  out.quote(data, name, end);
  if (!typed) out.text(`, d_type=${kind}`);
  out.byte(0x7d);
}
