import type { Nanoseconds } from './units.ts';

const SECOND = 1_000_000_000;

/** How many ticks of a counter of `hertz` (below 9 MHz) have passed at virtual time `now`; exact. */
export function ticksAt(now: Nanoseconds, hertz: number): number {
  const seconds = Math.floor(now / SECOND);
  return seconds * hertz + Math.floor(((now - seconds * SECOND) * hertz) / SECOND);
}

/** The first virtual time at which `ticksAt` gives `tick`; exact. */
export function timeOfTick(tick: number, hertz: number): Nanoseconds {
  const seconds = Math.floor(tick / hertz);
  return seconds * SECOND + Math.ceil(((tick - seconds * hertz) * SECOND) / hertz);
}
