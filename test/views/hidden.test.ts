// A module of our own hides processes, itself and a hook in a guest; from outside all of them are found.
import { execFileSync } from 'node:child_process';
import { cpSync, existsSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import { hostKernel } from '../../src/world/kernel.ts';
import { missingForGuest, scratch, trapline } from '../support/guest.ts';

/** Against which modules are built for the kernel that guests get. */
const build = `/lib/modules/${hostKernel(() => true)?.version}/build`;
const headers = existsSync(join(build, 'Module.symvers'))
  ? undefined
  : 'no kernel headers (Debian: linux-headers-cloud-amd64)';
const root = process.getuid?.() === 0 ? undefined : 'only root can load modules in the guest';
const missing = missingForGuest('/sbin/insmod', '/usr/bin/make') ?? headers ?? root;
if (missing !== undefined) console.warn(`hidden processes skipped: ${missing}`);

describe.skipIf(missing !== undefined)('a guest that hides', () => {
  const folder = scratch();
  const trace = join(folder, 'hidden.trap');
  let printed: string[];

  beforeAll(() => {
    cpSync(new URL('hider', import.meta.url).pathname, folder, { recursive: true });
    execFileSync('make', ['-C', build, `M=${folder}`, 'modules'], { stdio: 'pipe' });
    const script = `sleep 1000 & hide=$!
      sh -c 'while :; do :; done' & bury=$!
      sleep 0.02
      insmod ${folder}/hider.ko hide=$hide bury=$bury || exit 1
      echo $hide $bury
      ls -d /proc/$bury; grep hider /proc/modules; ls -d /sys/module/hider`;
    const traps = ['--traps', 'syscall,control', '--watch', 'sys_call_table'];
    const result = trapline(['record', '-q', '-o', trace, ...traps, '--share', folder, '--', 'sh', '-c', script]);
    printed = result.stdout.trim().split('\n');
    expect(result.stderr).toMatch(/\/proc\/\d+.*No such file[\s\S]*\/sys\/module\/hider.*No such file/);
  });

  const rows = (verb: string): Record<string, unknown>[] => {
    const { status, stdout, stderr } = trapline([verb, '--format', 'jsonl', trace]);
    expect(status, stderr).toBe(0);
    return stdout.split('\n').flatMap((line) => (line === '' ? [] : [JSON.parse(line) as Record<string, unknown>]));
  };

  it('has nothing to show inside', () => {
    expect(printed).toHaveLength(1);
  });

  it('finds the hidden processes', () => {
    const [hidden, buried] = printed[0]!.split(' ').map(Number);
    const found = rows('ps').filter((row) => row.hidden !== '');
    expect(found).toMatchObject([
      { pid: hidden, comm: 'sleep', found: 'pids,family,ran', hidden: 'HIDDEN from list' },
      { pid: buried, comm: 'sh', found: 'family,scheduler,ran', hidden: 'HIDDEN from list,pids' },
    ]);
  });

  it('finds the hidden module', () => {
    const found = rows('modules').filter((row) => row.hidden !== '');
    expect(found).toMatchObject([{ name: 'hider', found: 'addresses,scan', hidden: 'HIDDEN from list,sysfs' }]);
  });

  it('names what was put into the table of calls, and into LSTAR', () => {
    const { stdout } = trapline(['replay', '--all', '-e', 'trace=none', '-e', 'trap=page-write,control', trace]);
    const address = '0xffffffff[0-9a-f]{8}';
    expect(stdout).toMatch(
      new RegExp(
        `sys_call_table: ${address} \\(sys_call_table\\+0x3c8\\), 8 bytes, ${address} \\(__x64_sys_getpgid\\) -> ${address} \\(taken_over \\[hider\\]\\) at`,
      ),
    );
    expect(stdout).toMatch(new RegExp(`msr 0xc0000082 \\(LSTAR\\) <- ${address} \\(hider_syscall \\[hider\\]\\) at`));
    expect(trapline(['writes', '--symbol', 'sys_call_table', '--format', 'jsonl', trace]).stdout).toMatch(
      /^[^\n]*"address_symbol":"sys_call_table\+0x3c8"[^\n]*\n$/,
    );
  });

  it('finds the hooks, their places and owners, and nothing else', () => {
    expect(rows('hooks')).toMatchObject([
      { where: 'LSTAR', owner: 'hider', detail: 'not entry_SYSCALL_64' },
      {
        where: 'IDT vector 9',
        owner: 'kernel',
        symbol: 'asm_exc_divide_error',
        detail: 'not asm_exc_coproc_segment_overrun',
      },
      { where: 'IDT vector 102', owner: 'hider' },
      { where: 'sys_call_table[121]', owner: 'hider', detail: 'the kernel file has __x64_sys_getpgid' },
      {
        where: 'text',
        owner: 'hider',
        symbol: '__x64_sys_acct',
        detail: expect.stringMatching(/^5 bytes .* jumps out/),
      },
    ]);
  });

  it('still knows the kernel whose system-call entry was taken over', () => {
    expect(rows('os')[0]).toMatchObject({ system: expect.stringMatching(/^Linux 6/) });
  });
});
