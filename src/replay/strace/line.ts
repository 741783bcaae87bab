import type { Argument, Syscall, Variant } from '../../guest/linux/signature.ts';
import { ERRNO } from '../../guest/linux/tables/errno.ts';
import { STRUCTS } from '../../guest/linux/tables/structs.ts';
import { FOREIGN_NAMES } from '../call-words.ts';
import type { Call } from '../calls.ts';
import type { TextBuffer } from '../text-buffer.ts';
import { argumentFormat } from './arguments.ts';
import { signalSet } from './flags.ts';
import type { ArgumentFormat, FormatOptions } from './format.ts';
import { RESULTS, type ResultFormat } from './results.ts';
import { fcntlAnswers, futexArguments, futexBitset, futexWakeOperation, ioctlAnswers, prctlArity } from './special.ts';
import { descriptorText } from './struct-parts.ts';
import { oneStruct } from './structs.ts';

/** How the calls of one number are shown: made once of its row in the table. */
export interface CallFormat {
  readonly name: string;
  /** In the order in which they are shown, each with the argument that it is given. */
  readonly arguments: readonly ArgumentFormat[];
  /** How many of them are known at the entry: those before the first that the kernel writes. */
  readonly early: (call: Call) => number;
  /** What stands behind the `=` when the call had a result. */
  readonly result: ResultFormat;
  /** Formats that hold instead where their choices do. */
  readonly variants: readonly { readonly variant: Variant; readonly format: CallFormat }[];
}

const LATE = new Set(['out', 'inout', 'failure']);
/** Calls of which all arguments are shown at the entry although the kernel writes to some. */
const ALL_EARLY = new Set(['select', 'pselect6', 'poll', 'ppoll', 'futex', '_newselect', 'pselect6_time64', 'ppoll_time64', 'futex_time64']); // biome-ignore format: one row
/** Those of them of which more is told at their return. */
const TELLS_MORE = new Set([
  ...[...ALL_EARLY].filter((name) => !name.startsWith('futex')),
  'rt_sigtimedwait',
  'rt_sigtimedwait_time64',
]);
/** Commands of prctl and arch_prctl that write through their second argument. */
const ANSWERS = new Set([2, 5, 9, 11, 16, 19, 25, 37, 40, 0x1003, 0x1004]);

/** An argument that is left out when `applies` says so. */
const onlyIf =
  (applies: (call: Call, argument: number) => boolean, format: ArgumentFormat): ArgumentFormat =>
  (out, call, argument, options) => {
    if (applies(call, argument)) format(out, call, argument, options);
  };

const labelled =
  (label: string, of: number, format: ArgumentFormat): ArgumentFormat =>
  (out, call, _argument, options) => {
    out.text(label);
    format(out, call, of, options);
  };

const pointer: ArgumentFormat = (out, call, argument) => out.pointer(call.low(argument), call.high(argument));
const hex: ArgumentFormat = (out, call, argument) => out.hex64(call.low(argument), call.high(argument));
const hasFlag = (mask: number) => (call: Call) => (call.low(0) & mask) !== 0;

const CLONE_PIDFD = 0x1000;

const parentTid: ArgumentFormat = (out, call, argument, options) => {
  const capture = call.capture(argument, 'exit');
  const value = capture?.length === 4 ? capture.view.getInt32(capture.start, true) : 0;
  if (value === 0) pointer(out, call, argument, options);
  else out.text(`[${hasFlag(CLONE_PIDFD)(call) ? descriptorText(value, options) : value}]`);
};

const segmentDescriptor = oneStruct('userdesc');

/** An address, or on i386 a segment descriptor. */
const threadArea: ArgumentFormat = (out, call, argument, options) => {
  const capture = call.narrow ? call.capture(argument, 'entry') : undefined;
  if (capture === undefined || capture.length < STRUCTS.userdesc!.size) hex(out, call, argument, options);
  else segmentDescriptor(out, capture, options);
};

type Arranged = (formats: readonly ArgumentFormat[]) => readonly ArgumentFormat[];

/** The order and names that strace gives to the arguments of clone; `tls` and `child` stand the other way round on i386. */
const cloneArranged =
  (tls: number, child: number): Arranged =>
  ([flags]) => [
    labelled('child_stack=', 1, pointer),
    labelled('flags=', 0, flags!),
    onlyIf(hasFlag(0x0010_1000), labelled('parent_tid=', 2, parentTid)),
    onlyIf(hasFlag(0x0008_0000), labelled('tls=', tls, threadArea)),
    onlyIf(hasFlag(0x0120_0000), labelled('child_tidptr=', child, pointer)),
  ];

