import { CAPTURE_KIND, CAPTURE_STATUS } from '../../emu/monitor-layout.ts';
import type { Argument, Pointee } from '../../guest/linux/signature.ts';
import type { CallCapture } from '../call-captures.ts';
import type { Call } from '../calls.ts';
import type { TextBuffer } from '../text-buffer.ts';
import { controlBlocks } from './asynchronous.ts';
import { directoryEntries } from './directory-entries.ts';
import { enumOrHex, enumOrNote, flagNames, openFlags } from './flags.ts';
import { type ArgumentFormat, address } from './format.ts';
import { netlinkMessages } from './netlink.ts';
import { SCALARS } from './scalars.ts';
import { descriptorText, type StructOptions } from './struct-parts.ts';
import { manyStructs } from './structs.ts';
import { structure } from './structures.ts';
import { iovec, message, messageArray } from './vector-arguments.ts';

/** Longest path the kernel takes, without its NUL: longer ones are cut. */
const PATH_MAX = 4095;

/** A capture as a literal of at most `limit` bytes, followed by dots when there are more. */
function quoteCapture(out: TextBuffer, { data, start, length, fullLength }: CallCapture, limit: number): void {
  const shown = Math.min(length, limit);
  out.quote(data, start, start + shown);
  if (fullLength > shown) out.text('...');
}

const string =
  (limited: boolean): ArgumentFormat =>
  (out, call, argument, options) => {
    const capture = call.capture(argument, 'entry');
    if (capture === undefined || (capture.status === CAPTURE_STATUS.absent && capture.length === 0)) {
      address(out, call, argument, options);
    } else quoteCapture(out, capture, limited ? options.stringLimit : PATH_MAX);
  };

const bytes =
  (phase: 'entry' | 'exit'): ArgumentFormat =>
  (out, call, argument, options) => {
    const written = phase === 'entry' || (call.returned && !call.failed);
    const capture = written ? call.capture(argument, phase) : undefined;
    if (capture === undefined) {
      const empty = written && phase === 'exit' && call.outcome === 'value' && call.result === 0;
      if (empty && !call.isNull(argument)) out.text('""');
      else address(out, call, argument, options);
    } else if (capture.status === CAPTURE_STATUS.absent) address(out, call, argument, options);
    else if (call.netlink !== undefined) {
      const { bytes: message, fullLength } = capture;
      out.text(netlinkMessages(message, fullLength, call.netlink, options.stringLimit, options.verbose));
    } else quoteCapture(out, capture, options.stringLimit);
  };

/** Bytes that a program gives: none of them are a text too. */
const given =
  ({ pointee }: Argument): ArgumentFormat =>
  (out, call, argument, options) => {
    const { count } = pointee!;
    const none = count.by === 'argument' && call.isNull(count.argument);
    if (none && !call.isNull(argument)) out.text('""');
    else bytesAtEntry(out, call, argument, options);
  };

const bytesAtEntry = bytes('entry');
const bytesAtExit = bytes('exit');

/** The list of strings of an argument, if any of it could be read. */
function stringList(call: Call, captures: readonly CallCapture[], argument: number): CallCapture | undefined {
  const head = captures.find((capture) => capture.kind === CAPTURE_KIND.pointerArray);
  if (head === undefined || call.isNull(argument)) return undefined;
  return head.status === CAPTURE_STATUS.absent && head.fullLength === 0 ? undefined : head;
}

const strings: ArgumentFormat = (out, call, argument, options) => {
  const captures = call.captures(argument, 'entry');
  const head = stringList(call, captures, argument);
  if (head === undefined) {
    address(out, call, argument, options);
    return;
  }
  out.byte(0x5b);
  const most = options.verbose ? Infinity : options.stringLimit;
  let shown = 0;
  for (const capture of captures) {
    if (capture.kind !== CAPTURE_KIND.pointerArrayString || shown >= most) continue;
    if (shown++ > 0) out.text(', ');
    if (capture.status === CAPTURE_STATUS.absent && capture.length === 0) out.text(`0x${capture.address.toString(16)}`);
    else quoteCapture(out, capture, options.stringLimit);
  }
  const more = head.status === CAPTURE_STATUS.limited || shown < head.fullLength;
  if (more) out.text(shown > 0 ? ', ...' : '...');
  out.byte(0x5d);
};

