import type { Job } from '../analyze/model/job.ts';
import type { Call } from '../replay/calls.ts';
import { EVENT_KIND } from '../trace/event.ts';
import { folded, widthOf } from './components/fit.ts';
import { detailLines } from './source/details.ts';
import { Disassembler } from './source/disassembly.ts';
import type { Stage } from './stage.ts';
import type { StyledLine } from './tone.ts';

const TEXT_INDENT = 2;

/** Behind a label its text stands under itself. */
function indentOf([label]: StyledLine): number {
  return label?.tone === 'dim' ? widthOf(label.text) : TEXT_INDENT;
}

/** All about the event under the cursor, as lines that fit the terminal. */
export class DetailScreen {
  readonly #stage: Stage;
  readonly #disassembler = new Disassembler();
  #known: { readonly event: number; readonly columns: number; readonly lines: readonly StyledLine[] } | undefined;

  constructor(stage: Stage) {
    this.#stage = stage;
  }

  /** Empty while other screens are shown. A return that stands far behind its call comes to it later. */
  get lines(): readonly StyledLine[] {
    const { state, source } = this.#stage;
    const { event, columns } = state;
    if (state.screen !== 'details') return [];
    if (this.#known?.event === event && this.#known.columns === columns) return this.#known.lines;
    this.#disassembler.load(() => {
      this.#known = undefined;
      this.#stage.changed();
    });
    const place = source.model.store.at(event);
    if (place === undefined) return [];
    const kind = place.chunk.kind(place.row);
    const { calls } = source;
    const entry = kind === EVENT_KIND.callEntry ? place : kind === EVENT_KIND.callReturn && calls.entryOf(place, 1);
    const found = entry ? calls.entered(entry, 1) : undefined;
    this.#describe(event, found?.call);
    if (found?.settled === false) this.#stage.want(this.#whole(event), 'looking for the return');
    return this.#known?.lines ?? [];
  }

  #describe(event: number, call: Call | undefined): void {
    const { state, source } = this.#stage;
    const place = source.model.store.at(event);
    if (place === undefined) return;
    const { columns } = state;
    const lines = detailLines(source, this.#disassembler, place, call);
    this.#known = { event, columns, lines: lines.flatMap((line) => folded(line, columns, indentOf(line))) };
  }

  *#whole(event: number): Job<void> {
    const { source } = this.#stage;
    const place = source.model.store.at(event);
    if (place !== undefined) this.#describe(event, yield* source.calls.enteredWhole(place));
  }
}