/** Arguments of futex in their order; those from 6 on as `futexArguments` has them. */
const FUTEX_ORDER = [0, 1, 2, 7, 3, 4, 5, 6, 8];
const futexSet: ArgumentFormat = (out, call) => out.text(futexBitset(call.low(5)));
const futexOperation: ArgumentFormat = (out, call) => out.text(futexWakeOperation(call.low(5)));
/** How many to wake or move, where others have a timeout. */
const futexCount: ArgumentFormat = (out, call) => out.decimal(call.low(3));

const futexArranged: Arranged = (formats) => {
  const places: readonly ArgumentFormat[] = [...formats, futexSet, futexCount, futexOperation];
  return FUTEX_ORDER.map((place) =>
    onlyIf(
      (call) => futexArguments(call.low(1)).includes(place),
      (out, call, _argument, options) => places[place]!(out, call, place, options),
    ),
  );
};

const maskRestored: Arranged = () => [
  (out, { signalMask }) => {
    if (signalMask === undefined) return;
    const view = new DataView(signalMask.buffer, signalMask.byteOffset, signalMask.length);
    out.text(`{mask=${signalSet(view.getUint32(0, true), view.getUint32(4, true))}}`);
  },
];

const resumed: Arranged = () => [
  (out, { resumes }) => out.text(`<... resuming interrupted ${resumes ?? 'system call'} ...>`),
];

/** Calls whose arguments are not simply those of the table, one after the other. */
const ARRANGED: Readonly<Record<string, Arranged>> = {
  futex: futexArranged,
  futex_time64: futexArranged,
  prctl: (formats) => formats.map((format) => onlyIf((call, argument) => argument < prctlArity(call.low(0)), format)),
  // A new address counts only with MREMAP_FIXED.
  mremap: (formats) => [...formats.slice(0, 4), onlyIf((call) => (call.low(3) & 2) !== 0, formats[4]!)],
  // A CPU counts only with MEMBARRIER_CMD_FLAG_CPU.
  membarrier: (formats) => [...formats.slice(0, 2), onlyIf((call) => (call.low(1) & 1) !== 0, formats[2]!)],
  restart_syscall: resumed,
  rt_sigreturn: maskRestored,
  sigreturn: maskRestored,
};

/** The caller's address, and what is known of a signal, are not always asked for. */
const unasked =
  (count: number) =>
  (call: Call): number =>
    call.isNull(1) ? count : 1;

const fcntlEarly = (call: Call): number => (fcntlAnswers(call.low(1)) ? 2 : 3);

/** How many arguments are known at the entry, where it is not what the table's directions say. */
const EARLY: Readonly<Record<string, (call: Call) => number>> = {
  clone: () => 2,
  // A struct of another size than the kernel's is answered with that.
  sched_setattr: () => 1,
  perf_event_open: () => 0,
  accept: unasked(3),
  accept4: unasked(4),
  rt_sigtimedwait: unasked(4),
  rt_sigtimedwait_time64: unasked(4),
  ioctl: (call) => (ioctlAnswers(call.low(1)) ? 2 : 3),
  fcntl: fcntlEarly,
  fcntl64: fcntlEarly,
  prctl: (call) => (ANSWERS.has(call.low(0)) ? 1 : 5),
  arch_prctl: (call) => (ANSWERS.has(call.low(0)) ? 1 : 2),
};

function arranged({ name, abi }: Syscall): Arranged | undefined {
  if (name !== 'clone') return ARRANGED[name];
  return abi === 'linux64' ? cloneArranged(4, 3) : cloneArranged(3, 4);
}

/** Words that are shown as they are; those that could not be read as `?`. */
const word: ArgumentFormat = (out, call, argument) => {
  if (call.has(argument)) out.hexOrZero(call.low(argument), call.high(argument));
  else out.byte(0x3f);
};

function compile(syscall: Syscall): CallFormat {
  const { name } = syscall;
  if (syscall.abi === 'nt') return compileService(syscall);
  const result = RESULTS.named[name] ?? RESULTS.kinds[syscall.result];
  const variants = (syscall.variants ?? []).map((variant) => {
    const formats = variant.arguments.map(argumentFormat);
    const count = Math.min(knownEarly(variant.arguments), formats.length);
    return { variant, format: { name, arguments: formats, early: () => count, result, variants: [] } };
  });
  const plain = syscall.arguments.map(argumentFormat);
  const formats = arranged(syscall)?.(plain) ?? plain;
  const count = ALL_EARLY.has(name) ? formats.length : Math.min(knownEarly(syscall.arguments), formats.length);
  return { name, arguments: formats, early: EARLY[name] ?? (() => count), result, variants };
}

