/** The recording thread's end of the trace writer. */
import { once } from 'node:events';
import { MessageChannel, type MessagePort, Worker } from 'node:worker_threads';
import { UserError } from '../emu/errors.ts';
import { fieldAddress, REGION } from '../emu/layout.ts';
import { ROOM } from '../emu/monitor-layout.ts';
import { packageFile } from '../package-file.ts';
import { FRAME_KIND } from '../trace/frame.ts';
import type { InputEntry } from '../trace/inputs.ts';
import { encodeProfile, encodeStatePart, type Fact, type StatePart, type TraceHeader } from '../trace/messages.ts';
import type { KernelAddresses } from './chunk-encoder.ts';
import { forgetGivenPages, type Region } from './ring.ts';
import type { EndReport, FrameKind, TraceTotals } from './trace-file.ts';
import { WriterControl } from './writer-control.ts';
import type { WriterOrder, WriterReply, WriterStart } from './writer-worker.ts';

/** Payloads under way to the writer may take so much memory, in kibibytes. */
const QUEUE_LIMIT = 64 << 10;

/** Of the sources when this runs from them, else of what they are built to. */
const WORKER = packageFile(import.meta.url.endsWith('.ts') ? 'src/record/writer-worker.ts' : 'dist/writer-worker.js');

export class TraceWriterHandle {
  readonly #control: WriterControl;
  readonly #orders: MessagePort;
  readonly #worker: Worker;
  readonly #replies: ((reply: WriterReply | undefined) => void)[] = [];
  #positions: BigInt64Array | undefined;
  #ringSize = 0;
  /** The writer's thread has ended. */
  #gone = false;

