import {
  ABI,
  ARGUMENT,
  CAPTURE_KIND,
  CAPTURE_ROW,
  CAPTURE_ROW_BYTES,
  CAPTURE_ROWS,
  CAPTURE_WHEN,
  POLICY,
  SYSCALL_FLAG,
  SYSCALL_ROW,
  SYSCALL_ROW_BYTES,
  SYSCALL_ROWS,
} from '../../emu/monitor-layout.ts';
import { SIGNAL_FRAME, SIGNAL_FRAME32, SIGNAL_INFO_FRAME32 } from '../../guest/linux/signal-frame.ts';
import { allSyscalls, isSizedByBytes, type Pointee, pointeesOf, type Syscall } from '../../guest/linux/signature.ts';
import { STRUCTS } from '../../guest/linux/tables/structs.ts';
import { MULTIPLEXERS, PACKED } from '../../guest/linux/tables/syscalls-i386.ts';

/** How much of what arguments point to is kept, in bytes. */
export interface CaptureLimits {
  /** Of each buffer (read, write, iovec data, ...). */
  readonly data: number;
  /** Of each string. */
  readonly string: number;
  /** Strings of each argv and envp. */
  readonly strings: number;
}

export const DEFAULT_LIMITS: CaptureLimits = { data: 1024, string: 4096, strings: 256 };

/** What arguments point to is not followed. */
export const NO_CAPTURES: CaptureLimits = { data: 0, string: 0, strings: 0 };

interface Row {
  kind: number;
  argument: number;
  length: number;
  bound: number;
  size: number;
  limit: number;
  when: number;
  head: number;
}

/** Bytes captured of an ioctl argument whose command does not carry a size (termios is the largest in daily use). */
const IOCTL_BYTES = 64;
const MESSAGES = 16;
/** Of io_submit, so many are followed. */
const CONTROL_BLOCKS = 64;
/** Names of directory entries are worth more room than other data. */
const DIRECTORY_BYTES = 32768;

/** Writes, for every system call of both tables, which of its arguments the core follows at entry and return. */
export function writeSyscallCaptures(memory: ArrayBufferLike, limits: CaptureLimits = DEFAULT_LIMITS): void {
  const view = new DataView(memory);
  let next = 0;
  const append = (pointees: readonly Pointee[], phase: 'entry' | 'return'): [first: number, count: number] => {
    const first = next;
    for (const pointee of pointees) {
      const row = captureRow(pointee, phase, limits);
      if (row === undefined) continue;
      if (next >= CAPTURE_ROWS) throw new Error('the capture table is full');
      writeRow(view, POLICY.captureRows + next++ * CAPTURE_ROW_BYTES, row, pointee);
    }
    return [first, next - first];
  };
  writeUnknown(view);
  for (const syscall of allSyscalls()) {
    const pointees = limits === NO_CAPTURES ? [] : pointeesOf(syscall);
    const at = POLICY.syscalls + (ABI[syscall.abi] * SYSCALL_ROWS + syscall.number) * SYSCALL_ROW_BYTES;
    const [entryFirst, entryCount] = append(pointees, 'entry');
    const [returnFirst, returnCount] = append(pointees, 'return');
    view.setUint16(at + SYSCALL_ROW.entryFirst, entryFirst, true);
    view.setUint16(at + SYSCALL_ROW.entryCount, entryCount, true);
    view.setUint16(at + SYSCALL_ROW.returnFirst, returnFirst, true);
    view.setUint16(at + SYSCALL_ROW.returnCount, returnCount, true);
    view.setUint32(at + SYSCALL_ROW.flags, syscallFlags(syscall), true);
    const multiplexer = multiplexerOf(syscall);
    const packed = packedWords(syscall);
    view.setUint8(at + SYSCALL_ROW.pathArgument, packed?.[0] ?? Math.max(0, pathArgument(syscall)));
    view.setUint8(at + SYSCALL_ROW.words, packed?.[1] ?? poppedWords(syscall));
    view.setUint16(at + SYSCALL_ROW.firstCall, multiplexer?.base ?? 0, true);
  }
}

