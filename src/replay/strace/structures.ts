/** Arguments that point to structs. */
import { CAPTURE_KIND, CAPTURE_STATUS } from '../../emu/monitor-layout.ts';
import type { Pointee } from '../../guest/linux/signature.ts';
import { STRUCTS } from '../../guest/linux/tables/structs.ts';
import type { CallCapture } from '../call-captures.ts';
import type { Call } from '../calls.ts';
import { TextBuffer } from '../text-buffer.ts';
import { blockText } from './asynchronous.ts';
import { bpfAttributes } from './bpf.ts';
import { filterProgramText } from './filter-programs.ts';
import { flagNames, signalSet } from './flags.ts';
import { type ArgumentFormat, address, type FormatOptions } from './format.ts';
import { performanceEvent } from './performance-events.ts';
import { capabilities, cloneArguments } from './process-structs.ts';
import { schedulingAttributes } from './scheduling.ts';
import { socketAddress } from './socket-address.ts';
import { attachesFilter, optionValue } from './special.ts';
import { descriptorText } from './struct-parts.ts';
import { manyStructs, oneStruct } from './structs.ts';

type PointeeFormat = (
  out: TextBuffer,
  capture: CallCapture,
  call: Call,
  options: FormatOptions,
  argument: number,
) => void;

/** In-out structs shown as the kernel left them. */
const SHOWN_AFTER = new Set(['cloneargs', 'filehandle', 'uringSetup']);
/** Structs with room behind what there is of them: it need not all be readable. */
const ROOMY = new Set([
  'scheduling',
  'perfEvent',
  'bpfAttributes',
  'residency',
  'nodemask',
  'filehandle',
  'msgbuf',
  'msgbuf32',
]);
/** In-out words shown before and after when they differ: `[16 => 2]`; offsets only by sendfile. */
const SHOWN_TWICE = new Set(['socklen', 'off', 'oldoff']);
const OFFSETS = new Set(['off', 'oldoff']);

/** EINTR, and the kernel's own codes of calls that go on after a signal: what is left of a time was written. */
const INTERRUPTIONS = new Set([4, 512, 513, 514, 516]);

/** An argument that points to a struct, or to several. */
export function structure(pointee: Pointee): ArgumentFormat {
  const show = SPECIAL[pointee.struct] ?? plain(pointee);
  const { direction, struct } = pointee;
  const captured = pointee.behind === undefined ? direct : indirect;
  const before = direction === 'in' || direction === 'inout';
  const entryFirst = direction === 'inout' && !SHOWN_AFTER.has(struct);
  const twice = SHOWN_TWICE.has(struct);
  const whole = !ROOMY.has(struct);
  return (out, call, argument, options) => {
    if (call.isNull(argument)) {
      out.text('NULL');
      return;
    }
    if (struct === 'sigset' && direction === 'in' && !isSetSize(call, argument + 1)) {
      address(out, call, argument, options);
      return;
    }
    const entry = before ? captured(call, argument, 'entry') : undefined;
    const untold = direction === 'in' || (direction === 'failure' && !INTERRUPTIONS.has(call.errno));
    const exit = untold ? undefined : captured(call, argument, 'exit');
    const capture = entryFirst ? (entry ?? exit) : (exit ?? entry);
    const set = struct === 'cpuset' && direction === 'in' && call.isNull(argument - 1);
    if (set) out.text('[]');
    else if (capture === undefined || capture.length === 0 || (whole && capture.status === CAPTURE_STATUS.absent)) {
      address(out, call, argument, options);
    } else if (twice && entry !== undefined && exit !== undefined) {
      const [old, now] = [entry, exit].map((one) => text((to) => show(to, one, call, options, argument)));
      if (!OFFSETS.has(struct)) out.text(old === now ? old! : `${old!.slice(0, -1)} => ${now!.slice(1)}`);
      else out.text(call.name.startsWith('sendfile') && old !== now ? `${old} => ${now}` : old!);
    } else show(out, capture, call, options, argument);
  };
}

const SET_BYTES = STRUCTS.sigset!.size;

