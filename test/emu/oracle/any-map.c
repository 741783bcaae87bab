// Any opcode of the three-byte maps and of group 0F AE with any prefix, in any form: what is #UD, which prefix means what.
// And single steps: any instruction of other groups with TF set.
#include "oracle.h"
#include <string.h>

enum { TF = 0x100 };

/** Extensions of the host processor that are not ours, and what only the supervisor's state decides. */
static bool excluded(int map, u8 opcode) {
  static const u8 map2[] = {0x80, 0x81, 0x82, 0xcf, 0xf5, 0xf6, 0xf8, 0xf9, 0xfc}, map3[] = {0xce, 0xcf};
  return map == 2 ? memchr(map2, opcode, sizeof map2) != NULL : memchr(map3, opcode, sizeof map3) != NULL;
}

void genMapAny(Case *c) {
  static const u8 prefixes[] = {0x66, 0x66, 0xf2, 0xf3, 0xf0, 0x2e};
  randomFlags(c);
  c->flagMask = 0;
  for (int i = 0; i < (c->mode == 64 ? 16 : 8); i++) {
    if (i != RSP) setGpr(c, i, DATA + 0x1000 + 16 * below(0x200));
  }
  for (int i = below(4); i > 0; i--) emit(c, prefixes[below(6)], 1);
  if (c->mode == 64 && chance(30)) emit(c, 0x40 + below(16), 1);
  int map = 2 + below(2);
  u8 opcode = rng();
  if (excluded(map, opcode)) {
    c->length = 0;
    return;
  }
  caseName(c, "map%d %02x", map, opcode);
  emit(c, 0x0f | (map == 2 ? 0x38 : 0x3a) << 8, 2);
  emit(c, opcode, 1);
  int modrm = chance(50) ? 0xc0 | below(64) : below(8) << 3 | (below(4) + 4 * chance(50)), base = modrm & 7;
  if (modrm < 0xc0 && (base == 4 || base == 5)) modrm = base = modrm & 0x38; // [rAX]
  emit(c, modrm, 1);
  if (map == 3) emit(c, rng(), 1);
}

/** FSGSBASE, fences and what else has a register in group 0F AE; RDRAND's group where it is #UD. */
void genGroupAny(Case *c) {
  static const u8 prefixes[] = {0x66, 0xf2, 0xf3, 0xf3, 0xf3, 0xf0};
  randomFlags(c);
  c->fs = rng() >> 20;
  c->gs = rng() >> 20;
  for (int i = below(3); i > 0; i--) emit(c, prefixes[below(6)], 1);
  if (c->mode == 64 && chance(50)) emit(c, 0x40 + below(16), 1);
  int digit = below(8), reg = below(c->mode == 64 ? 16 : 8);
  bool readsCount = memchr(c->code, 0xf3, c->length) && digit == 5; // shadow stack, of the operating system's choice
  if (readsCount || reg == RSP) {
    c->length = 0;
    return;
  }
  for (int i = 0; i < (c->mode == 64 ? 16 : 8); i++) if (i != RSP) setGpr(c, i, value());
  caseName(c, "0f ae /%d", digit);
  emit(c, 0xae0f, 2);
  emit(c, 0xc0 | digit << 3 | (reg & 7), 1);
}

void genStep(Case *c) {
  static void (*const generators[])(Case *) = {
    genAlu, genShift, genString, genStack, genCondition, genMisc, genExchange, genSseMove, genX87, genSequence, genBit,
  };
  generators[below(11)](c);
  if (c->code16 || strstr(c->name, "popf")) c->length = 0; // it may clear TF before the trap is taken
  c->flags |= TF;
}
