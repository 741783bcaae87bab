import { both, EVERY_EVENT, type EventTest } from '../analyze/model/event-test.ts';
import type { Job } from '../analyze/model/job.ts';
import type { EventLine } from './source/event-line.ts';
import { Sieve } from './source/sieve.ts';
import type { TraceSource } from './source/trace-source.ts';
import type { ViewState } from './state/state.ts';

type Shown = Pick<ViewState, 'commandOnly' | 'returns'>;

/** The events that are shown, and the lines of them that are on the screen. */
export class EventList {
  readonly #source: TraceSource;
  /** Lines on the screen, top down. */
  lines: readonly EventLine[] = [];
  sieve: Sieve;
  #test = EVERY_EVENT;

  constructor(source: TraceSource, shown: Shown) {
    this.#source = source;
    this.sieve = new Sieve(source.model.store, source.shownEvents(shown));
  }

  /** Puts a filter in force. */
  use(test: EventTest, shown: Shown): void {
    this.#test = test;
    this.scope(shown);
  }

  /** Other kinds of events are shown than before, by the same filter. */
  scope(shown: Shown): void {
    this.sieve = new Sieve(this.#source.model.store, both(this.#test, this.#source.shownEvents(shown)));
  }

  /**
   * Makes the lines around an event that is shown, itself on line `line` of `rows` or as near to it as the ends of the
   * list let it be. Gives the line on which it came to stand.
   */
  *fill(event: number, line: number, rows: number): Job<number> {
    const below = yield* this.sieve.near(event, 'forward', rows - line);
    const wanted = line + (rows - line - below.length);
    const above = event === 0 ? [] : yield* this.sieve.near(event - 1, 'backward', wanted);
    const at = above.length;
    const missing = rows - at - below.length;
    const more = missing > 0 && below.length > 0 ? yield* this.sieve.near(below.at(-1)! + 1, 'forward', missing) : [];
    const lines: EventLine[] = [];
    for (const number of [...above.reverse(), ...below, ...more]) {
      const place = this.#source.model.store.at(number);
      if (place !== undefined) lines.push(this.#source.lines.line(place));
      if (lines.length % LINES_A_STEP === 0) yield 1;
    }
    this.lines = lines;
    return at;
  }
}

const LINES_A_STEP = 16;