/** The argument behind a signal set, or behind two of them, is its size; one that the kernel does not take is not followed. */
function isSetSize(call: Call, argument: number): boolean {
  const format = call.syscall?.arguments[argument]?.format;
  if (format === 'sigset') return isSetSize(call, argument + 1);
  return format !== 'size' || call.low(argument) === SET_BYTES;
}

type Captured = (call: Call, argument: number, phase: 'entry' | 'exit') => CallCapture | undefined;
const direct: Captured = (call, argument, phase) => call.capture(argument, phase);
const indirect: Captured = (call, argument, phase) =>
  call.captures(argument, phase).find(({ kind }) => kind === CAPTURE_KIND.indirect);

function text(write: (out: TextBuffer) => void): string {
  const out = new TextBuffer(64);
  write(out);
  return out.toString();
}

const waitStatus = oneStruct('wstatus');
const segmentDescriptor = oneStruct('userdesc');
const openHow = oneStruct('openhow');

const SPECIAL: Readonly<Record<string, PointeeFormat>> = {
  // Nothing was waited for: the status was not written.
  wstatus: (out, capture, call, options, argument) =>
    call.result === 0 ? address(out, call, argument, options) : waitStatus(out, capture, options),
  sockaddr: peerAddress,
  sigsetpair: signalSetPair,
  sigsetpair32: signalSetPair,
  optval: (out, capture, call, options, argument) => {
    if (attachesFilter(call)) filterProgram(out, capture, call, options, argument);
    else out.text(optionValue(capture, call, options.stringLimit));
  },
  // The kernel writes as much of a set as its own have.
  cpuset: (out, capture, call) =>
    out.text(cpuSet(call.name === 'sched_getaffinity' ? capture.bytes.subarray(0, call.result) : capture.bytes)),
  cloneargs: (out, capture, call, options) =>
    out.text(
      cloneArguments(capture.bytes, threadArea(call, options), pointedBy(call, 64)) + cloneAnswers(call, options),
    ),
  // The kernel says by the struct's first words how much of it there is.
  scheduling: (out, capture, call, options, argument) => {
    if (!schedulingAttributes(out, capture, call, argument)) address(out, call, argument, options);
  },
  perfEvent: (out, capture, call, options, argument) => {
    if (!performanceEvent(out, capture, call, argument)) address(out, call, argument, options);
  },
  bpfAttributes: (out, capture, call, options, argument) => {
    if (!bpfAttributes(out, capture, call, options)) address(out, call, argument, options);
  },
  // The kernel takes none that is smaller than its first version.
  openhow: (out, capture, call, options, argument) => {
    if (call.low(argument + 1) < STRUCTS.openhow!.size) address(out, call, argument, options);
    else openHow(out, capture, options);
  },
  iocb: (out, capture, call, options) => out.text(blockText(capture, [], false, call, options)),
  keyCapabilities: (out, capture, call, options, argument) => {
    if (call.failed) address(out, call, argument, options);
    else out.text(keyCapabilities(capture.bytes.subarray(0, call.result)));
  },
  filterProgram,
  filterProgram32: filterProgram,
  capdata: (out, capture) => out.text(capabilities(capture.bytes)),
  residency: (out, capture, call, options) =>
    residency(out, capture, Math.ceil((call.low(1) + call.high(1) * 2 ** 32) / PAGE), options),
  nodemask: nodeMask,
  msgbuf: queuedMessage,
  msgbuf32: queuedMessage,
  filehandle: fileHandle,
  uringSetup: (out, capture, call, options) => (call.failed ? uringAsked : uringSetup)(out, capture, options),
};

/** How long a filter is, and in full its instructions. */
function filterProgram(
  out: TextBuffer,
  capture: CallCapture,
  call: Call,
  options: FormatOptions,
  argument: number,
): void {
  const { view, start, length } = capture;
  const word = call.narrow ? 4 : 8;
  if (length < 2 * word) {
    address(out, call, argument, options);
    return;
  }
  const count = view.getUint16(start, true);
  const behind = options.verbose
    ? call.captures(argument, 'entry').find(({ kind }) => kind === CAPTURE_KIND.indirect)
    : undefined;
  const program = behind && filterProgramText(behind, count, call.name !== 'setsockopt');
  out.text(`{len=${count}, filter=`);
  if (program !== undefined) out.text(program);
  else out.pointer(view.getUint32(start + word, true), word === 8 ? view.getUint32(start + 12, true) : 0);
  out.byte(0x7d);
}

