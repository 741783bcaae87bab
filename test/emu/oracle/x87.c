// x87: loads, stores, arithmetic, comparisons, control.
#include "oracle.h"
#include <string.h>

enum { CONDITIONS_UNDEFINED = 0xb8ff };

static Memory operandAt(Case *c, const void *bytes, int size) {
  u64 address = dataAddress(size, 1);
  if (bytes) patch(c, address, bytes, size);
  return reach(c, address);
}

/** A memory operand in the format of the opcode: D8 DC floats, DA DE integers and so on. */
static Memory typedOperand(Case *c, u8 opcode, int digit) {
  u8 bytes[16] = {0};
  u64 v;
  int size = 4;
  switch (opcode) {
    case 0xd8: case 0xd9: v = floatValue(); break;
    case 0xdc: v = doubleValue(); size = 8; break;
    case 0xdd: v = digit == 1 ? value() : doubleValue(); size = 8; break;
    case 0xde: v = value(); size = 2; break;
    case 0xdf: v = value(); size = digit >= 4 ? 8 : 2; break;
    default: v = value(); break;
  }
  memcpy(bytes, &v, 8);
  if (opcode == 0xdb && digit >= 5) extendedValue(bytes), size = 10;
  if (opcode == 0xdf && digit == 4) { // packed decimal
    for (int i = 0; i < 9; i++) bytes[i] = below(10) | below(10) << 4;
    bytes[9] = chance(50) ? 0x80 : 0;
    size = 10;
  }
  return operandAt(c, bytes, size);
}

static void memoryForm(Case *c, u8 opcode, int digit, bool store) {
  Form f = {.opcode = opcode};
  int size = opcode == 0xdf && digit < 4 ? 2 : opcode == 0xdd || opcode == 0xdf ? 8 : 4;
  if ((opcode == 0xdb && digit == 7) || (opcode == 0xdf && digit == 6)) size = 10;
  if (store) emitMemory(c, f, digit, operandAt(c, NULL, size));
  else emitMemory(c, f, digit, typedOperand(c, opcode, digit));
}

static void unmaskSome(Case *c) {
  if (chance(6)) c->fpu.cw &= ~(1 << below(6));
}

