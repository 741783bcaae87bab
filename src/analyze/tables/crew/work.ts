import { TraceModel } from '../../model/trace-model.ts';
import { TABLES } from '../../schema.ts';
import { Maker } from '../chunk-work.ts';
import { loadSource } from '../index.ts';
import { RowBuffer } from '../row-buffer.ts';
import { CrewControl } from './control.ts';
import type { CrewMessage, CrewStart } from './messages.ts';
import { memoryOf, packRows, sizeOf } from './row-message.ts';

/** Works until there is nothing left to do, or nobody wants it. */
export async function work(start: CrewStart): Promise<void> {
  const control = new CrewControl(start.control);
  const model = TraceModel.open(start.path);
  try {
    const source = await loadSource(start.table, new Set(start.columns), model);
    const rows = new RowBuffer(TABLES[start.table], start.columns);
    const { constraints, wholeGuest } = start;
    const chunkWork = source.work!({ model, constraints, wholeGuest }, rows);
    const helper = new Helper(start, control, model, new Maker(model.reader, chunkWork, rows));
    while (control.awaitRoom()) {
      const i = control.claim();
      if (i >= start.wanted.length) break;
      helper.make(i);
    }
  } finally {
    model.close();
    start.port.close();
  }
}

class Helper {
  readonly #start: CrewStart;
  readonly #control: CrewControl;
  readonly #model: TraceModel;
  readonly #maker: Maker;
  #findings = 0;

  constructor(start: CrewStart, control: CrewControl, model: TraceModel, maker: Maker) {
    this.#start = start;
    this.#control = control;
    this.#model = model;
    this.#maker = maker;
    this.#findings = model.reader.findings.length;
  }

  make(i: number): void {
    const place = this.#start.wanted[i]!;
    const made = this.#tryMake(place);
    const rows = made && packRows(this.#maker.rows.detach());
    const kibibytes = rows === undefined ? 0 : sizeOf(rows) >> 10;
    const message: CrewMessage = { i, kibibytes, rows, loose: made?.loose, damaged: this.#damaged() };
    this.#control.made(kibibytes);
    this.#start.port.postMessage(message, rows === undefined ? [] : memoryOf(rows));
    this.#control.arrived();
  }

  /** What can't be made here is left to the thread that asks for it, which finds out why. */
  #tryMake(place: number): ReturnType<Maker['make']> {
    try {
      return this.#maker.make(place);
    } catch {
      return undefined;
    }
  }

  #damaged(): number[] {
    const { findings, index } = this.#model.reader;
    if (findings.length === this.#findings) return [];
    this.#findings = findings.length;
    const offsets = new Set(findings.map(({ offset }) => offset));
    return [...index.keys()].filter((place) => offsets.has(index[place]!.offset));
  }
}
