/* SHA-256 in plain C (FIPS 180-4) over megabytes of a pattern. */
#include <string.h>
#include "mark.h"

enum { ROUNDS = 64, BLOCK = 64, BUFFER = 65536 };

static uint32_t constants[ROUNDS];
static uint8_t buffer[BUFFER];

/* The largest x with x^power <= value * 2^(32*power): a root with 32 binary places. */
static uint64_t fixed_root(unsigned value, int power) {
  unsigned __int128 limit = (unsigned __int128)value << (32 * power);
  uint64_t root = 0;
  for (int bit = 38; bit >= 0; bit--) {
    unsigned __int128 trial = root | (uint64_t)1 << bit, product = trial * trial;
    if (power == 3) product *= trial;
    if (product <= limit) root = (uint64_t)trial;
  }
  return root;
}

static int is_prime(unsigned n) {
  for (unsigned d = 2; d * d <= n; d++)
    if (n % d == 0) return 0;
  return 1;
}

/* FIPS 180-4, 4.2.2 and 5.3.3: fractions of the cube and square roots of the first primes. */
static void prepare(uint32_t state[8]) {
  unsigned prime = 1;
  for (int i = 0; i < ROUNDS; i++) {
    do prime++;
    while (!is_prime(prime));
    constants[i] = (uint32_t)fixed_root(prime, 3);
    if (i < 8) state[i] = (uint32_t)fixed_root(prime, 2);
  }
}

static inline uint32_t rotate(uint32_t value, int by) {
  return value >> by | value << (32 - by);
}

static void compress(uint32_t state[8], const uint8_t *block) {
  uint32_t schedule[ROUNDS];
  for (int i = 0; i < 16; i++) {
    uint32_t word;
    memcpy(&word, block + 4 * i, 4);
    schedule[i] = __builtin_bswap32(word);
  }
  for (int i = 16; i < ROUNDS; i++) {
    uint32_t early = schedule[i - 15], late = schedule[i - 2];
    uint32_t low = rotate(early, 7) ^ rotate(early, 18) ^ early >> 3;
    uint32_t high = rotate(late, 17) ^ rotate(late, 19) ^ late >> 10;
    schedule[i] = schedule[i - 16] + low + schedule[i - 7] + high;
  }
  uint32_t a = state[0], b = state[1], c = state[2], d = state[3];
  uint32_t e = state[4], f = state[5], g = state[6], h = state[7];
  for (int i = 0; i < ROUNDS; i++) {
    uint32_t first = h + (rotate(e, 6) ^ rotate(e, 11) ^ rotate(e, 25)) + ((e & f) ^ (~e & g)) + constants[i] + schedule[i];
    uint32_t second = (rotate(a, 2) ^ rotate(a, 13) ^ rotate(a, 22)) + ((a & b) ^ (a & c) ^ (b & c));
    h = g, g = f, f = e, e = d + first;
    d = c, c = b, b = a, a = first + second;
  }
  state[0] += a, state[1] += b, state[2] += c, state[3] += d;
  state[4] += e, state[5] += f, state[6] += g, state[7] += h;
}

int main(int argc, char **argv) {
  long megabytes = amount(argc, argv, 16);
  uint32_t state[8];
  prepare(state);
  for (int i = 0; i < BUFFER; i++) buffer[i] = (uint8_t)(i * 11);
  mark_begin("b_sha");
  for (long i = 0; i < megabytes * (1048576 / BUFFER); i++)
    for (int at = 0; at < BUFFER; at += BLOCK) compress(state, buffer + at);
  mark_end((uint64_t)state[0] << 32 | state[7]);
  return 0;
}
