// Arguments whose meaning hangs on another argument.
import type { Call } from '../calls.ts';
import { enumName, enumOrHex, flagNames, openFlags } from './flags.ts';
import { type ArgumentFormat, address } from './format.ts';
import { remembered } from './remembered.ts';
import { type CaptureFormat, oneStruct } from './structs.ts';
import { quote, quoteBuffer } from './values.ts';

const SOL = { ip: 0, socket: 1, tcp: 6, ipv6: 41 } as const;
const SO = { linger: 13, peercred: 17, receiveTimeout: 20, sendTimeout: 21, bindToDevice: 25 } as const;
const OPTION_SETS: Readonly<Record<number, string>> = {
  [SOL.ip]: 'ipOption',
  [SOL.socket]: 'sockOption',
  [SOL.tcp]: 'tcpOption',
  [SOL.ipv6]: 'ipv6Option',
};

/** Name of a socket option of a level. */
export function optionName(level: number, option: number): string {
  const set = OPTION_SETS[level];
  return (set === undefined ? undefined : enumName(set, option)) ?? String(option);
}

/** Value of a socket option: a number unless the option says otherwise. */
export function optionValue(bytes: Uint8Array, call: Call, limit: number): string {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  const level = call.low(1);
  const option = call.low(2);
  if (level === SOL.socket && option === SO.linger && bytes.length >= 8) {
    return `{l_onoff=${view.getInt32(0, true)}, l_linger=${view.getInt32(4, true)}}`;
  }
  if (level === SOL.socket && option === SO.peercred && bytes.length >= 12) {
    return `{pid=${view.getInt32(0, true)}, uid=${view.getUint32(4, true)}, gid=${view.getUint32(8, true)}}`;
  }
  if (level === SOL.socket && (option === SO.receiveTimeout || option === SO.sendTimeout) && bytes.length >= 16) {
    return `"${Array.from(bytes, (byte) => `\\${byte.toString(8)}`).join('')}"`;
  }
  if (level === SOL.socket && option === SO.bindToDevice) return quote(bytes);
  if (bytes.length === 4) return `[${view.getInt32(0, true)}]`;
  return quoteBuffer(bytes, bytes.length, limit);
}

const F = { dupfd: 0, setfd: 2, setfl: 4, lock: [5, 6, 7, 36, 37, 38], dupfdCloexec: 1030, addSeals: 1033 } as const;
/** Commands of fcntl without a third argument. */
const NO_ARGUMENT = new Set([1, 3, 9, 11, 1025, 1032, 1034]);

const lock = oneStruct('flock');
const foundLock = oneStruct('flockWithPid');

/** Third argument of fcntl; nothing where the command takes none. */
export const fcntlArgument: ArgumentFormat = (out, call, argument, options) => {
  const command = call.low(1);
  const low = call.low(argument);
  if (NO_ARGUMENT.has(command)) return;
  if (command === F.setfd) out.text(flagNames('fd', low));
  else if (command === F.setfl) out.text(openFlags(low));
  else if (command === F.dupfd || command === F.dupfdCloexec) out.decimal(low | 0);
  else if ((F.lock as readonly number[]).includes(command)) {
    const reads = command === 5 || command === 36;
    const read = reads && !call.failed ? call.capture(argument, 'exit') : undefined;
    const capture = read ?? call.capture(argument, 'entry');
    if (capture === undefined) address(out, call, argument, options);
    else (reads ? foundLock : lock)(out, capture, options);
  } else if (call.high(argument) === 0) out.decimal(low);
  else out.hex64(low, call.high(argument));
};

interface IoctlShape {
  readonly phase: 'entry' | 'exit';
  readonly struct: 'termios' | 'winsize' | 'int';
}

const IOCTL_STRUCTS: Readonly<Record<IoctlShape['struct'], CaptureFormat>> = {
  termios: oneStruct('termios'),
  winsize: oneStruct('winsize'),
  int: oneStruct('int'),
};

// biome-ignore format: a table
const IOCTL_SHAPES: Readonly<Record<number, IoctlShape>> = {
  21505: { phase: 'exit', struct: 'termios' }, 21506: { phase: 'entry', struct: 'termios' },
  21507: { phase: 'entry', struct: 'termios' }, 21508: { phase: 'entry', struct: 'termios' },
  21519: { phase: 'exit', struct: 'int' }, 21520: { phase: 'entry', struct: 'int' },
  21521: { phase: 'exit', struct: 'int' }, 21523: { phase: 'exit', struct: 'winsize' },
  21524: { phase: 'entry', struct: 'winsize' }, 21531: { phase: 'exit', struct: 'int' },
  21537: { phase: 'entry', struct: 'int' }, 21540: { phase: 'exit', struct: 'int' },
  21545: { phase: 'exit', struct: 'int' }, 21586: { phase: 'entry', struct: 'int' },
  2147767344: { phase: 'exit', struct: 'int' }, 1074025521: { phase: 'entry', struct: 'int' },
};
/** Commands that take a plain number. */
const IOCTL_NUMBERS = new Set([0x540e, 0x5409, 0x540a, 0x540b, 0x40049409]);
const IOCTL_NOTHING = new Set([0x540c, 0x540d, 0x5422, 0x5437, 0x5450, 0x5451]);

