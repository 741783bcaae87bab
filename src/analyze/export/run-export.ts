import { rmSync } from 'node:fs';
import { UsageError } from '../../emu/errors.ts';
import { ClosedPipe, openOutput, type TextOutput } from '../../replay/output.ts';
import { TraceModel } from '../model/trace-model.ts';
import { TraceDatabase } from '../query/database.ts';
import { writeResult } from '../query/result-writer.ts';
import { TABLES, type TableName } from '../schema.ts';
import { chromeEvents } from './chrome.ts';
import { machineOf, writeParquetFolder } from './parquet.ts';
import { perfettoTrace } from './perfetto.ts';
import { writeStrace } from './strace-text.ts';

export interface ExportOptions {
  readonly format: 'strace' | 'jsonl' | 'csv' | 'parquet' | 'perfetto' | 'chrome';
  /** undefined: standard output. */
  readonly output: string | undefined;
  /** Of jsonl, csv and parquet. */
  readonly tables: readonly TableName[] | undefined;
  readonly machine: string | undefined;
  readonly wholeGuest: boolean;
}

/** Writes a trace in another format. Throws UserError; no half-written output is left then. */
export async function runExport(file: string, options: ExportOptions): Promise<void> {
  const { format, output, machine, tables, wholeGuest } = options;
  if (format === 'parquet' && output === undefined) throw new UsageError('parquet wants a folder: -o FOLDER');
  const model = TraceModel.open(file);
  try {
    if (format === 'parquet') {
      const all = tables ?? (Object.keys(TABLES) as TableName[]);
      await writeParquetFolder(model, output!, { machine: machine ?? machineOf(file), tables: all, wholeGuest });
    } else await writeFile(model, options, format);
  } finally {
    for (const { message } of model.reader.findings) {
      process.stderr.write(`trapline: ${file}: ${message}\n`);
      process.exitCode = 1;
    }
    model.close();
  }
}

async function writeFile(
  model: TraceModel,
  { output: path, tables, wholeGuest }: ExportOptions,
  format: Exclude<ExportOptions['format'], 'parquet'>,
): Promise<void> {
  const output = openOutput(path);
  try {
    if (format === 'strace') writeStrace(model, wholeGuest, output);
    else if (format === 'chrome') writeChrome(model, wholeGuest, output);
    else if (format === 'perfetto') writePackets(model, wholeGuest, output);
    else await writeTable(model, tables?.[0] ?? 'syscalls', format, wholeGuest, output);
    output.close();
  } catch (error) {
    if (error instanceof ClosedPipe) return;
    if (path !== undefined) rmSync(path, { force: true });
    throw error;
  }
}

function writeChrome(model: TraceModel, wholeGuest: boolean, output: TextOutput): void {
  output.write('{"displayTimeUnit":"ns","traceEvents":[\n');
  let first = true;
  for (const event of chromeEvents(model, wholeGuest)) {
    output.write(first ? event : `,\n${event}`);
    first = false;
  }
  output.write('\n]}\n');
}

function writePackets(model: TraceModel, wholeGuest: boolean, output: TextOutput): void {
  for (const bytes of perfettoTrace(model, wholeGuest)) {
    output.buffer.bytes(bytes);
    output.settle();
  }
}

async function writeTable(
  model: TraceModel,
  table: TableName,
  format: 'jsonl' | 'csv',
  wholeGuest: boolean,
  output: TextOutput,
): Promise<void> {
  const database = await TraceDatabase.open(model, wholeGuest);
  try {
    await writeResult(await database.stream(`FROM ${table}`), format, output, undefined);
  } finally {
    database.close();
  }
}
