// SSE integer and move instructions, SSE4.2 strings, AES, PCLMULQDQ, SHA.
#include "oracle.h"
#include <string.h>

/** A vector whose bytes, words or doublewords lie at their borders. */
u64 vectorHalf(void) {
  static const u8 bytes[] = {0, 1, 0x7f, 0x80, 0xff};
  static const u16 words[] = {0, 1, 0x7fff, 0x8000, 0xffff, 0x8001, 0xff, 0x80};
  static const u32 doublewords[] = {0, 1, 0x7fffffff, 0x80000000, 0xffffffff, 0x8001, 0xffff8000};
  u64 v = 0;
  switch (below(5)) {
    case 0:
      for (int i = 0; i < 8; i++) v = v << 8 | (chance(70) ? bytes[below(5)] : (u8)rng());
      return v;
    case 1:
      for (int i = 0; i < 4; i++) v = v << 16 | (chance(70) ? words[below(8)] : (u16)rng());
      return v;
    case 2:
      for (int i = 0; i < 2; i++) v = v << 32 | (chance(70) ? doublewords[below(7)] : (u32)rng());
      return v;
    case 3: return value();
    default: return rng();
  }
}

int anyXmm(Case *c) {
  int reg = below(c->mode == 64 ? 16 : 8);
  if (!(c->xmmSet >> reg & 1) && chance(90)) setXmm(c, reg, vectorHalf(), vectorHalf());
  return reg;
}

/** A vector in memory, with its contents; seldom misaligned where alignment counts. */
Memory vectorMemory(Case *c, int size, int alignment, bool write) {
  u64 address = dataAddress(size, alignment > 1 && chance(96) ? alignment : 1);
  u64 v[2] = {vectorHalf(), vectorHalf()};
  if (!write || chance(30)) patch(c, address, v, size);
  return reach(c, address);
}

static void xmmOrMemory(Case *c, Form f, int reg, int size, int alignment) {
  if (size && chance(40)) emitMemory(c, f, reg, vectorMemory(c, size, alignment, false));
  else emitReg(c, f, reg, anyXmm(c));
}

// Opcodes of 66 0F whose operand is a whole vector.
static const u8 vectorOpcodes[] = {
  0x60, 0x61, 0x62, 0x63, 0x64, 0x65, 0x66, 0x67, 0x68, 0x69, 0x6a, 0x6b, 0x6c, 0x6d, 0x74, 0x75, 0x76, 0xd1, 0xd2, 0xd3,
  0xd4, 0xd5, 0xd8, 0xd9, 0xda, 0xdb, 0xdc, 0xdd, 0xde, 0xdf, 0xe0, 0xe1, 0xe2, 0xe3, 0xe4, 0xe5, 0xe8, 0xe9, 0xea, 0xeb,
  0xec, 0xed, 0xee, 0xef, 0xf1, 0xf2, 0xf3, 0xf4, 0xf5, 0xf6, 0xf8, 0xf9, 0xfa, 0xfb, 0xfc, 0xfd, 0xfe, 0x14, 0x15, 0x54,
  0x55, 0x56, 0x57,
};
// 66 0F 38, with the size of the memory operand where it is not 16.
static const u8 vectorOpcodes38[][2] = {
  {0x00}, {0x01}, {0x02}, {0x03}, {0x04}, {0x05}, {0x06}, {0x07}, {0x08}, {0x09}, {0x0a}, {0x0b}, {0x10}, {0x14}, {0x15},
  {0x17}, {0x1c}, {0x1d}, {0x1e}, {0x20, 8}, {0x21, 4}, {0x22, 2}, {0x23, 8}, {0x24, 4}, {0x25, 8}, {0x28}, {0x29}, {0x2a},
  {0x2b}, {0x30, 8}, {0x31, 4}, {0x32, 2}, {0x33, 8}, {0x34, 4}, {0x35, 8}, {0x37}, {0x38}, {0x39}, {0x3a}, {0x3b}, {0x3c},
  {0x3d}, {0x3e}, {0x3f}, {0x40}, {0x41},
};
static const u8 shiftDigits[][2] = {{0x71, 2}, {0x71, 4}, {0x71, 6}, {0x72, 2}, {0x72, 4}, {0x72, 6}, {0x73, 2}, {0x73, 3}, {0x73, 6}, {0x73, 7}};