/** Third argument of ioctl; nothing where the command takes none. */
export const ioctlArgument: ArgumentFormat = (out, call, argument, options) => {
  const command = call.low(argument - 1);
  if (IOCTL_NOTHING.has(command)) return;
  const shape = IOCTL_SHAPES[command];
  if (IOCTL_NUMBERS.has(command)) out.decimal(call.low(argument) | 0);
  else if (shape === undefined) out.hexOrZero(call.low(argument), call.high(argument));
  else {
    const capture = shape.phase === 'exit' && call.failed ? undefined : call.capture(argument, shape.phase);
    if (capture === undefined || capture.length === 0) address(out, call, argument, options);
    else IOCTL_STRUCTS[shape.struct](out, capture, options);
  }
};

const FUTEX_PRIVATE = 128;
const FUTEX_CLOCK_REALTIME = 256;

/** Operation of futex with its flags. */
export const futexOperation = remembered((value) => {
  const name = enumName('futex', value & 0x7f) ?? `0x${(value & 0x7f).toString(16)}`;
  const kind = (value & FUTEX_PRIVATE) === 0 ? '' : '_PRIVATE';
  return `${name}${kind}${(value & FUTEX_CLOCK_REALTIME) === 0 ? '' : '|FUTEX_CLOCK_REALTIME'}`;
});

/** Which arguments of futex are shown, by operation (include/uapi/linux/futex.h); index 6: the bit set by name. */
const FUTEX_ARGUMENTS: Readonly<Record<number, readonly number[]>> = {
  0: [0, 1, 2, 3],
  1: [0, 1, 2],
  2: [0, 1, 2],
  6: [0, 1, 3],
  7: [0, 1],
  8: [0, 1],
  9: [0, 1, 2, 3, 6],
  10: [0, 1, 2, 6],
  13: [0, 1, 3],
};

/** Arguments of futex in the order in which they are shown; 6 stands for the bit set. */
export function futexArguments(value: number): readonly number[] {
  return FUTEX_ARGUMENTS[value & 0x7f] ?? [0, 1, 2, 3, 4, 5];
}

/** Bit set of FUTEX_WAIT_BITSET and FUTEX_WAKE_BITSET. */
export function futexBitset(value: number): string {
  return value === 0xffff_ffff ? 'FUTEX_BITSET_MATCH_ANY' : `0x${value.toString(16)}`;
}

/** Execution domain. */
export function personality(value: number): string {
  return value === 0xffff_ffff ? '0xffffffff' : enumOrHex('personality', value, 'PER');
}

/** Arguments of prctl with the operation, by operation; more are not shown. */
export function prctlArity(operation: number): number {
  const name = enumName('prctl', operation) ?? '';
  if (PRCTL_TWO.has(name)) return 2;
  return name.startsWith('PR_GET_') && !PRCTL_GET_MORE.has(name) ? 1 : 5;
}

const PRCTL_TWO = new Set(
  `PR_SET_NAME PR_GET_NAME PR_SET_DUMPABLE PR_SET_KEEPCAPS PR_SET_PDEATHSIG PR_GET_PDEATHSIG PR_CAPBSET_READ
  PR_CAPBSET_DROP PR_SET_CHILD_SUBREAPER PR_SET_TIMERSLACK`.split(/\s+/),
);
const PRCTL_GET_MORE = new Set(['PR_GET_SPECULATION_CTRL', 'PR_GET_NO_NEW_PRIVS', 'PR_GET_THP_DISABLE']);

/** The result of fcntl where it has a meaning of its own; undefined: an ordinary number. */
export function fcntlResult(call: Call): string | undefined {
  const command = call.low(1);
  const low = call.result;
  if (command === 1) return low === 0 ? '0' : `0x${low.toString(16)} (flags ${flagNames('fd', low)})`;
  if (command === 3) return `${low === 0 ? '0' : `0x${low.toString(16)}`} (flags ${openFlags(low)})`;
  return undefined;
}
