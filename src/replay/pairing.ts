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
const NO_HAND = new Set(['pause', 'rt_sigsuspend', 'ppoll', 'select', 'pselect6', 'epoll_pwait', 'futex_waitv']);
const RESTART_BLOCK = new Set(['nanosleep', 'clock_nanosleep', 'poll', 'futex', 'restart_syscall']);
const EINTR = 4;
const RESTART = { sys: 512, noHand: 514, block: 516 } as const;

/** Pairs the entries and returns of each task. */
export class Pairing {
  /** Entries so far. */
  #sequence = 0;

  /** Entries that are passed over still count. */
  skip(entries: number): void {
    this.#sequence += entries;
  }

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
    if (number === NR.rtSigreturn) call.signalMask = leaveFrame(task, chunk, row);
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
    const frame = isDiverted(chunk, row) ? signalFrame(chunk, row) : undefined;
    if (frame === undefined) plainOutcome(call, chunk, row);
    else outcomeFromFrame(call, frame);
    return call;
  }

  /** The signal for whose handler a call's return was diverted. */
  deliver(task: Task, chunk: EventChunk, row: number): SignalDelivery | undefined {
    const frame = isDiverted(chunk, row) ? signalFrame(chunk, row) : undefined;
    if (frame === undefined) return undefined;
    task.signalFrames.set(chunk.register(row, REGISTER.rsp), frame.bytes.slice(FRAME.mask, FRAME.siginfo));
    const number = chunk.registerLow(row, REGISTER.rdi);
    return { number, chunk, row, siginfo: frame.bytes.subarray(FRAME.siginfo, FRAME.end) };
  }
}

/** rt_sigreturn runs with the return address popped: the frame starts 8 bytes below. */
function leaveFrame(task: Task, chunk: EventChunk, row: number): Uint8Array | undefined {
  const address = chunk.register(row, REGISTER.rsp) - 8n;
  const mask = task.signalFrames.get(address);
  task.signalFrames.delete(address);
  return mask;
}

/** A handler or another program runs, or the call is made again: only then is there a signal frame to look for. */
function isDiverted(chunk: EventChunk, row: number): boolean {
  return (chunk.flags(row) & RECORD_FLAG.ripDiffers) !== 0;
}

function signalFrame(chunk: EventChunk, row: number): CallCapture | undefined {
  const columns = chunk.captureColumns;
  for (let i = columns.first[row]!, end = columns.first[row + 1]!; i < end; i++) {
    if (columns.shapes.kind[columns.shape[i]!] !== CAPTURE_KIND.signalFrame) continue;
    if (columns.length[i]! >= FRAME.end) return new CallCapture(columns, i);
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
  if (restartErrno(call) === RESTART.noHand) fail(call, 'restart', RESTART.noHand);
  else if (RESTART_BLOCK.has(call.name)) fail(call, 'restart', RESTART.block);
}