/** PINSR*, PEXTR*, INSERTPS, PMOVMSKB, MOVD, MOVQ. */
static void betweenFiles(Case *c) {
  int wide = c->mode == 64 && chance(40);
  switch (below(8)) {
    case 0: {
      caseName(c, "pmovmskb");
      int reg = anyReg(c);
      emitReg(c, (Form){.prefix = 0x66, .map = 1, .opcode = 0xd7}, reg, anyXmm(c));
      return;
    }
    case 1: {
      caseName(c, "pinsrw");
      Form f = {.prefix = 0x66, .map = 1, .opcode = 0xc4};
      int reg = anyXmm(c);
      if (chance(50)) emitMemory(c, f, reg, memoryOperand(c, 2, false));
      else emitReg(c, f, reg, anyReg(c));
      break;
    }
    case 2: {
      caseName(c, "pextrw");
      int reg = anyReg(c);
      emitReg(c, (Form){.prefix = 0x66, .map = 1, .opcode = 0xc5}, reg, anyXmm(c));
      break;
    }
    case 3:
    case 4: {
      static const u8 opcodes[] = {0x20, 0x22, 0x14, 0x15, 0x16, 0x17};
      Form f = {.prefix = 0x66, .map = 3, .opcode = opcodes[below(6)]};
      if ((f.opcode & 0xf7) == 0x16 || f.opcode == 0x22 || f.opcode == 0x16) f.wide = wide && f.opcode != 0x17;
      int size = f.opcode == 0x20 || f.opcode == 0x14 ? 1 : f.opcode == 0x15 ? 2 : f.wide ? 8 : 4;
      caseName(c, f.opcode >= 0x20 ? "pinsr%02x" : "pextr%02x", f.opcode);
      int reg = anyXmm(c);
      if (chance(50)) emitMemory(c, f, reg, memoryOperand(c, size, f.opcode < 0x20));
      else emitReg(c, f, reg, anyReg(c));
      break;
    }
    case 5:
      caseName(c, "insertps");
      xmmOrMemory(c, (Form){.prefix = 0x66, .map = 3, .opcode = 0x21}, anyXmm(c), 4, 1);
      break;
    default: {
      caseName(c, "movd/q");
      Form f = {.prefix = 0x66, .map = 1, .opcode = chance(50) ? 0x6e : 0x7e, .wide = wide};
      int reg = anyXmm(c);
      if (chance(50)) emitMemory(c, f, reg, memoryOperand(c, wide ? 8 : 4, f.opcode == 0x7e));
      else emitReg(c, f, reg, anyReg(c));
      return;
    }
  }
  emit(c, rng(), 1);
}

void genSseInteger(Case *c) {
  randomFlags(c);
  Form f = {.prefix = 0x66, .map = 1};
  int kind = below(16);
  if (kind < 8) {
    f.opcode = vectorOpcodes[below(sizeof vectorOpcodes)];
    caseName(c, "66 0f %02x", f.opcode);
    int reg = anyXmm(c);
    if ((f.opcode & 0xcf) >= 0xc1 && (f.opcode & 15) <= 3 && chance(70)) { // shift counts worth having
      int count = below(c->mode == 64 ? 16 : 8);
      setXmm(c, count, chance(90) ? below(70) : rng(), rng());
      emitReg(c, f, reg, count);
    } else {
      xmmOrMemory(c, f, reg, 16, 16);
    }
  } else if (kind < 11) {
    int i = below(sizeof vectorOpcodes38 / 2), size = vectorOpcodes38[i][1];
    f.map = 2;
    f.opcode = vectorOpcodes38[i][0];
    caseName(c, "66 0f 38 %02x", f.opcode);
    int reg = anyXmm(c);
    if (f.opcode == 0x2a) emitMemory(c, f, reg, vectorMemory(c, 16, 16, false));
    else xmmOrMemory(c, f, reg, size ? size : 16, size ? 1 : 16);
  } else if (kind < 12) {
    int i = below(10);
    caseName(c, "66 0f %02x/%d", shiftDigits[i][0], shiftDigits[i][1]);
    f.opcode = shiftDigits[i][0];
    emitReg(c, f, shiftDigits[i][1], anyXmm(c));
    emit(c, chance(80) ? below(70) : rng(), 1);
  } else if (kind < 13) {
    static const u8 opcodes[] = {0x0c, 0x0d, 0x0e, 0x0f, 0x42};
    f.map = 3;
    f.opcode = opcodes[below(5)];
    caseName(c, "66 0f 3a %02x", f.opcode);
    xmmOrMemory(c, f, anyXmm(c), 16, 16);
    emit(c, chance(70) ? below(40) : rng(), 1);
  } else if (kind < 14) {
    static const u8 prefixes[] = {0x66, 0xf2, 0xf3};
    caseName(c, "pshuf");
    f.prefix = prefixes[below(3)];
    f.opcode = 0x70;
    xmmOrMemory(c, f, anyXmm(c), 16, 16);
    emit(c, rng(), 1);
  } else {
    betweenFiles(c);
  }
}

