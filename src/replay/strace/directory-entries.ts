import type { Capture } from '../../trace/event-chunk.ts';
import type { Call } from '../calls.ts';
import { enumName } from './flags.ts';
import { pointer, quoteText, signed64, unsigned64 } from './values.ts';

/** Bytes of inode and offset, which stand before the record's length (include/linux/dirent.h): old calls have longs there. */
const wordOf = (call: Call): 4 | 8 => (call.narrow && call.name === 'getdents' ? 4 : 8);

/** What getdents wrote: an address with the number of entries, or all of them. */
export function directoryEntries(call: Call, argument: number, capture: Capture | undefined, verbose: boolean): string {
  const address = pointer(call.low(argument), call.high(argument));
  if (capture === undefined) return `${address} /* 0 entries */`;
  const typed = call.name === 'getdents64';
  const word = wordOf(call);
  const least = 2 * word + 3;
  const { bytes } = capture;
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  const entries: string[] = [];
  for (let at = 0; at + least <= bytes.length; ) {
    const length = view.getUint16(at + 2 * word, true);
    if (length < least || at + length > bytes.length) break;
    entries.push(verbose ? entry(bytes.subarray(at, at + length), word, typed) : '');
    at += length;
  }
  const whole = capture.fullLength <= bytes.length;
  if (!verbose) return `${address} /* ${entries.length}${whole ? '' : ' or more'} entries */`;
  return `[${entries.join(', ')}${whole ? '' : ', ...'}]`;
}

function entry(bytes: Uint8Array, word: 4 | 8, typed: boolean): string {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  const number = (offset: number): readonly [number, number] => [
    view.getUint32(offset, true),
    word === 4 ? 0 : view.getUint32(offset + 4, true),
  ];
  const behind = 2 * word + 2;
  const type = view.getUint8(typed ? behind : bytes.length - 1);
  const name = quoteText(bytes.subarray(typed ? behind + 1 : behind));
  const kind = enumName('direntType', type) ?? String(type);
  const head = `d_ino=${unsigned64(...number(0))}, d_off=${signed64(...number(word))}, d_reclen=${bytes.length}`;
  return typed ? `{${head}, d_type=${kind}, d_name=${name}}` : `{${head}, d_name=${name}, d_type=${kind}}`;
}
