// Pages that tasks dirty, against a program that says which it wrote to: private ones, copied after fork, shared, mapped again.
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { missingForGuest, scratch, trapline } from '../support/guest.ts';
import { buildProgram } from '../support/strace-oracle.ts';

const missing = missingForGuest('/usr/bin/gcc');
if (missing !== undefined) console.warn(`tests of dirtied pages skipped: ${missing}`);

const FIRST = 0x30000000;
const LAST = 0x30200000;
const PAGE = 4096;
/** Number of the first shared one. */
const SHARED = 256;

interface PageRow {
  readonly changed: boolean | null;
  readonly icount: number;
  readonly pid: number;
  readonly address: string;
  readonly physical: string;
  readonly content: string | null;
}

interface CallRow {
  readonly icount: number;
  readonly pid: number;
  readonly name: string;
  readonly args: string;
}

/** Kernel pages that a task dirtied, of which no later row says what they hold. */
function withoutContent(pages: readonly PageRow[]): PageRow[] {
  const told = new Map(pages.flatMap(({ changed, physical }, at) => (changed !== null ? [[physical, at]] : [])));
  return pages.filter(({ changed, physical }, at) => changed === null && !((told.get(physical) ?? -1) > at));
}

describe.skipIf(missing !== undefined)('pages that tasks dirty', () => {
  it.each([[1], [2]])('are those that they wrote to, with what they hold, with %i processors', (processors) => {
    const folder = scratch();
    const trace = join(folder, 'pages.trap');
    const options = ['--share', folder, '--cpus', String(processors), '--traps', 'syscall,pages'];
    const result = trapline(['record', '-q', '-o', trace, ...options, '--', buildProgram(folder, 'dirty-pages')]);
    expect(result, result.stderr).toMatchObject({ status: 0, stderr: '' });
    const query = <Row>(sql: string): Row[] =>
      trapline(['query', '--format', 'jsonl', trace, sql])
        .stdout.trim()
        .split('\n')
        .map((line) => JSON.parse(line) as Row);
    const pages = query<PageRow>(
      'SELECT icount, pid, changed, address, physical, hex(content) AS content FROM page_writes ORDER BY event',
    );
    const calls = query<CallRow>(
      "SELECT icount, pid, name, args FROM syscalls WHERE name IN ('write', 'clock_nanosleep') ORDER BY event",
    );
    const contents = new Map<string, string>();
    const sums = pages.map(({ physical, content }) => {
      if (content !== null) contents.set(physical, content);
      return [...Buffer.from(contents.get(physical) ?? '', 'hex')].reduce((sum, byte) => sum + byte, 0);
    });
    expect(withoutContent(pages)).toEqual([]);
    let steps = 0;
    for (const [i, { pid, name, args }] of calls.entries()) {
      const said = name === 'write' && /"#([ \d=]+)\\n"/.exec(args)?.[1];
      if (!said) continue;
      // From when it lay down to sleep before the step until it has slept after it.
      const own = (call: CallRow): boolean => call.pid === pid;
      const from = calls.slice(0, i).findLast(own)!.icount;
      const to = calls.slice(i + 1).filter(own)[1]?.icount ?? Number.POSITIVE_INFINITY;
      const dirtied = new Map<number, number>();
      for (const [at, page] of pages.entries()) {
        const address = Number(page.address);
        if (page.pid !== pid || page.icount <= from || page.icount >= to || address < FIRST || address >= LAST)
          continue;
        dirtied.set((address - FIRST) / PAGE, sums[at]!);
      }
      const written = said.trim().split(' ').map((part) => part.split('=').map(Number) as [number, number]); // biome-ignore format: a pair
      const inOrder = [...dirtied].sort(([a], [b]) => a - b);
      expect(inOrder.map(([page]) => page)).toEqual(written.map(([page]) => page));
      // On other processors others write to the shared ones before their sums are taken.
      const alone = ([page]: [number, number]): boolean => processors === 1 || page < SHARED;
      expect(inOrder.filter(alone)).toEqual(written.filter(alone));
      steps++;
    }
    expect(steps).toBe(4 * 8);
  });
});
