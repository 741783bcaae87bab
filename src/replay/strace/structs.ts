import { type FieldFormat, STRUCTS } from '../../guest/linux/tables/structs.ts';
import { enumName, enumOrHex, fileMode, flagNames, openFlags, signalName, signalSet } from './flags.ts';
import {
  actionText,
  deviceNumber,
  fileTime,
  handlerText,
  hexOrZero,
  high,
  isDevice,
  isoTime,
  lockFields,
  low,
  microTime,
  RUSAGE_REST,
  type StructFormat,
  type StructOptions,
  siginfoText,
  signed,
  unsigned,
  wholeTime,
} from './struct-parts.ts';
import { NARROW_FORMATS } from './structs32.ts';
import { hex64, octal, pointer, quoteText, signed64, unsigned64 } from './values.ts';

/** Size in multiples of 1024 where it is one, as limits are usually given. */
function limit(view: DataView, at: number): string {
  if (low(view, at) === 0xffff_ffff && high(view, at) === 0xffff_ffff) return 'RLIM64_INFINITY';
  const value = view.getBigUint64(at, true);
  return value > 1024n && value % 1024n === 0n ? `${value / 1024n}*1024` : String(value);
}

function stat(view: DataView, _bytes: Uint8Array, options: StructOptions): string {
  const mode = view.getUint32(24, true);
  const size = isDevice(mode) ? `st_rdev=${deviceNumber(low(view, 40))}` : `st_size=${signed(view, 48)}`;
  if (!options.verbose) return `{st_mode=${fileMode(mode)}, ${size}, ...}`;
  const times = (['atime', 'mtime', 'ctime'] as const).map((name, i) => {
    const at = 72 + 16 * i;
    const seconds = signed(view, at);
    const nanoseconds = low(view, at + 8);
    const text = nanoseconds === 0 ? '' : `, st_${name}_nsec=${nanoseconds}`;
    return `st_${name}=${seconds} /* ${isoTime(Number(view.getBigInt64(at, true)), nanoseconds)} */${text}`;
  });
  return (
    `{st_dev=${deviceNumber(low(view, 0))}, st_ino=${unsigned(view, 8)}, st_mode=${fileMode(mode)}, st_nlink=${unsigned(view, 16)}, ` +
    `st_uid=${low(view, 28)}, st_gid=${low(view, 32)}, st_blksize=${unsigned(view, 56)}, st_blocks=${unsigned(view, 64)}, ${size}, ${times.join(', ')}}`
  );
}

function statx(view: DataView, _bytes: Uint8Array, options: StructOptions): string {
  const mode = view.getUint16(28, true);
  const head = `{stx_mask=${flagNames('statxMask', low(view, 0))}`;
  const middle = `stx_attributes=${flagNames('statxAttributes', low(view, 8), high(view, 8))}, stx_mode=${fileMode(mode)}, stx_size=${unsigned(view, 40)}`;
  if (!options.verbose) return `${head}, ${middle}, ...}`;
  return `${head}, stx_blksize=${low(view, 4)}, stx_nlink=${low(view, 16)}, stx_uid=${low(view, 20)}, stx_gid=${low(view, 24)}, ${middle}, stx_ino=${unsigned(view, 32)}, stx_blocks=${unsigned(view, 48)}}`;
}

const RUSAGE_TIMES: readonly (readonly [offset: number, name: string])[] = [[0, 'ru_utime'], [16, 'ru_stime']]; // biome-ignore format: one row

function rusage(view: DataView, _bytes: Uint8Array, options: StructOptions): string {
  const times = RUSAGE_TIMES.map(
    ([at, name]) => `${name}={tv_sec=${signed(view, at)}, tv_usec=${signed(view, at + 8)}}`,
  );
  if (!options.verbose) return `{${times.join(', ')}, ...}`;
  return `{${[...times, ...RUSAGE_REST.map((name, i) => `${name}=${signed(view, 32 + 8 * i)}`)].join(', ')}}`;
}