/** A number that no table knows may be a call with six arguments too. */
function writeUnknown(view: DataView): void {
  for (let number = 0; number < SYSCALL_ROWS; number++) {
    const at = POLICY.syscalls + (ABI.linux32 * SYSCALL_ROWS + number) * SYSCALL_ROW_BYTES;
    view.setUint32(at + SYSCALL_ROW.flags, SYSCALL_FLAG.sixth, true);
  }
}

const { socketcall, ipc } = MULTIPLEXERS;

const multiplexerOf = ({ abi, number }: Syscall) =>
  abi === 'linux32' ? [socketcall, ipc].find((multiplexer) => multiplexer.number === number) : undefined;

/** Which argument points to words of arguments, and how many; the calls behind socketcall count theirs. */
function packedWords({ abi, number, arguments: all }: Syscall): readonly [argument: number, words: number] | undefined {
  if (abi === 'multiplexed') return number < ipc.base ? [0, all.length] : undefined;
  if (abi === 'linux64') return undefined;
  return number === socketcall.number ? [1, 0] : PACKED[number];
}

const NEW_CONTEXT = new Set(['execve', 'execveat', 'rt_sigreturn', 'sigreturn']);
const NEW_IMAGE = new Set(['execve', 'execveat']);
const NO_RETURN = new Set(['exit', 'exit_group']);

const pathArgument = ({ arguments: all }: Syscall): number => all.findIndex(({ format }) => format === 'path');

/** Of a signal handler's frame, when it is taken down. */
function poppedWords({ abi, name }: Syscall): number {
  if (name === 'sigreturn') return SIGNAL_FRAME32.popped / 4;
  return name !== 'rt_sigreturn' ? 0 : (abi === 'linux64' ? SIGNAL_FRAME : SIGNAL_INFO_FRAME32).popped / 4;
}

/** Six registers are used: those of a multiplexer, and second halves, count. */
function usesSixth({ abi, arguments: all }: Syscall): boolean {
  return abi === 'linux32' && all.some(({ register, halves }) => register + (halves === undefined ? 0 : 1) === 5);
}

function syscallFlags(syscall: Syscall): number {
  const packed = packedWords(syscall) !== undefined;
  return (
    (packed ? SYSCALL_FLAG.packed : 0) |
    (multiplexerOf(syscall) === undefined ? 0 : SYSCALL_FLAG.multiplexed) |
    (usesSixth(syscall) && !packed ? SYSCALL_FLAG.sixth : 0) |
    (NO_RETURN.has(syscall.name) ? SYSCALL_FLAG.noReturn : 0) |
    (NEW_CONTEXT.has(syscall.name) ? SYSCALL_FLAG.newContext : 0) |
    (NEW_IMAGE.has(syscall.name) ? SYSCALL_FLAG.newImage : 0)
  );
}

