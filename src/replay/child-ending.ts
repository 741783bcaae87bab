/** How a child ended, as a call that waited for it was told. */
import type { Call } from './calls.ts';

export interface ChildEnding {
  /** The child's number, as the caller's namespace has it. */
  readonly number: number;
  /** Of its exit; undefined: a signal ended it. */
  readonly status: number | undefined;
  readonly signal: number | undefined;
  /** It left a core dump. */
  readonly dumped: boolean;
}

/** Low bits of a wait status: the signal that ended the process, or that it only stopped or goes on. */
const STATUS_SIGNAL = 0x7f;
const STATUS_STOPPED = 0x7f;
const STATUS_DUMPED = 0x80;
const STATUS_CONTINUED = 0xffff;
const CHILD = { exited: 1, killed: 2, dumped: 3 } as const;
/** Places in the siginfo of a child. */
const SIGINFO = { code: 8, pid: 16, status: 24, end: 28 } as const;
const SIGINFO32 = { code: 8, pid: 12, status: 20, end: 24 } as const;

/** Calls that wait for a child. */
export const WAITS: ReadonlySet<string> = new Set(['wait4', 'waitpid', 'waitid']);

/** undefined: it was told of none that ended, or not how. */
export function childEnding(call: Call): ChildEnding | undefined {
  return call.name === 'waitid' ? fromInfo(call) : fromStatus(call);
}

function fromStatus(call: Call): ChildEnding | undefined {
  const status = call.capture(1, 'exit');
  if (call.result === 0 || status === undefined || status.length < 4) return undefined;
  const value = status.view.getUint32(status.start, true);
  const signal = value & STATUS_SIGNAL;
  if (signal === STATUS_STOPPED || value === STATUS_CONTINUED) return undefined;
  const number = call.result;
  if (signal === 0) return { number, status: (value >> 8) & 255, signal: undefined, dumped: false };
  return { number, status: undefined, signal, dumped: (value & STATUS_DUMPED) !== 0 };
}

function fromInfo(call: Call): ChildEnding | undefined {
  const info = call.capture(2, 'exit');
  const at = call.narrow ? SIGINFO32 : SIGINFO;
  if (info === undefined || info.length < at.end) return undefined;
  const word = (place: number): number => info.view.getInt32(info.start + place, true);
  const [number, code, told] = [word(at.pid), word(at.code), word(at.status)];
  if (code === CHILD.exited) return { number, status: told & 255, signal: undefined, dumped: false };
  if (code !== CHILD.killed && code !== CHILD.dumped) return undefined;
  return { number, status: undefined, signal: told, dumped: code === CHILD.dumped };
}
