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
import { amd64Syscalls, isSizedByBytes, type Pointee, pointeesOf, type Syscall } from '../../guest/linux/signature.ts';
import { STRUCTS } from '../../guest/linux/tables/structs.ts';

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
}

/** Bytes captured of an ioctl argument whose command does not carry a size (termios is the largest in daily use). */
const IOCTL_BYTES = 64;
const MESSAGES = 16;
/** Names of directory entries are worth more room than other data. */
const DIRECTORY_BYTES = 32768;

/** Writes, for every system call of the amd64 table, which of its arguments the core follows at entry and return. */
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
  for (const syscall of amd64Syscalls().values()) {
    const pointees = limits === NO_CAPTURES ? [] : pointeesOf(syscall);
    const at = POLICY.syscalls + (ABI.linux64 * SYSCALL_ROWS + syscall.number) * SYSCALL_ROW_BYTES;
    const [entryFirst, entryCount] = append(pointees, 'entry');
    const [returnFirst, returnCount] = append(pointees, 'return');
    view.setUint16(at + SYSCALL_ROW.entryFirst, entryFirst, true);
    view.setUint16(at + SYSCALL_ROW.entryCount, entryCount, true);
    view.setUint16(at + SYSCALL_ROW.returnFirst, returnFirst, true);
    view.setUint16(at + SYSCALL_ROW.returnCount, returnCount, true);
    view.setUint32(at + SYSCALL_ROW.flags, syscallFlags(syscall), true);
    view.setUint32(at + SYSCALL_ROW.pathArgument, Math.max(0, pathArgument(syscall)), true);
  }
}

const NEW_CONTEXT = new Set(['execve', 'execveat', 'rt_sigreturn']);
const NEW_IMAGE = new Set(['execve', 'execveat']);
const NO_RETURN = new Set(['exit', 'exit_group']);

const pathArgument = ({ arguments: all }: Syscall): number => all.findIndex(({ format }) => format === 'path');

function syscallFlags(syscall: Syscall): number {
  return (
    (NO_RETURN.has(syscall.name) ? SYSCALL_FLAG.noReturn : 0) |
    (NEW_CONTEXT.has(syscall.name) ? SYSCALL_FLAG.newContext : 0) |
    (NEW_IMAGE.has(syscall.name) ? SYSCALL_FLAG.newImage : 0)
  );
}

function captureRow(pointee: Pointee, phase: 'entry' | 'return', limits: CaptureLimits): Row | undefined {
  const { direction, count } = pointee;
  if (phase === 'entry' && pointee.what === 'msghdr' && direction === 'out') return messageRoom(pointee.argument);
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
    case 'fdset':
      return { ...row, kind: CAPTURE_KIND.fdSet, length: 0 };
    case 'ioctl':
      return { ...row, kind: CAPTURE_KIND.ioctl, size: IOCTL_BYTES };
    case 'struct':
      return structRow(row, pointee, limits);
  }
}

/** recvmsg's header before the call: how much room it gives for address and control data. */
function messageRoom(argument: number): Row {
  const size = STRUCTS.msghdr!.size;
  const none = { length: ARGUMENT.none, bound: ARGUMENT.none, when: CAPTURE_WHEN.always };
  return { ...none, kind: CAPTURE_KIND.struct, argument, size, limit: size };
}

function structRow(row: Row, pointee: Pointee, limits: CaptureLimits): Row {
  const { count, struct } = pointee;
  if (struct === 'sigsetpair') {
    const set = STRUCTS.sigset!.size;
    return { ...row, kind: CAPTURE_KIND.pointedTo, size: STRUCTS[struct]!.size, limit: set };
  }
  if (count.by === 'pointer') return { ...row, kind: CAPTURE_KIND.lengthPointer, limit: limits.data };
  if (count.by !== 'fixed' && isSizedByBytes(struct)) return { ...row, kind: CAPTURE_KIND.buffer };
  const size = STRUCTS[struct]!.size;
  if (count.by === 'fixed') return { ...row, kind: CAPTURE_KIND.struct, size: size * count.value, limit: 4096 };
  return { ...row, kind: CAPTURE_KIND.buffer, size, limit: Math.max(limits.data, 4096) };
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
  view.setBigUint64(at + CAPTURE_ROW.conditionMask, BigInt(condition?.mask ?? 0), true);
  view.setBigUint64(at + CAPTURE_ROW.conditionValue, BigInt(condition?.value ?? 0), true);
}
