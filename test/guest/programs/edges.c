/* Edges of what programs do: threads that wait, are signalled and cancelled, children that die, names of odd bytes, paths too
 * long, buffers that are not there, terminals, messages with descriptors, a tracer. An oracle of test/guest/strace.test.ts. */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/futex.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <netinet/udp.h>
#include <poll.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/ptrace.h>
#include <sys/resource.h>
#include <sys/sendfile.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/timerfd.h>
#include <sys/types.h>
#include <sys/uio.h>
#include <sys/un.h>
#include <sys/user.h>
#include <sys/wait.h>
#include <sys/xattr.h>
#include <sys/sysmacros.h>
#include <termios.h>
#include <pty.h>
#include <time.h>
#include <ucontext.h>
#include <unistd.h>
static char text[65536];
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t wake = PTHREAD_COND_INITIALIZER;
static pthread_barrier_t barrier;
static int turn;
static void handler(int n) { write(2, "", 0); }
static void informed(int n, siginfo_t *i, void *c) { getppid(); }
static void *worker(void *a) {
  pthread_setname_np(pthread_self(), "wörker");
  pthread_barrier_wait(&barrier);
  pthread_mutex_lock(&lock);
  while (turn != (long)a) pthread_cond_wait(&wake, &lock);
  turn++;
  pthread_cond_broadcast(&wake);
  pthread_mutex_unlock(&lock);
  struct timespec t = {0, 3000000};
  nanosleep(&t, &t);
  return a;
}
static void *sleeper(void *a) { sleep(5); pause(); return 0; }
static void threads(void) {
  struct sigaction sa = {.sa_handler = handler, .sa_flags = SA_RESTART};
  sigaction(SIGUSR1, &sa, NULL);
  sa.sa_sigaction = informed;
  sa.sa_flags = SA_SIGINFO | SA_ONSTACK | SA_NODEFER;
  sigaddset(&sa.sa_mask, SIGHUP);
  sigaddset(&sa.sa_mask, SIGRTMAX);
  sigaction(SIGUSR2, &sa, NULL);
  sigaction(SIGRTMIN, &sa, NULL);
  pthread_t t[4];
  pthread_barrier_init(&barrier, NULL, 4);
  for (long i = 0; i < 4; i++) pthread_create(&t[i], NULL, worker, (void *)i);
  for (int i = 0; i < 4; i++) pthread_join(t[i], NULL);
  pthread_create(&t[0], NULL, sleeper, NULL);
  usleep(20000);
  pthread_kill(t[0], SIGUSR1);
  usleep(20000);
  pthread_kill(t[0], SIGUSR2);
  usleep(20000);
  pthread_sigqueue(t[0], SIGRTMIN, (union sigval){.sival_ptr = (void *)0x1234});
  usleep(20000);
  pthread_cancel(t[0]);
  pthread_join(t[0], NULL);
  int pid = vfork();
  if (pid == 0) {
    execl("/nonexistent/a", "a", "b c", "\"q\"", "\xff\xfe", NULL);
    execl("/etc/passwd", "passwd", NULL);
    execl("/etc", "etc", NULL);
    execl("/bin/true/x", "x", NULL);
    _exit(1);
  }
  waitpid(pid, NULL, 0);
  char *args[] = {"true", NULL};
  posix_spawn(&pid, "/bin/true", NULL, NULL, args, args);
  struct rusage u;
  int status;
  wait4(pid, &status, 0, &u);
  posix_spawn(&pid, "/bin/nosuch", NULL, NULL, args, args);
  system("exit 3");
  if ((pid = fork()) == 0) { raise(SIGSEGV); }
  waitpid(pid, &status, 0);
  if ((pid = fork()) == 0) { *(volatile int *)8 = 1; }
  waitpid(pid, &status, 0);
  wait(NULL);
  kill(999999, 0);
  kill(-1 - 999999, SIGTERM);
  tgkill(getpid(), gettid(), 0);
  syscall(SYS_tkill, gettid(), SIGUSR2);
  signal(SIGALRM, handler);
  siginterrupt(SIGALRM, 1);
  ualarm(10000, 0);
  read(open("/dev/tty", O_RDONLY), text, 1);
  int p[2];
  pipe(p);
  read(p[0], text, 10);
  struct itimerval it = {{0, 5000}, {0, 5000}};
  setitimer(ITIMER_REAL, &it, NULL);
  poll(NULL, 0, 100);
  select(0, NULL, NULL, NULL, &(struct timeval){1, 0});
  pause();
  sigset_t m;
  sigemptyset(&m);
  sigsuspend(&m);
  struct pollfd pf = {p[0], POLLIN};
  ppoll(&pf, 1, NULL, &m);
  int ep = epoll_create1(EPOLL_CLOEXEC);
  struct epoll_event ev;
  epoll_wait(ep, &ev, 1, -1);
  it = (struct itimerval){0};
  setitimer(ITIMER_REAL, &it, &it);
  sigprocmask(SIG_UNBLOCK, NULL, &m);
  sigpending(&m);
}
static void files(void) {
  mkdir("/tmp/x\xff\x01\ny", 0755);
  chdir("/tmp/x\xff\x01\ny");
  getcwd(text, sizeof text);
  getcwd(text, 3);
  int f = open("na\tme\"\\\x7f", O_CREAT | O_RDWR | O_EXCL, 0640);
  open("na\tme\"\\\x7f", O_CREAT | O_EXCL, 0640);
  char path[5000];
  memset(path, 'a', 4999);
  path[4999] = 0;
  open(path, 0);
  path[4095] = 0;
  open(path, 0);
  path[255] = 0;
  open(path, O_CREAT, 0600);
  path[256] = 'a';
  memset(path, 'b', 256);
  path[256] = 0;
  mkdir(path, 0);
  for (int i = 0; i < 65536; i++) text[i] = i * 7;
  write(f, text, 65536);
  pread(f, text, 65536, 3);
  lseek(f, 0, SEEK_SET);
  readv(f, (struct iovec[]){{text, 1}, {text, 0}, {text, 40}, {0, 0}}, 4);
  write(f, "", 0);
  write(f, (void *)8, 5);
  read(f, (void *)8, 5);
  write(99, "abc", 3);
  write(-1, text, 3);
  write(f, "1234567890123456789012345678901", 31);
  write(f, "12345678901234567890123456789012", 32);
  write(f, "123456789012345678901234567890123", 33);
  write(f, "\0001\0018\00a", 7);
  open((char *)8, 0);
  open(NULL, 0);
  open("", 0);
  stat((char *)-1, NULL);
  symlink("\xc3\xa9", "link");
  readlink("link", text, 100);
  readlink("link", text, 1);
  readlink("nolink", text, 10);
  struct stat s;
  lstat("link", &s);
  stat("/dev/null", &s);
  fstat(0, &s);
  stat("/dev", NULL);
  syscall(SYS_statx, AT_FDCWD, "/etc/passwd", AT_STATX_DONT_SYNC, STATX_ALL, text);
  statx(f, "", AT_EMPTY_PATH, STATX_SIZE, (void *)text);
  ftruncate(f, 100);
  int g = open("/etc/passwd", O_RDONLY);
  off_t o = 5;
  sendfile(f, g, &o, 10);
  sendfile(f, g, NULL, 10);
  mmap(NULL, 4096, PROT_READ, MAP_SHARED, f, 0x7ffffff000);
  mremap(text, 4096, 8192, MREMAP_MAYMOVE);
  fcntl(f, F_SETLK, &(struct flock){F_WRLCK, SEEK_SET, 5, 10});
  struct flock l = {F_RDLCK};
  fcntl(f, F_GETLK, &l);
  fcntl(f, 12345, 6);
  fcntl(f, F_DUPFD, 50);
  fcntl(f, F_GETFL);
  fcntl(f, F_SETFL, O_APPEND | O_NONBLOCK);
  fcntl(f, F_GETLEASE);
  fcntl(f, F_SETLEASE, F_RDLCK);
  fcntl(f, F_NOTIFY, DN_CREATE);
  fcntl(f, F_OFD_SETLK, &l);
  fcntl(f, F_GETOWN_EX, text);
  fcntl(f, 1036, text);
  fcntl(f,1035,text);
  int d = open(".", O_DIRECTORY | O_CLOEXEC);
  syscall(SYS_getdents64, d, text, 1000);
  syscall(SYS_getdents64, d, text, 1000);
  lseek(d, 0, 0);
  syscall(SYS_getdents, d, text, 1000);
  syscall(SYS_getdents64, d, text, 1);
  syscall(SYS_getdents64, f, text, 100);
  umask(077);
  umask(022);
  access("/", R_OK | W_OK | X_OK);
  access("/none", F_OK);
  faccessat(d, "x", R_OK, AT_SYMLINK_NOFOLLOW);
  utimensat(AT_FDCWD, "link", (struct timespec[]){{0, UTIME_NOW}, {0, UTIME_OMIT}}, AT_SYMLINK_NOFOLLOW);
  utimensat(d, "link", NULL, 0);
  futimens(f, (struct timespec[]){{1, 999999999}, {-1, 5}});
  unlinkat(AT_FDCWD, "..", AT_REMOVEDIR);
  renameat2(AT_FDCWD, "link", d, "link2", RENAME_EXCHANGE);
  link("link", "l3");
  chown("l3", -1, 7);
  fchmod(f, 06755);
  mkfifo("fifo", 0666);
  mknod("sock", S_IFSOCK | 0600, 0);
  mknod("blk", S_IFBLK | 0600, makedev(8, 300));
  stat("blk", &s);
  struct statvfs v;
  statvfs("/proc", &v);
  fsync(f);
  sync();
  syncfs(f);
  getxattr("link", "security.selinux", text, 255);
  listxattr(".", text, 100);
  setxattr("l3", "trusted.overlay.x", "a\0", 2, 0);
  removexattr("l3", "user.q");
  close_range(f, f, 0);
  close(f);
  dup2(g, 77);
  dup2(77, 77);
  dup(-1);
  dup3(g, g, 0);
  int m, sl;
  openpty(&m, &sl, NULL, NULL, &(struct winsize){5, 6, 7, 8});
  struct termios t;
  tcgetattr(sl, &t);
  cfmakeraw(&t);
  tcsetattr(sl, TCSADRAIN, &t);
  tcflush(sl, TCIOFLUSH);
  tcdrain(sl);
  tcsendbreak(sl, 0);
  ioctl(m, TIOCGWINSZ, text);
  ioctl(m, TIOCPKT, &(int){1});
  ioctl(m, FIONBIO, &(int){1});
  ioctl(sl, TIOCSCTTY, 0);
  ioctl(sl, TIOCGETD, text);
  ioctl(m, TIOCINQ, text);
  ioctl(m, TCXONC, TCOOFF);
  ioctl(m, TIOCMGET, text);
  ioctl(99, TCGETS, text);
  ioctl(f, 0x5401, 8);
  ioctl(m, FIOCLEX);
  ioctl(g, FIONREAD, text);
  ioctl(m, _IOWR('T', 200, char[40]), text);
  ioctl(m, _IOR(0, 1, int), 5);
  ioctl(m, 0);
}
static void sockets(void) {
  int one = 1;
  socklen_t n;
  int s = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, IPPROTO_TCP);
  setsockopt(s, SOL_SOCKET, SO_REUSEADDR, &one, 4);
  setsockopt(s, SOL_SOCKET, SO_REUSEPORT, &one, 4);
  setsockopt(s, SOL_SOCKET, SO_KEEPALIVE, &one, 4);
  setsockopt(s, SOL_SOCKET, SO_SNDBUF, &(int){9999}, 4);
  setsockopt(s, IPPROTO_TCP, TCP_KEEPIDLE, &one, 4);
  setsockopt(s, IPPROTO_TCP, TCP_CONGESTION, "reno", 4);
  n = sizeof text;
  getsockopt(s, IPPROTO_TCP, TCP_CONGESTION, text, &n);
  n = 104;
  getsockopt(s, IPPROTO_TCP, TCP_INFO, text, &n);
  n = 8;
  getsockopt(s, SOL_SOCKET, SO_LINGER, text, &n);
  n = 16;
  getsockopt(s, SOL_SOCKET, SO_RCVTIMEO, text, &n);
  n = 4;
  getsockopt(s, SOL_SOCKET, SO_ERROR, text, &n);
  getsockopt(s, SOL_SOCKET, SO_DOMAIN, text, &n);
  getsockopt(s, SOL_SOCKET, SO_PROTOCOL, text, &n);
  getsockopt(s, SOL_SOCKET, SO_ACCEPTCONN, text, &n);
  setsockopt(s, SOL_SOCKET, SO_SNDTIMEO, &(struct timeval){2, 0}, 16);
  setsockopt(s, SOL_SOCKET, SO_BINDTODEVICE, "lo", 3);
  setsockopt(s, 99, 5, text, 4);
  setsockopt(s, IPPROTO_IP, IP_TOS, &(int){16}, 4);
  setsockopt(s, SOL_SOCKET, 1234, &one, 4);
  struct sockaddr_in a = {AF_INET, 0, {htonl(INADDR_LOOPBACK)}};
  bind(s, (void *)&a, sizeof a);
  listen(s, SOMAXCONN);
  n = sizeof a;
  getsockname(s, (void *)&a, &n);
  int c = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
  connect(c, (void *)&a, sizeof a);
  n = sizeof a;
  struct sockaddr_in b;
  int z = accept(s, (void *)&b, &n);
  n = 4;
  getpeername(z, (void *)&b, &n);
  send(c, "hello", 5, MSG_NOSIGNAL | MSG_MORE);
  send(c, "x", 1, MSG_OOB);
  recv(z, text, 100, MSG_PEEK);
  recv(z, text, 100, MSG_WAITALL | MSG_DONTWAIT);
  recv(z, text, 1, MSG_OOB);
  struct pollfd p[2] = {{z, POLLIN | POLLRDHUP | POLLPRI}, {-1, POLLOUT}};
  poll(p, 2, 0);
  shutdown(c, SHUT_RDWR);
  poll(p, 2, 10);
  read(z, text, 10);
  write(z, "a", 1);
  signal(SIGPIPE, SIG_IGN);
  write(z, "a", 1);
  write(z, "b", 1);
  close(z);
  n = 0;
  connect(c, (void *)&a, sizeof a);
  connect(c, NULL, 0);
  bind(99, (void *)&a, 3);
  int v = socket(AF_INET6, SOCK_STREAM, 0);
  struct sockaddr_in6 six = {AF_INET6, htons(1), 0, IN6ADDR_LOOPBACK_INIT, 0};
  connect(v, (void *)&six, sizeof six);
  inet_pton(AF_INET6, "fe80::1:2", &six.sin6_addr);
  six.sin6_scope_id = 1;
  connect(v, (void *)&six, sizeof six);
  inet_pton(AF_INET6, "::ffff:127.0.0.1", &six.sin6_addr);
  connect(v, (void *)&six, sizeof six);
  inet_pton(AF_INET6, "2001:db8::", &six.sin6_addr);
  connect(v, (void *)&six, sizeof six);
  int u[2];
  socketpair(AF_UNIX, SOCK_STREAM, 0, u);
  setsockopt(u[1], SOL_SOCKET, SO_PASSCRED, &one, 4);
  setsockopt(u[1], SOL_SOCKET, SO_TIMESTAMP, &one, 4);
  char cb[CMSG_SPACE(12) + CMSG_SPACE(sizeof(struct ucred))] = {0};
  struct iovec io[2] = {{"he", 2}, {"llo wörld", 10}};
  struct msghdr h = {.msg_iov = io, .msg_iovlen = 2, .msg_control = cb, .msg_controllen = sizeof cb};
  struct cmsghdr *k = CMSG_FIRSTHDR(&h);
  k->cmsg_level = SOL_SOCKET;
  k->cmsg_type = SCM_RIGHTS;
  k->cmsg_len = CMSG_LEN(12);
  memcpy(CMSG_DATA(k), (int[]){0, 1, 2}, 12);
  k = CMSG_NXTHDR(&h, k);
  k->cmsg_level = SOL_SOCKET;
  k->cmsg_type = SCM_CREDENTIALS;
  k->cmsg_len = CMSG_LEN(12);
  memcpy(CMSG_DATA(k), &(struct ucred){getpid(), 0, 0}, 12);
  sendmsg(u[0], &h, MSG_NOSIGNAL);
  char rb[200];
  struct iovec ri[2] = {{text, 3}, {text + 10, 500}};
  h = (struct msghdr){.msg_iov = ri, .msg_iovlen = 2, .msg_control = rb, .msg_controllen = sizeof rb};
  recvmsg(u[1], &h, MSG_CMSG_CLOEXEC);
  h.msg_controllen = 4;
  sendmsg(u[0], &(struct msghdr){.msg_iov = io, .msg_iovlen = 1}, 0);
  recvmsg(u[1], &h, 0);
  recvmsg(u[1], &h, MSG_DONTWAIT);
  recvmsg(99, &h, 0);
  sendmsg(u[0], (void *)8, 0);
  struct sockaddr_un un = {AF_UNIX, "/tmp/so\"ck"};
  int d = socket(AF_UNIX, SOCK_DGRAM, 0);
  bind(d, (void *)&un, sizeof un);
  sendto(d, "self", 4, 0, (void *)&un, sizeof un);
  n = sizeof un;
  recvfrom(d, text, 100, 0, (void *)&un, &n);
  n = 5;
  getsockname(d, (void *)&un, &n);
  connect(d, (void *)&(struct sockaddr){AF_UNSPEC}, 2);
  sendto(d, text, 5000, 0, (void *)&un, 200);
  int q = socket(AF_INET, SOCK_DGRAM, IPPROTO_UDP);
  a.sin_port = 0;
  bind(q, (void *)&a, 16);
  n = 16;
  getsockname(q, (void *)&a, &n);
  struct mmsghdr mm[2] = {{{&a, 16, io, 1}}, {{&a, 16, io, 2}}};
  sendmmsg(q, mm, 2, 0);
  struct mmsghdr rm[3] = {{{&b, 16, ri, 2}}, {{NULL, 0, ri, 2}}, {{NULL, 0, ri, 2}}};
  recvmmsg(q, rm, 3, MSG_WAITFORONE, &(struct timespec){0, 1000000});
  setsockopt(q, IPPROTO_IP, IP_PKTINFO, &one, 4);
  setsockopt(q, IPPROTO_IP, IP_RECVTTL, &one, 4);
  sendto(q, "p", 1, MSG_CONFIRM, (void *)&a, 16);
  h = (struct msghdr){.msg_name = &b, .msg_namelen = 16, .msg_iov = ri, .msg_iovlen = 1, .msg_control = rb, .msg_controllen = sizeof rb};
  recvmsg(q, &h, MSG_TRUNC);
  setsockopt(q, IPPROTO_IP, IP_ADD_MEMBERSHIP, &(struct ip_mreq){{htonl(0xe0000001)}, {htonl(INADDR_LOOPBACK)}}, 8);
  setsockopt(q, IPPROTO_IP, IP_MULTICAST_TTL, &(char){1}, 1);
  setsockopt(q, IPPROTO_IP, IP_MULTICAST_IF, &(struct in_addr){htonl(INADDR_LOOPBACK)}, 4);
  setsockopt(q, SOL_UDP, 103, &(int){1}, 4);
  socket(AF_INET, SOCK_STREAM, IPPROTO_UDP);
  socket(AF_UNIX, 77, 0);
  socket(AF_BLUETOOTH, SOCK_RAW, 3);
  socket(AF_VSOCK, SOCK_STREAM, 0);
  socket(AF_ALG, SOCK_SEQPACKET, 0);
  socketpair(AF_INET, SOCK_STREAM, 0, u);
}
static void traced(void) {
  int pid = fork();
  int st;
  if (pid == 0) { ptrace(PTRACE_TRACEME, 0, 0, 0); for (;;) getppid(), usleep(1000); }
  usleep(5000);
  struct user_regs_struct r;
  ptrace(PTRACE_ATTACH, pid, 0, 0);
  ptrace(PTRACE_SEIZE, pid, 0, PTRACE_O_TRACESYSGOOD | PTRACE_O_TRACEFORK);
  ptrace(PTRACE_GETREGS, pid, 0, &r);
  ptrace(PTRACE_PEEKDATA, pid, text, 0);
  ptrace(PTRACE_PEEKUSER, pid, 8 * 15, 0);
  ptrace(PTRACE_POKEDATA, pid, text, 5);
  ptrace(PTRACE_CONT, pid, 0, SIGUSR1);
  ptrace(PTRACE_SETOPTIONS, pid, 0, PTRACE_O_EXITKILL);
  ptrace(PTRACE_SYSCALL, pid, 0, 0);
  ptrace(PTRACE_GETSIGINFO, pid, 0, text);
  ptrace(PTRACE_GETEVENTMSG, pid, 0, text);
  ptrace(PTRACE_DETACH, pid, 0, 0);
  ptrace(PTRACE_SINGLESTEP, pid, 1, 0);
  ptrace(PTRACE_INTERRUPT, pid, 0, 0);
  ptrace(PTRACE_KILL, pid, 0, 0);
  ptrace(77, pid, 1, 2);
  kill(pid, SIGKILL);
  waitpid(pid, &st, 0);
}
int main(void) {
  threads();
  files();
  sockets();
  traced();
  return 0;
}