/** A wait status as the macros take it apart. */
export function waitStatus(status: number): string {
  const signal = status & 0x7f;
  if (signal === 0) return `{WIFEXITED(s) && WEXITSTATUS(s) == ${(status >> 8) & 0xff}}`;
  if (status === 0xffff) return '{WIFCONTINUED(s)}';
  if (signal === 0x7f) return `{WIFSTOPPED(s) && WSTOPSIG(s) == ${signalName((status >> 8) & 0xff)}}`;
  const core = (status & 0x80) === 0 ? '' : ' && WCOREDUMP(s)';
  return `{WIFSIGNALED(s) && WTERMSIG(s) == ${signalName(signal)}${core}}`;
}

function sysinfo(view: DataView): string {
  const loads = [8, 16, 24].map((at) => unsigned(view, at)).join(', ');
  const names = 'totalram freeram sharedram bufferram totalswap freeswap'.split(' ');
  const memory = names.map((name, i) => `${name}=${unsigned(view, 32 + 8 * i)}`).join(', ');
  return (
    `{uptime=${signed(view, 0)}, loads=[${loads}], ${memory}, procs=${view.getUint16(80, true)}, ` +
    `totalhigh=${unsigned(view, 88)}, freehigh=${unsigned(view, 96)}, mem_unit=${low(view, 104)}}`
  );
}

function statfs(view: DataView): string {
  const type = enumName('fsMagic', low(view, 0)) ?? hex64(low(view, 0), high(view, 0));
  const names = 'f_bsize f_blocks f_bfree f_bavail f_files f_ffree'.split(' ');
  const counts = names.map((name, i) => `${name}=${unsigned(view, 8 + 8 * i)}`).join(', ');
  const id = `{val=[${hexOrZero(low(view, 56))}, ${hexOrZero(high(view, 56))}]}`;
  return (
    `{f_type=${type}, ${counts}, f_fsid=${id}, f_namelen=${unsigned(view, 64)}, f_frsize=${unsigned(view, 72)}, ` +
    `f_flags=${flagNames('statfs', low(view, 80), high(view, 80))}}`
  );
}

function stack(view: DataView): string {
  return `{ss_sp=${pointer(low(view, 0), high(view, 0))}, ss_flags=${flagNames('sigaltstack', low(view, 8))}, ss_size=${unsigned(view, 16)}}`;
}

const sigevValue = (view: DataView): string =>
  `{sival_int=${view.getInt32(0, true)}, sival_ptr=${pointer(low(view, 0), high(view, 0))}}`;

function sigevent(view: DataView): string {
  if (low(view, 12) === 1)
    return `{sigev_value=${sigevValue(view)}, sigev_signo=${low(view, 8)}, sigev_notify=SIGEV_NONE}`;
  const notify =
    ['SIGEV_SIGNAL', 'SIGEV_NONE', 'SIGEV_THREAD'][low(view, 12)] ??
    (low(view, 12) === 4 ? 'SIGEV_THREAD_ID' : String(low(view, 12)));
  const tid = low(view, 12) === 4 ? `, sigev_notify_thread_id=${view.getInt32(16, true)}` : '';
  return `{${low(view, 0) === 0 && high(view, 0) === 0 ? '' : `sigev_value=${sigevValue(view)}, `}sigev_signo=${signalName(low(view, 8))}, sigev_notify=${notify}${tid}}`;
}

function utimens(view: DataView): string {
  return fileTime(signed(view, 0), low(view, 8));
}

function sigaction(view: DataView, bytes: Uint8Array): string {
  const handler = handlerText(low(view, 0), high(view, 0));
  const restorer = pointer(low(view, 16), high(view, 16));
  return actionText(handler, bytes.subarray(24, 32), [low(view, 8), high(view, 8)], restorer);
}

/** What follows its first three words is aligned to 8 bytes. */
function siginfo(view: DataView): string {
  return siginfoText(view, {
    at: 16,
    valueAt: 24,
    pointerAt: (at) => pointer(low(view, at), high(view, at)),
    times: [signed(view, 32), signed(view, 40)],
  });
}

const lockParts = (view: DataView): string[] => lockFields(view, signed(view, 8), signed(view, 16));

