// Arguments whose meaning hangs on another argument.
import { errnoOf } from '../../guest/linux/tables/errno.ts';
import { IOCTL_STRUCTS } from '../../guest/linux/tables/ioctl-arguments.ts';
import type { CallCapture } from '../call-captures.ts';
import type { Call } from '../calls.ts';
import type { TextBuffer } from '../text-buffer.ts';
import { enumName, enumOrHex, flagNames, openFlags, signalName } from './flags.ts';
import { type ArgumentFormat, address, type FormatOptions } from './format.ts';
import { answersInterfaces, interfaceArgument, tellsInterfaces } from './interfaces.ts';
import { CAPABILITIES } from './process-structs.ts';
import { remembered } from './remembered.ts';
import { inet6, interfaceName } from './socket-address.ts';
import { hexOrZero } from './struct-parts.ts';
import { type CaptureFormat, oneStruct } from './structs.ts';
import { handlesUserFaults, userFaultText } from './user-faults.ts';
import { pointer, quote, quoteBuffer, quoteText } from './values.ts';

const SOL = { ip: 0, socket: 1, tcp: 6, udp: 17, ipv6: 41, netlink: 270 } as const;
/** Options that join or leave a group of addresses. */
const IP_MEMBERSHIP = [35, 36];
const IPV6_MEMBERSHIP = [20, 21, 27, 28];
const SO = { error: 4, linger: 13, peercred: 17, bindToDevice: 25, attachFilter: 26 } as const;
/** Options whose value is a text, however short. */
const TEXT_OPTIONS = [SO.bindToDevice] as const;
const OPTION_SETS: Readonly<Record<number, string>> = {
  [SOL.ip]: 'ipOption',
  [SOL.socket]: 'sockOption',
  [SOL.tcp]: 'tcpOption',
  [SOL.udp]: 'udpOption',
  [SOL.ipv6]: 'ipv6Option',
  [SOL.netlink]: 'netlinkOption',
};

/** Name of a socket option of a level. */
export function optionName(level: number, option: number): string {
  const set = OPTION_SETS[level];
  return set === undefined ? String(option) : enumOrHex(set, option);
}

/** Whether a socket gets a filter: its value is a program. */
export function attachesFilter(call: Call): boolean {
  return call.name === 'setsockopt' && call.low(1) === SOL.socket && call.low(2) === SO.attachFilter;
}

/** Value of a socket option: a number unless the option says otherwise. */
export function optionValue({ bytes, address }: CallCapture, call: Call, limit: number): string {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  const level = call.low(1);
  const option = call.low(2);
  if (level === SOL.socket && option === SO.linger && bytes.length >= 8) {
    return `{l_onoff=${view.getInt32(0, true)}, l_linger=${view.getInt32(4, true)}}`;
  }
  if (level === SOL.socket && option === SO.peercred && bytes.length >= 12) {
    return `{pid=${view.getInt32(0, true)}, uid=${view.getInt32(4, true)}, gid=${view.getInt32(8, true)}}`;
  }
  if (level === SOL.ip && IP_MEMBERSHIP.includes(option) && bytes.length >= 8) {
    const group = (at: number): string => `inet_addr("${bytes.subarray(at, at + 4).join('.')}")`;
    return `{imr_multiaddr=${group(0)}, imr_interface=${group(4)}}`;
  }
  if (level === SOL.ipv6 && IPV6_MEMBERSHIP.includes(option) && bytes.length >= 20) {
    const member = interfaceName(view.getInt32(16, true));
    return `{inet_pton(AF_INET6, "${inet6(bytes.subarray(0, 16))}", &ipv6mr_multiaddr), ipv6mr_interface=${member}}`;
  }
  if (level === SOL.socket && option === SO.bindToDevice) return quote(bytes);
  if (bytes.length === 4) {
    const value = view.getInt32(0, true);
    const error = level === SOL.socket && option === SO.error ? errnoOf(value)?.name : undefined;
    return `[${error ?? value}]`;
  }
  const number =
    level === SOL.netlink || (level === SOL.socket && !(TEXT_OPTIONS as readonly number[]).includes(option));
  if (bytes.length < 4 && number && call.name === 'setsockopt') {
    return pointer(Number(address & 0xffff_ffffn), Number(address >> 32n));
  }
  return quoteBuffer(bytes, bytes.length, limit);
}

