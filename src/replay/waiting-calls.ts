import { MECHANISM } from '../emu/monitor-layout.ts';
import { REGISTER } from '../trace/event.ts';
import type { EventChunk } from '../trace/event-chunk.ts';
import type { Call } from './calls.ts';

/** Calls whose return is waited for at most; the oldest stay unfinished. */
const MOST = 256;
/** The longest instruction (SDM volume 2, 2.3.11). */
const LONGEST = 15n;
/** Bytes of parameters that a call gate copies, and that the return releases, at most (SDM volume 3, 5.8.3). */
const PARAMETERS = 31n * 4n;

/**
 * Calls of tasks that nobody can tell apart: a return belongs to the one behind whose instruction it goes on, on the
 * same stack and with the same page tables.
 */
export class WaitingCalls {
  readonly #calls: Call[] = [];

  add(call: Call): void {
    this.#calls.push(call);
    if (this.#calls.length > MOST) this.#calls.shift();
  }

  /** The latest that a return can be the end of. */
  take(chunk: EventChunk, row: number): Call | undefined {
    const index = this.#calls.findLastIndex((call) => mayEnd(call, chunk, row));
    return index < 0 ? undefined : this.#calls.splice(index, 1)[0];
  }
}

function mayEnd(call: Call, chunk: EventChunk, row: number): boolean {
  const behind = chunk.rip(row) - call.chunk.rip(call.row);
  const released = chunk.register(row, REGISTER.rsp) - call.chunk.register(call.row, REGISTER.rsp);
  const most = call.chunk.mechanism(call.row) === MECHANISM.callGate ? PARAMETERS : 0n;
  if (behind <= 0n || behind > LONGEST || released < 0n || released > most) return false;
  return call.chunk.register(call.row, REGISTER.cr3) === chunk.register(row, REGISTER.cr3);
}
