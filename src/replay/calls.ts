import { ABI, CAPTURE_KIND, CAPTURE_LATE, CAPTURE_STATUS, MECHANISM, NT_ARGUMENTS } from '../emu/monitor-layout.ts';
import type { Argument, Syscall } from '../guest/linux/signature.ts';
import type { Captures } from '../trace/chunk-captures.ts';
import { REGISTER, type RegisterName } from '../trace/event.ts';
import type { ColumnChoice, EventChunk } from '../trace/event-chunk.ts';

/**
 * How a call ended, as far as the trace can tell. `restart`: interrupted and restarted by the kernel. `never`: exit,
 * exit_group, a call in which its process was killed: it does not return.
 */
export type Outcome = 'pending' | 'value' | 'error' | 'restart' | 'never';

const registers = (names: string): number[] => names.split(' ').map((name) => REGISTER[name as RegisterName]);
const ARGUMENTS = registers('rdi rsi rdx r10 r8 r9');
const ARGUMENTS32 = registers('rbx rcx rdx rsi rdi rbp');
/** Where arguments may stand when nobody knows the convention: the order of names in `FOREIGN_NAMES`. */
export const FOREIGN_NAMES = ['rbx', 'rcx', 'rdx', 'rsi', 'rdi', 'rbp'] as const;
const FOREIGN = FOREIGN_NAMES.map((name) => REGISTER[name]);
/** 32-bit SYSCALL overwrites ecx: the vDSO puts the second argument into ebp. */
const ARGUMENTS_SYSCALL32 = registers('rbx rbp rdx rsi rdi rbp');

/** Of NT's 64-bit services; the others are on the stack. */
const ARGUMENTS_NT64 = registers('r10 rdx r8 r9');

const PAIRED = registers('rax rdi rsi rsp detail');
const WITH_ARGUMENTS = [...PAIRED, ...ARGUMENTS];
const WITH_ALL_ARGUMENTS = [...WITH_ARGUMENTS, ...ARGUMENTS32];

/** Columns from which calls are put together: with all their arguments, with times, or without. */
export function callColumns(shown: { readonly arguments: boolean; readonly times: boolean }): ColumnChoice {
  const wide = shown.arguments ? WITH_ARGUMENTS : PAIRED;
  return {
    registers: ({ abi }) => (abi.every((each) => each === ABI.linux64) ? wide : WITH_ALL_ARGUMENTS),
    moments: shown.times,
    captures: 'contents',
  };
}

/** Halves of arguments by register number; what is beyond them was not readable. `high` undefined: they have 32 bits. */
interface Words {
  readonly low: Uint32Array;
  readonly high: Uint32Array | undefined;
}

/** Arguments as the call's ABI has them; undefined: in registers of 64 bits. */
function wordsOf(chunk: EventChunk, row: number): Words | undefined {
  switch (chunk.abi(row)) {
    case ABI.linux32:
      return { low: arguments32(chunk, row), high: undefined };
    case ABI.nt32:
      return { low: stackWords(chunk, row, 4, 0), high: undefined };
    case ABI.nt64: {
      const [low, high] = [0, 4].map((half) => {
        const stack = stackWords(chunk, row, 8, half);
        const inRegisters = ARGUMENTS_NT64.map((register) =>
          half === 0 ? chunk.registerLow(row, register) : chunk.registerHigh(row, register),
        );
        return Uint32Array.of(...inRegisters, ...stack);
      });
      return { low: low!, high };
    }
    default:
      return undefined;
  }
}

/** Words that were captured on the stack: of each the 32 bits at `half`. */
function stackWords(chunk: EventChunk, row: number, word: 4 | 8, half: number): Uint32Array {
  const found = capturesOf(chunk, row).find(({ kind }) => kind === CAPTURE_KIND.words);
  if (found === undefined) return new Uint32Array(0);
  const { view, start, length } = found;
  const count = Math.min(Math.floor(length / word), NT_ARGUMENTS);
  return Uint32Array.from({ length: count }, (_, i) => view.getUint32(start + word * i + half, true));
}

/** The arguments of a 32-bit call by register number: some are words in memory, captured with the entry. */
function arguments32(chunk: EventChunk, row: number): Uint32Array {
  const from = chunk.mechanism(row) === MECHANISM.syscall32 ? ARGUMENTS_SYSCALL32 : ARGUMENTS32;
  const values = Uint32Array.from(from, (register) => chunk.registerLow(row, register));
  for (const { kind, argument, view, start, length } of capturesOf(chunk, row)) {
    if (kind !== CAPTURE_KIND.words) continue;
    const words = Array.from({ length: length >> 2 }, (_, k) => view.getUint32(start + 4 * k, true));
    if (argument === SIXTH) values[SIXTH] = words[0] ?? 0;
    else values.fill(0).set(words.slice(0, values.length));
  }
  return values;
}

