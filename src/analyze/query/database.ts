/** DuckDB over the tables of a trace: they are filled while a query runs, with the rows and columns that it looks at. */
import {
  BIGINT,
  BLOB,
  BOOLEAN,
  type DuckDBConnection,
  DuckDBInstance,
  type DuckDBResult,
  DuckDBTableFunction,
  type DuckDBType,
  INTEGER,
  UBIGINT,
  VARCHAR,
} from '@duckdb/node-api';
import { UserError } from '../../emu/errors.ts';
import type { TraceModel } from '../model/trace-model.ts';
import { type ColumnType, TABLES, type Table, type TableName } from '../schema.ts';
import { loadSource } from '../tables/index.ts';
import { RowBuffer } from '../tables/row-buffer.ts';
import type { Constraints, Scan, ScanCount, TableSource } from '../tables/scan.ts';
import { scans, type Wanted } from './conditions.ts';
import { fill } from './vectors.ts';

const TYPES: Readonly<Record<ColumnType, DuckDBType>> = {
  integer: INTEGER,
  bigint: BIGINT,
  address: UBIGINT,
  text: VARCHAR,
  name: VARCHAR,
  boolean: BOOLEAN,
  bytes: BLOB,
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
  readonly connection: DuckDBConnection;
  readonly #model: TraceModel;
  readonly #instance: DuckDBInstance;
  readonly #wholeGuest: boolean;
  /** What the statement that was prepared wants, by name of the function. */
  #wanted: ReadonlyMap<string, Wanted> = new Map();
  #sources: ReadonlyMap<TableName, TableSource> | undefined;
  readonly #uses = new Map<TableName, TableUse>();

  private constructor(model: TraceModel, instance: DuckDBInstance, connection: DuckDBConnection, wholeGuest: boolean) {
    this.#model = model;
    this.#instance = instance;
    this.#wholeGuest = wholeGuest;
    this.connection = connection;
  }

  /** `wholeGuest`: calls of the whole guest, not only of the recorded command and what it started. */
  static async open(model: TraceModel, wholeGuest: boolean): Promise<TraceDatabase> {
    const instance = await DuckDBInstance.create(':memory:', {
      autoinstall_known_extensions: 'false',
      autoload_known_extensions: 'false',
    });
    const connection = await instance.connect();
    const database = new TraceDatabase(model, instance, connection, wholeGuest);
    for (const name of TABLE_NAMES) connection.registerTableFunction(database.#function(name, TABLES[name]));
    await connection.run(
      TABLE_NAMES.map((name) => `CREATE VIEW ${name} AS SELECT * FROM ${PREFIX}${name}()`).join(';'),
    );
    return database;
  }

  /** Looks which rows a statement wants. */
  async prepare(sql: string): Promise<void> {
    this.#uses.clear();
    try {
      this.#wanted = await scans(this.connection, sql, (name) => name.startsWith(PREFIX));
      // What the plan does not have but the text does may be in a second statement.
      await this.#load(TABLE_NAMES.filter((name) => this.#wanted.has(PREFIX + name) || sql.includes(name)));
    } catch {
      // What can't be explained (DESCRIBE, SHOW) or makes no sense is not narrowed; running it tells which.
      this.#wanted = new Map();
      await this.#load(TABLE_NAMES);
    }
  }

  async #load(names: readonly TableName[]): Promise<void> {
    const load = (name: TableName): Promise<TableSource> =>
      loadSource(name, this.#wanted.get(PREFIX + name)?.columns, this.#model);
    this.#sources = new Map(await Promise.all(names.map(async (name) => [name, await load(name)] as const)));
  }

  /** Sets what `getvariable` gives: a whole number or text. */
  async setVariable(name: string, value: string): Promise<void> {
    const literal = /^-?\d{1,18}$/.test(value) ? value : `'${value.replaceAll("'", "''")}'`;
    await this.connection.run(`SET VARIABLE ${name} = ${literal}`);
  }

  /** Runs a statement; its rows come as they are asked for. Throws UserError when it makes no sense. */
  async stream(sql: string): Promise<DuckDBResult> {
    if (this.#sources === undefined) await this.#load(TABLE_NAMES);
    try {
      return await this.connection.stream(sql);
    } catch (error) {
      throw sqlError(error);
    }
  }

  /** Runs a statement to its end. Throws UserError when it makes no sense. */
  async run(sql: string): Promise<void> {
    if (this.#sources === undefined) await this.#load(TABLE_NAMES);
    try {
      await this.connection.run(sql);
    } catch (error) {
      throw sqlError(error);
    }
  }

  /** What the statements since `prepare` have read. */
  get uses(): readonly TableUse[] {
    return [...this.#uses.values()];
  }

  close(): void {
    this.connection.disconnectSync();
    this.#instance.closeSync();
  }

  #function(name: TableName, table: Table): DuckDBTableFunction {
    const { columns } = table;
    return DuckDBTableFunction.create({
      name: `${PREFIX}${name}`,
      supportsProjectionPushdown: true,
      bindFunction: (bind) => {
        for (const column of columns) bind.addResultColumn(column.name, TYPES[column.type]);
        bind.setCardinality(this.#model.count, false);
      },
      initFunction: (init) => {
        init.setMaxThreads(1);
        try {
          const wanted = init.getColumnIndexes().map((index) => columns[index]?.name);
          init.setInitData(this.#open(name, table, wanted));
        } catch (error) {
          init.setError(messageOf(error));
        }
      },
      mainFunction: (info, output) => {
        try {
          const feed = info.initData as RowFeed;
          feed.next(output.chunk);
        } catch (error) {
          info.setError(messageOf(error));
        }
      },
    });
  }

  #open(name: TableName, table: Table, wanted: readonly (string | undefined)[]): RowFeed {
    const constraints = this.#wanted.get(PREFIX + name)?.constraints ?? new Map();
    const source = this.#sources?.get(name);
    if (source === undefined) throw new Error(`${name} was not expected in this statement`);
    const count = this.#uses.get(name)?.count ?? { chunks: 0, read: 0 };
    this.#uses.set(name, { table: name, constraints, count });
    const request = { model: this.#model, constraints, wholeGuest: this.#wholeGuest };
    // A query that only counts rows asks for no column, or for one that is none.
    const known = wanted.map((column) => column ?? table.columns[0]!.name);
    const rows = new RowBuffer(table, known);
    return new RowFeed(source.open(request, rows, count), rows);
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
  next(chunk: Parameters<typeof fill>[0]): void {
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
