import { existsSync, rmSync } from 'node:fs';
import { UsageError, UserError } from '../../emu/errors.ts';
import { ClosedPipe, openOutput, type TextOutput } from '../../replay/output.ts';
import { TraceModel } from '../model/trace-model.ts';
import type { Constraint } from '../tables/scan.ts';
import type { Connection } from './connection.ts';
import { sqlError, type TableUse, TraceDatabase } from './database.ts';
import { isQueryName, namedQuery, queryArguments } from './named.ts';
import { writeParquetFile } from './parquet-file.ts';
import { type ResultFormat, writeResult } from './result-writer.ts';
import { withDecimalNumbers } from './sql-text.ts';

export interface QueryOptions {
  readonly format: ResultFormat | 'parquet';
  /** undefined: standard output. */
  readonly output: string | undefined;
  /** Show what was read of the trace instead of the rows. */
  readonly explain: boolean;
  readonly wholeGuest: boolean;
  /** Cells of a table; undefined: as wide as it is. */
  readonly width: number | undefined;
}

/** Runs SQL or a named query over a trace; `opening` is where. Throws UserError. */
export async function runQuery(
  file: string,
  query: string,
  given: readonly string[],
  options: QueryOptions,
  opening: Promise<Connection>,
): Promise<void> {
  const named = isQueryName(query) ? namedQuery(query) : undefined;
  if (named === undefined && given.length > 0) throw new UsageError(`SQL takes no arguments: ${given[0]} is too much`);
  if (options.format === 'parquet' && options.output === undefined && !options.explain) {
    throw new UsageError('parquet is no text: name a file with -o');
  }
  const values = named === undefined ? new Map<string, string>() : queryArguments(named, given);
  const model = TraceModel.open(file);
  const database = await TraceDatabase.open(model, options.wholeGuest, opening);
  try {
    for (const [name, value] of values) await database.setVariable(name, value);
    await answer(database, named?.sql ?? query, options);
  } finally {
    database.close();
    tellFindings(model, file);
    model.close();
  }
}

async function answer(database: TraceDatabase, sql: string, options: QueryOptions): Promise<void> {
  const statement = withDecimalNumbers(sql.trim().replace(/;\s*$/, ''));
  if (statement === '') throw new UsageError('query wants SQL or a name, not nothing');
  await database.prepare(statement);
  if (options.explain) await explain(database, statement, options);
  else if (options.format === 'parquet') await writeParquet(database, statement, options.output!);
  else await writeText(database, statement, options, options.format);
}

async function writeText(
  database: TraceDatabase,
  sql: string,
  options: QueryOptions,
  format: ResultFormat,
): Promise<void> {
  // A statement that makes no sense leaves no file behind.
  const result = await database.stream(sql);
  const output = openOutput(options.output);
  try {
    await writeResult(result, format, output, options.output === undefined ? options.width : undefined);
    output.close();
  } catch (error) {
    if (!(error instanceof ClosedPipe)) {
      if (options.output !== undefined) rmSync(options.output, { force: true });
      throw error instanceof UserError ? error : sqlError(error);
    }
  }
}

async function writeParquet(database: TraceDatabase, sql: string, path: string): Promise<void> {
  if (existsSync(path)) throw new UserError(`${path} exists already`);
  await writeParquetFile(database, `(${sql})`, path);
}

async function explain(database: TraceDatabase, sql: string, { output }: QueryOptions): Promise<void> {
  const result = await database.stream(sql);
  let count = 0;
  for (let rows = await result.next(); rows !== undefined; rows = await result.next()) count += rows.length;
  const out: TextOutput = openOutput(output);
  for (const use of database.uses) out.write(`${describeUse(use)}\n`);
  out.write(`${count} ${count === 1 ? 'row' : 'rows'}\n`);
  out.close();
}

function describeUse({ table, constraints, count }: TableUse): string {
  const wanted = [...constraints].map(([name, constraint]) => constraintText(name, constraint));
  const { chunks, read, calls } = count;
  const part = calls === 0 ? '' : ` (of ${calls} such calls alone)`;
  const what =
    chunks === 0 ? 'no chunks of its own' : `${read} of ${chunks} chunks read${part}, ${chunks - read} skipped`;
  return `${table}: ${what}${wanted.length === 0 ? '' : `; by ${wanted.join(', ')}`}`;
}

function constraintText(name: string, { least, most, values }: Constraint): string {
  const parts = [
    ...(values === undefined ? [] : [`${name} in (${[...values].join(', ')})`]),
    ...(least === undefined ? [] : [`${name} >= ${least}`]),
    ...(most === undefined ? [] : [`${name} <= ${most}`]),
  ];
  return parts.join(', ');
}

/** What of the trace could not be read is said on standard error, and by the exit status. */
function tellFindings({ reader }: TraceModel, file: string): void {
  if (reader.findings.length === 0) return;
  for (const { message } of reader.findings) process.stderr.write(`trapline: ${file}: ${message}\n`);
  process.exitCode = 1;
}
