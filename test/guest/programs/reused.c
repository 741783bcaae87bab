/* Children that are killed in a call for which nobody waits: the kernel gives their memory to the next child at once, which begins behind
 * the very instruction by which they entered their call. Each line that it prints is one child's number. */
#define _GNU_SOURCE
#include <signal.h>
#include <stdio.h>
#include <sys/syscall.h>
#include <unistd.h>

#define CHILDREN 20

/* One instruction for all. */
static long __attribute__((noinline)) call(long number, long a, long b) { return syscall(number, a, b); }

int main(void) {
  signal(SIGCHLD, SIG_IGN);
  for (int i = 0; i < CHILDREN; i++) {
#ifdef __x86_64__
    int child = call(SYS_fork, 0, 0);
#else
    int child = call(SYS_clone, SIGCHLD, 0);
#endif
    if (child == 0) {
      call(SYS_pause, 0, 0);
      call(SYS_exit_group, 3, 0);
    }
    usleep(2000);
    call(SYS_kill, child, SIGKILL);
    usleep(2000);
    dprintf(1, "%d\n", child);
  }
  return 0;
}
