import { CAPTURE_KIND, CAPTURE_STATUS } from '../../emu/monitor-layout.ts';
import type { Argument, Pointee } from '../../guest/linux/signature.ts';
import { STRUCTS } from '../../guest/linux/tables/structs.ts';
import type { Capture } from '../../trace/event-chunk.ts';
import type { Call } from '../calls.ts';
import { directoryEntries } from './directory-entries.ts';
import {
  enumName,
  enumOrHex,
  fileMode,
  flagNames,
  ioctlName,
  mapFlags,
  openFlags,
  signalName,
  signalSet,
  socketType,
  statxFlags,
} from './flags.ts';
import { messageHeader, messageRoom, type VectorOptions, vectors } from './messages.ts';
import { socketAddress, socketProtocol } from './socket-address.ts';
import {
  fcntlArgument,
  futexOperation,
  ioctlArgument,
  optionName,
  optionValue,
  personality,
  prctlArgument,
} from './special.ts';
import { deviceNumber } from './struct-parts.ts';
import { capabilities, cloneArguments, formatStruct, formatStructs } from './structs.ts';
import { hex64, octal, pointer, quoteBuffer, signed64, unsigned64 } from './values.ts';

export interface FormatOptions {
  /** Bytes of a buffer that are shown. */
  readonly stringLimit: number;
  /** Structs, argv and envp in full. */
  readonly verbose: boolean;
  /** Shows a descriptor; `<path>` behind it with -y. */
  readonly descriptor: (fd: number, call: Call) => string;
}

/** Shows one argument of a call; '' leaves it out. */
export type ArgumentFormat = (call: Call, argument: number, options: FormatOptions) => string;

const AT_FDCWD = -100;

/** The address of an argument, for what could not be read. */
function address(call: Call, argument: number): string {
  return pointer(call.low(argument), call.high(argument));
}

const isNull = (call: Call, argument: number): boolean => call.low(argument) === 0 && call.high(argument) === 0;

/** Largest path the kernel takes: longer ones are cut. */
const PATH_MAX = 4096;

const string =
  (limited: boolean): ArgumentFormat =>
  (call, argument, options) => {
    const capture = call.capture(argument, 'entry');
    if (capture === undefined || (capture.status === CAPTURE_STATUS.absent && capture.bytes.length === 0)) {
      return address(call, argument);
    }
    return quoteBuffer(capture.bytes, capture.fullLength, limited ? options.stringLimit : PATH_MAX);
  };

const bytes =
  (phase: 'entry' | 'exit'): ArgumentFormat =>
  (call, argument, options) => {
    if (phase === 'exit' && (call.exit === undefined || call.failed)) return address(call, argument);
    const capture = call.capture(argument, phase);
    if (capture === undefined) {
      const empty = phase === 'exit' ? call.outcome.kind === 'value' && call.result === 0 : false;
      return empty && !isNull(call, argument) ? '""' : address(call, argument);
    }
    if (capture.status === CAPTURE_STATUS.absent) return address(call, argument);
    return quoteBuffer(capture.bytes, capture.fullLength, options.stringLimit);
  };

/** Bytes that a program gives: none of them are a text too. */
const given: ArgumentFormat = (call, argument, options) => {
  const count = call.syscall?.arguments[argument]?.pointee?.count;
  const none = count?.by === 'argument' && call.low(count.argument) === 0 && call.high(count.argument) === 0;
  return none && !isNull(call, argument) ? '""' : bytes('entry')(call, argument, options);
};

