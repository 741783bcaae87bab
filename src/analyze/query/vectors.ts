import duckdb from '@duckdb/node-bindings';
import type { ColumnBuffer } from '../tables/column-buffer.ts';
import { BATCH, type RowBuffer } from '../tables/row-buffer.ts';
import { TextColumn } from '../tables/text-column.ts';

/** Copies rows `from` on, BATCH at most, into a chunk of DuckDB's; how many they were. */
export function fill(chunk: duckdb.DataChunk, rows: RowBuffer, from: number): number {
  const count = Math.min(BATCH, rows.rows - from);
  duckdb.data_chunk_set_size(chunk, count);
  for (const [i, column] of rows.columns.entries()) {
    copy(duckdb.data_chunk_get_vector(chunk, i), column, from, count);
  }
  return count;
}

function copy(vector: duckdb.Vector, column: ColumnBuffer, from: number, count: number): void {
  const { width, bytes, validity } = column;
  duckdb.copy_data_to_vector(vector, 0, bytes.buffer as ArrayBuffer, from * width, count * width);
  duckdb.vector_ensure_validity_writable(vector);
  const bits = Math.ceil(count / 64) * 8;
  duckdb.copy_data_to_vector_validity(vector, 0, validity.buffer as ArrayBuffer, from >> 3, bits);
  if (!(column instanceof TextColumn)) return;
  const { longRows, longValues } = column;
  for (let i = column.longFrom(from); i < longRows.length && longRows[i]! < from + count; i++) {
    duckdb.vector_assign_string_element_len(vector, longRows[i]! - from, longValues[i]!);
  }
}
