// VMFUNC from user mode: views and triggers, as a user of `record --traps vmfunc` has them.
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { EXIT, SECOND_LEVEL } from '../../src/emu/layout.ts';
import { CAPTURE_KIND, EXIT_BLOCK } from '../../src/emu/monitor-layout.ts';
import { LiveGuest, type MonitorEvent, monitorsOf } from '../../src/index.ts';
import { TraceReader } from '../../src/replay/reader.ts';
import { EVENT_KIND, REGISTER } from '../../src/trace/event.ts';
import { introspections } from '../../src/trace/introspection.ts';
import { missingForGuest, scratch, trapline } from '../support/guest.ts';

const PROGRAM = 'guest/vmfunc/program';
const missing = missingForGuest();
if (missing !== undefined) console.warn(`vmfunc tests skipped: ${missing}`);

function compiler(): string | undefined {
  try {
    return execFileSync('gcc', ['--version'], { encoding: 'utf8' }).split('\n')[0];
  } catch {
    return undefined;
  }
}

const folder = scratch();

it.runIf(compiler() === readFileSync('guest/init/init.built-with', 'utf8').trim())(
  'the committed program is what its source gives',
  () => {
    execFileSync('sh', ['guest/vmfunc/build.sh', join(folder, 'program')]);
    expect(readFileSync(join(folder, 'program')).equals(readFileSync(PROGRAM))).toBe(true);
  },
);

