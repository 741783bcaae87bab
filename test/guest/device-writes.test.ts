// Physical memory that devices and the page walk write to: where that is, a first run of the same guest tells.
import { randomBytes } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { missingForGuest, scratch, trapline } from '../support/guest.ts';
import { buildProgram } from '../support/strace-oracle.ts';

const missing = missingForGuest('/usr/bin/gcc');
if (missing !== undefined) console.warn(`tests of devices' writes skipped: ${missing}`);

interface WriteRow {
  readonly source: string;
  readonly comm: string;
  readonly physical: string;
  readonly size: number;
  readonly before: string;
  readonly after: string;
}

describe.skipIf(missing !== undefined)('watched physical memory', () => {
  it('shows what a device puts there, its rings, and accessed bits', () => {
    const folder = scratch();
    const program = buildProgram(folder, 'direct-read', '-static');
    const data = randomBytes(4096);
    writeFileSync(join(folder, 'data'), data);
    const still = ['--share', folder, '--seed', 'x', '--clock', '1700000000', '--env', 'A=b', '--chdir', '/'];
    const run = (name: string, ...options: readonly string[]) => {
      const trace = join(folder, name);
      const command = ['--', program, join(folder, 'data')];
      const { stdout, stderr } = trapline(['record', '-q', '-o', trace, ...still, ...options, ...command]);
      expect(stderr).toBe('');
      const sql =
        "SELECT source, comm, physical, size, before, after FROM page_writes WHERE source <> 'task' ORDER BY event";
      const rows = trapline(['query', '--format', 'jsonl', trace, sql]).stdout.trim().split('\n');
      return { printed: stdout.trim().split('\n'), rows: rows.map((line) => JSON.parse(line) as WriteRow) };
    };
    const first = run('first.trap', '--traps', 'pages');
    const buffer = first.printed[0]!;
    const pages = [...new Set(first.rows.map(({ physical }) => physical))];
    expect(pages).toContain(buffer);
    expect(first.rows.some(({ source }) => source === 'pageWalk')).toBe(true);
    const second = run('second.trap', ...pages.flatMap((page) => ['--watch', `phys:${page}+4096`]));
    expect(second.printed).toEqual(first.printed);
    const by = (from: string) => second.rows.filter(({ source }) => source === from);
    expect(by('device').find(({ physical }) => physical === buffer)).toMatchObject({
      comm: 'direct-read',
      size: 4096,
      after: data.toString('hex'),
    });
    // Used rings of virtio: an element of 8 bytes, then the index of 2, one more than it was.
    const indices = by('device').filter(({ size }) => size === 2);
    expect(indices.length).toBeGreaterThan(0);
    const word = (hex: string): number => Buffer.from(hex, 'hex').readUInt16LE();
    for (const { before, after } of indices) expect(word(after)).toBe((word(before) + 1) & 0xffff);
    // Bits 5 and 6 of a page-table entry: accessed, dirty.
    const walks = by('pageWalk').map(({ before, after }) => [before, after].map((hex) => Buffer.from(hex, 'hex')));
    expect(walks.length).toBeGreaterThan(0);
    for (const [before, after] of walks) {
      expect(after![0]! & ~0x60).toBe(before![0]! & ~0x60);
      expect(after![0]! & 0x60).toBeGreaterThan(before![0]! & 0x60);
      expect(after!.subarray(1)).toEqual(before!.subarray(1));
    }
  });
});
