import { CAPTURE_KIND, RECORD_FLAG } from '../emu/monitor-layout.ts';
import { SIGNAL_FRAME as FRAME } from '../guest/linux/signal-frame.ts';
import { amd64Syscalls } from '../guest/linux/signature.ts';
import { REGISTER } from '../trace/event.ts';
import type { EventChunk } from '../trace/event-chunk.ts';
import { Call, CallCapture } from './calls.ts';
import type { Task } from './task-table.ts';

/** A signal that was delivered to a handler when a call returned. */
export interface SignalDelivery {
  readonly number: number;
  /** The return at which it was delivered. */
  readonly chunk: EventChunk;
  readonly row: number;
  /** struct siginfo as the kernel wrote it to the frame. */
  readonly siginfo: Uint8Array;
}

const SYSCALLS = amd64Syscalls();
const NR = { rtSigreturn: 15, exit: 60, restart: 219, exitGroup: 231 } as const;
/** Calls that end with ERESTARTNOHAND when interrupted: they are restarted only if no handler ran. */
const NO_HAND = new Set(['pause', 'rt_sigsuspend', 'ppoll', 'select', 'pselect6', 'msgrcv', 'msgsnd', 'futex_waitv']);
const RESTART_BLOCK = new Set(['nanosleep', 'clock_nanosleep', 'poll', 'futex', 'restart_syscall']);
/** Calls that are not restarted whatever the handler says: their EINTR is the kernel's own. */
// biome-ignore format: a list
const NEVER_RESTARTED = new Set(['epoll_wait', 'epoll_pwait', 'epoll_pwait2', 'rt_sigtimedwait', 'semop', 'semtimedop', 'io_getevents', 'io_pgetevents', 'io_uring_enter', 'close', 'rt_sigreturn']);
const EINTR = 4;
const RESTART = { sys: 512, noHand: 514, block: 516 } as const;

/** Pairs the entries and returns of each task. */
export class Pairing {
  /** Entries so far. */
  #sequence = 0;

  /** Ends the call of a task that was killed in it; undefined when it was in none. */
  abandon(task: Task): Call | undefined {
    const call = task.pending;
    if (call === undefined) return undefined;
    task.pending = undefined;
    call.outcome = 'never';
    return call;
  }

  enter(task: Task, chunk: EventChunk, row: number): Call {
    const number = chunk.detail(row);
    const call = new Call(this.#sequence++, chunk, row, number, SYSCALLS.get(number));
    task.handlerStack = undefined;
    if (number === NR.rtSigreturn) call.signalMask = signalFrame(chunk, row)?.bytes.slice(FRAME.mask, FRAME.siginfo);
    if (number === NR.exit || number === NR.exitGroup) {
      call.outcome = 'never';
      task.pending = undefined;
    } else task.pending = call;
    return call;
  }

  /** undefined: it never entered (a child's first return), or before the recording began. */
  leave(task: Task, chunk: EventChunk, row: number): Call | undefined {
    const call = task.pending;
    if (call === undefined) return undefined;
    task.pending = undefined;
    call.exitChunk = chunk;
    call.exitRow = row;
    const frame = signalFrame(chunk, row);
    if (frame === undefined) plainOutcome(call, chunk, row);
    else outcomeFromFrame(call, frame);
    return call;
  }

  /**
   * The signal for whose handler a return was diverted. When the handler's first instruction faults it is entered
   * again, with nothing done in between.
   */
  deliver(task: Task, chunk: EventChunk, row: number): SignalDelivery | undefined {
    const frame = signalFrame(chunk, row);
    if (frame === undefined) return undefined;
    const stack = chunk.register(row, REGISTER.rsp);
    if (task.handlerStack === stack) return undefined;
    task.handlerStack = stack;
    const number = chunk.registerLow(row, REGISTER.rdi);
    return { number, chunk, row, siginfo: frame.bytes.subarray(FRAME.siginfo, FRAME.end) };
  }
}

function signalFrame(chunk: EventChunk, row: number): CallCapture | undefined {
  const columns = chunk.captureColumns;
  for (let i = columns.first[row]!, end = columns.first[row + 1]!; i < end; i++) {
    if (columns.shapes.kind[columns.shape[i]!] !== CAPTURE_KIND.signalFrame) continue;
    if (columns.length[i]! >= FRAME.end) return new CallCapture(chunk, i);
  }
  return undefined;
}

function fail(call: Call, outcome: 'error' | 'restart', errno: number): void {
  call.outcome = outcome;
  call.errno = errno;
}

/** Errors are -4095 to -1 (include/linux/err.h). */
function fromValue(call: Call, low: number, high: number): void {
  if (high === 0xffff_ffff && low >= 0xffff_f001) {
    fail(call, 'error', -(low | 0));
    return;
  }
  call.outcome = 'value';
  call.result = low;
  call.resultHigh = high;
}

function plainOutcome(call: Call, chunk: EventChunk, row: number): void {
  const low = chunk.registerLow(row, REGISTER.rax);
  if ((chunk.flags(row) & RECORD_FLAG.restarted) !== 0 && call.number !== NR.rtSigreturn) {
    fail(call, 'restart', low === NR.restart ? RESTART.block : restartErrno(call));
  } else fromValue(call, low, chunk.registerHigh(row, REGISTER.rax));
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
function outcomeFromFrame(call: Call, { view, start }: CallCapture): void {
  if (view.getBigUint64(start + FRAME.rip, true) === call.chunk.rip(call.row)) {
    fail(call, 'restart', restartErrno(call));
    return;
  }
  fromValue(call, view.getUint32(start + FRAME.rax, true), view.getUint32(start + FRAME.rax + 4, true));
  if (call.outcome !== 'error' || call.errno !== EINTR) return;
  const endless = call.name === 'futex' && call.isNull(3);
  if (restartErrno(call) === RESTART.noHand) fail(call, 'restart', RESTART.noHand);
  else if (RESTART_BLOCK.has(call.name) && !endless) fail(call, 'restart', RESTART.block);
  else if (!NEVER_RESTARTED.has(call.name)) fail(call, 'restart', RESTART.sys);
}
