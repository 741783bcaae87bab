import { printable } from '../../replay/printable.ts';
import { cellWidth, cutText, padText } from '../cell-text.ts';

/** Rows from which the widths of columns are taken; those behind them are fitted in. */
const MEASURED = 500;
const GAP = 2;
/** No column is made narrower than this to fit a terminal. */
const NARROWEST = 8;

export interface TableColumn {
  readonly name: string;
  /** Its values stand at the right. */
  readonly right: boolean;
}

/** Rows as a table, as they come. */
export class TableWriter {
  readonly #columns: readonly TableColumn[];
  readonly #write: (line: string) => void;
  readonly #limit: number | undefined;
  #measured: string[][] | undefined = [];
  #widths: number[] = [];

  /** `limit`: cells of the terminal, into which a row is fitted; undefined: as wide as it is. */
  constructor(columns: readonly TableColumn[], limit: number | undefined, write: (line: string) => void) {
    this.#columns = columns;
    this.#limit = limit;
    this.#write = write;
  }

  /** Values by column; null is shown as nothing. */
  row(values: readonly (string | null)[]): void {
    const cells = values.map((value) => (value === null ? '' : printable(value)));
    if (this.#measured === undefined) this.#line(cells);
    else if (this.#measured.push(cells) === MEASURED) this.#begin();
  }

  end(): void {
    if (this.#measured !== undefined) this.#begin();
  }

  #begin(): void {
    const rows = this.#measured ?? [];
    this.#measured = undefined;
    const names = this.#columns.map(({ name }) => name.toUpperCase());
    this.#widths = names.map((name, i) =>
      rows.reduce((most, row) => Math.max(most, cellWidth(row[i]!)), cellWidth(name)),
    );
    this.#fit();
    this.#line(names);
    for (const row of rows) this.#line(row);
  }

  /** Takes from the widest columns what is too much. */
  #fit(): void {
    if (this.#limit === undefined) return;
    const room = this.#limit - GAP * (this.#widths.length - 1);
    for (let excess = this.#widths.reduce((sum, width) => sum + width, 0) - room; excess > 0; excess--) {
      const widest = Math.max(...this.#widths);
      if (widest <= NARROWEST) return;
      this.#widths[this.#widths.lastIndexOf(widest)]!--;
    }
  }

  #line(cells: readonly string[]): void {
    const last = cells.length - 1;
    const shown = cells.map((cell, i) => {
      const width = this.#widths[i]!;
      const { right } = this.#columns[i]!;
      // Without a terminal to fit, a long last column costs nothing.
      const cut = this.#limit === undefined ? cell : cutText(cell, width);
      return i === last && !right ? cut : padText(cut, width, right);
    });
    const line = shown.join(' '.repeat(GAP)).trimEnd();
    this.#write(`${this.#limit === undefined ? line : cutText(line, this.#limit)}\n`);
  }
}
