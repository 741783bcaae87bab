import { ABI, CAPTURE_KIND, RECORD_FLAG } from '../emu/monitor-layout.ts';
import { SIGNAL_FRAME, SIGNAL_FRAME32, SIGNAL_INFO_FRAME32, type SignalFrame } from '../guest/linux/signal-frame.ts';
import { type Abi, amd64Syscalls, i386Syscall, type Syscall } from '../guest/linux/signature.ts';
import { EVENT_KIND, REGISTER } from '../trace/event.ts';
import { Call, type EventRef, type Outcome } from './calls.ts';

/** A signal that was delivered to a handler when a call returned. */
export interface SignalDelivery {
  readonly kind: 'signal';
  readonly event: EventRef;
  readonly task: bigint;
  readonly number: number;
  /** struct siginfo as the kernel wrote it to the frame; undefined where the handler did not ask for it. */
  readonly siginfo: Uint8Array | undefined;
  readonly abi: Abi;
}

export type Step =
  | { readonly kind: 'entry'; readonly call: Call; readonly task: bigint }
  | { readonly kind: 'return'; readonly call: Call; readonly task: bigint }
  /** The first return of a task that never entered: the child of a fork or clone. */
  | { readonly kind: 'first'; readonly event: EventRef; readonly task: bigint }
  | { readonly kind: 'orphan'; readonly event: EventRef; readonly task: bigint }
  | { readonly kind: 'task'; readonly event: EventRef; readonly task: bigint }
  | SignalDelivery;

/** What could not be put together, counted. */
export interface PairingCounts {
  /** Returns without an entry (recording began inside the call). */
  orphanReturns: number;
  /** Entries of a task whose call before was never seen to return. */
  lostReturns: number;
}

const NO_RETURN = new Set(['exit', 'exit_group']);
const SIGNAL_RETURN = new Set(['rt_sigreturn', 'sigreturn']);
/** Number of restart_syscall in each table. */
const RESTART_NUMBER = { narrow: 0, wide: 219 } as const;
/** Calls that end with ERESTARTNOHAND when interrupted: they are restarted only if no handler ran. */
const NO_HAND = new Set(['pause', 'rt_sigsuspend', 'ppoll', 'select', 'pselect6', 'msgrcv', 'msgsnd', 'futex_waitv', 'sigsuspend', '_newselect', 'ppoll_time64', 'pselect6_time64']); // biome-ignore format: a list
const RESTART_BLOCK = new Set(['nanosleep', 'clock_nanosleep', 'poll', 'futex', 'restart_syscall', 'clock_nanosleep_time64', 'futex_time64']); // biome-ignore format: a list
/** Calls that are not restarted whatever the handler says: their EINTR is the kernel's own. */
// biome-ignore format: a list
const NEVER_RESTARTED = new Set(['epoll_wait', 'epoll_pwait', 'epoll_pwait2', 'rt_sigtimedwait', 'semop', 'semtimedop', 'io_getevents', 'io_pgetevents', 'io_uring_enter', 'close', 'rt_sigreturn', 'sigreturn', 'rt_sigtimedwait_time64', 'semtimedop_time64', 'io_pgetevents_time64']);
const EINTR = 4;
const RESTART = { sys: 512, noHand: 514, block: 516 } as const;

/** Pairs entries and returns per task; steps come out in the order of the trace. */
export class Pairing {
  readonly counts: PairingCounts = { orphanReturns: 0, lostReturns: 0 };
  readonly #pending = new Map<bigint, Call>();
  /** Stack of each task's handler that was entered last, until its next call. */
  readonly #handlers = new Map<bigint, bigint>();
  #sequence = 0;

  /** Ends the call of a task that was killed in it; undefined when it was in none. */
  abandon(task: bigint): Call | undefined {
    const call = this.#pending.get(task);
    if (call === undefined) return undefined;
    this.#pending.delete(task);
    call.outcome = { kind: 'never' };
    return call;
  }

  /** Tasks that are in a call. */
  get pendingTasks(): Iterable<bigint> {
    return this.#pending.keys();
  }

