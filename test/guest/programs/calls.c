/* Does a little of everything that programs ask of a kernel: files, failures, memory, signals, threads, processes,
 * pipes, sockets, waiting. Run under strace in the guest, it is the oracle of test/guest/strace.test.ts. */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/select.h>
#include <sys/sendfile.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/sysinfo.h>
#include <sys/time.h>
#include <sys/times.h>
#include <sys/timerfd.h>
#include <sys/uio.h>
#include <sys/un.h>
#include <sys/utsname.h>
#include <sys/vfs.h>
#include <sys/wait.h>
#include <termios.h>
#include <time.h>
#include <unistd.h>

static void onSignal(int number, siginfo_t *info, void *context) { (void)number; (void)info; (void)context; }

static void files(void) {
  char path[] = "/tmp/trapline-XXXXXX", text[128];
  int fd = mkstemp(path);
  struct iovec parts[] = {{"one ", 4}, {"two\n", 4}, {"\x01\x02\xff" "9", 4}};
  writev(fd, parts, 3);
  pwrite(fd, "zz", 2, 100);
  lseek(fd, 0, SEEK_SET);
  read(fd, text, sizeof text);
  pread(fd, text, 10, 2);
  struct stat status;
  fstat(fd, &status);
  stat("/dev/null", &status);
  lstat("/proc/self/exe", &status);
  struct statx extended;
  statx(AT_FDCWD, "/etc", 0, STATX_ALL, &extended);
  struct statfs volume;
  statfs("/proc", &volume);
  ftruncate(fd, 50);
  fsync(fd);
  fchmod(fd, 0604);
  fcntl(fd, F_GETFL);
  fcntl(fd, F_SETFD, FD_CLOEXEC);
  fcntl(fd, F_GETFD);
  int copy = fcntl(fd, F_DUPFD_CLOEXEC, 20);
  struct flock lock = {.l_type = F_WRLCK, .l_whence = SEEK_SET, .l_start = 1, .l_len = 5};
  fcntl(fd, F_SETLK, &lock);
  fcntl(fd, F_GETLK, &lock);
  dup2(copy, 30);
  close(copy);
  close(30);
  close(fd);
  mkdir("/tmp/trapline-dir", 0755);
  rename(path, "/tmp/trapline-dir/new");
  symlink("new", "/tmp/trapline-dir/link");
  readlink("/tmp/trapline-dir/link", text, sizeof text);
  access("/tmp/trapline-dir/new", R_OK | W_OK);
  struct timespec times[] = {{1, 2}, {0, UTIME_OMIT}};
  utimensat(AT_FDCWD, "/tmp/trapline-dir/new", times, 0);
  int dir = open("/tmp/trapline-dir", O_RDONLY | O_DIRECTORY);
  char entries[1024];
  getdents64(dir, entries, sizeof entries);
  getdents64(dir, entries, sizeof entries);
  unlinkat(dir, "link", 0);
  unlinkat(dir, "new", 0);
  close(dir);
  rmdir("/tmp/trapline-dir");
  getcwd(text, sizeof text);
  chdir("/");
  umask(022);
}

static void failures(void) {
  struct stat status;
  open("/does/not/exist", O_RDWR | O_CREAT | O_EXCL, 0640);
  open("/etc", O_WRONLY);
  read(77, NULL, 1);
  close(-1);
  stat((char *)8, &status);
  chdir("/etc/passwd");
  ioctl(77, TIOCGWINSZ, &status);
  kill(-999999, SIGTERM);
  connect(77, NULL, 0);
  mmap(NULL, 0, PROT_READ, MAP_PRIVATE, -1, 0);
  execve("/does/not/exist", (char *[]){"x", "y", NULL}, (char *[]){"A=1", NULL});
  syscall(999, 1, 2, 3);
}

