import type { Job } from '../analyze/model/job.ts';
import type { EventList } from './event-list.ts';
import type { TraceSource } from './source/trace-source.ts';
import type { Input } from './state/reducer.ts';
import type { Typed, ViewState } from './state/state.ts';

/** A session as its parts know it: what is shown of which trace, and ways to change that. */
export interface Stage {
  readonly source: TraceSource;
  readonly events: EventList;
  readonly state: ViewState;
  dispatch(input: Input): void;
  /** Tells the user something, until the next key. */
  say(text: string, bad?: boolean): void;
  /** Tells why what was typed makes no sense, and lets the user mend it. */
  refuse(typed: Typed, why: string): void;
  /** Starts what the user waits for, in the place of what was under way; errors of the user are told. */
  want(job: Job<void>, what: string): void;
  /** There is something else to show. */
  changed(): void;
}
