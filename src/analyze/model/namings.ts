import { CAPTURE_KIND } from '../../emu/monitor-layout.ts';
import { parseIdentity, type TaskIdentity } from '../../guest/linux/task-identity.ts';
import { capturesOf } from '../../replay/call-captures.ts';
import type { ChunkEntry, TraceReader } from '../../replay/reader.ts';
import { EVENT_KIND } from '../../trace/event.ts';
import { namingsOf } from '../../trace/summary.ts';
import type { Job } from './job.ts';

/** A task says who it is. */
export interface Naming {
  readonly task: bigint;
  /** Number of the event from which on it holds. */
  readonly event: number;
  /** Virtual nanoseconds. */
  readonly time: number;
  readonly identity: TaskIdentity;
}

/** Who the tasks of a trace are at each of its moments. */
export class Namings {
  /** In the order of the trace. */
  readonly all: readonly Naming[];
  readonly #byTask = new Map<bigint, Naming[]>();

  private constructor(all: readonly Naming[]) {
    this.all = all;
    for (const naming of all) {
      const known = this.#byTask.get(naming.task);
      if (known === undefined) this.#byTask.set(naming.task, [naming]);
      else known.push(naming);
    }
  }

  /** From the index, or where that does not tell from chunks, one a step. */
  static *reading(reader: TraceReader): Job<Namings> {
    const all: Naming[] = [];
    for (const [place, entry] of reader.index.entries()) {
      const { kinds, namings } = entry.summary;
      if (!kinds.has(EVENT_KIND.task)) continue;
      if (namings.length === 0) yield place / reader.index.length;
      all.push(...(namings.length === 0 ? fromChunk(reader, entry) : fromSummary(entry)));
    }
    return new Namings(all);
  }

  /** Who a task pointer names when an event happens; undefined where the trace does not tell. */
  identity(task: bigint, event: number): TaskIdentity | undefined {
    const namings = this.#byTask.get(task);
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

  /** Pointers of the tasks whose descriptors these tasks may have inherited, themselves included. */
  withAncestors(tasks: ReadonlySet<bigint>): ReadonlySet<bigint> {
    const parents = new Map<number, Set<number>>();
    const wanted = new Set<number>();
    for (const { task, identity } of this.all) {
      if (tasks.has(task)) wanted.add(identity.tgid);
      const known = parents.get(identity.tgid);
      if (known === undefined) parents.set(identity.tgid, new Set([identity.parent]));
      else known.add(identity.parent);
    }
    // What is added on the way is visited, too.
    for (const tgid of wanted) for (const parent of parents.get(tgid) ?? []) wanted.add(parent);
    return this.tasksNamed(({ tgid }) => wanted.has(tgid));
  }

  /** Pointers of all tasks that were ever named so. */
  tasksNamed(passes: (identity: TaskIdentity) => boolean): ReadonlySet<bigint> {
    return new Set(this.all.flatMap(({ task, identity }) => (passes(identity) ? [task] : [])));
  }
}

function* fromSummary({ summary }: ChunkEntry): Generator<Naming> {
  for (const { task, event, time, kind, bytes } of namingsOf(summary)) {
    const identity = kind === CAPTURE_KIND.task ? parseIdentity(bytes) : undefined;
    if (identity !== undefined) yield { task, event, time, identity };
  }
}

const COLUMNS = { registers: () => [], moments: true, captures: 'contents' } as const;

function* fromChunk(reader: TraceReader, entry: ChunkEntry): Generator<Naming> {
  const chunk = reader.chunk(entry, COLUMNS);
  if (chunk === undefined) return;
  const { count, site, sites, firstEvent } = chunk;
  for (let row = 0; row < count; row++) {
    if (sites.kind[site[row]!] !== EVENT_KIND.task) continue;
    const capture = capturesOf(chunk, row).find(({ kind }) => kind === CAPTURE_KIND.task);
    const identity = capture && parseIdentity(capture.bytes);
    if (identity !== undefined)
      yield { task: chunk.task(row), event: firstEvent + row, time: chunk.time(row), identity };
  }
}