static void memory(void) {
  char *pages = mmap(NULL, 8192, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  madvise(pages, 8192, MADV_DONTNEED);
  mprotect(pages, 4096, PROT_NONE);
  pages = mremap(pages, 8192, 16384, MREMAP_MAYMOVE);
  munmap(pages, 16384);
}

static void facts(void) {
  struct utsname name;
  uname(&name);
  struct rlimit limit;
  getrlimit(RLIMIT_NOFILE, &limit);
  limit.rlim_cur = 512;
  setrlimit(RLIMIT_NOFILE, &limit);
  struct rusage usage;
  getrusage(RUSAGE_SELF, &usage);
  struct termios settings;
  tcgetattr(0, &settings);
  getpid();
  getppid();
  getuid();
  getegid();
  getpgid(0);
  struct timespec now;
  clock_getres(CLOCK_MONOTONIC, &now);
}

static void signals(void) {
  struct sigaction action = {.sa_sigaction = onSignal, .sa_flags = SA_SIGINFO};
  sigaddset(&action.sa_mask, SIGUSR2);
  sigaction(SIGUSR1, &action, NULL);
  sigset_t set;
  sigemptyset(&set);
  sigaddset(&set, SIGUSR1);
  sigprocmask(SIG_BLOCK, &set, NULL);
  raise(SIGUSR1);
  sigpending(&set);
  sigprocmask(SIG_UNBLOCK, &set, NULL);
  sigaction(SIGALRM, &action, NULL);
  struct itimerval timer = {.it_value = {0, 20000}};
  setitimer(ITIMER_REAL, &timer, NULL);
  pause();
  timer.it_value.tv_usec = 20000;
  setitimer(ITIMER_REAL, &timer, NULL);
  nanosleep(&(struct timespec){1, 0}, &(struct timespec){0, 0});
  action.sa_flags |= SA_RESTART;
  sigaction(SIGALRM, &action, NULL);
}

static void processes(void) {
  int ends[2];
  pipe(ends);
  pid_t child = fork();
  if (child == 0) {
    close(ends[0]);
    write(ends[1], "from the child", 14);
    _exit(7);
  }
  close(ends[1]);
  char text[32];
  while (read(ends[0], text, sizeof text) > 0) {}
  int status;
  waitpid(child, &status, 0);
  child = fork();
  if (child == 0) {
    char *arguments[] = {"/bin/sh", "-c", "kill -9 $$", NULL};
    execv(arguments[0], arguments);
    _exit(1);
  }
  struct rusage usage;
  wait4(child, &status, 0, &usage);
  wait4(-1, &status, WNOHANG, NULL);
}

static void *thread(void *argument) {
  for (int i = 0; i < 3; i++) {
    getpid();
    usleep(1000);
  }
  return argument;
}

static void threads(void) {
  pthread_t all[3];
  for (int i = 0; i < 3; i++) pthread_create(&all[i], NULL, thread, NULL);
  for (int i = 0; i < 3; i++) pthread_join(all[i], NULL);
}

static void sockets(void) {
  int pair[2], one = 1;
  socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair);
  struct iovec part = {"with a descriptor", 17};
  char control[CMSG_SPACE(sizeof(int))] = {0};
  struct msghdr message = {.msg_iov = &part, .msg_iovlen = 1, .msg_control = control, .msg_controllen = sizeof control};
  struct cmsghdr *header = CMSG_FIRSTHDR(&message);
  header->cmsg_level = SOL_SOCKET;
  header->cmsg_type = SCM_RIGHTS;
  header->cmsg_len = CMSG_LEN(sizeof(int));
  memcpy(CMSG_DATA(header), &(int){1}, sizeof(int));
  sendmsg(pair[0], &message, 0);
  char text[64];
  part.iov_base = text;
  part.iov_len = sizeof text;
  recvmsg(pair[1], &message, 0);
  int server = socket(AF_INET, SOCK_STREAM, 0);
  setsockopt(server, SOL_SOCKET, SO_REUSEADDR, &one, sizeof one);
  struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons(7777), .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
  bind(server, (struct sockaddr *)&address, sizeof address);
  listen(server, 4);
  int client = socket(AF_INET, SOCK_STREAM, IPPROTO_TCP);
  connect(client, (struct sockaddr *)&address, sizeof address);
  struct sockaddr_in peer;
  socklen_t length = sizeof peer;
  int accepted = accept(server, (struct sockaddr *)&peer, &length);
  getsockname(accepted, (struct sockaddr *)&peer, &length);
  length = sizeof one;
  getsockopt(accepted, SOL_SOCKET, SO_ERROR, &one, &length);
  send(client, "hello\n", 6, MSG_NOSIGNAL);
  recv(accepted, text, sizeof text, 0);
  shutdown(client, SHUT_RDWR);
  struct sockaddr_un path = {.sun_family = AF_UNIX, .sun_path = "/tmp/trapline.sock"};
  bind(socket(AF_UNIX, SOCK_DGRAM, 0), (struct sockaddr *)&path, sizeof path);
  struct pollfd wanted[] = {{accepted, POLLIN, 0}, {pair[0], POLLIN | POLLOUT, 0}};
  poll(wanted, 2, 100);
  poll(wanted + 1, 0, 1);
  int epoll = epoll_create1(EPOLL_CLOEXEC);
  struct epoll_event event = {.events = EPOLLIN, .data.u64 = 5};
  epoll_ctl(epoll, EPOLL_CTL_ADD, accepted, &event);
  epoll_wait(epoll, &event, 1, 100);
  fd_set set;
  FD_ZERO(&set);
  FD_SET(accepted, &set);
  select(accepted + 1, &set, NULL, NULL, &(struct timeval){0, 1000});
  int counter = eventfd(3, EFD_NONBLOCK);
  read(counter, text, 8);
  read(counter, text, 8);
  int timer = timerfd_create(CLOCK_MONOTONIC, 0);
  timerfd_settime(timer, 0, &(struct itimerspec){.it_value = {0, 1000000}}, NULL);
  read(timer, text, 8);
}

