/* Calls that programs make now and then, by what they are about: descriptors, networks, processes, memory, moments, powers.
 * An oracle of test/guest/strace.test.ts and strace32.test.ts. */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <linux/capability.h>
#include <linux/close_range.h>
#include <linux/fs.h>
#include <linux/futex.h>
#include <linux/if_packet.h>
#include <linux/netlink.h>
#include <linux/openat2.h>
#include <linux/seccomp.h>
#include <linux/filter.h>
#include <linux/sched.h>
#include <linux/membarrier.h>
#include <mqueue.h>
#include <net/if.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/io.h>
#include <sys/eventfd.h>
#include <sys/fanotify.h>
#include <sys/file.h>
#include <sys/inotify.h>
#include <sys/ioctl.h>
#include <sys/ipc.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/msg.h>
#include <sys/personality.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/random.h>
#include <sys/reboot.h>
#include <sys/resource.h>
#include <sys/sem.h>
#include <sys/sendfile.h>
#include <sys/shm.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/swap.h>
#include <sys/syscall.h>
#include <sys/sysinfo.h>
#include <sys/time.h>
#include <sys/timerfd.h>
#include <sys/times.h>
#include <sys/timex.h>
#include <sys/uio.h>
#include <sys/un.h>
#include <sys/utsname.h>
#include <sys/vfs.h>
#include <sys/wait.h>
#include <sys/xattr.h>
#include <termios.h>
#include <time.h>
#include <unistd.h>
#include <utime.h>

static char text[4096];

