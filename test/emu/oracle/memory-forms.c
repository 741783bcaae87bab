// String instructions, the stack, decimal adjustment.
#include "oracle.h"
#include <string.h>

static void indexRegister(Case *c, int reg, u64 address, bool address32) {
  if (address32) address |= rng() << (c->mode == 64 ? 32 : 16);
  c->pinned &= ~(1u << reg);
  setGpr(c, reg, address);
}

void genString(Case *c) {
  static const char *const names[] = {"movs", "cmps", "stos", "lods", "scas"};
  static const u8 opcodes[] = {0xa4, 0xa6, 0xaa, 0xac, 0xae};
  randomFlags(c);
  int which = below(5), size = chance(30) ? 1 : operandSize(c);
  caseName(c, "%s", names[which]);
  bool down = chance(25), address32 = chance(12), comparing = which == 1 || which == 4;
  int repeat = chance(70) ? (comparing && chance(50) ? 0xf2 : 0xf3) : 0;
  if (repeat && !comparing && chance(8)) repeat = 0xf2;
  if (down) c->flags |= DF;
  u64 count = chance(70) ? below(40) : chance(80) ? below(600) : 0;
  u64 span = count * size + 16;
  if (c->mode == 32 && address32) {
    if (!lowMapped) address32 = false;
    else count &= 31;
  }
  u64 room = DATA_SIZE - 2 * span - 64;
  u64 from = DATA + 32 + (down ? span : 0) + (span * 2 + 64 < DATA_SIZE ? below(room) : 0);
  u64 to = DATA + 32 + (down ? span : 0) + (span * 2 + 64 < DATA_SIZE ? below(room) : 0);
  if (chance(15)) to = from + below(3 * size + 1) - size; // overlapping
  if (chance(6)) to = down ? DATA + below(64) : DATA + DATA_SIZE - below(64); // runs into unmapped memory
  if (chance(6)) from = down ? DATA + below(64) : DATA + DATA_SIZE - below(64);
  if (chance(3) && which != 4 && which != 1) to = RO + below(0x100);
  if (c->mode == 32 && address32) { // 16-bit addresses: only LOW can be reached
    from = LOW + 0x200 + below(0x600);
    to = LOW + 0x200 + below(0x600);
  }
  if (comparing) { // equal for a while
    u8 same[96];
    u64 element = value();
    int length = below(12) * size, step = down ? -size : size;
    c->gpr[RAX] = element;
    c->gprSet |= 1u << RAX;
    c->pinned |= 1u << RAX;
    if (c->mode == 32) c->gpr[RAX] = (u32)element;
    for (int i = 0; i < length; i += size) memcpy(same + i, &element, size);
    u64 a = down ? to - length + size : to, b = down ? from - length + size : from;
    if (length && a >= DATA && a + length < DATA + DATA_SIZE) patch(c, a, same, length);
    if (which == 1 && length && b >= DATA && b + length < DATA + DATA_SIZE) patch(c, b, same, length);
    if (chance(30) && a >= DATA && a + length + size < DATA + DATA_SIZE) patchValue(c, down ? to + length / size * step : to + length, value(), size);
  } else {
    setGpr(c, RAX, value());
  }
  indexRegister(c, RSI, from, address32);
  indexRegister(c, RDI, to, address32);
  if (repeat) indexRegister(c, RCX, count, address32);
  if (address32) {
    emit(c, 0x67, 1);
    // A count of 0 may or may not clear the upper halves.
    if (repeat && c->mode == 64) c->gprMask[RSI] = c->gprMask[RDI] = c->gprMask[RCX] = 0xffffffff;
  }
  if ((which == 0 || which == 1 || which == 3) && c->mode == 64 && chance(6)) {
    c->fs = below(0x8000);
    c->gpr[RSI] -= c->fs;
    if (address32) c->gpr[RSI] = (u32)c->gpr[RSI];
    emit(c, 0x64, 1);
  }
  if (size == 2) emit(c, 0x66, 1);
  if (repeat) emit(c, repeat, 1);
  if (size == 8) emit(c, 0x48, 1);
  emit(c, opcodes[which] + (size != 1), 1);
}

