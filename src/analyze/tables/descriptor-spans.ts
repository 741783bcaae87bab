/** What each descriptor stood for, from when to when. */
import { CAPTURE_KIND } from '../../emu/monitor-layout.ts';
import type { TaskIdentity } from '../../guest/linux/task-identity.ts';
import { type Call, callColumns } from '../../replay/calls.ts';
import { DESCRIPTOR_CALLS } from '../../replay/descriptor-calls.ts';
import type { Descriptors } from '../../replay/descriptors.ts';
import type { DescriptorObserver, OpenFile, Owner, Slot } from '../../replay/open-file.ts';
import { type CallSink, Reconstruction } from '../../replay/reconstruction.ts';
import { callKeysOf } from '../model/call-keys.ts';
import type { History } from '../model/history.ts';
import type { Moment } from '../model/processes.ts';
import type { ScanCount, ScanRequest } from './scan.ts';

export interface DescriptorSpan {
  readonly tgid: number;
  /** The thread whose own it is. */
  readonly tid: number | undefined;
  readonly comm: string | undefined;
  readonly fd: number;
  readonly file: OpenFile;
  /** What it was called when it was opened. */
  readonly path: string;
  readonly closeOnExec: boolean;
  readonly from: Moment;
  readonly openedBy: string;
  to: Moment | undefined;
  closedBy: string | undefined;
  /** Bytes. */
  sent: number;
  received: number;
}

/** Calls whose result is how many bytes went, with the arguments of the descriptors that they went out through and came in by. */
type Transfer = readonly [out: number | undefined, into: number | undefined];
const SENDS: Transfer = [0, undefined];
const RECEIVES: Transfer = [undefined, 0];
// biome-ignore format: a table
const TRANSFERS_OF: ReadonlyMap<string, Transfer> = new Map([
  ...['write', 'writev', 'pwrite64', 'pwritev', 'pwritev2', 'send', 'sendto', 'sendmsg', 'vmsplice'].map((name) => [name, SENDS] as const),
  ...['read', 'readv', 'pread64', 'preadv', 'preadv2', 'recv', 'recvfrom', 'recvmsg'].map((name) => [name, RECEIVES] as const),
  ...['sendfile', 'sendfile64'].map((name) => [name, [0, 1]] as const),
  ...['splice', 'copy_file_range'].map((name) => [name, [2, 0]] as const),
  // Their result is how many messages: how long each was stands with it.
  ['sendmmsg', SENDS], ['recvmmsg', RECEIVES], ['recvmmsg_time64', RECEIVES],
]);
const MANY = /mmsg/;

/** Bytes that a call carried. */
function bytesOf(call: Call): number {
  if (!MANY.test(call.name)) return call.result;
  // struct mmsghdr: a struct msghdr of 7 words, then the length.
  const at = 7 * (call.narrow ? 4 : 8);
  const heads = call
    .captures(1, 'exit')
    .filter(({ kind, length }) => kind === CAPTURE_KIND.mmsghdr && length >= at + 4);
  return heads.slice(0, call.result).reduce((sum, { view, start }) => sum + view.getUint32(start + at, true), 0);
}

const CHANGES = callKeysOf(DESCRIPTOR_CALLS.keys());
const TRANSFERS = callKeysOf(TRANSFERS_OF.keys());

export interface SpanOptions {
  /** Count bytes sent and received. */
  readonly transfers: boolean;
}

/** Reads the chunks in which a descriptor changes, from the start of the trace. */
export function descriptorSpans(request: ScanRequest, count: ScanCount, options: SpanOptions): DescriptorSpan[] {
  const { reader, history } = request.model;
  const spans = new Spans(history, options);
  const { sink } = spans;
  const reconstruction = new Reconstruction({ commandOnly: false, descriptors: spans.observer }, () => sink);
  spans.descriptors = reconstruction.descriptors;
  count.chunks += reader.index.length;
  let expected = 0;
  for (const entry of reader.index) {
    const { calls } = entry.summary;
    if (!calls.some((call) => CHANGES.has(call) || (options.transfers && TRANSFERS.has(call)))) continue;
    count.read++;
    const chunk = reader.chunk(entry, callColumns({ arguments: true, times: true }));
    if (chunk === undefined) continue;
    const { tasks, descriptors } = reconstruction;
    if (chunk.firstEvent !== expected) {
      for (const pointer of chunk.tasks) {
        const identity = history.identity(pointer, chunk.firstEvent);
        if (identity !== undefined) tasks.name(tasks.at(pointer), identity);
        descriptors?.meet(identity, chunk.firstEvent);
      }
    }
    expected = chunk.firstEvent + chunk.count;
    reconstruction.feed(chunk);
  }
  spans.finish();
  const shown = !request.wholeGuest && reader.header.command.length > 0;
  return shown ? spans.all.filter((span) => isShown(span, history)) : spans.all;
}