describe.skipIf(missing !== undefined)('VMFUNC', () => {
  const trace = join(folder, 'vmfunc.trap');
  const watch = ['--watch', `view:1:exe:${PROGRAM}:secret:none`];
  const recorded =
    missing === undefined
      ? trapline(['record', '-q', '-o', trace, '--traps', 'vmfunc', ...watch, '--', PROGRAM], { input: null })
      : undefined;

  it('switches views without an exit, triggers, and knows no view beyond the list', () => {
    expect(recorded).toMatchObject({ status: 0, stdout: 'done\nview 512 is not on the list\n' });
    const reader = TraceReader.open(trace);
    const events = [...reader.events({ kinds: new Set([EVENT_KIND.exit]) })].map((event) => {
      const block = event.captures().find(({ kind }) => kind === CAPTURE_KIND.exit)!.bytes;
      const view = new DataView(block.buffer, block.byteOffset, block.length);
      return {
        reason: Number(event.register(REGISTER.detail)) & 255,
        qualification: view.getUint32(EXIT_BLOCK.qualification, true),
        view: view.getUint32(EXIT_BLOCK.errorCode, true) >>> 16,
        value: view.getBigUint64(EXIT_BLOCK.value, true),
        payload: [event.register(REGISTER.rdi), event.register(REGISTER.rsi)],
      };
    });
    expect(events).toMatchObject([
      { reason: EXIT.secondLevel, view: 1, qualification: SECOND_LEVEL.read | 0x100, value: 0x68n },
      { reason: EXIT.secondLevel, view: 1, qualification: SECOND_LEVEL.write | 0x100, value: 0x68n },
      { reason: EXIT.vmfunc, qualification: 1 },
      { reason: EXIT.vmfunc, qualification: 2 },
      { reason: EXIT.vmfunc, qualification: 3 },
      { reason: EXIT.vmfunc, qualification: 40, payload: [0x1234n, 0x5678n] },
      { reason: EXIT.vmfunc, qualification: 0, value: 512n },
    ]);
    reader.close();
  });

  it('records what the triggers asked for', () => {
    const reader = TraceReader.open(trace);
    const [processes, modules, memory, own, ...more] = introspections(reader.profile.values());
    expect(more).toEqual([]);
    expect(own!.introspection.kind).toBe('processes');
    expect(processes!.introspection.rows).toContainEqual(expect.objectContaining({ pid: 1, comm: 'init' }));
    expect(processes!.introspection.rows).toContainEqual(
      expect.objectContaining({ comm: 'program', state: 'R', hiddenFrom: [] }),
    );
    expect(modules!.introspection.rows.map(({ name }) => name)).toContain('virtiofs');
    expect(Buffer.from(memory!.data).toString('latin1')).toBe('ahat nobody is to read'.padEnd(32, '\0'));
    reader.close();
  });

  it('is shown by replay', () => {
    const told = trapline(['replay', '-e', 'trace=none', trace]).stdout.replace(
      /^\[\d+ program\] \*\*\* vmfunc: /gm,
      '',
    );
    expect(told.split('\n')).toMatchObject([
      expect.stringMatching(/^view:1:.*:none: read in view 1, 0x\w+, 1 byte, 0x68 at 0x/),
      expect.stringMatching(/^view:1:.*:none: write in view 1, 0x\w+, 1 byte, 0x77 -> 0x68 at 0x/),
      expect.stringMatching(/^leaf 1 \(processes\), rdi=.*: \d+ processes at 0x/),
      expect.stringMatching(/^leaf 2 \(modules\), rdi=.*: \d+ modules at 0x/),
      expect.stringMatching(/^leaf 3 \(memory\), rdi=0x\w+ rsi=0x20 .*: 32 bytes at 0x/),
      expect.stringMatching(/^leaf 40, rdi=0x1234 rsi=0x5678 /),
      expect.stringMatching(/^leaf 0, view 512: not on the list at 0x/),
      '',
    ]);
  });

  it('runs again to the same state', () => {
    expect(trapline(['ps', trace])).toMatchObject({ status: 0, stdout: expect.stringContaining(' init ') });
  });

  it('has views for each virtual CPU', () => {
    const file = join(folder, 'processors.trap');
    const both = `taskset -c 0 ${PROGRAM} & taskset -c 1 ${PROGRAM} & wait`;
    const command = [...watch, '--', 'sh', '-c', both];
    const { stdout } = trapline(['record', '-q', '-o', file, '--cpus', '2', '--traps', 'vmfunc', ...command], {
      input: null,
    });
    expect(stdout.match(/^done$/gm)).toHaveLength(2);
    const events = trapline(['replay', '--format', 'jsonl', file])
      .stdout.trim()
      .split('\n')
      .map((line) => JSON.parse(line) as { vcpu: number; fields: { access?: string; leaf?: number } });
    for (const processor of [0, 1]) {
      const own = events.filter(({ vcpu }) => vcpu === processor).map(({ fields: { access, leaf } }) => access ?? leaf);
      expect(own).toEqual(['read', 'write', 1, 2, 3, 40, 0]);
    }
  });

  it('triggers on a live guest, too', () => {
    const guest = LiveGuest.start([PROGRAM]);
    const monitors = monitorsOf(guest);
    const seen: MonitorEvent[] = [];
    monitors.start('vmfunc', (event) => seen.push(event), { watch: `view:1:exe:${PROGRAM}:secret:rx` });
    monitors.run();
    expect(guest.output).toContain('done');
    expect(seen.map(({ fields: { access, leaf } }) => access ?? leaf)).toEqual(['write', 1, 2, 3, 40, 0]);
    const [, processes, , memory, own] = seen;
    expect(processes!.introspection!.rows).toContainEqual(expect.objectContaining({ comm: 'program' }));
    expect(Buffer.from(memory!.introspection!.data).toString('latin1', 0, 4)).toBe('ahat');
    expect([own!.register('rdi'), own!.process?.comm]).toEqual([0x1234n, 'program']);
  });

  it('is #UD where nobody armed it', () => {
    const result = trapline(['record', '-q', '-o', join(folder, 'off.trap'), '--', PROGRAM], { input: null });
    expect(result).toMatchObject({ status: 1, stdout: 'there are no VM functions here\n' });
  });

  it('says what is wrong with a view', () => {
    for (const [spec, why] of [
      ['view:512:sys_call_table:none', 'from 0 to 511'],
      ['view:1:sys_call_table:rwx', 'nothing is recorded'],
      ['view:1:sys_call_table:q', 'is no right'],
      ['view:1:reg:rax:none', 'a view is of memory'],
      ['view:sys_call_table', 'use view:N:MEMORY:RIGHTS'],
    ]) {
      const result = trapline(['record', '--watch', spec!, '--', 'true'], { input: null });
      expect(result).toMatchObject({ status: 2, stderr: expect.stringContaining(why!) });
    }
  });
});