/** How many arguments stand before the first that the kernel writes to. */
function knownEarly(all: readonly Argument[]): number {
  const late = all.findIndex(({ pointee }) => pointee !== undefined && LATE.has(pointee.direction));
  return late < 0 ? Infinity : late;
}

function holds({ choices }: Variant, call: Call): boolean {
  return choices.every(({ argument, mask, values }) => values.includes((call.low(argument) & mask) >>> 0));
}

/** A service of NT. Where it is not known, how many arguments it has is not known either. */
function compileService({ name, arguments: words, result, note }: Syscall): CallFormat {
  const more: ArgumentFormat = (out) => out.text(note === '' ? '...' : `... /* ${note} */`);
  const formats = [...words.map(() => word), ...(note === undefined ? [] : [more])];
  return { name, arguments: formats, early: () => formats.length, result: RESULTS.kinds[result], variants: [] };
}

/** Of the calls that were met. */
const FORMATS = new Map<Syscall, CallFormat>();

const RAW: readonly ArgumentFormat[] = Array.from(
  { length: 6 },
  (): ArgumentFormat => (out, call, i) => out.hexOrZero(call.low(i), call.high(i)),
);

const FOREIGN: readonly ArgumentFormat[] = FOREIGN_NAMES.map(
  (name): ArgumentFormat =>
    (out, call, i) => {
      out.text(`${name}=`);
      out.hexOrZero(call.low(i), call.high(i));
    },
);

/**
 * How a call is shown; one that the table does not know has six arguments in hex, and one of a system that is not known
 * registers by their names.
 */
export function formatOf(call: Call): CallFormat {
  const { syscall } = call;
  if (syscall !== undefined) {
    let format = FORMATS.get(syscall);
    if (format === undefined) {
      format = compile(syscall);
      FORMATS.set(syscall, format);
    }
    return format.variants.find(({ variant }) => holds(variant, call))?.format ?? format;
  }
  const { name } = call;
  if (call.foreign)
    return { name, arguments: FOREIGN, early: () => FOREIGN.length, result: RESULTS.kinds.hex, variants: [] };
  return { name, arguments: RAW, early: () => RAW.length, result: RESULTS.kinds.int, variants: [] };
}

/** Arguments `from` up to `to`, parted by commas; `first`: nothing stands before them. */
function writeArguments(
  out: TextBuffer,
  { arguments: formats }: CallFormat,
  call: Call,
  from: number,
  to: number,
  first: boolean,
  options: FormatOptions,
): void {
  let start = first;
  for (let i = from; i < to; i++) {
    const before = out.length;
    if (!start) out.text(', ');
    const begun = out.length;
    formats[i]!(out, call, i, options);
    if (out.length === begun) out.truncate(before);
    else start = false;
  }
}

/** `name(` with the arguments that are known at the entry; what follows is `writeRest`. */
export function writeStart(out: TextBuffer, call: Call, format: CallFormat, options: FormatOptions): void {
  out.text(format.name);
  out.byte(0x28);
  writeArguments(out, format, call, 0, format.early(call), true, options);
}

/** The arguments that are known only at the return, with the comma that joins them; of a call that never returned, that. */
export function writeRest(out: TextBuffer, call: Call, format: CallFormat, options: FormatOptions): void {
  const early = format.early(call);
  if (call.outcome === 'never' && (early < format.arguments.length || TELLS_MORE.has(format.name))) {
    out.text(early > 0 && early < format.arguments.length ? ', <unfinished ...>' : ' <unfinished ...>');
    return;
  }
  writeArguments(out, format, call, early, format.arguments.length, early === 0, options);
}

/** All arguments, parted by commas. */
export function writeAll(out: TextBuffer, call: Call, format: CallFormat, options: FormatOptions): void {
  writeArguments(out, format, call, 0, format.arguments.length, true, options);
}

/** What stands behind the `=`. */
export function writeResult(out: TextBuffer, call: Call, format: CallFormat, options: FormatOptions): void {
  switch (call.outcome) {
    case 'pending':
    case 'never':
      out.byte(0x3f);
      break;
    case 'error':
    case 'restart':
      if (call.syscall?.abi === 'nt') format.result(out, call, options);
      else out.text(errorText(call));
      break;
    case 'value':
      format.result(out, call, options);
      break;
  }
}

const ERROR_TEXTS = new Map(
  ERRNO.map(([number, name, text]) => [number, { error: `-1 ${name} (${text})`, restart: `? ${name} (${text})` }]),
);

function errorText({ errno, outcome }: Call): string {
  const known = ERROR_TEXTS.get(errno);
  if (known === undefined) return `-1 (errno ${errno})`;
  return outcome === 'restart' ? known.restart : known.error;
}
