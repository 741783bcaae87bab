// What 64-bit and 32-bit structs have in common.
import { TextBuffer } from '../text-buffer.ts';
import { enumName, enumOrHex, flagNames, signalName, signalSet } from './flags.ts';
import { remembered } from './remembered.ts';
import { hex64, signed64, unsigned64 } from './values.ts';

/** Shows a struct in full instead of its most telling fields. */
export interface StructOptions {
  readonly verbose: boolean;
  /** Elements of an array that are shown, unless in full. */
  readonly stringLimit: number;
  /** Shows a descriptor otherwise than by its number alone. */
  readonly descriptor?: ((out: TextBuffer, fd: number) => void) | undefined;
}

/** A descriptor in a text that is put together. */
export function descriptorText(fd: number, { descriptor }: StructOptions): string {
  if (descriptor === undefined) return String(fd);
  const out = new TextBuffer(32);
  descriptor(out, fd);
  return out.toString();
}

/** A struct as a string; the view starts where the struct does. */
export type StructText = (view: DataView, options: StructOptions) => string;

export const low = (view: DataView, at: number): number => view.getUint32(at, true);
export const high = (view: DataView, at: number): number => view.getUint32(at + 4, true);
export const unsigned = (view: DataView, at: number): string => unsigned64(low(view, at), high(view, at));
export const signed = (view: DataView, at: number): string => signed64(low(view, at), high(view, at));

export const hexOrZero = (value: number): string => (value === 0 ? '0' : `0x${(value >>> 0).toString(16)}`);

/** Kernel device number of stat: 12 bits major, 20 bits minor, interleaved (include/linux/kdev_t.h, new_encode_dev). */
export const deviceNumber = remembered((dev) => {
  const minor = (dev & 0xff) | ((dev >>> 12) & 0xfff00);
  return `makedev(${hexOrZero((dev >>> 8) & 0xfff)}, ${hexOrZero(minor)})`;
});

export const isDevice = (mode: number): boolean => (mode & 0o170000) === 0o020000 || (mode & 0o170000) === 0o060000;

/** The calendar repeats itself after so many years, and seconds. */
const CYCLE = { years: 400, seconds: 12_622_780_800 } as const;
/** Years are numbers of 32 bits. */
const LAST_YEAR = 0x7fff_ffff + 1900;

/** Seconds since 1970 as date and time, with nanoseconds where there are any; undefined where no date is told: the epoch itself, and what is no time. */
export function dateOf(seconds: number, nanoseconds: number): string | undefined {
  if (seconds === 0 && nanoseconds === 0) return undefined;
  const cycles = Math.floor(seconds / CYCLE.seconds);
  const date = new Date((seconds - cycles * CYCLE.seconds) * 1000);
  const year = date.getUTCFullYear() + cycles * CYCLE.years;
  if (Math.abs(year) > LAST_YEAR) return undefined;
  const text = date.toISOString().slice(4, 19);
  return `${year}${text}${nanoseconds === 0 ? '' : `.${String(nanoseconds).padStart(9, '0')}`}+0000`;
}

/** A date as a note behind a time; nothing where there is none. */
export function dateNote(seconds: number, nanoseconds: number): string {
  const date = dateOf(seconds, nanoseconds);
  return date === undefined ? '' : ` /* ${date} */`;
}

/** What utimensat sets: a time, or how to find one. */
export function fileTime(seconds: string, nanoseconds: string): string {
  const count = Number(nanoseconds);
  if (count === 0x3fff_ffff) return 'UTIME_NOW';
  if (count === 0x3fff_fffe) return 'UTIME_OMIT';
  return `{tv_sec=${seconds}, tv_nsec=${nanoseconds}}${count >= 1e9 ? '' : dateNote(Number(seconds), count)}`;
}

const TICKS_PER_SECOND = 100n;

/** Clock ticks, and how many seconds they are. */
export function clockTicks(ticks: string): string {
  if (ticks === '0') return ticks;
  const hundredths = BigInt(ticks);
  const rest = String(hundredths % TICKS_PER_SECOND).padStart(2, '0');
  return `${ticks} /* ${hundredths / TICKS_PER_SECOND}.${rest} s */`;
}

/** Times of utime: whole seconds. */
export function wholeTime(seconds: string): string {
  return `${seconds}${dateNote(Number(seconds), 0)}`;
}

/** Times of utimes: seconds and microseconds. */
export function microTime(seconds: string, microseconds: string): string {
  const count = Number(microseconds);
  const note = count >= 1e6 ? '' : dateNote(Number(seconds), count * 1000).replace('000+', '+');
  return `{tv_sec=${seconds}, tv_usec=${microseconds}}${note}`;
}

/** User handlers are addresses; the first values have names. */
export function handlerText(low: number, high: number): string {
  return high === 0 && low <= 2 ? ['SIG_DFL', 'SIG_IGN', 'SIG_ERR'][low]! : hex64(low, high);
}

