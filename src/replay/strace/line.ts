import { allSyscalls, type Syscall } from '../../guest/linux/signature.ts';
import { errnoOf } from '../../guest/linux/tables/errno.ts';
import { STRUCTS } from '../../guest/linux/tables/structs.ts';
import type { Call } from '../calls.ts';
import { type ArgumentFormat, argumentFormat, descriptorSet, type FormatOptions } from './arguments.ts';
import { enumName, enumOrHex, flagNames, signalName, signalSet } from './flags.ts';
import {
  fcntlAnswers,
  fcntlResult,
  futexArguments,
  futexBitset,
  ioctlAnswers,
  personality,
  prctlArity,
} from './special.ts';
import { formatStruct } from './structs.ts';
import { hex64, octal, pointer, signed64 } from './values.ts';

interface Shape {
  readonly formats: readonly ArgumentFormat[];
  /** Arguments known at the entry: those before the first that the kernel writes. */
  readonly early: number;
}

const LATE = new Set(['out', 'inout', 'failure']);
/** Calls of which all arguments are shown at the entry although the kernel writes to some. */
const ALL_EARLY = new Set(['select', 'pselect6', 'poll', 'ppoll', 'futex', 'clone', '_newselect', 'pselect6_time64', 'ppoll_time64', 'futex_time64']); // biome-ignore format: one row

function shapeOf(syscall: Syscall): Shape {
  const late = syscall.arguments.findIndex(
    (argument) => argument.pointee !== undefined && LATE.has(argument.pointee.direction),
  );
  const early = late < 0 || ALL_EARLY.has(syscall.name) ? syscall.arguments.length : late;
  return { formats: syscall.arguments.map(argumentFormat), early };
}

const SHAPES = new Map(allSyscalls().map((syscall) => [syscall, shapeOf(syscall)]));
const UNKNOWN: Shape = {
  formats: Array.from(
    { length: 6 },
    () => (call, i) => (call.low(i) === 0 && call.high(i) === 0 ? '0' : hex64(call.low(i), call.high(i))),
  ),
  early: 6,
};

const ARITY: Readonly<Record<string, (call: Call) => number>> = {
  prctl: (call) => prctlArity(call.low(0)),
  // A new address counts only with MREMAP_FIXED.
  mremap: (call) => ((call.low(3) & 2) === 0 ? 4 : 5),
  // A CPU counts only with MEMBARRIER_CMD_FLAG_CPU.
  membarrier: (call) => ((call.low(1) & 1) === 0 ? 2 : 3),
};

/** The order and names that strace gives the arguments of clone. */
function cloneText(call: Call): string[] {
  const flags = call.low(0);
  const format = SHAPES.get(call.syscall!)!.formats[0]!;
  const parts = [`child_stack=${pointer(call.low(1), call.high(1))}`, `flags=${format(call, 0, NO_OPTIONS)}`];
  if ((flags & 0x0010_1000) !== 0) {
    const capture = call.capture(2, 'exit');
    const value =
      capture?.bytes.length === 4
        ? new DataView(capture.bytes.buffer, capture.bytes.byteOffset).getInt32(0, true)
        : undefined;
    const shown = value === undefined || value === 0 ? pointer(call.low(2), call.high(2)) : `[${value}]`;
    parts.push(`parent_tid=${shown}`);
  }
  const [tls, child] = call.narrow ? [3, 4] : [4, 3];
  if ((flags & 0x0008_0000) !== 0) parts.push(`tls=${threadArea(call, tls)}`);
  if ((flags & 0x0120_0000) !== 0) parts.push(`child_tidptr=${pointer(call.low(child), call.high(child))}`);
  return parts;
}

/** An address, or on i386 a segment descriptor. */
function threadArea(call: Call, argument: number): string {
  const capture = call.narrow ? call.capture(argument, 'entry') : undefined;
  return capture === undefined || capture.bytes.length < STRUCTS.userdesc!.size
    ? hex64(call.low(argument), call.high(argument))
    : formatStruct('userdesc', capture.bytes, NO_OPTIONS);
}

