// Bit tests and scans, BMI, ADX, MOVBE, exchanges.
#include "oracle.h"

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