/* What only a signal that interrupts no call, an untouched page or a failure in the middle of things shows. */
static void corners(void) {
  struct sigaction action = {.sa_sigaction = onSignal, .sa_flags = SA_SIGINFO};
  sigaction(SIGVTALRM, &action, NULL);
  sigaction(SIGPIPE, &action, NULL);
  struct itimerval timer = {.it_value = {0, 5000}};
  setitimer(ITIMER_VIRTUAL, &timer, NULL);
  for (volatile long i = 0; i < 3000000; i++) {}
  int ends[2];
  pipe(ends);
  sigaction(SIGALRM, &action, NULL);
  setitimer(ITIMER_REAL, &timer, NULL);
  read(ends[0], &timer, 8);
  struct itimerval once = {.it_value = {0, 5000}};
  setitimer(ITIMER_REAL, &once, NULL);
  struct timespec left;
  nanosleep(&(struct timespec){1, 0}, &left);
  sigset_t none;
  sigemptyset(&none);
  pselect(0, NULL, NULL, NULL, &(struct timespec){0, 1000}, &none);
  struct iovec many[40];
  for (int i = 0; i < 40; i++) many[i] = (struct iovec){"x", 1};
  writev(ends[1], many, 40);
  readv(-1, many, 3);
  many[1].iov_base = (void *)8;
  writev(ends[1], many, 3);
  int in = open("/etc/passwd", O_RDONLY), out = open("/tmp/trapline-copy", O_RDWR | O_CREAT, 0600);
  off_t from = 5;
  sendfile(out, in, &from, 10);
  write(out, "", 0);
  timer_t alarm;
  timer_create(CLOCK_MONOTONIC, NULL, &alarm);
  timer_delete(alarm);
  struct mmsghdr messages[2] = {{{.msg_iov = many, .msg_iovlen = 1}}, {{.msg_iov = many + 2, .msg_iovlen = 2}}};
  int pair[2];
  socketpair(AF_UNIX, SOCK_DGRAM, 0, pair);
  sendmmsg(pair[0], messages, 2, 0);
  recvmsg(-1, &messages[0].msg_hdr, 0);
  fcntl(in, F_GETLK, &(struct flock){.l_type = F_RDLCK});
  mknod("/tmp/trapline-fifo", S_IFIFO | 0600, 0);
}

int main(void) {
  files();
  failures();
  memory();
  facts();
  signals();
  processes();
  threads();
  sockets();
  corners();
  return 5;
}
