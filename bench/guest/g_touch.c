/* Touches every page of a large new mapping: page faults alone. */
#include <sys/mman.h>
#include "mark.h"

enum { SIZE = 64 << 20, PAGE = 4096 };

int main(int argc, char **argv) {
  long rounds = amount(argc, argv, 4);
  uint64_t total = 0;
  mark_begin("g_touch");
  for (long i = 0; i < rounds; i++) {
    volatile char *pages = mmap(NULL, SIZE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (pages == MAP_FAILED) return 1;
    madvise((void *)pages, SIZE, MADV_NOHUGEPAGE);
    for (long at = 0; at < SIZE; at += PAGE) pages[at] = 1;
    total += (uint64_t)pages[SIZE / 2];
    munmap((void *)pages, SIZE);
  }
  mark_end(total);
  return 0;
}
