/* Quicksort with insertion sort for short ranges, over random integers: branches that nobody can predict. */
#include "mark.h"

enum { SHORT = 12 };

static void sort(int32_t *from, int32_t *to) { /* both ends belong to the range */
  while (to - from > SHORT) {
    int32_t pivot = from[(to - from) / 2], *left = from, *right = to;
    while (left <= right) {
      while (*left < pivot) left++;
      while (*right > pivot) right--;
      if (left > right) break;
      int32_t value = *left;
      *left++ = *right;
      *right-- = value;
    }
    sort(from, right);
    from = left;
  }
  for (int32_t *at = from + 1; at <= to; at++) {
    int32_t value = *at, *hole = at;
    for (; hole > from && hole[-1] > value; hole--) *hole = hole[-1];
    *hole = value;
  }
}

int main(int argc, char **argv) {
  long count = amount(argc, argv, 1000000);
  int32_t *values = malloc((size_t)count * sizeof *values);
  if (values == NULL) return 1;
  for (long i = 0; i < count; i++) values[i] = (int32_t)next_random();
  mark_begin("d_qsort");
  sort(values, values + count - 1);
  mark_end((uint32_t)values[count / 3]);
  for (long i = 1; i < count; i++)
    if (values[i - 1] > values[i]) return 1;
  return 0;
}
