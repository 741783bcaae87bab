// Source: the Linux UAPI headers (include/uapi) for x86-64; sizes and offsets are facts of the interface.

/** How a field is shown: signed, unsigned, hex, octal, pointer, clock ticks, bits, value, bytes as text, another struct. */
export type FieldFormat =
  | 'd'
  | 'u'
  | 'x'
  | 'o'
  | 'p'
  | 'ticks'
  | 'text'
  | `F:${string}`
  | `E:${string}`
  | `S:${string}`;

export interface StructField {
  readonly name: string;
  readonly offset: number;
  readonly size: number;
  readonly format: FieldFormat;
}

export interface StructLayout {
  /** Bytes of one of them. */
  readonly size: number;
  /** Bytes before the first, where one of them is a byte of what follows a header. */
  readonly head: number;
  /** Fields in the order in which they are shown. Empty: the format is a function of its own (replay/strace/structs.ts). */
  readonly fields: readonly StructField[];
}

/** `name@offset:size:format` words. */
const layout = (size: number, text = '', head = 0): StructLayout => ({
  size,
  head,
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
  timespec32: layout(8, 'tv_sec@0:4:d tv_nsec@4:4:u'),
  timespec64: layout(16, 'tv_sec@0:8:d tv_nsec@8:8:u'),
  utimens32: layout(8),
  utimens64: layout(16),
  utimeval32: layout(8),
  timeval32: layout(8, 'tv_sec@0:4:d tv_usec@4:4:u'),
  itimerval32: layout(16, 'it_interval@0:8:S:timeval32 it_value@8:8:S:timeval32'),
  itimerspec32: layout(16, 'it_interval@0:8:S:timespec32 it_value@8:8:S:timespec32'),
  itimerspec64: layout(32, 'it_interval@0:16:S:timespec64 it_value@16:16:S:timespec64'),
  rlimit32: layout(8),
  rlimit64: layout(16),
  rusage32: layout(72),
  sysinfo32: layout(64),
  tms32: layout(16, 'tms_utime@0:4:ticks tms_stime@4:4:ticks tms_cutime@8:4:ticks tms_cstime@12:4:ticks'),
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
  remoteIov32: layout(8, 'iov_base@0:4:p iov_len@4:4:u'),
  msgbuf32: layout(1, '', 4),
  /** What ipc's msgrcv is given: where the message goes, and which type is wanted. */
  messageSource: layout(8),
  mqAttributes32: layout(32, 'mq_flags@0:4:F:mqAttributes mq_maxmsg@4:4:d mq_msgsize@8:4:d mq_curmsgs@12:4:d'),
  mqCreation32: layout(32, 'mq_flags@0:4:x mq_maxmsg@4:4:d mq_msgsize@8:4:d mq_curmsgs@12:4:d'),
  seconds32: layout(4),
  interfaces32: layout(16 * 32),
  timex32: layout(
    128,
    `modes@0:4:F:adjtimeModes offset@4:4:d freq@8:4:d maxerror@12:4:d esterror@16:4:d status@20:4:F:adjtimeStatus constant@24:4:d
    precision@28:4:d tolerance@32:4:d time@36:8:S:timeval32 tick@44:4:d ppsfreq@48:4:d jitter@52:4:d shift@56:4:d stabil@60:4:d
    jitcnt@64:4:d calcnt@68:4:d errcnt@72:4:d stbcnt@76:4:d tai@80:4:d`,
  ),
  shmid32: layout(
    84,
    `shm_perm@0:36:S:ipcPermission shm_segsz@36:4:u shm_cpid@64:4:d shm_lpid@68:4:d shm_nattch@72:4:u shm_atime@40:4:u shm_dtime@48:4:u
    shm_ctime@56:4:u`,
  ),
  shmLimits32: layout(36, 'shmmax@0:4:u shmmin@4:4:u shmmni@8:4:u shmseg@12:4:u shmall@16:4:u'),
  shmUse32: layout(
    24,
    'used_ids@0:4:d shm_tot@4:4:u shm_rss@8:4:u shm_swp@12:4:u swap_attempts@16:4:u swap_successes@20:4:u',
  ),
  msqid32: layout(
    88,
    `msg_perm@0:36:S:ipcPermission msg_stime@36:4:u msg_rtime@44:4:u msg_ctime@52:4:u msg_qnum@64:4:u msg_qbytes@68:4:u msg_lspid@72:4:d
    msg_lrpid@76:4:d`,
  ),
  msqidSet32: layout(88, 'msg_perm@0:36:S:ipcOwner msg_qbytes@68:4:u'),
  semid32: layout(64, 'sem_perm@0:36:S:ipcPermission sem_otime@36:4:u sem_ctime@44:4:u sem_nsems@52:4:u'),
  filterProgram32: layout(8, 'len@0:2:u filter@4:4:p'),
  msghdr32: layout(28),
  mmsghdr32: layout(32),
};

const TIMEX = layout(
  208,
  `modes@0:4:F:adjtimeModes offset@8:8:d freq@16:8:d maxerror@24:8:d esterror@32:8:d status@40:4:F:adjtimeStatus constant@48:8:d
  precision@56:8:d tolerance@64:8:d time@72:16:S:timeval tick@88:8:d ppsfreq@96:8:d jitter@104:8:d shift@112:4:d stabil@120:8:d
  jitcnt@128:8:d calcnt@136:8:d errcnt@144:8:d stbcnt@152:8:d tai@160:4:d`,
);

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
  timespec: layout(16, 'tv_sec@0:8:d tv_nsec@8:8:u'),
  utimens: layout(16),
  utimeval: layout(16),
  timeval: layout(16, 'tv_sec@0:8:d tv_usec@8:8:u'),
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
  tms: layout(32, 'tms_utime@0:8:ticks tms_stime@8:8:ticks tms_cutime@16:8:ticks tms_cstime@24:8:ticks'),
  statfs: layout(120),
  flock: layout(32),
  flockWithPid: layout(32),
  fileOwner: layout(8, 'type@0:4:E:ownerType pid@4:4:d'),
  /** What a real-time clock tells: struct rtc_time. */
  clockTime: layout(36),
  /** struct sched_attr as of Linux 6.1, and of a bigger one as much as is looked at. */
  scheduling: layout(64),
  /** A u32 that the kernel writes where it refuses a struct for its size. */
  wantedSize: layout(4),
  perfEvent: layout(128),
  /** Its type and size. */
  perfHead: layout(8),
  /** As much as is shown of a text that bpf is given. */
  bpfText: layout(256),
  iocb: layout(64),
  ioEvent: layout(32, 'data@0:8:x obj@8:8:p res@16:8:d res2@24:8:d'),
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
  remoteIov: layout(16, 'iov_base@0:8:p iov_len@8:8:u'),
  /** One byte for each page. */
  residency: layout(1024),
  resident: layout(1),
  /** As many struct ifreq as are looked at. */
  interfaces: layout(16 * 40),
  inodeFlags: layout(4),
  msgbuf: layout(1, '', 8),
  mqAttributes: layout(64, 'mq_flags@0:8:F:mqAttributes mq_maxmsg@8:8:d mq_msgsize@16:8:d mq_curmsgs@24:8:d'),
  mqCreation: layout(64, 'mq_flags@0:8:x mq_maxmsg@8:8:d mq_msgsize@16:8:d mq_curmsgs@24:8:d'),
  seconds: layout(8),
  timex: TIMEX,
  timex64: TIMEX,
  ipcPermission: layout(48, 'uid@4:4:d gid@8:4:d mode@20:4:o key@0:4:u cuid@12:4:d cgid@16:4:d'),
  ipcOwner: layout(48, 'uid@4:4:d gid@8:4:d mode@20:4:o'),
  shmid: layout(
    112,
    `shm_perm@0:48:S:ipcPermission shm_segsz@48:8:u shm_cpid@80:4:d shm_lpid@84:4:d shm_nattch@88:8:u shm_atime@56:8:u shm_dtime@64:8:u
    shm_ctime@72:8:u`,
  ),
  shmidSet: layout(48, 'shm_perm@0:48:S:ipcOwner'),
  shmLimits: layout(72, 'shmmax@0:8:u shmmin@8:8:u shmmni@16:8:u shmseg@24:8:u shmall@32:8:u'),
  shmUse: layout(
    48,
    'used_ids@0:4:d shm_tot@8:8:u shm_rss@16:8:u shm_swp@24:8:u swap_attempts@32:8:u swap_successes@40:8:u',
  ),
  msqid: layout(
    120,
    `msg_perm@0:48:S:ipcPermission msg_stime@48:8:u msg_rtime@56:8:u msg_ctime@64:8:u msg_qnum@80:8:u msg_qbytes@88:8:u msg_lspid@96:4:d
    msg_lrpid@100:4:d`,
  ),
  msqidSet: layout(120, 'msg_perm@0:48:S:ipcOwner msg_qbytes@88:8:u'),
  msgLimits: layout(
    32,
    'msgpool@0:4:d msgmap@4:4:d msgmax@8:4:d msgmnb@12:4:d msgmni@16:4:d msgssz@20:4:d msgtql@24:4:d msgseg@28:2:u',
  ),
  semid: layout(104, 'sem_perm@0:48:S:ipcPermission sem_otime@48:8:u sem_ctime@64:8:u sem_nsems@80:8:u'),
  semidSet: layout(48, 'sem_perm@0:48:S:ipcOwner'),
  semLimits: layout(
    40,
    `semmap@0:4:d semmni@4:4:d semmns@8:4:d semmnu@12:4:d semmsl@16:4:d semopm@20:4:d semume@24:4:d semusz@28:4:d semvmx@32:4:d
    semaem@36:4:d`,
  ),
  /** With as much of the handle as there may be. */
  filehandle: layout(8 + 128),
  quotaFormatWord: layout(4),
  /** As many nodes as are looked at. */
  nodemask: layout(17 * 8),
  mempolicyWord: layout(4),
  quotaTimes: layout(
    24,
    'dqi_bgrace@0:8:u dqi_igrace@8:8:u dqi_flags@16:4:F:quotaTimes dqi_valid@20:4:F:quotaTimesValid',
  ),
  quotaBlock: layout(68),
  filterProgram: layout(16, 'len@0:2:u filter@8:8:p'),
  /** As many as are looked at. */
  filterInstructions: layout(512 * 8),
  seccompAction: layout(4),
  seccompSizes: layout(6, 'seccomp_notif@0:2:u seccomp_notif_resp@2:2:u seccomp_data@4:2:u'),
  landlockRules: layout(8, 'handled_access_fs@0:8:F:landlockAccess'),
  landlockPath: layout(12, 'allowed_access@0:8:F:landlockAccess parent_fd@8:4:d'),
  uringSetup: layout(
    120,
    `flags@8:4:F:uringSetup sq_thread_cpu@12:4:x sq_thread_idle@16:4:u sq_entries@0:4:u cq_entries@4:4:u
    features@20:4:F:uringFeatures sq_off@40:40:S:uringSubmission cq_off@80:40:S:uringCompletion`,
  ),
  /** What a program gives of it. */
  mountAttributes: layout(
    32,
    'attr_set@0:8:F:mountAttributes attr_clr@8:8:F:mountAttributes propagation@16:8:F:mount userns_fd@24:8:d',
  ),
  /** As many bytes as there are. */
  keyCapabilities: layout(1),
  /** As many numbers of threads as clone3 may be given, one for each level of namespaces. */
  threadNumbers: layout(4 * 32),
  uffdRange: layout(16, 'start@0:8:x len@8:8:x'),
  uringAsked: layout(120, 'flags@8:4:F:uringSetup sq_thread_cpu@12:4:x sq_thread_idle@16:4:u'),
  uringSubmission: layout(
    40,
    'head@0:4:u tail@4:4:u ring_mask@8:4:u ring_entries@12:4:u flags@16:4:u dropped@20:4:u array@24:4:u',
  ),
  uringCompletion: layout(
    40,
    'head@0:4:u tail@4:4:u ring_mask@8:4:u ring_entries@12:4:u overflow@16:4:u cqes@20:4:u flags@24:4:u',
  ),
  ...STRUCTS32,
};
