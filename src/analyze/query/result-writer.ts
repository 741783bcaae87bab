import type { TextOutput } from '../../replay/output.ts';
import type { ResultRows, Value } from './result-rows.ts';
import { TableWriter } from './table-writer.ts';
import { isNumeric, valueJson, valueText } from './values.ts';

export type ResultFormat = 'table' | 'jsonl' | 'csv';

/** How rows of a result are written down. */
interface Form {
  row(values: readonly Value[]): void;
  end(): void;
}

type Shape = Pick<ResultRows, 'names' | 'types'>;

function table({ names, types }: Shape, output: TextOutput, width: number | undefined): Form {
  const columns = names.map((name, i) => ({ name, right: isNumeric(types[i]!) }));
  const writer = new TableWriter(columns, width, (line) => output.write(line));
  return {
    row: (values) => writer.row(values.map((value, i) => valueText(value, types[i]!))),
    end: () => writer.end(),
  };
}

function jsonLines({ names, types }: Shape, output: TextOutput): Form {
  const keys = names.map((name) => JSON.stringify(name));
  return {
    row: (values) => {
      const fields = values.map((value, i) => `${keys[i]}:${JSON.stringify(valueJson(value, types[i]!))}`);
      output.write(`{${fields.join(',')}}\n`);
    },
    end: () => {},
  };
}

const csvField = (text: string): string => (/[",\n\r]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text);

function csv({ names, types }: Shape, output: TextOutput): Form {
  output.write(`${names.map(csvField).join(',')}\n`);
  return {
    row: (values) => {
      output.write(`${values.map((value, i) => csvField(valueText(value, types[i]!) ?? '')).join(',')}\n`);
    },
    end: () => {},
  };
}

/** Writes the rows of a result as they come. `width`: cells of a terminal that a table is fitted into. */
export async function writeResult(
  result: ResultRows,
  format: ResultFormat,
  output: TextOutput,
  width: number | undefined,
): Promise<void> {
  const form =
    format === 'table'
      ? table(result, output, width)
      : format === 'csv'
        ? csv(result, output)
        : jsonLines(result, output);
  for (let rows = await result.next(); rows !== undefined; rows = await result.next()) {
    for (const row of rows) form.row(row);
  }
  form.end();
}
