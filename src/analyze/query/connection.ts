/**
 * DuckDB by its native binding alone: the package above it takes longer to load than most questions take to answer.
 */
import { availableParallelism } from 'node:os';
import duckdb from '@duckdb/node-bindings';
import { ResultRows } from './result-rows.ts';

/**
 * Set before the database is opened. The thread that asks for rows spins while others make them, and rows are made by one
 * that wants a processor for itself.
 */
const OPTIONS: Readonly<Record<string, string>> = {
  threads: String(Math.max(1, availableParallelism() - 1)),
  autoinstall_known_extensions: 'false',
  autoload_known_extensions: 'false',
};

/** A database in memory. Statements that fail reject with what DuckDB says of them. */
export class Connection {
  readonly native: duckdb.Connection;
  readonly #database: duckdb.Database;

  private constructor(database: duckdb.Database, native: duckdb.Connection) {
    this.#database = database;
    this.native = native;
  }

  /** Works in a thread of its own. */
  static async open(): Promise<Connection> {
    const config = duckdb.create_config();
    for (const [name, value] of Object.entries(OPTIONS)) duckdb.set_config(config, name, value);
    const database = await duckdb.open(':memory:', config);
    return new Connection(database, await duckdb.connect(database));
  }

  async run(sql: string): Promise<void> {
    await duckdb.query(this.native, sql);
  }

  /** Values of the first row, as text. */
  async firstRow(sql: string): Promise<string[]> {
    const [row = []] = (await new ResultRows(await duckdb.query(this.native, sql)).next()) ?? [];
    return row.map(String);
  }

  /** Of several statements the rows of the last one, made as they are asked for. */
  async stream(sql: string): Promise<ResultRows> {
    const { extracted_statements: statements, statement_count: count } = await duckdb.extract_statements(
      this.native,
      sql,
    );
    if (count === 0) throw new Error(statementsError(statements));
    for (let i = 0; ; i++) {
      const prepared = await duckdb.prepare_extracted_statement(this.native, statements, i);
      try {
        if (i === count - 1) return new ResultRows(await duckdb.execute_prepared_streaming(prepared));
        await duckdb.execute_prepared(prepared);
      } finally {
        duckdb.destroy_prepare_sync(prepared);
      }
    }
  }

  close(): void {
    duckdb.disconnect_sync(this.native);
    duckdb.close_sync(this.#database);
  }
}

/** Why there is no statement; comments alone are none without an error. */
function statementsError(statements: duckdb.ExtractedStatements): string {
  try {
    return duckdb.extract_statements_error(statements);
  } catch {
    return 'there is no statement in it';
  }
}
