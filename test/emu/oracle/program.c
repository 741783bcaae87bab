// Straight-line sequences and counted loops of integer instructions, and faulting forms.
#include "oracle.h"
#include <string.h>

// Flags that the last instructions left undefined: nothing may read them.
static u32 undefinedFlags;
static int base, counter;

static const u16 readBy[8] = {OF, CF, ZF, CF | ZF, SF, PF, SF | OF, ZF | SF | OF};

static int workReg(const Case *c) {
  static const u8 few[] = {RAX, RDX, RBX, RSI, RDI, RBP};
  for (;;) {
    int reg = c->mode == 32 || chance(40) ? few[below(6)] : 8 + (int)below(8);
    if (reg != base && reg != counter) return reg;
  }
}

static void operand(Case *c, Form f, int reg) {
  if (chance(30)) {
    Memory m = {.base = base, .index = -1, .displacementSize = 1, .displacement = (signed char)rng()};
    emitMemory(c, f, reg, m);
  } else {
    emitReg(c, f, reg, workReg(c));
  }
}

/** Byte registers without a surprise: AL..BL, or any with REX. */
static int byteWork(const Case *c) {
  static const u8 low[] = {RAX, RDX, RBX};
  for (;;) {
    int reg = c->mode == 32 ? low[below(3)] : workReg(c);
    if (c->mode == 64 && reg < 8 && reg >= 4) continue;
    if (reg != base && reg != counter) return reg;
  }
}

static bool codeReadable(int code) { return (readBy[code >> 1] & undefinedFlags) == 0; }

static void step(Case *c) {
  int size = chance(20) ? 2 : c->mode == 64 && chance(50) ? 8 : 4;
  Form f = {.size = size};
  switch (below(9)) {
    case 0:
    case 1: {
      int digit = below(8);
      if ((digit == 2 || digit == 3) && (undefinedFlags & CF)) digit = 0;
      f.opcode = digit * 8 + 1 + (chance(50) ? 2 : 0);
      operand(c, f, workReg(c));
      undefinedFlags = digit == 1 || digit == 4 || digit == 6 ? AF : 0;
      break;
    }
    case 2: {
      int digit = below(8);
      if ((digit == 2 || digit == 3) && (undefinedFlags & CF)) digit = 5;
      f.opcode = 0x83;
      operand(c, f, digit);
      emit(c, value(), 1);
      undefinedFlags = digit == 1 || digit == 4 || digit == 6 ? AF : 0;
      break;
    }
    case 3: {
      f.opcode = 0xff;
      operand(c, f, below(2));
      undefinedFlags &= CF;
      break;
    }
    case 4: {
      static const u8 digits[] = {0, 1, 4, 5, 7};
      int digit = digits[below(5)], count = 1 + below(7);
      f.opcode = 0xc1;
      operand(c, f, digit);
      emit(c, count, 1);
      if (digit < 2) undefinedFlags = (undefinedFlags & ~(CF | OF)) | (count > 1 ? OF : 0);
      else undefinedFlags = AF | (count > 1 ? OF : 0);
      break;
    }
    case 5:
      f.map = 1;
      f.opcode = 0xaf;
      operand(c, f, workReg(c));
      undefinedFlags = SF | ZF | AF | PF;
      break;
    case 6: {
      int code = below(16);
      if (!codeReadable(code)) return;
      if (chance(50)) {
        emitReg(c, (Form){.size = 1, .map = 1, .opcode = 0x90 + code}, 0, byteWork(c));
      } else {
        f.map = 1;
        f.opcode = 0x40 + code;
        operand(c, f, workReg(c));
      }
      break;
    }
    case 7: {
      f.opcode = chance(50) ? 0x89 : 0x8b;
      operand(c, f, workReg(c));
      break;
    }
    default: {
      int code = below(16);
      if (!codeReadable(code)) return;
      // Over one MOV, so that both ways meet again.
      emit(c, 0x70 + code, 1);
      emit(c, c->mode == 64 ? 3 : 2, 1);
      emitReg(c, (Form){.size = c->mode == 64 ? 8 : 4, .opcode = 0x8b}, workReg(c), workReg(c));
    }
  }
}

static void prepare(Case *c) {
  randomFlags(c);
  undefinedFlags = 0;
  counter = -1;
  base = c->mode == 64 && chance(50) ? 12 + (int)below(2) : RBP;
  setGpr(c, base, DATA + 0x100 + below(DATA_SIZE - 0x200));
  c->pinned |= 1u << base;
}

static void workValues(Case *c) {
  for (int i = 0; i < (c->mode == 64 ? 16 : 8); i++) {
    if (i != RSP && i != base && i != counter && chance(60)) setGpr(c, i, value());
  }
}

void genSequence(Case *c) {
  caseName(c, "seq");
  prepare(c);
  workValues(c);
  int steps = 3 + below(14);
  for (int i = 0; i < steps; i++) step(c);
  if (c->length == 0) emit(c, 0x90, 1);
  c->flagMask = STATUS & ~undefinedFlags;
}