const SIXTH = 5;
/** Of SYSENTER and SYSCALL. */
const FAST_CALL_BYTES = 2n;

/** Guest memory read with a call: a row of a chunk's capture columns. */
export class CallCapture {
  readonly columns: Captures;
  readonly row: number;
  readonly #chunk: EventChunk;

  constructor(chunk: EventChunk, row: number) {
    this.#chunk = chunk;
    this.columns = chunk.captureColumns;
    this.row = row;
  }

  /** Guest-virtual. */
  get address(): bigint {
    const words = this.#chunk.captureAddresses;
    return (BigInt(words[2 * this.row + 1]!) << 32n) | BigInt(words[2 * this.row]!);
  }

  /** The argument's number; of array elements the element's number plus one above it. */
  get argument(): number {
    return this.columns.shapes.argument[this.columns.shape[this.row]!]!;
  }

  /** CAPTURE_KIND. */
  get kind(): number {
    return this.columns.shapes.kind[this.columns.shape[this.row]!]! & ~CAPTURE_LATE;
  }

  /** CAPTURE_STATUS. */
  get status(): number {
    return this.columns.shapes.status[this.columns.shape[this.row]!]!;
  }

  /** Bytes there were to read. */
  get fullLength(): number {
    return this.columns.fullLength[this.row]!;
  }

  /** Bytes read. */
  get length(): number {
    return this.columns.length[this.row]!;
  }

  /** Place of its first byte in `data` and `view`. */
  get start(): number {
    return this.columns.offset[this.row]!;
  }

  /** Bytes of all captures of the chunk. */
  get data(): Uint8Array {
    return this.columns.bytes;
  }

  /** The same. */
  get view(): DataView {
    return this.columns.view;
  }

  /** Its bytes, not copied. */
  get bytes(): Uint8Array {
    return this.data.subarray(this.start, this.start + this.length);
  }
}

/** Of a call that no table names. */
export function unknownName(number: number): string {
  return `syscall_0x${number.toString(16)}`;
}

/** One system call of one task: where it was entered, where it came back, and what it was given. */
export class Call {
  /** Number of the call in the trace, counted from 0 over all tasks. */
  readonly sequence: number;
  /** As it stood in rax or eax. */
  readonly number: number;
  /** undefined: a number that the table does not know. */
  readonly syscall: Syscall | undefined;
  /** Where arguments are not in registers of 64 bits. */
  readonly #words: Words | undefined;
  /** The registers, where they are. */
  readonly #arguments: readonly number[];
  /** Where it was entered. */
  chunk: EventChunk;
  row: number;
  /** Where it came back. */
  exitChunk: EventChunk | undefined;
  exitRow = 0;
  outcome: Outcome = 'pending';
  /** The 32-bit halves of the result, unsigned; 0 unless there is one. */
  result = 0;
  resultHigh = 0;
  /** Of errors and restarts; those of restarts are the kernel's internal ones (512 and up). */
  errno = 0;
  /** rt_sigreturn: the signal mask of the frame that it takes down, where the frame was seen. */
  signalMask: Uint8Array | undefined;
  /** Its entry was in the scope of what is shown: then its return is too. */
  shown = false;

  constructor(sequence: number, chunk: EventChunk, row: number, number: number, syscall: Syscall | undefined) {
    this.sequence = sequence;
    this.chunk = chunk;
    this.row = row;
    this.number = number;
    this.syscall = syscall;
    this.#words = wordsOf(chunk, row);
    this.#arguments = chunk.abi(row) === ABI.unknown ? FOREIGN : ARGUMENTS;
  }

  /** A 32-bit program's, or one by a way into the kernel that gives 32 bits. */
  get narrow(): boolean {
    return this.#words !== undefined && this.#words.high === undefined;
  }

  /** No system is known whose call it could be: what its arguments and its result mean isn't either. */
  get foreign(): boolean {
    return this.#arguments === FOREIGN;
  }

  /** Where the kernel restarts it: in the vDSO an INT 80h stands behind SYSENTER and 32-bit SYSCALL. */
  get restartRip(): bigint {
    const mechanism = this.chunk.mechanism(this.row);
    const fast = mechanism === MECHANISM.sysenter || mechanism === MECHANISM.syscall32;
    return this.chunk.rip(this.row) + (fast ? FAST_CALL_BYTES : 0n);
  }

  get name(): string {
    return this.syscall?.name ?? unknownName(this.number);
  }