static void descriptors(void) {
  int memory = memfd_create("secret", MFD_CLOEXEC | MFD_ALLOW_SEALING);
  write(memory, "0123456789abcdef", 16);
  fcntl(memory, F_ADD_SEALS, F_SEAL_SHRINK | F_SEAL_GROW);
  fcntl(memory, F_GET_SEALS);
  fallocate(memory, FALLOC_FL_KEEP_SIZE | FALLOC_FL_PUNCH_HOLE, 4, 4);
  flock(memory, LOCK_EX | LOCK_NB);
  int ends[2];
  pipe2(ends, O_CLOEXEC | O_NONBLOCK);
  fcntl(ends[0], F_SETPIPE_SZ, 8192);
  fcntl(ends[0], F_GETPIPE_SZ);
  fcntl(ends[0], F_SETOWN, getpid());
  fcntl(ends[0], F_GETOWN);
  fcntl(ends[0], F_SETSIG, SIGIO);
  loff_t in = 2;
  splice(memory, &in, ends[1], NULL, 5, SPLICE_F_MOVE | SPLICE_F_NONBLOCK);
  int other[2];
  pipe2(other, 0);
  tee(ends[0], other[1], 3, SPLICE_F_NONBLOCK);
  vmsplice(other[1], &(struct iovec){"spliced", 7}, 1, SPLICE_F_GIFT);
  read(other[0], text, 64);
  read(ends[0], text, 64);
  read(ends[0], text, 64);
  int counter = eventfd(7, EFD_SEMAPHORE | EFD_CLOEXEC);
  read(counter, text, 8);
  sigset_t set;
  sigemptyset(&set);
  sigaddset(&set, SIGUSR1);
  sigaddset(&set, SIGRTMIN + 2);
  sigprocmask(SIG_BLOCK, &set, NULL);
  int signals = signalfd(-1, &set, SFD_NONBLOCK | SFD_CLOEXEC);
  kill(getpid(), SIGUSR1);
  read(signals, text, 128);
  sigqueue(getpid(), SIGRTMIN + 2, (union sigval){.sival_int = 77});
  siginfo_t information;
  sigtimedwait(&set, &information, &(struct timespec){1, 5});
  sigtimedwait(&set, NULL, &(struct timespec){0, 1000});
  int watch = inotify_init1(IN_NONBLOCK);
  int number = inotify_add_watch(watch, "/tmp", IN_CREATE | IN_DELETE | IN_MOVED_TO);
  int file = open("/tmp/rare-file", O_RDWR | O_CREAT | O_TRUNC | O_APPEND | O_DSYNC | O_NOFOLLOW, 0644);
  read(watch, text, 256);
  inotify_rm_watch(watch, number);
  write(file, "hello world\n", 12);
  sync_file_range(file, 0, 12, SYNC_FILE_RANGE_WRITE);
  fdatasync(file);
  posix_fadvise(file, 0, 100, POSIX_FADV_DONTNEED);
  readahead(file, 0, 100);
  loff_t from = 0, to = 3;
  copy_file_range(file, &from, memory, &to, 4, 0);
  preadv(file, (struct iovec[]){{text, 3}, {text + 10, 100}}, 2, 1);
  pwritev2(memory, (struct iovec[]){{"AB", 2}, {"C", 1}}, 2, 1, RWF_DSYNC);
  fsetxattr(file, "user.colour", "blue\0x", 6, XATTR_CREATE);
  fgetxattr(file, "user.colour", text, 64);
  flistxattr(file, text, 64);
  fremovexattr(file, "user.colour");
  getxattr("/tmp/rare-file", "user.none", text, 10);
  linkat(AT_FDCWD, "/tmp/rare-file", AT_FDCWD, "/tmp/rare-link", AT_SYMLINK_FOLLOW);
  renameat2(AT_FDCWD, "/tmp/rare-link", AT_FDCWD, "/tmp/rare-file", RENAME_NOREPLACE);
  fchownat(AT_FDCWD, "/tmp/rare-link", 5, -1, AT_SYMLINK_NOFOLLOW);
  chmod("/tmp/rare-link", 04711);
  fchmodat(AT_FDCWD, "/tmp/rare-link", 01777, 0);
  faccessat(AT_FDCWD, "/tmp/rare-link", X_OK, AT_EACCESS);
  truncate("/tmp/rare-link", 4);
  utimes("/tmp/rare-link", (struct timeval[]){{5, 6}, {7, 8}});
  utime("/tmp/rare-link", &(struct utimbuf){3, 4});
  unlink("/tmp/rare-link");
  struct open_how how = {.flags = O_RDONLY | O_PATH, .resolve = RESOLVE_NO_SYMLINKS | RESOLVE_BENEATH};
  syscall(SYS_openat2, AT_FDCWD, "etc/passwd", &how, sizeof how);
  mknodat(AT_FDCWD, "/tmp/rare-node", S_IFCHR | 0600, (5 << 8) | 1);
  unlink("/tmp/rare-node");
  dup3(file, 40, O_CLOEXEC);
  syscall(SYS_close_range, 40, 45, CLOSE_RANGE_CLOEXEC);
  syscall(SYS_close_range, 40, 45, 0);
  struct file_handle *handle = (struct file_handle *)text;
  handle->handle_bytes = 128;
  int mountId;
  name_to_handle_at(AT_FDCWD, "/tmp", handle, &mountId, 0);
  ioctl(file, FIONREAD, &number);
  ioctl(file, FS_IOC_GETFLAGS, &number);
  ioctl(file, FICLONE, memory);
  fstatfs(file, (struct statfs *)text);
  lseek(file, 0, SEEK_DATA);
  lseek(file, 5, SEEK_HOLE);
  close(file);
  unlink("/tmp/rare-file");
}

