import { CAPTURE_KIND } from '../../emu/monitor-layout.ts';
import { parseIdentity, type TaskIdentity } from '../../guest/linux/task-identity.ts';
import { capturesOf } from '../../replay/call-captures.ts';
import { callColumns } from '../../replay/calls.ts';
import type { TraceReader } from '../../replay/reader.ts';
import { type CallSink, Reconstruction } from '../../replay/reconstruction.ts';
import { EVENT_KIND } from '../../trace/event.ts';
import type { EventChunk } from '../../trace/event-chunk.ts';
import { callKeysOf } from './call-keys.ts';
import { type Job, runWhole } from './job.ts';
import { LifetimeBuilder, type Lifetimes, type Process } from './processes.ts';

/** Calls that begin or end a program, or tell how one ended. */
const LIFECYCLE = callKeysOf(['execve', 'execveat', 'exit', 'exit_group', 'wait4', 'waitpid', 'waitid']);

interface Naming {
  /** Number of the event from which on it holds. */
  readonly event: number;
  readonly identity: TaskIdentity;
}

/** Who the tasks of a trace are at each of its moments, and when their processes began and ended. */
export class History {
  readonly #namings: ReadonlyMap<bigint, readonly Naming[]>;
  readonly #lifetimes: Lifetimes;

  private constructor(namings: ReadonlyMap<bigint, readonly Naming[]>, lifetimes: Lifetimes) {
    this.#namings = namings;
    this.#lifetimes = lifetimes;
  }

  /** Reads the chunks in which a task is named, or a program begins or ends; the others are left alone. */
  static read(reader: TraceReader): History {
    return runWhole(History.reading(reader));
  }

  /** The same a chunk a step, for those who have something else to do in between. */
  static *reading(reader: TraceReader): Job<History> {
    const namings = new Map<bigint, Naming[]>();
    const lifetimes = new LifetimeBuilder(reader.header.command.length > 0);
    const sink: CallSink = {
      entry: (call, identity) => lifetimes.entered(call, identity),
      return: (call, identity) => lifetimes.returned(call, identity),
      signal: () => {},
      trap: () => {},
      end: () => {},
    };
    const reconstruction = new Reconstruction({ commandOnly: false, descriptors: false }, () => sink);
    for (const [place, entry] of reader.index.entries()) {
      yield place / reader.index.length;
      const { kinds, calls } = entry.summary;
      const lively = calls.some((call) => LIFECYCLE.has(call));
      if (!lively && !kinds.has(EVENT_KIND.task)) continue;
      const chunk = reader.chunk(entry, lively ? callColumns({ arguments: true, times: true }) : NAMES_ONLY);
      if (chunk === undefined) continue;
      if (lively) feed(chunk, reconstruction, namings, lifetimes);
      else nameAll(chunk, reconstruction, namings, lifetimes);
    }
    return new History(namings, lifetimes.finish());
  }

  /** Who a task pointer names when an event happens; undefined where the trace does not tell. */
  identity(task: bigint, event: number): TaskIdentity | undefined {
    const namings = this.#namings.get(task);
    if (namings === undefined) return undefined;
    let low = 0;
    let high = namings.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if (namings[middle]!.event <= event) low = middle + 1;
      else high = middle;
    }
    // Before a task is named for the first time it is who it is named then.
    return (namings[low - 1] ?? namings[0])?.identity;
  }

  /** Every process in the order in which they were met. */
  get processes(): readonly Process[] {
    return this.#lifetimes.processes;
  }

  /** The process that has a number when an event happens. */
  process(tgid: number, event: number): Process | undefined {
    return this.#lifetimes.at(tgid, event);
  }

  /** Number of the event from which on a process belongs to the recorded command; Infinity: never. */
  shownFrom(tgid: number, event: number): number {
    return this.process(tgid, event)?.shownFrom ?? Infinity;
  }

  /** Pointers of all tasks of a process or thread, by its number. */
  tasksOf(pid: number): ReadonlySet<bigint> {
    const found = [...this.#namings].filter(([, namings]) =>
      namings.some(({ identity }) => identity.pid === pid || identity.tgid === pid),
    );
    return new Set(found.map(([task]) => task));
  }

  /** Pointers of all tasks that were ever named so. */
  tasksNamed(passes: (identity: TaskIdentity) => boolean): ReadonlySet<bigint> {
    const found = [...this.#namings].filter(([, namings]) => namings.some(({ identity }) => passes(identity)));
    return new Set(found.map(([task]) => task));
  }
}

const NAMES_ONLY = { registers: () => [], moments: true, captures: 'contents' } as const;

type Namings = Map<bigint, Naming[]>;

/** Rows of one kind, without looking at the others' columns. */
function* rowsOfKind({ count, site, sites }: EventChunk, kind: number): Generator<number> {
  for (let row = 0; row < count; row++) if (sites.kind[site[row]!] === kind) yield row;
}

function note(chunk: EventChunk, row: number, namings: Namings, lifetimes: LifetimeBuilder): void {
  const capture = capturesOf(chunk, row).find(({ kind }) => kind === CAPTURE_KIND.task);
  const identity = capture && parseIdentity(capture.bytes);
  if (identity === undefined) return;
  const pointer = chunk.task(row);
  const naming = { event: chunk.firstEvent + row, identity };
  const known = namings.get(pointer);
  if (known === undefined) namings.set(pointer, [naming]);
  else known.push(naming);
  lifetimes.named(identity, chunk, row);
}

function nameAll(chunk: EventChunk, { tasks }: Reconstruction, namings: Namings, lifetimes: LifetimeBuilder): void {
  for (const row of rowsOfKind(chunk, EVENT_KIND.task)) {
    tasks.update(tasks.at(chunk.task(row)), chunk, row);
    note(chunk, row, namings, lifetimes);
  }
}

/** Namings and calls in the order in which they stand: a process is met before its calls. */
function feed(chunk: EventChunk, reconstruction: Reconstruction, namings: Namings, lifetimes: LifetimeBuilder): void {
  // Calls of a chunk come after its namings; whoever looks at moments takes them from the calls themselves.
  for (const row of rowsOfKind(chunk, EVENT_KIND.task)) note(chunk, row, namings, lifetimes);
  reconstruction.feed(chunk);
}
