/* Integer loops: how many steps random numbers take to 1 under Collatz' rule. */
#include "mark.h"

static uint32_t steps_to_one(uint32_t n) {
  uint32_t steps = 0;
  for (; n != 1 && steps < 400; steps++) n = (n & 1) != 0 ? 3 * n + 1 : n >> 1;
  return steps;
}

int main(int argc, char **argv) {
  long count = amount(argc, argv, 300000);
  uint64_t total = 0;
  mark_begin("a_int");
  for (long i = 0; i < count; i++) total += steps_to_one((next_random() & 0xffff) | 1);
  mark_end(total);
  return 0;
}
