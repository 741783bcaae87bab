// Every way to a descriptor that a process can find: after each step what the kernel shows of them in /proc.
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <linux/io_uring.h>
#include <linux/landlock.h>
#include <linux/openat2.h>
#include <linux/perf_event.h>
#include <mqueue.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/fanotify.h>
#include <sys/inotify.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/timerfd.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>
#include "shown-files.h"

static void clear(void) { close_range(3, 199, 0); }

static void events(void) {
  sigset_t set;
  sigemptyset(&set);
  sigaddset(&set, SIGUSR1);
  epoll_create1(EPOLL_CLOEXEC);
  eventfd(1, EFD_NONBLOCK);
  timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC);
  int s = signalfd(-1, &set, SFD_CLOEXEC);
  sigaddset(&set, SIGUSR2);
  signalfd(s, &set, 0);
  int in = inotify_init1(IN_CLOEXEC);
  fanotify_init(FAN_CLASS_NOTIF | FAN_CLOEXEC, O_RDONLY);
  syscall(SYS_userfaultfd, O_CLOEXEC | 1);
  syscall(SYS_memfd_create, "mem", 1);
  syscall(SYS_pidfd_open, getpid(), 0);
  report("events");
  clear();
}
static void more(void) {
  struct io_uring_params params = {0};
  syscall(SYS_io_uring_setup, 8, &params);
  struct perf_event_attr attr = {.type = PERF_TYPE_SOFTWARE, .size = sizeof attr, .config = PERF_COUNT_SW_TASK_CLOCK};
  syscall(SYS_perf_event_open, &attr, 0, -1, -1, 0);
  struct landlock_ruleset_attr rules = {.handled_access_fs = 1};
  syscall(SYS_landlock_create_ruleset, &rules, sizeof rules, 0);
  syscall(SYS_open_tree, AT_FDCWD, "/tmp/k", 0);
  syscall(SYS_fsopen, "tmpfs", 0);
  mq_open("/queue", O_CREAT | O_RDWR, 0600, NULL);
  syscall(SYS_memfd_secret, 0);
  report("more");
  mq_unlink("/queue");
  clear();
}
static void opens(void) {
  int folder = open("/tmp/k", O_PATH | O_DIRECTORY);
  struct open_how how = {.flags = O_RDWR | O_CREAT, .mode = 0600, .resolve = RESOLVE_BENEATH};
  int a = syscall(SYS_openat2, folder, "a", &how, sizeof how);
  how = (struct open_how){.flags = O_RDWR, .resolve = RESOLVE_IN_ROOT};
  syscall(SYS_openat2, folder, "/a", &how, sizeof how);
  how = (struct open_how){.flags = O_RDWR, .resolve = RESOLVE_IN_ROOT};
  syscall(SYS_openat2, folder, "/../../a", &how, sizeof how);
  symlink("a", "/tmp/k/link");
  symlink("/tmp/k/folder", "/tmp/k/other");
  mkdir("/tmp/k/folder", 0700);
  open("/tmp/k/link", O_RDONLY);
  open("/tmp/k/other/../link", O_RDONLY);
  open("/tmp/k/other/new", O_CREAT | O_RDWR, 0600);
  open("/tmp/k/link", O_PATH | O_NOFOLLOW);
  open("/proc/self/fd/3", O_RDONLY | O_DIRECTORY);
  char path[100];
  sprintf(path, "/proc/%d/fd/%d", getpid(), a);
  open(path, O_RDONLY);
  open("/proc/self/cwd/a", O_RDONLY);
  open("/proc/self/root/tmp/k/a", O_RDONLY);
  open("/dev/stdin", O_RDONLY);
  openat(folder, "../k//./a", O_RDONLY);
  open("a/", O_RDONLY);
  report("opens");
  clear();
}
static void gone(void) {
  int a = open("gone", O_CREAT | O_RDWR, 0600);
  unlink("gone");
  int t = open("/dev/shm", O_TMPFILE | O_RDWR, 0600);
  char path[64];
  sprintf(path, "/proc/self/fd/%d", t);
  linkat(AT_FDCWD, path, AT_FDCWD, "/dev/shm/named", AT_SYMLINK_FOLLOW);
  int b = open("b1", O_CREAT | O_RDWR, 0600), c = open("c1", O_CREAT | O_RDWR, 0600);
  syscall(SYS_renameat2, AT_FDCWD, "b1", AT_FDCWD, "c1", 2);
  rename("c1", "d1");
  int e = open("e1", O_CREAT | O_RDWR, 0600);
  rename("d1", "e1");
  link("e1", "f1");
  unlink("e1");
  report("gone");
  clear();
}
static void folders(void) {
  mkdir("in", 0755);
  mkdir("in/deep", 0755);
  int folder = open("in", O_RDONLY);
  chdir("in/deep");
  open("x", O_CREAT | O_RDWR, 0600);
  rename("/tmp/k/in", "/tmp/k/out");
  open("y", O_CREAT | O_RDWR, 0600);
  fchdir(folder);
  open("z", O_CREAT | O_RDWR, 0600);
  report("renamed-folder");
  symlink("/tmp/k/out/deep", "/tmp/k/short");
  chdir("/tmp/k/short");
  open("w", O_RDWR | O_CREAT, 0600);
  chdir("..");
  report("linked-folder");
  clear();
  chdir("/tmp/k");
}
static void dups(void) {
  int a = open("a", O_RDWR | O_CREAT, 0600);
  dup(a);
  dup2(a, 30);
  dup2(a, a);
  dup3(a, 31, O_CLOEXEC);
  fcntl(a, F_DUPFD, 40);
  fcntl(a, F_DUPFD_CLOEXEC, 40);
  ioctl(30, FIOCLEX);
  ioctl(31, FIONCLEX);
  report("dups");
  if (fork() == 0) {
    execl("/proc/self/exe", "kinds", "dups-executed", NULL);
  }
  wait(NULL);
  int cloned = syscall(SYS_pidfd_open, getpid(), 0);
  syscall(SYS_pidfd_getfd, cloned, a, 0);
  report("getfd");
  clear();
}
static void pass(int socket, int *fds, int count, int many) {
  char byte = 'x', room[CMSG_SPACE(sizeof(int) * 8)] = {0};
  struct iovec part = {&byte, 1};
  struct mmsghdr message = {.msg_hdr = {.msg_iov = &part, .msg_iovlen = 1, .msg_control = room, .msg_controllen = CMSG_SPACE(sizeof(int) * count)}};
  struct cmsghdr *control = CMSG_FIRSTHDR(&message.msg_hdr);
  control->cmsg_level = SOL_SOCKET;
  control->cmsg_type = SCM_RIGHTS;
  control->cmsg_len = CMSG_LEN(sizeof(int) * count);
  memcpy(CMSG_DATA(control), fds, sizeof(int) * count);
  if (many) sendmmsg(socket, &message, 1, 0); else sendmsg(socket, &message.msg_hdr, 0);
}
static void take(int socket, int many, int room) {
  char byte, space[CMSG_SPACE(sizeof(int) * 8)];
  struct iovec part = {&byte, 1};
  struct mmsghdr message = {.msg_hdr = {.msg_iov = &part, .msg_iovlen = 1, .msg_control = space, .msg_controllen = CMSG_LEN(sizeof(int) * room)}};
  if (many) recvmmsg(socket, &message, 1, MSG_CMSG_CLOEXEC, NULL); else recvmsg(socket, &message.msg_hdr, 0);
}
static void messages(void) {
  int ends[2], other[2];
  socketpair(AF_UNIX, SOCK_DGRAM, 0, ends);
  socketpair(AF_UNIX, SOCK_STREAM, 0, other);
  int a = open("a", O_RDWR | O_CREAT, 0600), b = open("b", O_RDWR | O_CREAT, 0600), c = open("c", O_CREAT | O_RDWR, 0600);
  int two[] = {a, b}, swapped[] = {c, a};
  pass(ends[0], two, 2, 0);
  pass(other[0], swapped, 2, 1);
  take(other[1], 0, 2);
  take(ends[1], 1, 2);
  report("passed");
  pass(ends[0], two, 2, 0);
  take(ends[1], 0, 1);
  report("truncated");
  clear();
}
static void pidfds(void) {
  int pidfd = -1;
  int pid = syscall(SYS_clone, 0x1000 | SIGCHLD, 0, &pidfd, 0, 0);
  if (pid == 0) { report("pidfd-child"); _exit(0); }
  waitpid(pid, NULL, 0);
  struct { uint64_t flags, pidfd, child_tid, parent_tid, exit_signal, stack, stack_size, tls; } args = {0x1000, (uintptr_t)&pidfd, 0, 0, SIGCHLD};
  pid = syscall(SYS_clone3, &args, sizeof args);
  if (pid == 0) _exit(0);
  waitpid(pid, NULL, 0);
  report("pidfds");
  clear();
}
static void terminals(void) {
  int master = posix_openpt(O_RDWR | O_NOCTTY);
  grantpt(master); unlockpt(master);
  ioctl(master, TIOCGPTPEER, O_RDWR | O_NOCTTY);
  report("terminals");
  clear();
}
static void handles(void) {
  struct { struct file_handle head; char bytes[128]; } handle = {.head.handle_bytes = 128};
  int mount;
  open("/dev/shm/h", O_CREAT | O_RDWR, 0600);
  name_to_handle_at(AT_FDCWD, "/dev/shm/h", &handle.head, &mount, 0);
  int folder = open("/dev/shm", O_RDONLY);
  if (open_by_handle_at(folder, &handle.head, O_RDONLY) < 0) perror("handle");
  report("handles");
  clear();
}
static void mounts(void) {
  if (unshare(CLONE_NEWNS) != 0) perror("ns");
  mount("none", "/", NULL, MS_REC | MS_PRIVATE, NULL);
  mkdir("m", 0755); mkdir("n", 0755);
  mount("none", "m", "tmpfs", 0, NULL);
  open("m/f", O_CREAT | O_RDWR, 0600);
  mount("m", "n", NULL, MS_BIND, NULL);
  open("n/f", O_RDONLY);
  report("mounts");
  chdir("m");
  mkdir("old", 0755);
  if (syscall(SYS_pivot_root, ".", "old") != 0) perror("pivot");
  chdir("/");
  open("/f", O_RDONLY);
  open("/old/tmp/k/a", O_RDONLY);
  chroot("/old");
  chdir("/tmp/k");
  open("/tmp/k/b", O_RDONLY | O_CREAT, 0600);
  report("pivoted");
}

int main(int argc, char **argv) {
  if (argc > 1) { report(argv[1]); return 0; }
  mkdir("/tmp/k", 0755);
  chdir("/tmp/k");
  events(); more(); opens(); gone(); folders(); dups(); messages(); pidfds(); terminals(); handles(); 
  if (fork() == 0) { mounts(); return 0; }
  wait(NULL);
  return 0;
}
