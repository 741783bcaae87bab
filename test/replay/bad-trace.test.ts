// A real recording that was cut off or altered, and readers that go away: what a user sees of it.
import { spawnSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, describe, expect, test } from 'vitest';
import { TraceReader } from '../../src/replay/reader.ts';
import { verifyTrace } from '../../src/replay/verify.ts';
import { FRAME_HEADER_BYTES, FRAME_KIND } from '../../src/trace/frame.ts';
import type { ScannedFrame } from '../../src/trace/scan.ts';
import { CLI, missingForGuest, scratch, trapline } from '../support/guest.ts';

const missing = missingForGuest();
if (missing !== undefined) console.warn(`tests of damaged recordings skipped: ${missing}`);

const SAMPLES = 40;

describe.skipIf(missing !== undefined)('a recording', () => {
  const folder = scratch();
  const whole = join(folder, 'whole.trap');
  const damaged = join(folder, 'damaged.trap');
  let bytes: Buffer;
  let frames: readonly ScannedFrame[];
  const end = ({ offset, length }: ScannedFrame): number => offset + FRAME_HEADER_BYTES + length;
  /** Places spread over the file, and around the ends of its frames. */
  const places = (): number[] => [
    ...Array.from({ length: SAMPLES }, (_, i) => Math.floor(((i + 0.5) * bytes.length) / SAMPLES)),
    ...frames.flatMap((frame) => [frame.offset, frame.offset + 20, frame.offset + 63, end(frame) - 1]),
  ];

  beforeAll(() => {
    const made = trapline(['record', '-q', '-o', whole, '--', 'ls', '/'], { input: null });
    expect(made).toMatchObject({ status: 0, stderr: '' });
    bytes = readFileSync(whole);
    frames = TraceReader.open(whole).frames;
  });

  test('cut off anywhere shows the calls up to its last whole frame and says what is missing', () => {
    for (const size of places()) {
      writeFileSync(damaged, bytes.subarray(0, size));
      if (size < end(frames[0]!)) {
        expect(() => verifyTrace(damaged), `cut at ${size}`).toThrow(/^[^\n]+(empty|nothing of it is left|cut off)/);
        continue;
      }
      const left = frames.filter((frame) => end(frame) <= size);
      const { findings, frames: found } = verifyTrace(damaged);
      expect(found, `cut at ${size}`).toBe(left.length);
      expect(findings.at(-1)!.message, `cut at ${size}`).toMatch(/cut off/);
    }
    const chunk = frames.find(({ kind }) => kind === FRAME_KIND.events)!;
    writeFileSync(damaged, bytes.subarray(0, end(chunk)));
    const { status, stdout, stderr } = trapline(['replay', damaged]);
    expect(stdout).toContain('execve("/usr/bin/ls", ["ls", "/"]');
    expect(stderr).toMatch(/^trapline: [^\n]+ the recording was cut off, later events are missing\n$/);
    expect(status).toBe(1);
    writeFileSync(damaged, bytes.subarray(0, 100));
    for (const verb of ['replay', 'info', 'verify', 'ps']) {
      expect(trapline([verb, damaged])).toMatchObject({
        status: 1,
        stderr: expect.stringMatching(/^trapline: [^\n]+\n$/),
      });
    }
  });

  test('with a flipped bit is found altered, and the frame is named', () => {
    for (const [i, place] of places().entries()) {
      const copy = Buffer.from(bytes);
      copy[place]! ^= 1 << (i % 8);
      writeFileSync(damaged, copy);
      const { number } = frames.findLast(({ offset }) => offset <= place)!;
      let said: string;
      try {
        said = verifyTrace(damaged).findings[0]?.message ?? 'nothing was found';
      } catch (error) {
        said = (error as Error).message;
      }
      expect(said, `bit of byte ${place}`).toMatch(new RegExp(`frame ${number}\\b`));
    }
    const inputs = frames.find(({ kind }) => kind === FRAME_KIND.inputs)!;
    const copy = Buffer.from(bytes);
    copy[inputs.offset + 1000]! ^= 1;
    writeFileSync(damaged, copy);
    const { status, stdout } = trapline(['verify', damaged]);
    expect(stdout).toBe(
      `${damaged}: frame ${inputs.number} (inputs) at offset ${inputs.offset}: the checksum of the payload does not match\n`,
    );
    expect(status).toBe(1);
    // Events are all there, so the calls are shown, and the damage is told.
    const { status: shown, stdout: calls, stderr } = trapline(['replay', damaged]);
    expect(calls).toBe(trapline(['replay', whole]).stdout);
    expect(stderr).toContain(`frame ${inputs.number} (inputs)`);
    expect(shown).toBe(1);
  });

  test.each(['replay --format jsonl --all', 'replay', 'info', 'maps'])(
    '%s ends quietly when its reader goes away',
    (verb) => {
      const script = `set -o pipefail; ${process.execPath} ${CLI} ${verb} ${whole} | head -n 1`;
      const { status, stdout, stderr } = spawnSync('bash', ['-c', script], {
        encoding: 'utf8',
        timeout: 120_000,
        env: { ...process.env, XDG_CACHE_HOME: join(CLI, '../../build/test-cache') },
      });
      expect(stderr).toBe('');
      expect(stdout).toMatch(/^[^\n]+\n$/);
      expect(status).toBe(0);
    },
  );

  test.each(['replay', 'info', 'verify'])('%s says in one line that its output can not be written', (verb) => {
    const script = `${process.execPath} ${CLI} ${verb} ${whole} > /dev/full`;
    const { status, stderr } = spawnSync('bash', ['-c', script], { encoding: 'utf8', timeout: 120_000 });
    expect(stderr).toBe("trapline: can't write to standard output: no space left on device\n");
    expect(status).toBe(1);
  });

  test.each([
    { args: ['--bogus'], says: /unknown option '--bogus'/ },
    { args: ['-p', 'x'], says: /^-p x: a whole number is wanted/ },
    { args: ['-e', 'trace=no_such_call'], says: /no system call named no_such_call/ },
    { args: ['--from', 'noon'], says: /^--from noon: use an instruction count/ },
    { args: ['--format', 'xml'], says: /'xml' is invalid/ },
  ])('replay $args is a wrong call', ({ args, says }) => {
    const { status, stdout, stderr } = trapline(['replay', ...args, whole]);
    expect(stderr).toMatch(/^trapline: [^\n]+\n$/);
    expect(stderr.slice('trapline: '.length)).toMatch(says);
    expect({ status, stdout }).toEqual({ status: 2, stdout: '' });
  });
});
