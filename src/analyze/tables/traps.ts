/** Tables of traps that are no calls: a row a trap, its columns from the trap's own fields. */

import type { FieldValue, TrapName } from '../../replay/traps/description.ts';
import { type Trap, trapOf, withTrapColumns } from '../../replay/traps/trap.ts';
import { EVENT_KIND, REGISTER } from '../../trace/event.ts';
import type { ColumnChoice, EventChunk } from '../../trace/event-chunk.ts';
import type { ChunkSummary } from '../../trace/summary.ts';
import type { TraceModel } from '../model/trace-model.ts';
import { TABLES, type TableName } from '../schema.ts';
import type { ChunkWork } from './chunk-work.ts';
import { type ColumnBuffer, NarrowColumn, TruthColumn, WideColumn } from './column-buffer.ts';
import type { RowBuffer } from './row-buffer.ts';
import { type ChunkTest, chunkTest, type ScanRequest, type TableSource } from './scan.ts';
import { TextColumn } from './text-column.ts';
import { EventColumns } from './who.ts';
import { workTable } from './work-scan.ts';

/** Columns that are not fields of the trap of that name. */
const DERIVED: Readonly<Record<string, (trap: Trap) => FieldValue | bigint | undefined>> = {
  rip: ({ instruction }) => instruction,
  cpl: ({ chunk, row }) => chunk.cpl(row),
  text: ({ text }) => text,
  limit_: ({ fields }) => fields.limit,
  value_symbol: ({ fields }) => fields.valueSymbol,
};

/** Puts a value of any kind where its column keeps it; numbers come as numbers or as 0x strings. */
function put(column: ColumnBuffer, at: number, value: FieldValue | bigint | undefined): void {
  if (value === undefined || value === null) return;
  if (column instanceof TextColumn) column.often(at, String(value));
  else if (column instanceof NarrowColumn) column.put(at, Number(value));
  else if (column instanceof TruthColumn) column.put(at, value === true);
  else if (column instanceof WideColumn && isWhole(value)) column.big(at, BigInt(value));
}

/** Registers of 128 bits and changes that were not seen whole are no numbers. */
function isWhole(value: FieldValue | bigint): value is string | number | bigint {
  return typeof value !== 'string' || /^0x[0-9a-f]{1,16}$/.test(value);
}

class TrapWork implements ChunkWork<undefined> {
  readonly #model: TraceModel;
  readonly #holds: ChunkTest;
  readonly #policy: TrapName;
  readonly #own: readonly ColumnBuffer[];
  readonly #event: EventColumns;

  constructor(request: ScanRequest, rows: RowBuffer, table: TableName, policy: TrapName) {
    this.#model = request.model;
    this.#holds = chunkTest(request);
    this.#policy = policy;
    const shared = new Set(['event', 'time', 'icount', 'vcpu', 'pid', 'tid', 'comm']);
    this.#own = rows.columns.filter(({ column }) => !shared.has(column.name) && TABLES[table] !== undefined);
    this.#event = new EventColumns(rows, () => this.#model.history);
  }

  wants(summary: ChunkSummary): boolean {
    return (summary.kinds.has(EVENT_KIND.exit) || summary.kinds.has(EVENT_KIND.cr3Load)) && this.#holds(summary);
  }

  columns(): ColumnChoice {
    const columns = { registers: () => [REGISTER.detail], moments: true, captures: 'contents' } as const;
    return withTrapColumns(columns, [this.#policy]);
  }

  #name(column: ColumnBuffer, at: number, { instruction, chunk, row }: Trap): void {
    if (instruction === undefined) return;
    put(column, at, this.#model.nameOf(instruction, chunk.task(row), chunk.firstEvent + row));
  }

  take(chunk: EventChunk, rows: RowBuffer): undefined {
    for (let row = 0; row < chunk.count; row++) {
      const trap = trapOf(chunk, row, this.#model.names);
      if (trap?.policy !== this.#policy) continue;
      const at = rows.next();
      this.#event.put(at, chunk, row);
      for (const column of this.#own) {
        const { name } = column.column;
        if (name === 'symbol') this.#name(column, at, trap);
        else put(column, at, (DERIVED[name] ?? (({ fields }) => fields[name]))(trap));
      }
    }
  }
}

/** The table of a policy's traps. */
export function trapTable(table: TableName, policy: TrapName): TableSource {
  return workTable(table, { work: (request, rows) => new TrapWork(request, rows, table, policy) });
}
