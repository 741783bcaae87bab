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

const SIGSYS = 31;
const ERESTARTNOHAND = 514;
/** Calls that end by a signal only: where none has a handler, the kernel would have begun them anew. */
const PAUSES = new Set(['pause', 'rt_sigsuspend', 'sigsuspend']);

/** `signal`: what ended its process, 0 if it was none. `alone`: it had no other thread that the signal may have been for. */
export function endingOf(call: Call, signal: number, alone: boolean): Ending {
  const sent = KILLS[call.name];
  if (sent !== undefined && signal !== 0 && signal !== SIGKILL && call.low(sent) === signal) {
    return { outcome: 'value', errno: 0 };
  }
  // A filter of seccomp that ends a process does so before the call.
  if (alone && signal !== 0 && signal !== SIGKILL && signal !== SIGSYS && PAUSES.has(call.name)) {
    return { outcome: 'restart', errno: ERESTARTNOHAND };
  }
  if (signal === SIGPIPE && WRITES.has(call.name)) return { outcome: 'error', errno: EPIPE };
  return { outcome: 'never', errno: 0 };
}
