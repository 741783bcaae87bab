// Its children, and the program itself executed again, write its variables. The C library has a variable "state" too.
#include <stdio.h>
#include <sys/wait.h>
#include <unistd.h>

volatile long state = 5;
volatile long zeroed;

static void child(void) {
  state = 0x2000;
  zeroed = 0x2001;
  if (fork() == 0) {
    state += 0x100;
    _exit(0);
  }
  wait(0);
  _exit(0);
}

int main(int argc, char **argv) {
  if (argc > 1) state = 0x1000;
  if (fork() == 0) child();
  wait(0);
  if (argc == 1) {
    if (fork() == 0) execl(argv[0], argv[0], "again", (char *)0);
    wait(0);
  }
  // By the kernel.
  int ends[2];
  if (pipe(ends) != 0 || write(ends[1], "abcdefgh", 8) != 8) return 1;
  return read(ends[0], (void *)&zeroed, 8) != 8;
}
