import { TraceModel } from '../../model/trace-model.ts';
import { TABLES } from '../../schema.ts';
import { Maker } from '../chunk-work.ts';
import { loadSource } from '../index.ts';
import { RowBuffer, type RowSource } from '../row-buffer.ts';
import { CrewControl } from './control.ts';
import type { CrewMessage, CrewStart } from './messages.ts';
import { packRows, type RowMessage, sizeOf } from './row-message.ts';

/** Works until there is nothing left to do, or nobody wants it. */
export async function work(start: CrewStart): Promise<void> {
  const control = CrewControl.join(start.control);
  const model = TraceModel.open(start.path);
  try {
    const source = await loadSource(start.table, new Set(start.columns), model);
    const rows = new RowBuffer(TABLES[start.table], start.columns, shared);
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

const shared = (bytes: number): Uint8Array => new Uint8Array(new SharedArrayBuffer(bytes));

class Helper {
  readonly #start: CrewStart;
  readonly #control: CrewControl;
  readonly #model: TraceModel;
  readonly #maker: Maker;
  /** Rows that were sent, by place in `wanted`: their memory is used again. */
  readonly #sent = new Map<number, RowSource>();
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
    const rows = made && this.#pack(i);
    const kibibytes = rows === undefined ? 0 : sizeOf(rows) >> 10;
    const message: CrewMessage = { i, kibibytes, rows, loose: made?.loose, damaged: this.#damaged() };
    this.#control.made(kibibytes);
    this.#start.port.postMessage(message);
    this.#control.arrived();
  }

  #pack(i: number): RowMessage {
    const [spare] = [...this.#sent].filter(([sent]) => this.#control.isFinished(sent));
    if (spare !== undefined) this.#sent.delete(spare[0]);
    const rows = this.#maker.rows.detach(spare?.[1]);
    this.#sent.set(i, rows);
    return packRows(rows);
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
