// One suite over all trap policies, on a kernel of traps and of what only looks like them (test/guest/kernels/traps.asm):
// armed each fires, disarmed none does, look-alikes are the guest's, and the guest can't tell.
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { stateHash } from '../../src/emu/state-hash.ts';
import { ntServices } from '../../src/guest/nt/services.ts';
import { LiveGuest, type MonitorEvent, type MonitorOptions, monitorsOf, TraceGuest } from '../../src/index.ts';
import { TRAP_POLICIES } from '../../src/record/traps/index.ts';
import { assembledKernel, assembler } from '../support/assembled-kernel.ts';
import { scratch, trapline } from '../support/guest.ts';

const PEER = 'qemu-system-x86_64';
const withPeer = spawnSync(PEER, ['--version']).error === undefined;
const SCRATCH = '0x1b0000';
/** The calls that the kernel itself tells of, by its own numbers. */
const CALLS = {
  syscall: [1, 2, 7, 9, 10, 0xffff_ffff],
  sysenter: [3],
  int: [11, 4, 5, 6, 8, 10, 0x8ff, 0x47, 0, 0x38, 0x8001_0033, 0xa0_fb00, 0xffff_ffff, 0x756e_6547],
};

interface Row {
  readonly options?: MonitorOptions;
  /** What it must have seen. */
  readonly check: (events: readonly MonitorEvent[]) => void;
}

const texts = (events: readonly MonitorEvent[]): string[] => events.map(({ text }) => text);
const numbers = (events: readonly MonitorEvent[]): (number | undefined)[] => events.map(({ call }) => call?.number);
const holds =
  (...wanted: readonly (string | RegExp)[]) =>
  (events: readonly MonitorEvent[]): void => {
    for (const text of wanted) expect(texts(events)).toContainEqual(expect.stringMatching(text));
  };

const ROWS: Readonly<Record<string, Row>> = {
  // The last one ends the guest: it never returns.
  syscall: { options: { at: 'entry' }, check: (events) => expect(numbers(events)).toEqual(CALLS.syscall) },
  int: { check: (events) => expect(numbers(events)).toEqual(CALLS.int) },
  sysenter: { check: (events) => expect(numbers(events)).toEqual(CALLS.sysenter) },
  interrupt: { check: holds(/^vector 0x20/) },
  'port-io': { check: holds(/^out 0x3f8 .*1 byte <- 0x74/, /^out 0x20 /) },
  mmio: { check: holds(/^read 0xfee00020 .*4 bytes -> 0x0/) },
  control: {
    check: holds(/^cr3 <- 0x180000/, /^idtr <- 0x1c0000, limit 0x1ff/, /^msr 0xc0000080 .*<- 0x500/, /^tr <- 0x38/),
  },
  sensitive: {
    check: holds(
      ...['sidt', 'sgdt', 'sldt', 'str', 'smsw', 'lar', 'lsl', 'verr', 'pushf', 'popf'].map(
        (name) => new RegExp(`^${name} <`),
      ),
    ),
  },
  rdtsc: { check: (events) => expect(events).toHaveLength(1) },
  cpuid: { check: holds(/^leaf 0x0 -> .*ebx=0x756e6547/) },
  pages: { check: (events) => expect(events.length).toBeGreaterThan(0) },
  'page-write': {
    options: { watch: `phys:${SCRATCH}` },
    check: (events) =>
      expect(
        texts(events)
          .slice(-2)
          .map((text) => text.split(', ').at(-1)),
      ).toEqual(['0x0 -> 0x12345678', '0x12345678 -> 0x27']),
  },
  register: { options: { watch: 'reg:rbx=0x27' }, check: (events) => expect(events).toHaveLength(1) },
  vmfunc: {
    options: { watch: `view:0:phys:${SCRATCH}:none` },
    check: (events) =>
      expect(events.slice(-3).map(({ fields: { access } }) => access)).toEqual(['write', 'read', 'write']),
  },
};

