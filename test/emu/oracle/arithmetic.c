// ALU, MOV, shifts, multiplication and division.
#include "oracle.h"

void genAlu(Case *c) {
  static const char *const names[] = {"add", "or", "adc", "sbb", "and", "sub", "xor", "cmp"};
  randomFlags(c);
  int size = someSize(c);
  byteForms(c, size);
  Form f = {.size = size};
  int kind = below(14);
  if (kind < 8) {
    int digit = below(8);
    caseName(c, "%s", names[digit]);
    if (digit == 1 || digit == 4 || digit == 6) c->flagMask &= ~AF;
    bool write = digit != 7;
    switch (below(4)) {
      case 0: // E,G
      case 1: { // G,E
        int toReg = chance(50) ? 2 : 0;
        f.opcode = digit * 8 + toReg + (size != 1);
        if (chance(45)) {
          f.lock = !toReg && write && chance(30);
          int reg = sizedReg(c, size);
          emitMemory(c, f, reg, memoryOperand(c, size, write && !toReg));
        } else {
          int reg = sizedReg(c, size);
          emitReg(c, f, reg, sizedReg(c, size));
        }
        break;
      }
      case 2: // accumulator
        setGpr(c, RAX, value());
        if (size == 2) emit(c, 0x66, 1);
        if (size == 8) emit(c, 0x48, 1);
        emit(c, digit * 8 + 4 + (size != 1), 1);
        immediate(c, size);
        break;
      default: { // group 1
        bool shortForm = size != 1 && chance(50);
        f.opcode = size == 1 ? 0x80 : shortForm ? 0x83 : 0x81;
        if (chance(45)) {
          f.lock = write && chance(20);
          emitMemory(c, f, digit, memoryOperand(c, size, write));
        } else {
          emitReg(c, f, digit, sizedReg(c, size));
        }
        immediate(c, shortForm ? 1 : size);
      }
    }
  } else if (kind < 10) {
    static const u8 opcodes[] = {0x84, 0xf6, 0xa8};
    caseName(c, "test");
    c->flagMask &= ~AF;
    int form = below(3);
    f.opcode = opcodes[form] + (size != 1);
    if (form == 2) {
      setGpr(c, RAX, value());
      if (size == 2) emit(c, 0x66, 1);
      if (size == 8) emit(c, 0x48, 1);
      emit(c, f.opcode, 1);
    } else {
      regOrMemory(c, f, form == 0 ? sizedReg(c, size) : (int)below(2), size, false);
    }
    if (form) immediate(c, size);
  } else if (kind < 12) {
    static const char *const unary[] = {"inc", "dec", "not", "neg"};
    int which = below(4);
    caseName(c, "%s", unary[which]);
    if (c->mode == 32 && which < 2 && size > 1 && chance(40)) {
      if (size == 2) emit(c, 0x66, 1);
      emit(c, (which ? 0x48 : 0x40) + anyReg(c), 1);
      return;
    }
    f.opcode = (which < 2 ? 0xfe : 0xf6) + (size != 1);
    if (chance(45)) {
      f.lock = chance(20);
      emitMemory(c, f, which, memoryOperand(c, size, true));
    } else {
      emitReg(c, f, which, sizedReg(c, size));
    }
  } else {
    caseName(c, "mov");
    switch (below(5)) {
      case 0:
      case 1:
        f.opcode = (chance(50) ? 0x88 : 0x8a) + (size != 1);
        {
          int reg = sizedReg(c, size);
          regOrMemory(c, f, reg, size, f.opcode < 0x8a);
        }
        break;
      case 2:
        f.opcode = 0xc6 + (size != 1);
        regOrMemory(c, f, 0, size, true);
        immediate(c, size);
        break;
      case 3: { // moffs
        bool write = chance(50);
        setGpr(c, RAX, value());
        u64 address = dataAddress(size, 1);
        if (size == 2) emit(c, 0x66, 1);
        if (size == 8) emit(c, 0x48, 1);
        emit(c, (write ? 0xa2 : 0xa0) + (size != 1), 1);
        emit(c, address, c->mode == 64 ? 8 : 4);
        break;
      }
      default: { // immediate to register
        int reg = sizedReg(c, size);
        if (size == 2) emit(c, 0x66, 1);
        int rex = (size == 8 ? 0x48 : 0) | (reg >= 8 && reg < 16 ? 0x41 : 0) | (size == 1 && reg >= 4 && reg < 8 ? 0x40 : 0);
        if (rex && !c->noRex) emit(c, rex, 1);
        emit(c, (size == 1 ? 0xb0 : 0xb8) + (reg >= AH ? reg - AH + 4 : reg & 7), 1);
        emit(c, value(), size);
      }
    }
  }
}