const strings = (call: Call, argument: number, options: FormatOptions): string => {
  const captures = call.captures(argument, 'entry');
  const head = captures.find((capture) => capture.kind === CAPTURE_KIND.pointerArray);
  if (head === undefined || isNull(call, argument)) return address(call, argument);
  const parts = captures
    .filter((capture) => capture.kind === CAPTURE_KIND.pointerArrayString)
    .slice(0, options.verbose ? undefined : options.stringLimit)
    .map((capture) =>
      capture.status === CAPTURE_STATUS.absent && capture.bytes.length === 0
        ? hex64(Number(capture.address & 0xffff_ffffn), Number(capture.address >> 32n))
        : quoteBuffer(capture.bytes, capture.fullLength, options.stringLimit),
    );
  if (head.status === CAPTURE_STATUS.absent && head.fullLength === 0) return address(call, argument);
  const more = head.status === CAPTURE_STATUS.limited || parts.length < head.fullLength;
  return `[${[...parts, ...(more ? ['...'] : [])].join(', ')}]`;
};

const environment: ArgumentFormat = (call, argument, options) => {
  if (options.verbose) return strings(call, argument, options);
  const head = call.captures(argument, 'entry').find((capture) => capture.kind === CAPTURE_KIND.pointerArray);
  if (head === undefined || isNull(call, argument)) return address(call, argument);
  if (head.status === CAPTURE_STATUS.absent && head.fullLength === 0) return address(call, argument);
  const plus = head.status === CAPTURE_STATUS.limited ? ' or more' : '';
  return `${address(call, argument)} /* ${head.fullLength}${plus} var${head.fullLength === 1 ? '' : 's'} */`;
};

function structure(pointee: Pointee): ArgumentFormat {
  const show = STRUCT_FORMATS[pointee.struct] ?? plainStruct(pointee);
  const before = pointee.direction === 'in' || pointee.direction === 'inout';
  return (call, argument, options) => {
    if (isNull(call, argument)) return 'NULL';
    const entry = before ? call.capture(argument, 'entry') : undefined;
    const exit = pointee.direction === 'in' ? undefined : call.capture(argument, 'exit');
    const capture =
      pointee.direction === 'inout' && !SHOWN_AFTER.has(pointee.struct) ? (entry ?? exit) : (exit ?? entry);
    const usable = capture !== undefined && capture.bytes.length > 0 && capture.status !== CAPTURE_STATUS.absent;
    if (!usable) return address(call, argument);
    const first = show(capture, call, options);
    if (!SHOWN_TWICE.has(pointee.struct) || entry === undefined || exit === undefined) return first;
    const second = show(exit, call, options);
    const old = show(entry, call, options);
    if (OFFSETS.has(pointee.struct))
      return call.name.startsWith('sendfile') && old !== second ? `${old} => ${second}` : old;
    return old === second ? old : `${old.slice(0, -1)} => ${second.slice(1)}`;
  };
}

/** In-out structs shown as the kernel left them. */
const SHOWN_AFTER = new Set(['cloneargs']);
/** In-out words shown before and after when they differ: `[16 => 2]`; offsets only by sendfile. */
const SHOWN_TWICE = new Set(['socklen', 'off', 'oldoff']);
const OFFSETS = new Set(['off', 'oldoff']);

type StructFormat = (capture: Capture, call: Call, options: FormatOptions) => string;

const STRUCT_FORMATS: Readonly<Record<string, StructFormat>> = {
  wstatus: (capture, call, options) =>
    call.result === 0 ? pointerOf(capture) : formatStruct('wstatus', capture.bytes, options),
  sockaddr: (capture, call) => peerAddress(capture, call),
  sigsetpair: signalSetPair,
  sigsetpair32: signalSetPair,
  optval: (capture, call, options) => optionValue(capture, call, options.stringLimit),
  // The kernel writes as much of a set as its own have.
  cpuset: (capture, call) =>
    cpuSet(call.name === 'sched_getaffinity' ? capture.bytes.subarray(0, call.result) : capture.bytes),
  cloneargs: (capture, call, options) => cloneArguments(capture.bytes, threadArea(call, options)) + clonedTid(call),
  capdata: (capture) => capabilities(capture.bytes),
};

