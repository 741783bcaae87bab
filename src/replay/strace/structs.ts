import { type FieldFormat, STRUCTS, type StructField } from '../../guest/linux/tables/structs.ts';
import type { CallCapture } from '../call-captures.ts';
import type { TextBuffer } from '../text-buffer.ts';
import { lockParts, openHow, quotaBlock, statfs, termios, utimbuf, utimens, utimeval } from './file-structs.ts';
import { enumOrHex, fileMode, flagNames, openFlags, signalSet } from './flags.ts';
import { rusage, sigaction, sigevent, siginfo, stack, sysinfo, waitStatus } from './process-structs.ts';
import {
  clockTicks,
  dateNote,
  deviceNumber,
  high,
  isDevice,
  low,
  type StructOptions,
  type StructText,
  signed as signedText,
  unsigned as unsignedText,
  wholeTime,
} from './struct-parts.ts';
import { NARROW_FORMATS } from './structs32.ts';

/** Shows the struct that starts at byte `at` of a view, which holds all of it. */
export type StructFormat = (out: TextBuffer, view: DataView, at: number, options: StructOptions) => void;

/** A format that makes a string of a view of its own: for what is seldom met. */
const told =
  (format: StructText): StructFormat =>
  (out, view, at, options) =>
    out.text(format(new DataView(view.buffer, view.byteOffset + at, view.byteLength - at), options));

const unsigned = (out: TextBuffer, view: DataView, at: number): void => out.unsigned64(low(view, at), high(view, at));
const signed = (out: TextBuffer, view: DataView, at: number): void => out.signed64(low(view, at), high(view, at));

/** A limit in multiples of 1024 where it is one, as limits are usually given. */
function limit(out: TextBuffer, view: DataView, at: number): void {
  if (low(view, at) === 0xffff_ffff && high(view, at) === 0xffff_ffff) {
    out.text('RLIM64_INFINITY');
    return;
  }
  const value = view.getBigUint64(at, true);
  out.text(value > 1024n && value % 1024n === 0n ? `${value / 1024n}*1024` : String(value));
}

/** Size, or what a device node names. */
function statSize(out: TextBuffer, view: DataView, at: number, mode: number): void {
  if (isDevice(mode)) {
    out.text('st_rdev=');
    out.text(deviceNumber(low(view, at + 40)));
  } else {
    out.text('st_size=');
    signed(out, view, at + 48);
  }
}

function stat(out: TextBuffer, view: DataView, at: number, options: StructOptions): void {
  const mode = low(view, at + 24);
  if (!options.verbose) {
    out.text('{st_mode=');
    out.text(fileMode(mode));
    out.text(', ');
    statSize(out, view, at, mode);
    out.text(', ...}');
    return;
  }
  out.text(`{st_dev=${deviceNumber(low(view, at))}, st_ino=`);
  unsigned(out, view, at + 8);
  out.text(`, st_mode=${fileMode(mode)}, st_nlink=`);
  unsigned(out, view, at + 16);
  out.text(`, st_uid=${low(view, at + 28)}, st_gid=${low(view, at + 32)}, st_blksize=`);
  unsigned(out, view, at + 56);
  out.text(', st_blocks=');
  unsigned(out, view, at + 64);
  out.text(', ');
  statSize(out, view, at, mode);
  for (const [i, name] of STAT_TIMES.entries()) statTime(out, view, at + 72 + 16 * i, name);
  out.byte(0x7d);
}

const STAT_TIMES = ['atime', 'mtime', 'ctime'] as const;

function statTime(out: TextBuffer, view: DataView, at: number, name: string): void {
  const nanoseconds = low(view, at + 8);
  out.text(`, st_${name}=`);
  signed(out, view, at);
  out.text(dateNote(Number(view.getBigInt64(at, true)), nanoseconds));
  out.text(`, st_${name}_nsec=${nanoseconds}`);
}

