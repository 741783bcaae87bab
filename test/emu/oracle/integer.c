// ALU, shifts, multiplication and division, bits, BMI, exchanges, conditions, LEA, the rest of the integer set.
#include "oracle.h"

/** Half of the byte forms may use AH..BH, and then no REX prefix. */
static void byteForms(Case *c, int size) {
  if (size == 1 && chance(30)) c->noRex = true;
}

/** An immediate, boundary values preferred. */
static void immediate(Case *c, int size) { emit(c, value(), size == 8 ? 4 : size); }

static void regOrMemory(Case *c, Form f, int reg, int size, bool write) {
  if (chance(45)) {
    Memory m = memoryOperand(c, size, write);
    emitMemory(c, f, reg, m);
  } else {
    emitReg(c, f, reg, sizedReg(c, size));
  }
}

static int someSize(Case *c) { return chance(30) ? 1 : operandSize(c); }

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

/** BT family with a register index into memory: the index leads away from the operand's address, within DATA. */
static void bitString(Case *c, Form f, int size) {
  int bits = size * 8;
  u64 target = dataAddress(size, 1);
  int reg = freeReg(c);
  i64 away = (i64)below(0x1000) - 0x800;
  i64 index = away * bits + (i64)below(bits);
  u64 v = size == 2 ? (u16)index : size == 4 ? (u32)index : (u64)index;
  if (size == 2) away = ((short)index) >> 4;
  if (chance(50) && size < 8) v |= rng() << bits;
  setGpr(c, reg, v);
  u64 address = target - (u64)(away * size);
  if (size == 2 && (address < DATA || address >= DATA + DATA_SIZE)) address = DATA + 0x2000;
  emitMemory(c, f, reg, reach(c, address));
}

void genBit(Case *c) {
  randomFlags(c);
  int size = operandSize(c), kind = below(10);
  Form f = {.size = size, .map = 1};
  if (kind < 6) {
    static const char *const names[] = {"bt", "bts", "btr", "btc"};
    int which = below(4);
    caseName(c, "%s", names[which]);
    c->flagMask = CF | ZF;
    bool byImmediate = chance(50);
    f.opcode = byImmediate ? 0xba : 0xa3 + which * 8;
    if (chance(50)) {
      f.lock = which && chance(20);
      if (byImmediate) emitMemory(c, f, 4 + which, memoryOperand(c, size, which != 0));
      else bitString(c, f, size);
    } else {
      int reg = byImmediate ? 4 + which : anyReg(c);
      emitReg(c, f, reg, anyReg(c));
    }
    if (byImmediate) emit(c, rng(), 1);
    return;
  }
  static const char *const names[] = {"bsf", "bsr", "tzcnt", "lzcnt", "popcnt"};
  int which = below(5);
  caseName(c, "%s", names[which]);
  c->flagMask = which < 2 ? ZF : which < 4 ? CF | ZF : STATUS;
  f.opcode = which == 4 ? 0xb8 : which & 1 ? 0xbd : 0xbc;
  f.prefix = which >= 2 ? 0xf3 : 0;
  if (which >= 2 && size == 2) {
    emit(c, 0x66, 1);
    f.size = 4;
  }
  int reg = anyReg(c);
  if (which < 2 && size == 4) c->gprMask[reg] = 0xffffffff; // a source of 0 leaves the upper half to the processor
  regOrMemory(c, f, reg, size, false);
}