const NO_OPTIONS: FormatOptions = { stringLimit: 32, verbose: false, descriptor: (fd) => String(fd) };

const FUTEX = new Set(['futex', 'futex_time64']);

function futexTexts(call: Call, options: FormatOptions): string[] {
  const { formats } = SHAPES.get(call.syscall!)!;
  return futexArguments(call.low(1)).map((i) =>
    i === 6 ? futexBitset(call.low(5)) : i === 7 ? String(call.low(3)) : formats[i]!(call, i, options),
  );
}

function argumentTexts(call: Call, first: number, last: number, options: FormatOptions): string[] {
  if (FUTEX.has(call.name)) return first === 0 ? futexTexts(call, options) : [];
  const { formats } = call.syscall === undefined ? UNKNOWN : SHAPES.get(call.syscall)!;
  const arity = Math.min(formats.length, last, ARITY[call.name]?.(call) ?? formats.length);
  const out: string[] = [];
  for (let i = first; i < arity; i++) {
    const text = formats[i]!(call, i, options);
    if (text !== '') out.push(text);
  }
  return out;
}

/** Every argument as text, in order. */
export function callArguments(call: Call, options: FormatOptions): string[] {
  if (call.name === 'clone') return cloneText(call);
  if (call.signalMask !== undefined) return [`{mask=${signalSet(call.signalMask)}}`];
  return argumentTexts(call, 0, 6, options);
}

/** `name(` with the arguments that are known at the entry; what follows is `callRest`. */
export function callStart(call: Call, options: FormatOptions): string {
  if (call.name === 'clone') return `clone(${cloneText(call).slice(0, 2).join(', ')}`;
  const early =
    call.signalMask === undefined
      ? argumentTexts(call, 0, earlyArguments(call), options)
      : callArguments(call, options);
  return `${call.name}(${early.join(', ')}`;
}

/** The arguments that are known only at the return, with the comma that joins them. */
export function callRest(call: Call, options: FormatOptions): string {
  const early = earlyArguments(call);
  const rest = call.name === 'clone' ? cloneText(call).slice(2) : argumentTexts(call, early, 6, options);
  if (rest.length === 0) return '';
  const joined = rest.join(', ');
  return early > 0 || call.name === 'clone' ? `, ${joined}` : joined;
}

function earlyArguments(call: Call): number {
  if (call.name === 'ioctl') return ioctlAnswers(call.low(1)) ? 2 : 3;
  if (call.name === 'fcntl' || call.name === 'fcntl64') return fcntlAnswers(call.low(1)) ? 2 : 3;
  if (call.name === 'prctl' || call.name === 'arch_prctl') return ANSWERS.has(call.low(0)) ? 1 : 5;
  return (call.syscall === undefined ? UNKNOWN : SHAPES.get(call.syscall)!).early;
}

/** Commands of prctl and arch_prctl that write through their second argument. */
const ANSWERS = new Set([2, 5, 9, 11, 16, 19, 25, 37, 40, 0x1003, 0x1004]);

/** What stands behind the `=`. */
export function callResult(call: Call, options: FormatOptions): string {
  const { outcome } = call;
  switch (outcome.kind) {
    case 'pending':
    case 'never':
      return '?';
    case 'error':
    case 'restart': {
      const known = errnoOf(outcome.errno);
      const sign = outcome.kind === 'restart' ? '?' : '-1';
      return known === undefined ? `-1 (errno ${outcome.errno})` : `${sign} ${known.name} (${known.text})`;
    }
    case 'value':
      return valueText(call, outcome.low, outcome.high, options);
  }
}

function valueText(call: Call, low: number, high: number, options: FormatOptions): string {
  const special = RESULTS[call.name]?.(call, options);
  if (special !== undefined) return special;
  switch (call.syscall?.result) {
    case 'ptr':
      return low === 0 && high === 0 ? 'NULL' : hex64(low, high);
    case 'hex':
      return hex64(low, high);
    case 'oct':
      return octal(low);
    case 'fd':
      return options.descriptor(low | 0, call);
    default:
      return signed64(low, high);
  }
}

