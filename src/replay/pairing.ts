import { CAPTURE_KIND, RECORD_FLAG } from '../emu/monitor-layout.ts';
import { SIGNAL_FRAME, SIGNAL_FRAME32, SIGNAL_INFO_FRAME32, type SignalFrame } from '../guest/linux/signal-frame.ts';
import type { Abi } from '../guest/linux/signature.ts';
import { REGISTER } from '../trace/event.ts';
import type { EventChunk } from '../trace/event-chunk.ts';
import { CallCapture } from './call-captures.ts';
import { CallTables } from './call-tables.ts';
import { Call } from './calls.ts';
import { errorOf } from './errors.ts';
import { isFirstReturn } from './first-return.ts';
import type { Task } from './task-table.ts';
import { WaitingCalls } from './waiting-calls.ts';

/** A signal that was delivered to a handler when a call returned. */
export interface SignalDelivery {
  readonly number: number;
  /** The return at which it was delivered. */
  readonly chunk: EventChunk;
  readonly row: number;
  /** struct siginfo as the kernel wrote it to the frame; undefined where the handler did not ask for it. */
  readonly siginfo: Uint8Array | undefined;
  readonly abi: Abi;
}

const NO_RETURN = new Set(['exit', 'exit_group']);
/** A call that never comes back, as its task does not either. */
export function endsProcess({ name }: Call): boolean {
  return NO_RETURN.has(name);
}

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
/** Privilege level of programs. */
export const USER = 3;
const RESTART = { sys: 512, noHand: 514, block: 516 } as const;

/** Of a system that is not known, so that nobody can tell which of its tasks makes the call. */
function isNobodys({ pointer }: Task, call: Call): boolean {
  return pointer === 0n && call.foreign;
}

/**
 * False where another has got the pointer of a task that was killed in a call: at its first return, and at those from calls
 * that stand in chunks that were passed over.
 */
function mayEndPending({ pending }: Task, chunk: EventChunk, row: number): boolean {
  return !isFirstReturn(chunk, chunk.site[row]!) && pending?.number === chunk.detail(row);
}

/** Pairs the entries and returns of each task. */
export class Pairing {
  /** What the numbers of calls stand for from here on. */
  tables: CallTables;
  /** Entries so far. */
  #sequence = 0;
  readonly #waiting = new WaitingCalls();

