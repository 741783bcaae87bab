import { type ChildProcess, spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { existsSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import { UserError } from '../../src/emu/errors.ts';
import { TraceWriterHandle } from '../../src/record/writer.ts';
import { TraceReader } from '../../src/replay/reader.ts';
import { verifyTrace } from '../../src/replay/verify.ts';
import { FRAME_KIND } from '../../src/trace/frame.ts';
import { CallLoad, RingProducer } from '../support/ring-load.ts';
import { smallDisk } from '../support/small-disk.ts';
import { END, HEADER } from '../support/trace-ends.ts';
import { temporaryFolder } from '../support/trace-files.ts';

const folder = temporaryFolder();
const ENDLESS = fileURLToPath(new URL('../support/endless-writer.ts', import.meta.url));

/** Pushes calls as the core does: when the ring is full it waits for the writer. False when the writer has failed. */
function produce(writer: TraceWriterHandle, producer: RingProducer, load: CallLoad, calls: number): boolean {
  for (let i = 0; i < calls; i++) {
    if (producer.free < 1 << 18 && !writer.waitForRoom()) return false;
    load.call();
  }
  return true;
}

test('what goes through ring, thread and file comes back, with back-pressure', async () => {
  const path = join(folder, 'calls.trap');
  const writer = await TraceWriterHandle.open(path, HEADER);
  const producer = new RingProducer(1 << 21);
  const load = new CallLoad(producer);
  writer.addProfile([{ name: 'os', json: '{}', data: new Uint8Array(0) }]);
  writer.attach(producer.memory, producer.region);
  expect(produce(writer, producer, load, 50_000)).toBe(true);
  const state = { state: 0, icount: 1, section: 'ram', offset: 0, last: true, stateSha256: new Uint8Array(32) };
  for (let i = 0; i < 20; i++)
    writer.addSnapshotPart({ ...state, offset: i << 23, data: new Uint8Array(1 << 23).fill(i) });
  writer.addInputs([{ kind: 'console', icount: 1, time: 1, asked: false, bytes: Uint8Array.of(1, 2, 3) }]);
  await writer.flush();
  expect(writer.pending).toBe(0);
  expect(writer.progress).toMatchObject({ events: 100_000, calls: 50_000, bytes: statSync(path).size });
  expect(produce(writer, producer, load, 1000)).toBe(true);
  const totals = await writer.close(END);
  expect(writer.failure).toBeUndefined();
  expect(totals).toMatchObject({
    events: 102_000,
    calls: 51_000,
    lost: 0,
    unattributed: 0,
    bytes: statSync(path).size,
  });
  expect(totals!.eventBytes / totals!.calls).toBeLessThan(16);
  expect(verifyTrace(path)).toMatchObject({ findings: [], events: 102_000 });
  const reader = TraceReader.open(path);
  expect([...reader.inputs()].length).toBe(1);
  let parts = 0;
  for (const part of reader.snapshotParts()) expect(part.data[0]).toBe(parts++);
  expect(parts).toBe(20);
  expect(reader.end).toMatchObject({ exitStatus: 3, events: 102_000 });
  reader.close();
});

test('events are on the disk a while after they happened, not at the end only', async () => {
  const path = join(folder, 'soon.trap');
  const writer = await TraceWriterHandle.open(path, HEADER);
  const producer = new RingProducer(1 << 21);
  writer.attach(producer.memory, producer.region);
  new CallLoad(producer).call();
  await expect.poll(() => TraceReader.open(path).index.length, { timeout: 20_000 }).toBe(1);
  await writer.close(END);
});

test.each([
  ['a folder that is not there', () => join(folder, 'no/such/x.trap'), 'no such file or directory'],
  ['a folder', () => folder, 'illegal operation on a directory'],
])('%s can’t be written', async (_, path, reason) => {
  await expect(TraceWriterHandle.open(path(), HEADER)).rejects.toThrow(
    new UserError(`can't write ${path()}: ${reason}`),
  );
});

test.skipIf(!existsSync('/dev/full'))('a device that is full is told at once', async () => {
  const open = TraceWriterHandle.open('/dev/full', HEADER);
  await expect(open).rejects.toThrow(new UserError("can't write /dev/full: no space left on device"));
});

test.for([64, 500, 1024])('a disk of %i KiB that fills up leaves a whole beginning', async (kibibytes, { skip }) => {
  const disk = smallDisk(join(folder, `disk-${kibibytes}`), kibibytes);
  if ('why' in disk) return skip(disk.why);
  const path = join(disk.path, 'x.trap');
  const writer = await TraceWriterHandle.open(path, HEADER);
  const producer = new RingProducer(1 << 21);
  writer.attach(producer.memory, producer.region);
  const load = new CallLoad(producer);
  while (writer.failure === undefined && produce(writer, producer, load, 10_000));
  expect(writer.failure).toMatch(
    /^can't write .*x\.trap: no space left on device; what was recorded before \(\d+ events?\) is kept$/,
  );
  await expect(writer.flush()).rejects.toThrow(UserError);
  // Nothing may block once the writer has failed.
  for (let i = 0; i < 300; i++) writer.addFrame(FRAME_KIND.snapshot, new Uint8Array(1 << 20));
  const totals = await writer.close(END);
  const reader = TraceReader.open(path);
  expect([...reader.windows()].reduce((sum, { rows }) => sum + rows.length, 0)).toBe(totals!.events);
  // With room for an end frame the file says why it ends; else that it was cut off. Never a broken frame.
  if (reader.end === undefined)
    expect(reader.findings.map(({ message }) => message).join()).toMatch(/^there is no end frame/);
  else {
    expect(reader.end).toMatchObject({ reason: 'write-error', message: 'no space left on device' });
    // None is lost where the frame that did not fit tells only of events that did.
    const missing = reader.end.lost > 0 ? /\d+ events were lost while recording \(no space left on device\)$/ : /the recording could not go on \(no space left on device\): later events are missing$/; // biome-ignore format: one row
    expect(reader.findings[0]!.message).toMatch(missing);
  }
  reader.close();
});

test('events go before inputs when there is room for one of them only', async ({ skip }) => {
  const disk = smallDisk(join(folder, 'disk-inputs'), 64);
  if ('why' in disk) return skip(disk.why);
  const path = join(disk.path, 'x.trap');
  const writer = await TraceWriterHandle.open(path, HEADER);
  const producer = new RingProducer(1 << 21);
  writer.attach(producer.memory, producer.region);
  const load = new CallLoad(producer);
  expect(produce(writer, producer, load, 200)).toBe(true);
  writer.addInputs([{ kind: 'share', icount: 1, time: 1, asked: true, bytes: randomBytes(2 << 20) }]);
  const totals = await writer.close(END);
  expect(writer.failure).toMatch(/no space left on device; what was recorded before \(400 events\) is kept$/);
  expect(totals).toMatchObject({ events: 400, calls: 200, lost: 0 });
  const messages = verifyTrace(path).findings.map(({ message }) => message);
  expect(messages).toEqual([expect.stringMatching(/the recording could not go on .*: later events are missing$/)]);
});

async function startEndless(path: string, calls?: number): Promise<ChildProcess> {
  const args = [ENDLESS, path, ...(calls === undefined ? [] : [String(calls)])];
  return spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'inherit'] });
}

