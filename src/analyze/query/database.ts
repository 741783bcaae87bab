/** DuckDB over the tables of a trace: they are filled while a query runs, with the rows and columns that it looks at. */
import duckdb from '@duckdb/node-bindings';
import { UserError } from '../../emu/errors.ts';
import type { TraceModel } from '../model/trace-model.ts';
import { type ColumnType, TABLES, type Table, type TableName } from '../schema.ts';
import { loadSource } from '../tables/index.ts';
import { RowBuffer } from '../tables/row-buffer.ts';
import { type Constraints, nothingRead, type Scan, type ScanCount, type TableSource } from '../tables/scan.ts';
import { scans, type Wanted } from './conditions.ts';
import { Connection } from './connection.ts';
import type { ResultRows } from './result-rows.ts';
import { fill } from './vectors.ts';

const { Type } = duckdb;
const TYPES: Readonly<Record<ColumnType, duckdb.Type>> = {
  integer: Type.INTEGER,
  bigint: Type.BIGINT,
  address: Type.UBIGINT,
  text: Type.VARCHAR,
  name: Type.VARCHAR,
  boolean: Type.BOOLEAN,
  bytes: Type.BLOB,
};

const TABLE_NAMES = Object.keys(TABLES) as TableName[];
const PREFIX = 'trace_';

/** What a query read of a table. */
export interface TableUse {
  readonly table: TableName;
  readonly constraints: Constraints;
  readonly count: ScanCount;
}

export class TraceDatabase {
  readonly #connection: Connection;
  readonly #model: TraceModel;
  readonly #wholeGuest: boolean;
  /** What the statement that was prepared wants, by name of the function. */
  #wanted: ReadonlyMap<string, Wanted> = new Map();
  #sources: ReadonlyMap<TableName, TableSource> | undefined;
  readonly #uses = new Map<TableName, TableUse>();
  readonly #scans: Scan[] = [];
  readonly #views = new Set<TableName>();

  private constructor(model: TraceModel, connection: Connection, wholeGuest: boolean) {
    this.#model = model;
    this.#wholeGuest = wholeGuest;
    this.#connection = connection;
  }

  /** `wholeGuest`: calls of the whole guest, not only of the recorded command and what it started. */
  static async open(model: TraceModel, wholeGuest: boolean, opening = Connection.open()): Promise<TraceDatabase> {
    return new TraceDatabase(model, await opening, wholeGuest);
  }