/** Names of capabilities by number, without CAP_. */
export const CAPABILITIES: readonly string[] =
  'CHOWN DAC_OVERRIDE DAC_READ_SEARCH FOWNER FSETID KILL SETGID SETUID SETPCAP LINUX_IMMUTABLE NET_BIND_SERVICE NET_BROADCAST NET_ADMIN NET_RAW IPC_LOCK IPC_OWNER SYS_MODULE SYS_RAWIO SYS_CHROOT SYS_PTRACE SYS_PACCT SYS_ADMIN SYS_BOOT SYS_NICE SYS_RESOURCE SYS_TIME SYS_TTY_CONFIG MKNOD LEASE AUDIT_WRITE AUDIT_CONTROL SETFCAP MAC_OVERRIDE MAC_ADMIN SYSLOG WAKE_ALARM BLOCK_SUSPEND AUDIT_READ PERFMON BPF CHECKPOINT_RESTORE'.split(
    ' ',
  );

/** Two halves of capability words together: struct __user_cap_data_struct[2]. */
export function capabilities(bytes: Uint8Array): string {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  const words = (field: number): string => {
    const names: string[] = [];
    for (let bit = 0; bit < 64; bit++) {
      const at = (bit >> 5) * 12 + field * 4;
      if (at + 4 <= bytes.length && (low(view, at) >>> (bit & 31)) & 1) {
        const known = CAPABILITIES[bit];
        names.push(known === undefined ? `1<<${bit}` : `1<<CAP_${known}`);
      }
    }
    return names.length === 0 ? '0' : names.join('|');
  };
  return `{effective=${words(0)}, permitted=${words(1)}, inheritable=${words(2)}}`;
}

