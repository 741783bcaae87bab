import { EVENT_KIND, REGISTER } from '../../trace/event.ts';
import type { ColumnChoice, EventChunk } from '../../trace/event-chunk.ts';
import type { ChunkSummary } from '../../trace/summary.ts';
import { type MemoryWrite, memoryWrites } from '../history/memory-writes.ts';
import type { TraceModel } from '../model/trace-model.ts';
import type { ChunkWork } from './chunk-work.ts';
import type { RowBuffer } from './row-buffer.ts';
import { type ChunkTest, type Constraints, chunkTest, type ScanRequest } from './scan.ts';
import type { TextColumn } from './text-column.ts';
import { EventColumns } from './who.ts';
import { workTable } from './work-scan.ts';

const hex = (bytes: Uint8Array): string => Buffer.from(bytes).toString('hex');

/** Its own `kind` is not that of events. */
function withoutKind(constraints: Constraints): Constraints {
  return new Map([...constraints].filter(([name]) => name !== 'kind'));
}

class PageWriteWork implements ChunkWork<undefined> {
  readonly #model: TraceModel;
  readonly #holds: ChunkTest;
  readonly #event: EventColumns;

  constructor(request: ScanRequest, rows: RowBuffer) {
    this.#model = request.model;
    this.#holds = chunkTest({ ...request, constraints: withoutKind(request.constraints) });
    this.#event = new EventColumns(rows, () => this.#model.history);
  }

  wants(summary: ChunkSummary): boolean {
    return (summary.kinds.has(EVENT_KIND.exit) || summary.kinds.has(EVENT_KIND.pages)) && this.#holds(summary);
  }

  columns(): ColumnChoice {
    return { registers: () => [REGISTER.detail], moments: true, captures: 'all' };
  }

  take(chunk: EventChunk, rows: RowBuffer): undefined {
    for (let row = 0; row < chunk.count; row++) {
      for (const write of memoryWrites(chunk, row, this.#model.names)) this.#put(write, chunk, row, rows);
    }
  }

  #name(column: TextColumn | undefined, at: number, address: bigint | undefined, chunk: EventChunk, row: number): void {
    if (column === undefined || address === undefined) return;
    const name = this.#model.nameOf(address, chunk.task(row), chunk.firstEvent + row);
    if (name !== undefined) column.often(at, name);
  }

  #put(write: MemoryWrite, chunk: EventChunk, row: number, rows: RowBuffer): void {
    const at = rows.next();
    this.#event.put(at, chunk, row);
    rows.text('kind')?.often(at, write.kind);
    rows.text('source')?.often(at, write.source);
    rows.wide('physical')?.big(at, write.physical);
    rows.narrow('size')?.put(at, write.size);
    if (write.changed !== undefined) rows.truth('changed')?.put(at, write.changed);
    if (write.linear !== undefined) rows.wide('address')?.big(at, write.linear);
    if (write.watched !== undefined) rows.wide('watched_address')?.big(at, write.watched);
    if (write.instruction !== undefined) rows.wide('rip')?.big(at, write.instruction);
    this.#name(rows.text('symbol'), at, write.instruction, chunk, row);
    this.#name(rows.text('address_symbol'), at, write.linear, chunk, row);
    if (write.watch !== undefined) rows.text('watch')?.often(at, write.watch);
    if (write.before !== undefined) rows.text('before')?.text(at, hex(write.before));
    if (write.after !== undefined) rows.text('after')?.text(at, hex(write.after));
    const contents = rows.text('content');
    const content = contents && write.content;
    if (content !== undefined) contents?.put(at, content);
  }
}

export const pageWrites = workTable('page_writes', { work: (request, rows) => new PageWriteWork(request, rows) });
