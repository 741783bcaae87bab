/* Mandelbrot's set in doubles: short floating-point loops with a comparison in each round. */
#include "mark.h"

enum { DEEPEST = 200 };

static int depth(double real, double imaginary) {
  double x = 0, y = 0;
  int rounds = 0;
  while (rounds < DEEPEST && x * x + y * y <= 4.0) {
    double next = x * x - y * y + real;
    y = 2.0 * x * y + imaginary;
    x = next;
    rounds++;
  }
  return rounds;
}

int main(int argc, char **argv) {
  long size = amount(argc, argv, 200);
  uint64_t total = 0;
  mark_begin("e_mandel");
  for (long row = 0; row < size; row++)
    for (long column = 0; column < size; column++)
      total += (uint64_t)depth(3.0 * (double)column / (double)size - 2.0, 2.0 * (double)row / (double)size - 1.0);
  mark_end(total);
  return 0;
}