function captureRow(pointee: Pointee, phase: 'entry' | 'return', limits: CaptureLimits): Row | undefined {
  const { direction, count } = pointee;
  if (phase === 'entry' && pointee.what === 'msghdr' && direction === 'out') return messageRoom(pointee);
  if (phase === 'entry' ? direction === 'out' || direction === 'failure' : direction === 'in') return undefined;
  const when =
    phase === 'entry' ? CAPTURE_WHEN.always : direction === 'failure' ? CAPTURE_WHEN.failure : CAPTURE_WHEN.success;
  const length =
    count.by === 'argument' || count.by === 'pointer'
      ? count.argument
      : count.by === 'result'
        ? ARGUMENT.result
        : ARGUMENT.none;
  const row: Row = {
    kind: CAPTURE_KIND.none,
    argument: pointee.argument,
    length,
    bound: ARGUMENT.none,
    size: 1,
    limit: limits.data,
    when,
    head: 0,
  };
  const bound = phase === 'return' ? ARGUMENT.result : ARGUMENT.none;
  switch (pointee.what) {
    case 'string':
      return { ...row, kind: CAPTURE_KIND.string, limit: limits.string };
    case 'strings':
      return { ...row, kind: CAPTURE_KIND.pointerArray, size: limits.strings, limit: limits.string };
    case 'bytes':
      if (pointee.struct === 'dirents') row.limit = Math.max(limits.data, DIRECTORY_BYTES);
      return { ...row, kind: CAPTURE_KIND.buffer, bound, when: phase === 'return' ? CAPTURE_WHEN.positive : when };
    case 'iovec':
      // A call that failed has no data to show, but the vector.
      return { ...row, kind: CAPTURE_KIND.iovec, bound, when: CAPTURE_WHEN.always };
    case 'msghdr':
      return { ...row, kind: CAPTURE_KIND.msghdr, bound };
    case 'mmsghdr':
      return { ...row, kind: CAPTURE_KIND.mmsghdr, size: MESSAGES, bound };
    case 'iocbs':
      return { ...row, kind: CAPTURE_KIND.iocbs, size: CONTROL_BLOCKS };
    case 'fdset':
      return { ...row, kind: CAPTURE_KIND.fdSet, length: 0 };
    case 'ioctl':
      return { ...row, kind: CAPTURE_KIND.ioctl, size: IOCTL_BYTES };
    case 'struct':
      return structRow(row, pointee, limits);
  }
}

/** recvmsg's header before the call: how much room it gives for address and control data. */
function messageRoom({ argument, struct }: Pointee): Row {
  const { size } = STRUCTS[struct]!;
  const none = { length: ARGUMENT.none, bound: ARGUMENT.none, when: CAPTURE_WHEN.always, head: 0 };
  return { ...none, kind: CAPTURE_KIND.struct, argument, size, limit: size };
}

/** The last argument of pselect6. */
const SIGNAL_SET_PAIRS = new Set(['sigsetpair', 'sigsetpair32']);

function structRow(row: Row, pointee: Pointee, limits: CaptureLimits): Row {
  const { count, struct, behind } = pointee;
  if (behind !== undefined) {
    const { size, head } = STRUCTS[struct]!;
    return { ...row, kind: CAPTURE_KIND.indirect, size: head === 0 ? size : head + limits.data, limit: behind };
  }
  if (SIGNAL_SET_PAIRS.has(struct)) {
    const set = STRUCTS.sigset!.size;
    return { ...row, kind: CAPTURE_KIND.pointedTo, size: STRUCTS[struct]!.size, limit: set };
  }
  if (count.by === 'pointer') return { ...row, kind: CAPTURE_KIND.lengthPointer, limit: limits.data };
  if (count.by !== 'fixed' && isSizedByBytes(struct)) return { ...row, kind: CAPTURE_KIND.buffer };
  const { size, head } = STRUCTS[struct]!;
  if (count.by === 'fixed') return { ...row, kind: CAPTURE_KIND.struct, size: size * count.value, limit: 4096 };
  return { ...row, kind: CAPTURE_KIND.buffer, size, head, limit: Math.max(limits.data, 4096) };
}

function writeRow(view: DataView, at: number, row: Row, pointee: Pointee): void {
  view.setUint8(at + CAPTURE_ROW.kind, row.kind);
  view.setUint8(at + CAPTURE_ROW.argument, row.argument);
  view.setUint8(at + CAPTURE_ROW.lengthArgument, row.length);
  view.setUint8(at + CAPTURE_ROW.boundArgument, row.bound);
  view.setUint32(at + CAPTURE_ROW.size, row.size, true);
  view.setUint32(at + CAPTURE_ROW.limit, row.limit, true);
  const { condition } = pointee;
  view.setUint8(at + CAPTURE_ROW.conditionArgument, condition?.argument ?? ARGUMENT.none);
  view.setUint8(at + CAPTURE_ROW.when, row.when);
  view.setUint16(at + CAPTURE_ROW.head, row.head, true);
  view.setBigUint64(at + CAPTURE_ROW.conditionMask, BigInt(condition?.mask ?? 0), true);
  view.setBigUint64(at + CAPTURE_ROW.conditionValue, BigInt(condition?.value ?? 0), true);
}
