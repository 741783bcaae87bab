// What is read from a kernel's memory, against what the kernel itself says in /proc.
import { join } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import { amd64Syscalls } from '../../src/guest/linux/signature.ts';
import type { SyscallMetadata } from '../../src/guest/linux/syscall-metadata.ts';
import { TraceReader } from '../../src/replay/reader.ts';
import { missingForGuest, scratch, trapline } from '../support/guest.ts';

/** The kernel's metadata names the function, the table the call. */
const RENAMED: Readonly<Record<string, string>> = {
  newstat: 'stat',
  newfstat: 'fstat',
  newlstat: 'lstat',
  newuname: 'uname',
  sendfile64: 'sendfile',
  umount: 'umount2',
};

const missing = missingForGuest();
if (missing !== undefined) console.warn(`guest knowledge skipped: ${missing}`);

describe.skipIf(missing !== undefined)('knowledge of the guest', () => {
  const trace = join(scratch(), 'ps.trap');
  const script =
    'echo $$; cat /proc/version; cat /proc/$$/comm; cut -d" " -f4 /proc/$$/stat; sh -c "echo \\$\\$ \\$PPID"';
  let printed: string[];
  let reader: TraceReader;

  beforeAll(() => {
    const result = trapline(['record', '-q', '-o', trace, '--', 'sh', '-c', script]);
    expect(result.status).toBe(0);
    printed = result.stdout.trim().split('\n');
    reader = TraceReader.open(trace);
  });

  const fact = <T>(name: string): T => JSON.parse(reader.profile.get(`linux.${name}`)!.json) as T;

  it('finds the banner', () => {
    expect(fact<string>('banner').trim()).toBe(printed[1]);
  });

  it('names tasks, their groups and their parents as /proc does', () => {
    const { stdout } = trapline(['replay', '--format', 'jsonl', trace]);
    const rows = stdout
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line) as { pid: number; comm: string; name: string });
    const [shell, , comm] = printed;
    expect(rows.at(-1)).toMatchObject({ pid: Number(shell), comm });
    const [child, parent] = printed[4]!.split(' ');
    expect(parent).toBe(shell);
    expect(rows.some(({ pid }) => pid === Number(child))).toBe(true);
    expect(rows.every(({ pid }) => pid !== null)).toBe(true);
  });

  it('agrees with the kernel on every system call', () => {
    const calls = fact<SyscallMetadata[]>('syscalls');
    expect(calls.length).toBeGreaterThan(300);
    const table = amd64Syscalls();
    for (const { number, name, arguments: names } of calls) {
      const known = table.get(number);
      expect(known, `${number} ${name}`).toBeDefined();
      expect(known!.name).toBe(RENAMED[name] ?? name);
      // A command may have more arguments than the call usually shows.
      const shapes = [known!, ...(known!.variants ?? [])];
      expect(Math.max(...shapes.map(({ arguments: shown }) => shown.length)), known!.name).toBe(names.length);
    }
  });
});
