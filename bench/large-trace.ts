/**
 * A trace as large as an analyst meets: `node bench/large-trace.ts FILE [EVENTS]`. Processes come and go, each with its own
 * mix of calls; records go through the ring and the encoder that recordings go through.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { CAPTURE_KIND, RECORD_KIND } from '../src/emu/monitor-layout.ts';
import { IDENTITY_BYTES, TASK_FIELDS } from '../src/guest/linux/task-identity.ts';
import { RingReader } from '../src/record/ring.ts';
import { TraceFile } from '../src/record/trace-file.ts';
import { CallLoad, loadTask, RingProducer } from '../test/support/ring-load.ts';
import { END, HEADER } from '../test/support/trace-ends.ts';

const EVENTS = 10_000_000;
/** Calls that one generation of processes makes before the next one follows. */
const GENERATION = 100_000;
const PROCESSES = 4;
const FIRST_PID = 100;

const place = Object.fromEntries(TASK_FIELDS.map((field) => [field.name, field.place]));

function identity(index: number): Uint8Array {
  const bytes = new Uint8Array(IDENTITY_BYTES);
  const view = new DataView(bytes.buffer);
  view.setInt32(place.pid!, FIRST_PID + index, true);
  view.setInt32(place.tgid!, FIRST_PID + index, true);
  view.setInt32(place.parent!, 1, true);
  bytes.set(new TextEncoder().encode(`worker-${index}`), place.comm!);
  view.setBigUint64(place.start!, BigInt(index) * 1_000_000n, true);
  return bytes;
}

/** Writes a trace of `events` events. Throws when the file exists. */
export function writeLargeTrace(path: string, events = EVENTS): void {
  const producer = new RingProducer();
  const ring = new RingReader(producer.memory, producer.region);
  const file = new TraceFile(path, { ...HEADER, command: [] });
  let icount = 1_000_000n;
  for (let calls = 0, generation = 0; 2 * calls < events; generation++) {
    const first = generation * PROCESSES;
    const load = new CallLoad(producer, { seed: generation + 1, programs: PROCESSES, first, icount });
    for (let i = first; i < first + PROCESSES; i++) introduce(producer, i, icount);
    for (let made = 0; made < GENERATION && 2 * calls < events; made++, calls++) {
      if (producer.free < 1 << 18) ring.drain(Infinity, file);
      load.call();
    }
    icount = load.icount;
  }
  ring.drain(Infinity, file);
  file.close({ ...END, instructions: Number(icount) }, 0);
}

/** One for measurements: made when it is asked for first. */
export class LargeTrace {
  readonly #events: number;
  #folder: string | undefined;

  constructor(events = EVENTS) {
    this.#events = events;
  }

  get path(): string {
    if (this.#folder === undefined) {
      this.#folder = mkdtempSync(join(tmpdir(), 'trapline-bench-'));
      writeLargeTrace(join(this.#folder, 'large.trap'), this.#events);
    }
    return join(this.#folder, 'large.trap');
  }

  remove(): void {
    if (this.#folder !== undefined) rmSync(this.#folder, { recursive: true, force: true });
    this.#folder = undefined;
  }
}

function introduce(producer: RingProducer, index: number, icount: bigint): void {
  const bytes = identity(index);
  const capture = {
    argument: 7,
    kind: CAPTURE_KIND.task,
    address: loadTask(index),
    fullLength: bytes.length,
    status: 0,
  };
  producer.push({
    kind: RECORD_KIND.task,
    icount,
    time: icount,
    task: loadTask(index),
    captures: [{ ...capture, bytes }],
  });
}

if (process.argv[1] !== undefined && import.meta.url === pathToFileURL(process.argv[1]).href) {
  const [path, events] = process.argv.slice(2);
  if (path === undefined) throw new Error('usage: node bench/large-trace.ts FILE [EVENTS]');
  writeLargeTrace(path, events === undefined ? EVENTS : Number(events));
}
