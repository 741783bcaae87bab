import type { Capture } from '../../trace/event-chunk.ts';
import type { Call } from '../calls.ts';
import { enumName } from './flags.ts';
import { pointer, quoteText, signed64, unsigned64 } from './values.ts';

/** Reclen stands behind inode and offset in both layouts (include/linux/dirent.h). */
const RECLEN = 16;

/** What getdents wrote: an address with the number of entries, or all of them. */
export function directoryEntries(call: Call, argument: number, capture: Capture | undefined, verbose: boolean): string {
  const address = pointer(call.low(argument), call.high(argument));
  if (capture === undefined) return `${address} /* 0 entries */`;
  const wide = call.name === 'getdents64';
  const { bytes } = capture;
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  const entries: string[] = [];
  for (let at = 0; at + 20 <= bytes.length; ) {
    const length = view.getUint16(at + RECLEN, true);
    if (length < 20 || at + length > bytes.length) break;
    entries.push(verbose ? entry(view, bytes, at, length, wide) : '');
    at += length;
  }
  const whole = capture.fullLength <= bytes.length;
  if (!verbose) return `${address} /* ${entries.length}${whole ? '' : ' or more'} entries */`;
  return `[${entries.join(', ')}${whole ? '' : ', ...'}]`;
}

function entry(view: DataView, bytes: Uint8Array, at: number, length: number, wide: boolean): string {
  const word = (offset: number): readonly [number, number] => [
    view.getUint32(at + offset, true),
    view.getUint32(at + offset + 4, true),
  ];
  const type = wide ? view.getUint8(at + 18) : view.getUint8(at + length - 1);
  const name = quoteText(bytes.subarray(at + (wide ? 19 : 18), at + length));
  const kind = enumName('direntType', type) ?? String(type);
  const head = `d_ino=${unsigned64(...word(0))}, d_off=${signed64(...word(8))}, d_reclen=${length}`;
  return wide ? `{${head}, d_type=${kind}, d_name=${name}}` : `{${head}, d_name=${name}, d_type=${kind}}`;
}