void genBmi(Case *c) {
  static const struct {
    const char *name;
    u8 prefix, map, opcode;
    signed char digit; // -1: ModRM.reg is an operand
    bool vex, immediate;
    u16 flags;
  } table[] = {
    {"andn", 0, 2, 0xf2, -1, true, false, STATUS & ~(AF | PF)},
    {"blsr", 0, 2, 0xf3, 1, true, false, STATUS & ~(AF | PF)},
    {"blsmsk", 0, 2, 0xf3, 2, true, false, STATUS & ~(AF | PF)},
    {"blsi", 0, 2, 0xf3, 3, true, false, STATUS & ~(AF | PF)},
    {"bextr", 0, 2, 0xf7, -1, true, false, CF | ZF | OF},
    {"bzhi", 0, 2, 0xf5, -1, true, false, STATUS & ~(AF | PF)},
    {"pdep", 0xf2, 2, 0xf5, -1, true, false, STATUS},
    {"pext", 0xf3, 2, 0xf5, -1, true, false, STATUS},
    {"mulx", 0xf2, 2, 0xf6, -1, true, false, STATUS},
    {"shlx", 0x66, 2, 0xf7, -1, true, false, STATUS},
    {"sarx", 0xf3, 2, 0xf7, -1, true, false, STATUS},
    {"shrx", 0xf2, 2, 0xf7, -1, true, false, STATUS},
    {"rorx", 0xf2, 3, 0xf0, -1, true, true, STATUS},
    {"adcx", 0x66, 2, 0xf6, -1, false, false, STATUS},
    {"adox", 0xf3, 2, 0xf6, -1, false, false, STATUS},
  };
  randomFlags(c);
  int which = below(17), size = c->mode == 64 && chance(60) ? 8 : 4;
  if (which >= 15) { // MOVBE
    size = operandSize(c);
    bool store = chance(50);
    caseName(c, "movbe");
    int reg = anyReg(c);
    emitMemory(c, (Form){.size = size, .map = 2, .opcode = 0xf0 + store}, reg, memoryOperand(c, size, store));
    return;
  }
  caseName(c, "%s", table[which].name);
  c->flagMask = table[which].flags;
  Form f = {.size = size, .prefix = table[which].prefix, .map = table[which].map, .opcode = table[which].opcode,
            .vex = table[which].vex};
  if (which == 4 || which == 5) {
    f.vvvv = freeReg(c);
    setGpr(c, f.vvvv, chance(70) ? below(70) | (below(70) << 8) : value());
  } else if (f.vex && which != 12) {
    f.vvvv = anyReg(c);
  }
  if (which == 8) setGpr(c, RDX, value());
  int reg = table[which].digit < 0 ? anyReg(c) : table[which].digit;
  regOrMemory(c, f, reg, size, false);
  if (table[which].immediate) emit(c, rng(), 1);
}

void genExchange(Case *c) {
  randomFlags(c);
  int size = someSize(c), kind = below(5);
  Form f = {.size = size, .map = 1};
  if (kind < 3) {
    static const char *const names[] = {"xchg", "xadd", "cmpxchg"};
    byteForms(c, size);
    caseName(c, "%s", names[kind]);
    if (kind == 0 && size > 1 && chance(25)) { // with the accumulator
      int reg = anyReg(c);
      setGpr(c, RAX, value());
      if (size == 2) emit(c, 0x66, 1);
      if (size == 8 || reg >= 8) emit(c, 0x40 | (size == 8) << 3 | (reg >= 8), 1);
      emit(c, 0x90 + (reg & 7), 1);
      return;
    }
    if (kind == 0) f.map = 0;
    f.opcode = (kind == 0 ? 0x86 : kind == 1 ? 0xc0 : 0xb0) + (size != 1);
    if (kind == 2) setGpr(c, RAX, value());
    int reg = sizedReg(c, size);
    if (chance(55)) {
      f.lock = chance(40);
      Memory m = memoryOperand(c, size, true);
      if (kind == 2 && chance(50)) patchValue(c, m.address, c->gpr[RAX], size);
      emitMemory(c, f, reg, m);
    } else {
      int rm = sizedReg(c, size);
      if (kind == 2 && chance(40) && size > 1 && rm != RAX) c->gpr[rm] = c->gpr[RAX];
      emitReg(c, f, reg, rm);
    }
    return;
  }
  bool wide = c->mode == 64 && chance(50);
  caseName(c, wide ? "cmpxchg16b" : "cmpxchg8b");
  setGpr(c, RAX, value());
  setGpr(c, RDX, value());
  setGpr(c, RBX, value());
  setGpr(c, RCX, value());
  u64 address = dataAddress(wide ? 16 : 8, wide && chance(95) ? 16 : 1);
  if (chance(60)) {
    u64 both[2] = {c->gpr[RAX], c->gpr[RDX]};
    if (!wide) both[0] = (u32)both[0] | both[1] << 32;
    patch(c, address, both, wide ? 16 : 8);
  }
  emitMemory(c, (Form){.size = wide ? 8 : 4, .map = 1, .opcode = 0xc7, .lock = chance(40)}, 1, reach(c, address));
}

