// What a user sees of `record -- CMD`, on a stock kernel.
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { TraceReader } from '../../src/replay/reader.ts';
import { missingForGuest, scratch, trapline } from '../support/guest.ts';

const missing = missingForGuest();
if (missing !== undefined) console.warn(`guest tests skipped: ${missing}`);

describe.skipIf(missing !== undefined)('record -- CMD', () => {
  const folder = scratch();
  const record = (name: string, args: readonly string[], input: string | null = '') =>
    trapline(['record', '-q', '-o', join(folder, `${name}.trap`), ...args], { cwd: folder, input });
  const replay = (name: string, ...args: string[]): string =>
    trapline(['replay', ...args, join(folder, `${name}.trap`)]).stdout;

  it('passes arguments, environment, working folder, input, output and status through', () => {
    const script = 'cat; echo "$0 $1 $WORD"; pwd; echo oops >&2; exit 23';
    const result = record(
      'sh',
      ['--env', 'PATH', '--env', 'WORD=blue', '--', 'sh', '-c', script, 'zero', 'one two'],
      'typed\n',
    );
    expect(result).toEqual({ status: 23, stdout: `typed\nzero one two blue\n${folder}\n`, stderr: 'oops\n' });
  });

  it('replays the command from its execve on, and nothing else', () => {
    expect(record('true', ['--', '/bin/true'])).toEqual({ status: 0, stdout: '', stderr: '' });
    const lines = replay('true').trim().split('\n');
    expect(lines[0]).toMatch(
      /^\[\d+ \S+\] execve\("\/bin\/true", \["\/bin\/true"\], 0x[0-9a-f]+ \/\* \d+ vars \*\/\) = 0$/,
    );
    expect(lines.at(-2)).toMatch(/^\[\d+ true\] exit_group\(0\) += \?$/);
    expect(lines.at(-1)).toMatch(/^\[\d+ true\] \+\+\+ exited with 0 \+\+\+$/);
    expect(replay('true', '--all').split('\n').length).toBeGreaterThan(lines.length);
  });

  it('keeps what the guest writes to itself, and brings out what is asked for', () => {
    writeFileSync(join(folder, 'kept'), 'host');
    const collected = join(folder, 'out');
    const script = 'echo guest > kept; cat kept; echo more > /tmp/result';
    const result = record('files', ['--collect', `/tmp/result:${collected}`, '--', 'sh', '-c', script]);
    expect(result).toEqual({ status: 0, stdout: 'guest\n', stderr: '' });
    expect(readFileSync(join(folder, 'kept'), 'utf8')).toBe('host');
    expect(readFileSync(collected, 'utf8')).toBe('more\n');
  });

  it('ends when its command has, whatever the guest would wait for', () => {
    expect(record('left', ['--', 'sh', '-c', 'sleep 100 & exit 3'])).toMatchObject({ status: 3 });
    const reader = TraceReader.open(join(folder, 'left.trap'));
    const chunk = reader.chunk(reader.index.at(-1)!)!;
    expect(reader.end!.time - chunk.time(chunk.count - 1)).toBeLessThan(1e6);
    expect(reader.end!.message).toContain('left processes that still run');
  });

  it('goes on while what the command left runs, if it shall', () => {
    const later = '(sleep 3; echo later) & exit 4';
    expect(record('lingered', ['--linger', '10', '--', 'sh', '-c', later])).toEqual({
      ...{ status: 4, stdout: 'later\n', stderr: '' },
    });
    expect(TraceReader.open(join(folder, 'lingered.trap')).end!.message).toBe('');
    expect(replay('lingered').trim().split('\n').at(-1)).toMatch(/ \+\+\+ exited with 0 \+\+\+$/);
    expect(record('gave-up', ['--linger', '2', '--', 'sh', '-c', later])).toEqual({
      status: 4,
      stdout: '',
      stderr: '',
    });
    expect(TraceReader.open(join(folder, 'gave-up.trap')).end!.message).toContain('left processes that still run');
  });

  it('has a disk whose changes stay in the guest, and that can be looked at afterwards', () => {
    const image = join(folder, 'disk.img');
    const content = Buffer.alloc(1 << 20, 'sector ');
    writeFileSync(image, content);
    const script =
      'head -c 6 /dev/vda; echo " of $(blockdev --getsize64 /dev/vda)"; printf change > /dev/vda; head -c 6 /dev/vda';
    const result = record('disk', ['--disk', image, '--', 'sh', '-c', script]);
    expect(result).toEqual({ status: 0, stdout: 'sector of 1048576\nchange', stderr: '' });
    expect(readFileSync(image).equals(content)).toBe(true);
    expect(replay('disk', '-y', '-e', 'trace=read')).toContain('</dev/vda>, "sector"');
    // What the guest read of it is in the trace.
    writeFileSync(image, Buffer.alloc(1 << 20, 'other '));
    expect(trapline(['ps', join(folder, 'disk.trap')])).toMatchObject({ status: 0, stderr: '' });
  });

  it('does the same with and without traps, and again', () => {
    const state = (name: string, traps: string): string => {
      // Without a share nothing of the host's files enters, and standard input has ended before the guest goes on.
      const still = ['--rootfs', 'none', '--seed', 'x', '--clock', '1700000000', '--env', 'A=b', '--chdir', '/'];
      const result = record(name, [...still, '--traps', traps, '--', '/bin/ls', '-la', '/dev'], null);
      expect(result).toMatchObject({ status: 0, stdout: expect.stringContaining('null') });
      return /state +sha256 ([0-9a-f]{64})/.exec(trapline(['info', join(folder, `${name}.trap`)]).stdout)![1]!;
    };
    const trapped = state('trapped', 'syscall');
    expect(state('again', 'syscall')).toBe(trapped);
    expect(state('untrapped', 'none')).toBe(trapped);
  });

  it('says in one line why a command or kernel cannot be run', () => {
    expect(record('none', ['--', '/no/such/program'])).toMatchObject({ status: 127 });
    const kernel = join(folder, 'not-a-kernel');
    writeFileSync(kernel, 'text');
    const refused = record('kernel', ['--kernel', kernel, '--rootfs', 'none', '--', '/bin/true']);
    expect(refused.status).toBe(1);
    expect(refused.stderr.trim().split('\n')).toHaveLength(1);
    expect(record('true', ['--', '/bin/true'])).toMatchObject({ status: 1 });
  });
});
