import { expect, test } from 'vitest';
import { loadNativeZstd, loadPortableZstd } from '../../src/trace/zstd.ts';
import { Dice } from '../support/ring-load.ts';

const dice = new Dice(3);
const contents = [
  new Uint8Array(1),
  new Uint8Array(100_000),
  Uint8Array.from({ length: 300_000 }, (_, i) => (i % 7) * dice.roll(4)),
  Uint8Array.from({ length: 5000 }, () => dice.roll(256)),
];

test('the portable codec and Node’s own read each other’s frames', async () => {
  const portable = await loadPortableZstd();
  const codecs = [portable, loadNativeZstd() ?? portable];
  for (const content of contents) {
    for (const writer of codecs) {
      const packed = writer.compress(content, 3);
      for (const reader of codecs) expect(Buffer.compare(reader.decompress(packed, content.length), content)).toBe(0);
    }
  }
});

test('damaged or longer content is an error, not a crash', async () => {
  const portable = await loadPortableZstd();
  for (const codec of [portable, loadNativeZstd() ?? portable]) {
    const packed = codec.compress(contents[2]!, 3);
    expect(() => codec.decompress(packed.subarray(0, packed.length - 9), contents[2]!.length)).toThrow();
    expect(() => codec.decompress(packed, 100)).toThrow();
    expect(() => codec.decompress(Uint8Array.of(1, 2, 3, 4, 5), 100)).toThrow();
  }
});
