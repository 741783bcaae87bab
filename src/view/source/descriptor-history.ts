import { callKeysOf } from '../../analyze/model/call-keys.ts';
import type { Job } from '../../analyze/model/job.ts';
import { pairedCall } from '../../analyze/model/single-calls.ts';
import type { TraceModel } from '../../analyze/model/trace-model.ts';
import { DESCRIPTOR_CALLS } from '../../replay/descriptor-calls.ts';
import { Descriptors, type Who } from '../../replay/descriptors.ts';
import type { DescriptorObserver, Owner, Slot } from '../../replay/open-file.ts';
import { EVENT_KIND } from '../../trace/event.ts';
import type { EventChunk } from '../../trace/event-chunk.ts';
import { DescriptorChanges } from './descriptor-changes.ts';

/** Changes that are kept: 12 bytes each, up to 24 while they grow. A trace of 10 M events that opens all the time has some 3 M. */
const MOST = 4_000_000;
const ROWS_A_STEP = 2048;
const KEYS = callKeysOf(DESCRIPTOR_CALLS.keys());
/** 1 for each of them: an array, for it is asked at every call. */
const OPENING = Uint8Array.from({ length: Math.max(...KEYS) + 1 }, (_, key) => (KEYS.has(key) ? 1 : 0));

/** What each descriptor of each process, or of a thread that has its own, meant at any moment: put together from the few calls that open and close them. */
export class DescriptorHistory implements DescriptorObserver {
  readonly #model: TraceModel;
  readonly #changes = new DescriptorChanges();
  readonly #descriptors = new Descriptors(this);
  /** Threads that have descriptors of their own, by number: of which process, and from which event on. */
  readonly #parted = new Map<number, { readonly tgid: number; readonly from: number }>();
  /** Calls under way, by task: numbers of the events that entered them. */
  readonly #pending = new Map<bigint, number>();
  #event = 0;

  constructor(model: TraceModel) {
    this.#model = model;
  }

  /** Follows the whole trace, or as much of it as there is room for. */
  *read(): Job<void> {
    const { index } = this.#model.store;
    for (const [place, entry] of index.entries()) {
      if (this.#changes.count > MOST) return;
      if (!entry.summary.calls.some((key) => KEYS.has(key))) continue;
      const chunk = this.#model.reader.chunk(entry, COLUMNS);
      yield place / index.length;
      if (chunk !== undefined) yield* this.#chunk(chunk, place / index.length);
    }
  }

  *#chunk(chunk: EventChunk, done: number): Job<void> {
    const { count, taskRow, tasks, site, sites, firstEvent } = chunk;
    // Numbers of the events that entered calls under way, by task; -1: none.
    const pending = Float64Array.from(tasks, (task) => this.#pending.get(task) ?? -1);
    for (let row = 0; row < count; row++) {
      if (row % ROWS_A_STEP === ROWS_A_STEP - 1) yield done;
      const task = taskRow[row]!;
      const kind = sites.kind[site[row]!]!;
      if (kind === EVENT_KIND.callEntry) pending[task] = OPENING[chunk.call(row)!] === 1 ? firstEvent + row : -1;
      else if (kind === EVENT_KIND.callReturn && pending[task]! >= 0) {
        this.#returned(chunk, row, pending[task]!);
        pending[task] = -1;
      }
    }
    for (const [i, task] of tasks.entries()) this.#pending.set(task, pending[i]!);
  }

  #returned(chunk: EventChunk, row: number, entry: number): void {
    const { firstEvent } = chunk;
    const place = entry >= firstEvent ? { chunk, row: entry - firstEvent } : this.#model.store.at(entry);
    if (place === undefined) return;
    this.#event = firstEvent + row;
    const identity = this.#model.historySoFar?.identity(chunk.task(row), entry);
    this.#descriptors.meet(identity, this.#event);
    const call = pairedCall(this.#model.store.tables, place, { chunk, row });
    // A thread that executed another program has become its process.
    const after = this.#model.historySoFar?.identity(chunk.task(row), this.#event);
    if (after?.pid !== identity?.pid) this.#descriptors.entered(call, identity);
    this.#descriptors.returned(call, after);
  }

  opened({ tgid, tid }: Owner, fd: number, { file }: Slot): void {
    if (tid !== undefined && this.#parted.get(tid)?.tgid !== tgid) this.#parted.set(tid, { tgid, from: this.#event });
    this.#changes.note(tid ?? tgid, fd, this.#event, file.what);
  }

  closed({ tgid, tid }: Owner, fd: number): void {
    this.#changes.note(tid ?? tgid, fd, this.#event, undefined);
  }

  /** Number of whose descriptors a task uses at an event: its process, or it alone. */
  owner({ pid, tgid }: Who, event: number): number {
    const parted = this.#parted.get(pid);
    return parted !== undefined && parted.tgid === tgid && parted.from <= event ? pid : tgid;
  }

  /** What it means to the call that an event enters; undefined where that is not known. */
  name(who: Who, fd: number, event: number): string | undefined {
    return this.#changes.name(this.owner(who, event), fd, event);
  }

  /** From which event to which a descriptor meant what it does at an event; undefined where that is not known. */
  span(who: Who, fd: number, event: number): readonly [from: number, to: number] | undefined {
    const span = this.#changes.span(this.owner(who, event), fd, event);
    return span && [span.from, span.to ?? this.#model.count - 1];
  }
}

const COLUMNS = { registers: () => [], moments: false, captures: 'contents' } as const;