  private constructor(path: string, header: TraceHeader) {
    this.#control = new WriterControl();
    const { port1, port2 } = new MessageChannel();
    this.#orders = port1;
    const workerData: WriterStart = { path, header, control: this.#control.buffer, orders: port2 };
    this.#worker = new Worker(WORKER, { workerData, transferList: [port2] });
    this.#worker.on('message', (reply: WriterReply) => this.#answer(reply));
    this.#worker.on('error', (error) =>
      this.#control.fail(`can't write ${path}: the trace writer stopped: ${error.message}`),
    );
    this.#worker.on('exit', () => {
      this.#control.fail(`can't write ${path}: the trace writer stopped`);
      this.#gone = true;
      this.#orders.close();
      while (this.#replies.length > 0) this.#answer(undefined);
    });
  }

  /** Creates the file and starts the writer. Throws UserError when the file can't be created. */
  static async open(path: string, header: TraceHeader): Promise<TraceWriterHandle> {
    const handle = new TraceWriterHandle(path, header);
    if ((await handle.#nextReply()) === undefined) throw new UserError(handle.failure ?? `can't write ${path}`);
    return handle;
  }

  /** The writer's next reply; undefined when none can come any more. */
  #nextReply(): Promise<WriterReply | undefined> {
    if (this.#gone) return Promise.resolve(undefined);
    // The thread keeps the process only while somebody waits for it: a recording that failed elsewhere just ends.
    this.#worker.ref();
    return new Promise((resolve) => this.#replies.push(resolve));
  }

  #answer(reply: WriterReply | undefined): void {
    this.#replies.shift()?.(reply);
    if (this.#replies.length === 0) this.#worker.unref();
  }

  #order(order: WriterOrder): void {
    this.#orders.postMessage(order);
    this.#control.wake();
  }

  /**
   * Starts draining the ring of the core's memory from where its tail stands. A snapshot must be restored before,
   * not after: it would move the ring's positions.
   */
  attach(memory: WebAssembly.Memory, region: Region = REGION.ring): void {
    this.#positions = new BigInt64Array(memory.buffer, 0, (REGION.state.address + REGION.state.size) / 8);
    this.#ringSize = region.size;
    forgetGivenPages(memory);
    this.#order({ type: 'attach', memory, region });
  }

  /** Why nothing more is written, in one line ready to show; undefined while all is well. Costs an atomic load. */
  get failure(): string | undefined {
    return this.#control.failure;
  }

  /** What is written so far. */
  get progress(): { events: number; calls: number; bytes: number } {
    return this.#control.progress;
  }

  /** Bytes of records that wait in the ring. */
  get pending(): number {
    if (this.#positions === undefined) return 0;
    const head = Atomics.load(this.#positions, fieldAddress('ringHead') / 8);
    return Number(head - Atomics.load(this.#positions, fieldAddress('ringTail') / 8));
  }

  /** Tells the writer that there is work. It looks by itself every 20 ms, so this is for when the ring is filling. */
  wake(): void {
    this.#control.wake();
  }

  /** Blocks until the core may append again (EXIT.ringFull). False when the writer has failed: see `failure`. */
  waitForRoom(): boolean {
    // Half of the ring at once: a producer that is woken for each record would spend its time waking.
    const enough = Math.max(ROOM, this.#ringSize >>> 1);
    return this.#control.waitWhile(() => this.#ringSize - this.pending < Math.min(enough, this.#ringSize));
  }

  /** Resolves when all that the ring held at the call is in the file. Throws UserError when the writer has failed. */
  async flush(): Promise<void> {
    if (this.#control.working) {
      const reply = this.#nextReply();
      this.#order({ type: 'flush' });
      await reply;
    }
    const { failure } = this;
    if (failure !== undefined) throw new UserError(failure);
  }

  /** Kernel addresses of all that is in the file, and that the ring held until now; undefined when the writer is gone. */
  async kernelAddresses(): Promise<KernelAddresses | undefined> {
    if (this.#gone) return undefined;
    const reply = this.#nextReply();
    this.#order({ type: 'addresses' });
    const answer = await reply;
    return answer?.type === 'addresses' ? answer.addresses : undefined;
  }

  /** Appends a frame. Blocks while too much is under way to the writer; a failed writer drops it. */
  addFrame(kind: FrameKind, payload: Uint8Array): void {
    const kibibytes = this.#queue(payload.length);
    if (kibibytes >= 0) this.#order({ type: 'frame', kind, payload, kibibytes });
  }

  addSnapshotPart(part: StatePart): void {
    this.addFrame(FRAME_KIND.snapshot, encodeStatePart(part));
  }

  addCheckpointPart(part: StatePart): void {
    this.addFrame(FRAME_KIND.checkpoint, encodeStatePart(part));
  }

  addProfile(facts: readonly Fact[]): void {
    this.addFrame(FRAME_KIND.profile, encodeProfile(facts));
  }

  addInputs(entries: readonly InputEntry[]): void {
    const bytes = entries.reduce((sum, entry) => sum + entry.bytes.length, 0);
    const kibibytes = this.#queue(bytes);
    if (kibibytes >= 0) this.#order({ type: 'inputs', entries, kibibytes });
  }

  /** Kibibytes that were added to the queue; -1 when the writer takes no more. */
  #queue(bytes: number): number {
    const kibibytes = Math.ceil(bytes / 1024);
    const free = this.#control.waitWhile(
      () => this.#control.queued > 0 && this.#control.queued + kibibytes > QUEUE_LIMIT,
    );
    if (!free) return -1;
    this.#control.addQueued(kibibytes);
    return kibibytes;
  }

  /**
   * Writes everything left, facts that came late, the index and the end, and closes the file. Never throws: look at `failure` for whether
   * the trace is whole.
   */
  async close(report: EndReport, facts: readonly Fact[] = []): Promise<TraceTotals | undefined> {
    const reply = this.#nextReply();
    const profile = facts.length === 0 ? undefined : encodeProfile(facts);
    this.#order({ type: 'close', report, profile });
    const closed = await reply;
    if (!this.#gone) {
      this.#worker.ref();
      await once(this.#worker, 'exit');
    }
    return closed?.type === 'closed' ? closed.totals : undefined;
  }
}
