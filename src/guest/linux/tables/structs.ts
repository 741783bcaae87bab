// Source: the Linux UAPI headers (include/uapi) for x86-64; sizes and offsets are facts of the interface.

/** How a field is shown: signed, unsigned, hex, octal, bits, value, bytes as text, another struct, or padding-free special. */
export type FieldFormat = 'd' | 'u' | 'x' | 'o' | 'text' | `F:${string}` | `E:${string}` | `S:${string}`;

export interface StructField {
  readonly name: string;
  readonly offset: number;
  readonly size: number;
  readonly format: FieldFormat;
}

export interface StructLayout {
  /** Bytes of one of them. */
  readonly size: number;
  /** Fields in the order in which they are shown. Empty: the format is a function of its own (replay/strace/structs.ts). */
  readonly fields: readonly StructField[];
}

/** `name@offset:size:format` words. */
const layout = (size: number, text = ''): StructLayout => ({
  size,
  fields: text
    .split(/\s+/)
    .filter((word) => word !== '')
    .map((word): StructField => {
      const match = /^(\w+)@(\d+):(\d+):(.+)$/.exec(word);
      if (match === null) throw new Error(`struct field ${word}`);
      return { name: match[1]!, offset: Number(match[2]), size: Number(match[3]), format: match[4]! as FieldFormat };
    }),
});

/** What looks different to 32-bit programs (compat types of include/linux/compat.h, arch/x86/include/asm/compat.h). */
const STRUCTS32: Readonly<Record<string, StructLayout>> = {
  ushort: layout(2),
  long32: layout(4),
  ulong32: layout(4),
  ptr32: layout(4),
  oldoff: layout(4),
  oldsigset: layout(4),
  sigsetpair32: layout(8),
  siginfo32: layout(128),
  sigaction32: layout(20),
  oldsigaction: layout(16),
  sigevent32: layout(64),
  oldstat: layout(32),
  stat32: layout(64),
  stat64: layout(96),
  timespec32: layout(8, 'tv_sec@0:4:d tv_nsec@4:4:d'),
  timespec64: layout(16, 'tv_sec@0:8:d tv_nsec@8:8:d'),
  utimens32: layout(8),
  utimens64: layout(16),
  utimeval32: layout(8),
  timeval32: layout(8, 'tv_sec@0:4:d tv_usec@4:4:d'),
  itimerval32: layout(16, 'it_interval@0:8:S:timeval32 it_value@8:8:S:timeval32'),
  itimerspec32: layout(16, 'it_interval@0:8:S:timespec32 it_value@8:8:S:timespec32'),
  itimerspec64: layout(32, 'it_interval@0:16:S:timespec64 it_value@16:16:S:timespec64'),
  rlimit32: layout(8),
  rlimit64: layout(16),
  rusage32: layout(72),
  sysinfo32: layout(64),
  tms32: layout(16, 'tms_utime@0:4:d tms_stime@4:4:d tms_cutime@8:4:d tms_cstime@12:4:d'),
  statfs32: layout(64),
  statfs64: layout(84),
  flock32: layout(16),
  flock64: layout(24),
  flockWithPid32: layout(16),
  flockWithPid64: layout(24),
  stack32: layout(12),
  utimbuf32: layout(8),
  userdesc: layout(16),
  iov32: layout(8),
  msghdr32: layout(28),
  mmsghdr32: layout(32),
};

export const STRUCTS: Readonly<Record<string, StructLayout>> = {
  int: layout(4),
  uint: layout(4),
  long: layout(8),
  ulong: layout(8),
  off: layout(8),
  ptr: layout(8),
  socklen: layout(4),
  fdpair: layout(8),
  comm: layout(16),
  wstatus: layout(4),
  sigset: layout(8),
  sigsetpair: layout(16),
  siginfo: layout(128),
  sigaction: layout(32),
  sigevent: layout(64),
  stat: layout(144),
  statx: layout(256),
  pollfd: layout(8),
  epollevent: layout(12),
  timespec: layout(16, 'tv_sec@0:8:d tv_nsec@8:8:d'),
  utimens: layout(16),
  utimeval: layout(16),
  timeval: layout(16, 'tv_sec@0:8:d tv_usec@8:8:d'),
  timezone: layout(8, 'tz_minuteswest@0:4:d tz_dsttime@4:4:d'),
  itimerval: layout(32, 'it_interval@0:16:S:timeval it_value@16:16:S:timeval'),
  itimerspec: layout(32, 'it_interval@0:16:S:timespec it_value@16:16:S:timespec'),
  rlimit: layout(16),
  rusage: layout(144),
  utsname: layout(
    390,
    'sysname@0:65:text nodename@65:65:text release@130:65:text version@195:65:text machine@260:65:text domainname@325:65:text',
  ),
  sysinfo: layout(112),
  tms: layout(32, 'tms_utime@0:8:d tms_stime@8:8:d tms_cutime@16:8:d tms_cstime@24:8:d'),
  statfs: layout(120),
  flock: layout(32),
  flockWithPid: layout(32),
  fileOwner: layout(8, 'type@0:4:E:ownerType pid@4:4:d'),
  winsize: layout(8, 'ws_row@0:2:u ws_col@2:2:u ws_xpixel@4:2:u ws_ypixel@6:2:u'),
  stack: layout(24),
  schedparam: layout(4),
  sembuf: layout(6, 'sem_num@0:2:u sem_op@2:2:d sem_flg@4:2:F:semFlags'),
  utimbuf: layout(16),
  caphdr: layout(8, 'version@0:4:E:capVersion pid@4:4:d'),
  capdata: layout(12),
  cloneargs: layout(88),
  openhow: layout(24),
  termios: layout(36),
  iov: layout(16),
  msghdr: layout(56),
  mmsghdr: layout(64),
  ...STRUCTS32,
};
