/* Marks on the console around the timed part of a program: "@S name" before, "@E name seconds check" after. The host
   takes instruction counts and CPU times when it sees them. `check` depends on everything that was computed, so that
   machines can be compared, and the compiler can drop nothing. */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

static double mark_started;
static const char *mark_name;

static double mark_clock(void) {
  struct timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

static void mark_line(const char *line, int length) {
  if (write(STDOUT_FILENO, line, (size_t)length) != length) exit(2);
}

static void mark_begin(const char *name) {
  char line[80];
  mark_name = name;
  mark_line(line, snprintf(line, sizeof line, "@S %s\n", name));
  mark_started = mark_clock();
}

static void mark_end(uint64_t check) {
  char line[120];
  double seconds = mark_clock() - mark_started;
  mark_line(line, snprintf(line, sizeof line, "@E %s %.4f %llx\n", mark_name, seconds, (unsigned long long)check));
}

/* The amount of work, from the command line. */
static long amount(int argc, char **argv, long usual) {
  return argc > 1 ? atol(argv[1]) : usual;
}

/* Marsaglia's xorshift generator of 32 bits. */
static uint32_t random_state = 0x9e3779b9u;
static inline uint32_t next_random(void) {
  random_state ^= random_state << 13;
  random_state ^= random_state >> 17;
  random_state ^= random_state << 5;
  return random_state;
}
