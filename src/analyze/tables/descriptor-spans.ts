/** What each descriptor stood for, from when to when. */
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

/** Calls whose result is how many bytes went out through their first argument, or came in. */
const SENDS = new Set([
  'write',
  'writev',
  'pwrite64',
  'pwritev',
  'send',
  'sendto',
  'sendmsg',
  'sendfile',
  'sendfile64',
]);
const RECEIVES = new Set(['read', 'readv', 'pread64', 'preadv', 'recv', 'recvfrom', 'recvmsg']);

const CHANGES = callKeysOf(DESCRIPTOR_CALLS.keys());
const TRANSFERS = callKeysOf([...SENDS, ...RECEIVES]);

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
    const sends = SENDS.has(call.name);
    if (!sends && !RECEIVES.has(call.name)) return;
    const owner = this.descriptors?.owner(identity);
    const span = owner && this.#open.get(keyOf(owner, call.low(0) | 0));
    if (span !== undefined) span[sends ? 'sent' : 'received'] += call.result;
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