void genLoop(Case *c) {
  caseName(c, "loop");
  prepare(c);
  counter = RCX;
  static const u32 counts[] = {1, 3, 17, 100, 1000, 3000};
  setGpr(c, RCX, counts[below(6)]);
  workValues(c);
  int steps = 1 + below(6);
  for (int i = 0; i < steps; i++) step(c);
  if (c->mode == 64) emit(c, 0xc9ff, 2); // DEC ECX
  else emit(c, 0x49, 1);
  u32 kept = undefinedFlags & CF;
  emit(c, 0x75, 1);
  emit(c, -(c->length + 1), 1);
  // What the body leaves undefined at its end it must not read at its start.
  undefinedFlags = kept;
  c->flagMask = STATUS & ~kept;
  if (c->length > 120) c->length = 0;
}

static const struct {
  u8 length;
  u8 bytes[8];
} undefinedOpcodes64[] = {
  {2, {0x0f, 0x0b}}, {1, {0x06}}, {1, {0x0e}}, {1, {0x16}}, {1, {0x1e}}, {1, {0x27}}, {1, {0x2f}}, {1, {0x37}},
  {1, {0x3f}}, {1, {0x60}}, {1, {0x61}}, {1, {0xce}}, {2, {0xd4, 0x0a}}, {2, {0xd5, 0x0a}}, {3, {0x82, 0xc0, 0x01}},
  {7, {0x9a}}, {7, {0xea}}, {2, {0x8d, 0xc0}}, {2, {0xfe, 0xf8}}, {2, {0xff, 0xf8}}, {3, {0xf0, 0xf6, 0xd8}},
  {3, {0xf0, 0x8b, 0x03}}, {3, {0xf0, 0x39, 0x03}}, {3, {0xc6, 0xc8, 0x01}}, {2, {0x0f, 0x04}}, {2, {0x0f, 0x0a}},
  {2, {0x0f, 0xa6}}, {4, {0x0f, 0x38, 0xff, 0xc0}}, {3, {0x0f, 0xb9, 0xc0}}, {3, {0x0f, 0xff, 0xc0}},
  {3, {0x0f, 0xc7, 0xc8}}, {2, {0x8f, 0xc8}}, {3, {0xf0, 0x01, 0xc0}}, {3, {0xf0, 0x84, 0x03}}, {2, {0xd6, 0x00}},
  {3, {0x0f, 0xba, 0xc0}}, {2, {0xc4, 0xc0}}, {4, {0x66, 0x0f, 0x38, 0xf0}}, {3, {0x0f, 0x20, 0xc8}},
}, undefinedOpcodes32[] = {
  {2, {0x0f, 0x0b}}, {2, {0x8d, 0xc0}}, {2, {0xfe, 0xf8}}, {2, {0xff, 0xf8}}, {3, {0xf0, 0xf6, 0xd8}},
  {3, {0xf0, 0x8b, 0x03}}, {3, {0xf0, 0x39, 0x03}}, {3, {0xc6, 0xc8, 0x01}}, {2, {0x0f, 0x04}}, {2, {0x0f, 0x0a}},
  {2, {0x0f, 0xa6}}, {4, {0x0f, 0x38, 0xff, 0xc0}}, {3, {0x0f, 0xb9, 0xc0}}, {3, {0x0f, 0xff, 0xc0}},
  {2, {0x62, 0xc0}}, {2, {0xc4, 0xc0}}, {3, {0xf0, 0x01, 0xc0}}, {3, {0x0f, 0xc7, 0xc8}},
};

static const struct {
  u8 length;
  u8 bytes[8];
} privileged[] = {
  {1, {0xf4}}, {1, {0xfa}}, {1, {0xfb}}, {2, {0x0f, 0x06}}, {2, {0x0f, 0x08}}, {2, {0x0f, 0x09}}, {2, {0x0f, 0x30}},
  {2, {0x0f, 0x32}}, {3, {0x0f, 0x22, 0xc0}}, {3, {0x0f, 0x20, 0xc0}}, {3, {0x0f, 0x23, 0xf8}}, {3, {0x0f, 0x21, 0xc0}},
  {3, {0x0f, 0x00, 0xd8}}, {3, {0x0f, 0x01, 0x38}}, {1, {0x6c}}, {1, {0x6e}}, {1, {0xec}}, {1, {0xee}}, {2, {0xe4, 0x80}},
  {2, {0xe6, 0x80}}, {2, {0xcd, 0x20}}, {2, {0xcd, 0x0d}}, {3, {0x0f, 0x00, 0xd0}},
};

static void faultingAccess(Case *c, u64 address) {
  static const u8 opcodes[] = {0x01, 0x03, 0x89, 0x8b, 0x29, 0x39, 0x85, 0x87};
  int size = operandSize(c), reg = anyReg(c);
  emitMemory(c, (Form){.size = size, .opcode = opcodes[below(8)]}, reg, reach(c, address));
}