describe.skipIf(!assembler)('trap policies', () => {
  const folder = scratch();
  const kernel = assembler ? assembledKernel('traps', folder) : '';

  interface Run {
    readonly output: string;
    readonly state: string;
    readonly records: bigint;
    readonly seen: ReadonlyMap<string, readonly MonitorEvent[]>;
  }

  function run(names: readonly string[]): Run {
    const guest = LiveGuest.boot({ kernel }, { vendor: 'GenuineIntel', memory: 64 << 20 });
    const monitors = monitorsOf(guest);
    const seen = new Map(names.map((name) => [name, [] as MonitorEvent[]]));
    for (const [name, events] of seen) monitors.start(name, (event) => events.push(event), ROWS[name]?.options);
    expect(monitors.run()).toMatchObject({ kind: 'stopped', stop: { kind: 'debug-exit', code: 0 } });
    const { machine, output } = guest;
    return { output, state: stateHash(machine), records: machine.core.get64('ringRecords'), seen };
  }

  const plain = assembler ? run([]) : undefined;

  it('are silent when disarmed', () => {
    expect(plain!.records).toBe(0n);
    expect(plain!.output).toContain('awake');
  });

  for (const { name } of TRAP_POLICIES) {
    it(`${name} fires, and leaves the guest as it is`, () => {
      const { seen, output, state } = run([name]);
      expect(output).toBe(plain!.output);
      expect(state).toBe(plain!.state);
      ROWS[name]!.check(seen.get(name)!);
    });
  }

  it('see the same and change nothing when all are armed', () => {
    const { seen, output, state } = run(TRAP_POLICIES.map(({ name }) => name));
    expect([output, state]).toEqual([plain!.output, plain!.state]);
    for (const [name, events] of seen) ROWS[name]!.check(events);
  });

  it('come out of a trace as they happened', () => {
    const names = TRAP_POLICIES.map(({ name }) => name);
    const watches = names.flatMap((name) => ROWS[name]!.options?.watch ?? []).flatMap((watch) => ['--watch', watch]);
    const file = join(folder, 'all.trap');
    const kernelAlone = ['--kernel', kernel, '--cpu', 'GenuineIntel', '--memory', '64M'];
    expect(
      trapline(['record', '-q', '-o', file, ...kernelAlone, '--traps', 'all', ...watches], { input: null }).status,
    ).toBe(1);
    const trace = new TraceGuest(file);
    const monitors = monitorsOf(trace);
    const seen = new Map(names.map((name) => [name, [] as MonitorEvent[]]));
    for (const [name, events] of seen) monitors.start(name, (event) => events.push(event), ROWS[name]?.options);
    monitors.run();
    for (const [name, events] of seen) ROWS[name]!.check(events);
    const told = (events: readonly MonitorEvent[]): unknown[] => events.map(({ icount, text }) => [icount, text]);
    const live = run(names).seen;
    for (const [name, events] of live) {
      // What time it is and which device is where can differ; when pages are told depends on when the host looks.
      if (name !== 'rdtsc' && name !== 'pages') expect(told(seen.get(name)!)).toEqual(told(events));
    }
    trace.close();
  });

  it('leave a 32-bit kernel with other conventions as it is', () => {
    const named: string[] = [];
    const account = (names: readonly string[]): [output: string, state: string, calls: (number | undefined)[]] => {
      const guest = LiveGuest.boot({ kernel: 'guest/nt/kernel' }, { vendor: 'GenuineIntel', memory: 64 << 20 });
      const monitors = monitorsOf(guest);
      const calls: (number | undefined)[] = [];
      for (const name of names) {
        const { options } = ROWS[name]!;
        const seen = ({ call }: MonitorEvent): void => {
          if (call === undefined) return;
          calls.push(call.number);
          named.push(call.name);
        };
        monitors.start(name, seen, { ...options, at: 'entry' });
      }
      monitors.run();
      return [guest.output, stateHash(guest.machine), calls];
    };
    const [output, state] = account([]);
    const watched = account(TRAP_POLICIES.map(({ name }) => name));
    expect(watched.slice(0, 2)).toEqual([output, state]);
    const told = [...output.matchAll(/ (?:int2e|sysenter) ([0-9a-f]+) /g)].map(([, number]) =>
      Number.parseInt(number!, 16),
    );
    expect(watched[2]).toEqual(told);
    expect(told).toHaveLength(11);
    const services = ntServices('x86', 'XP')!;
    expect(named).toEqual(told.map((number) => services.get(number)?.name ?? `service_0x${number.toString(16)}`));
  });

  it('are started and stopped while the guest runs', () => {
    const guest = LiveGuest.boot({ kernel }, { vendor: 'GenuineIntel', memory: 64 << 20 });
    const monitors = monitorsOf(guest);
    const seen: string[] = [];
    monitors.start('syscall', ({ call }) => {
      seen.push(`syscall ${call!.number}`);
      monitors.stop('syscall');
    });
    monitors.start('sysenter', ({ text }) => seen.push(text), { at: 'entry' });
    monitors.run();
    expect(seen[0]).toBe('syscall 1');
    expect(seen.filter((text) => text.startsWith('syscall_0x3('))).toHaveLength(1);
    expect(stateHash(guest.machine)).toBe(plain!.state);
  });

  it.skipIf(!withPeer)('run on a kernel that does the same on another machine', () => {
    const options = ['-cpu', 'Nehalem', '-display', 'none', '-serial', 'stdio', '-no-reboot', '-monitor', 'none'];
    const debugExit = ['-device', 'isa-debug-exit,iobase=0xf4'];
    const { stdout, status } = spawnSync(PEER, ['-kernel', kernel, ...options, ...debugExit], {
      encoding: 'latin1',
      timeout: 60_000,
    });
    expect(status).toBe(1);
    expect(stdout.split('\n').map(asHardware).join('\n')).toBe(plain!.output);
  });
});

/** In 64-bit mode QEMU 7.2 counts 16 for each vector in the error code of a gate; processors count 8 (SDM volume 3, 6.13). */
function asHardware(line: string): string {
  const [, vector, code] = /^exception 0000000([bd]) (\w{8})$/.exec(line) ?? [];
  const error = Number.parseInt(code ?? '0', 16);
  if ((error & 2) === 0) return line;
  return `exception 0000000${vector} ${((((error & ~7) >> 1) | (error & 7)) >>> 0).toString(16).padStart(8, '0')}`;
}
