// Writes to a page of its own and says what: offset, size and value of each write. At the end it writes a mark, after a while.
#include <stdint.h>
#include <stdio.h>
#include <string.h>

static volatile uint8_t area[8192] __attribute__((aligned(4096)));
static const char mark[] = "the last of all";

static void put(unsigned at, unsigned size, uint64_t value) {
  switch (size) {
    case 1: area[at] = value; break;
    case 2: *(volatile uint16_t *)(area + at) = value; break;
    case 4: *(volatile uint32_t *)(area + at) = value; break;
    case 8: *(volatile uint64_t *)(area + at) = value; break;
  }
}

int main(void) {
  uint64_t seed = 12345;
  printf("%p\n", (void *)area);
  for (int i = 0; i < 60; i++) {
    seed = seed * 6364136223846793005ull + 1442695040888963407ull;
    unsigned size = 1u << ((seed >> 61) & 3), at = ((seed >> 40) % 512) & ~(size - 1);
    uint64_t value = size == 8 ? seed : seed & ((1ull << 8 * size) - 1);
    put(at, size, value);
    printf("%u %u %llx\n", at, size, (unsigned long long)value);
    fflush(stdout);
  }
  for (volatile int i = 0; i < 40000000; i++) {}
  for (unsigned i = 0; i < sizeof mark - 1; i++) area[4000 + i] = mark[i];
  for (volatile int i = 0; i < 40000000; i++) {}
  return 0;
}
