import { expect, test } from 'vitest';
import { InputCheck, InputDecoder, InputEncoder, type InputEntry } from '../../src/trace/inputs.ts';

const text = (content: string) => new TextEncoder().encode(content);
const page = new Uint8Array(4096).fill(42);

test('inputs come back, contents stand in the file once', () => {
  const first: InputEntry[] = [
    { kind: 'share', icount: 5, time: 5 + 3, asked: false, bytes: page },
    { kind: 'console', icount: 7, time: 2, asked: true, bytes: text('a') },
    { kind: 'share', icount: 2 ** 53 - 1, time: 2 ** 53 - 1, asked: false, bytes: page },
    { kind: 'entropy', icount: 8, time: 8 + 3, asked: false, bytes: new Uint8Array(0) },
  ];
  const second: InputEntry[] = [{ kind: 'share', icount: 9, time: 9 + 3, asked: false, bytes: page }];
  const encoder = new InputEncoder();
  const chunks = [first, second].map((entries) => encoder.encode(entries));
  expect(chunks[0]!.length).toBeLessThan(5000);
  expect(chunks[1]!.length).toBeLessThan(100);
  const check = new InputCheck();
  for (const chunk of chunks) check.check(chunk);
  const decoder = new InputDecoder();
  for (const [i, entries] of [first, second].entries()) {
    const back = decoder.decode(chunks[i]!);
    expect(back.map((e) => ({ ...e, bytes: [...e.bytes] }))).toEqual(
      entries.map((e) => ({ ...e, bytes: [...e.bytes] })),
    );
  }
});

test('a content that was never there is an error', () => {
  const encoder = new InputEncoder();
  encoder.encode([{ kind: 'share', icount: 5, time: 5 + 3, asked: false, bytes: page }]);
  const second = encoder.encode([{ kind: 'share', icount: 6, time: 6 + 3, asked: false, bytes: page }]);
  for (const read of [
    (chunk: Uint8Array) => new InputDecoder().decode(chunk),
    (chunk: Uint8Array) => new InputCheck().check(chunk),
  ])
    expect(() => read(second)).toThrow('the content of an input is missing');
});