void genSseMove(Case *c) {
  // Prefix, opcode, size in memory, alignment, forms: 1 load, 2 store (opcode + 1), 4 store only, 8 register form,
  // 16 immediate, 32 general register in ModRM.reg.
  static const struct {
    u8 prefix, opcode, size, alignment, forms;
  } table[] = {
    {0, 0x10, 16, 1, 1 | 2 | 8}, {0x66, 0x10, 16, 1, 1 | 2 | 8}, {0xf3, 0x10, 4, 1, 1 | 2 | 8}, {0xf2, 0x10, 8, 1, 1 | 2 | 8},
    {0, 0x28, 16, 16, 1 | 2 | 8}, {0x66, 0x28, 16, 16, 1 | 2 | 8}, {0, 0x12, 8, 1, 1 | 2}, {0x66, 0x12, 8, 1, 1 | 2},
    {0, 0x16, 8, 1, 1 | 2}, {0x66, 0x16, 8, 1, 1 | 2}, {0, 0x12, 8, 1, 8}, {0, 0x16, 8, 1, 8}, {0xf3, 0x12, 16, 16, 1 | 8},
    {0xf3, 0x16, 16, 16, 1 | 8}, {0xf2, 0x12, 8, 1, 1 | 8}, {0, 0x14, 16, 16, 1 | 8}, {0, 0x15, 16, 16, 1 | 8},
    {0, 0xc6, 16, 16, 1 | 8 | 16}, {0x66, 0xc6, 16, 16, 1 | 8 | 16}, {0, 0x50, 0, 0, 8 | 32}, {0x66, 0x50, 0, 0, 8 | 32},
    {0x66, 0x6f, 16, 16, 1 | 8}, {0xf3, 0x6f, 16, 1, 1 | 8}, {0x66, 0x7f, 16, 16, 4 | 8}, {0xf3, 0x7f, 16, 1, 4 | 8},
    {0xf3, 0x7e, 8, 1, 1 | 8}, {0x66, 0xd6, 8, 1, 4 | 8}, {0, 0x2b, 16, 16, 4}, {0x66, 0x2b, 16, 16, 4}, {0x66, 0xe7, 16, 16, 4},
    {0xf2, 0xf0, 16, 1, 1}, {0, 0x54, 16, 16, 1 | 8}, {0, 0x55, 16, 16, 1 | 8}, {0, 0x56, 16, 16, 1 | 8}, {0, 0x57, 16, 16, 1 | 8},
  };
  randomFlags(c);
  int pick = below(sizeof table / sizeof *table + 2);
  if (pick == sizeof table / sizeof *table) { // MASKMOVDQU
    caseName(c, "mov 66 0f f7");
    setGpr(c, RDI, dataAddress(16, 1));
    int reg = anyXmm(c);
    emitReg(c, (Form){.prefix = 0x66, .map = 1, .opcode = 0xf7}, reg, anyXmm(c));
    return;
  }
  if (pick == sizeof table / sizeof *table + 1) { // MOVNTI
    caseName(c, "mov  0f c3");
    int reg = anyReg(c), wide = c->mode == 64 && chance(50);
    emitMemory(c, (Form){.map = 1, .opcode = 0xc3, .wide = wide}, reg, memoryOperand(c, wide ? 8 : 4, true));
    return;
  }
  Form f = {.prefix = table[pick].prefix, .map = 1, .opcode = table[pick].opcode};
  int forms = table[pick].forms;
  if (f.prefix) caseName(c, "mov %02x 0f %02x", f.prefix, f.opcode);
  else caseName(c, "mov  0f %02x", f.opcode);
  int reg = forms & 32 ? anyReg(c) : anyXmm(c);
  bool inMemory = (forms & 7) && (!(forms & 8) || chance(60));
  if (inMemory) {
    bool store = (forms & 4) || ((forms & 2) && chance(50));
    if (store && !(forms & 4)) f.opcode++;
    emitMemory(c, f, reg, vectorMemory(c, table[pick].size, table[pick].alignment, store));
  } else {
    if ((forms & 2) && chance(40)) f.opcode++;
    emitReg(c, f, reg, anyXmm(c));
  }
  if (forms & 16) emit(c, rng(), 1);
}

