import type { ChunkSummary } from '../../trace/summary.ts';
import type { EventPlace } from './chunk-store.ts';

/** Which events are wanted; `mayHold` spares the chunks that can't hold one. */
export interface EventTest {
  readonly mayHold?: (summary: ChunkSummary) => boolean;
  readonly passes: (place: EventPlace) => boolean;
}

export const EVERY_EVENT: EventTest = { passes: () => true };

/** Whether a chunk with this summary may hold an event that passes. */
export const mayHold = (test: EventTest, summary: ChunkSummary): boolean => test.mayHold?.(summary) !== false;

/** Events that pass both. */
export function both(a: EventTest, b: EventTest): EventTest {
  return {
    mayHold: (summary) => mayHold(a, summary) && mayHold(b, summary),
    passes: (place) => a.passes(place) && b.passes(place),
  };
}