const F = { dupfd: 0, setfd: 2, setfl: 4, lock: [5, 6, 7, 12, 13, 14, 36, 37, 38], dupfdCloexec: 1030, addSeals: 1033, setOwner: 8, setsig: 10, setOwnerEx: 15, getOwnerEx: 16, getLock: 5, getLock64: 12, getOfdLock: 36, setLease: 1024, notify: 1026, pipeSize: 1031 } as const; // biome-ignore format: one row
/** Commands of fcntl that take a plain number. */
const F_NUMBERS = new Set<number>([F.dupfd, F.dupfdCloexec, F.setOwner, F.pipeSize]);
/** Commands of fcntl without a third argument. */
const NO_ARGUMENT = new Set([1, 3, 9, 11, 1025, 1032, 1034]);

/** As it is given, and as it is found: of 64-bit programs, and of 32-bit ones, whose offsets have 32 bits or 64. */
const LOCKS = {
  wide: [oneStruct('flock'), oneStruct('flockWithPid')],
  narrow: [oneStruct('flock32'), oneStruct('flockWithPid32')],
  narrow64: [oneStruct('flock64'), oneStruct('flockWithPid64')],
} as const;
const fileOwner = oneStruct('fileOwner');

/** Third argument of fcntl; nothing where the command takes none. */
export const fcntlArgument: ArgumentFormat = (out, call, argument, options) => {
  const command = call.low(1);
  const low = call.low(argument);
  if (NO_ARGUMENT.has(command)) return;
  if (command === F.setfd) out.text(flagNames('fd', low));
  else if (command === F.setfl) out.text(openFlags(low));
  else if (F_NUMBERS.has(command)) out.decimal(low | 0);
  else if ((F.lock as readonly number[]).includes(command)) {
    const reads = fcntlAnswers(command);
    const [lock, found] = LOCKS[!call.narrow ? 'wide' : command < F.getLock64 ? 'narrow' : 'narrow64'];
    pointed(out, call, argument, options, reads ? 'exit' : 'entry', 1, reads ? found : lock);
  } else if (command === F.setsig) out.text(signalName(low));
  else if (command === F.addSeals) out.text(flagNames('seals', low));
  else if (command === F.setLease) out.text(enumOrHex('lockType', low));
  else if (command === F.setOwnerEx || command === F.getOwnerEx) {
    if (call.failed) address(out, call, argument, options);
    else pointed(out, call, argument, options, command === F.setOwnerEx ? 'entry' : 'exit', 8, fileOwner);
  } else if (command === F.notify) out.text(flagNames('notify', low));
  else out.hexOrZero(low, call.high(argument));
};

/** A struct, when at least so many bytes of it were captured and the kernel has written what it writes. */
function pointed(
  out: TextBuffer,
  call: Call,
  argument: number,
  options: FormatOptions,
  phase: 'entry' | 'exit',
  least: number,
  show: CaptureFormat,
): void {
  const capture = phase === 'exit' && call.failed ? undefined : call.capture(argument, phase);
  if (capture === undefined || capture.length < least) address(out, call, argument, options);
  else show(out, capture, options);
}

/** Whether the third argument of fcntl is what the kernel writes, and so not known before it returns. */
export function fcntlAnswers(command: number): boolean {
  return command === F.getLock || command === F.getLock64 || command === F.getOfdLock || command === F.getOwnerEx;
}

interface IoctlShape {
  readonly phase: 'entry' | 'exit';
  readonly show: CaptureFormat;
}

const IOCTL_SHAPES: ReadonlyMap<number, IoctlShape> = new Map(
  Object.entries(IOCTL_STRUCTS).flatMap(([word, commands]) => {
    const shape: IoctlShape = { phase: word.startsWith('<') ? 'entry' : 'exit', show: oneStruct(word.slice(1)) };
    return commands.map((command) => [command, shape] as const);
  }),
);
/** Commands that take one of a set of numbers. */
const IOCTL_SETS: Readonly<Record<number, string>> = { 21515: 'flush', 21514: 'flow' };
/** Commands that take a plain number. */
const IOCTL_NUMBERS = new Set([0x540e, 0x5409, 0x40049409, 0x2402]);
/** Commands that take a set of bits. */
const IOCTL_FLAGS: Readonly<Record<number, string>> = { 9216: 'perfFlags', 9217: 'perfFlags', 9219: 'perfFlags' };
const IOCTL_NOTHING = new Set([
  0x7001, 0x7002, 0x7003, 0x7004, 0x7005, 0x7006, 0x700f, 0x7010, 0xb701, 0xb702, 0xb703, 0x540c, 0x540d, 0x5422,
  0x5437, 0x5450, 0x5451, 0xc0045877, 0xc0045878,
]);

/** Whether the third argument of ioctl is what the kernel writes. */
export function ioctlAnswers(command: number): boolean {
  return IOCTL_SHAPES.get(command)?.phase === 'exit' || answersInterfaces(command) || handlesUserFaults(command);
}