  /** Feeds one event; every step that follows from it is given to `emit`. */
  feed(event: EventRef, emit: (step: Step) => void): void {
    const { chunk, row } = event;
    const kind = chunk.kind(row);
    const task = chunk.task(row);
    if (kind === EVENT_KIND.callEntry) this.#enter(event, task, emit);
    else if (kind === EVENT_KIND.callReturn) this.#leave(event, task, emit);
    else if (kind === EVENT_KIND.task) emit({ kind: 'task', event, task });
  }

  #enter(event: EventRef, task: bigint, emit: (step: Step) => void): void {
    if (this.#pending.delete(task)) this.counts.lostReturns++;
    const number = event.chunk.detail(event.row);
    const call = new Call(this.#sequence++, event, number, syscallOf(event, number));
    if (SIGNAL_RETURN.has(call.name)) call.signalMask = maskOf(event, returnedFrame(call));
    this.#handlers.delete(task);
    if (NO_RETURN.has(call.name)) call.outcome = { kind: 'never' };
    else this.#pending.set(task, call);
    emit({ kind: 'entry', call, task });
  }

  #leave(event: EventRef, task: bigint, emit: (step: Step) => void): void {
    const call = this.#pending.get(task);
    if (call === undefined) {
      const frame = signalFrame(event);
      if (frame !== undefined) {
        this.#deliver(event, task, frame, emit);
        return;
      }
      const first = (event.chunk.flags(event.row) & RECORD_FLAG.firstReturn) !== 0;
      if (!first) this.counts.orphanReturns++;
      emit({ kind: first ? 'first' : 'orphan', event, task });
      return;
    }
    this.#pending.delete(task);
    const frame = signalFrame(event);
    call.exit = event;
    call.outcome = frame === undefined ? plainOutcome(call, event) : outcomeFromFrame(call, frame);
    emit({ kind: 'return', call, task });
    if (frame !== undefined) this.#deliver(event, task, frame, emit);
  }

  /** A handler is entered. When its first instruction faults it is entered again, with nothing done in between. */
  #deliver(event: EventRef, task: bigint, { layout, bytes }: Frame, emit: (step: Step) => void): void {
    const stack = event.chunk.register(event.row, REGISTER.rsp);
    if (this.#handlers.get(task) === stack) return;
    this.#handlers.set(task, stack);
    const number =
      layout.number === undefined ? event.chunk.registerLow(event.row, REGISTER.rdi) : word32(bytes, layout.number);
    const siginfo =
      layout.siginfo === undefined ? undefined : bytes.subarray(layout.siginfo, layout.siginfo + SIGINFO_BYTES);
    emit({ kind: 'signal', event, task, number, siginfo, abi: layout.word === 8 ? 'linux64' : 'linux32' });
  }
}

const SIGINFO_BYTES = 128;

/** What the table of its ABI says of a call. */
function syscallOf({ chunk, row }: EventRef, number: number): Syscall | undefined {
  switch (chunk.abi(row)) {
    case ABI.linux64:
      return amd64Syscalls().get(number);
    case ABI.linux32:
      return i386Syscall(number, chunk.registerLow(row, REGISTER.rbx));
    default:
      return undefined;
  }
}

interface Frame {
  readonly layout: SignalFrame;
  readonly bytes: Uint8Array;
}

const word32 = (bytes: Uint8Array, at: number): number =>
  new DataView(bytes.buffer, bytes.byteOffset, bytes.length).getUint32(at, true);

const frameBytes = ({ chunk, row }: EventRef): Uint8Array | undefined => {
  for (let i = 0; i < chunk.captureCount(row); i++) {
    const { kind, bytes } = chunk.capture(row, i);
    if (kind === CAPTURE_KIND.signalFrame) return bytes;
  }
  return undefined;
};