/** Bytes and words from a small alphabet, so that comparisons find something. */
static u64 textHalf(bool words) {
  u64 v = 0;
  if (words) {
    for (int i = 0; i < 4; i++) v = v << 16 | (chance(12) ? 0 : chance(10) ? 0x8000 + below(4) : 0x61 + below(5));
  } else {
    for (int i = 0; i < 8; i++) v = v << 8 | (chance(9) ? 0 : chance(10) ? 0x80 + below(4) : 0x61 + below(5));
  }
  return v;
}

void genSseString(Case *c) {
  randomFlags(c);
  u8 control = rng();
  bool words = control & 1;
  Form f = {.prefix = 0x66, .map = 3, .opcode = 0x60 + below(4)};
  caseName(c, "pcmp%02x", f.opcode);
  if (f.opcode < 0x62) {
    setGpr(c, RAX, chance(80) ? below(20) : chance(50) ? (u64)-(i64)below(20) : value());
    setGpr(c, RDX, chance(80) ? below(20) : chance(50) ? (u64)-(i64)below(20) : value());
    if (c->mode == 64 && chance(25)) f.wide = true;
  }
  int count = c->mode == 64 ? 16 : 8, first = below(count), second = below(count);
  setXmm(c, first, textHalf(words), textHalf(words));
  if (second != first) setXmm(c, second, textHalf(words), textHalf(words));
  if (chance(30)) {
    u64 address = dataAddress(16, 1);
    u64 v[2] = {textHalf(words), textHalf(words)};
    patch(c, address, v, 16);
    emitMemory(c, f, first, reach(c, address));
  } else {
    emitReg(c, f, first, second);
  }
  emit(c, control, 1);
}

void genCrypto(Case *c) {
  static const struct {
    const char *name;
    u8 prefix, map, opcode;
    bool immediate;
  } table[] = {
    {"aesdb", 0x66, 2, 0xdb}, {"aesdc", 0x66, 2, 0xdc}, {"aesdd", 0x66, 2, 0xdd}, {"aesde", 0x66, 2, 0xde},
    {"aesdf", 0x66, 2, 0xdf}, {"aeskeygen", 0x66, 3, 0xdf, true}, {"pclmul", 0x66, 3, 0x44, true}, {"shac8", 0, 2, 0xc8},
    {"shac9", 0, 2, 0xc9}, {"shaca", 0, 2, 0xca}, {"shacb", 0, 2, 0xcb}, {"shacc", 0, 2, 0xcc}, {"shacd", 0, 2, 0xcd},
    {"sha1rnds4", 0, 3, 0xcc, true},
  };
  randomFlags(c);
  int i = below(14);
  caseName(c, "%s", table[i].name);
  if (table[i].opcode == 0xcb) setXmm(c, 0, rng(), rng());
  Form f = {.prefix = table[i].prefix, .map = table[i].map, .opcode = table[i].opcode};
  xmmOrMemory(c, f, anyXmm(c), 16, 16);
  if (table[i].immediate) emit(c, rng(), 1);
}