/** What a kernel's keys can do, a set for each byte that it has written. */
function keyCapabilities(bytes: Uint8Array): string {
  const sets = Array.from(bytes, (byte, i) => (i < 2 ? flagNames(`keyCapabilities${i}`, byte) : String(byte)));
  return `[${sets.join(', ')}]`;
}

const PAGE = 4096;
const uringAsked = oneStruct('uringAsked');
const uringSetup = oneStruct('uringSetup');
const residency = manyStructs('resident');

/** Words of a set of memory nodes; how many nodes there may be is the next argument. */
function nodeMask(out: TextBuffer, capture: CallCapture, call: Call, options: FormatOptions, argument: number): void {
  const { view, start, length } = capture;
  const size = call.narrow ? 4 : 8;
  const words = Math.floor((call.low(argument + 1) + 8 * size - 2) / (8 * size));
  const shown = Math.min(words, Math.floor(length / size), options.verbose ? Infinity : options.stringLimit);
  const texts = Array.from({ length: shown }, (_, i) => {
    const at = start + i * size;
    const word = size === 4 ? BigInt(view.getUint32(at, true)) : view.getBigUint64(at, true);
    const digits = 2 * size;
    return word === 0n ? '0'.repeat(digits) : `0x${word.toString(16).padStart(digits - 2, '0')}`;
  });
  out.text(`[${[...texts, ...(shown < words ? ['...'] : [])].join(', ')}]`);
}

/** A message of a System V queue: its type and as many bytes of text as another argument says. */
function queuedMessage(
  out: TextBuffer,
  capture: CallCapture,
  call: Call,
  options: FormatOptions,
  argument: number,
): void {
  const { view, start, length, data } = capture;
  const head = call.narrow ? 4 : 8;
  const size = Math.min(call.low(2), length - head);
  if (size < 0) {
    address(out, call, argument, options);
    return;
  }
  const shown = Math.min(size, options.stringLimit);
  out.text(`{mtype=${head === 4 ? view.getInt32(start, true) : view.getBigInt64(start, true)}, mtext=`);
  out.quote(data, start + head, start + head + shown);
  out.text(call.low(2) > shown ? '...}' : '}');
}

/** Bytes before the handle itself, in struct file_handle. */
const HANDLE_HEAD = 8;

/** How much room there is for a handle, and the handle where the kernel has made it or the program gives it. */
function fileHandle(out: TextBuffer, capture: CallCapture, call: Call, options: FormatOptions, argument: number): void {
  const { view, start, length, bytes } = capture;
  if (length < HANDLE_HEAD) {
    address(out, call, argument, options);
    return;
  }
  const size = view.getUint32(start, true);
  const asks = call.syscall?.arguments[argument]?.pointee?.direction === 'inout';
  const before = asks ? call.capture(argument, 'entry') : undefined;
  const room = before === undefined || before.length < 4 ? size : before.view.getUint32(before.start, true);
  out.text(`{handle_bytes=${room === size ? size : `${room} => ${size}`}`);
  if (!asks || !call.failed) {
    const handle = bytes.subarray(HANDLE_HEAD, HANDLE_HEAD + size);
    const text = Array.from(handle, (byte) => `\\x${byte.toString(16).padStart(2, '0')}`).join('');
    out.text(`, handle_type=${view.getInt32(start + 4, true)}, f_handle="${text}"`);
  }
  out.byte(0x7d);
}

/** An address; what the kernel had no room for is not shown. */
function peerAddress(
  out: TextBuffer,
  capture: CallCapture,
  call: Call,
  options: FormatOptions,
  argument: number,
): void {
  const count = call.syscall?.arguments[argument]?.pointee?.count;
  const before = count?.by === 'pointer' ? call.capture(count.argument, 'entry') : undefined;
  const room = before === undefined || before.length < 4 ? capture.length : before.view.getUint32(before.start, true);
  const unusable = count?.by === 'argument' && (capture.length < 2 || (call.low(count.argument) | 0) < 0);
  if (room < 2 || unusable) address(out, call, argument, options);
  else out.text(socketAddress(capture.bytes.subarray(0, room)));
}

