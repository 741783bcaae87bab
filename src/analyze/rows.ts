import { TextOutput } from '../replay/output.ts';
import { printable } from '../replay/printable.ts';
import { cellWidth, padText } from './cell-text.ts';

export type Cell = string | number | bigint | boolean | undefined | readonly string[];

/** One line of an answer: values by column. */
export type Row = Readonly<Record<string, Cell>>;

export type Format = 'table' | 'jsonl';

/** Shows rows as an aligned table, or as one JSON object a line. 64-bit numbers are decimal text in JSON. */
export function writeRows(rows: readonly Row[], columns: readonly string[], format: Format): void {
  const output = new TextOutput();
  if (format === 'jsonl') for (const row of rows) output.write(`${JSON.stringify(row, plain)}\n`);
  else writeTable(rows, columns, output);
  output.close();
}

function plain(_name: string, value: unknown): unknown {
  return typeof value === 'bigint' ? String(value) : value;
}

function writeTable(rows: readonly Row[], columns: readonly string[], output: TextOutput): void {
  const lines = [
    columns.map((name) => name.toUpperCase()),
    ...rows.map((row) => columns.map((name) => text(row[name]))),
  ];
  const widths = columns.map((_, i) => Math.max(...lines.map((line) => cellWidth(line[i]!))));
  const right = columns.map((name) => ['number', 'bigint'].includes(typeof rows[0]?.[name]));
  for (const line of lines) {
    const cells = line.map((cell, i) => padText(cell, widths[i]!, right[i]!));
    output.write(`${cells.join('  ').trimEnd()}\n`);
  }
}

/** What a guest named may hold anything; a terminal gets it escaped. */
function text(cell: Cell): string {
  if (cell === undefined) return '';
  return printable(Array.isArray(cell) ? cell.join(' ') : String(cell));
}