const RESULTS: Readonly<Record<string, (call: Call, options: FormatOptions) => string | undefined>> = {
  fcntl: controlResult,
  fcntl64: controlResult,
  personality: (call) =>
    call.result === 0 ? '0 (PER_LINUX)' : `0x${call.result.toString(16)} (${personality(call.result)})`,
  sched_getscheduler: (call) => `${call.result} (${enumOrHex('sched', call.result)})`,
  prctl: prctlResult,
  poll: pollResult,
  ppoll: pollResult,
  select: (call) => selectResult(call),
  pselect6: (call) => selectResult(call),
  _newselect: selectResult,
  ppoll_time64: pollResult,
  pselect6_time64: selectResult,
  mmap2: (call) => hex64(call.result, 0),
  set_thread_area: entryNumber,
  shmat: attachedAt,
  mmap: (call) => hex64(call.result, call.outcome.kind === 'value' ? call.outcome.high : 0),
  rt_sigtimedwait: (call) => (call.result > 0 ? `${call.result} (${signalName(call.result)})` : undefined),
};

function prctlResult(call: Call): string | undefined {
  if (enumName('prctl', call.low(0)) !== 'PR_GET_DUMPABLE') return undefined;
  return `${call.result} (${enumOrHex('dumpable', call.result)})`;
}

function controlResult(call: Call, options: FormatOptions): string | undefined {
  return call.low(1) === 0 || call.low(1) === 1030 ? options.descriptor(call.result | 0, call) : fcntlResult(call);
}

/** A u32 that the kernel wrote for an argument. */
function written(call: Call, register: number): number | undefined {
  const bytes = call.capture(register, 'exit')?.bytes;
  if (bytes === undefined || bytes.length < 4) return undefined;
  return new DataView(bytes.buffer, bytes.byteOffset).getUint32(0, true);
}

/** Which descriptor set_thread_area has taken, where the program left it to the kernel. */
function entryNumber(call: Call): string | undefined {
  const number = written(call, 0);
  return number === undefined ? undefined : `0 (entry_number=${number})`;
}

/** Where ipc has attached shared memory: its result is in memory, as shmat's own is where that is called. */
function attachedAt(call: Call): string | undefined {
  const address = call.syscall?.abi === 'multiplexed' ? written(call, 3) : undefined;
  return address === undefined ? undefined : hex64(address, 0);
}

function pollResult(call: Call, { stringLimit, verbose }: FormatOptions): string {
  if (call.result === 0) return '0 (Timeout)';
  const capture = call.capture(0, 'exit');
  if (capture === undefined) return String(call.result);
  const view = new DataView(capture.bytes.buffer, capture.bytes.byteOffset, capture.bytes.length);
  const ready: string[] = [];
  for (let at = 0; at + 8 <= capture.bytes.length; at += 8) {
    const events = view.getUint16(at + 6, true);
    if (events !== 0) ready.push(`{fd=${view.getInt32(at, true)}, revents=${flagNames('poll', events)}}`);
  }
  if (!verbose && ready.length > stringLimit) ready.splice(stringLimit, ready.length, '...');
  return `${call.result} ([${ready.join(', ')}]${call.name === 'poll' ? '' : remaining(call, 2)})`;
}

/** Time that ppoll, select and pselect6 leave in their timeout. */
function remaining(call: Call, argument: number): string {
  const capture = call.capture(argument, 'exit');
  const struct = call.syscall?.arguments[argument]?.pointee?.struct;
  if (struct === undefined || capture === undefined || capture.bytes.length < STRUCTS[struct]!.size) return '';
  return `, left ${formatStruct(struct, capture.bytes, NO_OPTIONS)}`;
}

function selectResult(call: Call): string {
  if (call.result === 0) return '0 (Timeout)';
  const parts = (['in', 'out', 'except'] as const).flatMap((name, i) => {
    const capture = call.capture(i + 1, 'exit');
    const members = capture === undefined ? '[]' : descriptorSet(capture.bytes, call.low(0));
    return members === '[]' ? [] : [`${name} ${members}`];
  });
  return `${call.result} (${parts.join(', ')}${remaining(call, 4)})`;
}
