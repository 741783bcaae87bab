import { CAPTURE_KIND, CAPTURE_STATUS } from '../../emu/monitor-layout.ts';
import type { Argument } from '../../guest/linux/signature.ts';
import type { Call, CallCapture } from '../calls.ts';
import type { TextBuffer } from '../text-buffer.ts';
import { directoryEntries } from './directory-entries.ts';
import { enumOrHex, flagNames, openFlags } from './flags.ts';
import { type ArgumentFormat, address } from './format.ts';
import { messageHeader, vectors } from './messages.ts';
import { SCALARS } from './scalars.ts';
import { manyStructs } from './structs.ts';
import { structure } from './structures.ts';

/** Largest path the kernel takes: longer ones are cut. */
const PATH_MAX = 4096;

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
    else quoteCapture(out, capture, options.stringLimit);
  };

const strings: ArgumentFormat = (out, call, argument, options) => {
  const captures = call.captures(argument, 'entry');
  const head = captures.find((capture) => capture.kind === CAPTURE_KIND.pointerArray);
  if (head === undefined || call.isNull(argument)) {
    address(out, call, argument, options);
    return;
  }
  out.byte(0x5b);
  let shown = 0;
  for (const capture of captures) {
    if (capture.kind !== CAPTURE_KIND.pointerArrayString) continue;
    if (shown++ > 0) out.text(', ');
    quoteCapture(out, capture, options.stringLimit);
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
  const head = call.captures(argument, 'entry').find((capture) => capture.kind === CAPTURE_KIND.pointerArray);
  address(out, call, argument, options);
  if (head === undefined || call.isNull(argument)) return;
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

const random: ArgumentFormat = (out, call, argument, options) => {
  const capture = call.failed ? undefined : call.capture(argument, 'exit');
  if (capture === undefined) {
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
  const capture = call.isNull(argument) ? undefined : call.capture(argument, 'entry');
  if (capture === undefined) address(out, call, argument, options);
  else out.text(descriptorSet(capture.bytes, call.low(0)));
};

/** Members of an fd_set below `count`: `[0 3]`. */
export function descriptorSet(set: Uint8Array, count: number): string {
  const members: number[] = [];
  for (let fd = 0; fd < Math.min(count, set.length * 8); fd++) if ((set[fd >> 3]! >> (fd & 7)) & 1) members.push(fd);
  return `[${members.join(' ')}]`;
}

const pollDescriptors = manyStructs('pollfd');
const epollEvents = manyStructs('epollevent');

const pollSet: ArgumentFormat = (out, call, argument, options) => {
  const capture = call.capture(argument, 'entry');
  if (capture !== undefined) pollDescriptors(out, capture, call.low(argument + 1), options);
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

/** Captures of what an argument leads to, when the kernel or the program has filled it. */
function filled(call: Call, argument: number, phase: 'entry' | 'exit'): readonly CallCapture[] {
  return call.failed && phase === 'exit' ? [] : call.captures(argument, phase);
}

const iovec =
  (phase: 'entry' | 'exit'): ArgumentFormat =>
  (out, call, argument, options) => {
    const captures = filled(call, argument, phase);
    if (captures.length === 0) address(out, call, argument, options);
    else out.text(vectors(captures, options.stringLimit));
  };

const message =
  (phase: 'entry' | 'exit'): ArgumentFormat =>
  (out, call, argument, options) => {
    const captures = filled(call, argument, phase);
    if (captures.length === 0) {
      address(out, call, argument, options);
      return;
    }
    const before = phase === 'exit' ? call.capture(argument, 'entry') : undefined;
    out.text(messageHeader(captures, before, options.stringLimit));
  };

/** Formats that look at what an argument points to. */
const POINTEES: Readonly<Record<string, (argument: Argument) => ArgumentFormat>> = {
  path: () => string(false),
  str: () => string(true),
  in: () => bytes('entry'),
  out: () => bytes('exit'),
  'str>': () => written,
  random: () => random,
  dirents: () => entries,
  argv: () => strings,
  envp: () => environment,
  fdset: () => fdSet,
  pollfd: () => pollSet,
  epollevent: ({ pointee }) => (pointee?.direction === 'in' ? structure(pointee) : readyEvents),
  iov: (argument) => iovec(phaseOf(argument)),
  msghdr: (argument) => message(phaseOf(argument)),
  mmsghdr: (argument) => message(phaseOf(argument)),
};

const phaseOf = ({ pointee }: Argument): 'entry' | 'exit' => (pointee?.direction === 'in' ? 'entry' : 'exit');

/** How an argument of the table is shown. Throws at start if the table uses a word that has no format. */
export function argumentFormat(argument: Argument): ArgumentFormat {
  const { format, pointee } = argument;
  const known = SCALARS[format] ?? POINTEES[format]?.(argument);
  if (known !== undefined) return known;
  if (pointee !== undefined) return structure(pointee);
  const set = format.slice(2);
  if (format === 'F:open') return (out, call, i) => out.text(openFlags(call.low(i)));
  if (format.startsWith('F:')) {
    const zero = ZERO[set] ?? '0';
    return (out, call, i) => out.text(flagNames(set, call.low(i), 0, zero));
  }
  if (format.startsWith('E:')) {
    const prefix = PREFIX[set] ?? set.toUpperCase();
    return (out, call, i) => out.text(enumOrHex(set, call.low(i), prefix));
  }
  throw new Error(`no format for argument ${format}`);
}

/** What stands for no flags where it has a name. */
const ZERO: Readonly<Record<string, string>> = { prot: 'PROT_NONE' };
const PREFIX: Readonly<Record<string, string>> = {
  whence: 'SEEK',
  clock: 'CLOCK',
  madvise: 'MADV',
  family: 'AF',
  sigHow: 'SIG',
};
