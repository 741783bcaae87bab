// Processes that dirty pages in steps, each between two sleeps, and say which: `PAGE=SUM ...`, numbers of pages from PRIVATE on
// and sums of their bytes. All share the pages from SHARED on.
#define _GNU_SOURCE
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#define PRIVATE ((volatile char *)0x30000000)
#define SHARED ((volatile char *)0x30100000)
#define PAGES 32
#define STEPS 6

static unsigned seed;
static unsigned pick(unsigned below) {
  seed = seed * 1103515245 + 12345;
  return (seed >> 16) % below;
}

static unsigned sum(volatile char *page) {
  unsigned total = 0;
  for (int i = 0; i < 4096; i++) total += (unsigned char)page[i];
  return total;
}

static void step(int number) {
  static char line[2048];
  usleep(1000);
  int length = sprintf(line, "#");
  for (int kind = 0; kind < 2; kind++) {
    char written[PAGES] = {0};
    int count = 1 + pick(12);
    for (int i = 0; i < count; i++) {
      int page = pick(PAGES);
      volatile char *at = (kind ? SHARED : PRIVATE) + page * 4096;
      at[pick(4096)] = 1 + pick(255);
      if (pick(2)) memset((char *)at + 100, number, 300);
      written[page] = 1;
    }
    for (int page = 0; page < PAGES; page++)
      if (written[page]) {
        volatile char *at = (kind ? SHARED : PRIVATE) + page * 4096;
        length += sprintf(line + length, " %ld=%u", (at - PRIVATE) / 4096, sum(at));
      }
  }
  line[length++] = '\n';
  write(1, line, length);
  usleep(1000);
}

static void run(int who) {
  seed = who * 7919 + 1;
  for (int i = 0; i < STEPS; i++) step(i);
  // The same addresses again, other pages.
  munmap((void *)PRIVATE, PAGES * 4096);
  usleep(1000);
  mmap((void *)PRIVATE, PAGES * 4096, PROT_READ | PROT_WRITE, MAP_FIXED | MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  for (int i = STEPS; i < STEPS + 2; i++) step(i);
}

int main(void) {
  mmap((void *)PRIVATE, PAGES * 4096, PROT_READ | PROT_WRITE, MAP_FIXED | MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  mmap((void *)SHARED, PAGES * 4096, PROT_READ | PROT_WRITE, MAP_FIXED | MAP_SHARED | MAP_ANONYMOUS, -1, 0);
  for (int page = 0; page < PAGES; page += 2) PRIVATE[page * 4096] = 9; // of these children get copies
  for (int i = 1; i < 4; i++)
    if (fork() == 0) {
      run(i);
      _exit(0);
    }
  run(0);
  while (wait(0) > 0)
    ;
  return 0;
}
