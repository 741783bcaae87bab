// What replay tells of traps that are no calls, against what the program itself knows of them.
import { execFileSync } from 'node:child_process';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { missingForGuest, scratch, trapline } from '../support/guest.ts';

const missing = missingForGuest('/usr/bin/gcc');
if (missing !== undefined) console.warn(`tests of traps as text skipped: ${missing}`);

const TRAPS = 'syscall,interrupt,port-io,mmio,control,sensitive,rdtsc,cpuid,page-write,pages,register';

interface TrapObject {
  readonly policy?: string;
  readonly name?: string;
  readonly event: number;
  readonly icount: number;
  readonly comm: string;
  readonly pid: number;
  readonly text: string;
  readonly instruction: string | null;
  readonly fields: { readonly pages: unknown };
}

describe.skipIf(missing !== undefined)('traps that are no calls', () => {
  const folder = scratch();
  const program = join(folder, 'traps');
  const file = join(folder, 'traps.trap');
  const watched = `exe:${program}:counter+8`;
  const moved = 'reg:rax=0x123456789abcdef@user@comm:traps';

  function record(): string {
    const source = new URL('programs/traps.c', import.meta.url).pathname;
    execFileSync('/usr/bin/gcc', ['-O1', '-static', '-no-pie', '-o', program, source]);
    const command = ['--share', folder, '--watch', watched, '--watch', moved, '--', program];
    const { status, stdout, stderr } = trapline(['record', '-q', '-o', file, '--traps', TRAPS, ...command], {
      input: null,
    });
    expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
    return stdout;
  }

  const printed = missing === undefined ? record() : '';
  const said = (word: string): string[] => new RegExp(`^${word} (.*)$`, 'm').exec(printed)?.[1]?.split(' ') ?? [];
  const [out, input, cpuid, rdtsc, rdtscp, sidt, store, move, counter] = said('addresses');
  /** An instruction of the program, which begins where it was linked to. */
  const at = (address: string | undefined): string =>
    `at ${address} (traps+0x${(Number(address) - 0x40_0000).toString(16)})`;
  const replay = (...args: string[]): string => trapline(['replay', file, ...args]).stdout;
  const lines = (trap: string): string[] =>
    replay('-e', 'trace=none', '-e', 'signal=none', '-e', `trap=${trap}`)
      .split('\n')
      .filter((line) => line.includes(' *** '))
      .map((line) => line.replace(/^\[\d+ traps\] \*\*\* /, ''));
  const objects = (...args: string[]): TrapObject[] =>
    replay('--format', 'jsonl', ...args)
      .split('\n')
      .filter((line) => line !== '')
      .map((line) => JSON.parse(line));

  it('ports: number, device, value, and the instruction', () => {
    expect(said('scratch')).toEqual(['a7']);
    const own = lines('port-io');
    expect(own.slice(0, 2)).toEqual([
      `port-io: out 0x3ff (com1), 1 byte <- 0xa7 ${at(out)}`,
      `port-io: in 0x3ff (com1), 1 byte -> 0xa7 ${at(input)}`,
    ]);
    expect(own[2]).toMatch(/^port-io: out 0x80 \(nobody\), 1 byte <- 0x5a at 0x[0-9a-f]+ \(traps\+0x[0-9a-f]+\)$/);
    expect(own).toHaveLength(3);
  });

  it('CPUID: what the program was told', () => {
    const [a, b, c, d] = said('cpuid').map((value) => `0x${value}`);
    expect(lines('cpuid')).toContain(
      `cpuid: leaf 0x7, subleaf 0x0 -> eax=${a} ebx=${b} ecx=${c} edx=${d} ${at(cpuid)}`,
    );
  });

  it('RDTSC and RDTSCP: the values that the program got', () => {
    const [first, second] = said('tsc');
    const own = lines('rdtsc');
    expect(own).toContain(`rdtsc: rdtsc -> 0x${first} ${at(rdtsc)}`);
    expect(own).toContain(`rdtsc: rdtscp -> 0x${second} ${at(rdtscp)}`);
  });

  it('sensitive instructions: which, and its bytes', () => {
    expect(lines('sensitive').filter((line) => line.includes(`at ${sidt}`))).toEqual([
      expect.stringMatching(new RegExp(`^sensitive: sidt <${said('bytes')[0]!.slice(0, 4)}[0-9a-f]*> at ${sidt} `)),
    ]);
  });

  it('watched memory and a watched register: before and after', () => {
    expect(lines('page-write')).toEqual([
      expect.stringContaining(`page-write: ${watched}: ${counter}, 8 bytes, 0x0 -> 0x1111 at `),
      `page-write: ${watched}: ${counter}, 8 bytes, 0x1111 -> 0x1122334455667788 ${at(store)}`,
    ]);
    expect(lines('register')).toEqual([`register: ${moved}: rax, 0x1 -> 0x123456789abcdef ${at(move)}`]);
  });

  it('dirtied pages: those that the program wrote to', () => {
    const pages = objects('-e', 'trace=none', '-e', 'trap=pages').flatMap(
      ({ fields }) => fields.pages as { readonly physical: string; readonly changed: boolean }[],
    );
    const fresh = new Set(pages.filter(({ changed }) => changed).map(({ physical }) => physical));
    expect(said('pages')).toHaveLength(20);
    expect(said('pages').filter((page) => !fresh.has(page))).toEqual([]);
  });

  it('interrupts: as many of the local timer as /proc/interrupts counts', () => {
    const [count] = said('interrupts').map(Number);
    const all = objects('--all', '-e', 'trap=interrupt');
    const ticks = all.filter(({ policy, text }) => policy === 'interrupt' && text === 'vector 0xec (local timer)');
    // The counter is read somewhere in the call: by then it may have gone up in it.
    const reads = all.filter(({ name, comm }) => name === 'read' && comm === 'traps') as unknown as {
      icount: number;
      duration: number;
      ret: string;
    }[];
    const filled = reads.filter(({ ret }) => Number(ret) > 100);
    const [first, second] = [filled[0]!, filled.at(-1)!];
    const between = (from: number, to: number): number =>
      ticks.filter(({ icount }) => icount > from && icount < to).length;
    expect(count).toBeGreaterThan(0);
    expect(count).toBeGreaterThanOrEqual(between(first.icount + first.duration, second.icount));
    expect(count).toBeLessThanOrEqual(between(first.icount, second.icount + second.duration));
  });

  it('device windows: an end of interrupt to the local APIC for each interrupt', () => {
    const ends = lines('mmio').filter((line) => line.startsWith('mmio: write 0xfee000b0 (apic0), 4 bytes <- 0x0 at '));
    const interrupts = lines('interrupt').filter((line) => line.includes(' vector '));
    expect(Math.abs(ends.length - interrupts.length)).toBeLessThanOrEqual(1);
    expect(ends.length).toBeGreaterThan(0);
  });

  it('control registers: a page table for each switch', () => {
    const own = lines('control');
    expect(own.length).toBeGreaterThan(0);
    for (const line of own) expect(line).toMatch(/^control: (cr3 <- 0x[0-9a-f]+000|msr .*|cr\d <- .*) at 0xffffffff/);
  });

  it('are counted, filtered and cut out as calls are', () => {
    const all = objects().filter(({ policy }) => policy !== undefined);
    const counted = replay('-c').split('\n\n')[1]!.split('\n').slice(2);
    const total = counted.at(-2) ?? '';
    expect(Number(/(\d+) total/.exec(total)![1])).toBe(all.length);
    expect(counted).toContain(`${'1'.padStart(9)} port-io    in 0x3ff (com1)`);
    expect(replay('-e', 'trap=none')).not.toContain('***');
    expect(replay('-e', 'trap=!port-io')).not.toContain('*** port-io');
    expect(replay('-p', '1')).toBe('');
    const [one] = all.filter(({ policy }) => policy === 'port-io');
    const here = `#${one!.event}`;
    expect(objects('--from', here, '--to', here)).toEqual([one]);
    expect(trapline(['replay', file, '-e', 'trap=page'])).toMatchObject({
      status: 2,
      stderr: expect.stringContaining('no trap named page; there are interrupt port-io'),
    });
  });
});
