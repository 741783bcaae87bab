import duckdb from '@duckdb/node-bindings';
import { BATCH, type ColumnBuffer, type RowBuffer, TextColumn } from '../tables/row-buffer.ts';

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
  const wide = column instanceof TextColumn && column.long.size > 0;
  // What lies in a buffer for a value that is elsewhere must not be taken for a pointer.
  if (wide)
    for (let row = from; row < from + count; row++) if (column.long.has(row)) bytes.fill(0, row * 16, row * 16 + 16);
  duckdb.copy_data_to_vector(vector, 0, bytes.buffer as ArrayBuffer, from * width, count * width);
  duckdb.vector_ensure_validity_writable(vector);
  const bits = Math.ceil(count / 64) * 8;
  duckdb.copy_data_to_vector_validity(vector, 0, validity.buffer as ArrayBuffer, from >> 3, bits);
  if (!wide) return;
  for (let row = from; row < from + count; row++) {
    const value = column.long.get(row);
    if (value !== undefined) duckdb.vector_assign_string_element_len(vector, row - from, value);
  }
}
