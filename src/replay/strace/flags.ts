import { ENUMS, FLAGS, IOCTLS, SIGNALS } from '../../guest/linux/tables/constants.ts';
import type { Constants } from '../../guest/linux/tables/names.ts';
import { remembered } from './remembered.ts';
import { hex64, octal } from './values.ts';

type Bits = readonly (readonly [name: string, low: number, high: number])[];

interface FlagSet {
  /** Names of 64 bits; '' when nothing is set. */
  names(low: number, high: number): string;
  /** Of 32 bits. */
  readonly lowNames: (low: number) => string;
}

const halves = (value: number | bigint): readonly [number, number] => {
  const wide = BigInt.asUintN(64, BigInt(value));
  return [Number(wide & 0xffff_ffffn), Number(wide >> 32n)];
};

function compile(set: string, constants: Constants): FlagSet {
  const bits = constants.map(([name, value]) => [name, ...halves(value)] as const);
  const names = (low: number, high: number): string => bitNames(set, bits, low, high);
  return { names, lowNames: remembered((low) => names(low, 0)) };
}

/** What is made of a set when it is looked at first. */
function madeOnce<T>(sets: Readonly<Record<string, Constants>>, make: (set: string, constants: Constants) => T) {
  const made = new Map<string, T>();
  return (set: string): T => {
    let own = made.get(set);
    if (own === undefined) {
      const constants = sets[set];
      if (constants === undefined) throw new Error(`no set ${set} of constants`);
      own = make(set, constants);
      made.set(set, own);
    }
    return own;
  };
}

const flagSet = madeOnce(FLAGS, compile);
const valueNames = madeOnce(
  ENUMS,
  (_, constants) => new Map(constants.map(([name, value]) => [halves(value)[0], name])),
);
const IOCTL_NAMES = new Map(IOCTLS.map(([name, value]) => [Number(value), name]));

/** Names of the bits set, joined with `|`; what has no name as hex; `zero` when nothing is set. */
export function flagNames(set: string, low: number, high = 0, zero = '0'): string {
  const table = flagSet(set);
  const names = high === 0 ? table.lowNames(low >>> 0) : table.names(low, high);
  return names === '' ? zero : names;
}

function bitNames(set: string, bits: Bits, low: number, high: number): string {
  let restLow = low >>> 0;
  let restHigh = high >>> 0;
  let text = '';
  for (const [name, bitsLow, bitsHigh] of bits) {
    if ((restLow & bitsLow) >>> 0 !== bitsLow || (restHigh & bitsHigh) >>> 0 !== bitsHigh) continue;
    if (bitsLow === 0 && bitsHigh === 0) continue;
    text += text === '' ? name : `|${name}`;
    restLow = (restLow & ~bitsLow) >>> 0;
    restHigh = (restHigh & ~bitsHigh) >>> 0;
    if (restLow === 0 && restHigh === 0) return text;
  }
  if (restLow === 0 && restHigh === 0) return text;
  const rest = hex64(restLow, restHigh);
  if (text !== '') return `${text}|${rest}`;
  return NOTED.has(set) ? `${rest} /* ${wanted(set)} */` : rest;
}

/** Sets of which it is noted that none of the bits has a name. */
const NOTED = new Set(['clone', 'memfd', 'prot', 'wait', 'at', 'msync', 'mremap', 'grnd', 'eventfd', 'timerfd', 'timerfdSet', 'signalfd', 'rename', 'falloc', 'splice', 'xattr', 'closeRange', 'sigaltstack', 'epollCreate', 'access', 'shm', 'message', 'semFlags', 'fd', 'flock', 'umount', 'unlinkat', 'syncRange', 'socketType', 'pipe', 'inotifyInit', 'timer', 'handle', 'accessat', 'mbind', 'mempolicyGet', 'mqAttributes', 'perfOpen', 'sigaction', 'namespaces', 'unshared', 'mlock', 'mlockall', 'map', 'module', 'pidfd', 'pkey', 'rwf', 'swapon', 'routeFlags']); // biome-ignore format: a list

/** Name of a value; undefined if it has none. */
export function enumName(set: string, value: number): string | undefined {
  return valueNames(set).get(value >>> 0);
}

/** Name of a value, or the value as hex with a note of what was expected. */
export function enumOrHex(set: string, value: number): string {
  return enumName(set, value) ?? `${value === 0 ? '0' : `0x${(value >>> 0).toString(16)}`} /* ${wanted(set)} */`;
}

/** Name of a value, or what was expected. */
export function enumOrNote(set: string, value: number): string {
  return enumName(set, value) ?? wanted(set);
}

/** `AF_???`: what the names of a set have in common. */
function wanted(set: string): string {
  let text = NOTES.get(set);
  if (text === undefined) {
    const names = (ENUMS[set] ?? FLAGS[set] ?? []).map(([name]) => name);
    let length = names[0]?.lastIndexOf('_') ?? 0;
    while (length > 0 && !names.every((name) => name.startsWith(names[0]!.slice(0, length + 1)))) {
      length = names[0]!.lastIndexOf('_', length - 1);
    }
    text = `${names[0]?.slice(0, length) ?? ''}_???`;
    NOTES.set(set, text);
  }
  return text;
}