const environment: ArgumentFormat = (out, call, argument, options) => {
  if (options.verbose) {
    strings(out, call, argument, options);
    return;
  }
  const head = stringList(call, call.captures(argument, 'entry'), argument);
  address(out, call, argument, options);
  if (head === undefined) return;
  const plus = head.status === CAPTURE_STATUS.limited ? ' or more' : '';
  out.text(` /* ${head.fullLength}${plus} var${head.fullLength === 1 ? '' : 's'} */`);
};

const written: ArgumentFormat = (out, call, argument, options) => {
  const capture = call.failed ? undefined : call.capture(argument, 'exit');
  if (capture === undefined) {
    address(out, call, argument, options);
    return;
  }
  const { data, start, length } = capture;
  const whole = length > 0 && data[start + length - 1] === 0 ? length - 1 : length;
  const shown = Math.min(whole, Math.max(options.stringLimit, PATH_MAX));
  out.quote(data, start, start + shown);
  if (shown < whole) out.text('...');
};

/** Bytes of which a NUL at the end is not shown. */
const terminated =
  (phase: 'entry' | 'exit'): ArgumentFormat =>
  (out, call, argument, options) => {
    const capture = phase === 'exit' && call.failed ? undefined : call.capture(argument, phase);
    if (capture === undefined || capture.status === CAPTURE_STATUS.absent) {
      bytes(phase)(out, call, argument, options);
      return;
    }
    const { data, start, length } = capture;
    const whole = length > 0 && data[start + length - 1] === 0 ? length - 1 : length;
    const shown = Math.min(whole, options.stringLimit);
    out.quote(data, start, start + shown);
    if (shown < whole) out.text('...');
  };

/** Each byte as its number. */
const numbered =
  (phase: 'entry' | 'exit'): ArgumentFormat =>
  (out, call, argument, options) => {
    const capture = phase === 'exit' && call.failed ? undefined : call.capture(argument, phase);
    if (capture === undefined || capture.status === CAPTURE_STATUS.absent) {
      address(out, call, argument, options);
      return;
    }
    const shown = capture.bytes.subarray(0, options.stringLimit);
    const text = Array.from(shown, (byte) => `\\x${byte.toString(16).padStart(2, '0')}`).join('');
    out.text(`"${text}"${capture.fullLength > shown.length ? '...' : ''}`);
  };

const entries: ArgumentFormat = (out, call, argument, options) => {
  if (call.failed || !call.returned) address(out, call, argument, options);
  else directoryEntries(out, call, argument, call.capture(argument, 'exit'), options.verbose);
};

const fdSet: ArgumentFormat = (out, call, argument, options) => {
  const capture = call.isNull(argument) || (call.low(0) | 0) < 0 ? undefined : call.capture(argument, 'entry');
  const none = capture === undefined || (capture.length === 0 && capture.status === CAPTURE_STATUS.absent);
  if (none) address(out, call, argument, options);
  else out.text(descriptorSet(capture.bytes, call.low(0), options));
};

/** Members of an fd_set below `count`: `[0 3]`. */
export function descriptorSet(set: Uint8Array, count: number, options: StructOptions): string {
  const members: string[] = [];
  for (let fd = 0; fd < Math.min(count, set.length * 8); fd++)
    if ((set[fd >> 3]! >> (fd & 7)) & 1) members.push(descriptorText(fd, options));
  return `[${members.join(' ')}]`;
}

const pollDescriptors = manyStructs('pollfd');
const epollEvents = manyStructs('epollevent');

const pollSet: ArgumentFormat = (out, call, argument, options) => {
  const capture = call.capture(argument, 'entry');
  if (capture !== undefined && capture.length > 0) pollDescriptors(out, capture, call.low(argument + 1), options);
  else if (call.low(argument + 1) === 0 && !call.isNull(argument)) out.text('[]');
  else address(out, call, argument, options);
};

const readyEvents: ArgumentFormat = (out, call, argument, options) => {
  if (call.outcome === 'value' && call.result === 0) {
    out.text('[]');
    return;
  }
  const capture = call.failed ? undefined : call.capture(argument, 'exit');
  if (capture === undefined) address(out, call, argument, options);
  else epollEvents(out, capture, call.result, options);
};