test('a recorder killed with -9 leaves a trace that opens', async () => {
  const path = join(folder, 'killed.trap');
  const child = await startEndless(path);
  await expect.poll(() => existsSync(path) && statSync(path).size > 2_000_000, { timeout: 60_000 }).toBe(true);
  child.kill('SIGKILL');
  await once(child, 'exit');
  const { findings, events } = verifyTrace(path);
  expect(events).toBeGreaterThan(100_000);
  expect(findings.map(({ message }) => message).join('\n')).toMatch(/there is no end frame after frame \d+/);
  const reader = TraceReader.open(path);
  expect([...reader.windows()].reduce((sum, { rows }) => sum + rows.length, 0)).toBe(events);
  reader.close();
});

test('memory stays bounded whatever the length', async () => {
  const run = async (calls: number) => {
    const child = await startEndless(join(folder, `long-${calls}.trap`), calls);
    let output = '';
    child.stdout!.on('data', (data) => {
      output += data;
    });
    await once(child, 'exit');
    return JSON.parse(output) as { failure?: string; maxRSS: number; calls: number };
  };
  const short = await run(100_000);
  const long = await run(800_000);
  expect(long).toMatchObject({ calls: 800_000 });
  expect(long.failure).toBeUndefined();
  expect(long.maxRSS - short.maxRSS).toBeLessThan(64 << 10);
});

test('a file that was there is replaced', async () => {
  const path = join(folder, 'old.trap');
  writeFileSync(path, Buffer.alloc(1_000_000));
  const writer = await TraceWriterHandle.open(path, HEADER);
  await writer.close(END);
  expect(readFileSync(path).length).toBeLessThan(2000);
  expect(verifyTrace(path).findings).toEqual([]);
});
