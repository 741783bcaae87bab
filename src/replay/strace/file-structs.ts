/** Structs of file systems and terminals, but for stat and statx; a view starts where its struct does. */
import { enumName, enumOrHex, flagNames, openFlags } from './flags.ts';
import { hexOrZero, high, low, signed, unsigned } from './struct-words.ts';
import { hex64, octal } from './values.ts';

export function isoTime(seconds: number, nanoseconds: number): string {
  const text = new Date(seconds * 1000).toISOString().slice(0, 19);
  return `${text}${nanoseconds === 0 ? '' : `.${String(nanoseconds).padStart(9, '0')}`}+0000`;
}

export function statfs(view: DataView): string {
  const type = enumName('fsMagic', low(view, 0)) ?? hex64(low(view, 0), high(view, 0));
  const names = 'f_bsize f_blocks f_bfree f_bavail f_files f_ffree'.split(' ');
  const counts = names.map((name, i) => `${name}=${unsigned(view, 8 + 8 * i)}`).join(', ');
  const id = `{val=[${hexOrZero(low(view, 56))}, ${hexOrZero(high(view, 56))}]}`;
  return (
    `{f_type=${type}, ${counts}, f_fsid=${id}, f_namelen=${unsigned(view, 64)}, f_frsize=${unsigned(view, 72)}, ` +
    `f_flags=${flagNames('statfs', low(view, 80), high(view, 80))}}`
  );
}

export function lockParts(view: DataView): string[] {
  return [
    `l_type=${enumOrHex('lockType', view.getInt16(0, true))}`,
    `l_whence=${enumOrHex('whence', view.getInt16(2, true))}`,
    `l_start=${signed(view, 8)}`,
    `l_len=${signed(view, 16)}`,
  ];
}

export function utimens(view: DataView): string {
  const nanoseconds = low(view, 8);
  if (nanoseconds === 0x3fff_ffff) return 'UTIME_NOW';
  if (nanoseconds === 0x3fff_fffe) return 'UTIME_OMIT';
  if (nanoseconds >= 1e9) return `{tv_sec=${signed(view, 0)}, tv_nsec=${nanoseconds}}`;
  const note = ` /* ${isoTime(Number(view.getBigInt64(0, true)), nanoseconds)} */`;
  return `{tv_sec=${signed(view, 0)}, tv_nsec=${nanoseconds}}${note}`;
}

/** Access and modification time of utime. */
export function utimbuf(view: DataView): string {
  return `{actime=${signed(view, 0)}${timeNote(view, 0)}, modtime=${signed(view, 8)}${timeNote(view, 8)}}`;
}

const timeNote = (view: DataView, at: number): string => ` /* ${isoTime(Number(view.getBigInt64(at, true)), 0)} */`;

/** A time of utimes, with microseconds. */
export function utimeval(view: DataView): string {
  const note = isoTime(Number(view.getBigInt64(0, true)), low(view, 8) * 1000).replace('000+', '+');
  return `{tv_sec=${signed(view, 0)}, tv_usec=${signed(view, 8)}} /* ${note} */`;
}

/** struct open_how: the mode only where it counts. */
export function openHow(view: DataView): string {
  const flags = low(view, 0);
  const creates = (flags & 0o100) !== 0 || (flags & 0o20200000) === 0o20200000 || low(view, 8) !== 0;
  const mode = creates ? `, mode=${octal(low(view, 8))}` : '';
  return `{flags=${openFlags(flags)}${mode}, resolve=${flagNames('resolve', low(view, 16), high(view, 16))}}`;
}

const SPEEDS = 'B0 B50 B75 B110 B134 B150 B200 B300 B600 B1200 B1800 B2400 B4800 B9600 B19200 B38400'.split(' ');
const FAST = 'B57600 B115200 B230400 B460800 B500000 B576000 B921600 B1000000 B1152000 B1500000 B2000000'.split(' ');
/** Delays of output: name, how far its bits are up, how many values it has. */
const DELAYS = [['NL', 8, 1], ['CR', 9, 3], ['TAB', 11, 3], ['BS', 13, 1], ['VT', 14, 1], ['FF', 15, 1]] as const; // biome-ignore format: one row
const DELAY_BITS = 0xff00;
/** Speeds and character size. */
const SPEED_BITS = 0x100f;
const SIZE_BITS = 0x30;

/** Terminal settings: the four words of modes. */
export function termios(view: DataView): string {
  const output = low(view, 4);
  const delays = DELAYS.map(([name, shift, mask]) => `${name}${(output >>> shift) & mask}`);
  const outputRest = flagNames('termiosOutput', output & ~DELAY_BITS, 0, '');
  const control = low(view, 8);
  const speed = (control & 0x1000) === 0 ? SPEEDS[control & 15] : FAST[(control & 15) - 1];
  const controlRest = flagNames('termiosControl', control & ~(SPEED_BITS | SIZE_BITS), 0, '');
  const words = [
    `c_iflag=${flagNames('termiosInput', low(view, 0), 0, '')}`,
    `c_oflag=${[...delays, outputRest].filter((text) => text !== '').join('|')}`,
    `c_cflag=${[speed ?? 'B?', `CS${5 + ((control >>> 4) & 3)}`, controlRest].filter((text) => text !== '').join('|')}`,
    `c_lflag=${flagNames('termiosLocal', low(view, 12), 0, '')}`,
  ];
  return `{${words.join(', ')}, ...}`;
}
