// What a guest holds, seen from outside, against what its own /proc says at the same time.
import { execFileSync } from 'node:child_process';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { GuestView } from '../../src/analyze/guest-view.ts';
import { TraceGuest } from '../../src/analyze/trace-guest.ts';
import { fileList, mappingList, moduleList, osType, processList, socketList } from '../../src/index.ts';
import { TraceReader } from '../../src/replay/reader.ts';
import { Reexecution } from '../../src/replay/reexecution.ts';
import { missingForGuest, scratch, trapline } from '../support/guest.ts';

/** The installed kernel where none is given. */
interface ViewedGuest {
  readonly name: string;
  readonly kernel?: string | undefined;
  /** Of the system's version. */
  readonly version: RegExp;
  /** Why there is no such guest here. */
  readonly missing?: string | undefined;
}

/** One guest with its /proc, and each view of it. */
export function describeViews({ name, kernel, version: expected, missing: lacking }: ViewedGuest): void {
  const missing = lacking ?? missingForGuest('/usr/bin/gcc', '/usr/bin/ps');
  if (missing !== undefined) console.warn(`views of ${name} skipped: ${missing}`);
  const image = kernel === undefined ? [] : ['--kernel', kernel];
  describe.skipIf(missing !== undefined)(`views of ${name}`, () => {
    const folder = scratch();
    const trace = join(folder, 'holder.trap');
    let sections: ReadonlyMap<string, readonly string[]>;
    let guest: TraceGuest;
    let view: GuestView;
    let pid: number;

    beforeAll(() => {
      const program = join(folder, 'holder');
      execFileSync('gcc', ['-O1', '-D_GNU_SOURCE', '-o', program, new URL('holder.c', import.meta.url).pathname]);
      const script = `${program} & sleep 0.1; echo "== ps"; exec ps -eo pid,ppid,uid,comm --no-headers`;
      // In a trace that carries its start, whatever is cached.
      const result = trapline([
        'record',
        '-q',
        '--snapshot',
        ...image,
        '-o',
        trace,
        '--share',
        folder,
        '--',
        'sh',
        '-c',
        script,
      ]);
      expect(result.status, result.stderr).toBe(0);
      const parts = result.stdout.split(/^== (\w+)\n/m).slice(1);
      sections = new Map(parts.flatMap((name, i) => (i % 2 === 0 ? [[name, parts[i + 1]!.trim().split('\n')]] : [])));
      guest = new TraceGuest(trace);
      view = guest.at();
      pid = Number(sections.get('pid')![0]);
    });
    afterAll(() => guest?.close());

    it('recognises the system and says why', () => {
      const { family, version, evidence } = osType(view);
      expect(family).toBe('Linux');
      expect(version).toMatch(expected);
      expect(evidence.join('\n')).toMatch(/GDT limit 0x7f.*\n[\s\S]*entry_SYSCALL_64[\s\S]*Linux version/);
    });

    it('lists the processes that ps lists', () => {
      const listed = sections.get('ps')!.map((line) => {
        const [number, ppid, uid, ...comm] = line.trim().split(/\s+/);
        return { pid: Number(number), ppid: Number(ppid), uid: Number(uid), comm: comm.join(' ') };
      });
      const own = listed.find(({ comm }) => comm === 'ps')!.pid;
      const { tasks, notes } = processList(view);
      expect(notes).toEqual([]);
      const ours = tasks.filter((task) => task.pid === task.tgid && task.pid !== own);
      // ps cuts the name of a worker and adds what it works on.
      const name = (comm: string): string => comm.replace(/-\S*$/, '').slice(0, 12);
      expect(ours.map((task) => ({ pid: task.pid, ppid: task.ppid, uid: task.uid, comm: name(task.comm) }))).toEqual(
        // What ps has started is init's now that it has ended.
        listed
          .filter((row) => row.pid !== own)
          .map(({ comm, ppid, ...row }) => ({ ...row, ppid: ppid === own ? 1 : ppid, comm: name(comm) })),
      );
      expect(ours.every(({ hiddenFrom }) => hiddenFrom.length === 0)).toBe(true);
      const holder = ours.find((task) => task.pid === pid)!;
      expect(holder.commandLine).toEqual([join(folder, 'holder')]);
      expect(holder.executable).toBe(join(folder, 'holder'));
      expect(holder.foundBy).toEqual(['list', 'pids', 'family', 'ran']);
    });

    it('lists the modules that /proc/modules lists', () => {
      const listed = sections.get('modules')!.map((line) => line.split(' ').slice(0, 3).join(' '));
      const { modules, notes } = moduleList(view);
      expect(notes).toEqual([]);
      expect(modules.map(({ name, size, references }) => `${name} ${size} ${references}`)).toEqual(listed);
      for (const { foundBy } of modules) expect(foundBy).toEqual(['list', 'addresses', 'sysfs', 'scan']);
    });

    it('shows descriptors as /proc/PID/fd does', () => {
      const { rows, notes } = fileList(view, pid);
      expect(notes).toEqual([]);
      expect(rows.map(({ item }) => `${item.fd} ${item.path}`)).toEqual(sections.get('fd'));
      const file = rows.find(({ item }) => item.path === '/tmp/file')!.item;
      expect(file.offset).toBe(5n);
      expect(file.flags & 0o2002).toBe(0o2002);
    });

    it('shows mappings as /proc/PID/maps does', () => {
      const mapped = mappingList(view, pid).rows.map(({ item: { start, end, permissions, offset, inode, name } }) => {
        const hex = (value: bigint): string => value.toString(16).padStart(8, '0');
        return `${hex(start)}-${hex(end)} ${permissions} ${hex(offset)} ${inode} ${name}`.trim();
      });
      const listed = sections.get('maps')!.map((line) => {
        const [range, permissions, offset, , inode, ...name] = line.trim().split(/\s+/);
        return [range, permissions, offset, inode, name.join(' ')].join(' ').trim();
      });
      // Memory that malloc takes after the listing was begun grows the heap only.
      expect(mapped.map((line) => line.replace(/-\S+( .*\[heap\])/, '$1'))).toEqual(
        listed.map((line) => line.replace(/-\S+( .*\[heap\])/, '$1')),
      );
    });

    it('shows sockets with addresses and states', () => {
      const { rows } = socketList(view, pid);
      const shown = rows.map(({ item }) => [item.family, item.type, item.state, item.local].join(' '));
      expect(shown).toContain('inet stream LISTEN 127.0.0.1:8080');
      expect(shown).toContain('unix stream LISTEN /tmp/socket');
      expect(shown).toContain('unix dgram CLOSE @hidden');
      expect(shown).toContain('inet6 dgram CLOSE [::1]:5353');
      // Of netlink: protocol, port, groups and inode, as /proc/net/netlink has them.
      const netlink = rows.find(({ item }) => item.family === 'netlink')!.item;
      const [, protocol, number, groups] = sections
        .get('netlink')!
        .map((line) => line.trim().split(/\s+/))
        .find((cells) => cells.at(-1) === String(netlink.inode))!;
      expect([protocol, number, groups]).toEqual(['0', '7777', '00000011']);
      expect(netlink).toMatchObject({ protocol: 'route', local: '7777 groups 0x11' });
      // inode and ports of each TCP socket of the process in /proc/net/tcp.
      const listed = new Map(
        sections
          .get('tcp')!
          .slice(1)
          .map((line) => {
            const cells = line.trim().split(/\s+/);
            const port = (cell: string): number => Number.parseInt(cell.split(':')[1]!, 16);
            return [cells[9]!, `${port(cells[1]!)} ${port(cells[2]!)}`];
          }),
      );
      const tcp = rows.map(({ item }) => item).filter(({ protocol }) => protocol === 'tcp');
      expect(tcp.length).toBe(2);
      const port = (end: string): string => end.split(':').at(-1)!;
      for (const { inode, local, remote } of tcp)
        expect(`${port(local)} ${port(remote)}`).toBe(listed.get(String(inode)));
    });

    it('finds no hook where there is none', () => {
      const { status, stdout, stderr } = trapline(['hooks', '--format', 'jsonl', ...image, trace]);
      expect({ status, stdout }, stderr).toEqual({ status: 0, stdout: '' });
      expect(stderr).toMatch(/kernel text: \d{7,} bytes compared/);
    });

    if (kernel !== undefined) return;

    it('goes back to an earlier moment', () => {
      const early = new TraceGuest(trace);
      const names = processList(early.at('#0')).tasks.map(({ comm }) => comm);
      expect(names).toContain('init');
      expect(names).not.toContain('holder');
      early.close();
    });

    it('stops where an input is not what was recorded', () => {
      const reader = TraceReader.open(trace);
      const entries = [...reader.inputs()];
      const changed = entries.findLastIndex(({ kind, bytes }) => kind === 'share.reply' && bytes.length > 200);
      entries[changed] = {
        ...entries[changed]!,
        bytes: entries[changed]!.bytes.map((byte, i) => (i < 180 ? byte : byte ^ 1)),
      };
      const altered: TraceReader = Object.create(reader, { inputs: { value: () => entries.values() } });
      Object.defineProperties(altered, {
        index: { value: reader.index },
        chunk: { value: reader.chunk.bind(reader) },
        snapshotParts: { value: reader.snapshotParts.bind(reader) },
      });
      expect(() => new Reexecution(altered).runTo()).toThrow(/differs from the recording: .*instruction \d+/);
      reader.close();
    });
  });
}
