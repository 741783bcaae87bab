import type { TaskIdentity } from '../../guest/linux/task-identity.ts';
import { type Call, callColumns } from '../../replay/calls.ts';
import { DESCRIPTOR_CALLS } from '../../replay/descriptor-calls.ts';
import { type CallSink, Reconstruction } from '../../replay/reconstruction.ts';
import type { ColumnChoice, EventChunk } from '../../trace/event-chunk.ts';
import { type ChunkSummary, callKey } from '../../trace/summary.ts';
import { callKeysOf } from '../model/call-keys.ts';
import type { RowBuffer } from './row-buffer.ts';
import { ChunkScan, type ChunkTest, chunkTest, type ScanCount, type ScanRequest, wantedTasks } from './scan.ts';
import { unreturned } from './unreturned.ts';

const FILE_CALLS = callKeysOf(DESCRIPTOR_CALLS.keys());
/** Calls that may bring descriptors from anybody. */
const RECEIVING = callKeysOf(['recvmsg', 'recvmmsg', 'recvmmsg_time64', 'pidfd_getfd', 'open_by_handle_at', 'setns']);
/** Calls after which paths mean something else to everybody. */
const RENAMING = callKeysOf(['rename', 'renameat', 'renameat2', 'symlink', 'symlinkat']);

const meets = (tasks: readonly bigint[], some: ReadonlySet<bigint>): boolean => tasks.some((task) => some.has(task));

/** Tasks that are wanted and those that they descend from, as long as none of these gets descriptors by a message. */
function tellers(request: ScanRequest): ReadonlySet<bigint> | undefined {
  const wanted = wantedTasks(request);
  if (wanted === undefined) return undefined;
  const { history, reader } = request.model;
  const all = history.withAncestors(wanted);
  const receives = reader.index.some(
    ({ summary: { calls, tasks } }) => calls.some((call) => RECEIVING.has(call)) && meets(tasks, all),
  );
  return receives ? undefined : all;
}

export interface CallScanOptions {
  /** Which columns of a chunk are looked at. */
  readonly columns: { readonly arguments: boolean; readonly times: boolean };
  /** What descriptors and working folders mean has to be known. */
  readonly descriptors: boolean;
  /** Only these calls matter (keys of summaries), beside those that the request asks for. */
  readonly calls?: ReadonlySet<number>;
  /** Who made a call has to be known. */
  readonly identities: boolean;
}

/**
 * A scan of calls, put together from their entries and returns. A chunk is read when it may hold an entry that is wanted,
 * the return of one that was read, or, where descriptors are followed, a call that changes one.
 */
export abstract class CallScan extends ChunkScan {
  protected readonly reconstruction: Reconstruction;
  protected rows: RowBuffer | undefined;
  readonly #options: CallScanOptions;
  readonly #holds: ChunkTest;
  /** Who made a call matters. */
  readonly #named: boolean;
  readonly #commandOnly: boolean;
  readonly #open = new Map<Call, TaskIdentity | undefined>();
  /** First event of the last chunk that may hold an entry that is wanted: what follows changes nothing for it. */
  readonly #last: number;
  /** Tasks whose calls may tell what a descriptor that is wanted means; undefined: all. */
  readonly #tellers: ReadonlySet<bigint> | undefined;
  #expected = 0;