type Halves = readonly [low: number, high: number];

export function actionText(handler: string, mask: Halves, flags: Halves, restorer: string): string {
  const tail = (flags[0] & 0x0400_0000) === 0 ? '' : `, sa_restorer=${restorer}`;
  return `{sa_handler=${handler}, sa_mask=${signalSet(...mask)}, sa_flags=${flagNames('sigaction', ...flags)}${tail}}`;
}

export function lockFields(view: DataView, start: string, length: string): string[] {
  return [
    `l_type=${enumOrHex('lockType', view.getInt16(0, true))}`,
    `l_whence=${enumOrHex('whence', view.getInt16(2, true))}`,
    `l_start=${start}`,
    `l_len=${length}`,
  ];
}

/** What of a siginfo depends on the size of pointers and longs. */
export interface SiginfoWords {
  /** Where its union begins, and in it the value that a sender gives. */
  readonly at: number;
  readonly valueAt: number;
  readonly pointerAt: (at: number) => string;
  readonly times: readonly [user: string, system: string];
}

/** A siginfo as the kernel wrote it. */
export function siginfoText(view: DataView, { at, valueAt, pointerAt, times }: SiginfoWords): string {
  const signal = view.getInt32(0, true);
  const errno = view.getInt32(4, true);
  const code = view.getInt32(8, true);
  if (signal === 0 && code === 0) return '{}';
  const parts = [`si_signo=${signalName(signal)}`];
  if (errno !== 0) parts.push(`si_errno=${errno}`);
  const sender = `si_pid=${view.getInt32(at, true)}, si_uid=${low(view, at + 4)}`;
  if (signal === 17 && code > 0 && code <= 6) {
    const status = view.getInt32(at + 8, true);
    parts.push(`si_code=${enumName('cldCode', code)}`, sender);
    parts.push(`si_status=${code === 1 ? status : signalName(status)}`);
    parts.push(`si_utime=${clockTicks(times[0])}`, `si_stime=${clockTicks(times[1])}`);
    return `{${parts.join(', ')}}`;
  }
  const codes = code > 0 && code < 0x80 ? SIGNAL_CODES[signal] : 'siCode';
  const name = codes === undefined ? undefined : enumName(codes, code);
  parts.push(`si_code=${name ?? (code < 0 ? String(code) : `0x${code.toString(16)}`)}`);
  const value = `si_int=${view.getInt32(valueAt, true)}, si_ptr=${pointerAt(valueAt)}`;
  if (code === SI.timer) {
    parts.push(`si_timerid=${hexOrZero(view.getInt32(at, true))}, si_overrun=${view.getInt32(at + 4, true)}`, value);
  } else if (code === SI.user || code === SI.tkill) parts.push(sender);
  else if (code < 0) parts.push(sender, value);
  else if (FAULTS.has(signal)) parts.push(`si_addr=${pointerAt(at)}`);
  else if (code !== SI.kernel) parts.push(sender, value);
  return `{${parts.join(', ')}}`;
}

const SI = { user: 0, kernel: 0x80, timer: -2, tkill: -6 } as const;
/** Signals of the processor's own exceptions. */
const FAULTS = new Set([4, 5, 7, 8, 11]);
const SIGNAL_CODES: Readonly<Record<number, string>> = {
  4: 'siIll',
  5: 'siTrap',
  7: 'siBus',
  8: 'siFpe',
  11: 'siSegv',
  29: 'siPoll',
};

export const RUSAGE_REST = 'ru_maxrss ru_ixrss ru_idrss ru_isrss ru_minflt ru_majflt ru_nswap ru_inblock ru_oublock ru_msgsnd ru_msgrcv ru_nsignals ru_nvcsw ru_nivcsw'.split(' '); // biome-ignore format: one row

/** What is notified, and how, of a timer or a queue: struct sigevent. */
export interface SigeventWords {
  readonly kind: number;
  readonly signal: number;
  readonly value: string;
  /** The value's number; only one that is not 0 is shown. */
  readonly number: number;
  readonly thread: number;
  readonly start: string;
  readonly attributes: string;
}

const SIGEV = { signal: 0, thread: 2, threadId: 4 } as const;

export function sigeventText({ kind, signal, value, number, thread, start, attributes }: SigeventWords): string {
  const named = kind === SIGEV.signal || kind === SIGEV.thread || kind === SIGEV.threadId;
  const parts = value === 'NULL' ? [] : [`sigev_value={sival_int=${number}, sival_ptr=${value}}`];
  parts.push(`sigev_signo=${named ? signalName(signal) : signal}`, `sigev_notify=${enumOrHex('notify', kind)}`);
  if (kind === SIGEV.threadId) parts.push(`sigev_notify_thread_id=${thread}`);
  if (kind === SIGEV.thread) parts.push(`sigev_notify_function=${start}`, `sigev_notify_attributes=${attributes}`);
  return `{${parts.join(', ')}}`;
}
