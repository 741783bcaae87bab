/** How a call ended of which its task died: it never returned. */
import type { Call, Outcome } from './calls.ts';

export interface Ending {
  readonly outcome: Outcome;
  /** Of an error; else 0. */
  readonly errno: number;
}

/** The one signal that leaves no time to finish the call that sends it. */
const SIGKILL = 9;
/** Calls that send a signal, with the argument that names it. */
const KILLS: Readonly<Record<string, number>> = { kill: 1, tkill: 1, tgkill: 2 };

const SIGPIPE = 13;
const EPIPE = 32;
/** Calls that send SIGPIPE to their own task when nobody is left to read. */
const WRITES = new Set(['write', 'writev', 'pwritev2', 'sendto', 'sendmsg', 'sendmmsg', 'send', 'sendfile', 'splice', 'vmsplice', 'tee']); // biome-ignore format: one row

/** `signal`: what ended its process, 0 if it was none. */
export function endingOf(call: Call, signal: number): Ending {
  const sent = KILLS[call.name];
  if (sent !== undefined && signal !== 0 && signal !== SIGKILL && call.low(sent) === signal) {
    return { outcome: 'value', errno: 0 };
  }
  if (signal === SIGPIPE && WRITES.has(call.name)) return { outcome: 'error', errno: EPIPE };
  return { outcome: 'never', errno: 0 };
}
