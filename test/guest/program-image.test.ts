// Where a program lies, by the kernel's description of it: 64 and 32 bits, and what is no description.
import { expect, test } from 'vitest';
import { findImagePlace, isImagePlace, parseImage } from '../../src/guest/linux/program-image.ts';
import { KnownTypes } from '../../src/guest/linux/types.ts';

const WORDS = ['start_code', 'end_code', 'start_data', 'end_data', 'start_brk', 'brk', 'start_stack', 'arg_start', 'arg_end', 'env_start', 'env_end']; // biome-ignore format: a list

/** Types of a kernel whose mm_struct has these members at 0x100, one behind the other. */
function types(word: 4 | 8): KnownTypes {
  const members = WORDS.map((name, i) => [name, { offset: 0x100 + word * i, size: word }] as const);
  const vector = { offset: 0x100 + word * WORDS.length, size: 16 * word };
  return new KnownTypes({
    task_struct: { mm: { offset: 0x900, size: word } },
    mm_struct: { ...Object.fromEntries(members), saved_auxv: vector },
  });
}

function piece(word: 4 | 8, auxWord: 4 | 8, values: readonly number[], auxv: readonly number[]): Uint8Array {
  const bytes = new Uint8Array(word * WORDS.length + 16 * word);
  const view = new DataView(bytes.buffer);
  const put = (at: number, size: 4 | 8, value: number): void =>
    size === 4 ? view.setUint32(at, value, true) : view.setBigUint64(at, BigInt(value), true);
  for (const [i, value] of values.entries()) put(word * i, word, value);
  for (const [i, value] of auxv.entries()) put(word * WORDS.length + auxWord * i, auxWord, value);
  return bytes;
}

const BASE64 = 0x5555_5555_4000;
const LAID64 = [BASE64 + 0x1000, BASE64 + 0x1800, BASE64 + 0x3db0, BASE64 + 0x4010, BASE64 + 0x20_0000, 0, 0x7ffd_0000_1000, 0x7ffd_0000_1800, 0x7ffd_0000_1810, 0, 0x7ffd_0000_1ff0]; // biome-ignore format: a list

test('a 64-bit program', () => {
  const place = findImagePlace(types(8), 1024)!;
  expect(place).toMatchObject({ memory: 0x900, block: 0x100, bytes: 27 * 8 });
  const auxv = [33, 0x7ffd_0010_0000, 3, BASE64 + 64, 7, 0x7fff_f7fc_0000, 0, 0];
  expect(parseImage(piece(8, 8, LAID64, auxv), place, 8)).toEqual({
    base: BASE64,
    end: BASE64 + 0x4010,
    heap: BASE64 + 0x20_0000,
    stack: 0x7ffd_0000_1000,
    stackEnd: 0x7ffd_0000_1ff0,
    argumentBytes: 0x10,
    interpreter: 0x7fff_f7fc_0000,
    vdso: 0x7ffd_0010_0000,
  });
});

test('a 32-bit program, of a 64-bit kernel and of a 32-bit one', () => {
  const laid = [0x0804_9000, 0x0804_a000, 0x0804_c000, 0x0804_d000, 0x0805_0000, 0, 0xffff_0000, 0xffff_1000, 0xffff_1004, 0, 0xffff_1ff0]; // biome-ignore format: a list
  const auxv = [32, 0xf7fc_0510, 33, 0xf7fc_0000, 3, 0x0804_8034, 0, 0];
  for (const word of [8, 4] as const) {
    const image = parseImage(piece(word, 4, laid, auxv), findImagePlace(types(word), 1024)!, word);
    expect(image).toMatchObject({ base: 0x0804_8000, vdso: 0xf7fc_0000, heap: 0x0805_0000 });
    expect(image!.interpreter).toBeUndefined();
  }
});

test('a kernel that does not tell, or keeps it far apart', () => {
  expect(findImagePlace(undefined, 1024)).toBeUndefined();
  expect(findImagePlace(new KnownTypes({ task_struct: {}, mm_struct: {} }), 1024)).toBeUndefined();
  expect(findImagePlace(types(8), 100)).toBeUndefined();
});

test('descriptions that somebody made', () => {
  const place = findImagePlace(types(8), 1024)!;
  expect(isImagePlace(place)).toBe(true);
  for (const wrong of [null, 7, {}, { ...place, members: {} }, { ...place, bytes: 80 }]) {
    expect(isImagePlace(wrong)).toBe(false);
  }
  expect(parseImage(new Uint8Array(10), place, 8)).toBeUndefined();
  expect(parseImage(new Uint8Array(place.bytes), place, 8)).toBeUndefined();
});
