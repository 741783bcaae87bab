/* A byte goes to another process and back: two context switches a round. */
#include <sys/wait.h>
#include "mark.h"

static void echo(int from, int to) {
  char byte;
  while (read(from, &byte, 1) == 1 && write(to, &byte, 1) == 1) continue;
  _exit(0);
}

int main(int argc, char **argv) {
  long rounds = amount(argc, argv, 100000);
  int there[2], back[2];
  uint64_t total = 0;
  if (pipe(there) != 0 || pipe(back) != 0) return 1;
  pid_t child = fork();
  if (child < 0) return 1;
  if (child == 0) {
    close(there[1]);
    echo(there[0], back[1]);
  }
  mark_begin("f_pipe");
  for (long i = 0; i < rounds; i++) {
    char byte = (char)i;
    if (write(there[1], &byte, 1) != 1 || read(back[0], &byte, 1) != 1) return 1;
    total += byte == (char)i;
  }
  mark_end(total);
  close(there[1]);
  waitpid(child, NULL, 0);
  return 0;
}