const finished = manyStructs('ioEvent');

const finishedBlocks: ArgumentFormat = (out, call, argument, options) => {
  const capture = call.failed ? undefined : call.capture(argument, 'exit');
  if (call.outcome === 'value' && call.result === 0 && !call.isNull(argument)) out.text('[]');
  else if (capture === undefined) address(out, call, argument, options);
  else finished(out, capture, call.result, options);
};

/** Takes a descriptor out: the event is not looked at. */
const EPOLL_CTL_DEL = 2;

const controlledEvent = (pointee: Pointee): ArgumentFormat => {
  const event = structure(pointee);
  return (out, call, argument, options) =>
    (call.low(1) === EPOLL_CTL_DEL ? address : event)(out, call, argument, options);
};

/** Formats that look at what an argument points to. */
const POINTEES: Readonly<Record<string, (argument: Argument) => ArgumentFormat>> = {
  path: () => string(false),
  str: () => string(true),
  in: given,
  out: () => bytes('exit'),
  list:
    ({ pointee }) =>
    (out, call, argument, options) => {
      const { count } = pointee!;
      const unasked = count.by === 'argument' && call.isNull(count.argument);
      (unasked ? address : bytesAtExit)(out, call, argument, options);
    },
  text: () => terminated('exit'),
  value: () => terminated('entry'),
  'str>': () => written,
  random: () => numbered('exit'),
  hexbytes: () => numbered('entry'),
  dirents: () => entries,
  argv: () => strings,
  envp: () => environment,
  fdset: () => fdSet,
  pollfd: () => pollSet,
  iocbs: () => controlBlocks,
  ioEvent: ({ pointee }) => (pointee?.count.by === 'result' ? finishedBlocks : structure(pointee!)),
  epollevent: ({ pointee }) => (pointee?.direction === 'in' ? controlledEvent(pointee) : readyEvents),
  iov: (argument) => iovec(phaseOf(argument)),
  msghdr: (argument) => message(phaseOf(argument)),
  mmsghdr: (argument) => messageArray(argument),
};

const phaseOf = ({ pointee }: Argument): 'entry' | 'exit' => (pointee?.direction === 'in' ? 'entry' : 'exit');

/** How an argument of the table is shown. Throws at start if the table uses a word that has no format. */
export function argumentFormat(argument: Argument): ArgumentFormat {
  const { format, pointee } = argument;
  const pointed = POINTEES[format]?.(argument);
  if (pointed !== undefined) return pointed;
  // `int` is a number and, behind a pointer, a struct of one.
  if (pointee?.what === 'struct') return structure(pointee);
  const scalar = SCALARS[format];
  if (scalar !== undefined) return scalar;
  if (pointee !== undefined) return structure(pointee);
  const set = format.slice(2);
  if (format === 'F:open') return (out, call, i) => out.text(openFlags(call.low(i)));
  if (format.startsWith('F:')) {
    const zero = ZERO[set] ?? '0';
    return (out, call, i) => out.text(flagNames(set, call.low(i), 0, zero));
  }
  if (format.startsWith('L:')) {
    const zero = ZERO[set] ?? '0';
    return (out, call, i) => out.text(flagNames(set, call.low(i), call.high(i), zero));
  }
  if (format.startsWith('E:')) {
    return (out, call, i) => out.text(enumOrHex(set, call.low(i)));
  }
  if (format.startsWith('V:'))
    return (out, call, i) => out.text(`${call.low(i) | 0} /* ${enumOrNote(set, call.low(i))} */`);
  if (format.startsWith('C:')) {
    return (out, call, i) => {
      if ((call.low(i) & IPC_64) !== 0) out.text('IPC_64|');
      out.text(enumOrHex(set, call.low(i) & ~IPC_64));
    };
  }
  throw new Error(`no format for argument ${format}`);
}

/** Added to the commands of System V IPC by libraries since 1997 (include/uapi/linux/ipc.h). */
const IPC_64 = 0x100;

/** What stands for no flags where it has a name. */
const ZERO: Readonly<Record<string, string>> = { prot: 'PROT_NONE' };