/** Third argument of ioctl; nothing where the command takes none. */
export const ioctlArgument: ArgumentFormat = (out, call, argument, options) => {
  const command = call.low(argument - 1);
  if (IOCTL_NOTHING.has(command)) return;
  const shape = IOCTL_SHAPES.get(command);
  const set = IOCTL_SETS[command];
  const bits = IOCTL_FLAGS[command];
  if (set !== undefined) out.text(enumOrHex(set, call.low(argument)));
  else if (bits !== undefined) out.text(flagNames(bits, call.low(argument), call.high(argument)));
  else if (IOCTL_NUMBERS.has(command)) out.decimal(call.low(argument) | 0);
  else if (handlesUserFaults(command)) userFault(out, call, argument, options);
  else if (tellsInterfaces(command)) interfaceArgument(out, call, argument, options);
  else if (shape === undefined) out.hexOrZero(call.low(argument), call.high(argument));
  else pointed(out, call, argument, options, shape.phase, 1, shape.show);
};

function userFault(out: TextBuffer, call: Call, argument: number, options: FormatOptions): void {
  const [before, after] = (['entry', 'exit'] as const).map((phase) => {
    const capture = phase === 'exit' && call.failed ? undefined : call.capture(argument, phase);
    return capture && new DataView(capture.bytes.buffer, capture.bytes.byteOffset, capture.length);
  });
  const text = before && userFaultText(call.low(argument - 1), before, after);
  if (text === undefined) address(out, call, argument, options);
  else out.text(text);
}

const FUTEX_PRIVATE = 128;
const FUTEX_CLOCK_REALTIME = 256;

/** Operation of futex with its flags. */
export const futexOperation = remembered((value) => {
  const name = enumOrHex('futex', value & 0x7f);
  const kind = (value & FUTEX_PRIVATE) === 0 ? '' : '_PRIVATE';
  return `${name}${kind}${(value & FUTEX_CLOCK_REALTIME) === 0 ? '' : '|FUTEX_CLOCK_REALTIME'}`;
});

/** Which arguments of futex are shown, by operation (include/uapi/linux/futex.h); 6: the bit set by name, 7: a number instead of a timeout, 8: an operation. */
const FUTEX_ARGUMENTS: Readonly<Record<number, readonly number[]>> = {
  0: [0, 1, 2, 3],
  1: [0, 1, 2],
  2: [0, 1, 2],
  3: [0, 1, 2, 7, 4],
  4: [0, 1, 2, 7, 4, 5],
  5: [0, 1, 2, 7, 4, 8],
  6: [0, 1, 3],
  7: [0, 1],
  8: [0, 1],
  9: [0, 1, 2, 3, 6],
  10: [0, 1, 2, 6],
  13: [0, 1, 3],
};

/** What FUTEX_WAKE_OP does with the second word, and how it compares it: `FUTEX_OP_SET<<28|0<<12|FUTEX_OP_CMP_EQ<<24|0`. */
export function futexWakeOperation(value: number): string {
  const operation = (value >>> 28) & 7;
  const shift = (value & 0x8000_0000) !== 0 ? 'FUTEX_OP_OPARG_SHIFT<<28|' : '';
  const compare = enumOrHex('futexCompare', (value >>> 24) & 15).replace(/^(\S+)/, '$1<<24');
  const done = enumOrHex('futexOperation', operation).replace(/^(\S+)/, '$1<<28');
  return `${shift}${done}|${hexOrZero((value >>> 12) & 0xfff)}<<12|${compare}|${hexOrZero(value & 0xfff)}`;
}

/** Arguments of futex in the order in which they are shown; 6 stands for the bit set. */
export function futexArguments(value: number): readonly number[] {
  return FUTEX_ARGUMENTS[value & 0x7f] ?? [0, 1, 2, 3, 4, 5];
}

/** Bit set of FUTEX_WAIT_BITSET and FUTEX_WAKE_BITSET. */
export function futexBitset(value: number): string {
  return value === 0xffff_ffff ? 'FUTEX_BITSET_MATCH_ANY' : `0x${value.toString(16)}`;
}

/** Execution domain; all bits set asks for the present one. */
export function personality(value: number): string {
  if (value === 0xffff_ffff) return '0xffffffff';
  const flags = flagNames('personality', (value & ~0xff) >>> 0, 0, '');
  return `${enumOrHex('personality', value & 0xff)}${flags === '' ? '' : `|${flags}`}`;
}

