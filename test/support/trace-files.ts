/** Traces made without an emulator, through the real ring and the real writer. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll } from 'vitest';
import { RingReader } from '../../src/record/ring.ts';
import { type EndReport, TraceFile, type TraceTotals } from '../../src/record/trace-file.ts';
import { FRAME_KIND } from '../../src/trace/frame.ts';
import { EMPTY_HEADER, encodeProfile, encodeStatePart, type TraceHeader } from '../../src/trace/messages.ts';
import { CallLoad, RingProducer } from './ring-load.ts';

/** A folder that goes with the test file. */
export function temporaryFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'trapline-'));
  afterAll(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

export const HEADER: TraceHeader = {
  ...EMPTY_HEADER,
  program: 'trapline 0.1.0',
  guestStart: 1_700_000_000,
  kernelName: 'vmlinuz-6.1',
  kernelSha256: new Uint8Array(32).fill(0xab),
  kernelRelease: '6.1.0-56-cloud-amd64',
  kernelCommandLine: 'console=hvc0 quiet',
  command: ['ls', '-l', 'a b'],
  environment: ['PATH=/bin'],
  workingDirectory: '/tmp',
  memory: 512 * 2 ** 20,
  cpuVendor: 'AuthenticAMD',
  traps: ['syscall', 'return'],
  shares: ['/usr'],
  settings: { entropy: 'seed 1' },
  hostNote: 'a test',
};

export const END: EndReport = {
  exitStatus: 3,
  reason: 'exit',
  message: '',
  instructions: 123_456_789,
  time: 2_000_000_000,
  stateSha256: new Uint8Array(32).fill(0xcd),
  totals: { processes: 2 },
};

/** A trace of `calls` calls in chunks of at most `callsAChunk`, with a frame of each kind. */
export function writeTrace(path: string, calls: number, callsAChunk = calls): TraceTotals {
  const producer = new RingProducer(1 << 22);
  const ring = new RingReader(producer.memory, producer.region);
  const load = new CallLoad(producer);
  const file = new TraceFile(path, HEADER);
  const part = { state: 0, icount: 5, offset: 0, stateSha256: new Uint8Array(0), last: false };
  file.add(FRAME_KIND.snapshot, encodeStatePart({ ...part, section: 'ram', data: new Uint8Array(100).fill(7) }));
  file.add(FRAME_KIND.profile, encodeProfile([{ name: 'os', json: '{"family":"linux"}', data: new Uint8Array(0) }]));
  file.addInputs([{ kind: 'console', icount: 9, time: 9 + 3, asked: false, bytes: new TextEncoder().encode('ls\n') }]);
  for (let done = 0; done < calls; ) {
    const next = Math.min(calls, done + callsAChunk);
    for (; done < next; done++) {
      load.call();
      ring.drain(Infinity, (event) => file.addEvent(event));
    }
    file.writeChunk();
  }
  file.add(
    FRAME_KIND.checkpoint,
    encodeStatePart({ ...part, state: 1, section: 'cpu', data: Uint8Array.of(1), last: true }),
  );
  return file.close(END, ring.lost);
}
