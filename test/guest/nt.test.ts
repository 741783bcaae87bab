// The guest with NT's conventions: built from its source, the same on our machine as on QEMU, its services known by name.
import { execFileSync, spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { ntServices } from '../../src/guest/nt/services.ts';
import { scratch, trapline } from '../support/guest.ts';

const KERNEL = 'guest/nt/kernel';
const available = (program: string): boolean => spawnSync(program, ['--version']).error === undefined;

/** The kernel's own account: a line for each call. */
function account(output: string): string[] {
  return output.split('\n').filter((line) => / = [0-9a-f]+ $/.test(line));
}

describe('the guest with NT conventions', () => {
  const folder = scratch();

  it.skipIf(!available('nasm'))('is what its source gives', () => {
    const built = join(folder, 'kernel');
    execFileSync('sh', ['guest/nt/build.sh', built]);
    expect(readFileSync(built).equals(readFileSync(KERNEL))).toBe(true);
  });

  it.skipIf(!available('qemu-system-x86_64'))('does here what it does on another machine', () => {
    const options = ['-cpu', 'pentium3', '-display', 'none', '-serial', 'stdio', '-no-reboot', '-monitor', 'none'];
    const debugExit = ['-device', 'isa-debug-exit,iobase=0xf4'];
    const qemu = spawnSync('qemu-system-x86_64', ['-kernel', KERNEL, ...options, ...debugExit], {
      encoding: 'latin1',
      timeout: 60_000,
    });
    const ours = trapline(
      ['record', '-q', '-o', join(folder, 'nt.trap'), '--kernel', KERNEL, '--cpu', 'GenuineIntel'],
      {
        input: null,
      },
    );
    expect(ours.status).toBe(qemu.status);
    expect(account(ours.stdout)).toHaveLength(11);
    expect(account(ours.stdout)).toEqual(account(qemu.stdout));
  });

  it('is told by replay as it tells itself', () => {
    const trace = join(folder, 'told.trap');
    const ours = trapline(['record', '-q', '-o', trace, '--kernel', KERNEL, '--cpu', 'GenuineIntel'], { input: null });
    const services = ntServices('x86', 'XP')!;
    const told = account(ours.stdout).map((line) => {
      const [, pid, tid, comm, mechanism, number, words, status] = /^(\w+) (\w+) (\S+) (\w+) (\w+) (.*)= (\w+) $/.exec(
        line,
      )!;
      const nr = Number.parseInt(number!, 16);
      const hex = (word: string): string => (word === '0' ? '0' : `0x${word}`);
      return {
        pid: Number.parseInt(pid!, 16),
        tid: Number.parseInt(tid!, 16),
        comm,
        mechanism,
        nr,
        name: services.get(nr)?.name ?? `service_0x${number}`,
        args: words!.split(' ').filter(Boolean).map(hex),
        // A process that ends does not come back to be told so.
        ret: nr === 0x101 ? null : `0x${status}`,
      };
    });
    const replayed = trapline(['replay', '--format', 'jsonl', trace])
      .stdout.trim()
      .split('\n')
      .map((line) => JSON.parse(line));
    const inOrder = (calls: typeof told): unknown[] => calls.sort((a, b) => a.tid - b.tid);
    // Of the unknown service nobody knows how many arguments it has.
    const comparable = replayed.map(({ pid, tid, comm, mechanism, nr, name, args, ret }) => ({
      ...{ pid, tid, comm, mechanism, nr, name, ret },
      args: name === 'service_0xfff' ? [] : args,
    }));
    expect(inOrder(comparable)).toEqual(inOrder(told));
    expect(trapline(['os', trace, '--kernel', KERNEL]).stdout).toMatch(/^SYSTEM +EVIDENCE\nWindows NT 5\.1 /);
  });

  it('is recognised by its processor control region, and by nothing less', () => {
    const { stdout } = trapline(['os', '--kernel', KERNEL, join(folder, 'nt.trap')]);
    expect(stdout).toMatch(/^Windows NT 5\.1 +GDT limit 0x3ff: a 32-bit Windows$/m);
    expect(stdout).toMatch(
      /processor control region at 0x[0-9a-f]{8}: it names itself and this processor's IDT and GDT/,
    );
    const early = trapline(['os', '--kernel', KERNEL, '--at', '1', join(folder, 'nt.trap')]);
    expect(early.stdout).toMatch(/^unknown [\s\S]*not confirmed$/m);
  });

  it('calls services of Windows XP by their numbers', () => {
    const services = ntServices('x86', 'XP')!;
    expect(services.get(0x112)).toEqual({ name: 'NtWriteFile', number: 0x112, arguments: 9 });
    expect(services.get(0x116)?.name).toBe('NtYieldExecution');
    expect(ntServices('x64', '10')?.get(0x55)?.name).toBe('NtCreateFile');
    expect(ntServices('x86', '3.1')).toBeUndefined();
  });
});
