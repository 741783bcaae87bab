import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import type { Session } from './session.ts';

/** Milliseconds from one look at the memory in use to the next, and without a key until a pause goes unnoticed. */
const LOOK = 250;
const UNNOTICED = 500;
/** Bytes from which on memory is given back when nobody notices, when nothing is being done, and how much there must be. */
const MUCH = 170e6;
const TOO_MUCH = 240e6;
const WORTH = 20e6;

// What does not die young are chunks, which are large; what does is small.
setFlagsFromString('--max-semi-space-size=2');
setFlagsFromString('--expose-gc');
const collectGarbage = runInNewContext('gc') as (() => void) | undefined;

/**
 * Large pieces of the trace pass through memory, and V8 would let what is left of them pile up far beyond what is in use.
 * Gives them back in the pauses that a user makes. Returns what ends it.
 */
export function keepMemoryLow(session: Session): () => void {
  let least = 0;
  const timer = setInterval(() => {
    const used = process.memoryUsage.rss();
    least = Math.min(least, used);
    if (session.runner.busy || used < MUCH || used < least + WORTH) return;
    if (used < TOO_MUCH && session.runner.quietFor < UNNOTICED) return;
    collectGarbage?.();
    least = process.memoryUsage.rss();
  }, LOOK);
  return () => clearInterval(timer);
}
