/** The writer's thread: takes records from the ring, encodes and writes them. src/record/writer.ts is its other end. */
import { type MessagePort, parentPort, receiveMessageOnPort, workerData } from 'node:worker_threads';
import type { InputEntry } from '../trace/inputs.ts';
import type { TraceHeader } from '../trace/messages.ts';
import { systemReason } from '../trace/system-reason.ts';
import type { KernelAddresses } from './chunk-encoder.ts';
import { type Region, RingReader } from './ring.ts';
import { type EndReport, type FrameKind, TraceFile, type TraceTotals } from './trace-file.ts';
import { WriterControl } from './writer-control.ts';

export interface WriterStart {
  readonly path: string;
  readonly header: TraceHeader;
  readonly control: SharedArrayBuffer;
  /** Where orders come from. Replies go by the thread's own port: those are delivered before its end is told. */
  readonly orders: MessagePort;
}

/** From the recording thread. `kibibytes` is what the message adds to the queue. */
export type WriterOrder =
  | { readonly type: 'attach'; readonly memory: WebAssembly.Memory; readonly region: Region }
  | { readonly type: 'frame'; readonly kind: FrameKind; readonly payload: Uint8Array; readonly kibibytes: number }
  | { readonly type: 'inputs'; readonly entries: readonly InputEntry[]; readonly kibibytes: number }
  | { readonly type: 'flush' }
  | { readonly type: 'addresses' }
  | { readonly type: 'close'; readonly report: EndReport; readonly profile: Uint8Array | undefined };

/** To the recording thread, one for `open`, each flush, each `addresses` and the close. */
export type WriterReply =
  | { readonly type: 'opened' }
  | { readonly type: 'flushed' }
  | { readonly type: 'addresses'; readonly addresses: KernelAddresses }
  | { readonly type: 'closed'; readonly totals: TraceTotals };

/** Events wait so long for their chunk to fill, in milliseconds: as much is lost when the recorder is killed. */
const CHUNK_PATIENCE = 2000;
/** Records show up without a wake, so the writer looks for them this often, in milliseconds. */
const POLL = 20;
/** Bytes of records taken between two looks at the orders. */
const DRAIN_BYTES = 8 << 20;

class Writer {
  readonly #path: string;
  readonly #control: WriterControl;
  readonly #orders: MessagePort;
  readonly #file: TraceFile;
  #ring: RingReader | undefined;
  #chunkDue = 0;
  /** Set when a write has failed: from then on everything is dropped, but what the end of the file says. */
  #abandoned: { readonly report: EndReport; readonly lost: number } | undefined;

  constructor({ path, header, control, orders }: WriterStart) {
    this.#path = path;
    this.#control = new WriterControl(control);
    this.#orders = orders;
    this.#file = new TraceFile(path, header);
  }

  /** Works until the close. Throws what is no write error. */
  run(): void {
    this.#reply({ type: 'opened' });
    for (;;) {
      const wakes = this.#control.wakes;
      let drained = 0;
      this.#guarded(() => {
        drained = this.#drain(DRAIN_BYTES);
      });
      const order = receiveMessageOnPort(this.#orders)?.message as WriterOrder | undefined;
      if (order?.type === 'close') {
        this.#close(order.report, order.profile);
        return;
      }
      if (order !== undefined) this.#obey(order);
      else if (drained === 0) {
        this.#guarded(() => this.#writeDueChunk());
        this.#control.sleep(wakes, POLL);
      }
    }
  }

  #reply(reply: WriterReply): void {
    parentPort?.postMessage(reply);
  }

  #obey(order: WriterOrder): void {
    switch (order.type) {
      case 'attach':
        this.#ring = new RingReader(order.memory, order.region);
        this.#file.readFrom(order.memory);
        break;
      case 'frame':
        this.#guarded(() => this.#file.add(order.kind, order.payload));
        this.#taken(order.kibibytes);
        break;
      case 'inputs':
        this.#guarded(() => this.#file.addInputs(order.entries));
        this.#taken(order.kibibytes);
        break;
      case 'flush':
        this.#guarded(() => this.#drainAll());
        this.#reply({ type: 'flushed' });
        break;
      case 'addresses':
        this.#guarded(() => this.#drainAll());
        this.#reply({ type: 'addresses', addresses: this.#file.kernelAddresses });
        break;
      case 'close':
        break;
    }
  }

  #taken(kibibytes: number): void {
    this.#control.addQueued(-kibibytes);
    this.#control.tookSome();
  }

  #drain(limit: number): number {
    const ring = this.#ring;
    if (ring === undefined || ring.pending === 0) return 0;
    const count = ring.drain(limit, this.#file);
    this.#control.tookSome();
    this.#showProgress();
    return count;
  }

  #drainAll(): void {
    // What is there at the call, not what a running guest adds meanwhile.
    for (let left = this.#ring?.pending ?? 0; left > 0; left -= DRAIN_BYTES) this.#drain(Math.min(left, DRAIN_BYTES));
    this.#file.writeChunk();
    this.#showProgress();
  }

  #showProgress(): void {
    const { calls, bytes } = this.#file.totals(0);
    this.#control.setProgress(this.#file.events, calls, bytes);
  }

  #writeDueChunk(): void {
    const now = performance.now();
    if (this.#file.unwritten === 0) this.#chunkDue = now + CHUNK_PATIENCE;
    if (now < this.#chunkDue) return;
    this.#chunkDue = now + CHUNK_PATIENCE;
    this.#file.writeChunk();
    this.#showProgress();
  }

  /** Does something that writes. A system error ends the writing and nothing else: see `#abandon`. */
  #guarded(action: () => void): void {
    if (this.#abandoned !== undefined) {
      this.#ring?.discard();
      this.#control.tookSome();
      return;
    }
    try {
      action();
    } catch (error) {
      const reason = systemReason(error);
      if (reason === undefined) throw error;
      this.#abandon(reason);
    }
  }

  /** The file keeps what it has, and gets what events happened until now, as far as there is room. */
  #abandon(reason: string): void {
    this.#file.fail();
    try {
      this.#drainAll();
    } catch (error) {
      if (systemReason(error) === undefined) throw error;
    }
    const message = `can't write ${this.#path}: ${reason}`;
    this.#file.rescue();
    const report = {
      exitStatus: 1,
      reason: 'write-error',
      message: reason,
      instructions: 0,
      time: 0,
      stateSha256: new Uint8Array(0),
      totals: {},
    };
    // What happens from here on, until the recording has stopped, is no part of it.
    this.#abandoned = { report, lost: this.#ring?.lost ?? 0 };
    const { events } = this.#file.totals(0);
    this.#control.fail(`${message}; what was recorded before (${events} ${events === 1 ? 'event' : 'events'}) is kept`);
  }

  #close(report: EndReport, profile: Uint8Array | undefined): void {
    let totals: TraceTotals | undefined;
    this.#guarded(() => {
      this.#drainAll();
      totals = this.#file.close(report, this.#ring?.lost ?? 0, profile);
    });
    if (this.#abandoned !== undefined) {
      totals = this.#file.abandon(this.#abandoned.report, this.#abandoned.lost, profile);
    }
    totals ??= this.#file.totals(0);
    this.#control.setProgress(totals.events, totals.calls, totals.bytes);
    this.#control.close();
    this.#reply({ type: 'closed', totals });
  }
}

const start = workerData as WriterStart;
try {
  new Writer(start).run();
} catch (error) {
  const reason = systemReason(error) ?? `the trace writer stopped: ${error instanceof Error ? error.message : error}`;
  new WriterControl(start.control).fail(`can't write ${start.path}: ${reason}`);
}
