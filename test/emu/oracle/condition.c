// Conditions, LEA, and the rest of the integer set.
#include "oracle.h"

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
