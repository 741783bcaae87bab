// Source: arch/x86/entry/syscalls/syscall_32.tbl, include/linux/syscalls.h and fs, ipc and net compat code of Linux 6.1 (facts
// of the interface).
//
// The notation is that of syscalls-amd64.ts. A row without signature is as on amd64. Beyond that:
//   off/low off/high     a 64-bit number in two registers, its low or high half first
//   uid16 ushort         16-bit ids
//   <s@0+56              (behind `?`) struct s at the pointer 56 bytes behind where argument 0 points
// Numbers of arguments are numbers of registers. A struct is its 32-bit form (NAME32 in structs.ts) where there is one.

/** Number, name, arguments. */
export type SyscallRow32 = readonly [number: number, name: string, signature?: string];

// biome-ignore format: a table
export const SYSCALLS_I386: readonly SyscallRow32[] = [
  [0, 'restart_syscall'], [1, 'exit'], [2, 'fork'], [3, 'read'], [4, 'write'], [5, 'open'], [6, 'close'],
  [7, 'waitpid', 'pid >wstatus F:wait -> pid'], [8, 'creat'], [9, 'link'], [10, 'unlink'], [11, 'execve'], [12, 'chdir'], [13, 'time'], [14, 'mknod'],
  [15, 'chmod'], [16, 'lchown', 'path uid16 uid16'], [17, 'break', ''], [18, 'oldstat', 'path >oldstat'], [19, 'lseek', 'fd long E:whence'],
  [20, 'getpid'], [21, 'mount'], [22, 'umount', 'path'], [23, 'setuid', 'uid16'], [24, 'getuid'], [25, 'stime', '<long'], [26, 'ptrace'],
  [27, 'alarm'], [28, 'oldfstat', 'fd >oldstat'], [29, 'pause'], [30, 'utime'], [31, 'stty', ''], [32, 'gtty', ''], [33, 'access'],
  [34, 'nice', 'int'], [35, 'ftime', ''], [36, 'sync'], [37, 'kill'], [38, 'rename'], [39, 'mkdir'], [40, 'rmdir'], [41, 'dup'], [42, 'pipe'],
  [43, 'times'], [44, 'prof', ''], [45, 'brk'], [46, 'setgid', 'uid16'], [47, 'getgid'], [48, 'signal', 'sig ptr -> ptr'], [49, 'geteuid'],
  [50, 'getegid'], [51, 'acct'], [52, 'umount2'], [53, 'lock', ''], [54, 'ioctl', 'fd ioctl ioctlarg ?1=0x8912 >interfaces@2+4'],
  [55, 'fcntl', 'fd E:fcntl fcntlarg ?1=5,6,7 =flock@2 ?1=12,13,14,36,37,38 =flock64@2 ?1=15 <fileOwner@2 ?1=16 >fileOwner@2'], [56, 'mpx', ''], [57, 'setpgid'], [58, 'ulimit', 'int int'],
  [59, 'oldolduname', 'ptr'], [60, 'umask'], [61, 'chroot'], [62, 'ustat', 'hex ptr'], [63, 'dup2'], [64, 'getppid'], [65, 'getpgrp'], [66, 'setsid'],
  [67, 'sigaction', 'sig <oldsigaction >oldsigaction'], [68, 'sgetmask', '-> hex'], [69, 'ssetmask', 'hex -> hex'], [70, 'setreuid', 'uid16 uid16'],
  [71, 'setregid', 'uid16 uid16'], [72, 'sigsuspend', 'int int oldsigmask'], [73, 'sigpending', '>oldsigset'], [74, 'sethostname'], [75, 'setrlimit'],
  [76, 'getrlimit'], [77, 'getrusage'], [78, 'gettimeofday'], [79, 'settimeofday'], [80, 'getgroups', 'int >ushort[result]'],
  [81, 'setgroups', 'int <ushort[0]'], [82, 'select'], [83, 'symlink'], [84, 'oldlstat', 'path >oldstat'], [85, 'readlink'], [86, 'uselib'],
  [87, 'swapon'], [88, 'reboot'], [89, 'readdir', 'fd ptr uint'], [90, 'mmap', 'ptr size F:prot map fd hexoff -> ptr'], [91, 'munmap'],
  [92, 'truncate'], [93, 'ftruncate'], [94, 'fchmod'], [95, 'fchown', 'fd uid16 uid16'], [96, 'getpriority'],
  [97, 'setpriority'], [98, 'profil', ''], [99, 'statfs'], [100, 'fstatfs'], [101, 'ioperm'], [102, 'socketcall', 'int ptr'], [103, 'syslog'],
  [104, 'setitimer'], [105, 'getitimer'], [106, 'stat', 'path >stat'], [107, 'lstat', 'path >stat'], [108, 'fstat', 'fd >stat'],
  [109, 'olduname', 'ptr'], [110, 'iopl'], [111, 'vhangup'], [112, 'idle', ''], [113, 'vm86old', 'ptr'], [114, 'wait4'], [115, 'swapoff'],
  [116, 'sysinfo'], [117, 'ipc', 'uint int int int ptr int'], [118, 'fsync'], [119, 'sigreturn', '-> none'],
  [120, 'clone', 'cloneflags ptr >int hex >int -> pid ?0&0x80000=0x80000 <userdesc@3'], [121, 'setdomainname'], [122, 'uname', '>utsname'], [123, 'modify_ldt'], [124, 'adjtimex'],
  [125, 'mprotect'], [126, 'sigprocmask', 'E:sigHow <oldsigset >oldsigset'], [127, 'create_module'], [128, 'init_module'], [129, 'delete_module'],
  [130, 'get_kernel_syms'], [131, 'quotactl'], [132, 'getpgid'], [133, 'fchdir'], [134, 'bdflush', 'int ptr'], [135, 'sysfs'], [136, 'personality'],
  [137, 'afs_syscall'], [138, 'setfsuid', 'uid16'], [139, 'setfsgid', 'uid16'], [140, '_llseek', 'fd off/high >off E:whence'], [141, 'getdents'],
  [142, '_newselect', 'int =fdset[0] =fdset[0] =fdset[0] =timeval'], [143, 'flock'], [144, 'msync'], [145, 'readv'], [146, 'writev'], [147, 'getsid'],
  [148, 'fdatasync'], [149, '_sysctl'], [150, 'mlock'], [151, 'munlock'], [152, 'mlockall'], [153, 'munlockall'], [154, 'sched_setparam'],
  [155, 'sched_getparam'], [156, 'sched_setscheduler'], [157, 'sched_getscheduler'], [158, 'sched_yield'], [159, 'sched_get_priority_max'],
  [160, 'sched_get_priority_min'], [161, 'sched_rr_get_interval'], [162, 'nanosleep'], [163, 'mremap'], [164, 'setresuid', 'uid16 uid16 uid16'],
  [165, 'getresuid', '>ushort >ushort >ushort'], [166, 'vm86', 'int ptr'], [167, 'query_module'], [168, 'poll'], [169, 'nfsservctl'],
  [170, 'setresgid', 'uid16 uid16 uid16'], [171, 'getresgid', '>ushort >ushort >ushort'], [172, 'prctl', 'prctl prctlarg hex hex hex ?0=15 <comm@1 ?0=16 >comm@1 ?0=2,25,37 >int@1 ?0=40 >ptr@1 ?0=22 <filterInstructions@2+4'], [173, 'rt_sigreturn'],
  [174, 'rt_sigaction'], [175, 'rt_sigprocmask'], [176, 'rt_sigpending'], [177, 'rt_sigtimedwait'], [178, 'rt_sigqueueinfo'], [179, 'rt_sigsuspend'],
  [180, 'pread64', 'fd out:2 size off/low'], [181, 'pwrite64', 'fd in:2 size off/low'], [182, 'chown', 'path uid16 uid16'], [183, 'getcwd'],
  [184, 'capget'], [185, 'capset'], [186, 'sigaltstack'], [187, 'sendfile', 'fd fd =oldoff size'], [188, 'getpmsg'], [189, 'putpmsg'], [190, 'vfork'],
  [191, 'ugetrlimit', 'E:rlimit >rlimit'], [192, 'mmap2', 'ptr size F:prot map fd pageoff -> ptr'], [193, 'truncate64', 'path ulong/low'],
  [194, 'ftruncate64', 'fd ulong/low'], [195, 'stat64', 'path >stat64'], [196, 'lstat64', 'path >stat64'], [197, 'fstat64', 'fd >stat64'],
  [198, 'lchown32', 'path uid uid'], [199, 'getuid32', '-> uid'], [200, 'getgid32', '-> uid'], [201, 'geteuid32', '-> uid'],
  [202, 'getegid32', '-> uid'], [203, 'setreuid32', 'uid uid'], [204, 'setregid32', 'uid uid'], [205, 'getgroups32', 'int >uint[result]'],
  [206, 'setgroups32', 'int <uint[0]'], [207, 'fchown32', 'fd uid uid'], [208, 'setresuid32', 'uid uid uid'],
  [209, 'getresuid32', '>uint >uint >uint'], [210, 'setresgid32', 'uid uid uid'], [211, 'getresgid32', '>uint >uint >uint'],
  [212, 'chown32', 'path uid uid'], [213, 'setuid32', 'uid'], [214, 'setgid32', 'uid'], [215, 'setfsuid32', 'uid'], [216, 'setfsgid32', 'uid'],
  [217, 'pivot_root'], [218, 'mincore'], [219, 'madvise'], [220, 'getdents64'],
  [221, 'fcntl64', 'fd E:fcntl fcntlarg ?1=5,6,7 =flock@2 ?1=12,13,14,36,37,38 =flock64@2 ?1=15 <fileOwner@2 ?1=16 >fileOwner@2'], [224, 'gettid'], [225, 'readahead', 'fd off/low size'],
  [226, 'setxattr'], [227, 'lsetxattr'], [228, 'fsetxattr'], [229, 'getxattr'], [230, 'lgetxattr'], [231, 'fgetxattr'], [232, 'listxattr'],
  [233, 'llistxattr'], [234, 'flistxattr'], [235, 'removexattr'], [236, 'lremovexattr'], [237, 'fremovexattr'], [238, 'tkill'],
  [239, 'sendfile64', 'fd fd =off size'], [240, 'futex'], [241, 'sched_setaffinity'], [242, 'sched_getaffinity'],
  [243, 'set_thread_area', '=userdesc'], [244, 'get_thread_area', '=userdesc'], [245, 'io_setup'], [246, 'io_destroy'],
  [247, 'io_getevents'], [248, 'io_submit'], [249, 'io_cancel'], [250, 'fadvise64', 'fd off/low size E:fadvise'],
  [252, 'exit_group'], [253, 'lookup_dcookie', 'off/low ptr size'], [254, 'epoll_create'], [255, 'epoll_ctl'], [256, 'epoll_wait'],
  [257, 'remap_file_pages'], [258, 'set_tid_address'], [259, 'timer_create'], [260, 'timer_settime'], [261, 'timer_gettime'],
  [262, 'timer_getoverrun'], [263, 'timer_delete'], [264, 'clock_settime'], [265, 'clock_gettime'], [266, 'clock_getres'], [267, 'clock_nanosleep'],
  [268, 'statfs64', 'path size >statfs64'], [269, 'fstatfs64', 'fd size >statfs64'], [270, 'tgkill'], [271, 'utimes'],
  [272, 'fadvise64_64', 'fd off/low off/low E:fadvise'], [273, 'vserver'], [274, 'mbind'], [275, 'get_mempolicy'], [276, 'set_mempolicy'],
  [277, 'mq_open'], [278, 'mq_unlink'], [279, 'mq_timedsend'], [280, 'mq_timedreceive'], [281, 'mq_notify'], [282, 'mq_getsetattr'],
  [283, 'kexec_load'], [284, 'waitid'], [286, 'add_key'], [287, 'request_key'], [288, 'keyctl'], [289, 'ioprio_set'], [290, 'ioprio_get'],
  [291, 'inotify_init'], [292, 'inotify_add_watch'], [293, 'inotify_rm_watch'], [294, 'migrate_pages'], [295, 'openat'], [296, 'mkdirat'],
  [297, 'mknodat'], [298, 'fchownat'], [299, 'futimesat'], [300, 'fstatat64', 'at path >stat64 F:at'], [301, 'unlinkat'], [302, 'renameat'],
  [303, 'linkat'], [304, 'symlinkat'], [305, 'readlinkat'], [306, 'fchmodat'], [307, 'faccessat'], [308, 'pselect6'], [309, 'ppoll'],
  [310, 'unshare'], [311, 'set_robust_list'], [312, 'get_robust_list'], [313, 'splice'], [314, 'sync_file_range', 'fd off/low off/low F:syncRange'],
  [315, 'tee'], [316, 'vmsplice'], [317, 'move_pages'], [318, 'getcpu'], [319, 'epoll_pwait'], [320, 'utimensat'], [321, 'signalfd'],
  [322, 'timerfd_create'], [323, 'eventfd'], [324, 'fallocate', 'fd F:falloc off/low off/low'], [325, 'timerfd_settime'], [326, 'timerfd_gettime'],
  [327, 'signalfd4'], [328, 'eventfd2'], [329, 'epoll_create1'], [330, 'dup3'], [331, 'pipe2'], [332, 'inotify_init1'],
  [333, 'preadv', 'fd >iov[2] ulong off/low'], [334, 'pwritev', 'fd <iov[2] ulong off/low'], [335, 'rt_tgsigqueueinfo'], [336, 'perf_event_open'],
  [337, 'recvmmsg'], [338, 'fanotify_init'], [339, 'fanotify_mark', 'fd F:fanMark L:fanEvent/low fanat path'], [340, 'prlimit64', 'pid E:rlimit <rlimit64 >rlimit64'],
  [341, 'name_to_handle_at'], [342, 'open_by_handle_at'], [343, 'clock_adjtime'], [344, 'syncfs'], [345, 'sendmmsg'], [346, 'setns'],
  [347, 'process_vm_readv'], [348, 'process_vm_writev'], [349, 'kcmp'], [350, 'finit_module'], [351, 'sched_setattr'], [352, 'sched_getattr'],
  [353, 'renameat2'], [354, 'seccomp', 'E:seccompOp F:seccomp ptr ?0=1 <filterInstructions@2+4'], [355, 'getrandom'], [356, 'memfd_create'], [357, 'bpf'], [358, 'execveat'], [359, 'socket'],
  [360, 'socketpair'], [361, 'bind'], [362, 'connect'], [363, 'listen'], [364, 'accept4'], [365, 'getsockopt'], [366, 'setsockopt', 'fd E:sockLevel sockopt <optval[4] int ?2=26 <filterInstructions@3+4'],
  [367, 'getsockname'], [368, 'getpeername'], [369, 'sendto'], [370, 'sendmsg'], [371, 'recvfrom'], [372, 'recvmsg'], [373, 'shutdown'],
  [374, 'userfaultfd'], [375, 'membarrier'], [376, 'mlock2'], [377, 'copy_file_range'], [378, 'preadv2', 'fd >iov[2] ulong off/low F:rwf'],
  [379, 'pwritev2', 'fd <iov[2] ulong off/low F:rwf'], [380, 'pkey_mprotect'], [381, 'pkey_alloc'], [382, 'pkey_free'], [383, 'statx'],
  [384, 'arch_prctl'], [385, 'io_pgetevents'], [386, 'rseq'], [393, 'semget'], [394, 'semctl'], [395, 'shmget'], [396, 'shmctl'], [397, 'shmat'],
  [398, 'shmdt'], [399, 'msgget'], [400, 'msgsnd'], [401, 'msgrcv'], [402, 'msgctl'], [403, 'clock_gettime64', 'E:clock >timespec64'],
  [404, 'clock_settime64', 'E:clock <timespec64'], [405, 'clock_adjtime64', 'E:clock >timex64'], [406, 'clock_getres_time64', 'E:clock >timespec64'],
  [407, 'clock_nanosleep_time64', 'E:clock F:timer <timespec64 !timespec64'], [408, 'timer_gettime64', 'int >itimerspec64'],
  [409, 'timer_settime64', 'int F:timer <itimerspec64 >itimerspec64'], [410, 'timerfd_gettime64', 'fd >itimerspec64'],
  [411, 'timerfd_settime64', 'fd F:timerfdSet <itimerspec64 >itimerspec64'], [412, 'utimensat_time64', 'at path <utimens64*2 F:at'],
  [413, 'pselect6_time64', 'int =fdset[0] =fdset[0] =fdset[0] =timespec64 <sigsetpair'],
  [414, 'ppoll_time64', '=pollfd[1] uint =timespec64 <sigset size'], [416, 'io_pgetevents_time64', 'ptr long long >ioEvent[result] <timespec64 <sigsetpair'],
  [417, 'recvmmsg_time64', 'fd >mmsghdr[result] uint F:msg =timespec64'], [418, 'mq_timedsend_time64', 'fd in:2 size uint <timespec64'],
  [419, 'mq_timedreceive_time64', 'fd out:2 size >uint <timespec64'], [420, 'semtimedop_time64', 'int <sembuf[2] size <timespec64'],
  [421, 'rt_sigtimedwait_time64', '<sigset >siginfo <timespec64 size'],
  [422, 'futex_time64', 'ptr futexop uint futexarg ptr uint ?1&0x7f=0,9,6,13 <timespec64@3'],
  [423, 'sched_rr_get_interval_time64', 'pid >timespec64'], [424, 'pidfd_send_signal'], [425, 'io_uring_setup'], [426, 'io_uring_enter'],
  [427, 'io_uring_register'], [428, 'open_tree'], [429, 'move_mount'], [430, 'fsopen'], [431, 'fsconfig'], [432, 'fsmount'], [433, 'fspick'],
  [434, 'pidfd_open'], [435, 'clone3', '=cloneargs[1] size -> pid ?1=64,80,88 >int@0+8 ?1=80,88 <threadNumbers@0+64 ?1=88 <userdesc@0+56'], [436, 'close_range'], [437, 'openat2'], [438, 'pidfd_getfd'], [439, 'faccessat2'], [440, 'process_madvise'],
  [441, 'epoll_pwait2', 'fd >epollevent[result] int <timespec64 <sigset size'], [442, 'mount_setattr'], [443, 'quotactl_fd'],
  [444, 'landlock_create_ruleset'], [445, 'landlock_add_rule'], [446, 'landlock_restrict_self'], [447, 'memfd_secret'], [448, 'process_mrelease'],
  [449, 'futex_waitv', 'ptr uint hex <timespec64 E:clock'], [450, 'set_mempolicy_home_node'],
];

