import { expect, test } from 'vitest';
import { InputDecoder, InputEncoder, type InputEntry } from '../../src/trace/inputs.ts';

const text = (content: string) => new TextEncoder().encode(content);
const page = new Uint8Array(4096).fill(42);

test('inputs come back, contents stand in the file once', () => {
  const first: InputEntry[] = [
    { kind: 'share', icount: 5, bytes: page },
    { kind: 'console', icount: 7, bytes: text('a') },
    { kind: 'share', icount: 2 ** 53 - 1, bytes: page },
    { kind: 'entropy', icount: 8, bytes: new Uint8Array(0) },
  ];
  const second: InputEntry[] = [{ kind: 'share', icount: 9, bytes: page }];
  const encoder = new InputEncoder();
  const chunks = [first, second].map((entries) => encoder.encode(entries));
  expect(chunks[0]!.length).toBeLessThan(5000);
  expect(chunks[1]!.length).toBeLessThan(100);
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
  encoder.encode([{ kind: 'share', icount: 5, bytes: page }]);
  const second = encoder.encode([{ kind: 'share', icount: 6, bytes: page }]);
  expect(() => new InputDecoder().decode(second)).toThrow('the content of an input is missing');
});
