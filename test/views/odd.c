// Processes that are hard to tell of: odd names, programs that are deleted, unnamed or under another root, other namespaces. Says
// of each, in hexadecimal, what /proc says: pid, name, state, uid, arguments, program, first open file.
#define _GNU_SOURCE
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#define NAMES 7
static const char *names[NAMES] = {"a b", "new\nline", "(round)", "[square]", "a) R (b", "tab\t\\", ""};

static void rest(void) {
  for (;;) pause();
}

static void copy(const char *path) {
  char block[4096];
  int from = open("/proc/self/exe", O_RDONLY), to = open(path, O_CREAT | O_WRONLY, 0755);
  for (long n; (n = read(from, block, sizeof block)) > 0;) write(to, block, n);
  close(from);
  close(to);
}

static void hex(const char *bytes, long length) {
  putchar('|');
  for (long i = 0; i < length; i++) printf("%02x", (unsigned char)bytes[i]);
}

static long contents(int pid, const char *file, char *bytes) {
  char path[64];
  sprintf(path, "/proc/%d/%s", pid, file);
  int fd = open(path, O_RDONLY);
  long length = fd < 0 ? -1 : read(fd, bytes, 4095);
  if (fd >= 0) close(fd);
  bytes[length < 0 ? 0 : length] = 0;
  return length;
}

static void tell(int pid) {
  char bytes[4096], path[64];
  if (contents(pid, "status", bytes) < 0) return;
  int uid = atoi(strstr(bytes, "\nUid:") + 5);
  printf("%d|%c|%d", pid, strstr(bytes, "\nState:")[8], uid);
  hex(bytes, contents(pid, "comm", bytes) - 1);
  hex(bytes, contents(pid, "cmdline", bytes));
  sprintf(path, "/proc/%d/exe", pid);
  hex(bytes, readlink(path, bytes, sizeof bytes));
  sprintf(path, "/proc/%d/fd/9", pid);
  hex(bytes, readlink(path, bytes, sizeof bytes));
  putchar('\n');
}

int main(int argc, char **argv, char **environment) {
  if (argc > 1) {
    dup2(open("/opened", O_CREAT | O_RDWR, 0600), 9);
    rest();
  }
  int first = getpid() + 1;
  for (int i = 0; i < NAMES; i++)
    if (fork() == 0) prctl(PR_SET_NAME, names[i]), rest();
  mkdir("/tmp/root", 0755);
  copy("/tmp/root/inside");
  copy("/tmp/sp ace\nline");
  copy("/tmp/deleted");
  if (fork() == 0) execl("/tmp/deleted", "deleted", "with space", "", NULL);
  if (fork() == 0) execl("/tmp/sp ace\nline", "sp", "x", NULL);
  if (fork() == 0) {
    int unnamed = memfd_create("mem exe", 0), from = open("/proc/self/exe", O_RDONLY);
    char block[4096];
    for (long n; (n = read(from, block, sizeof block)) > 0;) write(unnamed, block, n);
    fexecve(unnamed, (char *[]){"unnamed", "x", NULL}, environment);
  }
  if (fork() == 0) {
    chroot("/tmp/root");
    chdir("/");
    execl("/inside", "inside", "x", NULL);
  }
  if (fork() == 0) {
    unshare(CLONE_NEWPID | CLONE_NEWNS);
    if (fork() == 0) {
      mount("t", "/mnt", "tmpfs", 0, 0);
      dup2(open("/mnt/own", O_CREAT | O_RDWR, 0600), 9);
      setuid(4321);
    }
    rest();
  }
  if (fork() == 0) {
    memset(argv[0], 'X', strlen(argv[0]));
    rest();
  }
  if (fork() == 0) _exit(3);
  int stopped = fork();
  if (stopped == 0) rest();
  usleep(100000);
  kill(stopped, SIGSTOP);
  unlink("/tmp/deleted");
  usleep(10000);
  for (int pid = first; pid < first + 40; pid++) tell(pid);
  fflush(stdout);
  return 0;
}