  /** Makes the views that are not there yet. */
  async #show(names: readonly TableName[]): Promise<void> {
    const missing = names.filter((name) => !this.#views.has(name));
    if (missing.length === 0) return;
    for (const name of missing) {
      this.#views.add(name);
      this.#register(name, TABLES[name]);
    }
    await this.#connection.run(
      missing.map((name) => `CREATE VIEW ${name} AS SELECT * FROM ${PREFIX}${name}()`).join(';'),
    );
  }

  /** Looks which rows a statement wants. */
  async prepare(sql: string): Promise<void> {
    this.#uses.clear();
    this.#endScans();
    const text = sql.toLowerCase();
    const named = TABLE_NAMES.filter((name) => text.includes(name));
    try {
      // A statement that names none may ask which there are.
      await this.#show(named.length === 0 ? TABLE_NAMES : named);
      this.#wanted = await scans(this.#connection, sql, (name) => name.startsWith(PREFIX));
      await this.#load(named);
    } catch {
      // What can't be explained (DESCRIBE, SHOW) or makes no sense is not narrowed; running it tells which.
      this.#wanted = new Map();
      await this.#load(TABLE_NAMES);
    }
  }

  async #load(names: readonly TableName[]): Promise<void> {
    await this.#show(names);
    const load = (name: TableName): Promise<TableSource> =>
      loadSource(name, this.#wanted.get(PREFIX + name)?.columns, this.#model);
    this.#sources = new Map(await Promise.all(names.map(async (name) => [name, await load(name)] as const)));
  }

  /** Sets what `getvariable` gives: a whole number or text. */
  async setVariable(name: string, value: string): Promise<void> {
    const literal = /^-?\d{1,18}$/.test(value) ? value : `'${value.replaceAll("'", "''")}'`;
    await this.#connection.run(`SET VARIABLE ${name} = ${literal}`);
  }

  /** Runs a statement; its rows come as they are asked for. Throws UserError when it makes no sense. */
  async stream(sql: string): Promise<ResultRows> {
    if (this.#sources === undefined) await this.#load(TABLE_NAMES);
    try {
      return await this.#connection.stream(sql);
    } catch (error) {
      throw sqlError(error);
    }
  }

  /** Runs a statement to its end. Throws UserError when it makes no sense. */
  async run(sql: string): Promise<void> {
    if (this.#sources === undefined) await this.#load(TABLE_NAMES);
    try {
      await this.#connection.run(sql);
    } catch (error) {
      throw sqlError(error);
    }
  }

  /** What the statements since `prepare` have read. */
  get uses(): readonly TableUse[] {
    return [...this.#uses.values()];
  }

  close(): void {
    this.#connection.close();
    this.#endScans();
  }

  /** Of statements that nobody reads any more. */
  #endScans(): void {
    for (const scan of this.#scans.splice(0)) scan.close?.();
  }

  /** The function that gives the rows of a table, with the columns that are asked for. */
  #register(name: TableName, table: Table): void {
    const { columns } = table;
    const rows = duckdb.create_table_function();
    duckdb.table_function_set_name(rows, PREFIX + name);
    duckdb.table_function_supports_projection_pushdown(rows, true);
    duckdb.table_function_set_bind(rows, (info) => {
      for (const { name: column, type } of columns) {
        duckdb.bind_add_result_column(info, column, duckdb.create_logical_type(TYPES[type]));
      }
      duckdb.bind_set_cardinality(info, this.#model.count, false);
    });
    duckdb.table_function_set_init(rows, (info) => {
      duckdb.init_set_max_threads(info, 1);
      try {
        const count = duckdb.init_get_column_count(info);
        const wanted = Array.from({ length: count }, (_, i) => columns[duckdb.init_get_column_index(info, i)]?.name);
        duckdb.init_set_init_data(info, this.#open(name, table, wanted));
      } catch (error) {
        duckdb.init_set_error(info, messageOf(error));
      }
    });
    duckdb.table_function_set_function(rows, (info, output) => {
      try {
        (duckdb.function_get_init_data(info) as RowFeed).next(output);
      } catch (error) {
        duckdb.function_set_error(info, messageOf(error));
      }
    });
    duckdb.register_table_function(this.#connection.native, rows);
  }

  #open(name: TableName, table: Table, wanted: readonly (string | undefined)[]): RowFeed {
    const constraints = this.#wanted.get(PREFIX + name)?.constraints ?? new Map();
    const source = this.#sources?.get(name);
    if (source === undefined) throw new Error(`${name} was not expected in this statement`);
    const count = this.#uses.get(name)?.count ?? nothingRead();
    this.#uses.set(name, { table: name, constraints, count });
    const request = { model: this.#model, constraints, wholeGuest: this.#wholeGuest };
    // A query that only counts rows asks for no column, or for one that is none.
    const known = wanted.map((column) => column ?? table.columns[0]!.name);
    const rows = new RowBuffer(table, known);
    const scan = source.open(request, rows, count);
    this.#scans.push(scan);
    return new RowFeed(scan, rows);
  }
}

const messageOf = (error: unknown): string => (error instanceof Error ? error.message : String(error));

/** Rows of a scan, a batch at a time. */
class RowFeed {
  readonly #scan: Scan;
  readonly #rows: RowBuffer;
  #taken = 0;
  #more = true;

  constructor(scan: Scan, rows: RowBuffer) {
    this.#scan = scan;
    this.#rows = rows;
  }

  /** Fills a chunk; leaves it empty at the end. */
  next(chunk: duckdb.DataChunk): void {
    const rows = this.#rows;
    if (this.#taken === rows.rows) {
      rows.clear();
      this.#taken = 0;
      while (this.#more && rows.rows === 0) this.#more = this.#scan.step(rows);
    }
    this.#taken += fill(chunk, rows, this.#taken);
  }
}

/** What DuckDB says of a statement in one line. */
export function sqlError(error: unknown): UserError {
  const [what = ''] = messageOf(error).split(/\n\s*\n?LINE \d+:/);
  return new UserError(
    what
      .replace(/^Failed to \w+ statements: /, '')
      .trim()
      .replaceAll(/\s*\n\s*/g, ' '),
  );
}