function statx(out: TextBuffer, view: DataView, at: number, options: StructOptions): void {
  out.text('{stx_mask=');
  out.text(flagNames('statxMask', low(view, at)));
  if (options.verbose) out.text(`, stx_blksize=${low(view, at + 4)}`);
  out.text(', stx_attributes=');
  out.text(flagNames('statxAttributes', low(view, at + 8), high(view, at + 8)));
  if (options.verbose) {
    out.text(`, stx_nlink=${low(view, at + 16)}, stx_uid=${low(view, at + 20)}, stx_gid=${low(view, at + 24)}`);
  }
  out.text(', stx_mode=');
  out.text(fileMode(view.getUint16(at + 28, true)));
  if (options.verbose) {
    out.text(', stx_ino=');
    unsigned(out, view, at + 32);
  }
  out.text(', stx_size=');
  unsigned(out, view, at + 40);
  if (options.verbose) statxRest(out, view, at);
  else out.text(', ...}');
}

/** The times of struct statx, each of which its mask says to be known. */
const STATX_TIMES: readonly (readonly [name: string, mask: number, offset: number])[] = [
  ['atime', 0x20, 64],
  ['btime', 0x800, 80],
  ['ctime', 0x80, 96],
  ['mtime', 0x40, 112],
];
const STATX_MNT_ID = 0x1000;

function statxRest(out: TextBuffer, view: DataView, at: number): void {
  const mask = low(view, at);
  out.text(', stx_blocks=');
  unsigned(out, view, at + 48);
  out.text(`, stx_attributes_mask=${flagNames('statxAttributes', low(view, at + 56), high(view, at + 56))}`);
  for (const [name, bit, offset] of STATX_TIMES) {
    if ((mask & bit) === 0) continue;
    const nanoseconds = low(view, at + offset + 8);
    out.text(`, stx_${name}={tv_sec=`);
    signed(out, view, at + offset);
    out.text(`, tv_nsec=${nanoseconds}}${dateNote(Number(view.getBigInt64(at + offset, true)), nanoseconds)}`);
  }
  out.text(`, stx_rdev_major=${low(view, at + 128)}, stx_rdev_minor=${low(view, at + 132)}`);
  out.text(`, stx_dev_major=${low(view, at + 136)}, stx_dev_minor=${low(view, at + 140)}`);
  if ((mask & STATX_MNT_ID) !== 0) {
    out.text(', stx_mnt_id=');
    out.hexOrZero(low(view, at + 144), high(view, at + 144));
  }
  out.byte(0x7d);
}

/** `[...]` around a value. */
const boxed =
  (value: StructFormat): StructFormat =>
  (out, view, at, options) => {
    out.byte(0x5b);
    value(out, view, at, options);
    out.byte(0x5d);
  };

function descriptor(out: TextBuffer, fd: number, options: StructOptions): void {
  if (options.descriptor === undefined) out.decimal(fd);
  else options.descriptor(out, fd);
}

const int32: StructFormat = (out, view, at) => out.decimal(view.getInt32(at, true));
const uint32: StructFormat = (out, view, at) => out.decimal(low(view, at));
const uint16: StructFormat = (out, view, at) => out.decimal(view.getUint16(at, true));
const pointerWord: StructFormat = (out, view, at) => out.pointer(low(view, at), high(view, at));

/** Bytes up to the first NUL, at most `size`. */
function textField(out: TextBuffer, view: DataView, at: number, size: number): void {
  const bytes = new Uint8Array(view.buffer, view.byteOffset + at, size);
  const end = bytes.indexOf(0);
  out.quote(bytes, 0, end < 0 ? size : end);
}

const UTSNAME_FIELD = 65;
/** Fields behind those that are always shown. */
const UTSNAME_REST = ['release', 'version', 'machine', 'domainname'];

const rlimit: StructFormat = (out, view, at) => {
  out.text('{rlim_cur=');
  limit(out, view, at);
  out.text(', rlim_max=');
  limit(out, view, at + 8);
  out.byte(0x7d);
};

