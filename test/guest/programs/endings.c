/* Children that end by signals: in calls that wait for nothing else, in their own code, by themselves. An oracle of
 * test/guest/strace.test.ts. */
#include "oracle.h"

static void child(int kind) {
  sigset_t none;
  sigemptyset(&none);
  switch (kind) {
    case 0: pause(); break;
    case 1: sigsuspend(&none); break;
    case 2: *(volatile int *)BAD = 1; break;
    case 3: abort(); break;
    case 4: for (;;) {} break;
    case 5: raise(SIGHUP); break;
    default: sleep(5); break;
  }
  _exit(kind);
}

int main(void) {
  static const int sent[] = {SIGTERM, SIGUSR1, 0, 0, SIGINT, 0, SIGKILL};
  for (int kind = 0; kind < 7; kind++) {
    pid_t pid = fork();
    if (pid == 0) child(kind);
    usleep(3000);
    if (sent[kind] != 0) kill(pid, sent[kind]);
    siginfo_t how;
    if (kind % 2) waitid(P_PID, pid, &how, WEXITED | WNOWAIT);
    wait(kind == 6 ? NULL : &(int){0});
  }
  return 0;
}
