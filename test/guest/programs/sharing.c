// Who shares descriptors and folders with whom: each step prints what the kernel shows of the task in /proc.
#define _GNU_SOURCE
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/sched.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <spawn.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/fanotify.h>
#include <sys/inotify.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/timerfd.h>
#include <sys/wait.h>
#include <unistd.h>
#include "shown-files.h"

extern char **environ;

static int file(const char *name) {
  char path[100];
  snprintf(path, sizeof path, "/tmp/s/%s", name);
  return open(path, O_CREAT | O_RDWR, 0600);
}

static pthread_barrier_t barrier;
static void meet(void) { pthread_barrier_wait(&barrier); }

static void *unsharing(void *unused) {
  unshare(CLONE_FILES);
  file("thread-own");
  meet();
  meet();
  report("unshared-thread");
  meet();
  return NULL;
}

static void *ranged(void *unused) {
  syscall(SYS_close_range, 10, 100, CLOSE_RANGE_UNSHARE);
  meet();
  meet();
  report("ranged-thread");
  meet();
  return NULL;
}

static void *walking(void *unused) {
  unshare(CLONE_FS);
  chdir("/tmp/s/b");
  meet();
  meet();
  open("in-b", O_CREAT | O_RDWR, 0600);
  report("walked-thread");
  meet();
  return NULL;
}

static void with(void *(*what)(void *), const char *step) {
  pthread_t thread;
  pthread_barrier_init(&barrier, NULL, 2);
  pthread_create(&thread, NULL, what, NULL);
  meet();
  if (what == unsharing) file("main-own");
  if (what == walking) open("in-a", O_CREAT | O_RDWR, 0600);
  report(step);
  meet();
  meet();
  pthread_join(thread, NULL);
}

static int sharing(void *unused) {
  file("shared-child");
  close(9);
  chdir("/tmp/s/b");
  report("sharing-child");
  _exit(0);
}

static char *program;
static void *executing(void *unused) {
  unshare(CLONE_FILES);
  file("before-exec");
  int fd = file("cloexec");
  fcntl(fd, F_SETFD, FD_CLOEXEC);
  execl(program, program, "executed", NULL);
  return NULL;
}

static void *executing_shared(void *unused) {
  execl(program, program, "executed-shared", NULL);
  return NULL;
}

static int keeping(void *arg) {
  int *ends = arg;
  char c;
  // Shares the table; the other one executes, and is alone then.
  read(ends[0], &c, 1);
  report("kept");
  _exit(0);
}

static pid_t spawned(void (*what)(void)) {
  pid_t pid = fork();
  if (pid == 0) {
    what();
    _exit(0);
  }
  waitpid(pid, NULL, 0);
  return pid;
}

static void threads(void) {
  chdir("/tmp/s/a");
  file("common");
  with(unsharing, "unshared-main");
  report("unshared-after");
  dup2(3, 20);
  with(ranged, "ranged-main");
  with(walking, "walked-main");
}

static char stack[65536];
static void clones(void) {
  file("one");
  dup2(3, 9);
  chdir("/tmp/s/a");
  int pid = clone(sharing, stack + sizeof stack, CLONE_VM | CLONE_FILES | CLONE_FS | SIGCHLD, NULL);
  waitpid(pid, NULL, 0);
  report("sharing-parent");
  pid = clone(sharing, stack + sizeof stack, CLONE_VM | CLONE_VFORK | SIGCHLD, NULL);
  waitpid(pid, NULL, 0);
  report("vforked-parent");
}

static void thread_executes(void) {
  pthread_t thread;
  file("main-file");
  pthread_create(&thread, NULL, executing, NULL);
  pthread_join(thread, NULL);
}

static void thread_executes_shared(void) {
  pthread_t thread;
  file("main-file");
  fcntl(file("cloexec"), F_SETFD, FD_CLOEXEC);
  pthread_create(&thread, NULL, executing_shared, NULL);
  pthread_join(thread, NULL);
}

static void exec_of_shared(void) {
  int ends[2];
  pipe2(ends, O_CLOEXEC);
  file("kept-file");
  if (clone(keeping, stack + sizeof stack, CLONE_FILES | SIGCHLD, ends) > 0) {
    fcntl(ends[1], F_DUPFD, 50);
    execl(program, program, "executed-alone", NULL);
  }
}

// A number that was used before: by another process, with other files.
static void reused(void) {
  int first = fork();
  if (first == 0) {
    file("of-first");
    chdir("/tmp/s/b");
    report("first-of-number");
    _exit(0);
  }
  waitpid(first, NULL, 0);
  file("later");
  char text[20];
  int last = open("/proc/sys/kernel/ns_last_pid", O_WRONLY);
  write(last, text, sprintf(text, "%d", first - 1));
  close(last);
  int again = fork();
  if (again == 0) {
    report("second-of-number");
    _exit(again);
  }
  waitpid(again, NULL, 0);
  if (first != again) printf("not reused\n");
  // A third, by vfork: it runs before its parent's call returns.
  last = open("/proc/sys/kernel/ns_last_pid", O_WRONLY);
  write(last, text, sprintf(text, "%d", first - 1));
  close(last);
  file("third");
  again = clone(sharing, stack + sizeof stack, CLONE_VM | CLONE_VFORK | SIGCHLD, NULL);
  waitpid(again, NULL, 0);
}

static void spaces(void) {
  file("outside");
  if (unshare(CLONE_NEWPID) != 0) perror("newpid");
  int pid = fork();
  if (pid == 0) {
    file("in-space");
    int inner = fork();
    if (inner == 0) {
      report("inner");
      _exit(0);
    }
    file("not-of-inner");
    waitpid(inner, NULL, 0);
    report("space");
    _exit(0);
  }
  waitpid(pid, NULL, 0);
  report("outside");
}

static void orphans(void) {
  prctl(PR_SET_CHILD_SUBREAPER, 1);
  file("grand");
  int pid = fork();
  if (pid == 0) {
    file("parent");
    if (fork() == 0) {
      usleep(20000);
      report("orphan");
      _exit(3);
    }
    _exit(2);
  }
  waitpid(pid, NULL, 0);
  wait(NULL);
}

static void spawn(void) {
  posix_spawn_file_actions_t actions;
  pid_t pid;
  char *argv[] = {program, "spawned", NULL};
  file("inherited");
  posix_spawn_file_actions_init(&actions);
  posix_spawn_file_actions_addopen(&actions, 40, "/tmp/s/for-child", O_CREAT | O_WRONLY, 0600);
  posix_spawn_file_actions_adddup2(&actions, 40, 41);
  posix_spawn_file_actions_addchdir_np(&actions, "/tmp/s/b");
  posix_spawn(&pid, program, &actions, NULL, argv, environ);
  waitpid(pid, NULL, 0);
}

int main(int argc, char **argv) {
  program = argv[0];
  if (argc > 1) {
    report(argv[1]);
    if (strcmp(argv[1], "executed-alone") == 0) {
      write(50, "x", 1);
      wait(NULL);
    }
    return 7;
  }
  mkdir("/tmp/s", 0755);
  mkdir("/tmp/s/a", 0755);
  mkdir("/tmp/s/b", 0755);
  spawned(threads);
  spawned(clones);
  spawned(thread_executes);
  spawned(thread_executes_shared);
  spawned(exec_of_shared);
  spawned(reused);
  spawned(spaces);
  spawned(orphans);
  spawned(spawn);
  return 0;
}
