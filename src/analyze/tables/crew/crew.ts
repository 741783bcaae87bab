/** Threads that work on the chunks of a scan beside the one that asks for its rows; worker.ts is their end. */
import { availableParallelism } from 'node:os';
import { MessageChannel, type MessagePort, receiveMessageOnPort, Worker } from 'node:worker_threads';
import { packageFile } from '../../../package-file.ts';
import type { TableName } from '../../schema.ts';
import type { Made, Maker } from '../chunk-work.ts';
import type { RowBuffer, RowSource } from '../row-buffer.ts';
import type { ScanCount, ScanRequest } from '../scan.ts';
import { CrewControl } from './control.ts';
import type { CrewMessage, CrewStart } from './messages.ts';
import { packRows, sizeOf, unpackRows } from './row-message.ts';

/** A thread begins when there are so many chunks for it: to begin costs as much as some twenty. */
const CHUNKS_EACH = 32;
/** More would need more memory, 50 MB each, than they are worth: rows are taken by one thread. */
const MOST_HELPERS = 3;
/** Chunks leave little behind: with more room for it a thread only takes longer to use it again. */
const LIMITS = { maxYoungGenerationSizeMb: 6 };
/** Milliseconds after which a chunk that somebody makes is made here: its thread may have died. */
const PATIENCE = 5000;
/** Of the sources when this runs from them, else of what they are built to. */
const WORKER = packageFile(
  import.meta.url.endsWith('.ts') ? 'src/analyze/tables/crew/worker.ts' : 'dist/crew-worker.js',
);

/** Columns that need what stands all over the trace, which each thread would read for itself. */
const OF_ONE = ['symbol', 'address_symbol'];

/** How many threads are to work beside this one on so many chunks. */
export function helpersFor(chunks: number, rows: RowBuffer, { helpers }: ScanRequest): number {
  if (rows.wants(...OF_ONE)) return 0;
  return helpers ?? Math.min(availableParallelism() - 1, MOST_HELPERS, Math.floor(chunks / CHUNKS_EACH));
}

interface CrewJob {
  readonly table: TableName;
  readonly request: ScanRequest;
  /** What works here. */
  readonly maker: Maker;
  /** Places in the index of the chunks that are to be worked on. */
  readonly wanted: readonly number[];
  /** How many of them are done already. */
  readonly first: number;
  readonly count: ScanCount;
}

interface Ready {
  readonly made: Made | undefined;
  readonly kibibytes: number;
  /** Another thread made it. */
  readonly helped: boolean;
}

/** One at a time in a process has helpers: others scan alone. */
let gathered: Crew | undefined;

export class Crew {
  readonly #job: CrewJob;
  readonly #control: CrewControl;
  readonly #ports: MessagePort[] = [];
  /** What was made before it was asked for. */
  readonly #ready = new Map<number, Ready>();
  /** Rows that were made here and are not looked at any more: their memory is used again. */
  readonly #spare: RowSource[] = [];
  #taken: Ready | undefined;

  private constructor(job: CrewJob) {
    this.#job = job;
    this.#control = CrewControl.begin(job.wanted.length, job.first);
  }

  /** undefined: another one is at work. */
  static gather(helpers: number, job: CrewJob): Crew | undefined {
    if (gathered !== undefined) return undefined;
    const crew = new Crew(job);
    gathered = crew;
    const { table, request, maker, wanted } = job;
    const { model, constraints, wholeGuest } = request;
    const columns = [...maker.rows.names];
    for (let i = 0; i < helpers; i++) {
      const { port1, port2 } = new MessageChannel();
      const control = crew.#control.buffer;
      const { path } = model.reader;
      const workerData: CrewStart = { path, table, columns, constraints, wholeGuest, wanted, control, port: port2 };
      const worker = new Worker(WORKER, { workerData, transferList: [port2], resourceLimits: LIMITS });
      // What it leaves is done here.
      worker.on('error', () => {});
      worker.unref();
      crew.#ports.push(port1);
    }
    return crew;
  }

  /** What was made of the chunk at place `i` of those wanted, asked for in order; undefined: it is damaged. */
  take(i: number): Made | undefined {
    if (this.#taken?.made !== undefined && !this.#taken.helped) this.#spare.push(this.#taken.made.rows);
    this.#taken = undefined;
    if (i > 0) this.#control.finish(i - 1);
    for (;;) {
      const ready = this.#ready.get(i);
      if (ready !== undefined) {
        this.#ready.delete(i);
        this.#taken = ready;
        this.#control.taken(ready.kibibytes);
        if (ready.helped && ready.made !== undefined) this.#job.count.helped++;
        // What others could not make ends here as it would have without them.
        return ready.made ?? this.#make(i);
      }
      if (this.#control.claimNext(i)) return this.#make(i);
      const { arrivals } = this.#control;
      if (this.#receive(i) || this.#workAhead()) continue;
      if (!this.#control.awaitArrival(arrivals, PATIENCE)) return this.#make(i);
    }
  }

  #make(i: number): Made | undefined {
    return this.#job.maker.make(this.#job.wanted[i]!);
  }

  /** False: nobody has sent anything. */
  #receive(least: number): boolean {
    let any = false;
    for (const port of this.#ports) {
      for (let got = receiveMessageOnPort(port); got !== undefined; got = receiveMessageOnPort(port)) {
        any = true;
        const { i, kibibytes, rows, loose, damaged } = got.message as CrewMessage;
        this.#tellDamage(damaged);
        if (i < least) this.#control.taken(kibibytes);
        else this.#ready.set(i, { made: rows && { rows: unpackRows(rows), loose }, kibibytes, helped: true });
      }
    }
    return any;
  }

  /** Chunks that another thread has found damaged, on the way: findings are told by one reader. */
  #tellDamage(places: readonly number[]): void {
    const { reader } = this.#job.request.model;
    for (const place of places) void reader.chunk(reader.index[place]!, { registers: () => [], moments: false, captures: 'none' }); // biome-ignore format: one row
  }

  /** Makes what will be asked for; false: there is nothing, or too much waits already. */
  #workAhead(): boolean {
    if (!this.#control.hasRoom) return false;
    const i = this.#control.claim();
    if (i >= this.#job.wanted.length) return false;
    const made = this.#make(i);
    if (made === undefined) {
      this.#ready.set(i, { made, kibibytes: 0, helped: false });
      return true;
    }
    const rows = packRows(this.#job.maker.rows.detach(this.#spare.pop()));
    const kibibytes = sizeOf(rows) >> 10;
    this.#control.made(kibibytes);
    this.#ready.set(i, { made: { rows: unpackRows(rows), loose: made.loose }, kibibytes, helped: false });
    return true;
  }

  /** Ends the threads, whatever is left to do. */
  dismiss(): void {
    this.#control.dismiss();
    for (const port of this.#ports) port.close();
    this.#ready.clear();
    if (gathered === this) gathered = undefined;
  }
}
