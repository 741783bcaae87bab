// What is written as bytes against what JavaScript's own conversions give as strings.
import { expect, test } from 'vitest';
import { TextBuffer } from '../../src/replay/text-buffer.ts';

const TOP = 0xffff_ffff_ffff_ffffn;
const VALUES = [0n, 1n, 7n, 9n, 10n, 0o777n, 999_999_999n, 1_000_000_000n, 0xffff_ffffn, 1n << 32n, 10n ** 15n, (1n << 53n) - 1n, 1n << 53n, TOP >> 1n, (TOP >> 1n) + 1n, TOP - 4094n, TOP]; // biome-ignore format: a row

function written(write: (out: TextBuffer) => void): string {
  const out = new TextBuffer(1);
  write(out);
  return out.toString();
}

test.each(VALUES)('%s as decimal, hex and octal', (value) => {
  const low = Number(value & 0xffff_ffffn);
  const high = Number(value >> 32n);
  expect(written((out) => out.unsigned64(low, high))).toBe(value.toString());
  expect(written((out) => out.signed64(low, high))).toBe(BigInt.asIntN(64, value).toString());
  expect(written((out) => out.hex64(low, high))).toBe(`0x${value.toString(16)}`);
  expect(written((out) => out.pointer(low, high))).toBe(value === 0n ? 'NULL' : `0x${value.toString(16)}`);
  expect(written((out) => out.octal(low))).toBe(`0${low.toString(8)}`.padStart(3, '0'));
});

test('literals have the shortest octal escapes that the next byte allows', () => {
  const quoted = (...bytes: number[]): string => written((out) => out.quote(Uint8Array.from(bytes)));
  expect(quoted(0x61, 0x22, 0x5c, 9, 10, 13, 0x7e)).toBe('"a\\"\\\\\\t\\n\\r~"');
  expect(quoted(0, 0x38, 0, 0x37, 0x1b, 0x41, 0xff, 0x30, 0x80)).toBe('"\\08\\0007\\33A\\3770\\200"');
});

test('JSON reads back what was escaped in place', () => {
  const text = 'read(3, "a\\n\\"b", 5)';
  const json = written((out) => {
    out.byte(0x22);
    out.text(text);
    out.escapeJson(1);
    out.byte(0x22);
  });
  expect(JSON.parse(json)).toBe(text);
});

test('what is taken back leaves no trace, and text beyond ASCII is UTF-8', () => {
  const out = new TextBuffer(2);
  out.text('näh');
  const { length } = out;
  out.text(', gone');
  out.truncate(length);
  out.append(out);
  expect(out.toString()).toBe('nähnäh');
});