void genCondition(Case *c) {
  c->flags = 0x202 | (rng() & STATUS);
  int code = below(16), size = operandSize(c);
  switch (below(4)) {
    case 0: {
      caseName(c, "cmov");
      int reg = anyReg(c);
      regOrMemory(c, (Form){.size = size, .map = 1, .opcode = 0x40 + code}, reg, size, false);
      break;
    }
    case 1:
      caseName(c, "setcc");
      byteForms(c, 1);
      regOrMemory(c, (Form){.size = 1, .map = 1, .opcode = 0x90 + code}, 0, 1, true);
      break;
    case 2: {
      caseName(c, "jcc");
      bool shortForm = chance(50);
      int distance = shortForm ? (int)below(100) + 8 : (int)below(0x1000) + 8;
      if (c->address + distance + 16 > CODE + CODE_SIZE || (!shortForm && chance(40))) distance = -distance - 16;
      if (shortForm && distance < -128) distance = -100;
      if (c->address + distance < CODE) distance = 0;
      if (shortForm) emit(c, 0x70 + code, 1);
      else emit(c, 0x0f | (0x80 + code) << 8, 2);
      emit(c, distance, shortForm ? 1 : 4);
      break;
    }
    default: {
      static const char *const names[] = {"loopne", "loope", "loop", "jcxz"};
      int which = below(4);
      caseName(c, "%s", names[which]);
      setGpr(c, RCX, chance(60) ? below(3) | (chance(40) ? rng() << 32 : 0) : value());
      if (c->mode == 32) c->gpr[RCX] = (u32)c->gpr[RCX] & (chance(50) ? 0xffff0003 : ~0u);
      if (chance(25)) emit(c, 0x67, 1);
      emit(c, 0xe0 + which, 1);
      emit(c, 3 + below(100), 1);
    }
  }
}

void genLea(Case *c) {
  randomFlags(c);
  caseName(c, "lea");
  int size = operandSize(c);
  if (c->mode == 32 && chance(25)) { // 16-bit addressing
    caseName(c, "lea16");
    int rm = below(8), mod = rm == 6 ? 1 + below(2) : below(3);
    setGpr(c, RBX, value());
    setGpr(c, RBP, value());
    setGpr(c, RSI, value());
    setGpr(c, RDI, value());
    emit(c, 0x67, 1);
    if (size == 2) emit(c, 0x66, 1);
    emit(c, 0x8d, 1);
    emit(c, mod << 6 | below(8) << 3 | rm, 1);
    emit(c, rng(), mod);
    return;
  }
  int reg = anyReg(c);
  Memory m = reach(c, chance(50) ? dataAddress(8, 1) : c->mode == 64 ? value() : (u32)value());
  if (m.ripRelative || m.absolute) m.address = c->address + (i64)(int)rng();
  emitMemory(c, (Form){.size = size, .opcode = 0x8d}, reg, m);
}