  /** Low 32 bits of an argument, unsigned. `argument` counts as the table does. */
  low(argument: number): number {
    if (this.#words === undefined) return this.chunk.registerLow(this.row, this.#arguments[argument]!);
    const { register, halves } = this.#place(argument);
    return this.#words.low[halves === 'high' ? register + 1 : register] ?? 0;
  }

  /** High 32 bits of an argument, unsigned. */
  high(argument: number): number {
    if (this.#words === undefined) return this.chunk.registerHigh(this.row, this.#arguments[argument]!);
    const { register, halves } = this.#place(argument);
    const { low, high } = this.#words;
    if (halves === undefined) return high?.[register] ?? 0;
    return low[halves === 'high' ? register : register + 1] ?? 0;
  }

  /** False: it was in memory that could not be read. */
  has(argument: number): boolean {
    return this.#words === undefined || argument < this.#words.low.length;
  }

  #place(argument: number): Pick<Argument, 'register' | 'halves'> {
    return this.syscall?.arguments[argument] ?? { register: argument };
  }

  /** The number by which captures name an argument. */
  #register(argument: number): number {
    return this.#words === undefined ? argument : this.#place(argument).register;
  }

  isNull(argument: number): boolean {
    return this.low(argument) === 0 && this.high(argument) === 0;
  }

  get failed(): boolean {
    return this.outcome === 'error' || this.outcome === 'restart';
  }

  get returned(): boolean {
    return this.exitChunk !== undefined;
  }

  /** Virtual nanoseconds at which it was entered. */
  get entryTime(): number {
    return this.chunk.time(this.row);
  }

  /** Virtual nanoseconds at which it returned; its entry's as long as it has not. */
  get exitTime(): number {
    return this.exitChunk === undefined ? this.entryTime : this.exitChunk.time(this.exitRow);
  }

  /** Something that an argument points to was not present at the entry; it stands with the return, which is still to come. */
  get lacksCaptures(): boolean {
    return !this.returned && capturesOf(this.chunk, this.row).some(isMissing);
  }

  /** The first capture of an argument read at the entry or at the return. */
  capture(argument: number, phase: 'entry' | 'exit'): CallCapture | undefined {
    const exit = this.exitChunk;
    const register = this.#register(argument);
    if (phase === 'exit') return exit && firstCapture(exit, this.exitRow, register, 0);
    const late = exit && firstCapture(exit, this.exitRow, register, CAPTURE_LATE);
    return late ?? firstCapture(this.chunk, this.row, register, 0);
  }

  /**
   * Every capture of an argument, array elements included, in the order in which they were read. What was not present
   * at the entry stands with the return.
   */
  captures(argument: number, phase: 'entry' | 'exit'): CallCapture[] {
    const exit = this.exitChunk;
    const register = this.#register(argument);
    if (phase === 'exit') return exit === undefined ? [] : ofArgument(exit, this.exitRow, register, 0);
    const late = exit === undefined ? [] : ofArgument(exit, this.exitRow, register, CAPTURE_LATE);
    return late.length > 0 ? late : ofArgument(this.chunk, this.row, register, 0);
  }
}

/** Arguments themselves don't come later. */
const isMissing = ({ status, kind }: CallCapture): boolean =>
  status === CAPTURE_STATUS.absent && kind !== CAPTURE_KIND.words;

/** Kinds of captures that say where or how much there is to be read, or that are arguments themselves. */
const isWord = (kind: number): boolean => kind === CAPTURE_KIND.lengthWord || kind === CAPTURE_KIND.words;

/** The first of an argument, late or not as `mark` says, that is more than the word before it. */
function firstCapture(chunk: EventChunk, row: number, argument: number, mark: number): CallCapture | undefined {
  const columns = chunk.captureColumns;
  const { first, shape, shapes } = columns;
  for (let i = first[row]!, end = first[row + 1]!; i < end; i++) {
    const at = shape[i]!;
    if (shapes.argument[at] !== argument) continue;
    const kind = shapes.kind[at]!;
    if ((kind & CAPTURE_LATE) !== mark || isWord(kind & ~CAPTURE_LATE)) continue;
    return new CallCapture(chunk, i);
  }
  return undefined;
}

function ofArgument(chunk: EventChunk, row: number, argument: number, mark: number): CallCapture[] {
  return capturesOf(chunk, row).filter(({ columns: { shape, shapes }, row: at }) => {
    const kind = shapes.kind[shape[at]!]!;
    if ((kind & CAPTURE_LATE) !== mark || kind === CAPTURE_KIND.words) return false;
    return (shapes.argument[shape[at]!]! & 15) === argument;
  });
}

/** All captures of an event. */
export function capturesOf(chunk: EventChunk, row: number): CallCapture[] {
  const columns = chunk.captureColumns;
  const first = columns.first[row]!;
  return Array.from({ length: columns.first[row + 1]! - first }, (_, i) => new CallCapture(chunk, first + i));
}
