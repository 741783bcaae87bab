/* Children that only exit: address spaces copied and dropped. */
#include <sys/wait.h>
#include "mark.h"

int main(int argc, char **argv) {
  long children = amount(argc, argv, 2000);
  uint64_t total = 0;
  mark_begin("f_fork");
  for (long i = 0; i < children; i++) {
    int status = 0;
    pid_t child = fork();
    if (child == 0) _exit(5);
    if (child < 0 || waitpid(child, &status, 0) != child) return 1;
    total += (uint64_t)WEXITSTATUS(status);
  }
  mark_end(total);
  return 0;
}
