import { getHeapSpaceStatistics, setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import type { Runner } from './runner.ts';

/** Milliseconds from one look at the memory in use to the next, and without a key until a pause goes unnoticed. */
const LOOK = 250;
const UNNOTICED = 500;
/** Bytes from which on memory is given back when nobody notices, when nothing is being done, and how much there must be. */
const MUCH = 170e6;
const TOO_MUCH = 255e6;
const WORTH = 20e6;
/** Bytes for young objects: V8 would take 128 MiB and keep them; with less than this it has much more to do. */
const YOUNG = 4 * 2 ** 20;

setFlagsFromString('--expose-gc');
const collectGarbage = runInNewContext('gc') as (() => void) | undefined;

/** Ends the growth of the space for young objects once it is large enough. */
export function keepYoungSmall(): void {
  const young = getHeapSpaceStatistics().find(({ space_name }) => space_name === 'new_space');
  if (young !== undefined && young.space_size >= YOUNG) setFlagsFromString('--semi-space-growth-factor=1');
}

/**
 * Large pieces of the trace pass through memory, and V8 would let what is left of them pile up far beyond what is in use.
 * Gives them back in the pauses that a user makes. Returns what ends it.
 */
export function keepMemoryLow(runner: Runner): () => void {
  let least = 0;
  const timer = setInterval(() => {
    keepYoungSmall();
    const used = process.memoryUsage.rss();
    least = Math.min(least, used);
    if (runner.busy || used < MUCH || used < least + WORTH) return;
    if (used < TOO_MUCH && runner.quietFor < UNNOTICED) return;
    collectGarbage?.();
    least = process.memoryUsage.rss();
  }, LOOK);
  return () => clearInterval(timer);
}
