import { both, type EventTest } from '../analyze/model/event-test.ts';
import { parseFilterLine } from './source/filter.ts';
import { eventsWhere } from './source/sql-events.ts';
import type { Stage } from './stage.ts';
import type { Travel } from './travel.ts';

/** Puts filters in force, and the cursor on the nearest event that is still shown. */
export class Filtering {
  readonly #stage: Stage;
  readonly #travel: Travel;
  /** The query that is under way. */
  #asked: symbol | undefined;

  constructor(stage: Stage, travel: Travel) {
    this.#stage = stage;
    this.#travel = travel;
  }

  /** A filter as it is typed. Throws UserError. */
  use(text: string): void {
    const { test, sql } = parseFilterLine(text, this.#stage.source);
    this.#asked = undefined;
    if (sql === undefined) this.#inForce(text, test);
    else this.#ask(text, test, sql);
  }

  /** The same filter, where other kinds of events are shown than before or more is known of them. */
  again(): void {
    this.#stage.events.scope(this.#stage.state);
    this.#settle();
  }

  /** Leaves the query that is under way. Whether there was one. */
  cancel(): boolean {
    const had = this.#asked !== undefined;
    this.#asked = undefined;
    return had;
  }

  #inForce(text: string, test: EventTest): void {
    const stage = this.#stage;
    stage.events.use(test, stage.state);
    stage.dispatch({ type: 'filtered', filter: text });
    if (stage.state.screen !== 'details') stage.dispatch({ type: 'show', screen: 'events' });
    this.#settle();
  }

  #settle(): void {
    this.#stage.want(this.#travel.settle(this.#stage.state.event), 'filtering');
  }

  /** A condition that a query answers, besides a test. What is asked or done in between makes its answer void. */
  #ask(text: string, test: EventTest, sql: string): void {
    const asked = Symbol(sql);
    this.#asked = asked;
    this.#stage.say('asking ...');
    eventsWhere(this.#stage.source.model, sql).then(
      (answer) => {
        if (this.#asked === asked) this.#inForce(text, both(test, answer));
      },
      (error: unknown) => {
        const why = error instanceof Error ? error.message : String(error);
        if (this.#asked === asked) this.#stage.refuse({ kind: 'filter', text }, why);
      },
    );
  }
}