/** The frame of a handler that starts with this return. */
function signalFrame(event: EventRef): Frame | undefined {
  const bytes = frameBytes(event);
  if (bytes === undefined) return undefined;
  const layout = frameLayout(bytes, event.chunk.register(event.row, REGISTER.rsp), event.chunk.rip(event.row));
  return bytes.length >= layout.end ? { layout, bytes } : undefined;
}

/** A 32-bit program has all its addresses below 4 GiB; a 64-bit one, whatever calls it makes, not its stack. */
function frameLayout(bytes: Uint8Array, stack: bigint, rip: bigint): SignalFrame {
  const { contextPointer, context } = SIGNAL_INFO_FRAME32;
  if ((stack | rip) >> 32n !== 0n || bytes.length < context) return SIGNAL_FRAME;
  const informed = BigInt(word32(bytes, contextPointer)) === stack + BigInt(context);
  return informed ? SIGNAL_INFO_FRAME32 : SIGNAL_FRAME32;
}

/** What sigreturn and rt_sigreturn take down. */
function returnedFrame(call: Call): SignalFrame {
  if (!call.narrow) return SIGNAL_FRAME;
  return call.name === 'sigreturn' ? SIGNAL_FRAME32 : SIGNAL_INFO_FRAME32;
}

function maskOf(event: EventRef, { mask, end }: SignalFrame): Uint8Array | undefined {
  const bytes = frameBytes(event);
  if (bytes === undefined || bytes.length < end) return undefined;
  return Uint8Array.from(mask.flatMap((at) => [...bytes.subarray(at, at + 4)]));
}

/** Errors are -4095 to -1 (include/linux/err.h); of 32-bit calls only the low half counts. */
function fromValue(low: number, high: number, narrow: boolean): Outcome {
  if ((narrow || high === 0xffff_ffff) && low >= 0xffff_f001) return { kind: 'error', errno: -(low | 0) };
  return { kind: 'value', low, high: narrow ? 0 : high };
}

function plainOutcome(call: Call, { chunk, row }: EventRef): Outcome {
  const low = chunk.registerLow(row, REGISTER.rax);
  const high = chunk.registerHigh(row, REGISTER.rax);
  if ((chunk.flags(row) & RECORD_FLAG.restarted) !== 0 && !SIGNAL_RETURN.has(call.name)) {
    const restart = call.narrow ? RESTART_NUMBER.narrow : RESTART_NUMBER.wide;
    return { kind: 'restart', errno: low === restart ? RESTART.block : restartErrno(call) };
  }
  return fromValue(low, high, call.narrow);
}

const TIMER_ABSTIME = 1;

function restartErrno(call: Call): number {
  const absolute = call.name.startsWith('clock_nanosleep') && (call.low(1) & TIMER_ABSTIME) !== 0;
  return absolute || NO_HAND.has(call.name) ? RESTART.noHand : RESTART.sys;
}

/**
 * A handler runs: the call's result is in the saved context. Saved RIP back at the call means that it will be restarted
 * after the handler; EINTR of calls that could have been restarted is shown as the kernel's own reason, as a tracer
 * that stops before the handler sees it.
 */
function outcomeFromFrame(call: Call, { layout, bytes }: Frame): Outcome {
  const narrow = layout.word === 4;
  const high = (at: number): number => (narrow ? 0 : word32(bytes, at + 4));
  const rip = (BigInt(high(layout.rip)) << 32n) | BigInt(word32(bytes, layout.rip));
  if (rip === call.restartRip) return { kind: 'restart', errno: restartErrno(call) };
  const outcome = fromValue(word32(bytes, layout.result), high(layout.result), narrow);
  if (outcome.kind !== 'error' || outcome.errno !== EINTR) return outcome;
  if (restartErrno(call) === RESTART.noHand) return { kind: 'restart', errno: RESTART.noHand };
  const endless = call.name.startsWith('futex') && call.low(3) === 0 && call.high(3) === 0;
  if (RESTART_BLOCK.has(call.name) && !endless) return { kind: 'restart', errno: RESTART.block };
  return NEVER_RESTARTED.has(call.name) ? outcome : { kind: 'restart', errno: RESTART.sys };
}