/** pselect6's last argument: where a signal set stands, and its size. */
function signalSetPair(
  out: TextBuffer,
  { view, start }: CallCapture,
  call: Call,
  _options: FormatOptions,
  argument: number,
): void {
  const set = call.captures(argument, 'entry').find(({ kind }) => kind === CAPTURE_KIND.pointedTo);
  const word = call.narrow ? 4 : 8;
  const high = (at: number): number => (word === 4 ? 0 : view.getUint32(at + 4, true));
  out.text('{sigmask=');
  if (set === undefined || set.length < 8) out.pointer(view.getUint32(start, true), high(start));
  else out.text(signalSet(set.view.getUint32(set.start, true), set.view.getUint32(set.start + 4, true)));
  out.text(', sigsetsize=');
  out.unsigned64(view.getUint32(start + word, true), high(start + word));
  out.byte(0x7d);
}

/** The segment descriptor to which clone3's arguments of a 32-bit program lead. */
function threadArea(call: Call, options: FormatOptions): string | undefined {
  const area = indirectAt(call, 56);
  if (area === undefined || area.length < STRUCTS.userdesc!.size) return undefined;
  return text((out) => segmentDescriptor(out, area, options));
}

/** What a pointer in clone3's arguments led to at the entry. */
function indirectAt(call: Call, offset: number): CallCapture | undefined {
  const own = call.capture(0, 'entry');
  if (own === undefined || own.length < offset + 8) return undefined;
  const pointer = own.view.getBigUint64(own.start + offset, true);
  return call
    .captures(0, 'entry')
    .find(
      ({ kind, address: at }) =>
        kind === CAPTURE_KIND.indirect && (at === pointer || at === BigInt.asUintN(32, pointer)),
    );
}

const pointedBy = (call: Call, offset: number): Uint8Array => indirectAt(call, offset)?.bytes ?? new Uint8Array(0);

const CLONE_PIDFD = 0x1000;
const CLONE_PARENT_SETTID = 0x10_0000;

/** What clone3 wrote where its arguments asked for it: a descriptor, and the id that is its result. */
function cloneAnswers(call: Call, options: FormatOptions): string {
  const capture = call.capture(0, 'entry');
  if (capture === undefined || capture.length < 4 || call.result <= 0) return '';
  const flags = capture.view.getUint32(capture.start, true);
  const pidfd = call.captures(0, 'exit').find(({ kind }) => kind === CAPTURE_KIND.indirect);
  const parts: string[] = [];
  if ((flags & CLONE_PIDFD) !== 0 && pidfd?.length === 4)
    parts.push(`pidfd=[${descriptorText(pidfd.view.getInt32(pidfd.start, true), options)}]`);
  if ((flags & CLONE_PARENT_SETTID) !== 0) parts.push(`parent_tid=[${call.result}]`);
  return parts.length === 0 ? '' : ` => {${parts.join(', ')}}`;
}

function cpuSet(set: Uint8Array): string {
  const members: number[] = [];
  for (let cpu = 0; cpu < set.length * 8; cpu++) if ((set[cpu >> 3]! >> (cpu & 7)) & 1) members.push(cpu);
  return `[${members.join(' ')}]`;
}

function plain({ count, struct }: Pointee): PointeeFormat {
  if (count.by === 'fixed' && count.value === 1) {
    const show = oneStruct(struct);
    return (out, capture, _call, options) => show(out, capture, options);
  }
  const show = manyStructs(struct);
  const { size } = STRUCTS[struct]!;
  return (out, capture, call, options) => {
    const number =
      count.by === 'fixed'
        ? count.value
        : count.by === 'argument'
          ? call.low(count.argument)
          : count.by === 'result'
            ? call.result
            : Math.floor(capture.length / size);
    show(out, capture, number, options);
  };
}
