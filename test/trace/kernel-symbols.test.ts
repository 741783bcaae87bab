import { expect, test } from 'vitest';
import { KernelSymbols } from '../../src/replay/addresses/kernel-symbols.ts';
import { type NamedRange, namedRanges, symbolsFact } from '../../src/trace/kernel-symbols.ts';

const RANGES: readonly NamedRange[] = [
  { start: 0xc010_0000n, size: 0x20n, name: 'startup_32', module: undefined },
  { start: 0xffff_ffff_8100_0000n, size: 0x1_0000_0000n, name: 'a'.repeat(300), module: undefined },
  { start: 0xffff_ffff_c000_0000n, size: 0x10n, name: '', module: 'first' },
  { start: 0xffff_ffff_c000_0010n, size: 0x40n, name: 'hook', module: 'first' },
  { start: 0xffff_ffff_c100_0000n, size: 1n, name: 'größe', module: 'second' },
];
const profile = (fact = symbolsFact({ ranges: RANGES, unnamed: 3 })) => new Map([[fact.name, fact]]);

test('ranges come back as they were written', () => {
  expect(namedRanges(profile())).toEqual({ ranges: RANGES, unnamed: 3 });
});

test('what can not be read counts as missing', () => {
  const fact = symbolsFact({ ranges: RANGES, unnamed: 0 });
  for (let length = 1; length < fact.data.length; length++) {
    const found = namedRanges(profile({ ...fact, data: fact.data.subarray(0, length) }))?.ranges ?? [];
    expect(found).toEqual(RANGES.slice(0, found.length));
  }
  expect(namedRanges(profile({ ...fact, json: '{' }))).toBeUndefined();
  expect(namedRanges(profile({ ...fact, json: 'null' }))).toBeUndefined();
  expect(namedRanges(new Map())).toBeUndefined();
});

test('an address has the name of what it lies in, as the kernel writes it', () => {
  const symbols = KernelSymbols.of(profile());
  const texts: readonly (readonly [bigint, string | undefined])[] = [
    [0xc010_0000n, 'startup_32'],
    [0xc010_001fn, 'startup_32+0x1f'],
    [0xc010_0020n, undefined],
    [0xc00f_ffffn, undefined],
    [0xffff_ffff_c000_0004n, '[first]+0x4'],
    [0xffff_ffff_c000_0010n, 'hook [first]'],
    [0xffff_ffff_c000_0018n, 'hook+0x8 [first]'],
    [0xffff_ffff_c000_0050n, undefined],
  ];
  for (const [address, text] of texts) expect(symbols.text(address), address.toString(16)).toBe(text);
});
