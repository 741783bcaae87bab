// SSE floating point, with all rounding modes, DAZ and FTZ; unmasked exceptions in a group of their own.
#include "oracle.h"
#include <string.h>

static void setFloats(Case *c, int reg, bool isDouble) {
  if (isDouble) setXmm(c, reg, doubleValue(), doubleValue());
  else setXmm(c, reg, floatValue() | (u64)floatValue() << 32, floatValue() | (u64)floatValue() << 32);
}

static int floatReg(Case *c, bool isDouble) {
  int reg = below(c->mode == 64 ? 16 : 8);
  setFloats(c, reg, isDouble);
  return reg;
}

static void floatOperand(Case *c, Form f, int reg, bool isDouble, int size) {
  if (chance(35)) {
    u64 address = dataAddress(size, size == 16 && chance(96) ? 16 : 1);
    u64 v[2];
    for (int i = 0; i < 2; i++) v[i] = isDouble ? doubleValue() : floatValue() | (u64)floatValue() << 32;
    patch(c, address, v, size);
    emitMemory(c, f, reg, reach(c, address));
  } else {
    int rm = below(c->mode == 64 ? 16 : 8);
    if (rm != reg || chance(50)) setFloats(c, rm, isDouble);
    emitReg(c, f, reg, rm);
  }
}

static void controls(Case *c) {
  if (chance(45)) c->mxcsr = 0x1f80 | below(4) << 13 | (chance(25) ? 0x8000 : 0) | (chance(25) ? 0x40 : 0);
  if (chance(15)) c->mxcsr |= below(64);
}

static const char *prefixName(u8 prefix) { return prefix == 0x66 ? "66" : prefix == 0xf2 ? "f2" : prefix == 0xf3 ? "f3" : ""; }

static void floating(Case *c) {
  static const u8 prefixes[] = {0, 0x66, 0xf3, 0xf2};
  Form f = {.map = 1, .prefix = prefixes[below(4)]};
  bool isDouble = f.prefix == 0x66 || f.prefix == 0xf2;
  int size = f.prefix == 0xf3 ? 4 : f.prefix == 0xf2 ? 8 : 16;
  bool wide = c->mode == 64 && chance(40);
  randomFlags(c);
  switch (below(16)) {
    case 0: case 1: case 2: case 3: case 4: case 5: {
      static const u8 opcodes[] = {0x51, 0x58, 0x59, 0x5c, 0x5d, 0x5e, 0x5f};
      f.opcode = opcodes[below(7)];
      caseName(c, "%s 0f %02x", prefixName(f.prefix), f.opcode);
      floatOperand(c, f, floatReg(c, isDouble), isDouble, size);
      return;
    }
    case 6:
      caseName(c, "cmp %s", prefixName(f.prefix));
      f.opcode = 0xc2;
      floatOperand(c, f, floatReg(c, isDouble), isDouble, size);
      emit(c, below(8), 1);
      return;
    case 7:
      caseName(c, "comis");
      f.prefix = chance(50) ? 0x66 : 0;
      f.opcode = 0x2e + below(2);
      floatOperand(c, f, floatReg(c, f.prefix), f.prefix, f.prefix ? 8 : 4);
      return;
    case 8:
    case 9: {
      caseName(c, "cvts2si");
      f.prefix = chance(50) ? 0xf2 : 0xf3;
      f.opcode = 0x2c + below(2);
      f.wide = wide;
      int reg = anyReg(c);
      floatOperand(c, f, reg, f.prefix == 0xf2, f.prefix == 0xf2 ? 8 : 4);
      return;
    }
    case 10: {
      caseName(c, "cvtsi2s");
      f.prefix = chance(50) ? 0xf2 : 0xf3;
      f.opcode = 0x2a;
      f.wide = wide;
      int reg = floatReg(c, f.prefix == 0xf2);
      if (chance(40)) emitMemory(c, f, reg, memoryOperand(c, wide ? 8 : 4, false));
      else emitReg(c, f, reg, anyReg(c));
      return;
    }
    case 11: {
      caseName(c, "cvt %s 5a", prefixName(f.prefix));
      f.opcode = 0x5a;
      floatOperand(c, f, floatReg(c, isDouble), isDouble, f.prefix == 0 ? 8 : size);
      return;
    }
    case 12: {
      static const u8 table[][4] = {{0, 0x5b, 0, 16}, {0x66, 0x5b, 0, 16}, {0xf3, 0x5b, 0, 16}, {0x66, 0xe6, 1, 16}, {0xf2, 0xe6, 1, 16}, {0xf3, 0xe6, 2, 8}};
      int i = below(6);
      f.prefix = table[i][0];
      f.opcode = table[i][1];
      caseName(c, "cvt %s %02x", prefixName(f.prefix), f.opcode);
      int reg = below(c->mode == 64 ? 16 : 8), rm = below(c->mode == 64 ? 16 : 8);
      if (f.prefix == 0 || table[i][2] == 2) { // from integers
        setXmm(c, rm, value() ^ value() << 32, value() ^ value() << 32);
        emitReg(c, f, reg, rm);
      } else {
        floatOperand(c, f, reg, table[i][2], table[i][3]);
      }
      return;
    }
    case 13: {
      f.prefix = 0x66;
      f.map = 3;
      f.opcode = 8 + below(4);
      caseName(c, "round%d", f.opcode);
      isDouble = f.opcode & 1;
      floatOperand(c, f, floatReg(c, isDouble), isDouble, f.opcode < 10 ? 16 : isDouble ? 8 : 4);
      emit(c, below(16), 1);
      return;
    }
    case 14: {
      static const u8 opcodes[] = {0x7c, 0x7d, 0xd0};
      caseName(c, "hadd/addsub");
      f.prefix = chance(50) ? 0x66 : 0xf2;
      f.opcode = opcodes[below(3)];
      floatOperand(c, f, floatReg(c, f.prefix == 0x66), f.prefix == 0x66, 16);
      return;
    }
    default:
      caseName(c, "rcp/rsqrt");
      f.prefix = chance(50) ? 0xf3 : 0;
      f.opcode = 0x52 + below(2);
      c->tolerance = "rel:0.000366";
      floatOperand(c, f, floatReg(c, false), false, f.prefix ? 4 : 16);
  }
}

void genSseFloat(Case *c) {
  controls(c);
  floating(c);
}

void genSseFloatUnmasked(Case *c) {
  controls(c);
  c->mxcsr &= ~(below(64) << 7);
  c->mxcsr &= ~63u;
  floating(c);
}

void genSseDot(Case *c) {
  randomFlags(c);
  controls(c);
  caseName(c, "dpps/pd");
  bool isDouble = chance(50);
  c->mxcsrMask = 0xffc0; // the order of the sums, and so their flags, is the processor's own
  c->mxcsr &= ~63u;
  floatOperand(c, (Form){.prefix = 0x66, .map = 3, .opcode = 0x40 + isDouble}, floatReg(c, isDouble), isDouble, 16);
  emit(c, rng(), 1);
}