void genStack(Case *c) {
  randomFlags(c);
  int natural = c->mode == 64 ? 8 : 4, size = chance(12) ? 2 : natural;
  c->pinned &= ~(1u << RSP);
  switch (below(20)) {
    case 0: setGpr(c, RSP, STACK + 0x1000 + below(16)); break;
    case 1: setGpr(c, RSP, STACK + below(8)); break; // pushes leave the stack
    case 2: setGpr(c, RSP, STACK + STACK_SIZE - below(8)); break; // pops do
    case 3: setGpr(c, RSP, RO + 0x800); break;
    default: setGpr(c, RSP, STACK + 0x800 + below(0x1000) / 8 * 8 + (chance(15) ? below(8) : 0));
  }
  Form f = {.size = size == 2 ? 2 : 4};
  switch (below(14)) {
    case 0:
    case 1: {
      caseName(c, "push r");
      int reg = chance(10) ? RSP : anyReg(c);
      if (size == 2) emit(c, 0x66, 1);
      if (reg >= 8) emit(c, 0x41, 1);
      emit(c, 0x50 + (reg & 7), 1);
      break;
    }
    case 2:
    case 3: {
      caseName(c, "pop r");
      int reg = chance(10) ? RSP : anyReg(c);
      if (size == 2) emit(c, 0x66, 1);
      if (reg >= 8) emit(c, 0x41, 1);
      emit(c, 0x58 + (reg & 7), 1);
      break;
    }
    case 4:
      caseName(c, "push m");
      f.opcode = 0xff;
      emitMemory(c, f, 6, memoryOperand(c, size, false));
      break;
    case 5:
      caseName(c, "pop m");
      f.opcode = 0x8f;
      emitMemory(c, f, 0, memoryOperand(c, size, true));
      break;
    case 6: {
      caseName(c, "pop [rsp+d]");
      Memory m = {.base = RSP, .index = -1, .displacementSize = 1, .displacement = (signed char)rng()};
      emitMemory(c, (Form){.size = f.size, .opcode = 0x8f}, 0, m);
      break;
    }
    case 7: {
      caseName(c, "push imm");
      bool byte = chance(50);
      if (size == 2) emit(c, 0x66, 1);
      emit(c, byte ? 0x6a : 0x68, 1);
      emit(c, value(), byte ? 1 : size == 2 ? 2 : 4);
      break;
    }
    case 8:
      if (size == 2) emit(c, 0x66, 1);
      if (chance(50)) {
        caseName(c, "pushf");
        emit(c, 0x9c, 1);
      } else {
        caseName(c, "popf");
        // Not TF: it would trap. NT and AC stay out of the comparison's way.
        u64 image = (rng() & (STATUS | DF | 0x203200)) | (chance(50) ? rng() & 0x20000 : 0);
        patchValue(c, c->gpr[RSP], image, natural);
        c->flagMask = size == 2 ? 0x3ed5 : 0x203ed5;
        emit(c, 0x9d, 1);
      }
      break;
    case 9: {
      caseName(c, "call rel");
      emit(c, 0xe8, 1);
      emit(c, landing(c) - (c->address + c->length + 4), 4);
      break;
    }
    case 10:
      caseName(c, "call r/m");
      if (chance(50)) {
        int reg = freeReg(c);
        setGpr(c, reg, landing(c));
        emitReg(c, (Form){.opcode = 0xff}, chance(70) ? 2 : 4, reg);
      } else {
        u64 address = dataAddress(natural, 1);
        patchValue(c, address, landing(c), natural);
        emitMemory(c, (Form){.opcode = 0xff}, chance(70) ? 2 : 4, reach(c, address));
      }
      break;
    case 11:
      caseName(c, "ret");
      patchValue(c, c->gpr[RSP], landing(c), natural);
      if (chance(50)) {
        emit(c, 0xc3, 1);
      } else {
        emit(c, 0xc2, 1);
        emit(c, chance(50) ? below(256) : rng(), 2);
      }
      break;
    case 12:
      caseName(c, "enter");
      setGpr(c, RBP, STACK + 0x400 + below(0xc00));
      if (size == 2) emit(c, 0x66, 1);
      emit(c, 0xc8, 1);
      emit(c, chance(90) ? below(0x300) : rng(), 2);
      emit(c, chance(60) ? 0 : below(40), 1);
      break;
    default:
      caseName(c, "leave");
      setGpr(c, RBP, STACK + 0x100 + below(STACK_SIZE - 0x200));
      if (size == 2) emit(c, 0x66, 1);
      emit(c, 0xc9, 1);
  }
}

void genBcd(Case *c) {
  static const struct {
    const char *name;
    u8 opcode;
    u16 flags;
  } table[] = {
    {"daa", 0x27, STATUS & ~OF}, {"das", 0x2f, STATUS & ~OF}, {"aaa", 0x37, AF | CF}, {"aas", 0x3f, AF | CF},
    {"aam", 0xd4, SF | ZF | PF}, {"aad", 0xd5, SF | ZF | PF}, {"into", 0xce, STATUS}, {"pusha", 0x60, STATUS},
    {"popa", 0x61, STATUS}, {"salc", 0xd6, STATUS}, {"bound", 0x62, STATUS},
  };
  int which = below(11);
  randomFlags(c);
  caseName(c, "%s", table[which].name);
  c->flagMask = table[which].flags;
  if (which == 7 || which == 8) {
    c->pinned &= ~(1u << RSP);
    setGpr(c, RSP, STACK + 0x800 + below(0x1000));
    if (chance(30)) emit(c, 0x66, 1);
  } else if (which == 10) {
    int size = chance(30) ? 2 : 4, reg = anyReg(c);
    u64 address = dataAddress(8, 1);
    u32 index = (u32)c->gpr[reg];
    u32 bounds[2] = {index - below(3), index + below(3) - (chance(30) ? 1 : 0)};
    u16 narrow[2] = {bounds[0], bounds[1]};
    patch(c, address, size == 2 ? (void *)narrow : bounds, size * 2);
    emitMemory(c, (Form){.size = size, .opcode = 0x62}, reg, reach(c, address));
    return;
  } else {
    setGpr(c, RAX, value());
  }
  emit(c, table[which].opcode, 1);
  if (which == 4 || which == 5) emit(c, chance(50) ? 10 : rng(), 1);
}
