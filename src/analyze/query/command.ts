import { setFlagsFromString } from 'node:v8';
import { Argument, Command, Option } from 'commander';
import { UsageError } from '../../emu/errors.ts';
import { TABLES, type Table, type TableName } from '../schema.ts';
import { namedQueries, queryFolders } from './named.ts';
import type { QueryOptions } from './run-query.ts';
import { TableWriter } from './table-writer.ts';

interface QueryFlags {
  readonly format: QueryOptions['format'];
  readonly output?: string;
  readonly explain?: boolean;
  readonly all?: boolean;
  readonly columns?: boolean;
}

/** `query FILE SQL|NAME [ARG...]`. Throws UserError. */
export function queryCommand(): Command {
  return new Command('query')
    .description('ask a trace in SQL, or by the name of a query')
    .addArgument(new Argument('[file]', 'the trace'))
    .addArgument(new Argument('[query]', 'SQL, or the name of a query'))
    .addArgument(new Argument('[arguments...]', 'what the named query takes'))
    .addOption(
      new Option('--format <format>', 'how rows are written')
        .choices(['table', 'jsonl', 'csv', 'parquet'])
        .default('table'),
    )
    .option('-o, --output <file>', 'write there instead of to standard output')
    .option('--explain', 'show how many chunks of the trace were read and skipped, not the rows')
    .option('--all', 'calls of the whole guest, not only of the recorded command and what it started')
    .option('--columns', 'show the tables with their columns and units; with a name only that one')
    .addHelpText('after', () => `\n${helpTables()}\n\n${helpQueries()}`)
    .action(async (file: string | undefined, query: string | undefined, given: string[], flags: QueryFlags) => {
      if (flags.columns === true) showColumns(file);
      else if (file === undefined) throw new UsageError('query wants a trace: trapline query FILE SQL|NAME');
      else if (query === undefined) throw new UsageError(`query wants SQL or a name:\n${helpQueries()}`);
      else {
        // Young objects get room at once: half of the garbage collections of a question were for more of it.
        setFlagsFromString('--semi-space-growth-factor=16');
        // DuckDB is loaded only where it is asked, and opens while what asks it is loaded.
        const { Connection } = await import('./connection.ts');
        const opening = Connection.open();
        const { runQuery } = await import('./run-query.ts');
        await runQuery(file, query, given, optionsOf(flags), opening);
      }
    });
}

function optionsOf({ format, output, explain, all }: QueryFlags): QueryOptions {
  return {
    format,
    output,
    explain: explain === true,
    wholeGuest: all === true,
    width: process.stdout.isTTY ? process.stdout.columns : undefined,
  };
}

const aligned = (rows: readonly (readonly [string, string])[]): string => {
  const width = Math.max(...rows.map(([name]) => name.length));
  return rows.map(([name, about]) => `  ${name.padEnd(width)}  ${about}`).join('\n');
};

function helpTables(): string {
  const rows = Object.entries(TABLES).map(([name, { about }]): [string, string] => [name, about]);
  return `Tables (--columns shows their columns):\n${aligned(rows)}`;
}

function helpQueries(): string {
  const rows = namedQueries().map(({ name, parameters, about }): [string, string] => {
    const takes = parameters.map((each) =>
      each.fallback === undefined ? each.name.toUpperCase() : `[${each.name.toUpperCase()}]`,
    );
    return [[name, ...takes].join(' '), about];
  });
  return `Queries, from ${queryFolders().join(' and ')}:\n${aligned(rows)}`;
}

function showColumns(name: string | undefined): void {
  if (name !== undefined && !(name in TABLES)) {
    throw new UsageError(`no table ${name}; there are ${Object.keys(TABLES).join(' ')}`);
  }
  const chosen = name === undefined ? (Object.keys(TABLES) as TableName[]) : [name as TableName];
  const columns = ['table', 'column', 'type', 'unit', 'about'].map((each) => ({ name: each, right: false }));
  const width = process.stdout.isTTY ? process.stdout.columns : undefined;
  const writer = new TableWriter(columns, width, (line) => void process.stdout.write(line));
  for (const table of chosen) {
    const { columns: all }: Table = TABLES[table];
    for (const { name: column, type, unit, about } of all) writer.row([table, column, type, unit ?? null, about]);
  }
  writer.end();
}
