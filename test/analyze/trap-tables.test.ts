// Tables of traps, threads and modules against what guest programs print of themselves, /proc, and the raw events of the trace.
import { execFileSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { EXIT } from '../../src/emu/layout.ts';
import { TraceReader } from '../../src/replay/reader.ts';
import { EVENT_KIND, REGISTER } from '../../src/trace/event.ts';
import { missingForGuest, scratch, trapline } from '../support/guest.ts';
import { buildProgram } from '../support/strace-oracle.ts';

type Row = Readonly<Record<string, string | number | boolean | null>>;

const missing = missingForGuest('/usr/bin/gcc');
if (missing !== undefined) console.warn(`tables of traps skipped: ${missing}`);
const folder = scratch();

function record(name: string, options: readonly string[], command: readonly string[], status = 0) {
  const trace = join(folder, `${name}.trap`);
  const result = trapline(['record', '-q', '-o', trace, ...options, '--', ...command], { input: null });
  expect(result).toMatchObject({ status, stderr: '' });
  const query = (sql: string, ...more: readonly string[]): Row[] => {
    const { stdout, stderr } = trapline(['query', '--format', 'jsonl', ...more, trace, sql]);
    expect(stderr).toBe('');
    return stdout.split('\n').flatMap((line) => (line === '' ? [] : [JSON.parse(line) as Row]));
  };
  return { trace, query, printed: result.stdout };
}

/** Events of a trace that stand for an exit of these reasons, undecoded. */
function rawEvents(trace: string, ...reasons: readonly number[]) {
  const reader = TraceReader.open(trace);
  const kinds = new Set<number>([EVENT_KIND.exit, EVENT_KIND.cr3Load]);
  const events = [...reader.events({ kinds })]
    .filter((event) => reasons.includes(Number(event.register(REGISTER.detail)) & 255))
    .map(({ number, time, icount, rip, vcpu }) => ({ event: number, time, icount, rip: hex(rip), vcpu }));
  reader.close();
  return events;
}

const hex = (value: bigint | number): string => `0x${value.toString(16)}`;

describe.skipIf(missing !== undefined)('a program that does what policies trap', () => {
  const program = missing === undefined ? buildProgram(folder, 'traps', '-static', '-no-pie') : '';
  const watch = 'reg:rax=0x123456789abcdef@user@comm:traps';
  const policies = 'syscall,interrupt,port-io,mmio,control,sensitive,register';
  const options = ['--traps', policies, '--share', folder, '--watch', watch];
  const { trace, query, printed } =
    missing === undefined ? record('traps', options, [program]) : { trace: '', query: () => [], printed: '' };
  const said = (word: string): string[] => new RegExp(`^${word} (.*)$`, 'm').exec(printed)?.[1]?.split(' ') ?? [];
  const [out, input, , , , sidt, , move] = said('addresses');

  it.each([
    ['interrupts', [EXIT.interrupt]],
    ['port_io', [EXIT.io]],
    ['mmio', [EXIT.mmio]],
    ['control', [EXIT.crAccess, EXIT.msrWrite, EXIT.descriptorTable]],
    ['sensitive', [EXIT.sensitive]],
  ])('%s: a row for each such event, at its place', (table, reasons) => {
    const raw = rawEvents(trace, ...reasons);
    expect(raw.length).toBeGreaterThan(0);
    expect(query(`SELECT event, time, icount, rip, vcpu FROM ${table} ORDER BY event`)).toEqual(raw);
  });

  it('interrupts: as many of the local timer as /proc/interrupts counts', () => {
    const [count] = said('interrupts').map(Number);
    const reads = query(
      `SELECT event, return_event FROM syscalls WHERE name = 'read' AND fd_path = '/proc/interrupts' AND ret > 0 ORDER BY event`,
    );
    const [first, second] = [reads[0]!, reads.at(-1)!];
    const between = (from: Row[string], to: Row[string]): Row[string] =>
      query(
        `SELECT count(*) AS n FROM interrupts WHERE name = 'local timer' AND vector = 236 AND event BETWEEN ${from} AND ${to}`,
      )[0]!.n!;
    // The counter is read somewhere in the call: by then it may have gone up in it.
    expect(count).toBeGreaterThan(0);
    expect(count).toBeGreaterThanOrEqual(Number(between(first.return_event!, second.event!)));
    expect(count).toBeLessThanOrEqual(Number(between(first.event!, second.return_event!)));
  });

  it('interrupts and sensitive instructions: the level that they say is where their instruction lies', () => {
    for (const table of ['interrupts', 'sensitive']) {
      const rows = query(
        `SELECT cpl, rip >= 1::UBIGINT << 63 AS high, count(*) AS n FROM ${table} GROUP BY ALL ORDER BY cpl`,
      );
      expect(rows).toEqual([
        { cpl: 0, high: true, n: expect.any(Number) },
        { cpl: 3, high: false, n: expect.any(Number) },
      ]);
    }
  });

  it('port_io: what the program wrote and read, and where', () => {
    const columns = 'port, size, direction, value, device, rip';
    const rows = query(`SELECT ${columns} FROM port_io WHERE comm = 'traps' ORDER BY event`);
    expect(rows).toEqual([
      { port: 0x3ff, size: 1, direction: 'out', value: '0xa7', device: 'com1', rip: out },
      { port: 0x3ff, size: 1, direction: 'in', value: `0x${said('scratch')[0]}`, device: 'com1', rip: input },
      { port: 0x80, size: 1, direction: 'out', value: '0x5a', device: 'nobody', rip: expect.any(String) },
    ]);
  });

  it('mmio: an end of interrupt for each interrupt', () => {
    const [row] = query(`SELECT count(*) AS ends, (SELECT count(*) FROM interrupts) AS interrupts FROM mmio
      WHERE physical = 0xfee000b0 AND direction = 'write' AND size = 4 AND value = 0 AND device = 'apic0'`);
    expect(Number(row!.ends)).toBeGreaterThan(0);
    expect(Math.abs(Number(row!.ends) - Number(row!.interrupts))).toBeLessThanOrEqual(1);
  });

  it('control: page tables and segment bases are loaded with what the next event has, and change nowhere else', () => {
    const loads = new Map(query(`SELECT event, register, value FROM control`).map((row) => [row.event, row] as const));
    let before: Row | undefined;
    let checked = 0;
    for (const row of query('SELECT event, cr3 FROM events ORDER BY event')) {
      const load = before && loads.get(before.event!);
      if (load?.register === 'cr3') {
        expect(row.cr3).toBe(load.value);
        checked++;
      } else if (before !== undefined) expect(row.cr3).toBe(before.cr3);
      before = row;
    }
    expect(checked).toBeGreaterThan(0);
  });

  it('sensitive: the instruction with its bytes', () => {
    const rows = query(`SELECT instruction, bytes, cpl FROM sensitive WHERE rip = ${sidt}`);
    expect(rows).toEqual([
      { instruction: 'sidt', bytes: expect.stringMatching(`^${said('bytes')[0]!.slice(0, 4)}`), cpl: 3 },
    ]);
  });

  it('registers: the change, and the instruction that made it', () => {
    const rows = query('SELECT watch, register, before, after, rip, comm FROM registers');
    expect(rows).toEqual([
      { watch, register: 'rax', before: '0x1', after: '0x123456789abcdef', rip: move, comm: 'traps' },
    ]);
  });
});

describe.skipIf(missing !== undefined)('VM functions', () => {
  const program = 'guest/vmfunc/program';
  const watch = `view:1:exe:${program}:secret:none`;

  it('triggers: what the program did, in its order', () => {
    const { trace, query, printed } = record('vmfunc', ['--traps', 'vmfunc', '--watch', watch], [program]);
    expect(printed).toContain('view 512 is not on the list\n');
    const raw = rawEvents(trace, EXIT.vmfunc, EXIT.secondLevel);
    const rows = query('SELECT event, time, icount, rip, vcpu, leaf, text FROM triggers ORDER BY event');
    expect(rows.map(({ leaf: _, text: __, ...rest }) => rest)).toEqual(raw);
    expect(rows.map(({ leaf }) => leaf)).toEqual([null, null, 1, 2, 3, 40, 0]);
    expect(rows.at(-1)!.text).toBe('leaf 0, view 512: not on the list');
    expect(rows[5]!.text).toMatch(/^leaf 40, rdi=0x1234 rsi=0x5678 /);
  });
});

describe.skipIf(missing !== undefined)('threads', () => {
  it('are those of /proc/self/task, with the names and ends that they had', () => {
    const program = buildProgram(folder, 'threads');
    const { query, printed } = record('threads', ['--share', folder], [program], 3);
    const listed = printed
      .trim()
      .split('\n')
      .map((line) => line.split(' '))
      .map(([pid, tid, comm]) => ({ pid: Number(pid), tid: Number(tid), comm }));
    expect(listed).toHaveLength(4);
    const rows = query('SELECT pid, tid, comm, exit_status, event, end_event FROM threads ORDER BY tid');
    expect(rows.map(({ pid, tid, comm }) => ({ pid, tid, comm }))).toEqual(listed.sort((a, b) => a.tid - b.tid));
    // The process ends with 3, and with it the thread that waits for ever.
    expect(rows.map(({ exit_status }) => exit_status)).toEqual([3, 0, 0, 3]);
    const calls = query('SELECT tid, min(event) AS first, max(event) AS last FROM syscalls GROUP BY tid ORDER BY tid');
    for (const [i, { event, end_event }] of rows.entries()) {
      if (i > 0) expect(Number(event)).toBeLessThan(Number(calls[i]!.first));
      expect(Number(end_event)).toBeGreaterThanOrEqual(Number(calls[i]!.last));
    }
  });
});

const insmod = '/sbin/insmod';
const module = missing === undefined && existsSync(insmod) ? newestModules() : undefined;

/** The folder of modules of the kernel that guests get: the newest of /boot. */
function newestModules(): string | undefined {
  const kernels = execFileSync('sh', ['-c', 'ls -v /boot/vmlinuz-*'], { encoding: 'utf8' }).trim().split('\n');
  const module = `/lib/modules/${kernels.at(-1)!.replace('/boot/vmlinuz-', '')}/kernel/drivers/net/dummy.ko`;
  return existsSync(module) ? module : undefined;
}

describe.skipIf(module === undefined)('modules', () => {
  it('are loaded and removed as /proc/modules says', () => {
    const names = "cut -d' ' -f1 /proc/modules | tr '\\n' ' '; echo";
    const script = `${names}; ${insmod} ${module} numdummies=2; ${names}; /sbin/rmmod dummy; ${names}; /sbin/rmmod dummy 2> /dev/null; exit 0`;
    const { query, printed } = record('modules', [], ['sh', '-c', script]);
    const [before, loaded, after] = printed.split('\n').map((line) => new Set(line.trim().split(' ')));
    expect([...loaded!].filter((name) => !before!.has(name))).toEqual(['dummy']);
    expect(after).toEqual(before);
    const rows = query('SELECT action, module, parameters, errno, comm FROM modules ORDER BY event');
    expect(rows).toEqual([
      { action: 'loaded', module: module, parameters: 'numdummies=2', errno: null, comm: 'insmod' },
      { action: 'removed', module: 'dummy', parameters: null, errno: null, comm: 'rmmod' },
    ]);
  });
});
