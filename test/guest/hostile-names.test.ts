// Names that guests give: none reaches a terminal with its effect, whoever shows it; names beyond ASCII are what they are.
import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import { missingForGuest, scratch, trapline } from '../support/guest.ts';
import { buildProgram } from '../support/strace-oracle.ts';

const missing = missingForGuest('/usr/bin/gcc');
if (missing !== undefined) console.warn(`tests of hostile names skipped: ${missing}`);

const HARMFUL = /[^\P{Cc}\n]|[\p{Cf}\p{Zl}\p{Zp}\p{Co}\p{Cs}]/u;
const NAME = '日本 wörk';

describe.skipIf(missing !== undefined)('names that a guest gives', () => {
  let trace: string;
  let at: string;

  beforeAll(() => {
    const folder = scratch();
    trace = join(folder, 'names.trap');
    const program = buildProgram(folder, 'hostile-names', '-static');
    const recorded = trapline(['record', '-q', '--snapshot', '-o', trace, '--share', folder, '--', program]);
    expect(recorded).toMatchObject({ status: 0, stderr: '' });
    const last = "SELECT max(event) AS event FROM syscalls WHERE name = 'getpriority'";
    at = `#${JSON.parse(trapline(['query', '--format', 'jsonl', trace, last]).stdout).event}`;
  });

  it.each([
    ...['ps', 'maps', 'files', 'sockets'].map((view) => [[view, '--at']]),
    ...[['replay'], ['replay', '-y', '-v'], ['info'], ['export', '--format', 'strace']].map((verb) => [verb]),
    ...['exec-tree', 'file-access', 'deleted-files', 'file-changes', 'network'].map((name) => [['query', name]]),
    [['query', 'SELECT * FROM syscalls']],
    [['query', 'SELECT * FROM processes']],
  ])('are shown without their effect by %j', (words) => {
    const [verb = '', ...rest] = words;
    const args =
      verb === 'query' ? [verb, trace, ...rest] : [verb, trace, ...rest, ...(rest[0] === '--at' ? [at] : [])];
    const { stdout, stderr, status } = trapline(args);
    expect({ stderr, status }).toEqual({ stderr: '', status: 0 });
    expect(stdout.length).toBeGreaterThan(100);
    expect(HARMFUL.exec(stdout)?.input.slice(0, 200)).toBeUndefined();
  });

  it('are what they are in SQL, in what programs read, and in views', () => {
    const sql = `SELECT DISTINCT comm FROM syscalls WHERE comm = '${NAME}'`;
    expect(JSON.parse(trapline(['query', '--format', 'jsonl', trace, sql]).stdout)).toEqual({ comm: NAME });
    const lines = trapline(['replay', '--format', 'jsonl', trace]).stdout.trim().split('\n');
    expect(JSON.parse(lines.at(-1)!)).toMatchObject({ name: 'exit_group', comm: NAME });
    expect(trapline(['replay', trace]).stdout).toContain(
      '[80 \\346\\227\\245\\346\\234\\254_w\\303\\266rk] exit_group(0)',
    );
    expect(trapline(['ps', trace, '--at', at]).stdout).toContain(NAME);
  });

  it.skipIf(!existsSync('/usr/bin/script'))('reach no terminal in forms for programs either', () => {
    const program = new URL('../../bin/trapline.js', import.meta.url).pathname;
    const command = `"${process.execPath}" "${program}" query --format csv "${trace}" "SELECT * FROM files"`;
    const { stdout } = spawnSync('script', ['-qec', command, '/dev/null'], { encoding: 'utf8' });
    expect(stdout).toContain('\\e]0;owned');
    expect(HARMFUL.test(stdout.replaceAll('\r\n', '\n'))).toBe(false);
    const args = ['query', '--format', 'csv', trace, 'SELECT * FROM files'];
    expect(trapline(args).stdout).toContain('\x1b]0;owned');
  });
});
