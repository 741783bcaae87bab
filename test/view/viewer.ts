/** The viewer on a terminal of the test's own: keys in, frames out. */
import { EventEmitter } from 'node:events';
import { PassThrough } from 'node:stream';
import { stripVTControlCharacters } from 'node:util';
import { show } from '../../src/view/app.tsx';
import type { KeptMarks } from '../../src/view/marks.ts';
import { Session } from '../../src/view/session.ts';
import { TraceSource } from '../../src/view/source/trace-source.ts';

class Frames extends EventEmitter {
  readonly isTTY = true;
  columns: number;
  rows: number;
  last = '';

  constructor(columns: number, rows: number) {
    super();
    this.columns = columns;
    this.rows = rows;
  }

  write(frame: string): boolean {
    this.last = frame;
    return true;
  }
}

class Keyboard extends PassThrough {
  readonly isTTY = true;
  raw = false;

  setRawMode(raw: boolean): this {
    this.raw = raw;
    return this;
  }

  ref(): this {
    return this;
  }

  unref(): this {
    return this;
  }
}

export class Viewer {
  readonly session: Session;
  readonly keyboard = new Keyboard();
  quit = false;
  readonly #frames: Frames;
  readonly #hide: () => void;

  constructor(path: string, columns = 80, rows = 24, kept: KeptMarks = { marks: {}, foreign: false }) {
    this.#frames = new Frames(columns, rows);
    const onQuit = (): void => {
      this.quit = true;
    };
    this.session = new Session(TraceSource.open(path), {
      columns,
      rows,
      kept,
      onQuit,
      onRedraw: () => {},
      onReload: () => {},
    });
    this.#hide = show(this.session, this.#frames, this.keyboard as unknown as NodeJS.ReadStream).hide;
  }

  /** Until nothing is left to do. */
  async settled(): Promise<void> {
    do await new Promise((resolve) => setTimeout(resolve, 5));
    while (!this.session.runner.idle);
    await new Promise((resolve) => setTimeout(resolve, 5));
  }

  /** Presses keys by their names in the table. */
  async press(...keys: readonly string[]): Promise<void> {
    for (const key of keys) {
      this.session.press(key);
      await this.settled();
    }
  }

  async type(text: string): Promise<void> {
    await this.press(...text);
  }

  resize(columns: number, rows: number): void {
    this.#frames.columns = columns;
    this.#frames.rows = rows;
    this.session.resize(columns, rows);
    this.#frames.emit('resize');
  }

  /** The screen with its escape sequences. */
  get raw(): string {
    return this.#frames.last;
  }

  /** The screen as text. */
  get lines(): string[] {
    return stripVTControlCharacters(this.#frames.last).split('\n');
  }

  /** The line under the cursor. */
  get cursor(): string {
    return this.lines.find((line) => line.startsWith('>')) ?? '';
  }

  /** The line below the status line. */
  get said(): string {
    return this.lines.at(-1) ?? '';
  }

  /** What is said of a line that is being typed: behind it, or on lines above it. */
  get told(): string {
    return this.lines.slice(-5).join('\n');
  }

  close(): void {
    this.#hide();
    this.session.close();
  }
}
