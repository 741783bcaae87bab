import type { TaskIdentity } from '../../guest/linux/task-identity.ts';
import { EVENT_KIND } from '../../trace/event.ts';
import type { EventChunk } from '../../trace/event-chunk.ts';
import { type ChunkSummary, namingsOf } from '../../trace/summary.ts';
import type { History } from '../model/history.ts';

/** Who a task is in some rows of a chunk. */
interface Span {
  readonly from: number;
  readonly to: number;
  readonly identity: TaskIdentity | undefined;
  /** Row from which on what it does belongs to the recorded command. */
  readonly shownFrom: number;
}

/** Who the tasks of a chunk are when they make calls. They are asked about in the order of their rows, mostly. */
export class ChunkCallers {
  readonly #history: History;
  readonly #chunk: ChunkSummary;
  readonly #commandOnly: boolean;
  readonly #spans: (Span | undefined)[];
  /** By task: rows where it is named, in order. */
  readonly #namings: readonly (readonly number[])[] | undefined;

  private constructor(history: History, chunk: ChunkSummary, commandOnly: boolean, namings: () => number[][]) {
    this.#history = history;
    this.#chunk = chunk;
    this.#commandOnly = commandOnly;
    this.#spans = chunk.tasks.map(() => undefined);
    this.#namings = chunk.kinds.has(EVENT_KIND.task) ? namings() : undefined;
  }

  static of(history: History, chunk: EventChunk, commandOnly: boolean): ChunkCallers {
    return new ChunkCallers(history, chunk.summary, commandOnly, () => namings(chunk));
  }

  /** By what the summary alone tells, which in files of format 1.0 does not say who tasks are. */
  static told(history: History, summary: ChunkSummary, commandOnly: boolean): ChunkCallers {
    return new ChunkCallers(history, summary, commandOnly, () => namingsTold(summary));
  }

  identity(task: number, row: number): TaskIdentity | undefined {
    return this.#span(task, row).identity;
  }

  /** A call that is entered in a row belongs to what is shown. */
  isShown(task: number, row: number): boolean {
    return row >= this.#span(task, row).shownFrom;
  }

  #span(task: number, row: number): Span {
    const known = this.#spans[task];
    if (known !== undefined && row >= known.from && row < known.to) return known;
    const span = this.#find(task, row);
    this.#spans[task] = span;
    return span;
  }

  #find(task: number, row: number): Span {
    const { tasks, firstEvent, count } = this.#chunk;
    const named = this.#namings?.[task] ?? [];
    const next = named.find((each) => each > row) ?? count;
    const from = named.findLast((each) => each <= row) ?? 0;
    const event = firstEvent + row;
    const identity = this.#history.identity(tasks[task]!, event);
    return { from, to: next, identity, shownFrom: this.#shownFrom(identity, event) - firstEvent };
  }

  #shownFrom(identity: TaskIdentity | undefined, event: number): number {
    if (!this.#commandOnly) return 0;
    return identity === undefined ? Infinity : this.#history.shownFrom(identity.tgid, event);
  }
}

function namingsTold(summary: ChunkSummary): number[][] {
  const rows: number[][] = summary.tasks.map(() => []);
  const byTask = new Map(summary.tasks.map((task, i) => [task, rows[i]!]));
  for (const { task, event } of namingsOf(summary)) byTask.get(task)!.push(event - summary.firstEvent);
  return rows;
}

function namings({ count, site, sites, taskRow, tasks }: EventChunk): number[][] {
  const rows: number[][] = tasks.map(() => []);
  for (let row = 0; row < count; row++) {
    if (sites.kind[site[row]!] === EVENT_KIND.task) rows[taskRow[row]!]!.push(row);
  }
  return rows;
}
