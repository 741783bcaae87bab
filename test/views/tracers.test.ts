// Modules that are called by way of the kernel's own tracing, and modules that take over one another: each named with its owner.
import { execFileSync } from 'node:child_process';
import { cpSync, existsSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { hostKernel } from '../../src/world/kernel.ts';
import { missingForGuest, scratch, trapline } from '../support/guest.ts';

/** Against which modules are built for the kernel that guests get. */
const build = `/lib/modules/${hostKernel(() => true)?.version}/build`;
const headers = existsSync(join(build, 'Module.symvers'))
  ? undefined
  : 'no kernel headers (Debian: linux-headers-cloud-amd64)';
const root = process.getuid?.() === 0 ? undefined : 'only root can load modules in the guest';
const missing = missingForGuest('/sbin/insmod', '/usr/bin/make') ?? headers ?? root;
if (missing !== undefined) console.warn(`hooks of tracers skipped: ${missing}`);

describe.skipIf(missing !== undefined)('hooks', () => {
  it('tell probes and tracers from patches, and whose they are', () => {
    const folder = scratch();
    const trace = join(folder, 'tracers.trap');
    cpSync(new URL('tracers', import.meta.url).pathname, folder, { recursive: true });
    execFileSync('make', ['-C', build, `M=${folder}`, 'modules'], { stdio: 'pipe' });
    // Probes become jumps in the background.
    const script = `insmod ${folder}/prober.ko && insmod ${folder}/taker.ko && sleep 0.5`;
    const command = ['--traps', 'syscall', '--share', folder, '--', 'sh', '-c', script];
    expect(trapline(['record', '-q', '-o', trace, ...command])).toMatchObject({ status: 0, stderr: '' });
    const { stdout, stderr } = trapline(['hooks', '--format', 'jsonl', trace]);
    const rows = stdout
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line) as { symbol: string; owner: string; detail: string })
      .map(
        ({ symbol, owner, detail }) => `${symbol}: ${owner}, ${detail.replace(/[0-9a-f]{8,}.*(?= jump)|0x\w+/g, '~')}`,
      );
    const probe = 'prober, called there, as asked of the kernel (kprobe)';
    const entry = 'prober, called at its entry, as asked of the kernel (ftrace)';
    expect(rows.sort()).toEqual([
      '__x64_sys_acct+0x20: prober, 5 bytes differ from the kernel file: ~ jumps out to ~',
      `__x64_sys_getpgid: ${entry}`,
      `__x64_sys_getpgid: ${entry}`,
      `__x64_sys_getpriority: ${entry}`,
      `__x64_sys_getsid: ${entry}`,
      `do_sys_open+0x5: ${probe}`,
      `do_sys_open+0x5: ${probe}`,
      `do_sys_openat2+0x5: ${probe}`,
      'prober_entry [prober]: taker, no NOP at its entry but ~ jumps to ~',
      'taker_entry [taker]: prober, no NOP at its entry but ~ jumps to ~',
    ]);
    expect(stderr).not.toMatch(/not known/);
  });
});