void genMisc(Case *c) {
  randomFlags(c);
  int size = operandSize(c);
  switch (below(10)) {
    case 0: {
      caseName(c, "bswap");
      if (size == 2) size = 4;
      int reg = anyReg(c);
      if (size == 8 || reg >= 8) emit(c, 0x40 | (size == 8) << 3 | (reg >= 8), 1);
      emit(c, 0x0f | (0xc8 + (reg & 7)) << 8, 2);
      break;
    }
    case 1: {
      caseName(c, "crc32");
      bool byteForm = chance(40);
      if (byteForm) byteForms(c, 1);
      if (byteForm && size == 2) size = 4;
      if (size == 2) emit(c, 0x66, 1);
      int reg = c->noRex ? (int)below(4) : anyReg(c);
      setGpr(c, reg, value());
      Form f = {.prefix = 0xf2, .map = 2, .opcode = 0xf1 - byteForm, .size = byteForm ? 1 : size == 2 ? 4 : size};
      if (byteForm && !c->noRex) f.wide = chance(20);
      regOrMemory(c, f, reg, byteForm ? 1 : size, false);
      break;
    }
    case 2:
      caseName(c, "cbw..");
      setGpr(c, RAX, value());
      setGpr(c, RDX, value());
      if (size == 2) emit(c, 0x66, 1);
      if (size == 8) emit(c, 0x48, 1);
      emit(c, 0x98 + below(2), 1);
      break;
    case 3:
    case 4: {
      static const u8 opcodes[] = {0xb6, 0xb7, 0xbe, 0xbf};
      Form f = {.size = size, .map = 1, .opcode = opcodes[below(4)]};
      int source = f.opcode & 1 ? 2 : 1;
      caseName(c, "movx%02x", f.opcode);
      byteForms(c, source);
      if (c->noRex && f.size == 8) f.size = size = 4;
      int reg = c->noRex ? RBX : anyReg(c);
      if (chance(50)) emitMemory(c, f, reg, memoryOperand(c, source, false));
      else if (source == 1 && !c->noRex) { // REX so that SPL..DIL are meant
        int rm = below(c->mode == 64 ? 16 : 4);
        if (rm >= 4 && rm < 8) rm += 8;
        setGpr(c, rm, value());
        emitReg(c, f, reg, rm);
      } else emitReg(c, f, reg, source == 1 ? byteReg(c) : anyReg(c));
      break;
    }
    case 5:
      if (c->mode == 64) {
        caseName(c, "movx63");
        int reg = anyReg(c);
        regOrMemory(c, (Form){.size = size, .opcode = 0x63}, reg, size == 2 ? 2 : 4, false);
      } else {
        caseName(c, "nop");
        emit(c, 0x90, 1);
      }
      break;
    case 6: {
      caseName(c, "xlat");
      u64 address = DATA + 0x200 + below(DATA_SIZE - 0x400);
      setGpr(c, RAX, value());
      setGpr(c, RBX, address - (u8)c->gpr[RAX]);
      if (c->mode == 64 && chance(20)) {
        c->gpr[RBX] |= rng() << 32;
        emit(c, 0x67, 1);
      }
      emit(c, 0xd7, 1);
      break;
    }
    case 7:
      setGpr(c, RAX, value());
      emit(c, chance(50) ? 0x9e : 0x9f, 1);
      caseName(c, c->code[0] == 0x9e ? "sahf" : "lahf");
      break;
    case 8: {
      static const u8 opcodes[] = {0xf5, 0xf8, 0xf9, 0xfc, 0xfd};
      caseName(c, "flagop");
      c->flagMask |= DF;
      if (chance(30)) c->flags |= DF;
      emit(c, opcodes[below(5)], 1);
      break;
    }
    default: {
      caseName(c, "nop");
      static const u8 hints[] = {0x18, 0x19, 0x1a, 0x1b, 0x1c, 0x1d, 0x1e, 0x1f, 0x0d};
      switch (below(5)) {
        case 0: emit(c, 0x90f3, 2); break;
        case 1: emit(c, 0xe8ae0f + (below(3) << 19), 3); break; // LFENCE MFENCE SFENCE
        case 2: emitMemory(c, (Form){.map = 1, .opcode = 0xae}, 7, memoryOperand(c, 1, false)); break; // CLFLUSH
        case 3: emit(c, chance(50) ? 0xfa1e0ff3 : 0xfb1e0ff3, 4); break; // ENDBR
        default: {
          Form f = {.size = size, .map = 1, .opcode = hints[below(9)]};
          emitMemory(c, f, f.opcode == 0x0d ? below(2) : below(4), reach(c, value()));
        }
      }
    }
  }
}
