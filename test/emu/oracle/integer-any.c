// Any one- or two-byte integer opcode with any prefixes and any ModRM: what decodes, what is #UD, what the prefixes mean.
#include "oracle.h"
#include <string.h>

/** Not run at all: they reach the kernel, change segments, or give what no two runs give. */
static const u8 excluded[] = {
  0x07, 0x17, 0x1f, 0x62, 0x8c, 0x8e, 0x9a, 0x9d, 0xc4, 0xc5, 0xca, 0xcb, 0xcc, 0xcd, 0xcf, 0xea, 0xf1, 0xff,
  0xd8, 0xd9, 0xda, 0xdb, 0xdc, 0xdd, 0xde, 0xdf, 0x9b,
};
static const u8 excluded0f[] = {
  0x00, 0x01, 0x02, 0x03, 0x05, 0x07, 0x31, 0x33, 0x34, 0x35, 0x38, 0x3a, 0xa1, 0xa2, 0xa9, 0xae, 0xb2, 0xb4, 0xb5, 0xc7,
};

static bool isPrefix(const Case *c, u8 opcode) {
  static const u8 prefixes[] = {0x0f, 0x26, 0x2e, 0x36, 0x3e, 0x64, 0x65, 0x66, 0x67, 0xf0, 0xf2, 0xf3};
  return memchr(prefixes, opcode, sizeof prefixes) || (c->mode == 64 && (opcode & 0xf0) == 0x40);
}

static bool isSimd(u8 opcode) {
  return (opcode >= 0x10 && opcode <= 0x17) || (opcode >= 0x28 && opcode <= 0x2f) || (opcode >= 0x50 && opcode <= 0x7f) ||
         opcode == 0xc2 || (opcode >= 0xc3 && opcode <= 0xc6) || opcode >= 0xd0;
}

static u8 pickOpcode(const Case *c, bool second) {
  for (;;) {
    u8 opcode = rng();
    if (second ? !memchr(excluded0f, opcode, sizeof excluded0f) && (!isSimd(opcode) || opcode == 0xff)
               : !memchr(excluded, opcode, sizeof excluded) && !isPrefix(c, opcode)) return opcode;
  }
}

/** A branch goes on, into INT3, not back. */
static bool isShortBranch(u8 opcode) { return (opcode & 0xf0) == 0x70 || (opcode >= 0xe0 && opcode <= 0xe3) || opcode == 0xeb; }

static bool hasModrm(u8 opcode, bool second) {
  if (second) {
    return !((opcode >= 0x04 && opcode <= 0x0b) || opcode == 0x0e || (opcode >= 0x30 && opcode <= 0x37) || opcode == 0xa0 ||
             opcode == 0xa8 || opcode == 0xaa || (opcode >= 0xc8 && opcode <= 0xcf));
  }
  if (opcode < 0x40) return (opcode & 7) < 4;
  return opcode == 0x63 || opcode == 0x69 || opcode == 0x6b || (opcode >= 0x80 && opcode <= 0x8f) || opcode == 0xc0 ||
         opcode == 0xc1 || opcode == 0xc6 || opcode == 0xc7 || (opcode >= 0xd0 && opcode <= 0xd3) || opcode == 0xf6 ||
         opcode == 0xf7 || opcode == 0xfe;
}

/** ModRM, SIB and displacement, whole, so that nothing of it runs as an instruction of its own. */
static void modrmBytes(Case *c) {
  int modrm = rng() & 0xff, mod = modrm >> 6, base = modrm & 7;
  emit(c, modrm, 1);
  if (mod != 3 && base == 4) {
    base = below(8);
    emit(c, below(32) << 3 | base, 1);
  }
  if (mod == 1) emit(c, rng(), 1);
  else if (mod == 2 || (mod == 0 && base == 5)) emit(c, c->mode == 32 && mod == 0 ? DATA + below(0x3000) : below(0x1000), 4);
}

static bool address32;

static void prefixBytes(Case *c) {
  address32 = false;
  static const u8 choices[] = {0x66, 0x66, 0x67, 0xf2, 0xf3, 0xf0, 0x2e, 0x3e, 0x36, 0x26};
  int count = below(4);
  for (int i = 0; i < count; i++) {
    if (c->mode == 64 && chance(10)) emit(c, 0x40 + below(16), 1); // not the last prefix: without effect
    u8 prefix = choices[below(10)];
    if (prefix == 0x67) {
      if (c->mode == 32) continue;
      address32 = true;
    }
    emit(c, prefix, 1);
  }
  if (c->mode == 64 && chance(50)) emit(c, 0x40 + below(16), 1);
}

void genIntegerAny(Case *c) {
  randomFlags(c);
  c->flagMask = 0; // what is defined depends on the instruction: the other groups compare flags
  for (int i = 0; i < (c->mode == 64 ? 16 : 8); i++) {
    if (i != RSP) setGpr(c, i, i == RCX ? below(40) : DATA + 0x1000 + below(0x2000));
  }
  c->pinned = 0;
  setGpr(c, RSP, STACK + 0x800 + 8 * below(0x100));
  prefixBytes(c);
  bool second = chance(50);
  u8 opcode = pickOpcode(c, second);
  if (second && (opcode & 0xfd) == 0x20 && memchr(c->code, 0xf0, c->length)) { // LOCK MOV CR0 is CR8 on AMD processors
    c->length = 0;
    return;
  }
  caseName(c, second ? "any 0f %02x" : "any %02x", opcode);
  if (second) emit(c, 0x0f, 1);
  emit(c, opcode, 1);
  if (!second && isShortBranch(opcode)) {
    emit(c, 0x20 + below(0x40), 1);
    return;
  }
  if (second && (opcode & 0xf0) == 0x80) {
    emit(c, 0x40 + below(0x40), 4);
    return;
  }
  if (!second && (opcode == 0xe8 || opcode == 0xe9)) {
    emit(c, 0x40 + below(0x40), 4);
    return;
  }
  if (!second && opcode >= 0xa0 && opcode <= 0xa3) emit(c, DATA + below(0x3000), c->mode == 32 || address32 ? 4 : 8);
  // An immediate is what follows: CC, as the INT3 behind every instruction.
  if (!hasModrm(opcode, second)) return;
  // The count of a 16-bit double shift may be undefined, and so is BSF or BSR of 0.
  if (second && ((opcode & 0xf6) == 0xa4 || (opcode & 0xfe) == 0xbc)) c->code[c->length - 1] = 0xaf;
  modrmBytes(c);
}