/** How an argument of prctl is shown, by operation; numbers are hex unless said here. */
const PRCTL_FORMATS: Readonly<Record<string, (low: number) => string>> = {
  PR_SET_PDEATHSIG: signalName,
  PR_SET_DUMPABLE: (low) => enumOrHex('dumpable', low),
  PR_CAPBSET_READ: capability,
  PR_CAPBSET_DROP: capability,
  PR_SET_NO_NEW_PRIVS: String,
  PR_SET_KEEPCAPS: String,
  PR_SET_CHILD_SUBREAPER: String,
  PR_SET_TIMERSLACK: String,
  PR_SET_THP_DISABLE: String,
  PR_SET_TSC: (low) => enumOrHex('tsc', low),
  PR_CAP_AMBIENT: (low) => enumOrHex('ambient', low),
  PR_SET_SECCOMP: (low) => enumOrHex('seccompMode', low),
  PR_SET_PTRACER: (low) => (low === 0xffff_ffff ? 'PR_SET_PTRACER_ANY' : String(low)),
};

/** A capability by its number. */
export function capability(number: number): string {
  const name = CAPABILITIES[number];
  return name === undefined ? `0x${number.toString(16)} /* CAP_??? */` : `CAP_${name}`;
}

/** Operations that store a word where their second argument points. */
const PRCTL_WORDS: Readonly<Record<string, (word: number, high: number) => string>> = {
  PR_GET_PDEATHSIG: (word) => signalName(word),
  PR_GET_CHILD_SUBREAPER: (word) => String(word),
  PR_GET_TSC: (word) => enumOrHex('tsc', word),
  PR_GET_TID_ADDRESS: pointer,
};

/** Second to fifth argument of prctl. */
export const prctlArgument: ArgumentFormat = (out, call, argument, options) => {
  const name = enumName('prctl', call.low(0)) ?? '';
  const plain = argument === 1 ? PRCTL_FORMATS[name] : undefined;
  const capture = argument === 1 ? (call.capture(1, 'exit') ?? call.capture(1, 'entry')) : undefined;
  const word = argument === 1 ? PRCTL_WORDS[name] : undefined;
  if (word !== undefined) {
    if (call.failed || capture === undefined || capture.length < 4) address(out, call, 1, options);
    else {
      const { view, start, length } = capture;
      out.text(`[${word(view.getUint32(start, true), length < 8 ? 0 : view.getUint32(start + 4, true))}]`);
    }
  } else if (capture !== undefined && capture.length > 0 && name.endsWith('_NAME')) out.text(quoteText(capture.bytes));
  else if (plain !== undefined) out.text(plain(call.low(1)));
  else out.hexOrZero(call.low(argument), call.high(argument));
};

/** Arguments of prctl with the operation, by operation; more are not shown. */
export function prctlArity(operation: number): number {
  const name = enumName('prctl', operation) ?? '';
  if (PRCTL_TWO.has(name)) return 2;
  return name.startsWith('PR_GET_') && !PRCTL_GET_MORE.has(name) ? 1 : 5;
}

const PRCTL_TWO = new Set(
  `PR_SET_NAME PR_GET_NAME PR_SET_DUMPABLE PR_SET_KEEPCAPS PR_SET_PDEATHSIG PR_GET_PDEATHSIG PR_CAPBSET_READ
  PR_CAPBSET_DROP PR_SET_CHILD_SUBREAPER PR_SET_TIMERSLACK PR_SET_TSC PR_SET_SECUREBITS PR_GET_CHILD_SUBREAPER
  PR_GET_TSC PR_GET_TID_ADDRESS PR_SET_PTRACER`.split(/\s+/),
);
const PRCTL_GET_MORE = new Set(['PR_GET_SPECULATION_CTRL', 'PR_GET_NO_NEW_PRIVS', 'PR_GET_THP_DISABLE']);

/** The result of fcntl where it has a meaning of its own; undefined: an ordinary number. */
export function fcntlResult(call: Call): string | undefined {
  const command = call.low(1);
  const low = call.result;
  if (command === 1) return low === 0 ? '0' : `0x${low.toString(16)} (flags ${flagNames('fd', low)})`;
  if (command === 3) return `${low === 0 ? '0' : `0x${low.toString(16)}`} (flags ${openFlags(low)})`;
  if (command === 1034) return low === 0 ? '0' : `0x${low.toString(16)} (seals ${flagNames('seals', low)})`;
  if (command === 1025) return `${low === 0 ? '0' : `0x${low.toString(16)}`} (${enumOrHex('lockType', low)})`;
  if (command === 11 && low > 0) return `${low} (${signalName(low)})`;
  return undefined;
}
