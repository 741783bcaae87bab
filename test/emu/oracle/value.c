// Random numbers, and operands that like the borders of their ranges.
#include "oracle.h"

u64 rngState;

u64 splitmix(u64 *state) {
  u64 z = (*state += 0x9e3779b97f4a7c15ull);
  z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9ull;
  z = (z ^ (z >> 27)) * 0x94d049bb133111ebull;
  return z ^ (z >> 31);
}

u64 rng(void) { return splitmix(&rngState); }
u32 below(u32 limit) { return (u32)((rng() >> 32) % limit); }
bool chance(int percent) { return (int)below(100) < percent; }

u64 value(void) {
  u64 bit = 1ull << below(64);
  switch (below(12)) {
    case 0: return below(4);
    case 1: return below(256);
    case 2: return -(u64)below(256);
    case 3: return bit;
    case 4: return bit - 1;
    case 5: return -bit;
    case 6: return bit | (1ull << below(64));
    case 7: return (rng() << 32) | (0x7fffffffu + below(3));
    case 8: return (rng() & ~0xffffull) | (0x7fff + below(3));
    case 9: return (rng() & ~0xffull) | (0x7f + below(3));
    case 10: return (u64)(i64)(int)(rng() >> 32);
    default: return rng();
  }
}