const SPECIAL: Readonly<Record<string, StructFormat>> = {
  ...Object.fromEntries(Object.entries(NARROW_FORMATS).map(([name, format]) => [name, told(format)])),
  stat,
  statx,
  sigaction: told(sigaction),
  rusage: told(rusage),
  siginfo: told(siginfo),
  sysinfo: told(sysinfo),
  statfs: told(statfs),
  flock: told((view) => `{${lockParts(view).join(', ')}}`),
  flockWithPid: told((view) => `{${[...lockParts(view), `l_pid=${view.getInt32(24, true)}`].join(', ')}}`),
  stack: told(stack),
  sigevent: told(sigevent),
  openhow: told(openHow),
  utimbuf: told(utimbuf),
  utimens: told(utimens),
  utimeval: told(utimeval),
  termios: told(termios),
  rlimit,
  rlimit64: rlimit,
  int: boxed(int32),
  uint: boxed(uint32),
  socklen: boxed(int32),
  long: boxed(signed),
  ulong: boxed(unsigned),
  off: boxed(signed),
  ptr: boxed(pointerWord),
  schedparam: boxed(int32),
  fdpair: boxed((out, view, at, options) => {
    descriptor(out, view.getInt32(at, true), options);
    out.text(', ');
    descriptor(out, view.getInt32(at + 4, true), options);
  }),
  seconds: boxed((out, view, at) => out.text(wholeTime(signedText(view, at)))),
  seconds32: boxed((out, view, at) => out.text(wholeTime(String(view.getInt32(at, true))))),
  seccompAction: boxed((out, view, at) => out.text(enumOrHex('seccompAction', low(view, at)))),
  quotaFormatWord: boxed((out, view, at) => out.text(enumOrHex('quotaFormat', low(view, at)))),
  mempolicyWord: boxed((out, view, at) => out.text(enumOrHex('mempolicy', low(view, at)))),
  quotaBlock: told(quotaBlock),
  inodeFlags: boxed((out, view, at) => out.text(flagNames('inodeFlags', low(view, at)))),
  wstatus: boxed((out, view, at) => out.text(waitStatus(low(view, at)))),
  clockTime: (out, view, at, { verbose }) => {
    const names = 'sec min hour mday mon year wday yday isdst'.split(' ');
    const shown = names
      .slice(0, verbose ? undefined : 6)
      .map((name, i) => `tm_${name}=${view.getInt32(at + 4 * i, true)}`);
    out.text(`{${shown.join(', ')}${verbose ? '' : ', ...'}}`);
  },
  comm: (out, view, at) => textField(out, view, at, 16),
  sigset: (out, view, at) => out.text(signalSet(low(view, at), high(view, at))),
  pollfd: (out, view, at, options) => {
    const fd = view.getInt32(at, true);
    out.text('{fd=');
    descriptor(out, fd, options);
    if (fd >= 0) {
      out.text(', events=');
      out.text(flagNames('poll', view.getUint16(at + 4, true)));
    }
    out.byte(0x7d);
  },
  epollevent: (out, view, at) => {
    out.text(`{events=${flagNames('epoll', low(view, at))}, data={u32=${low(view, at + 4)}, u64=`);
    unsigned(out, view, at + 4);
    out.text('}}');
  },
  utsname: (out, view, at, { verbose }) => {
    out.text('{sysname=');
    textField(out, view, at, UTSNAME_FIELD);
    out.text(', nodename=');
    textField(out, view, at + UTSNAME_FIELD, UTSNAME_FIELD);
    if (!verbose) {
      out.text(', ...}');
      return;
    }
    for (const [i, name] of UTSNAME_REST.entries()) {
      out.text(`, ${name}=`);
      textField(out, view, at + (2 + i) * UTSNAME_FIELD, UTSNAME_FIELD);
    }
    out.byte(0x7d);
  },
};

/** How a field of a layout is shown, its place in the struct included. */
function fieldFormat({ offset, size, format }: StructField): StructFormat {
  const show = wordFormat(format, size);
  return (out, view, at, options) => show(out, view, at + offset, options);
}

