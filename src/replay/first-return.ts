import { RECORD_FLAG } from '../emu/monitor-layout.ts';
import type { EventChunk } from '../trace/event-chunk.ts';

/** From this version on a thread's execve returns from execve; before it is a first return. */
const TOLD_SINCE = 3;

/**
 * Whether returns at a site of a chunk are tasks' first ones, which end no call: what is pending under such a task's pointer is
 * another's, which was killed in it. Of older traces nobody knows.
 */
export function isFirstReturn({ sites, minor }: EventChunk, site: number): boolean {
  return minor >= TOLD_SINCE && (sites.flags[site]! & RECORD_FLAG.firstReturn) !== 0;
}