/** An address; what the kernel had no room for is not shown. */
function peerAddress(capture: Capture, call: Call): string {
  const count = call.syscall?.arguments[capture.argument]?.pointee?.count;
  if (count?.by === 'argument') {
    return capture.bytes.length < 2 ? pointerOf(capture) : socketAddress(capture.bytes);
  }
  const before = count?.by === 'pointer' ? call.capture(count.argument, 'entry') : undefined;
  const room = before === undefined || before.bytes.length < 4 ? capture.bytes.length : (wordOf(before.bytes) ?? 0);
  return room < 2 ? pointerOf(capture) : socketAddress(capture.bytes.subarray(0, room));
}

const wordOf = (bytes: Uint8Array): number => new DataView(bytes.buffer, bytes.byteOffset, 4).getUint32(0, true);

/** pselect6's last argument: where a signal set stands, and its size. */
function signalSetPair(capture: Capture, call: Call): string {
  const set = call.captures(capture.argument, 'entry').find(({ kind }) => kind === CAPTURE_KIND.pointedTo);
  const view = new DataView(capture.bytes.buffer, capture.bytes.byteOffset, capture.bytes.length);
  const at = (place: number): readonly [low: number, high: number] =>
    call.narrow ? [view.getUint32(place / 2, true), 0] : [view.getUint32(place, true), view.getUint32(place + 4, true)];
  const mask = set === undefined || set.bytes.length < 8 ? pointer(...at(0)) : signalSet(set.bytes);
  return `{sigmask=${mask}, sigsetsize=${unsigned64(...at(8))}}`;
}

function threadArea(call: Call, options: FormatOptions): string | undefined {
  const area = call.captures(0, 'entry').find(({ kind }) => kind === CAPTURE_KIND.indirect);
  return area === undefined || area.bytes.length < STRUCTS.userdesc!.size
    ? undefined
    : formatStruct('userdesc', area.bytes, options);
}

/** The id that clone3 wrote where its arguments asked for it: it is the call's result. */
function clonedTid(call: Call): string {
  const capture = call.capture(0, 'entry');
  const asks = capture !== undefined && ((capture.bytes[2] ?? 0) & 0x10) !== 0;
  return asks && call.result > 0 ? ` => {parent_tid=[${call.result}]}` : '';
}

/** Nothing was waited for: the status was not written. */
function pointerOf(capture: Capture): string {
  return pointer(Number(capture.address & 0xffff_ffffn), Number(capture.address >> 32n));
}

function cpuSet(set: Uint8Array): string {
  const members: number[] = [];
  for (let cpu = 0; cpu < set.length * 8; cpu++) if ((set[cpu >> 3]! >> (cpu & 7)) & 1) members.push(cpu);
  return `[${members.join(' ')}]`;
}

function plainStruct(pointee: Pointee): StructFormat {
  const { count, struct } = pointee;
  const size = STRUCTS[struct]!.size;
  if (count.by === 'fixed' && count.value === 1) {
    return (capture, _call, options) => formatStruct(struct, capture.bytes, options);
  }
  return (capture, call, options) => {
    const number =
      count.by === 'fixed'
        ? count.value
        : count.by === 'argument'
          ? call.low(count.argument)
          : count.by === 'result'
            ? call.result
            : Math.floor(capture.bytes.length / size);
    return formatStructs(struct, capture.bytes, number, options);
  };
}

const fdSet: ArgumentFormat = (call, argument) => {
  if (isNull(call, argument)) return 'NULL';
  const capture = call.capture(argument, 'entry');
  const none = capture === undefined || (capture.bytes.length === 0 && capture.status === CAPTURE_STATUS.absent);
  return none || (call.low(0) | 0) < 0 ? address(call, argument) : descriptorSet(capture.bytes, call.low(0));
};

/** Members of an fd_set below `count`: `[0 3]`. */
export function descriptorSet(set: Uint8Array, count: number): string {
  const members: number[] = [];
  for (let fd = 0; fd < Math.min(count, set.length * 8); fd++) if ((set[fd >> 3]! >> (fd & 7)) & 1) members.push(fd);
  return `[${members.join(' ')}]`;
}

