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

  it('is recognised by its processor control region, and by nothing less', () => {
    const { stdout } = trapline(['os', '--kernel', KERNEL, join(folder, 'nt.trap')]);
    expect(stdout).toMatch(/^Windows +GDT limit 0x3ff: a 32-bit Windows$/m);
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
