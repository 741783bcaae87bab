/** Traces made without an emulator, through the real ring and the real writer. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll } from 'vitest';
import { RingReader } from '../../src/record/ring.ts';
import { TraceFile, type TraceTotals } from '../../src/record/trace-file.ts';
import { FRAME_KIND } from '../../src/trace/frame.ts';
import { encodeProfile, encodeStatePart } from '../../src/trace/messages.ts';
import { CallLoad, RingProducer } from './ring-load.ts';
import { END, HEADER } from './trace-ends.ts';

/** A folder that goes with the test file. */
export function temporaryFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'trapline-'));
  afterAll(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

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
      ring.drain(Infinity, file);
    }
    file.writeChunk();
  }
  file.add(
    FRAME_KIND.checkpoint,
    encodeStatePart({ ...part, state: 1, section: 'cpu', data: Uint8Array.of(1), last: true }),
  );
  return file.close(END, ring.lost);
}
