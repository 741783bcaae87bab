// MMX.
#include "oracle.h"

/** An MMX register is the low half of the x87 register of its number: ST is relative to TOP. */
static int anyMm(Case *c) {
  (void)c;
  return below(8);
}

static void mmOrMemory(Case *c, Form f, int reg, int size) {
  if (chance(40)) emitMemory(c, f, reg, vectorMemory(c, size, 1, false));
  else emitReg(c, f, reg, anyMm(c));
}

void genMmx(Case *c) {
  static const u8 opcodes[] = {
    0x60, 0x61, 0x62, 0x63, 0x64, 0x65, 0x66, 0x67, 0x68, 0x69, 0x6a, 0x6b, 0x74, 0x75, 0x76, 0xd1, 0xd2, 0xd3, 0xd4, 0xd5,
    0xd8, 0xd9, 0xda, 0xdb, 0xdc, 0xdd, 0xde, 0xdf, 0xe0, 0xe1, 0xe2, 0xe3, 0xe4, 0xe5, 0xe8, 0xe9, 0xea, 0xeb, 0xec, 0xed,
    0xee, 0xef, 0xf1, 0xf2, 0xf3, 0xf4, 0xf5, 0xf6, 0xf8, 0xf9, 0xfa, 0xfb, 0xfc, 0xfd, 0xfe,
  };
  static const u8 opcodes38[] = {0x00, 0x01, 0x02, 0x03, 0x04, 0x05, 0x06, 0x07, 0x08, 0x09, 0x0a, 0x0b, 0x1c, 0x1d, 0x1e};
  static const u8 digits[][2] = {{0x71, 2}, {0x71, 4}, {0x71, 6}, {0x72, 2}, {0x72, 4}, {0x72, 6}, {0x73, 2}, {0x73, 6}};
  randomFlags(c);
  mmxRegs(c);
  Form f = {.map = 1};
  int kind = below(20), reg = anyMm(c);
  if (kind < 10) {
    f.opcode = opcodes[below(sizeof opcodes)];
    caseName(c, "mmx %02x", f.opcode);
    mmOrMemory(c, f, reg, f.opcode >= 0x60 && f.opcode <= 0x62 ? 4 : 8);
  } else if (kind < 13) {
    f.map = 2;
    f.opcode = opcodes38[below(sizeof opcodes38)];
    caseName(c, "mmx 38 %02x", f.opcode);
    mmOrMemory(c, f, reg, 8);
  } else if (kind < 15) {
    int i = below(8);
    f.opcode = digits[i][0];
    caseName(c, "mmx %02x/%d", digits[i][0], digits[i][1]);
    emitReg(c, f, digits[i][1], anyMm(c));
    emit(c, chance(80) ? below(70) : rng(), 1);
  } else if (kind < 16) {
    caseName(c, chance(50) ? "pshufw" : "palignr mmx");
    if (c->name[1] == 'a') f.map = 3, f.opcode = 0x0f;
    else f.opcode = 0x70;
    mmOrMemory(c, f, reg, 8);
    emit(c, chance(70) ? below(20) : rng(), 1);
  } else if (kind < 17) {
    bool wide = c->mode == 64 && chance(40), store = chance(50);
    caseName(c, "movd mm");
    f.opcode = store ? 0x7e : 0x6e;
    f.wide = wide;
    if (chance(50)) emitMemory(c, f, reg, memoryOperand(c, wide ? 8 : 4, store));
    else emitReg(c, f, reg, anyReg(c));
  } else if (kind < 18) {
    caseName(c, "movq mm");
    bool store = chance(50);
    f.opcode = store ? 0x7f : 0x6f;
    if (chance(60)) emitMemory(c, f, reg, vectorMemory(c, 8, 1, store));
    else emitReg(c, f, reg, anyMm(c));
  } else if (kind < 19) {
    switch (below(5)) {
      case 0:
        caseName(c, "emms");
        emit(c, 0x770f, 2);
        return;
      case 1:
        caseName(c, "movq2dq");
        emitReg(c, (Form){.prefix = 0xf3, .map = 1, .opcode = 0xd6}, anyXmm(c), reg);
        return;
      case 2:
        caseName(c, "movdq2q");
        emitReg(c, (Form){.prefix = 0xf2, .map = 1, .opcode = 0xd6}, reg, anyXmm(c));
        return;
      case 3:
        caseName(c, "pmovmskb mm");
        emitReg(c, (Form){.map = 1, .opcode = 0xd7}, anyReg(c), reg);
        return;
      default:
        caseName(c, "pextrw mm");
        emitReg(c, (Form){.map = 1, .opcode = 0xc5}, anyReg(c), reg);
        emit(c, rng(), 1);
    }
  } else {
    static const u8 conversions[][2] = {{0, 0x2a}, {0x66, 0x2a}, {0, 0x2c}, {0, 0x2d}, {0x66, 0x2c}, {0x66, 0x2d}};
    int i = below(6);
    caseName(c, "cvtpi");
    f.prefix = conversions[i][0];
    f.opcode = conversions[i][1];
    int xmm = below(c->mode == 64 ? 16 : 8);
    if (f.prefix) setXmm(c, xmm, doubleValue(), doubleValue());
    else setXmm(c, xmm, floatValue() | (u64)floatValue() << 32, rng());
    if (f.opcode == 0x2a) emitReg(c, f, xmm, reg);
    else emitReg(c, f, reg, xmm);
  }
}
