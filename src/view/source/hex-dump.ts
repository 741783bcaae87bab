import { printable } from '../../replay/printable.ts';
import { type Segment, type StyledLine, segment, type Tone } from '../tone.ts';

export const BYTES_A_LINE = 16;
/** Digits of an address; of longer ones the last, with a sign before them. */
const DIGITS = 12;
const FIRST_PRINTABLE = 0x20;
const LAST_PRINTABLE = 0x7e;

function shownAddress(address: bigint): string {
  const digits = address.toString(16).padStart(DIGITS, '0');
  return digits.length > DIGITS ? `…${digits.slice(1 - DIGITS)}` : digits;
}

const shownByte = (byte: number): string =>
  byte >= FIRST_PRINTABLE && byte <= LAST_PRINTABLE ? String.fromCharCode(byte) : '.';

/** Pieces of one line, parted where `marked` changes. */
function runs(count: number, marked: (i: number) => boolean, shown: (i: number) => string): Segment[] {
  const segments: Segment[] = [];
  let text = '';
  let tone: Tone = 'plain';
  for (let i = 0; i < count; i++) {
    const next: Tone = marked(i) ? 'changed' : 'plain';
    if (next !== tone && text !== '') segments.push(segment(text, tone));
    text = next === tone ? text + shown(i) : shown(i);
    tone = next;
  }
  if (text !== '') segments.push(segment(text, tone));
  return segments;
}

/**
 * Bytes as lines of hex and ASCII. `address`: of the first one, undefined: they are counted from 0. `changed` says of each
 * byte whether it is marked; `known`: whether it is known at all.
 */
export function hexDump(
  bytes: Uint8Array,
  address: bigint | undefined,
  changed: (at: number) => boolean = () => false,
  known: (at: number) => boolean = () => true,
): StyledLine[] {
  const lines: StyledLine[] = [];
  for (let at = 0; at < bytes.length; at += BYTES_A_LINE) {
    const count = Math.min(BYTES_A_LINE, bytes.length - at);
    const place = address === undefined ? at.toString(16).padStart(6, '0') : shownAddress(address + BigInt(at));
    const marked = (i: number): boolean => changed(at + i);
    const gap = (i: number): string => (i === 7 ? '  ' : ' ');
    const hex = (i: number): string => (known(at + i) ? bytes[at + i]!.toString(16).padStart(2, '0') : '??') + gap(i);
    const missing = '   '.repeat(BYTES_A_LINE - count) + (count < 8 ? ' ' : '');
    lines.push([
      segment(` ${place}  `, 'dim'),
      ...runs(count, marked, hex),
      segment(missing),
      ...runs(count, marked, (i) => (known(at + i) ? shownByte(bytes[at + i]!) : '?')),
    ]);
  }
  return lines;
}

const TEXT_SHARE = 0.85;

/** Bytes as lines of text where most of them are text; undefined where they are not. */
export function textLines(bytes: Uint8Array): StyledLine[] | undefined {
  const end = bytes.indexOf(0);
  const content = end < 0 ? bytes : bytes.subarray(0, end);
  if (content.length < 2 || (end >= 0 && end < bytes.length - 1 && bytes.subarray(end).some((byte) => byte !== 0)))
    return undefined;
  const text = Buffer.from(content).toString('utf8');
  const strange = [...text].filter((char) => char === '�' || (char < ' ' && !'\n\r\t'.includes(char))).length;
  if (strange > text.length * (1 - TEXT_SHARE)) return undefined;
  const lines = text.split('\n');
  if (lines.at(-1) === '') lines.pop();
  return lines.map((line) => [segment(`  ${printable(line.replaceAll('\t', '    '))}`)]);
}