void genX87(Case *c) {
  randomFlags(c);
  fpuStack(c);
  unmaskSome(c);
  c->statusWordMask = CONDITIONS_UNDEFINED;
  int i = below(8);
  switch (below(16)) {
    case 0: case 1: case 2: {
      static const u8 opcodes[] = {0xd8, 0xdc, 0xda, 0xde}, digits[] = {0, 1, 4, 5, 6, 7};
      u8 opcode = opcodes[below(4)];
      int digit = digits[below(6)];
      caseName(c, "x87 arith mem %02x/%d", opcode, digit);
      memoryForm(c, opcode, digit, false);
      return;
    }
    case 3: case 4: case 5: {
      static const u8 opcodes[] = {0xd8, 0xdc, 0xde}, digits[] = {0, 1, 4, 5, 6, 7};
      u8 opcode = opcodes[below(3)];
      int digit = digits[below(6)];
      caseName(c, "x87 arith %02x/%d", opcode, digit);
      emit(c, opcode, 1);
      emit(c, 0xc0 | digit << 3 | i, 1);
      return;
    }
    case 6: {
      static const u8 loads[][2] = {{0xd9, 0}, {0xdd, 0}, {0xdb, 5}, {0xdf, 0}, {0xdb, 0}, {0xdf, 5}, {0xdf, 4}};
      int which = below(7);
      caseName(c, "fld/fild %02x/%d", loads[which][0], loads[which][1]);
      memoryForm(c, loads[which][0], loads[which][1], false);
      return;
    }
    case 7: case 8: {
      static const u8 stores[][2] = {{0xd9, 2}, {0xd9, 3}, {0xdd, 2}, {0xdd, 3}, {0xdb, 7}, {0xdf, 2}, {0xdf, 3}, {0xdb, 2}, {0xdb, 3},
                                     {0xdf, 7}, {0xdf, 6}, {0xdf, 1}, {0xdb, 1}, {0xdd, 1}};
      int which = below(14);
      caseName(c, "fst/fist %02x/%d", stores[which][0], stores[which][1]);
      memoryForm(c, stores[which][0], stores[which][1], true);
      return;
    }
    case 9: {
      static const u16 codes[] = {0xe8d9, 0xe9d9, 0xead9, 0xebd9, 0xecd9, 0xedd9, 0xeed9, 0xe0d9, 0xe1d9, 0xe4d9, 0xe5d9, 0xf6d9, 0xf7d9,
                                  0xd0d9};
      caseName(c, "fld const/stack");
      if (chance(60)) emit(c, codes[below(14)], 2);
      else emit(c, (chance(50) ? 0xc0d9 : chance(50) ? 0xc8d9 : chance(50) ? 0xd0dd : chance(50) ? 0xd8dd : 0xc0dd) + (i << 8), 2);
      if (c->code[1] == 0xe4 || c->code[1] == 0xe5) c->statusWordMask = 0;
      return;
    }
    case 10: {
      static const u16 codes[] = {0xd0d8, 0xd8d8, 0xe0dd, 0xe8dd};
      caseName(c, "fcom*");
      c->statusWordMask = 0;
      switch (below(4)) {
        case 0: emit(c, chance(50) ? 0xd9de : 0xe9da, 2); return;
        case 1: memoryForm(c, chance(50) ? 0xd8 : 0xdc, 2 + below(2), false); return;
        case 2: memoryForm(c, chance(50) ? 0xda : 0xde, 2 + below(2), false); return;
        default: emit(c, codes[below(4)] + (i << 8), 2); return;
      }
    }
    case 11: {
      static const u16 codes[] = {0xf0db, 0xe8db, 0xf0df, 0xe8df};
      caseName(c, "fcomi*");
      c->flagMask = 0x45;
      emit(c, codes[below(4)] + (i << 8), 2);
      return;
    }
    case 12: {
      caseName(c, "fcmov");
      c->flags = 0x202 | (rng() & STATUS);
      emit(c, chance(50) ? 0xda : 0xdb, 1);
      emit(c, 0xc0 + below(4) * 8 + i, 1);
      return;
    }
    case 13: { // FSQRT FRNDINT FSCALE FXTRACT FPREM FPREM1
      static const u8 codes[] = {0xfa, 0xfc, 0xfd, 0xf4, 0xf8, 0xf5};
      int which = below(6);
      caseName(c, "x87 d9%02x", codes[which]);
      if (which >= 4) c->statusWordMask = 0;
      emit(c, 0xd9 | codes[which] << 8, 2);
      return;
    }
    case 14:
      switch (below(6)) {
        case 0: caseName(c, "fnclex"); c->fpu.sw |= below(64); emit(c, 0xe2db, 2); return;
        case 1: caseName(c, "fninit"); emit(c, 0xe3db, 2); return;
        case 2: caseName(c, "fnstcw"); emitMemory(c, (Form){.opcode = 0xd9}, 7, operandAt(c, NULL, 2)); return;
        case 3: caseName(c, "fnstsw"); emit(c, 0xe0df, 2); setGpr(c, RAX, value()); return;
        case 4: {
          u16 cw = (rng() & 0xf3f) | 0x3f;
          caseName(c, "fldcw");
          emitMemory(c, (Form){.opcode = 0xd9}, 5, operandAt(c, &cw, 2));
          return;
        }
        default: caseName(c, "wait"); emit(c, 0x9b, 1); return;
      }
    default: {
      u32 v = (chance(50) ? 0x1f80 : 0) | (rng() & 0xffff);
      caseName(c, "stmxcsr/ldmxcsr");
      if (chance(50)) emitMemory(c, (Form){.map = 1, .opcode = 0xae}, 3, operandAt(c, NULL, 4));
      else emitMemory(c, (Form){.map = 1, .opcode = 0xae}, 2, operandAt(c, &v, 4));
    }
  }
}

void genX87Transcendental(Case *c) {
  static const u8 codes[] = {0xf0, 0xf1, 0xf2, 0xf3, 0xf9, 0xfb, 0xfe, 0xff};
  randomFlags(c);
  fpuStack(c);
  c->fpu.cw = 0x37f;
  int which = below(8);
  caseName(c, "x87 trans d9%02x", codes[which]);
  c->statusWordMask = 0xb4df;
  c->tolerance = "x87rel:2^-62";
  emit(c, 0xd9 | codes[which] << 8, 2);
}
