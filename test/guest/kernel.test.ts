// A kernel alone: what a user sees of `record --kernel F`.
import { execFileSync } from 'node:child_process';
import { copyFileSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { EXIT } from '../../src/emu/layout.ts';
import { TraceReader } from '../../src/replay/reader.ts';
import { EVENT_KIND, REGISTER } from '../../src/trace/event.ts';
import { hostKernel } from '../../src/world/kernel.ts';
import { unpackKernel } from '../../src/world/vmlinux.ts';
import { missingForGuest, scratch, trapline } from '../support/guest.ts';

const missing = missingForGuest();
if (missing !== undefined) console.warn(`kernel tests skipped: ${missing}`);

describe.skipIf(missing !== undefined)('record --kernel F', () => {
  const folder = scratch();

  /** A ramdisk whose init runs busybox commands and powers off. */
  function ramdisk(name: string, ...commands: readonly string[]): string {
    const root = join(folder, `${name}.root`);
    mkdirSync(join(root, 'bin'), { recursive: true });
    copyFileSync('/bin/busybox', join(root, 'bin/busybox'));
    const lines = [...commands, 'poweroff -f'].map((command) => `/bin/busybox ${command}\n`);
    writeFileSync(join(root, 'init'), `#!/bin/busybox sh\n${lines.join('')}`, { mode: 0o755 });
    const path = join(folder, `${name}.initrd`);
    execFileSync('sh', ['-c', `find . | cpio -o -H newc --quiet > '${path}'`], { cwd: root });
    return path;
  }

  it('boots Linux with its own ramdisk, names its tasks, and ends as it powers off', () => {
    const trace = join(folder, 'linux.trap');
    const kernel = [
      '--kernel',
      hostKernel(() => true)!.path,
      '--initrd',
      ramdisk('first', 'echo I am $$', 'sleep 0.1'),
    ];
    const options = ['--append', 'console=ttyS0 quiet cryptomgr.notests', '--env', 'A=b'];
    expect(trapline(['record', '-q', '-o', trace, ...kernel, ...options])).toMatchObject({
      status: 2,
      stderr: expect.stringContaining('--env needs a command'),
    });
    const result = trapline(['record', '-q', '-o', trace, ...kernel, ...options.slice(0, 2)], { input: null });
    expect(result).toMatchObject({ status: 0, stdout: expect.stringContaining('I am 1\r\n') });
    const lines = trapline(['replay', trace]).stdout.split('\n');
    expect(lines).toContainEqual(expect.stringMatching(/^\[1 init\] getpid\(\) += 1$/));
    expect(lines).toContainEqual(expect.stringMatching(/^\[\d+ busybox\] write\(1, "I am 1\\n", 7\) += 7$/));

    // Re-executed from reset: the files that went in are needed again.
    const write = JSON.parse(
      trapline(['replay', '--format', 'jsonl', '-e', 'trace=write', trace]).stdout.split('\n')[0]!,
    ) as { seq: number };
    expect(trapline(['ps', trace])).toMatchObject({ status: 1, stderr: expect.stringContaining('--kernel is needed') });
    const { stdout, stderr } = trapline(['ps', trace, ...kernel, '--at', `#${write.seq}`]);
    expect(stdout, stderr).toMatch(/^ +1 +0 .*list,pids,family.* \/bin\/busybox sh \/init$/m);
    expect(trapline(['os', trace, ...kernel]).stdout).toMatch(/Linux 6/);
  });

  it('records everything but calls from the first instruction on, without tasks', () => {
    const record = (name: string, ...options: string[]): TraceReader => {
      const trace = join(folder, name);
      const kernel = ['--kernel', 'guest/nt/kernel', '--cpu', 'GenuineIntel', '--seed', 'x', '--clock', '1700000000'];
      expect(trapline(['record', '-q', '-o', trace, ...kernel, ...options], { input: null }).status).toBe(1);
      return TraceReader.open(trace);
    };
    const plain = record('plain.trap', '--traps', 'none');
    const early = record(
      'early.trap',
      '--traps',
      'control,cpuid,port-io,page-write',
      '--watch',
      'phys:0x110000+0x1000',
    );
    const late = record('late.trap', '--traps', 'all');
    const call = [...late.events({ kinds: new Set([EVENT_KIND.callEntry]) })][0]!;
    const exits = [...early.events({ kinds: new Set([EVENT_KIND.exit]), toIcount: call.icount - 1 })];
    expect(exits.every(({ task }) => task === 0n)).toBe(true);
    const reasons = new Set(exits.map((event) => Number(event.register(REGISTER.detail)) & 0xff));
    expect(reasons).toEqual(new Set([EXIT.crAccess, EXIT.msrWrite, EXIT.descriptorTable, EXIT.io, EXIT.secondLevel]));
    for (const { end } of [early, late]) expect(end?.stateSha256).toEqual(plain.end?.stateSha256);
  });

  it('boots an uncompressed Linux by its PVH note', () => {
    const { bytes, path } = hostKernel(() => true)!;
    const vmlinux = join(folder, 'vmlinux');
    writeFileSync(vmlinux, unpackKernel(bytes, path));
    const kernel = [
      '--kernel',
      vmlinux,
      '--initrd',
      ramdisk('pvh', 'mkdir /proc', 'mount -t proc proc /proc', 'cat /proc/cmdline'),
    ];
    const options = ['--append', 'console=ttyS0 quiet cryptomgr.notests by=pvh'];
    const trace = join(folder, 'pvh.trap');
    const result = trapline(['record', '-q', '-o', trace, ...kernel, ...options], { input: null });
    expect(result).toMatchObject({ status: 0, stderr: '', stdout: expect.stringContaining('by=pvh\r\n') });
    expect(trapline(['replay', '-e', 'trace=reboot', trace]).stdout).toMatch(/reboot\(.*POWER_OFF/);
  });

  it('runs a multiboot kernel and gives the status of its debug-exit port', () => {
    // Header, then at its end: mov al, 21; out f4h, al.
    const image = new DataView(new ArrayBuffer(48));
    const load = 0x10_0000;
    const words = [0x1bad_b002, 0x1_0000, -(0x1bad_b002 + 0x1_0000), load, load, load + 48, load + 48, load + 32];
    for (const [i, word] of words.entries()) image.setUint32(4 * i, word, true);
    new Uint8Array(image.buffer).set([0xb0, 21, 0xe6, 0xf4, 0xeb, 0xfe], 32);
    const kernel = join(folder, 'exit.kernel');
    writeFileSync(kernel, new Uint8Array(image.buffer));
    const result = trapline(['record', '-o', join(folder, 'exit.trap'), '--kernel', kernel], { input: null });
    expect(result).toMatchObject({ status: 43, stderr: expect.stringMatching(/^trapline: 0 calls in/) });
  });
});