  constructor(tables: CallTables = new CallTables()) {
    this.tables = tables;
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
    const call = new Call(this.#sequence++, chunk, row, number, this.tables.of(chunk, row, number));
    if (chunk.cpl(row) !== USER) {
      // The kernel's own INT n: where it comes back nothing is recorded.
      call.outcome = 'never';
      return call;
    }
    task.handlerStack = undefined;
    if (call.name === 'restart_syscall') call.resumes = task.last;
    if (SIGNAL_RETURN.has(call.name)) call.signalMask = maskOf(frameCapture(chunk, row), returnedFrame(call));
    if (endsProcess(call)) {
      call.outcome = 'never';
      task.pending = undefined;
    } else if (isNobodys(task, call)) this.#waiting.add(call);
    else task.pending = call;
    return call;
  }

  /** undefined: it never entered (a child's first return), or before the recording began. */
  leave(task: Task, chunk: EventChunk, row: number): Call | undefined {
    if (!mayEndPending(task, chunk, row)) this.abandon(task);
    const call = task.pending ?? (task.pointer === 0n ? this.#waiting.take(chunk, row) : undefined);
    if (call === undefined) return undefined;
    task.pending = undefined;
    task.last = call.name;
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
    const { capture, layout } = frame;
    const { siginfo } = layout;
    return {
      number: layout.number === undefined ? chunk.registerLow(row, REGISTER.rdi) : word32(capture, layout.number),
      chunk,
      row,
      siginfo: siginfo === undefined ? undefined : capture.bytes.subarray(siginfo, siginfo + SIGINFO_BYTES),
      abi: layout.word === 8 ? 'linux64' : 'linux32',
    };
  }
}

const SIGINFO_BYTES = 128;

interface Frame {
  readonly layout: SignalFrame;
  readonly capture: CallCapture;
}

const word32 = ({ view, start }: CallCapture, at: number): number => view.getUint32(start + at, true);

function frameCapture(chunk: EventChunk, row: number): CallCapture | undefined {
  const columns = chunk.captureColumns;
  for (let i = columns.first[row]!, end = columns.first[row + 1]!; i < end; i++) {
    if (columns.shapes.kind[columns.shape[i]!] === CAPTURE_KIND.signalFrame) return new CallCapture(chunk, i);
  }
  return undefined;
}

/** The frame of a handler that starts with this return. */
function signalFrame(chunk: EventChunk, row: number): Frame | undefined {
  const capture = frameCapture(chunk, row);
  if (capture === undefined) return undefined;
  const layout = frameLayout(capture, chunk.register(row, REGISTER.rsp), chunk.rip(row));
  return capture.length >= layout.end ? { layout, capture } : undefined;
}

/** A 32-bit program has all its addresses below 4 GiB; a 64-bit one, whatever calls it makes, not its stack. */
function frameLayout(capture: CallCapture, stack: bigint, rip: bigint): SignalFrame {
  const { contextPointer, context } = SIGNAL_INFO_FRAME32;
  if ((stack | rip) >> 32n !== 0n || capture.length < context) return SIGNAL_FRAME;
  const informed = BigInt(word32(capture, contextPointer)) === stack + BigInt(context);
  return informed ? SIGNAL_INFO_FRAME32 : SIGNAL_FRAME32;
}

/** What sigreturn and rt_sigreturn take down. */
function returnedFrame(call: Call): SignalFrame {
  if (!call.narrow) return SIGNAL_FRAME;
  return call.name === 'sigreturn' ? SIGNAL_FRAME32 : SIGNAL_INFO_FRAME32;
}

function maskOf(capture: CallCapture | undefined, { mask, end }: SignalFrame): Uint8Array | undefined {
  if (capture === undefined || capture.length < end) return undefined;
  const { bytes } = capture;
  return Uint8Array.from(mask.flatMap((at) => [...bytes.subarray(at, at + 4)]));
}

function fail(call: Call, outcome: 'error' | 'restart', errno: number): void {
  call.outcome = outcome;
  call.errno = errno;
}

function fromValue(call: Call, low: number, high: number): void {
  const { narrow } = call;
  const error = call.foreign ? 0 : errorOf(low, high, narrow);
  if (error !== 0) {
    fail(call, 'error', error);
    return;
  }
  call.outcome = 'value';
  call.result = low;
  call.resultHigh = narrow ? 0 : high;
}

/** NTSTATUS: the two highest bits say how severe it is; 3 is an error. */
function fromStatus(call: Call, low: number, high: number): void {
  const { result } = call.syscall!;
  call.outcome = result === 'ntstatus' && low >>> 30 === 3 ? 'error' : 'value';
  call.result = low;
  call.resultHigh = result === 'ntstatus' || call.narrow ? 0 : high;
}

function plainOutcome(call: Call, chunk: EventChunk, row: number): void {
  const low = chunk.registerLow(row, REGISTER.rax);
  if (call.syscall?.abi === 'nt') {
    fromStatus(call, low, chunk.registerHigh(row, REGISTER.rax));
    return;
  }
  if ((chunk.flags(row) & RECORD_FLAG.restarted) !== 0 && !call.foreign && !SIGNAL_RETURN.has(call.name)) {
    const restart = call.narrow ? RESTART_NUMBER.narrow : RESTART_NUMBER.wide;
    fail(call, 'restart', low === restart ? RESTART.block : restartErrno(call));
  } else fromValue(call, low, chunk.registerHigh(row, REGISTER.rax));
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
function outcomeFromFrame(call: Call, { layout, capture }: Frame): void {
  const narrow = layout.word === 4;
  const high = (at: number): number => (narrow ? 0 : word32(capture, at + 4));
  const rip = (BigInt(high(layout.rip)) << 32n) | BigInt(word32(capture, layout.rip));
  if (rip === call.restartRip) {
    fail(call, 'restart', restartErrno(call));
    return;
  }
  fromValue(call, word32(capture, layout.result), high(layout.result));
  if (call.outcome !== 'error' || call.errno !== EINTR) return;
  const endless = call.name.startsWith('futex') && call.isNull(3);
  if (restartErrno(call) === RESTART.noHand) fail(call, 'restart', RESTART.noHand);
  else if (RESTART_BLOCK.has(call.name) && !endless) fail(call, 'restart', RESTART.block);
  else if (!NEVER_RESTARTED.has(call.name)) fail(call, 'restart', RESTART.sys);
}
