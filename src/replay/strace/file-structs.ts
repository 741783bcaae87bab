/** Structs of file systems and terminals, but for stat and statx; a view starts where its struct does. */
import { enumName, flagNames, openFlags } from './flags.ts';
import {
  fileTime,
  hexOrZero,
  high,
  lockFields,
  low,
  microTime,
  type StructOptions,
  signed,
  unsigned,
  wholeTime,
} from './struct-parts.ts';
import { hex64, octal } from './values.ts';

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

export const lockParts = (view: DataView): string[] => lockFields(view, signed(view, 8), signed(view, 16));

export const utimens = (view: DataView): string => fileTime(signed(view, 0), unsigned(view, 8));

/** Access and modification time of utime. */
export const utimbuf = (view: DataView): string =>
  `{actime=${wholeTime(signed(view, 0))}, modtime=${wholeTime(signed(view, 8))}}`;

export const utimeval = (view: DataView): string => microTime(signed(view, 0), unsigned(view, 8));

/** struct open_how: the mode only where it counts. */
export function openHow(view: DataView): string {
  const flags = low(view, 0);
  const creates = (flags & 0o100) !== 0 || (flags & 0o20200000) === 0o20200000 || low(view, 8) !== 0;
  const mode = creates ? `, mode=${octal(low(view, 8))}` : '';
  return `{flags=${openFlags(flags)}${mode}, resolve=${flagNames('resolve', low(view, 16), high(view, 16))}}`;
}

/** Quota of one user or group: struct if_dqblk. */
export function quotaBlock(view: DataView, { verbose }: StructOptions): string {
  const shown = QUOTA_FIELDS.slice(0, verbose ? undefined : 6).map((name, i) => `dqb_${name}=${unsigned(view, 8 * i)}`);
  const rest = verbose ? `dqb_valid=${flagNames('quotaValid', low(view, 64))}` : '...';
  return `{${[...shown, rest].join(', ')}}`;
}

const QUOTA_FIELDS = 'bhardlimit bsoftlimit curspace ihardlimit isoftlimit curinodes btime itime'.split(' ');

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
    `c_oflag=${[...delays, outputRest].join('|')}`,
    `c_cflag=${[speed ?? 'B?', `CS${5 + ((control >>> 4) & 3)}`, controlRest].join('|')}`,
    `c_lflag=${flagNames('termiosLocal', low(view, 12), 0, '')}`,
  ];
  return `{${words.join(', ')}, ...}`;
}
