import { ABI, CAPTURE_KIND, CAPTURE_LATE, CAPTURE_STATUS, MECHANISM } from '../emu/monitor-layout.ts';
import type { Argument, Syscall } from '../guest/linux/signature.ts';
import { REGISTER } from '../trace/event.ts';
import type { ColumnChoice, EventChunk } from '../trace/event-chunk.ts';
import { CallCapture, capturesOf } from './call-captures.ts';
import { ARGUMENTS, ARGUMENTS32, FOREIGN, type Words, wordsOf } from './call-words.ts';

/**
 * How a call ended, as far as the trace can tell. `restart`: interrupted and restarted by the kernel. `never`: exit,
 * exit_group, a call in which its process was killed: it does not return.
 */
export type Outcome = 'pending' | 'value' | 'error' | 'restart' | 'never';

const PAIRED = [REGISTER.rax, REGISTER.rdi, REGISTER.rsi, REGISTER.rsp, REGISTER.detail];
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

const SLASH = 0x2f;
/** Of SYSENTER and SYSCALL. */
const FAST_CALL_BYTES = 2n;

/** Of a call that no table names. */
export function unknownName(number: number): string {
  return `syscall_0x${number.toString(16)}`;
}

/** What messages of a netlink socket are to be read with. */
export interface NetlinkSocket {
  /** NETLINK_ROUTE, ... */
  readonly protocol: number;
  /** Names of network interfaces by number, as far as messages told them. */
  readonly interfaces: Map<number, string>;
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
  /** restart_syscall: name of the call that goes on, where that was seen. */
  resumes: string | undefined;
  /** It sends to or receives from a netlink socket: that is known if the socket was opened under the recording. */
  netlink: NetlinkSocket | undefined;
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
    const early = firstCapture(this.chunk, this.row, register, 0);
    const told = exit && firstCapture(exit, this.exitRow, register, CAPTURE_LATE);
    const late = told !== undefined && this.name === 'execveat' ? this.#withoutFolder(told, argument) : told;
    if (late === undefined || early === undefined) return late ?? early;
    // Of several that an argument leads to, one may have been there.
    return late.kind !== early.kind && !isMissing(early) ? early : late;
  }

  /** The kernel names what is executed in the folder of a descriptor by that. */
  #withoutFolder(capture: CallCapture, argument: number): CallCapture {
    const folder = `/dev/fd/${this.low(0) | 0}`;
    if (argument !== 1 || !Buffer.from(capture.bytes).toString('latin1').startsWith(folder)) return capture;
    const next = capture.bytes[folder.length];
    if (next === undefined) return capture.behind(folder.length);
    return next === SLASH ? capture.behind(folder.length + 1) : capture;
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
    const early = ofArgument(this.chunk, this.row, register, 0);
    if (late.length === 0) return early;
    const direct = late.some(({ kind }) => !isApart(kind));
    const again = new Set(late.filter(({ kind }) => isApart(kind)).map(({ address }) => address));
    const others = early.filter(({ kind, address }) => (isApart(kind) ? !again.has(address) : !direct));
    return [...others, ...late];
  }
}

/** Arguments themselves don't come later. */
const isMissing = ({ status, kind }: CallCapture): boolean =>
  status === CAPTURE_STATUS.absent && kind !== CAPTURE_KIND.words;

/** Read by a row of its own, whatever else an argument leads to. */
const isApart = (kind: number): boolean => kind === CAPTURE_KIND.indirect;

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
