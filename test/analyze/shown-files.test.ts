// What descriptors mean, against /proc: programs print at each step what the kernel shows of their own.
import { join } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import { runWhole } from '../../src/analyze/model/job.ts';
import { TraceSource } from '../../src/view/source/trace-source.ts';
import { missingForGuest, scratch, trapline } from '../support/guest.ts';
import { buildProgram } from '../support/strace-oracle.ts';

const missing = missingForGuest('/usr/bin/gcc');
if (missing !== undefined) console.warn(`descriptors against /proc skipped: ${missing}`);

type Row = Readonly<Record<string, string | number | null>>;

/** A line that a program printed: what the kernel showed of a task, until the write that printed it. */
interface Step {
  readonly step: string;
  readonly pid: number;
  readonly tid: number;
  readonly since: number;
  readonly event: number;
  /** Names by descriptor, from 3 on. */
  readonly shown: ReadonlyMap<number, string>;
}

function query(trace: string, sql: string): Row[] {
  const { stdout, stderr } = trapline(['query', '--format', 'jsonl', trace, sql]);
  expect(stderr).toBe('');
  return stdout.split('\n').flatMap((line) => (line === '' ? [] : [JSON.parse(line) as Row]));
}

/** Sockets, pipes and files without a name have a number there that no call tells. */
const plain = (name: string): string =>
  name
    .replaceAll('~', ' ')
    .replace(/ \(deleted\)$/, '')
    .replace(/^(socket|pipe):.*/, '$1')
    .replace(/#\d+$/, '#');

function stepsOf(stdout: string, writes: readonly Row[]): Step[] {
  return stdout
    .trim()
    .split('\n')
    .map((line) => {
      const [step = '', pid, tid, , , ...open] = line.split(' ');
      const own = writes.filter((write) => write.tid === Number(tid));
      const at = own.findIndex(({ args }) => String(args).includes(`"${step} `));
      expect(at, line).toBeGreaterThanOrEqual(0);
      const shown = new Map(open.map((each) => [Number(/^\d+/.exec(each)?.[0]), plain(each.replace(/^\d+=/, ''))]));
      const [since, event] = [Number(own[at - 1]?.event ?? 0), Number(own[at]!.event)];
      return { step, pid: Number(pid), tid: Number(tid), since, event, shown };
    });
}

describe.skipIf(missing !== undefined).each([
  { name: 'sharing', flags: [], steps: 23 },
  { name: 'descriptor-kinds', flags: [], steps: 17 },
  { name: 'descriptor-kinds', flags: ['-m32'], steps: 17 },
])('$name $flags', ({ name, flags, steps: count }) => {
  let files: Row[];
  let asked: Row[];
  let steps: Step[];
  let trace: string;

  beforeAll(() => {
    const folder = scratch();
    trace = join(folder, 'files.trap');
    const program = buildProgram(folder, name, ...flags);
    const { stdout, stderr } = trapline(['record', '-q', '-o', trace, '--share', folder, '--', program]);
    expect(stderr).toBe('');
    steps = stepsOf(stdout, query(trace, "SELECT event, tid, args FROM syscalls WHERE name = 'write' AND fd = 1"));
    expect(steps.length).toBe(count);
    files = query(trace, 'SELECT * FROM files WHERE fd > 2');
    asked = query(trace, "SELECT event, tid, fd, fd_path FROM syscalls WHERE name LIKE 'fcntl%' AND a1 = 1");
  });

  /** A thread that has its own descriptors has no others. */
  function openAt({ pid, tid, event }: Step): Map<unknown, string> {
    const open = files.filter(
      (file) =>
        file.pid === pid && Number(file.event) < event && (file.end_event === null || Number(file.end_event) > event),
    );
    const parted = files.some((file) => file.tid === tid && Number(file.event) < event);
    const own = open.filter((file) => file.tid === (parted ? tid : null));
    return new Map(own.map(({ fd, path }) => [fd, plain(String(path))]));
  }

  it('has at each step open what the kernel says', () => {
    for (const step of steps) {
      const ours = openAt(step);
      expect([...ours.keys()].sort(), step.step).toEqual([...step.shown.keys()].sort());
      // The table has the names by which they were opened.
      if (!['gone', 'renamed-folder', 'linked-folder', 'pivoted'].includes(step.step)) {
        expect(ours, step.step).toEqual(step.shown);
      }
    }
  });

  it('and calls each of them then as the kernel does', () => {
    for (const { step, tid, since, event, shown } of steps) {
      const told = asked.filter((call) => call.tid === tid && Number(call.event) > since && Number(call.event) < event);
      // The kernel's begin at the root of who asks.
      const inRoot = step === 'pivoted' ? (path: string) => path.replace('/tmp/k/m', '') : (path: string) => path;
      const ours = new Map(told.map(({ fd, fd_path }) => [fd, inRoot(plain(String(fd_path)))]));
      expect(ours, step).toEqual(shown);
    }
  });

  it('and the viewer names them by whose they are', () => {
    const source = TraceSource.open(trace);
    runWhole(source.read(() => {}));
    for (const step of steps) {
      // It has the names by which they were opened.
      if (/^(gone|renamed-folder|linked-folder|pivoted)$/.test(step.step)) continue;
      const names = [...step.shown.keys()].map((fd) => {
        const name = source.descriptors.name({ pid: step.tid, tgid: step.pid }, fd, step.event);
        return [fd, name && plain(name)] as const;
      });
      expect(new Map(names), step.step).toEqual(step.shown);
    }
  });

  it('and tells by name what a program got from before its execve, and who started whom', () => {
    const rows = query(trace, 'inherited-descriptors');
    for (const { step, pid, shown } of steps) {
      if (!/executed|spawned/.test(step)) continue;
      const inherited = rows.filter((row) => row.pid === pid).map(({ fd, path }) => [fd, plain(String(path))] as const);
      expect(new Map(inherited), step).toEqual(shown);
    }
    // Numbers are used again: each process stands there once.
    const [{ count: processes } = {}] = query(trace, 'SELECT count(*) AS count FROM processes');
    expect(query(trace, 'exec-tree').length).toBe(processes);
  });
});
