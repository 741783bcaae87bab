// Debian's i386 kernels with an i386 user land: calls by SYSENTER and INT 80h against strace, tasks by what they say.
import { execFileSync, spawnSync } from 'node:child_process';
import { copyFileSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import { TraceGuest } from '../../src/analyze/trace-guest.ts';
import { osType, processList } from '../../src/index.ts';
import { debianPackage } from '../support/debian-packages.ts';
import { scratch, trapline } from '../support/guest.ts';
import { otherKernels } from '../support/guest-kernels.ts';
import { callsByTask } from '../support/strace-log.ts';
import { buildProgram, expectSameCalls } from '../support/strace-oracle.ts';

const i386 = (name: RegExp) => debianPackage({ codename: 'bookworm', architecture: 'i386', name });
const busybox = i386(/^busybox-static$/);
const strace = i386(/^strace$/);
const libc = i386(/^libc6$/);
const builds = spawnSync('gcc', ['-m32', '-static', '-x', 'c', '-o', '/dev/null', '-'], { input: 'int main() {}' });
const programs =
  [busybox, strace, libc].find(({ folder }) => folder === undefined)?.reason ??
  (builds.status === 0 ? undefined : 'gcc -m32 builds nothing');

const FILES = [
  [busybox, 'bin/busybox', 'bin/busybox'],
  [strace, 'usr/bin/strace', 'bin/strace'],
  [libc, 'lib/i386-linux-gnu/ld-linux.so.2', 'lib/ld-linux.so.2'],
  [libc, 'lib/i386-linux-gnu/libc.so.6', 'lib/libc.so.6'],
] as const;

/** Its shell runs programs by the library's way, SYSENTER; `int80` calls as nothing else does. */
const INIT = `#!/bin/busybox sh
/bin/busybox mount -t proc proc /proc
/bin/busybox mount -t devtmpfs dev /dev
/bin/busybox ifconfig lo up
cd /tmp
/bin/strace -f -o log /bin/calls > /dev/null
echo "== status $?"
/bin/int80
echo "== int80 $?"
/bin/busybox sleep 1000 &
echo "== ps"
/bin/busybox ps -o pid,ppid,comm
echo "== log"
/bin/busybox cat log
echo "== end"
/bin/busybox poweroff -f
`;
/** Boots and re-executions from the first instruction, on a busy machine. */
const PATIENCE = { boot: 600_000, reexecution: 300_000 } as const;
const INT80 = 'int main(void) { int r; __asm__("int $0x80" : "=a"(r) : "a"(64)); return r == 1 ? 7 : 8; }';

function buildRamdisk(folder: string): string {
  const root = join(folder, 'root');
  for (const name of ['bin', 'lib', 'proc', 'dev', 'tmp']) mkdirSync(join(root, name), { recursive: true });
  for (const [{ folder: from }, path, to] of FILES) copyFileSync(join(from!, path), join(root, to));
  copyFileSync(buildProgram(folder, 'calls', '-m32', '-static'), join(root, 'bin/calls'));
  const int80 = ['-m32', '-static', '-x', 'c', '-o', join(root, 'bin/int80'), '-'];
  execFileSync('gcc', int80, { input: INT80 });
  writeFileSync(join(root, 'init'), INIT, { mode: 0o755 });
  execFileSync('sh', ['-c', 'find . | cpio -o -H newc --quiet > ../initrd'], { cwd: root });
  return join(folder, 'initrd');
}

for (const { name, image, reason } of otherKernels('i386')) {
  const missing = programs ?? (image === undefined ? reason : undefined);
  if (missing !== undefined) console.warn(`i386 kernel ${name} skipped: ${missing}`);
  describe.skipIf(missing !== undefined)(`i386 kernel ${name}`, () => {
    const folder = scratch();
    const trace = join(folder, 'i386.trap');
    let files: string[];
    let printed: ReadonlyMap<string, string>;

    beforeAll(() => {
      files = ['--kernel', image!, '--initrd', buildRamdisk(folder)];
      const append = ['--append', 'console=ttyS0 quiet cryptomgr.notests'];
      const result = trapline(['record', '-q', '-o', trace, ...files, ...append], { input: null });
      expect(result, result.stderr).toMatchObject({ status: 0, stderr: '' });
      const parts = result.stdout
        .replaceAll('\r', '')
        .split(/^== (\w+) ?/m)
        .slice(1);
      printed = new Map(parts.flatMap((word, i) => (i % 2 === 0 ? [[word, parts[i + 1]!.trim()]] : [])));
    }, PATIENCE.boot);

    it('has its calls recorded as strace in the guest shows them', () => {
      expect(printed.get('status')).toBe('5');
      const calls = callsByTask(printed.get('log')!, /^(\d+) +(.*)$/);
      expect(calls.size).toBeGreaterThanOrEqual(6);
      expectSameCalls({ trace, calls });
    });

    it('tells how each call came', () => {
      expect(printed.get('int80')).toBe('7');
      const { stdout } = trapline(['replay', '--format', 'jsonl', '-e', 'trace=getppid', trace]);
      const rows = stdout
        .trim()
        .split('\n')
        .map((line) => JSON.parse(line) as Record<string, unknown>);
      const ways = (comm: string) => new Set(rows.filter((row) => row.comm === comm).map(({ mechanism }) => mechanism));
      expect(ways('int80')).toEqual(new Set(['int80']));
      expect(ways('calls')).toEqual(new Set(['sysenter']));
    });

    it(
      'is recognised, and its processes are those that ps lists, found by the tree of children',
      () => {
        const { stdout } = trapline(['replay', '--format', 'jsonl', '-e', 'trace=execve', trace]);
        const listing = stdout
          .trim()
          .split('\n')
          .map((line) => JSON.parse(line) as { icount: number; args: string[] })
          .find(({ args }) => args.join(' ').includes('"-o", "pid,ppid,comm"'))!;
        const guest = new TraceGuest(trace, { kernel: files[1], initrd: files[3] });
        const view = guest.at(String(listing.icount));
        const { version, evidence } = osType(view);
        expect(version).toMatch(/^6\.1\.\d+-\d+-686/);
        expect(evidence[0]).toBe('GDT limit 0xff: 32 entries, a 32-bit Linux');

        // A worker's name goes on with what it works on, and is cut otherwise.
        const name = (comm: string): string => comm.replace(/-\S*$/, '').slice(0, 12);
        const listed = printed
          .get('ps')!
          .split('\n')
          .slice(1)
          .map((line) => {
            const [pid, ppid, ...comm] = line.trim().split(/\s+/);
            return { pid: Number(pid), ppid: Number(ppid), comm: name(comm.join(' ')) };
          });
        expect(listed.length).toBeGreaterThan(20);
        const { tasks } = processList(view);
        // The one that lists is not called busybox yet.
        const own = tasks.at(-1)!.pid;
        const ours = tasks.map(({ pid, ppid, comm }) => ({ pid, ppid, comm: name(comm) }));
        expect(ours.filter(({ pid }) => pid !== own)).toEqual(listed.filter(({ pid }) => pid !== own));
        for (const { foundBy } of tasks) expect(foundBy[0]).toBe('family');
        guest.close();
      },
      PATIENCE.reexecution,
    );
  });
}
