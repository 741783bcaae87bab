// Sockets against the program that used them: addresses, and bytes by every call that carries some.
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { missingForGuest, scratch, trapline } from '../support/guest.ts';
import { buildProgram } from '../support/strace-oracle.ts';

const missing = missingForGuest('/usr/bin/gcc');
if (missing !== undefined) console.warn(`sockets of guests skipped: ${missing}`);

it.skipIf(missing !== undefined).each([{ flags: [] }, { flags: ['-m32'] }])(
  'sockets have the addresses and the bytes that the program says $flags',
  ({ flags }) => {
    const folder = scratch();
    const trace = join(folder, 'sockets.trap');
    const program = buildProgram(folder, 'sockets', ...flags);
    const { stdout, stderr } = trapline(['record', '-q', '-o', trace, '--share', folder, '--', program]);
    expect(stderr).toBe('');
    const sql = `SELECT concat_ws(' ', fd, family, type, coalesce(local, '-'), coalesce(peer, '-'), sent, received) AS line
      FROM sockets WHERE fd > 3`;
    const rows = trapline(['query', '--format', 'jsonl', trace, sql]).stdout.trim().split('\n');
    const lines = rows.map((row) => (JSON.parse(row) as { line: string }).line);
    expect(lines.sort()).toEqual(stdout.trim().split('\n').sort());
    expect(lines.length).toBe(17);
  },
);