const pollSet: ArgumentFormat = (call, argument, options) => {
  const capture = call.capture(argument, 'entry');
  if (capture === undefined || capture.bytes.length === 0)
    return call.low(argument + 1) === 0 && !isNull(call, argument) ? '[]' : address(call, argument);
  return formatStructs('pollfd', capture.bytes, call.low(argument + 1), options);
};

const epollEvents: ArgumentFormat = (call, argument, options) => {
  if (call.outcome.kind === 'value' && call.result === 0) return '[]';
  const capture = call.capture(argument, 'exit');
  if (capture === undefined || call.failed) return address(call, argument);
  return formatStructs('epollevent', capture.bytes, call.result, options);
};

/** Takes a descriptor out: the event is not looked at. */
const EPOLL_CTL_DEL = 2;

const isGiven = (call: Call, argument: number): boolean =>
  call.syscall?.arguments[argument]?.pointee?.direction === 'in';

const vectorOptions = (call: Call, { stringLimit, verbose }: FormatOptions): VectorOptions => ({
  ...{ stringLimit, verbose },
  word: call.narrow ? 4 : 8,
});

const iovec: ArgumentFormat = (call, argument, options) => {
  const gives = isGiven(call, argument);
  const captures = call.captures(argument, gives ? 'entry' : 'exit');
  const head = captures.find(({ kind }) => kind === CAPTURE_KIND.iovec);
  const count = call.low(argument + 1);
  if (count === 0 && !isNull(call, argument)) return '[]';
  if (head === undefined || head.bytes.length === 0) return address(call, argument);
  return vectors(captures, count, gives ? 'given' : call.failed ? 'untouched' : 'filled', vectorOptions(call, options));
};

const message: ArgumentFormat = (call, argument, options) => {
  const gives = isGiven(call, argument);
  const before = gives ? undefined : call.capture(argument, 'entry');
  const { word } = vectorOptions(call, options);
  if (!gives && call.failed)
    return before?.bytes.length === 7 * word ? messageRoom(before, word) : address(call, argument);
  const captures = call.captures(argument, gives ? 'entry' : 'exit');
  if ((captures[0]?.bytes.length ?? 0) < 7 * word) return address(call, argument);
  return messageHeader(captures, before, gives ? 'given' : 'filled', { ...options, word });
};

/** Several messages: each with how much of it was sent or received, where the call did something. */
const messageArray: ArgumentFormat = (call, argument, options) => {
  const receives = call.syscall?.arguments[argument]?.pointee?.direction === 'out';
  if (receives && call.failed) return address(call, argument);
  const captures = call.captures(argument, call.failed ? 'entry' : 'exit');
  const sizes = vectorOptions(call, options);
  const heads = captures.flatMap(({ kind }, i) => (kind === CAPTURE_KIND.mmsghdr ? [i] : []));
  if (heads.length === 0) return address(call, argument);
  const shown = call.failed ? heads.length : Math.min(heads.length, call.result);
  const texts = heads.slice(0, shown).map((at, i) => {
    const own = captures.slice(at, heads[i + 1] ?? captures.length);
    const header = messageHeader(own, undefined, receives ? 'filled' : 'given', sizes);
    const length = wordOf(own[0]!.bytes.subarray(7 * sizes.word));
    return `{msg_hdr=${header}${call.failed ? '' : `, msg_len=${length}`}}`;
  });
  return `[${texts.join(', ')}]`;
};

const descriptor: ArgumentFormat = (call, argument, options) => options.descriptor(call.low(argument) | 0, call);

/** Added to the commands of ipc by libraries since 1997 (include/uapi/linux/ipc.h). */
const IPC_64 = 0x100;

const uid = (low: number): string => (low === 0xffff_ffff ? '-1' : String(low));

/** The attributes of mq_open count only for a queue that may be created. */
const creationPointer: ArgumentFormat = (call, argument) =>
  (call.low(argument - 2) & 0o100) === 0 ? '' : address(call, argument);

