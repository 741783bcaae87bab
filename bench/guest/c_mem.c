/* Memory: a chain of loads over 64 MiB, each address taken from the load before, then large copies. */
#include <string.h>
#include <sys/mman.h>
#include "mark.h"

enum { WORDS = 1 << 24, HALF = WORDS / 2 };

int main(int argc, char **argv) {
  long loads = amount(argc, argv, 3000000);
  long copies = argc > 2 ? atol(argv[2]) : 10;
  uint32_t *words = mmap(NULL, sizeof(uint32_t) * WORDS, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (words == MAP_FAILED) return 1;
  /* A linear congruential step of full period (Hull and Dobell) makes one cycle through all words. */
  for (uint32_t i = 0; i < WORDS; i++) words[i] = (i * 0x5deece65u + 11) & (WORDS - 1);
  mark_begin("c_chase");
  uint32_t at = 0;
  for (long i = 0; i < loads; i++) at = words[at];
  mark_end(at);
  mark_begin("c_copy");
  for (long i = 0; i < copies; i++) {
    memcpy(words + HALF, words, sizeof(uint32_t) * HALF);
    __asm__ volatile("" : : "r"(words) : "memory");
  }
  mark_end(words[WORDS - 1]);
  return 0;
}
