// Structs as 32-bit programs have them (include/linux/compat.h, arch/x86/include/uapi/asm/stat.h), by the names of
// STRUCTS. Those that are plain fields stand in the table itself.
import { enumName, fileMode, flagNames, signalSet } from './flags.ts';
import {
  actionText,
  dateNote,
  deviceNumber,
  fileTime,
  handlerText,
  hexOrZero,
  isDevice,
  lockFields,
  low,
  microTime,
  RUSAGE_REST,
  type StructOptions,
  type StructText,
  sigeventText,
  siginfoText,
  signed,
  unsigned,
  wholeTime,
} from './struct-parts.ts';
import { hex64, pointer } from './values.ts';

const int = (view: DataView, at: number): number => view.getInt32(at, true);
const short = (view: DataView, at: number): number => view.getUint16(at, true);

/** What the three forms of stat have, wherever it stands in them. */
interface StatFields {
  readonly device: number;
  readonly inode: string;
  readonly mode: number;
  readonly links: number;
  readonly uid: number;
  readonly gid: number;
  readonly special: number;
  readonly size: string;
  /** Block size and number of blocks, where there are such. */
  readonly blocks?: readonly [number, string];
  /** Seconds and, where there are such, nanoseconds of atime, mtime, ctime. */
  readonly times: readonly (readonly [number, number | undefined])[];
}

function statText(fields: StatFields, { verbose }: StructOptions): string {
  const { mode } = fields;
  const size = isDevice(mode) ? `st_rdev=${deviceNumber(fields.special)}` : `st_size=${fields.size}`;
  if (!verbose) return `{st_mode=${fileMode(mode)}, ${size}, ...}`;
  const times = fields.times.map(([seconds, nanoseconds], i) => {
    const name = `st_${'amc'[i]}time`;
    const rest = nanoseconds === undefined ? '' : `, ${name}_nsec=${nanoseconds}`;
    return `${name}=${seconds}${dateNote(seconds, nanoseconds ?? 0)}${rest}`;
  });
  const blocks = fields.blocks === undefined ? [] : [`st_blksize=${fields.blocks[0]}`, `st_blocks=${fields.blocks[1]}`];
  const parts = [
    `st_dev=${deviceNumber(fields.device)}`,
    `st_ino=${fields.inode}`,
    `st_mode=${fileMode(mode)}`,
    `st_nlink=${fields.links}`,
    `st_uid=${fields.uid}`,
    `st_gid=${fields.gid}`,
    ...blocks,
    size,
    ...times,
  ];
  return `{${parts.join(', ')}}`;
}

/** Seconds and nanoseconds, three times, from an offset on. */
const statTimes = (view: DataView, at: number): [number, number][] =>
  [0, 8, 16].map((place) => [low(view, at + place), low(view, at + place + 4)]);

const stat32: StructText = (view, options) =>
  statText(
    {
      device: short(view, 0),
      inode: String(low(view, 4)),
      mode: short(view, 8),
      links: short(view, 10),
      uid: short(view, 12),
      gid: short(view, 14),
      special: short(view, 16),
      size: String(low(view, 20)),
      blocks: [low(view, 24), String(low(view, 28))],
      times: statTimes(view, 32),
    },
    options,
  );

const stat64: StructText = (view, options) =>
  statText(
    {
      device: low(view, 0),
      inode: unsigned(view, 88),
      mode: low(view, 16),
      links: low(view, 20),
      uid: low(view, 24),
      gid: low(view, 28),
      special: low(view, 32),
      size: signed(view, 44),
      blocks: [low(view, 52), unsigned(view, 56)],
      times: statTimes(view, 64),
    },
    options,
  );

const oldstat: StructText = (view, options) =>
  statText(
    {
      device: short(view, 0),
      inode: String(short(view, 2)),
      mode: short(view, 4),
      links: short(view, 6),
      uid: short(view, 8),
      gid: short(view, 10),
      special: short(view, 12),
      size: String(low(view, 16)),
      times: [20, 24, 28].map((at) => [low(view, at), undefined]),
    },
    options,
  );

function limit(value: number): string {
  if (value === 0xffff_ffff) return 'RLIM_INFINITY';
  return value > 1024 && value % 1024 === 0 ? `${value / 1024}*1024` : String(value);
}

const rusage: StructText = (view, { verbose }) => {
  const times = ['ru_utime', 'ru_stime'].map(
    (name, i) => `${name}={tv_sec=${int(view, 8 * i)}, tv_usec=${int(view, 8 * i + 4)}}`,
  );
  if (!verbose) return `{${times.join(', ')}, ...}`;
  return `{${[...times, ...RUSAGE_REST.map((name, i) => `${name}=${int(view, 16 + 4 * i)}`)].join(', ')}}`;
};

const sysinfo: StructText = (view) => {
  const names = 'totalram freeram sharedram bufferram totalswap freeswap'.split(' ');
  const memory = names.map((name, i) => `${name}=${low(view, 16 + 4 * i)}`).join(', ');
  return (
    `{uptime=${int(view, 0)}, loads=[${[4, 8, 12].map((at) => low(view, at)).join(', ')}], ${memory}, ` +
    `procs=${short(view, 40)}, totalhigh=${low(view, 44)}, freehigh=${low(view, 48)}, mem_unit=${low(view, 52)}}`
  );
};