function isShown({ tgid, from, to }: DescriptorSpan, history: History): boolean {
  const shownFrom = history.shownFrom(tgid, from.event);
  return shownFrom < Infinity && (to === undefined || to.event >= shownFrom);
}

class Spans {
  readonly all: DescriptorSpan[] = [];
  readonly #open = new Map<string, DescriptorSpan>();
  readonly #history: History;
  readonly #options: SpanOptions;
  descriptors: Descriptors | undefined;
  #now: Moment = { event: 0, time: 0 };
  #comm: string | undefined;

  constructor(history: History, options: SpanOptions) {
    this.#history = history;
    this.#options = options;
  }

  /** Hears a call before its effect on descriptors. */
  readonly sink: CallSink = {
    entry: () => {},
    return: (call, identity) => this.#returned(call, identity),
    signal: () => {},
    trap: () => {},
    end: () => {},
  };

  readonly observer: DescriptorObserver = {
    opened: (owner, fd, slot, by) => this.#opened(owner, fd, slot, by),
    closed: (owner, fd, by) => this.#closed(owner, fd, by),
  };

  #returned(call: Call, identity: TaskIdentity | undefined): void {
    const { exitChunk } = call;
    if (exitChunk === undefined) return;
    this.#now = { event: exitChunk.firstEvent + call.exitRow, time: call.exitTime };
    this.#comm = identity?.comm;
    if (!this.#options.transfers || call.outcome !== 'value' || identity === undefined) return;
    const [out, into] = TRANSFERS_OF.get(call.name) ?? [];
    if (out !== undefined) this.#count(call, identity, out, 'sent');
    if (into !== undefined) this.#count(call, identity, into, 'received');
  }

  #count(call: Call, who: TaskIdentity, descriptor: number, what: 'sent' | 'received'): void {
    const owner = this.descriptors?.owner(who);
    const span = owner && this.#open.get(keyOf(owner, call.low(descriptor) | 0));
    if (span !== undefined) span[what] += bytesOf(call);
  }

  #opened(owner: Owner, fd: number, { file, closeOnExec }: Slot, openedBy: string): void {
    const { tgid, tid, since } = owner;
    const begins = openedBy === 'fork' && tid === undefined;
    const process = begins ? this.#history.begun(tgid, since, this.#now.event) : undefined;
    const [leader] = process?.threads ?? [];
    const from = process?.first ?? this.#now;
    const span: DescriptorSpan = {
      ...{ tgid, tid, fd, file, closeOnExec, openedBy, from },
      path: file.what,
      comm: leader === undefined ? this.#comm : this.#history.identity(leader.task, leader.first.event)?.comm,
      ...{ to: undefined, closedBy: undefined, sent: 0, received: 0 },
    };
    this.all.push(span);
    this.#open.set(keyOf(owner, fd), span);
  }

  #closed(owner: Owner, fd: number, by: string): void {
    const key = keyOf(owner, fd);
    const span = this.#open.get(key);
    if (span === undefined) return;
    this.#open.delete(key);
    this.#end(span, by);
  }

  #end(span: DescriptorSpan, by: string): void {
    const exit = by === 'exit' ? this.#endOf(span) : undefined;
    span.to = exit ?? this.#now;
    span.closedBy = by;
  }

  #endOf({ tgid, tid, from }: DescriptorSpan): Moment | undefined {
    const process = this.#history.process(tgid, from.event);
    const thread = tid === undefined ? undefined : process?.threads.find((each) => each.tid === tid);
    return thread?.exit ?? process?.exit;
  }

  /** What a process or thread had open when it ended is closed by that. */
  finish(): void {
    for (const span of this.#open.values()) if (this.#endOf(span) !== undefined) this.#end(span, 'exit');
  }
}

const keyOf = ({ tgid, tid }: Owner, fd: number): string => `${tgid}:${tid ?? ''}:${fd}`;
