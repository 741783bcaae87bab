import type { TraceModel } from '../model/trace-model.ts';
import { TABLES, type TableName } from '../schema.ts';
import { RowBuffer } from '../tables/row-buffer.ts';
import { nothingRead, type TableSource } from '../tables/scan.ts';

export type TableRow = Readonly<Record<string, string | number | bigint | boolean | Uint8Array | null>>;

/** Rows of a table with the columns that are named, as they come. */
export function* tableRows(
  model: TraceModel,
  table: TableName,
  source: TableSource,
  columns: readonly string[],
  wholeGuest: boolean,
): Generator<TableRow> {
  const rows = new RowBuffer(TABLES[table], columns);
  const request = { model, constraints: new Map(), wholeGuest };
  const scan = source.open(request, rows, nothingRead());
  for (let more = true; more; ) {
    more = scan.step(rows);
    for (let at = 0; at < rows.rows; at++) {
      yield Object.fromEntries(rows.columns.map((column) => [column.column.name, column.get(at)]));
    }
    rows.clear();
  }
}