void genFault(Case *c) {
  randomFlags(c);
  switch (below(10)) {
    case 9: { // a 16-bit operand size cuts the instruction pointer
      static const u8 opcodes[] = {0xe9, 0xe8, 0xeb, 0x74, 0x75, 0xc3, 0xc2, 0xe2};
      caseName(c, "branch16");
      u8 opcode = opcodes[below(8)];
      emit(c, 0x66, 1);
      if (c->mode == 64 && chance(20)) emit(c, 0x48, 1);
      emit(c, opcode, 1);
      if (opcode == 0xe9 || opcode == 0xe8) emit(c, 0x200 + below(0x100), c->code[1] == 0x48 ? 4 : 2);
      else if (opcode == 0xc2) emit(c, below(0x100), 2);
      else if (opcode != 0xc3) emit(c, 0x20 + below(0x20), 1);
      break;
    }
    case 0:
      caseName(c, "ud");
      if (c->mode == 64) {
        int i = below(sizeof undefinedOpcodes64 / sizeof *undefinedOpcodes64);
        for (int j = 0; j < undefinedOpcodes64[i].length; j++) emit(c, undefinedOpcodes64[i].bytes[j], 1);
      } else {
        int i = below(sizeof undefinedOpcodes32 / sizeof *undefinedOpcodes32);
        for (int j = 0; j < undefinedOpcodes32[i].length; j++) emit(c, undefinedOpcodes32[i].bytes[j], 1);
      }
      break;
    case 1: {
      caseName(c, "priv");
      int i = below(sizeof privileged / sizeof *privileged);
      for (int j = 0; j < privileged[i].length; j++) emit(c, privileged[i].bytes[j], 1);
      break;
    }
    case 2:
    case 3: {
      caseName(c, "pf");
      static const u32 edges[] = {DATA + DATA_SIZE, DATA, STACK + STACK_SIZE, RO, RO + RO_SIZE, RO + 8, CODE, 0x1000};
      faultingAccess(c, edges[below(8)] - below(9));
      break;
    }
    case 4:
      if (c->mode == 64) {
        caseName(c, "noncanon");
        faultingAccess(c, chance(30) ? 0x7ffffffffff8ull + below(9) : 0x0000800000000000ull + (rng() >> 2));
      } else {
        caseName(c, "pf");
        faultingAccess(c, 0x90000000u + below(0x1000000));
      }
      break;
    case 5: { // the instruction runs off the end of CODE
      caseName(c, "codefetch");
      int lengthSeen = 1 + below(5);
      c->address = CODE + CODE_SIZE - lengthSeen;
      int rex = c->mode == 64;
      u8 bytes[10] = {0x48, 0xb8};
      if (!rex) bytes[0] = 0x81, bytes[1] = 0xc0;
      for (int j = 0; j < lengthSeen; j++) emit(c, j < 2 ? bytes[j] : rng(), 1);
      break;
    }
    case 6: { // redundant prefixes
      static const u8 overrides[] = {0x26, 0x2e, 0x36, 0x3e, 0x66};
      static const u8 opcodes[] = {0x01, 0x03, 0x29, 0x21, 0x09, 0x85, 0x31};
      caseName(c, "prefixmix");
      int count = 1 + below(9);
      for (int i = 0; i < count; i++) emit(c, overrides[below(5)], 1);
      if (c->mode == 64 && chance(50)) emit(c, 0x40 + below(16), 1);
      emit(c, opcodes[below(7)], 1);
      emit(c, 0xc0 + below(64), 1);
      if ((c->code[c->length - 1] & 7) == 4 || (c->code[c->length - 1] >> 3 & 7) == 4) c->code[c->length - 1] = 0xc3;
      c->flagMask &= ~AF;
      break;
    }
    case 7: {
      caseName(c, "toolong");
      int count = 10 + below(6);
      for (int i = 0; i < count; i++) emit(c, 0x66, 1);
      emit(c, 0xd801, 2);
      break;
    }
    default: { // control transfer to where there is no code
      caseName(c, "codefetch");
      static const u32 places[] = {0x90000, DATA, STACK, RO}; // unmapped, or not executable
      u64 target = c->mode == 64 && chance(30) ? 0x0000800000000000ull + (rng() >> 2) : places[below(4)] + below(0x1000);
      if (chance(30)) {
        c->pinned &= ~(1u << RSP);
        setGpr(c, RSP, STACK + 0x800 + below(0x800));
        patchValue(c, c->gpr[RSP], target, c->mode == 64 ? 8 : 4);
        emit(c, 0xc3, 1);
        return;
      }
      int reg = freeReg(c);
      setGpr(c, reg, target);
      emitReg(c, (Form){.opcode = 0xff}, chance(50) ? 2 : 4, reg);
    }
  }
}
