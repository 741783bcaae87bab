/* The cheapest system call, again and again. */
#include <sys/syscall.h>
#include "mark.h"

int main(int argc, char **argv) {
  long calls = amount(argc, argv, 1000000);
  uint64_t total = 0;
  mark_begin("f_getppid");
  for (long i = 0; i < calls; i++) total += syscall(SYS_getppid) > 0;
  mark_end(total);
  return 0;
}
