/** A terminal as a screen: the alternate one, painted by lines that changed, and given back as it was. */
import { EventEmitter } from 'node:events';

const ESC = '\x1b[';
const ENTER = `${ESC}?1049h${ESC}?25l${ESC}2J`;
const LEAVE = `${ESC}0m${ESC}?25h${ESC}?1049l`;
/** Terminals that know it show all of a change at once, the others ignore it. */
const BEGIN = `${ESC}?2026h`;
const END = `${ESC}?2026l`;

/** What Ink asks of what it takes for its terminal: its size, its changes of size, and to be written to. */
export interface FrameOutput extends EventEmitter {
  readonly columns: number;
  readonly rows: number;
  write(frame: string): boolean;
}

type Output = Pick<NodeJS.WriteStream, 'write' | 'columns' | 'rows'>;

/**
 * Takes whole frames, as Ink writes them to what it takes for its terminal, and writes the lines of them that differ from
 * what stands there.
 */
export class Painter extends EventEmitter implements FrameOutput {
  readonly isTTY = true;
  readonly #output: Output;
  #shown: readonly string[] = [];
  #open = false;

  constructor(output: Output) {
    super();
    this.#output = output;
  }

  get columns(): number {
    return this.#output.columns;
  }

  get rows(): number {
    return this.#output.rows;
  }

  enter(): void {
    if (this.#open) return;
    this.#open = true;
    this.#output.write(ENTER);
  }

  /** Gives the terminal back. */
  leave(): void {
    if (!this.#open) return;
    this.#open = false;
    this.#output.write(LEAVE);
  }

  /** The next frame is painted whole: something else may stand there. */
  forget(): void {
    this.#shown = [];
    if (this.#open) this.#output.write(`${ESC}2J`);
  }

  /** A frame. */
  write(frame: string): boolean {
    if (!this.#open) return true;
    const lines = frame.replace(/\n$/, '').split('\n').slice(0, this.rows);
    let changes = '';
    for (let i = 0; i < Math.max(lines.length, this.#shown.length); i++) {
      if (lines[i] === this.#shown[i]) continue;
      changes += `${ESC}${i + 1};1H${ESC}0m${lines[i] ?? ''}${ESC}0m${ESC}K`;
    }
    this.#shown = lines;
    return changes === '' ? true : this.#output.write(BEGIN + changes + END);
  }
}