  constructor(request: ScanRequest, count: ScanCount, options: CallScanOptions) {
    super(request, count);
    const { model, wholeGuest, constraints } = request;
    this.#options = options;
    this.#holds = chunkTest(request);
    this.#commandOnly = !wholeGuest && model.reader.header.command.length > 0;
    this.#named = options.identities || options.descriptors || this.#commandOnly || constraints.size > 0;
    const last = model.reader.index.findLast(({ summary }) => this.#matters(summary));
    this.#last = last?.summary.firstEvent ?? -1;
    this.#tellers = options.descriptors && last !== undefined ? tellers(request) : undefined;
    const sink: CallSink = {
      entry: (call, identity) => this.#entered(call, identity),
      return: (call, identity) => this.#returned(call, identity),
      signal: () => {},
      trap: () => {},
      end: () => {},
    };
    const { profile } = model.reader;
    const { descriptors } = options;
    this.reconstruction = new Reconstruction({ commandOnly: false, descriptors, profile }, () => sink);
  }

  /** A call that has ended, or never will; in the scope of what is shown. */
  protected abstract call(call: Call, identity: TaskIdentity | undefined, rows: RowBuffer): void;

  protected override wants(summary: ChunkSummary): boolean {
    if (summary.calls.length === 0) return false;
    const { descriptors } = this.#options;
    if (this.#matters(summary)) return true;
    if (descriptors && summary.firstEvent <= this.#last && this.#tells(summary)) return true;
    return this.#mayEnd(summary);
  }

  /** What a descriptor means may change in it. */
  #tells({ calls, tasks }: ChunkSummary): boolean {
    if (this.#tellers === undefined || meets(tasks, this.#tellers)) return calls.some((call) => FILE_CALLS.has(call));
    return calls.some((call) => RENAMING.has(call));
  }

  #matters(summary: ChunkSummary): boolean {
    const { calls } = this.#options;
    return this.#holds(summary) && (calls === undefined || summary.calls.some((call) => calls.has(call)));
  }

  #mayEnd({ tasks, calls }: ChunkSummary): boolean {
    for (const { chunk, row, number } of this.#open.keys()) {
      if (tasks.includes(chunk.task(row)) && calls.includes(callKey(chunk.abi(row), number))) return true;
    }
    return false;
  }

  protected override columns(): ColumnChoice {
    const { columns, descriptors } = this.#options;
    return callColumns({ arguments: columns.arguments || descriptors, times: columns.times });
  }

  protected override take(chunk: EventChunk, rows: RowBuffer): void {
    this.rows = rows;
    const { tasks } = this.reconstruction;
    // Chunks were left out: who their tasks have become stands in the history.
    if (this.#named && chunk.firstEvent !== this.#expected) {
      const { history } = this.model;
      for (const pointer of chunk.tasks) {
        const identity = history.identity(pointer, chunk.firstEvent);
        if (identity !== undefined) tasks.name(tasks.at(pointer), identity);
      }
    }
    this.#expected = chunk.firstEvent + chunk.count;
    this.reconstruction.feed(chunk);
  }

  #entered(call: Call, identity: TaskIdentity | undefined): void {
    if (call.outcome === 'never') this.#emit(call, identity);
    else this.#open.set(call, identity);
  }

  #returned(call: Call, identity: TaskIdentity | undefined): void {
    if (!this.#open.has(call)) return;
    // Who it is may have changed by then, by an execve.
    const entered = this.#open.get(call) ?? identity;
    this.#open.delete(call);
    this.#emit(call, entered);
  }

  #emit(call: Call, identity: TaskIdentity | undefined): void {
    if (this.#commandOnly && !this.#recorded(call, identity)) return;
    this.call(call, identity, this.rows!);
  }

  /** It belongs to the recorded command. */
  #recorded({ chunk, row }: Call, identity: TaskIdentity | undefined): boolean {
    if (identity === undefined) return false;
    const event = chunk.firstEvent + row;
    return this.model.history.shownFrom(identity.tgid, event) <= event;
  }

  /** Calls that have not returned come last. */
  protected override finish(rows: RowBuffer): void {
    this.rows = rows;
    const { history } = this.model;
    for (const [call, identity] of this.#open) {
      const event = call.chunk.firstEvent + call.row;
      const who = identity ?? history.identity(call.chunk.task(call.row), event);
      const { outcome, errno } = unreturned(event, who, history, call.outcome === 'never', () => call);
      call.outcome = outcome;
      call.errno = errno;
      this.#emit(call, identity);
    }
    this.#open.clear();
  }
}
