// Memory of one process that is written to by every other way than its own address. Says before each what comes.
#define _GNU_SOURCE
#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <unistd.h>

#define PRIVATE ((char *)0x20000000)
#define SHARED ((char *)0x20010000)
#define DIRECT ((char *)0x20020000)

static int turn[2], done[2];

static void say(const char *what) { printf("# %s\n", what); }

static void map(char *at, int flags, int fd) { mmap(at, 4096, PROT_READ | PROT_WRITE, MAP_FIXED | flags, fd, 0); }

static void pause_target(void) {
  char byte;
  write(done[1], "", 1);
  read(turn[0], &byte, 1);
}

static void let_target(void) {
  char byte;
  write(turn[1], "", 1);
  read(done[0], &byte, 1);
}

/** Another name in the target's memory. */
static void *keep_busy(void *unused) {
  prctl(PR_SET_NAME, "helper");
  for (;;) usleep(1000);
}

static void target(int file, const char *path) {
  prctl(PR_SET_NAME, "target");
  map(PRIVATE, MAP_PRIVATE | MAP_ANONYMOUS, -1);
  map(SHARED, MAP_SHARED, file);
  map(DIRECT, MAP_PRIVATE | MAP_ANONYMOUS, -1);
  pthread_t helper;
  pthread_create(&helper, 0, keep_busy, 0);
  pause_target(); // nothing touched yet
  PRIVATE[16] = SHARED[16] = 1;
  pause_target();
  map(PRIVATE, MAP_PRIVATE | MAP_ANONYMOUS, -1); // another frame
  pause_target();
  int self = open("/proc/self/mem", O_RDWR);
  say("self");
  pwrite(self, "s", 1, (long)PRIVATE + 1);
  if (fork() == 0) {
    prctl(PR_SET_NAME, "other");
    PRIVATE[2] = 2; // its own copy, and not the target's
    _exit(0);
  }
  wait(0);
  say("copied");
  PRIVATE[3] = 3;
  int direct = open(path, O_RDONLY | O_DIRECT);
  say("direct");
  read(direct, DIRECT, 4096);
  pause_target();
  _exit(0);
}

static void put(pid_t pid, char *at, const char *text) {
  struct iovec from = {(void *)text, strlen(text)}, to = {at, strlen(text)};
  if (process_vm_writev(pid, &from, 1, &to, 1, 0) < 0) perror("process_vm_writev");
}

int main(int argc, char **argv) {
  setvbuf(stdout, 0, _IOLBF, 4096);
  int file = memfd_create("shared", 0);
  ftruncate(file, 4096);
  pipe(turn);
  pipe(done);
  char byte, path[64];
  pid_t pid = fork();
  if (pid == 0) target(file, argv[1]);
  read(done[0], &byte, 1);
  usleep(5000); // the helper goes on
  say("untouched");
  put(pid, PRIVATE + 8, "untouched");
  let_target();
  say("vm");
  put(pid, PRIVATE + 4, "vm");
  say("edge");
  put(pid, PRIVATE + 62, "edge");
  say("beyond");
  put(pid, PRIVATE + 64, "beyond");
  sprintf(path, "/proc/%d/mem", pid);
  int memory = open(path, O_RDWR);
  say("mem");
  pwrite(memory, "m", 1, (long)PRIVATE + 24);
  ptrace(PTRACE_ATTACH, pid, 0, 0);
  waitpid(pid, 0, 0);
  say("poke");
  ptrace(PTRACE_POKEDATA, pid, PRIVATE + 32, 0x656b6f70);
  ptrace(PTRACE_DETACH, pid, 0, 0);
  char *shared = mmap(0, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, file, 0);
  say("shared");
  shared[5] = 'S';
  say("file");
  pwrite(file, "f", 1, 6);
  let_target();
  usleep(5000);
  say("moved");
  put(pid, PRIVATE + 7, "moved");
  let_target();
  say("apart");
  put(pid, PRIVATE + 9, "apart");
  write(turn[1], "", 1);
  waitpid(pid, 0, 0);
  say("gone");
  // What was the target's memory is anybody's now.
  char *many = mmap(0, 16 << 20, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_POPULATE, -1, 0);
  memset(many, 5, 16 << 20);
  return 0;
}