/** Calls whose arguments are 32-bit words in memory: which argument points to them, and how many there are. */
export const PACKED: Readonly<Record<number, readonly [argument: number, words: number]>> = { 82: [0, 5], 90: [0, 6] };

/**
 * socketcall and ipc: one number for many calls, chosen by the first argument (include/uapi/linux/net.h, ipc.h). These have
 * numbers in a table of their own: `base` plus what chose them. socketcall's arguments are words in memory; ipc's calls take
 * them from the registers named behind the signature (ipc/syscall.c).
 */
export const MULTIPLEXERS = { socketcall: { number: 102, base: 0 }, ipc: { number: 117, base: 32 } } as const;

// biome-ignore format: a table
export const SOCKET_CALLS: readonly SyscallRow32[] = [
  [1, 'socket'], [2, 'bind'], [3, 'connect'], [4, 'listen'], [5, 'accept'], [6, 'getsockname'], [7, 'getpeername'], [8, 'socketpair'],
  [9, 'send', 'fd in:2 size F:msg'], [10, 'recv', 'fd out:2 size F:msg'], [11, 'sendto'], [12, 'recvfrom'], [13, 'shutdown'],
  [14, 'setsockopt', 'fd E:sockLevel sockopt <optval[4] int ?2=26 <filterInstructions@3+4'], [15, 'getsockopt'], [16, 'sendmsg'], [17, 'recvmsg'], [18, 'accept4'], [19, 'recvmmsg'], [20, 'sendmmsg'],
];

// biome-ignore format: a table
export const IPC_CALLS: readonly (readonly [number: number, name: string, signature: string, registers: readonly number[]])[] = [
  [1, 'semop', 'int <sembuf[2] size', [1, 4, 2]], [2, 'semget', 'ipckey int shmflags', [1, 2, 3]], [3, 'semctl', 'int int C:semControl <ptr', [1, 2, 3, 4]],
  [4, 'semtimedop', 'int <sembuf[2] size <timespec', [1, 4, 2, 5]], [11, 'msgsnd', 'int <msgbuf[2] size F:message', [1, 4, 2, 3]],
  [12, 'msgrcv', 'int >msgbuf[2]+0 size <messageSource F:message', [1, 4, 2, 4, 3]], [13, 'msgget', 'ipckey shmflags', [1, 2]], [14, 'msgctl', 'int C:msgControl ptr', [1, 2, 4]],
  [21, 'shmat', 'int ptr F:shm -> ptr ?0&0xffff=21 >ulong@3', [1, 4, 2]], [22, 'shmdt', 'ptr', [4]], [23, 'shmget', 'ipckey size shmflags', [1, 2, 3]],
  [24, 'shmctl', 'int C:shmControl ptr', [1, 2, 4]],
];
