/* Maps one page, touches it and gives it back: a page fault and two system calls a round. */
#include <sys/mman.h>
#include "mark.h"

int main(int argc, char **argv) {
  long rounds = amount(argc, argv, 100000);
  uint64_t total = 0;
  mark_begin("g_map1");
  for (long i = 0; i < rounds; i++) {
    volatile char *page = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (page == MAP_FAILED) return 1;
    page[100] = 1;
    total += (uint64_t)page[100];
    munmap((void *)page, 4096);
  }
  mark_end(total);
  return 0;
}
