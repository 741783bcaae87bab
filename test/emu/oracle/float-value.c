// Floating-point operands: zeros, denormals, infinities, NaNs, borders of integer conversion, ordinary numbers.
#include "oracle.h"
#include <string.h>

static u64 assemble(u64 sign, u64 exponent, u64 fraction, int exponentBits, int fractionBits) {
  return sign << (exponentBits + fractionBits) | exponent << fractionBits | (fraction & ((1ull << fractionBits) - 1));
}

static u64 special(int exponentBits, int fractionBits) {
  u64 sign = below(2), top = (1ull << exponentBits) - 1, bias = top >> 1;
  switch (below(14)) {
    case 0: return assemble(sign, 0, 0, exponentBits, fractionBits);
    case 1: return assemble(sign, 0, rng() >> below(64), exponentBits, fractionBits);
    case 2: return assemble(sign, top, 0, exponentBits, fractionBits);
    case 3: return assemble(sign, top, rng() | 1ull << (fractionBits - 1), exponentBits, fractionBits); // quiet
    case 4: return assemble(sign, top, (rng() & ~(1ull << (fractionBits - 1))) | 1, exponentBits, fractionBits);
    case 5: return assemble(sign, 1, rng() & rng(), exponentBits, fractionBits);
    case 6: return assemble(sign, top - 1, rng() | rng(), exponentBits, fractionBits);
    case 7: return assemble(sign, bias + below(70), rng(), exponentBits, fractionBits); // about an integer
    case 8: return assemble(sign, bias + 29 + below(5), chance(50) ? 0 : -1ull, exponentBits, fractionBits);
    case 9: return assemble(sign, bias + below(4), below(16) * (1ull << (fractionBits - 4)), exponentBits, fractionBits);
    case 10: return assemble(sign, bias - below(30), rng() << below(fractionBits), exponentBits, fractionBits);
    case 11: return assemble(sign, below((u32)(top < 0x7fffffff ? top : 0x7fffffff)), rng(), exponentBits, fractionBits);
    case 12: return assemble(sign, bias + below(12), rng() << (fractionBits - 6), exponentBits, fractionBits);
    default: return assemble(sign, bias + 60 + below(5), chance(50) ? 0 : rng(), exponentBits, fractionBits) &
                    (exponentBits + fractionBits == 63 ? -1ull : 0xffffffff);
  }
}

u32 floatValue(void) { return (u32)special(8, 23); }
u64 doubleValue(void) { return special(11, 52); }

void extendedValue(u8 *bytes) {
  u64 significand = rng() | 1ull << 63;
  u32 exponent = 0x3fff, sign = below(2);
  switch (below(14)) {
    case 0: significand = 0; exponent = 0; break;
    case 1: significand = rng() >> (1 + below(60)); exponent = 0; break; // denormal
    case 2: significand = rng() | 1ull << 63; exponent = 0; break; // pseudo-denormal
    case 3: significand = 1ull << 63; exponent = 0x7fff; break;
    case 4: significand = rng() | 3ull << 62; exponent = 0x7fff; break; // quiet NaN
    case 5: significand = ((rng() & ~(3ull << 62)) | 1ull << 63) | 1; exponent = 0x7fff; break; // signalling
    case 6: significand = rng() & ~(1ull << 63); exponent = 1 + below(0x7fff); break; // unsupported
    case 7: exponent = below(0x7fff); break;
    case 8: exponent = 0x3fff + below(70); break;
    case 9: significand = (u64)(0x80 + below(0x80)) << 56; exponent = 0x3fff + below(16); break;
    case 10: significand = 1ull << 63; exponent = 0x3fff; break;
    case 11: exponent = below(2) ? 1 : 0x7ffe; break;
    case 12: significand = (rng() << (11 + below(30))) | 1ull << 63; exponent = 0x3fff - 40 + below(80); break;
    default: exponent = 0x3fff - below(20); break;
  }
  exponent |= sign << 15;
  memcpy(bytes, &significand, 8);
  memcpy(bytes + 8, &exponent, 2);
}

void fpuStack(Case *c) {
  c->fpuSet = true;
  int top = below(8), depth = chance(30) ? 8 : (int)below(9);
  c->fpu.cw = 0x37f;
  if (chance(35)) c->fpu.cw = (u16)((c->fpu.cw & ~0xf00) | below(4) << 10 | (chance(60) ? 3 : chance(50) ? 2 : 0) << 8);
  c->fpu.sw = (u16)(top << 11);
  c->fpu.tag = 0;
  for (int i = 0; i < depth; i++) c->fpu.tag |= 1 << ((top + i) & 7);
  for (int i = 0; i < 8; i++) extendedValue(c->fpu.st[i]);
}

void mmxRegs(Case *c) {
  c->fpuSet = true;
  c->fpu.cw = 0x37f;
  c->fpu.sw = chance(25) ? (u16)(below(8) << 11) : 0;
  c->fpu.tag = c->fpu.sw ? 0 : chance(70) ? 0xff : 0;
  for (int i = 0; i < 8; i++) {
    u64 v = value();
    if (chance(40)) {
      static const u8 bytes[] = {0, 1, 0x7f, 0x80, 0xff};
      for (int j = 0; j < 8; j++) v = v << 8 | (chance(70) ? bytes[below(5)] : (u8)rng());
    }
    memcpy(c->fpu.st[i], &v, 8);
    c->fpu.st[i][8] = c->fpu.st[i][9] = 0xff;
  }
}