void genShift(Case *c) {
  static const char *const names[] = {"rol", "ror", "rcl", "rcr", "shl", "shr", "sal6", "sar"};
  randomFlags(c);
  int size = someSize(c), digit = below(10), count;
  byteForms(c, size);
  Form f = {.size = size};
  u32 pick = rng();
  int wanted = pick % 4 == 0 ? 1 : pick % 4 == 1 ? (int)below(66) : pick % 4 == 2 ? (int)below(256) : size * 8 + (int)below(3) - 1;
  if (digit >= 8) { // double shifts
    if (size == 1) size = f.size = 4;
    c->noRex = c->mode == 32;
    bool byCl = chance(50);
    count = wanted & (size == 8 ? 63 : 31);
    if (count > size * 8) wanted = count = below(size * 8 + 1);
    if (byCl) setGpr(c, RCX, (value() & ~0xffull) | wanted);
    int reg = anyReg(c);
    f.map = 1;
    f.opcode = (digit == 8 ? 0xa4 : 0xac) + byCl;
    regOrMemory(c, f, reg, size, true);
    if (byCl) {
      wanted = (u8)c->gpr[RCX];
      count = wanted & (size == 8 ? 63 : 31);
    } else {
      emit(c, wanted, 1);
    }
    caseName(c, digit == 8 ? "shld" : "shrd");
    if (count) c->flagMask &= ~AF;
    if (count > 1) c->flagMask &= ~OF;
    return;
  }
  int form = below(3); // Ib, 1, CL
  if (form == 1) wanted = 1;
  if (form == 2) setGpr(c, RCX, (value() & ~0xffull) | wanted);
  f.opcode = (form == 0 ? 0xc0 : form == 1 ? 0xd0 : 0xd2) + (size != 1);
  regOrMemory(c, f, digit, size, true);
  if (form == 0) emit(c, wanted, 1);
  caseName(c, "%s", names[digit]);
  count = wanted & (size == 8 ? 63 : 31);
  if (count != 1 && count != 0) c->flagMask &= ~OF;
  if (digit >= 4 && count) c->flagMask &= ~AF;
  if (digit == 7 && count) c->flagMask |= OF; // SAR clears it for any count here
  if (digit >= 4 && digit < 7 && count > size * 8) c->flagMask &= ~CF;
  if (digit == 7 && count > 1) c->flagMask &= ~OF;
}

void genMulDiv(Case *c) {
  randomFlags(c);
  int size = someSize(c), kind = below(6);
  byteForms(c, size);
  Form f = {.size = size};
  c->flagMask = CF | OF;
  if (kind < 4) {
    static const char *const names[] = {"mul", "imul1", "div", "idiv"};
    caseName(c, "%s", names[kind]);
    u64 high = chance(50) ? below(3) : chance(50) ? value() >> below(64) : (u64)-(i64)below(3);
    setGpr(c, RAX, value());
    if (size > 1 || chance(50)) setGpr(c, RDX, kind < 2 ? value() : high);
    else if (chance(60) && !(c->pinned >> RAX & 0)) c->gpr[RAX] = (c->gpr[RAX] & 0xff) | (below(3) << 8);
    if (kind >= 2) c->flagMask = 0;
    f.opcode = size == 1 ? 0xf6 : 0xf7;
    regOrMemory(c, f, 4 + kind, size, false);
    return;
  }
  caseName(c, "imul");
  if (size == 1) size = f.size = 4;
  c->noRex = c->mode == 32;
  int reg = anyReg(c);
  if (kind == 4) {
    f.map = 1;
    f.opcode = 0xaf;
    regOrMemory(c, f, reg, size, false);
  } else {
    bool shortForm = chance(50);
    f.opcode = shortForm ? 0x6b : 0x69;
    regOrMemory(c, f, reg, size, false);
    immediate(c, shortForm ? 1 : size);
  }
}
