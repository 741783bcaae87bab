/* Processes that end in every way. Each line that it prints is one that the table of processes is to have: number, status or
 * signal, - for what nobody was told, and what they executed. */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

static char *program;

static int global(void) {
  char self[32] = "";
  readlink("/proc/self", self, sizeof self - 1);
  return atoi(self);
}

static void tell(int pid, int status, const char *how) {
  if (WIFEXITED(status)) dprintf(1, "%d %d - %s\n", pid, WEXITSTATUS(status), how);
  else dprintf(1, "%d - %d %s\n", pid, WTERMSIG(status), how);
}

static void *leaving(void *unused) { usleep(2000); exit(21); }
static void *idle(void *unused) { for (;;) pause(); }
static void *executing(void *unused) { execl(program, program, "22", NULL); return NULL; }
static void *last(void *unused) { usleep(5000); return NULL; }

static void thread(void *(*what)(void *)) {
  pthread_t made;
  pthread_create(&made, NULL, what, NULL);
}

static void exits(void) { exit(3); }
static void exits_high(void) { syscall(SYS_exit_group, 0x1ff); }
static void exits_alone(void) { syscall(SYS_exit, 5); }
static void terminated(void) { raise(SIGTERM); }
static int *volatile nowhere;
static void faults(void) { *nowhere = 1; }
static void aborts(void) { abort(); }
static void stops(void) { raise(SIGSTOP); exit(6); }
static void pauses(void) { for (;;) pause(); }
static void computes(void) { for (;;) ; }
static void thread_exits(void) { thread(idle); thread(leaving); pause(); }
static void thread_executes(void) { thread(idle); thread(executing); pause(); }
static void main_first(void) { thread(last); pthread_exit(NULL); }
static void thread_faults(void) { thread(idle); faults(); }
static void executes(void) { execl(program, program, "9", NULL); }
static void executes_link(void) { int fd = open(program, O_RDONLY | O_CLOEXEC); fexecve(fd, (char *[]){program, "10", NULL}, environ); }
static void limit(void) { setrlimit(RLIMIT_CPU, &(struct rlimit){1, 1}); raise(SIGXCPU); }
static void pipes(void) { int ends[2]; pipe(ends); close(ends[0]); write(ends[1], "x", 1); }

static void one(void (*what)(void), const char *how, int kill_by) {
  int status, pid = fork();
  if (pid == 0) { what(); _exit(99); }
  if (kill_by) { usleep(2000); kill(pid, kill_by); }
  while (waitpid(pid, &status, WUNTRACED) == pid && WIFSTOPPED(status)) kill(pid, SIGCONT);
  tell(pid, status, how);
}

/* Its own end is not its parent's to tell. */
static void unwaited(void) {
  int pid = fork();
  if (pid == 0) exit(30);
  waitpid(pid, NULL, 0);
  dprintf(1, "%d 30 - unwaited\n", pid);
  if ((pid = fork()) == 0) { for (;;) pause(); }
  usleep(1000);
  kill(pid, SIGKILL);
  waitpid(pid, NULL, 0);
  dprintf(1, "%d - - killed-untold\n", pid);
  siginfo_t info;
  if ((pid = fork()) == 0) { for (;;) pause(); }
  kill(pid, SIGUSR1);
  waitid(P_PID, pid, &info, WEXITED | WNOWAIT);
  waitid(P_PID, pid, &info, WEXITED);
  dprintf(1, "%d - %d waitid\n", pid, info.si_status);
  signal(SIGCHLD, SIG_IGN);
  if ((pid = fork()) == 0) exit(31);
  usleep(20000);
  dprintf(1, "%d 31 - ignored\n", pid);
  signal(SIGCHLD, SIG_DFL);
  if ((pid = vfork()) == 0) _exit(32);
  waitpid(pid, NULL, 0);
  dprintf(1, "%d 32 - vforked\n", pid);
}

static void orphans(void) {
  int status, ends[2], orphan;
  prctl(PR_SET_CHILD_SUBREAPER, 1);
  pipe(ends);
  int pid = fork();
  if (pid == 0) {
    if ((orphan = fork()) == 0) { usleep(10000); raise(SIGINT); }
    write(ends[1], &orphan, sizeof orphan);
    _exit(40);
  }
  read(ends[0], &orphan, sizeof orphan);
  waitpid(pid, &status, 0);
  tell(pid, status, "parent");
  if (wait(&status) != orphan) perror("orphan");
  tell(orphan, status, "orphan");
  prctl(PR_SET_CHILD_SUBREAPER, 0);
}

/* Numbers of a namespace of their own: the same as those of others outside. */
static void space(void) {
  int ends[2], told[3], status;
  pipe(ends);
  int pid = fork();
  if (pid == 0) {
    unshare(CLONE_NEWPID);
    int first = fork();
    if (first == 0) {
      int inner = fork();
      if (inner == 0) { int self = global(); write(ends[1], &self, 4); usleep(3000); raise(SIGUSR2); }
      int other = fork();
      if (other == 0) { int self = global(); write(ends[1], &self, 4); usleep(3000); exit(50); }
      int self = global();
      waitpid(inner, &status, 0);
      waitpid(other, &status, 0);
      int left = fork();
      if (left == 0) for (;;) pause();
      usleep(2000);
      write(ends[1], &self, 4);
      exit(51);
    }
    waitpid(first, &status, 0);
    _exit(52);
  }
  waitpid(pid, &status, 0);
  tell(pid, status, "unsharing");
  read(ends[0], told, sizeof told);
  dprintf(1, "%d - 12 inner\n%d 50 - inner-other\n%d 51 - first\n", told[0], told[1], told[2]);
}

static void traced(void) {
  int status, pid = fork();
  if (pid == 0) { ptrace(PTRACE_TRACEME, 0, 0, 0); raise(SIGSTOP); execl(program, program, "60", NULL); }
  while (waitpid(pid, &status, 0) == pid && WIFSTOPPED(status)) ptrace(PTRACE_CONT, pid, 0, 0);
  tell(pid, status, "traced");
}

int main(int argc, char **argv) {
  program = argv[0];
  if (argc > 1) return atoi(argv[1]);
  struct rlimit cores = {RLIM_INFINITY, RLIM_INFINITY};
  setrlimit(RLIMIT_CORE, &cores);
  chdir("/tmp");
  one(exits, "exit", 0);
  one(exits_high, "exit-high", 0);
  one(exits_alone, "exit-alone", 0);
  one(terminated, "terminated", 0);
  one(faults, "faults", 0);
  one(aborts, "aborts", 0);
  one(stops, "stops", 0);
  one(pauses, "killed-in-call", SIGKILL);
  one(computes, "killed-computing", SIGKILL);
  one(computes, "terminated-computing", SIGTERM);
  one(thread_exits, "thread-exits", 0);
  one(thread_executes, "thread-executes", 0);
  one(main_first, "main-first", 0);
  one(thread_faults, "thread-faults", 0);
  one(executes, "executes", 0);
  one(executes_link, "fexecve", 0);
  one(limit, "limit", 0);
  one(pipes, "pipe", 0);
  unwaited();
  orphans();
  space();
  traced();
  return 0;
}
