import type { Contents } from './contents.ts';

const WIDTH = 16;

const byteText = ({ bytes, known }: Contents, at: number): string =>
  known[at] === 1 ? bytes[at]!.toString(16).padStart(2, '0') : '??';

const letter = ({ bytes, known }: Contents, at: number): string =>
  known[at] === 1 && bytes[at]! >= 32 && bytes[at]! < 127 ? String.fromCharCode(bytes[at]!) : '.';

/** One line: address, 16 bytes in hexadecimal (`??` where unknown), and as text. */
function line(contents: Contents, at: number, address: bigint): string {
  const places = Array.from({ length: Math.min(WIDTH, contents.bytes.length - at) }, (_, i) => at + i);
  const hex = places.map((place, i) => `${i === WIDTH / 2 ? ' ' : ''}${byteText(contents, place)}`).join(' ');
  const text = places.map((place) => letter(contents, place)).join('');
  return `${(address + BigInt(at)).toString(16).padStart(12, '0')}  ${hex.padEnd(3 * WIDTH)}  |${text}|`;
}

const rowOf = (contents: Contents, at: number): string =>
  Array.from({ length: Math.min(WIDTH, contents.bytes.length - at) }, (_, i) => byteText(contents, at + i)).join('');

/** Contents as lines; lines equal to the one before are shown once, as `*`. */
export function* hexLines(contents: Contents, address: bigint): Generator<string> {
  let before = '';
  let starred = false;
  for (let at = 0; at < contents.bytes.length; at += WIDTH) {
    const row = rowOf(contents, at);
    const last = at + WIDTH >= contents.bytes.length;
    if (row === before && !last) {
      if (!starred) yield '*';
      starred = true;
      continue;
    }
    starred = false;
    before = row;
    yield line(contents, at, address);
  }
}

/** The lines in which two contents differ: before with `-`, after with `+`. */
export function* differingLines(before: Contents, after: Contents, address: bigint): Generator<string> {
  for (let at = 0; at < before.bytes.length; at += WIDTH) {
    if (rowOf(before, at) === rowOf(after, at)) continue;
    yield `-${line(before, at, address)}`;
    yield `+${line(after, at, address)}`;
  }
}
