// Page histories against a guest program that logs its own writes.
import { join } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import { missingForGuest, scratch, trapline } from '../support/guest.ts';
import { buildProgram } from '../support/strace-oracle.ts';
import { temporaryFolder, writeTrace } from '../support/trace-files.ts';

const missing = missingForGuest('/usr/bin/gcc');
if (missing !== undefined) console.warn(`page histories skipped: ${missing}`);

interface Logged {
  readonly at: number;
  readonly size: number;
  readonly value: bigint;
}

/** The area's address, and the writes to it as the program tells them. */
function parseLog(stdout: string): { area: bigint; writes: Logged[] } {
  const [area = '', ...lines] = stdout.trim().split('\n');
  const writes = lines.map((line) => {
    const [at, size, value] = line.split(' ');
    return { at: Number(at), size: Number(size), value: BigInt(`0x${value}`) };
  });
  return { area: BigInt(area), writes };
}

function bytesAfter(writes: readonly Logged[]): Uint8Array {
  const page = new Uint8Array(4096);
  for (const { at, size, value } of writes) {
    for (let i = 0; i < size; i++) page[at + i] = Number((value >> BigInt(8 * i)) & 255n);
  }
  return page;
}

/** Bytes that `page` shows by their addresses; those that it does not know are missing. */
function shownBytes(stdout: string): Map<bigint, number> {
  const shown = new Map<bigint, number>();
  let before: string[] = [];
  let next: bigint | undefined;
  for (const line of stdout.trim().split('\n')) {
    if (line === '*') continue;
    const [address = '', ...rest] = line.replace(/\|.*$/, '').trim().split(/\s+/);
    const start = BigInt(`0x${address}`);
    for (let skipped = next ?? start; skipped < start; skipped += 16n) put(skipped, before);
    put(start, rest);
    before = rest;
    next = start + 16n;
  }
  return shown;

  function put(start: bigint, row: readonly string[]): void {
    for (const [i, byte] of row.entries()) if (byte !== '??') shown.set(start + BigInt(i), Number.parseInt(byte, 16));
  }
}

describe.skipIf(missing !== undefined)('a program that says what it writes', () => {
  let program: string;
  let folder: string;

  beforeAll(() => {
    folder = scratch();
    program = buildProgram(folder, 'writes', '-static');
  });

  function record(name: string, ...traps: readonly string[]): { trace: string; area: bigint; writes: Logged[] } {
    const trace = join(folder, name);
    const { stdout } = trapline(['record', '-q', '-o', trace, ...traps, '--share', folder, '--', program]);
    return { trace, ...parseLog(stdout) };
  }

  it('is watched write by write: each with its place, size and value, and the contents at any moment', () => {
    const { trace, area, writes } = record(
      'writes.trap',
      '--traps',
      'syscall,page-write',
      '--watch',
      `exe:${program}:area`,
    );
    expect(writes).toHaveLength(60);
    const { stdout } = trapline(['writes', trace, '--symbol', 'area', '--format', 'jsonl', '--to', '1000s']);
    const ours = stdout
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line) as Record<string, string>);
    const places = ours.slice(0, 60).map(({ address, size, change }) => ({
      at: Number(BigInt(address!) - area),
      size: Number(size),
      value: BigInt(change!.split(' -> ')[1]!),
    }));
    expect(places).toEqual(writes);
    for (const count of [1, 17, 60]) {
      const last = ours[count - 1]!;
      const page = trapline(['page', trace, `0x${area.toString(16)}`, '--at', `#${last.event}`]).stdout;
      const expected = bytesAfter(writes.slice(0, count));
      const shown = shownBytes(page);
      expect(shown.size).toBeGreaterThan(0);
      for (const [address, byte] of shown) expect(byte, address.toString(16)).toBe(expected[Number(address - area)]);
      const writer = trapline([
        'last-writer',
        trace,
        last.address!,
        '--at',
        `#${last.event}`,
        '--format',
        'jsonl',
      ]).stdout;
      expect(JSON.parse(writer)).toEqual(last);
    }
    const { at, size } = writes[30]!;
    const address = `0x${(area + BigInt(at)).toString(16)}+${size}`;
    const [from, to] = [ours[29]!.event, ours[30]!.event];
    const difference = trapline(['diff', trace, address, '--from', `#${from}`, '--to', `#${to}`]).stdout;
    expect(difference.split('\n').filter((line) => line !== '')).toHaveLength(2);
  });

  it('is recorded by pages: the content at the end is what was written, byte by byte', () => {
    const { trace, area, writes } = record('pages.trap', '--traps', 'syscall,pages');
    const { stdout, stderr } = trapline(['page', trace, `0x${area.toString(16)}`]);
    const shown = shownBytes(stdout);
    expect(stderr).toContain('as of event');
    expect(shown.size).toBe(4096);
    const expected = bytesAfter(writes);
    expected.set(new TextEncoder().encode('the last of all'), 4000);
    for (const [address, byte] of shown) expect(byte, address.toString(16)).toBe(expected[Number(address - area)]);
    const heat = trapline(['query', trace, 'page-heat', '--format', 'jsonl']).stdout;
    expect(heat.trim().split('\n').length).toBeGreaterThan(10);
  });

  it('is watched and recorded by pages: the instruction that wrote last is told, not the page that was dirtied by it', () => {
    const watch = `exe:${program}:area`;
    const { trace, area, writes } = record('both.trap', '--traps', 'syscall,page-write,pages', '--watch', watch);
    const { at, size } = writes.at(-1)!;
    const address = `0x${(area + BigInt(at)).toString(16)}`;
    const { stdout } = trapline(['last-writer', trace, address, '--format', 'jsonl']);
    expect(JSON.parse(stdout)).toMatchObject({ by: 'instruction', address, size: String(size) });
    const { status, stderr } = trapline(['writes', trace, '--symbol', 'nope']);
    expect(status).toBe(1);
    expect(stderr).toMatch(/^trapline: --symbol nope: nothing was watched by this name.*\n$/);
  });
});

it('what nobody watched is said, with what to record', () => {
  const path = join(temporaryFolder(), 'calls.trap');
  writeTrace(path, 10);
  for (const args of [
    ['writes', path, '--page', '0x1000'],
    ['last-writer', path, '0x1000'],
    ['page', path, 'phys:0x1000'],
  ]) {
    const { status, stdout, stderr } = trapline(args);
    expect({ status, stdout }).toEqual({ status: 1, stdout: '' });
    expect(stderr).toMatch(/^trapline: nobody watched memory .*--traps syscall,pages.*\n$/);
  }
  expect(trapline(['writes', path]).status).toBe(1);
});
