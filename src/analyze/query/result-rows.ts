/** Rows of a result as values of JavaScript, a chunk at a time. */
import duckdb from '@duckdb/node-bindings';

/** Bytes of a BLOB. */
export interface Blob {
  readonly bytes: Uint8Array;
}

/** Values of rare types (times, lists, structs) are objects whose text is what DuckDB shows. */
export type Value = null | boolean | number | bigint | string | Blob | { toString(): string };

/** Reads one value that is not null. */
type Read = (data: DataView, row: number) => Value;

interface Reader {
  /** Bytes of a value in its vector. */
  readonly width: number;
  readonly read: Read;
}

const { Type } = duckdb;
const UTF8 = new TextDecoder();
/** Bytes that stand in the vector itself; longer ones stand where it points. */
const INLINE = 12;

function bytesAt(data: DataView, row: number): Uint8Array {
  const at = 16 * row;
  const length = data.getUint32(at, true);
  if (length <= INLINE) return new Uint8Array(data.buffer, data.byteOffset + at + 4, length);
  return duckdb.get_data_from_pointer(data.buffer as ArrayBuffer, data.byteOffset + at + 8, length);
}

const wide = (data: DataView, row: number): bigint =>
  (data.getBigInt64(16 * row + 8, true) << 64n) + data.getBigUint64(16 * row, true);

// biome-ignore format: a table
const READERS: ReadonlyMap<duckdb.Type, Reader> = new Map<duckdb.Type, Reader>([
  [Type.BOOLEAN,   { width: 1,  read: (data, row) => data.getUint8(row) !== 0 }],
  [Type.TINYINT,   { width: 1,  read: (data, row) => data.getInt8(row) }],
  [Type.SMALLINT,  { width: 2,  read: (data, row) => data.getInt16(2 * row, true) }],
  [Type.INTEGER,   { width: 4,  read: (data, row) => data.getInt32(4 * row, true) }],
  [Type.BIGINT,    { width: 8,  read: (data, row) => data.getBigInt64(8 * row, true) }],
  [Type.UTINYINT,  { width: 1,  read: (data, row) => data.getUint8(row) }],
  [Type.USMALLINT, { width: 2,  read: (data, row) => data.getUint16(2 * row, true) }],
  [Type.UINTEGER,  { width: 4,  read: (data, row) => data.getUint32(4 * row, true) }],
  [Type.UBIGINT,   { width: 8,  read: (data, row) => data.getBigUint64(8 * row, true) }],
  [Type.FLOAT,     { width: 4,  read: (data, row) => data.getFloat32(4 * row, true) }],
  [Type.DOUBLE,    { width: 8,  read: (data, row) => data.getFloat64(8 * row, true) }],
  [Type.HUGEINT,   { width: 16, read: wide }],
  [Type.VARCHAR,   { width: 16, read: (data, row) => UTF8.decode(bytesAt(data, row)) }],
  [Type.BLOB,      { width: 16, read: (data, row) => ({ bytes: bytesAt(data, row).slice() }) }],
]);

/** Puts a column of a chunk into its rows. */
function take(vector: duckdb.Vector, { width, read }: Reader, rows: Value[][], column: number): void {
  const bytes = duckdb.vector_get_data(vector, rows.length * width);
  const data = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const valid: Uint8Array | null = duckdb.vector_get_validity(vector, Math.ceil(rows.length / 64) * 8);
  for (const [row, values] of rows.entries()) {
    const known = valid === null || (valid[row >> 3]! & (1 << (row & 7))) !== 0;
    values[column] = known ? read(data, row) : null;
  }
}

/** Rows of any types, by the package that knows them all: it is loaded for them only. */
async function rowsOf(chunk: duckdb.DataChunk): Promise<Value[][]> {
  const { DuckDBDataChunk } = await import('@duckdb/node-api');
  return new DuckDBDataChunk(chunk).getRows() as Value[][];
}

export class ResultRows {
  /** Of columns; those with a name that was there before have a number behind it. */
  readonly names: readonly string[];
  readonly types: readonly duckdb.Type[];
  readonly #result: duckdb.Result;
  /** By column; undefined: there is a type among them that is rare. */
  readonly #readers: readonly Reader[] | undefined;

  constructor(result: duckdb.Result) {
    this.#result = result;
    const columns = Array.from({ length: duckdb.column_count(result) }, (_, i) => i);
    this.types = columns.map((i) => duckdb.column_type(result, i));
    const seen = new Map<string, number>();
    this.names = columns.map((i) => {
      const name = duckdb.column_name(result, i);
      const before = seen.get(name) ?? 0;
      seen.set(name, before + 1);
      return before === 0 ? name : `${name}:${before}`;
    });
    const readers = this.types.flatMap((type) => READERS.get(type) ?? []);
    this.#readers = readers.length === columns.length ? readers : undefined;
  }

  /** The next rows, by column in each; undefined: there are no more. */
  async next(): Promise<readonly (readonly Value[])[] | undefined> {
    const chunk = await duckdb.fetch_chunk(this.#result);
    const count = chunk === null ? 0 : duckdb.data_chunk_get_size(chunk);
    if (chunk === null || count === 0) return undefined;
    if (this.#readers === undefined) return rowsOf(chunk);
    const rows = Array.from({ length: count }, (): Value[] => []);
    for (const [i, reader] of this.#readers.entries()) {
      take(duckdb.data_chunk_get_vector(chunk, i), reader, rows, i);
    }
    return rows;
  }
}