static void networks(void) {
  int one = 1, size;
  socklen_t length;
  int six = socket(AF_INET6, SOCK_DGRAM | SOCK_NONBLOCK, IPPROTO_UDP);
  setsockopt(six, IPPROTO_IPV6, IPV6_V6ONLY, &one, sizeof one);
  struct sockaddr_in6 here = {.sin6_family = AF_INET6, .sin6_port = htons(5353), .sin6_addr = IN6ADDR_LOOPBACK_INIT};
  bind(six, (struct sockaddr *)&here, sizeof here);
  sendto(six, "to myself", 9, MSG_DONTWAIT, (struct sockaddr *)&here, sizeof here);
  struct sockaddr_in6 peer;
  length = sizeof peer;
  recvfrom(six, text, 100, MSG_TRUNC, (struct sockaddr *)&peer, &length);
  recvfrom(six, text, 100, 0, NULL, NULL);
  int four = socket(AF_INET, SOCK_STREAM, 0);
  setsockopt(four, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
  setsockopt(four, SOL_SOCKET, SO_LINGER, &(struct linger){1, 5}, sizeof(struct linger));
  setsockopt(four, SOL_SOCKET, SO_RCVTIMEO, &(struct timeval){1, 500}, sizeof(struct timeval));
  setsockopt(four, IPPROTO_IP, IP_TTL, &one, sizeof one);
  length = sizeof size;
  getsockopt(four, SOL_SOCKET, SO_RCVBUF, &size, &length);
  getsockopt(four, SOL_SOCKET, SO_TYPE, &size, &length);
  getsockopt(four, IPPROTO_TCP, TCP_MAXSEG, &size, &length);
  struct sockaddr_in nowhere = {.sin_family = AF_INET, .sin_port = htons(1), .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
  connect(four, (struct sockaddr *)&nowhere, sizeof nowhere);
  getpeername(four, (struct sockaddr *)&peer, &length);
  int link = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_ROUTE);
  struct sockaddr_nl kernel = {.nl_family = AF_NETLINK};
  bind(link, (struct sockaddr *)&kernel, sizeof kernel);
  length = sizeof kernel;
  getsockname(link, (struct sockaddr *)&kernel, &length);
  int hidden = socket(AF_UNIX, SOCK_SEQPACKET, 0);
  struct sockaddr_un name = {.sun_family = AF_UNIX, .sun_path = "\0abstract"};
  bind(hidden, (struct sockaddr *)&name, 2 + 9);
  listen(hidden, 1);
  int caller = socket(AF_UNIX, SOCK_SEQPACKET, 0);
  connect(caller, (struct sockaddr *)&name, 2 + 9);
  struct sockaddr_un who;
  length = sizeof who;
  int accepted = accept4(hidden, (struct sockaddr *)&who, &length, SOCK_CLOEXEC | SOCK_NONBLOCK);
  struct ucred credentials;
  length = sizeof credentials;
  getsockopt(accepted, SOL_SOCKET, SO_PEERCRED, &credentials, &length);
  setsockopt(accepted, SOL_SOCKET, SO_PASSCRED, &one, sizeof one);
  send(caller, "packet", 6, MSG_EOR);
  struct mmsghdr many[2];
  struct iovec parts[2] = {{text, 20}, {text + 100, 20}};
  memset(many, 0, sizeof many);
  many[0].msg_hdr.msg_iov = parts;
  many[0].msg_hdr.msg_iovlen = 1;
  many[1].msg_hdr.msg_iov = parts + 1;
  many[1].msg_hdr.msg_iovlen = 1;
  recvmmsg(accepted, many, 2, MSG_DONTWAIT, NULL);
  char control[100];
  struct msghdr message = {.msg_iov = parts, .msg_iovlen = 1, .msg_control = control, .msg_controllen = sizeof control};
  send(caller, "again", 5, 0);
  recvmsg(accepted, &message, MSG_CMSG_CLOEXEC);
  socket(AF_INET, SOCK_RAW, IPPROTO_ICMP);
  socket(AF_PACKET, SOCK_RAW, htons(3));
  socket(99, 1, 2);
  struct ifreq interface = {.ifr_name = "lo"};
  ioctl(four, SIOCGIFFLAGS, &interface);
  ioctl(four, SIOCGIFADDR, &interface);
  struct ifconf list = {.ifc_len = sizeof text, .ifc_buf = text};
  ioctl(four, SIOCGIFCONF, &list);
  shutdown(accepted, SHUT_WR);
}

static int child(void *argument) { return argument != NULL; }

static void processes(void) {
  prctl(PR_SET_NAME, "renamed");
  prctl(PR_GET_NAME, text);
  prctl(PR_SET_PDEATHSIG, SIGTERM);
  prctl(PR_SET_DUMPABLE, 1);
  prctl(PR_GET_DUMPABLE);
  prctl(PR_CAPBSET_READ, CAP_SYS_ADMIN);
  struct __user_cap_header_struct header = {_LINUX_CAPABILITY_VERSION_3, 0};
  struct __user_cap_data_struct data[2];
  syscall(SYS_capget, &header, data);
  cpu_set_t cpus;
  sched_getaffinity(0, sizeof cpus, &cpus);
  sched_setaffinity(0, sizeof cpus, &cpus);
  struct sched_param parameters;
  sched_getparam(0, &parameters);
  sched_getscheduler(0);
  sched_setscheduler(0, SCHED_BATCH, &(struct sched_param){0});
  sched_get_priority_max(SCHED_FIFO);
  sched_rr_get_interval(0, &(struct timespec){0, 0});
  getpriority(PRIO_PROCESS, 0);
  setpriority(PRIO_PROCESS, 0, 5);
  syscall(SYS_ioprio_set, 1, 0, 2 << 13 | 5);
  syscall(SYS_ioprio_get, 1, 0);
  sched_yield();
  syscall(SYS_getcpu, &(unsigned){0}, &(unsigned){0}, NULL);
  struct rlimit old;
  prlimit(0, RLIMIT_STACK, NULL, &old);
  prlimit(0, RLIMIT_CORE, &(struct rlimit){0, RLIM_INFINITY}, &old);
  personality(0xffffffff);
  syscall(SYS_arch_prctl, 0x1003, text);
  getrandom(text, 8, GRND_NONBLOCK);
  sysinfo((struct sysinfo *)text);
  times((struct tms *)text);
  getgroups(64, (gid_t *)text);
  setgroups(2, (gid_t[]){4, 20});
  uid_t a, b, c;
  getresuid(&a, &b, &c);
  setresgid(-1, 0, -1);
  setfsuid(0);
  getsid(0);
  getpgrp();
  gettid();
  static char stack[65536];
  int pid = clone(child, stack + sizeof stack, CLONE_VM | CLONE_FS | SIGCHLD, NULL);
  siginfo_t information;
  waitid(P_PID, pid, &information, WEXITED | WNOWAIT);
  waitid(P_ALL, 0, &information, WEXITED | WNOHANG);
  waitid(P_ALL, 0, NULL, WEXITED);
  struct clone_args arguments = {.flags = CLONE_PIDFD, .pidfd = (uintptr_t)text, .exit_signal = SIGCHLD};
  pid = syscall(SYS_clone3, &arguments, sizeof arguments);
  if (pid == 0) _exit(300);
  int handle = *(int *)text;
  struct pollfd wanted = {handle, POLLIN, 0};
  ppoll(&wanted, 1, &(struct timespec){5, 0}, NULL);
  syscall(SYS_pidfd_send_signal, handle, 0, NULL, 0);
  waitpid(pid, NULL, 0);
  pid = vfork();
  if (pid == 0) _exit(2);
  waitpid(pid, NULL, 0);
  pid = fork();
  if (pid == 0) {
    setpgid(0, 0);
    setsid();
    raise(SIGSTOP);
    abort();
  }
  int status;
  waitpid(pid, &status, WUNTRACED);
  kill(pid, SIGCONT);
  waitpid(pid, &status, WCONTINUED);
  waitpid(pid, &status, 0);
  syscall(SYS_pidfd_open, getpid(), 0);
  pid = fork();
  if (pid == 0) {
    ptrace(PTRACE_TRACEME, 0, NULL, NULL);
    raise(SIGTRAP);
    _exit(0);
  }
  process_vm_readv(getpid(), &(struct iovec){text, 4}, 1, &(struct iovec){"abcd", 4}, 1, 0);
  kill(pid, SIGKILL);
  waitpid(pid, &status, 0);
  syscall(SYS_membarrier, MEMBARRIER_CMD_QUERY, 0, 0);
  syscall(SYS_kcmp, getpid(), getpid(), 0, 1, 2);
}

static void memory(void) {
  char *pages = mmap(NULL, 16384, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS | MAP_POPULATE | MAP_NORESERVE, -1, 0);
  mincore(pages, 16384, (unsigned char *)text);
  mlock(pages, 4096);
  mlock2(pages, 4096, MLOCK_ONFAULT);
  munlock(pages, 4096);
  mlockall(MCL_CURRENT);
  munlockall();
  msync(pages, 8192, MS_ASYNC | MS_INVALIDATE);
  madvise(pages, 4096, MADV_WILLNEED);
  mprotect(pages, 4096, PROT_READ | PROT_EXEC);
  mmap(pages, 4096, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED_NOREPLACE, -1, 0);
  mmap((void *)(uintptr_t)0x10000, 4096, PROT_READ, MAP_PRIVATE | MAP_FIXED, 99, 4096);
  brk(NULL);
  syscall(SYS_brk, 0);
  int segment = shmget(IPC_PRIVATE, 4096, IPC_CREAT | 0600);
  void *at = shmat(segment, NULL, SHM_RDONLY);
  struct shmid_ds description;
  shmctl(segment, IPC_STAT, &description);
  shmdt(at);
  shmctl(segment, IPC_SET, &description);
  shmctl(0, IPC_INFO, (struct shmid_ds *)text);
  shmctl(0, SHM_INFO, (struct shmid_ds *)text);
  shmctl(segment, IPC_RMID, NULL);
  int semaphores = semget(IPC_PRIVATE, 2, IPC_CREAT | 0600);
  semctl(semaphores, 0, SETVAL, 3);
  semop(semaphores, (struct sembuf[]){{0, -1, IPC_NOWAIT | SEM_UNDO}, {1, 1, 0}}, 2);
  semtimedop(semaphores, &(struct sembuf){1, -5, 0}, 1, &(struct timespec){0, 1000});
  struct semid_ds counters;
  semctl(semaphores, 0, IPC_STAT, &counters);
  semctl(semaphores, 0, IPC_SET, &counters);
  semctl(semaphores, 0, IPC_INFO, text);
  semctl(semaphores, 1, GETVAL);
  semctl(semaphores, 0, IPC_RMID);
  int queue = msgget(IPC_PRIVATE, IPC_CREAT | 0600);
  struct { long type; char text[8]; } letter = {9, "letter"};
  msgsnd(queue, &letter, 8, IPC_NOWAIT);
  msgrcv(queue, &letter, 8, 0, MSG_NOERROR);
  struct msqid_ds letters;
  msgctl(queue, IPC_STAT, &letters);
  msgctl(queue, IPC_SET, &letters);
  msgctl(queue, IPC_INFO, (struct msqid_ds *)text);
  msgctl(queue, IPC_RMID, NULL);
  mqd_t posix = mq_open("/rare", O_RDWR | O_CREAT | O_NONBLOCK, 0600, &(struct mq_attr){.mq_maxmsg = 4, .mq_msgsize = 16});
  mq_send(posix, "mail", 4, 3);
  unsigned priority;
  mq_receive(posix, text, 16, &priority);
  mq_getattr(posix, (struct mq_attr *)text);
  mq_close(posix);
  mq_unlink("/rare");
}

static void moments(void) {
  struct timespec now;
  syscall(SYS_clock_gettime, CLOCK_PROCESS_CPUTIME_ID, &now);
  syscall(SYS_gettimeofday, text, NULL);
  syscall(SYS_time, NULL);
  clock_nanosleep(CLOCK_MONOTONIC, 0, &(struct timespec){0, 1000}, NULL);
  clock_nanosleep(CLOCK_REALTIME, TIMER_ABSTIME, &(struct timespec){1, 0}, NULL);
  getitimer(ITIMER_PROF, (struct itimerval *)text);
  adjtimex((struct timex *)memset(text, 0, 512));
  int timer = timerfd_create(CLOCK_REALTIME, TFD_NONBLOCK | TFD_CLOEXEC);
  timerfd_settime(timer, TFD_TIMER_ABSTIME, &(struct itimerspec){{1, 0}, {5, 0}}, NULL);
  timerfd_gettime(timer, (struct itimerspec *)text);
  timer_t alarmClock;
  struct sigevent event = {.sigev_notify = SIGEV_SIGNAL, .sigev_signo = SIGUSR2, .sigev_value.sival_int = 5};
  timer_create(CLOCK_MONOTONIC, &event, &alarmClock);
  timer_settime(alarmClock, 0, &(struct itimerspec){{0, 0}, {100, 5}}, NULL);
  timer_gettime(alarmClock, (struct itimerspec *)text);
  timer_getoverrun(alarmClock);
  timer_delete(alarmClock);
  alarm(100);
  alarm(0);
  unsigned word = 1;
  syscall(SYS_futex, &word, FUTEX_WAIT_PRIVATE, 2, NULL);
  syscall(SYS_futex, &word, FUTEX_WAIT, 1, &(struct timespec){0, 1000});
  syscall(SYS_futex, &word, FUTEX_WAKE | FUTEX_PRIVATE_FLAG, 5);
  syscall(SYS_futex, &word, FUTEX_WAIT_BITSET | FUTEX_CLOCK_REALTIME, 1, &(struct timespec){1, 0}, NULL, 0xffffffff);
  syscall(SYS_futex, &word, FUTEX_CMP_REQUEUE_PRIVATE, 1, 2, &word, 1);
  int poller = epoll_create(5);
  struct epoll_event events[4] = {{.events = EPOLLIN | EPOLLET | EPOLLONESHOT, .data.ptr = text}};
  epoll_ctl(poller, EPOLL_CTL_ADD, timer, events);
  epoll_ctl(poller, EPOLL_CTL_MOD, timer, events);
  epoll_pwait(poller, events, 4, 10, NULL);
  epoll_ctl(poller, EPOLL_CTL_DEL, timer, NULL);
  epoll_pwait2(poller, events, 4, &(struct timespec){0, 1000}, NULL);
  fd_set reading;
  FD_ZERO(&reading);
  FD_SET(timer, &reading);
  FD_SET(poller, &reading);
  pselect(timer + 1, &reading, NULL, NULL, &(struct timespec){0, 0}, NULL);
}

static void powers(void) {
  mkdir("/tmp/rare-mount", 0700);
  mount("none", "/tmp/rare-mount", "tmpfs", MS_NOSUID | MS_NODEV, "size=1m,mode=700");
  mount(NULL, "/tmp/rare-mount", NULL, MS_REMOUNT | MS_RDONLY, NULL);
  statfs("/tmp/rare-mount", (struct statfs *)text);
  umount2("/tmp/rare-mount", MNT_DETACH);
  rmdir("/tmp/rare-mount");
  unshare(CLONE_NEWUTS | CLONE_NEWNS);
  sethostname("host", 4);
  setdomainname("domain", 6);
  chroot("/nowhere");
  syscall(SYS_pivot_root, "/a", "/b");
  swapon("/nowhere", 0);
  syscall(SYS_reboot, 1, 2, 3, NULL);
  setns(0, CLONE_NEWNET);
  fanotify_init(FAN_CLASS_NOTIF, O_RDONLY);
  syscall(SYS_init_module, text, 5, "x=1");
  syscall(SYS_delete_module, "nothing", O_NONBLOCK);
  syscall(SYS_keyctl, 0, -3, 0);
  int key = syscall(SYS_add_key, "user", "name", "data", 4, -3);
  syscall(SYS_keyctl, 6, key, text, 100);
  syscall(SYS_keyctl, 11, key, text, 100);
  syscall(SYS_keyctl, 2, key, "more data", 9);
  syscall(SYS_keyctl, 5, key, 0x3f010000);
  syscall(SYS_keyctl, 10, -3, "user", "name", 0);
  syscall(SYS_keyctl, 15, key, 100);
  syscall(SYS_keyctl, 9, key, -3);
  syscall(SYS_keyctl, 1, "session");
  syscall(SYS_keyctl, 99, 1, 2, 3, 4);
  syscall(SYS_request_key, "user", "none", NULL, -3);
  syscall(SYS_io_uring_setup, 4, memset(text, 0, 200));
  syscall(SYS_userfaultfd, O_CLOEXEC);
  syscall(SYS_landlock_create_ruleset, NULL, 0, 1);
  iopl(0);
  ioperm(0x80, 1, 1);
  syscall(SYS_syslog, 10, NULL, 0);
  syscall(SYS_syslog, 3, text, 20);
  syscall(SYS_syslog, 8, NULL, 4);
  syscall(SYS_quotactl, 0x80000301, "/dev/none", 0, NULL);
  syscall(SYS_quotactl, 0x80000500, "/dev/none", 0, text);
  syscall(SYS_quotactl, 0x80000700, "/dev/none", 0, NULL);
  struct termios settings;
  ioctl(0, TCGETS, &settings);
  ioctl(0, TIOCGPGRP, text);
  ioctl(0, TIOCSWINSZ, &(struct winsize){24, 80, 0, 0});
  ioctl(0, TIOCGSID, text);
  ioctl(0, 0x12345678, 9);
  syscall(SYS_seccomp, SECCOMP_GET_ACTION_AVAIL, 0, &(uint32_t){SECCOMP_RET_KILL});
  syscall(SYS_seccomp, SECCOMP_GET_NOTIF_SIZES, 0, text);
  prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_IS_SET, CAP_CHOWN, 0, 0);
  prctl(PR_SET_SECUREBITS, 1 << 4);
  prctl(PR_SET_MM, PR_SET_MM_BRK, 1, 0, 0);
  prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
  struct sock_filter allow = BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW);
  prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &(struct sock_fprog){1, &allow});
  sigaltstack(&(stack_t){.ss_sp = text, .ss_size = 4096}, NULL);
  sigaltstack(NULL, (stack_t *)text);
  execveat(AT_FDCWD, "/nowhere", (char *[]){"a", NULL}, (char *[]){NULL}, AT_SYMLINK_NOFOLLOW);
}

int main(void) {
  descriptors();
  networks();
  processes();
  memory();
  moments();
  powers();
  return 0;
}
