import type { Effect } from './effect.ts';
import type { ListName, ViewState } from './state.ts';

/** What the reducer must know of what is shown. */
export interface Facts {
  /** Lines of each list. */
  readonly lengths: Readonly<Record<ListName, number>>;
}

/** What a key leads to. */
export interface Outcome {
  readonly state: ViewState;
  readonly effects: readonly Effect[];
}
