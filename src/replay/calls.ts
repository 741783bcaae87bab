import { ABI, CAPTURE_KIND, CAPTURE_LATE, CAPTURE_STATUS, MECHANISM } from '../emu/monitor-layout.ts';
import type { Argument, Syscall } from '../guest/linux/signature.ts';
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

const registers = (names: string): number[] => names.split(' ').map((name) => REGISTER[name as RegisterName]);
const ARGUMENTS = registers('rdi rsi rdx r10 r8 r9');
const ARGUMENTS32 = registers('rbx rcx rdx rsi rdi rbp');
/** 32-bit SYSCALL overwrites ecx: the vDSO puts the second argument into ebp. */
const ARGUMENTS_SYSCALL32 = registers('rbx rbp rdx rsi rdi rbp');

/** The arguments of a 32-bit call by register number: some are words in memory, captured with the entry. */
function arguments32({ chunk, row }: EventRef): Uint32Array {
  const from = chunk.mechanism(row) === MECHANISM.syscall32 ? ARGUMENTS_SYSCALL32 : ARGUMENTS32;
  const values = Uint32Array.from(from, (register) => chunk.registerLow(row, register));
  const count = chunk.captureCount(row);
  for (let i = 0; i < count; i++) {
    const { kind, argument, bytes } = chunk.capture(row, i);
    if (kind !== CAPTURE_KIND.words) continue;
    const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
    const words = Array.from({ length: bytes.length >> 2 }, (_, k) => view.getUint32(4 * k, true));
    if (argument === SIXTH) values[SIXTH] = words[0] ?? 0;
    else values.fill(0).set(words.slice(0, values.length));
  }
  return values;
}

const SIXTH = 5;

/** One system call of one task: where it was entered, where it came back, and what it was given. */
export class Call {
  /** Number of the call in the trace, counted from 0 over all tasks. */
  readonly sequence: number;
  readonly entry: EventRef;
  /** undefined: a number that the table does not know. */
  readonly syscall: Syscall | undefined;
  /** As it stood in rax or eax. */
  readonly number: number;
  /** Of 32-bit calls, by register. */
  readonly #words: Uint32Array | undefined;
  exit: EventRef | undefined;
  outcome: Outcome = { kind: 'pending' };
  /** rt_sigreturn: the signal mask of the frame that it takes down, where the frame was seen. */
  signalMask: Uint8Array | undefined;

  constructor(sequence: number, entry: EventRef, number: number, syscall: Syscall | undefined) {
    this.sequence = sequence;
    this.entry = entry;
    this.number = number;
    this.syscall = syscall;
    this.#words = entry.chunk.abi(entry.row) === ABI.linux64 ? undefined : arguments32(entry);
  }

  /** A 32-bit program's, or one by a way into the kernel that gives 32 bits. */
  get narrow(): boolean {
    return this.#words !== undefined;
  }

  /** Where the kernel restarts it: in the vDSO an INT 80h stands behind SYSENTER and 32-bit SYSCALL. */
  get restartRip(): bigint {
    const { chunk, row } = this.entry;
    const mechanism = chunk.mechanism(row);
    const fast = mechanism === MECHANISM.sysenter || mechanism === MECHANISM.syscall32;
    return chunk.rip(row) + (fast ? FAST_CALL_BYTES : 0n);
  }

  get name(): string {
    return this.syscall?.name ?? `syscall_0x${this.number.toString(16)}`;
  }

  /** Low 32 bits of an argument, unsigned. `argument` counts as the table does. */
  low(argument: number): number {
    if (this.#words === undefined) return this.entry.chunk.registerLow(this.entry.row, ARGUMENTS[argument]!);
    const { register, halves } = this.#place(argument);
    return this.#words[halves === 'high' ? register + 1 : register]!;
  }

  /** High 32 bits of an argument, unsigned. */
  high(argument: number): number {
    if (this.#words === undefined) return this.entry.chunk.registerHigh(this.entry.row, ARGUMENTS[argument]!);
    const { register, halves } = this.#place(argument);
    return halves === undefined ? 0 : this.#words[halves === 'high' ? register : register + 1]!;
  }

  #place(argument: number): Pick<Argument, 'register' | 'halves'> {
    return this.syscall?.arguments[argument] ?? { register: argument };
  }

  /** A whole argument. */
  value(argument: number): bigint {
    if (this.#words === undefined) return this.entry.chunk.register(this.entry.row, ARGUMENTS[argument]!);
    return (BigInt(this.high(argument)) << 32n) | BigInt(this.low(argument));
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
    const { register } = this.#place(argument);
    if (phase === 'exit') return firstCapture(this.exit, register, 0);
    const late = firstCapture(this.exit, register, CAPTURE_LATE);
    return late === undefined ? firstCapture(this.entry, register, 0) : { ...late, kind: late.kind & ~CAPTURE_LATE };
  }

  /**
   * Every capture of an argument, array elements included, in the order in which they were read. What was not present
   * at the entry stands with the return.
   */
  captures(argument: number, phase: 'entry' | 'exit'): Capture[] {
    const { register } = this.#place(argument);
    const ofReturn = capturesOf(this.exit, register);
    if (phase === 'exit') return ofReturn.filter(({ kind }) => (kind & CAPTURE_LATE) === 0);
    const late = ofReturn.filter(({ kind }) => (kind & CAPTURE_LATE) !== 0);
    if (late.length === 0) return capturesOf(this.entry, register);
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
    const kind = capture.kind & ~CAPTURE_LATE;
    if (kind !== CAPTURE_KIND.lengthWord && kind !== CAPTURE_KIND.words) return capture;
  }
  return undefined;
}

function capturesOf(event: EventRef | undefined, argument: number): Capture[] {
  const out: Capture[] = [];
  const count = event?.chunk.captureCount(event.row) ?? 0;
  for (let i = 0; event !== undefined && i < count; i++) {
    const capture = event.chunk.capture(event.row, i);
    if ((capture.argument & 15) === argument && capture.kind !== CAPTURE_KIND.words) out.push(capture);
  }
  return out;
}

/** Of SYSENTER and SYSCALL. */
const FAST_CALL_BYTES = 2n;