function wordFormat(format: FieldFormat, size: number): StructFormat {
  if (format.startsWith('S:')) return (out, view, at, options) => structFormat(format.slice(2))(out, view, at, options);
  if (format === 'text') return (out, view, at) => textField(out, view, at, size);
  const set = format.slice(2);
  const lowWord = (view: DataView, at: number): number =>
    size === 1 ? view.getUint8(at) : size === 2 ? view.getUint16(at, true) : low(view, at);
  const highWord = (view: DataView, at: number): number => (size === 8 ? high(view, at) : 0);
  if (format === 'F:open') return (out, view, at) => out.text(openFlags(lowWord(view, at)));
  if (format.startsWith('F:'))
    return (out, view, at) => out.text(flagNames(set, lowWord(view, at), highWord(view, at)));
  if (format.startsWith('E:')) return (out, view, at) => out.text(enumOrHex(set, lowWord(view, at)));
  if (format === 'o') return (out, view, at) => out.octal(lowWord(view, at));
  if (format === 'p') return (out, view, at) => out.pointer(lowWord(view, at), highWord(view, at));
  if (format === 'ticks')
    return (out, view, at) => out.text(clockTicks(size === 8 ? unsignedText(view, at) : String(low(view, at))));
  if (format === 'x') return (out, view, at) => out.hexOrZero(lowWord(view, at), highWord(view, at));
  if (format === 'u') return (out, view, at) => out.unsigned64(lowWord(view, at), highWord(view, at));
  if (size === 8) return signed;
  if (size === 4) return int32;
  return (out, view, at) => out.decimal(size === 2 ? view.getInt16(at, true) : view.getInt8(at));
}

function layoutFormat(fields: readonly StructField[]): StructFormat {
  const shown = fields.map((field) => ({ label: `${field.name}=`, show: fieldFormat(field) }));
  return (out, view, at, options) => {
    out.byte(0x7b);
    for (let i = 0; i < shown.length; i++) {
      if (i > 0) out.text(', ');
      out.text(shown[i]!.label);
      shown[i]!.show(out, view, at, options);
    }
    out.byte(0x7d);
  };
}

const FORMATS = new Map<string, StructFormat>();

function structFormat(name: string): StructFormat {
  let format = FORMATS.get(name);
  if (format !== undefined) return format;
  const layout = STRUCTS[name];
  if (layout === undefined) throw new Error(`no struct ${name}`);
  format = SPECIAL[name] ?? layoutFormat(layout.fields);
  FORMATS.set(name, format);
  return format;
}

/** Shows one captured struct; what is cut off is said instead. */
export type CaptureFormat = (out: TextBuffer, capture: CallCapture, options: StructOptions) => void;

/** The format of one struct. Throws at once when there is no such struct. */
export function oneStruct(name: string): CaptureFormat {
  const format = structFormat(name);
  const { size } = STRUCTS[name]!;
  return (out, { view, start, length }, options) => {
    if (length < size) out.text(`{... /* ${length} of ${size} bytes */}`);
    else format(out, view, start, options);
  };
}

/** Elements of which only the value is shown: `[1, 2]`, not `[[1], [2]]`. */
const PLAIN: Readonly<Record<string, StructFormat>> = {
  int: int32,
  uint: uint32,
  ushort: uint16,
  resident: (out, view, at) => out.decimal(view.getUint8(at) & 1),
};

/** An array of `count` structs: `[{...}, {...}]`; that some were left out is said. */
export function manyStructs(
  name: string,
): (out: TextBuffer, capture: CallCapture, count: number, options: StructOptions) => void {
  const format = PLAIN[name] ?? structFormat(name);
  const { size } = STRUCTS[name]!;
  return (out, { view, start, length }, count, options) => {
    const most = options.verbose ? count : Math.min(count, options.stringLimit);
    const whole = Math.min(most, Math.floor(length / size));
    out.byte(0x5b);
    for (let i = 0; i < whole; i++) {
      if (i > 0) out.text(', ');
      format(out, view, start + i * size, options);
    }
    if (whole < count) out.text(whole > 0 ? ', ...' : '...');
    out.byte(0x5d);
  };
}

/** One struct from its bytes as a string. */
export function formatStruct(out: TextBuffer, name: string, bytes: Uint8Array, options: StructOptions): void {
  structFormat(name)(out, new DataView(bytes.buffer, bytes.byteOffset, bytes.length), 0, options);
}
