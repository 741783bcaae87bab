import { CAPTURE_KIND, RECORD_FLAG } from '../emu/monitor-layout.ts';
import { SIGNAL_FRAME as FRAME } from '../guest/linux/signal-frame.ts';
import { amd64Syscalls } from '../guest/linux/signature.ts';
import { EVENT_KIND, REGISTER } from '../trace/event.ts';
import { Call, type EventRef, type Outcome } from './calls.ts';

/** A signal that was delivered to a handler when a call returned. */
export interface SignalDelivery {
  readonly kind: 'signal';
  readonly event: EventRef;
  readonly task: bigint;
  readonly number: number;
  /** struct siginfo as the kernel wrote it to the frame. */
  readonly siginfo: Uint8Array;
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

const SYSCALLS = amd64Syscalls();
const NO_RETURN = new Set(['exit', 'exit_group']);
const NR = { rtSigreturn: 15, restart: 219 } as const;
/** Calls that end with ERESTARTNOHAND when interrupted: they are restarted only if no handler ran. */
const NO_HAND = new Set(['pause', 'rt_sigsuspend', 'ppoll', 'select', 'pselect6', 'msgrcv', 'msgsnd', 'futex_waitv']);
const RESTART_BLOCK = new Set(['nanosleep', 'clock_nanosleep', 'poll', 'futex', 'restart_syscall']);
/** Calls that are not restarted whatever the handler says: their EINTR is the kernel's own. */
// biome-ignore format: a list
const NEVER_RESTARTED = new Set(['epoll_wait', 'epoll_pwait', 'epoll_pwait2', 'rt_sigtimedwait', 'semop', 'semtimedop', 'io_getevents', 'io_pgetevents', 'io_uring_enter', 'close', 'rt_sigreturn']);
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
    const call = new Call(this.#sequence++, event, number, SYSCALLS.get(number));
    if (number === NR.rtSigreturn) call.signalMask = signalFrame(event)?.slice(FRAME.mask, FRAME.siginfo);
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
  #deliver(event: EventRef, task: bigint, frame: Uint8Array, emit: (step: Step) => void): void {
    const stack = event.chunk.register(event.row, REGISTER.rsp);
    if (this.#handlers.get(task) === stack) return;
    this.#handlers.set(task, stack);
    const number = event.chunk.registerLow(event.row, REGISTER.rdi);
    emit({ kind: 'signal', event, task, number, siginfo: frame.subarray(FRAME.siginfo, FRAME.end) });
  }
}

function signalFrame({ chunk, row }: EventRef): Uint8Array | undefined {
  for (let i = 0; i < chunk.captureCount(row); i++) {
    const capture = chunk.capture(row, i);
    if (capture.kind === CAPTURE_KIND.signalFrame && capture.bytes.length >= FRAME.end) return capture.bytes;
  }
  return undefined;
}

/** Errors are -4095 to -1 (include/linux/err.h). */
function fromValue(low: number, high: number): Outcome {
  if (high === 0xffff_ffff && low >= 0xffff_f001) return { kind: 'error', errno: -(low | 0) };
  return { kind: 'value', low, high };
}

function plainOutcome(call: Call, { chunk, row }: EventRef): Outcome {
  const low = chunk.registerLow(row, REGISTER.rax);
  const high = chunk.registerHigh(row, REGISTER.rax);
  if ((chunk.flags(row) & RECORD_FLAG.restarted) !== 0 && call.number !== NR.rtSigreturn) {
    return { kind: 'restart', errno: low === NR.restart ? RESTART.block : restartErrno(call) };
  }
  return fromValue(low, high);
}

const TIMER_ABSTIME = 1;

function restartErrno(call: Call): number {
  if (call.name === 'clock_nanosleep' && (call.low(1) & TIMER_ABSTIME) !== 0) return RESTART.noHand;
  if (NO_HAND.has(call.name)) return RESTART.noHand;
  return RESTART.sys;
}

/**
 * A handler runs: the call's result is in the saved context. Saved RIP back at the call means that it will be restarted
 * after the handler; EINTR of calls that could have been restarted is shown as the kernel's own reason, as a tracer
 * that stops before the handler sees it.
 */
function outcomeFromFrame(call: Call, frame: Uint8Array): Outcome {
  const view = new DataView(frame.buffer, frame.byteOffset, frame.length);
  if (view.getBigUint64(FRAME.rip, true) === call.entry.chunk.rip(call.entry.row)) {
    return { kind: 'restart', errno: restartErrno(call) };
  }
  const outcome = fromValue(view.getUint32(FRAME.rax, true), view.getUint32(FRAME.rax + 4, true));
  if (outcome.kind !== 'error' || outcome.errno !== EINTR) return outcome;
  if (restartErrno(call) === RESTART.noHand) return { kind: 'restart', errno: RESTART.noHand };
  const endless = call.name === 'futex' && call.low(3) === 0 && call.high(3) === 0;
  if (RESTART_BLOCK.has(call.name) && !endless) return { kind: 'restart', errno: RESTART.block };
  return NEVER_RESTARTED.has(call.name) ? outcome : { kind: 'restart', errno: RESTART.sys };
}
