import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { UserError } from '../../src/emu/errors.ts';
import { TraceReader } from '../../src/replay/reader.ts';
import { verifyTrace } from '../../src/replay/verify.ts';
import { crc32c } from '../../src/trace/crc32c.ts';
import { frameKindName } from '../../src/trace/frame.ts';
import { temporaryFolder, writeTrace } from '../support/trace-files.ts';

const folder = temporaryFolder();
const whole = join(folder, 'whole.trap');
const CALLS = 24;
writeTrace(whole, CALLS, 8);
const bytes = readFileSync(whole);
const frames = TraceReader.open(whole).frames.map(({ offset, number, kind, length }) => {
  return { number, kind, offset, end: offset + 64 + length };
});
const damaged = join(folder, 'copy.trap');

interface Reading {
  /** Numbers of events that came. */
  readonly events: number[];
  readonly messages: string[];
}

/** Reads everything that there is. Any error but a UserError of one line fails the test. */
function readAll(path: string): Reading {
  try {
    const reader = TraceReader.open(path);
    const events = [...reader.events()].map((event) => event.number);
    reader.checkUnread();
    reader.close();
    return { events, messages: reader.findings.map(({ message }) => message) };
  } catch (error) {
    expect(error).toBeInstanceOf(UserError);
    return { events: [], messages: [(error as Error).message] };
  }
}

function verifyMessages(path: string): string[] {
  try {
    return verifyTrace(path).findings.map(({ message }) => message);
  } catch (error) {
    expect(error).toBeInstanceOf(UserError);
    return [(error as Error).message];
  }
}

test('the trace is small, whole and has a frame of each kind', () => {
  expect(verifyMessages(whole)).toEqual([]);
  expect(new Set(frames.map(({ kind }) => kind))).toEqual(new Set([1, 2, 3, 4, 5, 6, 7, 8, 9]));
  expect(readAll(whole)).toEqual({ events: Array.from({ length: 2 * CALLS }, (_, i) => i), messages: [] });
});

test('cut at every byte, it opens up to its last whole frame and says what is missing', () => {
  for (let size = 0; size < bytes.length; size++) {
    writeFileSync(damaged, bytes.subarray(0, size));
    const { events, messages } = readAll(damaged);
    const chunks = frames.filter(({ kind, end }) => kind === 2 && end <= size).length;
    expect(events.length, `cut at ${size}`).toBe(16 * chunks);
    expect(messages.length, `cut at ${size}`).toBeGreaterThan(0);
    expect(messages.join('\n')).toMatch(/cut off|empty|no Trapline trace/);
    expect(messages.join('\n')).not.toContain('damaged');
    expect(verifyMessages(damaged)).toEqual(messages);
  }
});

test('a flipped bit at any byte is named with its frame, and all other chunks are read', () => {
  for (const { number, kind, offset, end } of frames) {
    for (let at = offset; at < end; at++) {
      const copy = Buffer.from(bytes);
      copy[at]! ^= 1 << ((at * 5) % 8);
      writeFileSync(damaged, copy);
      const inHeader = at < offset + 64;
      const name = inHeader
        ? `frame ${number} at offset ${offset}`
        : `frame ${number} (${frameKindName(kind)}) at offset ${offset}`;
      const messages = verifyMessages(damaged);
      expect(messages[0], `byte ${at}`).toContain(name);
      const reading = readAll(damaged);
      expect(reading.messages.join('\n'), `byte ${at}`).toContain(name);
      if (kind === 1) continue;
      expect(reading.events.length).toBe(2 * CALLS - (kind === 2 ? 16 : 0));
    }
  }
});

test('what was altered with a matching checksum breaks the chain', () => {
  // By someone who knows the format: the header stays readable, its content is another.
  const copy = Buffer.from(bytes);
  const chunk = frames.find(({ kind }) => kind === 4)!;
  const at = copy.indexOf('ls\n', chunk.offset + 64);
  expect(at).toBeLessThan(chunk.end);
  copy.write('rm\n', at);
  rewriteChecksums(copy, chunk.offset, chunk.end);
  writeFileSync(damaged, copy);
  expect(verifyMessages(damaged)[0]).toMatch(/^frame \d+ \(inputs\) at offset \d+: .*its hash differs$/);
});

test('a frame taken out is missed', () => {
  const { offset, end, number } = frames.find(({ kind }) => kind === 2)!;
  writeFileSync(damaged, Buffer.concat([bytes.subarray(0, offset), bytes.subarray(end)]));
  expect(verifyMessages(damaged)[0]).toBe(
    `frame ${number} is missing before frame ${number + 1} (calls) at offset ${offset}`,
  );
  expect(readAll(damaged).events.length).toBe(2 * CALLS - 16);
});

test('data behind the end, frames twice, a foreign file', () => {
  writeFileSync(damaged, Buffer.concat([bytes, Buffer.from('more')]));
  expect(verifyMessages(damaged).join('\n')).toContain('cut off in its header');
  writeFileSync(damaged, Buffer.concat([bytes, bytes]));
  expect(verifyMessages(damaged).join('\n')).toContain('out of order');
  writeFileSync(damaged, Buffer.alloc(100_000, 'TRF?'));
  expect(verifyMessages(damaged)[0]).toContain('is no Trapline trace');
  expect(verifyMessages(folder)[0]).toContain('illegal operation on a directory');
  expect(verifyMessages(join(folder, 'absent.trap'))[0]).toContain('no such file or directory');
});

/** Gives a frame the checksums that fit its bytes. */
function rewriteChecksums(file: Buffer, offset: number, end: number): void {
  file.writeUInt32LE(crc32c(file.subarray(offset + 64, end)), offset + 20);
  file.writeUInt32LE(crc32c(file.subarray(offset, offset + 60)), offset + 60);
}