/** The mode of an open-like call counts only when a file may be created. */
const creationMode: ArgumentFormat = (call, argument) => {
  const flags = call.low(argument - 1);
  const creates = (flags & 0o100) !== 0 || (flags & 0o20200000) === 0o20200000;
  return creates ? octal(call.low(argument)) : '';
};

const SCALARS: Readonly<Record<string, ArgumentFormat>> = {
  fd: descriptor,
  at: (call, argument, options) =>
    (call.low(argument) | 0) === AT_FDCWD ? 'AT_FDCWD' : options.descriptor(call.low(argument) | 0, call),
  int: (call, argument) => String(call.low(argument) | 0),
  pid: (call, argument) => String(call.low(argument) | 0),
  uint: (call, argument) => String(call.low(argument)),
  uid: (call, argument) => uid(call.low(argument)),
  long: (call, argument) => signed64(call.low(argument), call.high(argument)),
  off: (call, argument) => signed64(call.low(argument), call.high(argument)),
  hexoff: (call, argument) => (isNull(call, argument) ? '0' : hex64(call.low(argument), call.high(argument))),
  ulong: (call, argument) => unsigned64(call.low(argument), call.high(argument)),
  size: (call, argument) => unsigned64(call.low(argument), call.high(argument)),
  hex: (call, argument) => (isNull(call, argument) ? '0' : hex64(call.low(argument), call.high(argument))),
  ptr: address,
  /** In pages of 4096 bytes. */
  pageoff: (call, argument) => {
    const bytes = 4096 * call.low(argument);
    return bytes === 0 ? '0' : `0x${bytes.toString(16)}`;
  },
  uid16: (call, argument) => {
    const id = call.low(argument) & 0xffff;
    return id === 0xffff ? '-1' : String(id);
  },
  oldsigmask: (call, argument) => signalSet(Uint8Array.from([0, 8, 16, 24], (shift) => call.low(argument) >>> shift)),
  ipcCommand: (call, argument) => {
    const command = call.low(argument);
    const flag = (command & IPC_64) === 0 ? '' : 'IPC_64|';
    return `${flag}${enumOrHex('ipcControl', command & ~IPC_64)}`;
  },
  mode: (call, argument) => octal(call.low(argument) & 0xffff),
  mknodmode: (call, argument) => fileMode(call.low(argument) & 0xffff),
  // A device number says something only of a device.
  dev: (call, argument) => {
    const type = call.name.startsWith('mknod') ? call.low(argument - 1) & 0o170000 : 0o020000;
    return type === 0o020000 || type === 0o060000 ? deviceNumber(call.low(argument)) : '';
  },
  sig: (call, argument) => signalName(call.low(argument)),
  open: (call, argument) => openFlags(call.low(argument)),
  creatmode: creationMode,
  creatptr: creationPointer,
  keyring: (call, argument) => enumName('keyring', call.low(argument)) ?? String(call.low(argument) | 0),
  map: (call, argument) => mapFlags(call.low(argument)),
  access: (call, argument) => (call.low(argument) === 0 ? 'F_OK' : flagNames('access', call.low(argument))),
  statxflags: (call, argument) => statxFlags(call.low(argument)),
  socktype: (call, argument) => socketType(call.low(argument)),
  protocol: (call, argument) => socketProtocol(call.low(0), call.low(argument)),
  ioctl: (call, argument) => ioctlName(call.low(argument)),
  ioctlarg: (call, argument, options) => ioctlArgument(call, argument, options),
  fcntlarg: (call, argument, options) => fcntlArgument(call, argument, options),
  sockopt: (call, argument) => optionName(call.low(1), call.low(argument)),
  cloneflags: (call, argument) => {
    const low = call.low(argument);
    const signal = low & 0xff;
    const flags = flagNames('clone', (low & ~0xff) >>> 0, 0, '');
    return [flags, signal === 0 ? '' : signalName(signal)].filter((text) => text !== '').join('|') || '0';
  },
  futexop: (call, argument) => futexOperation(call.low(argument)),
  futexarg: (call, argument, options) => {
    const capture = call.capture(argument, 'entry');
    return capture === undefined
      ? address(call, argument)
      : formatStruct(call.syscall!.conditional[0]!.struct, capture.bytes, options);
  },
  prctl: (call, argument) => enumOrHex('prctl', call.low(argument)),
  prctlarg: prctlArgument,
  archarg: (call, argument, options) => {
    const capture = call.capture(argument, 'exit');
    return capture === undefined
      ? hex64(call.low(argument), call.high(argument))
      : formatStruct('ptr', capture.bytes, options);
  },
  ipckey: (call, argument) => (call.low(argument) === 0 ? 'IPC_PRIVATE' : hex64(call.low(argument), 0)),
  shmflags: (call, argument) => {
    const low = call.low(argument);
    const flags = flagNames('ipc', low & ~0o777, 0, '');
    return flags === '' ? octal(low & 0o777) : `${flags}|${octal(low & 0o777)}`;
  },
  mountdata: (call, argument) => address(call, argument),
  personality: (call, argument) => personality(call.low(argument)),
  // The upper half of an offset, which has come whole in the argument before.
  zero: () => '',
  in: given,
  out: bytes('exit'),
  'str>': (call, argument, options) => {
    const capture = call.capture(argument, 'exit');
    if (capture === undefined || call.failed) return address(call, argument);
    const text = capture.bytes.at(-1) === 0 ? capture.bytes.subarray(0, -1) : capture.bytes;
    return quoteBuffer(text, text.length, Math.max(options.stringLimit, PATH_MAX));
  },
  random: (call, argument, options) => {
    const capture = call.capture(argument, 'exit');
    if (capture === undefined || call.failed) return address(call, argument);
    const shown = capture.bytes.subarray(0, options.stringLimit);
    const text = Array.from(shown, (byte) => `\\x${byte.toString(16).padStart(2, '0')}`).join('');
    return `"${text}"${capture.fullLength > shown.length ? '...' : ''}`;
  },
  dirents: (call, argument, options) => {
    if (call.failed || call.exit === undefined) return address(call, argument);
    const capture = call.capture(argument, 'exit');
    return directoryEntries(call, argument, capture, options.verbose);
  },
  path: string(false),
  str: string(true),
  argv: strings,
  envp: environment,
  fdset: fdSet,
  pollfd: pollSet,
  epollevent: (call, argument, options) =>
    call.name === 'epoll_ctl' && call.low(1) === EPOLL_CTL_DEL
      ? address(call, argument)
      : call.syscall?.arguments[argument]?.pointee?.direction === 'in'
        ? structure(call.syscall.arguments[argument].pointee)(call, argument, options)
        : epollEvents(call, argument, options),
  iov: iovec,
  msghdr: message,
  mmsghdr: messageArray,
};

/** How an argument of the table is shown. Throws at start if the table uses a word that has no format. */
export function argumentFormat(argument: Argument): ArgumentFormat {
  const { format } = argument;
  const { pointee } = argument;
  // `int` is a number and, behind a pointer, a struct of one.
  const plain = pointee?.what === 'struct' && format in STRUCTS && format !== 'pollfd' && format !== 'epollevent';
  const scalar = SCALARS[format];
  if (scalar !== undefined && !plain) return scalar;
  if (pointee !== undefined) return structure(pointee);
  if (format.startsWith('F:')) {
    const set = format.slice(2);
    const zero = ZERO[set] ?? '0';
    if (set === 'open') return (call, i) => openFlags(call.low(i));
    return (call, i) => flagNames(set, call.low(i), 0, zero);
  }
  if (format.startsWith('E:')) {
    const set = format.slice(2);
    return (call, i) => enumOrHex(set, call.low(i));
  }
  throw new Error(`no format for argument ${format}`);
}

/** What stands for no flags where it has a name. */
const ZERO: Readonly<Record<string, string>> = { prot: 'PROT_NONE' };
