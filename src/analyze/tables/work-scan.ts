import type { ChunkEntry } from '../../replay/reader.ts';
import type { TableName } from '../schema.ts';
import { type Join, type Made, Maker, type Shortcut } from './chunk-work.ts';
import { Crew, helpersFor } from './crew/crew.ts';
import { RowBuffer } from './row-buffer.ts';
import type { Scan, ScanCount, ScanRequest, TableSource, WorkSource } from './scan.ts';

/** How the chunks of a table are made to rows. */
export interface WorkTable<Loose> {
  readonly work: WorkSource<Loose>;
  readonly join?: (request: ScanRequest, rows: RowBuffer) => Join<Loose>;
  /** undefined: there is none for what is asked. */
  readonly shortcut?: (request: ScanRequest, rows: RowBuffer) => Shortcut | undefined;
}

/** A table whose chunks can be worked on alone, by several threads where it is worth it. */
export function workTable<Loose>(table: TableName, { work, join, shortcut }: WorkTable<Loose>): TableSource {
  return {
    work,
    open: (request, rows, count) =>
      new WorkScan(table, {
        ...{ request, rows, count, work, shortcut: shortcut?.(request, rows) },
        // What a work leaves its own join takes.
        join: join?.(request, rows) as Join<unknown> | undefined,
      }),
  };
}

/** Chunks that are worked on before others are asked to help: who wants a few rows only has them by then. */
const ALONE = 2;

interface WorkScanParts {
  readonly request: ScanRequest;
  readonly rows: RowBuffer;
  readonly count: ScanCount;
  readonly work: WorkSource;
  readonly join: Join<unknown> | undefined;
  readonly shortcut: Shortcut | undefined;
}

/** Rows of chunks in the order of the trace, whoever made them. */
class WorkScan implements Scan {
  readonly #index: readonly ChunkEntry[];
  readonly #count: ScanCount;
  readonly #join: Join<unknown> | undefined;
  readonly #shortcut: Shortcut | undefined;
  readonly #maker: Maker;
  /** Begins the threads that are to help. */
  readonly #gather: () => Crew | undefined;
  #crew: Crew | undefined;
  /** Places in the index of the chunks that the shortcut serves, and of the others that are wanted; how many of them are done. */
  readonly #served: ReadonlySet<number>;
  readonly #wanted: readonly number[];
  #done = 0;
  #next = 0;

  constructor(table: TableName, { request, rows, count, work, join, shortcut }: WorkScanParts) {
    const { reader } = request.model;
    this.#index = reader.index;
    this.#count = count;
    this.#join = join;
    this.#shortcut = shortcut;
    const own = new RowBuffer(rows.table, [...rows.names]);
    const chunkWork = work(request, own);
    this.#maker = new Maker(reader, chunkWork, own);
    const wanted = this.#index.flatMap(({ summary }, place) => (chunkWork.wants(summary) ? [place] : []));
    this.#served = new Set(wanted.filter((place) => shortcut?.serves(place) === true));
    this.#wanted = wanted.filter((place) => !this.#served.has(place));
    count.chunks += this.#index.length;
    const helpers = helpersFor(this.#wanted.length, rows, request);
    const job = { table, request, maker: this.#maker, wanted: this.#wanted, first: ALONE, count };
    this.#gather = () => (helpers > 0 ? Crew.gather(helpers, job) : undefined);
  }

  step(rows: RowBuffer): boolean {
    while (this.#next < this.#index.length) {
      const place = this.#next++;
      const { summary } = this.#index[place]!;
      const isWanted = place === this.#wanted[this.#done];
      const isServed = this.#served.has(place);
      const isMissed = !isWanted && this.#join?.misses(summary) === true;
      if (!isWanted && !isServed && !isMissed) continue;
      this.#count.read++;
      if (isServed && !isMissed && this.#shortcut!.put(place, rows)) {
        this.#count.calls++;
        return true;
      }
      const made = isWanted ? this.#take(this.#done++) : this.#maker.make(place);
      if (made === undefined) continue;
      if (this.#join === undefined) rows.append(made.rows);
      else this.#join.add(summary, made.rows, made.loose, rows);
      return true;
    }
    this.close();
    this.#join?.finish(rows);
    return false;
  }

  #take(i: number): Made | undefined {
    if (i === ALONE) this.#crew = this.#gather();
    return this.#crew === undefined ? this.#maker.make(this.#wanted[i]!) : this.#crew.take(i);
  }

  close(): void {
    this.#crew?.dismiss();
  }
}