/** `wide`: counts have 8 bytes (statfs64). */
const statfs =
  (wide: boolean): StructText =>
  (view) => {
    const names = 'f_blocks f_bfree f_bavail f_files f_ffree'.split(' ');
    const counts = names.map((name, i) => `${name}=${wide ? unsigned(view, 8 + 8 * i) : low(view, 8 + 4 * i)}`);
    const id = wide ? 48 : 28;
    return (
      `{f_type=${enumName('fsMagic', low(view, 0)) ?? hex64(low(view, 0), 0)}, f_bsize=${low(view, 4)}, ${counts.join(', ')}, ` +
      `f_fsid={val=[${hexOrZero(low(view, id))}, ${hexOrZero(low(view, id + 4))}]}, f_namelen=${low(view, id + 8)}, ` +
      `f_frsize=${low(view, id + 12)}, f_flags=${flagNames('statfs', low(view, id + 16))}}`
    );
  };

const lock32 = (view: DataView): string[] => lockFields(view, String(int(view, 4)), String(int(view, 8)));
const lock64 = (view: DataView): string[] => lockFields(view, signed(view, 4), signed(view, 12));

/** A segment descriptor as set_thread_area takes it. */
const userDescriptor: StructText = (view) => {
  const bits = low(view, 12);
  const bit = (at: number): number => (bits >>> at) & 1;
  // As C's %#08x has it: zero has no 0x.
  const word = (at: number): string => {
    const value = low(view, at);
    return value === 0 ? '00000000' : `0x${value.toString(16).padStart(6, '0')}`;
  };
  return (
    `{entry_number=${int(view, 0)}, base_addr=${word(4)}, limit=${word(8)}, seg_32bit=${bit(0)}, ` +
    `contents=${(bits >>> 1) & 3}, read_exec_only=${bit(3)}, limit_in_pages=${bit(4)}, seg_not_present=${bit(5)}, useable=${bit(6)}}`
  );
};

const sigevent: StructText = (view) =>
  sigeventText({
    kind: low(view, 8),
    signal: low(view, 4),
    value: pointer(low(view, 0), 0),
    number: int(view, 0),
    thread: int(view, 12),
    start: pointer(low(view, 12), 0),
    attributes: pointer(low(view, 16), 0),
  });

const siginfo: StructText = (view) =>
  siginfoText(view, {
    at: 12,
    valueAt: 20,
    pointerAt: (at) => pointer(low(view, at), 0),
    times: [String(low(view, 24)), String(low(view, 28))],
  });

export const NARROW_FORMATS: Readonly<Record<string, StructText>> = {
  stat32,
  stat64,
  oldstat,
  ushort: (view) => `[${short(view, 0)}]`,
  long32: (view) => `[${int(view, 0)}]`,
  ulong32: (view) => `[${low(view, 0)}]`,
  oldoff: (view) => `[${int(view, 0)}]`,
  messageSource: (view) => String(int(view, 4)),
  ptr32: (view) => `[${pointer(low(view, 0), 0)}]`,
  oldsigset: (view) => signalSet(low(view, 0), 0),
  siginfo32: siginfo,
  sigevent32: sigevent,
  sigaction32: (view) =>
    actionText(
      handlerText(low(view, 0), 0),
      [low(view, 12), low(view, 16)],
      [low(view, 4), 0],
      pointer(low(view, 8), 0),
    ),
  oldsigaction: (view) =>
    actionText(handlerText(low(view, 0), 0), [low(view, 4), 0], [low(view, 8), 0], pointer(low(view, 12), 0)),
  utimens32: (view) => fileTime(String(int(view, 0)), String(low(view, 4))),
  utimens64: (view) => fileTime(signed(view, 0), unsigned(view, 8)),
  utimbuf32: (view) => `{actime=${wholeTime(String(int(view, 0)))}, modtime=${wholeTime(String(int(view, 4)))}}`,
  utimeval32: (view) => microTime(String(int(view, 0)), String(low(view, 4))),
  rlimit32: (view) => `{rlim_cur=${limit(low(view, 0))}, rlim_max=${limit(low(view, 4))}}`,
  rusage32: rusage,
  sysinfo32: sysinfo,
  statfs32: statfs(false),
  statfs64: statfs(true),
  flock32: (view) => `{${lock32(view).join(', ')}}`,
  flockWithPid32: (view) => `{${[...lock32(view), `l_pid=${int(view, 12)}`].join(', ')}}`,
  flock64: (view) => `{${lock64(view).join(', ')}}`,
  flockWithPid64: (view) => `{${[...lock64(view), `l_pid=${int(view, 20)}`].join(', ')}}`,
  stack32: (view) =>
    `{ss_sp=${pointer(low(view, 0), 0)}, ss_flags=${flagNames('sigaltstack', low(view, 4))}, ss_size=${low(view, 8)}}`,
  userdesc: userDescriptor,
};