const NOTES = new Map([
  ['sockLevel', 'SOL_??'],
  ['personality', 'PER_???'],
  ['arch', 'ARCH_???'],
  ['speculation', 'PR_SPEC_???'],
  ['speculationControl', 'PR_SPEC_???'],
  ['uringRegister', 'IORING_REGISTER_???'],
  ['landlockRule', 'LANDLOCK_RULE_???'],
  ['open', 'O_???'],
  ['routeFlags', 'RTM_F_???'],
  ['rebootMagic1', 'LINUX_REBOOT_MAGIC_???'],
  ['rebootMagic2', 'LINUX_REBOOT_MAGIC_???'],
  ['shmControl', 'SHM_???'],
  ['msgControl', 'MSG_???'],
  ['semControl', 'SEM_???'],
  ['quotaType', '???QUOTA'],
  ['notify', 'SIGEV_???'],
  ['access', '?_OK'],
  ['message', 'MSG_???'],
  ['semFlags', 'SEM_???'],
  ['umount', 'MNT_???'],
  ['ipOption', 'IP_???'],
  ['pipe', 'O_???'],
  ['mempolicyGet', 'MPOL_???'],
  ['mbind', 'MPOL_???'],
  ['quotaFormat', 'QFMT_VFS_???'],
]);

/** Signal name: SIGINT, SIGRT_1, or the number. */
export function signalName(number: number): string {
  if (number > 0 && number < 32) return SIGNALS[number]!;
  if (number === 32) return 'SIGRTMIN';
  return number > 32 && number <= 64 ? `SIGRT_${number - 32}` : String(number | 0);
}

/** A kernel signal set: `[INT CHLD]`, `~[RTMIN RT_1]` when most are in it. */
export function signalSet(low: number, high: number): string {
  return high === 0 ? lowSignalSet(low) : signalSetNames(low, high);
}

const lowSignalSet = remembered((low) => signalSetNames(low, 0));

function signalSetNames(low: number, high: number): string {
  const members: number[] = [];
  const absent: number[] = [];
  for (let signal = 1; signal <= 64; signal++) {
    const word = signal <= 32 ? low : high;
    const has = ((word >>> ((signal - 1) & 31)) & 1) === 1;
    (has ? members : absent).push(signal);
  }
  const short = (signal: number): string => {
    if (signal < 32) return signalName(signal).slice(3);
    return signal === 32 ? 'RTMIN' : `RT_${signal - 32}`;
  };
  const negated = absent.length < members.length;
  return `${negated ? '~' : ''}[${(negated ? absent : members).map(short).join(' ')}]`;
}

/** Open flags: the access mode by name, then the bits. */
export const openFlags = remembered((low) => {
  const mode = enumName('openMode', low & 3)!;
  const rest = flagNames('open', low & ~3, 0, '');
  return rest === '' ? mode : `${mode}|${rest}`;
});

/** mmap flags: the type, then the bits. */
export const mapFlags = remembered((low) => {
  const type = enumName('mapType', low & 3)!;
  const rest = flagNames('map', low & ~3, 0, '');
  return rest === '' ? type : `${type}|${rest}`;
});

/** Flags of statx: how to synchronise comes first, and always. */
export const statxFlags = remembered((low) => {
  const sync = [
    'AT_STATX_SYNC_AS_STAT',
    'AT_STATX_FORCE_SYNC',
    'AT_STATX_DONT_SYNC',
    'AT_STATX_FORCE_SYNC|AT_STATX_DONT_SYNC',
  ][(low >>> 13) & 3]!;
  const rest = flagNames('statx', low & ~0x6000, 0, '');
  return rest === '' ? sync : `${sync}|${rest}`;
});

/** Socket type with SOCK_CLOEXEC and SOCK_NONBLOCK. */
export const socketType = remembered((low) => {
  const type = enumName('socketType', low & 15);
  if (type === undefined) return flagNames('socketType', low);
  const rest = flagNames('socketType', low & ~15, 0, '');
  if (rest === '') return type;
  return `${type}|${rest}`;
});

const DIRECTIONS = ['_IOC_NONE', '_IOC_WRITE', '_IOC_READ', '_IOC_READ|_IOC_WRITE'];

/** An ioctl command by name, or taken apart by _IOC. */
export function ioctlName(command: number): string {
  const known = IOCTL_NAMES.get(command);
  if (known !== undefined) return known;
  const hex = (value: number): string => (value === 0 ? '0' : `0x${value.toString(16)}`);
  const size = (command >>> 16) & 0x3fff;
  return `_IOC(${DIRECTIONS[command >>> 30]}, ${hex((command >>> 8) & 0xff)}, ${hex(command & 0xff)}, ${hex(size)})`;
}

const TYPES = new Map([
  [0o010000, 'S_IFIFO'],
  [0o020000, 'S_IFCHR'],
  [0o040000, 'S_IFDIR'],
  [0o060000, 'S_IFBLK'],
  [0o100000, 'S_IFREG'],
  [0o120000, 'S_IFLNK'],
  [0o140000, 'S_IFSOCK'],
]);
const SPECIAL = [[0o4000, 'S_ISUID'], [0o2000, 'S_ISGID'], [0o1000, 'S_ISVTX']] as const; // biome-ignore format: one row

/** Priority of input and output: its class, and the level within. */
export const priorityText = remembered(
  (value) => `IOPRIO_PRIO_VALUE(${enumOrHex('ioprioClass', value >>> 13)}, ${value & 0x1fff})`,
);

/** File type and permissions: `S_IFREG|S_ISUID|0755`. */
export const fileMode = remembered((mode) => {
  const parts: string[] = [];
  const type = TYPES.get(mode & 0o170000);
  if (type !== undefined) parts.push(type);
  for (const [bit, name] of SPECIAL) if ((mode & bit) !== 0) parts.push(name);
  parts.push(octal(mode & 0o777));
  return parts.join('|');
});
