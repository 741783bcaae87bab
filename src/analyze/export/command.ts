import { Command, Option } from 'commander';
import { UsageError } from '../../emu/errors.ts';
import { TABLES, type TableName } from '../schema.ts';
import type { ExportOptions } from './run-export.ts';

interface ExportFlags {
  readonly format: ExportOptions['format'];
  readonly output?: string;
  readonly table?: string[];
  readonly machine?: string;
  readonly all?: boolean;
}

const FORMATS: readonly ExportOptions['format'][] = ['strace', 'jsonl', 'csv', 'parquet', 'perfetto', 'chrome'];
const gather = (value: string, before: string[] = []): string[] => [...before, ...value.split(',')];

const ABOUT = `
Formats:
  strace    as strace -f -ttt -T -o writes it, for tools that read that
  jsonl     one table, a JSON object a row
  csv       one table, RFC 4180
  parquet   a folder: TABLE/machine=NAME/trace=SEAL/data.parquet; traces of many machines form one data set
  perfetto  a track for each process, thread and virtual processor; opens in ui.perfetto.dev
  chrome    the same as Chrome trace JSON`;

/** `export FILE`. Throws UserError. */
export function exportCommand(): Command {
  return new Command('export')
    .description('write a trace in a format that other tools read')
    .argument('<file>', 'the trace')
    .addOption(new Option('--format <format>', 'see below').choices(FORMATS).makeOptionMandatory())
    .option('-o, --output <file>', 'write there instead of to standard output; of parquet the folder')
    .option(
      '--table <names>',
      'which tables (jsonl and csv: one, syscalls by default; parquet: all by default)',
      gather,
    )
    .option('--machine <name>', "what the trace's machine is called in a parquet data set (default: the trace's name)")
    .option('--all', 'the whole guest, not only the recorded command and what it started')
    .addHelpText('after', ABOUT)
    .action(async (file: string, flags: ExportFlags) => {
      const options = optionsOf(flags);
      // DuckDB is loaded only where it is asked.
      const { runExport } = await import('./run-export.ts');
      await runExport(file, options);
    });
}

function optionsOf({ format, output, table, machine, all }: ExportFlags): ExportOptions {
  for (const name of table ?? []) {
    if (!(name in TABLES)) throw new UsageError(`no table ${name}; there are ${Object.keys(TABLES).join(' ')}`);
  }
  if (table !== undefined && !['jsonl', 'csv', 'parquet'].includes(format)) {
    throw new UsageError(`--table goes with jsonl, csv and parquet, not with ${format}`);
  }
  if (format !== 'parquet' && (table?.length ?? 0) > 1) throw new UsageError(`${format} holds one table`);
  return { format, output, tables: table as TableName[] | undefined, machine, wholeGuest: all === true };
}
