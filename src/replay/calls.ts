import { CAPTURE_LATE, CAPTURE_STATUS } from '../emu/monitor-layout.ts';
import type { Syscall } from '../guest/linux/signature.ts';
import { REGISTER, type RegisterName } from '../trace/event.ts';
import type { Capture, EventChunk } from '../trace/event-chunk.ts';

/** An event of the trace: a row of a decoded chunk. */
export interface EventRef {
  readonly chunk: EventChunk;
  readonly row: number;
}

/** How a call ended, as far as the trace can tell. */
export type Outcome =
  | { readonly kind: 'pending' }
  /** `low` and `high` are the 32-bit halves of the value. */
  | { readonly kind: 'value'; readonly low: number; readonly high: number }
  | { readonly kind: 'error'; readonly errno: number }
  /** Interrupted and restarted by the kernel; the errno is the internal one (512 and up). */
  | { readonly kind: 'restart'; readonly errno: number }
  /** exit, exit_group, a successful execve of another thread, ...: it never returns. */
  | { readonly kind: 'never' };

const ARGUMENT_REGISTERS: readonly RegisterName[] = ['rdi', 'rsi', 'rdx', 'r10', 'r8', 'r9'];
const ARGUMENTS = ARGUMENT_REGISTERS.map((name) => REGISTER[name]);

/** One system call of one task: where it was entered, where it came back, and what it was given. */
export class Call {
  /** Number of the call in the trace, counted from 0 over all tasks. */
  readonly sequence: number;
  readonly entry: EventRef;
  /** undefined: a number that the table does not know. */
  readonly syscall: Syscall | undefined;
  readonly number: number;
  exit: EventRef | undefined;
  outcome: Outcome = { kind: 'pending' };
  /** rt_sigreturn: the signal mask of the frame that it takes down, where the frame was seen. */
  signalMask: Uint8Array | undefined;

  constructor(sequence: number, entry: EventRef, number: number, syscall: Syscall | undefined) {
    this.sequence = sequence;
    this.entry = entry;
    this.number = number;
    this.syscall = syscall;
  }

  get name(): string {
    return this.syscall?.name ?? `syscall_0x${this.number.toString(16)}`;
  }

  /** Low 32 bits of an argument, unsigned. */
  low(argument: number): number {
    return this.entry.chunk.registerLow(this.entry.row, ARGUMENTS[argument]!);
  }

  /** High 32 bits of an argument, unsigned. */
  high(argument: number): number {
    return this.entry.chunk.registerHigh(this.entry.row, ARGUMENTS[argument]!);
  }

  /** A whole argument. */
  value(argument: number): bigint {
    return this.entry.chunk.register(this.entry.row, ARGUMENTS[argument]!);
  }

  get failed(): boolean {
    return this.outcome.kind === 'error' || this.outcome.kind === 'restart';
  }

  /** Low half of the result; 0 unless there is one. */
  get result(): number {
    return this.outcome.kind === 'value' ? this.outcome.low : 0;
  }

  /** Something that an argument points to was not present at the entry; it stands with the return, which is still to come. */
  get lacksCaptures(): boolean {
    const { chunk, row } = this.entry;
    if (this.exit !== undefined) return false;
    for (let i = 0; i < chunk.captureCount(row); i++) {
      if (chunk.capture(row, i).status === CAPTURE_STATUS.absent) return true;
    }
    return false;
  }

  /** The first capture of an argument read at the entry or at the return. */
  capture(argument: number, phase: 'entry' | 'exit'): Capture | undefined {
    if (phase === 'exit') return firstCapture(this.exit, argument, 0);
    const late = firstCapture(this.exit, argument, CAPTURE_LATE);
    return late === undefined ? firstCapture(this.entry, argument, 0) : { ...late, kind: late.kind & ~CAPTURE_LATE };
  }

  /**
   * Every capture of an argument, array elements included, in the order in which they were read. What was not present
   * at the entry stands with the return.
   */
  captures(argument: number, phase: 'entry' | 'exit'): Capture[] {
    const ofReturn = capturesOf(this.exit, argument);
    if (phase === 'exit') return ofReturn.filter(({ kind }) => (kind & CAPTURE_LATE) === 0);
    const late = ofReturn.filter(({ kind }) => (kind & CAPTURE_LATE) !== 0);
    if (late.length === 0) return capturesOf(this.entry, argument);
    return late.map((capture) => ({ ...capture, kind: capture.kind & ~CAPTURE_LATE }));
  }
}

/** The first of an argument, late or not as `mark` says, that is more than the word before it. */
function firstCapture(event: EventRef | undefined, argument: number, mark: number): Capture | undefined {
  if (event === undefined) return undefined;
  const count = event.chunk.captureCount(event.row);
  for (let i = 0; i < count; i++) {
    const capture = event.chunk.capture(event.row, i);
    if (capture.argument !== argument || (capture.kind & CAPTURE_LATE) !== mark) continue;
    if ((capture.kind & ~CAPTURE_LATE) !== LENGTH_WORD) return capture;
  }
  return undefined;
}

function capturesOf(event: EventRef | undefined, argument: number): Capture[] {
  const out: Capture[] = [];
  const count = event?.chunk.captureCount(event.row) ?? 0;
  for (let i = 0; event !== undefined && i < count; i++) {
    const capture = event.chunk.capture(event.row, i);
    if ((capture.argument & 15) === argument) out.push(capture);
  }
  return out;
}

/** CAPTURE_KIND.lengthWord, which comes before what it measures. */
const LENGTH_WORD = 20;