/** clone3's struct clone_args, as much of it as was given. `threadArea`: the segment descriptor that a 32-bit program gives. */
export function cloneArguments(bytes: Uint8Array, threadArea?: string): string {
  const padded = new Uint8Array(88);
  padded.set(bytes.subarray(0, 88));
  const view = new DataView(padded.buffer);
  const flags = low(view, 0);
  const parts = [`flags=${flagNames('clone', flags, high(view, 0))}`];
  const address = (name: string, at: number): void => {
    if (low(view, at) !== 0 || high(view, at) !== 0) parts.push(`${name}=${hex64(low(view, at), high(view, at))}`);
  };
  if ((flags & 0x1000) !== 0) address('pidfd', 8);
  if ((flags & 0x0120_0000) !== 0) address('child_tid', 16);
  if ((flags & 0x0010_0000) !== 0) address('parent_tid', 24);
  parts.push(`exit_signal=${low(view, 32) === 0 ? '0' : signalName(low(view, 32))}`);
  parts.push(`stack=${pointer(low(view, 40), high(view, 40))}`, `stack_size=${hexOrZero(low(view, 48))}`);
  if ((flags & 0x0008_0000) !== 0) {
    if (threadArea === undefined) address('tls', 56);
    else parts.push(`tls=${threadArea}`);
  }
  return `{${parts.join(', ')}}`;
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
function termios(view: DataView): string {
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

const SPECIAL: Readonly<Record<string, StructFormat>> = {
  stat,
  statx,
  sigaction,
  rusage,
  siginfo,
  sysinfo,
  statfs,
  flock: (view) => `{${lockParts(view).join(', ')}}`,
  flockWithPid: (view) => `{${[...lockParts(view), `l_pid=${view.getInt32(24, true)}`].join(', ')}}`,
  stack,
  sigevent,
  openhow: (view) => {
    const flags = low(view, 0);
    const creates = (flags & 0o100) !== 0 || (flags & 0o20200000) === 0o20200000 || low(view, 8) !== 0;
    const mode = creates ? `, mode=${octal(low(view, 8))}` : '';
    return `{flags=${openFlags(flags)}${mode}, resolve=${flagNames('resolve', low(view, 16), high(view, 16))}}`;
  },
  utimbuf: (view) => `{actime=${wholeTime(signed(view, 0))}, modtime=${wholeTime(signed(view, 8))}}`,
  utimeval: (view) => microTime(signed(view, 0), low(view, 8)),
  utimens,
  termios,
  rlimit: (view) => `{rlim_cur=${limit(view, 0)}, rlim_max=${limit(view, 8)}}`,
  rlimit64: (view) => `{rlim_cur=${limit(view, 0)}, rlim_max=${limit(view, 8)}}`,
  int: (view) => `[${view.getInt32(0, true)}]`,
  uint: (view) => `[${low(view, 0)}]`,
  socklen: (view) => `[${view.getInt32(0, true)}]`,
  long: (view) => `[${signed(view, 0)}]`,
  ulong: (view) => `[${unsigned(view, 0)}]`,
  off: (view) => `[${signed(view, 0)}]`,
  ptr: (view) => `[${pointer(low(view, 0), high(view, 0))}]`,
  fdpair: (view) => `[${view.getInt32(0, true)}, ${view.getInt32(4, true)}]`,
  comm: (_view, bytes) => quoteText(bytes),
  wstatus: (view) => `[${waitStatus(low(view, 0))}]`,
  sigset: (_view, bytes) => signalSet(bytes),
  schedparam: (view) => `[${view.getInt32(0, true)}]`,
  pollfd: (view) => {
    const fd = view.getInt32(0, true);
    return fd < 0 ? `{fd=${fd}}` : `{fd=${fd}, events=${flagNames('poll', view.getUint16(4, true))}}`;
  },
  epollevent: (view) =>
    `{events=${flagNames('epoll', low(view, 0))}, data={u32=${low(view, 4)}, u64=${unsigned(view, 4)}}}`,
  utsname: (_view, bytes) => {
    const text = (
      [
        ['sysname', 0],
        ['nodename', 65],
        ['release', 130],
        ['version', 195],
        ['machine', 260],
      ] as const
    ).map(([name, at]) => `${name}=${quoteText(bytes.subarray(at, at + 65))}`);
    return `{${text.slice(0, 2).join(', ')}, ...}`;
  },
  ...NARROW_FORMATS,
};

function field(
  view: DataView,
  bytes: Uint8Array,
  at: number,
  size: number,
  format: FieldFormat,
  options: StructOptions,
): string {
  if (format.startsWith('S:')) return formatStruct(format.slice(2), bytes.subarray(at, at + size), options);
  if (format === 'text') return quoteText(bytes.subarray(at, at + size));
  const lowWord = size === 1 ? view.getUint8(at) : size === 2 ? view.getUint16(at, true) : low(view, at);
  const highWord = size === 8 ? high(view, at) : 0;
  if (format === 'F:open') return openFlags(lowWord);
  if (format.startsWith('F:')) return flagNames(format.slice(2), lowWord, highWord);
  if (format.startsWith('E:')) return enumOrHex(format.slice(2), lowWord);
  if (format === 'o') return octal(lowWord);
  if (format === 'x') return lowWord === 0 && highWord === 0 ? '0' : hex64(lowWord, highWord);
  if (format === 'u') return unsigned64(lowWord, highWord);
  if (size === 8) return signed64(lowWord, highWord);
  return String(size === 4 ? lowWord | 0 : size === 2 ? (lowWord << 16) >> 16 : (lowWord << 24) >> 24);
}

/** One struct from its bytes. What is cut off is said instead of shown. */
export function formatStruct(name: string, bytes: Uint8Array, options: StructOptions): string {
  const layout = STRUCTS[name];
  if (layout === undefined) throw new Error(`no struct ${name}`);
  if (bytes.length < layout.size) return `{... /* ${bytes.length} of ${layout.size} bytes */}`;
  const view = new DataView(bytes.buffer, bytes.byteOffset, layout.size);
  const special = SPECIAL[name];
  if (special !== undefined) return special(view, bytes.subarray(0, layout.size), options);
  const parts = layout.fields.map(
    (one) => `${one.name}=${field(view, bytes, one.offset, one.size, one.format, options)}`,
  );
  return `{${parts.join(', ')}}`;
}

/** An array of structs: `[{...}, {...}]`; how many were left out is said. */
export function formatStructs(name: string, bytes: Uint8Array, count: number, options: StructOptions): string {
  const size = STRUCTS[name]!.size;
  const most = options.verbose ? count : Math.min(count, options.stringLimit);
  const whole = Math.min(most, Math.floor(bytes.length / size));
  const shown = Array.from({ length: whole }, (_, i) =>
    formatStruct(name, bytes.subarray(i * size, (i + 1) * size), options),
  );
  if (whole < count) shown.push('...');
  const plain = ['uint', 'int', 'ushort'].includes(name) ? shown.map((text) => text.replace(/^\[|\]$/g, '')) : shown;
  return `[${plain.join(', ')}]`;
}
