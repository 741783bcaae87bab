// Instruction bytes: prefixes, REX or VEX, ModRM, SIB, displacement.
#include "oracle.h"

void emit(Case *c, u64 bytes, int count) {
  for (int i = 0; i < count; i++) c->code[c->length++] = (u8)(bytes >> (8 * i));
}

void endInstruction(Case *c) {
  if (!c->ripFix) return;
  u32 displacement = (u32)(c->ripTarget - (c->address + c->length));
  for (int i = 0; i < 4; i++) c->code[c->ripFix + i] = (u8)(displacement >> (8 * i));
  c->ripFix = 0;
}

static int low3(int reg) { return reg >= AH ? reg - AH + 4 : reg & 7; }

static void prefixes(Case *c, Form f, const Memory *m) {
  if (m && m->address32 && c->mode == 64) emit(c, 0x67, 1);
  if (m && m->address16) emit(c, 0x67, 1);
  if (m && m->segment) emit(c, m->segment, 1);
  if (f.lock) emit(c, 0xf0, 1);
  if (f.vex) return;
  if (f.size == 2 && f.prefix != 0x66) emit(c, 0x66, 1);
  if (f.prefix) emit(c, f.prefix, 1);
}

static void opcode(Case *c, Form f, int reg, int index, int base, bool byteRm) {
  int w = f.size == 8 || f.wide, r = reg >= 0 && reg < 16 && reg >= 8, x = index >= 8, b = base < 16 && base >= 8;
  if (f.vex) {
    int pp = f.prefix == 0x66 ? 1 : f.prefix == 0xf3 ? 2 : f.prefix == 0xf2 ? 3 : 0;
    emit(c, 0xc4, 1);
    emit(c, (!r << 7) | (!x << 6) | (!b << 5) | f.map, 1);
    emit(c, (w << 7) | ((~f.vvvv & 15) << 3) | pp, 1);
  } else {
    bool need = w || r || x || b;
    if (f.size == 1 && reg >= 4 && reg < 8) need = true; // SPL..DIL; a digit in its place does no harm
    if (byteRm && base >= 4 && base < 8) need = true;
    if (need && !c->noRex) emit(c, 0x40 | (w << 3) | (r << 2) | (x << 1) | b, 1);
    if (f.map >= 1) emit(c, 0x0f, 1);
    if (f.map == 2) emit(c, 0x38, 1);
    if (f.map == 3) emit(c, 0x3a, 1);
  }
  emit(c, f.opcode, 1);
}

void emitReg(Case *c, Form f, int reg, int rm) {
  prefixes(c, f, NULL);
  opcode(c, f, reg, -1, rm, f.size == 1);
  emit(c, 0xc0 | (low3(reg) << 3) | low3(rm), 1);
}

void emitMemory(Case *c, Form f, int reg, Memory m) {
  prefixes(c, f, &m);
  opcode(c, f, reg, m.index, m.base, false);
  int r = low3(reg) << 3;
  if (m.address16) {
    int mod16 = m.base < 0 ? 0 : m.displacementSize;
    emit(c, mod16 << 6 | r | m.form16, 1);
    emit(c, m.displacement, m.displacementSize);
    return;
  }
  if (m.ripRelative) {
    emit(c, r | 5, 1);
    c->ripFix = c->length;
    c->ripTarget = m.address;
    emit(c, 0, 4);
    return;
  }
  int mod = m.displacementSize == 1 ? 0x40 : m.displacementSize == 4 ? 0x80 : 0;
  if (m.absolute && c->mode == 32 && m.index < 0) {
    emit(c, r | 5, 1);
  } else if (m.absolute) {
    emit(c, r | 4, 1);
    emit(c, (m.scale << 6) | ((m.index < 0 ? 4 : m.index & 7) << 3) | 5, 1);
  } else if (m.index >= 0 || (m.base & 7) == 4) {
    emit(c, mod | r | 4, 1);
    emit(c, (m.scale << 6) | ((m.index < 0 ? 4 : m.index & 7) << 3) | (m.base & 7), 1);
  } else {
    emit(c, mod | r | (m.base & 7), 1);
  }
  emit(c, m.displacement, m.absolute ? 4 : m.displacementSize);
}

static i64 displacement(Memory *m) {
  m->displacementSize = below(3) * 2;
  if (m->displacementSize == 2) m->displacementSize = 1;
  if (m->displacementSize == 0 && (m->base & 7) == 5) m->displacementSize = 1;
  if (m->displacementSize == 0) return 0;
  if (m->displacementSize == 1) return (signed char)rng();
  return chance(50) ? (int)below(0x4000) - 0x2000 : (int)(rng() >> 33) - 0x40000000;
}

/** One of the eight forms of 16-bit addressing. Upper register halves do not count. */
static void reach16(Case *c, Memory *m) {
  static const signed char bases[] = {RBX, RBX, RBP, RBP, RSI, RDI, RBP, RBX}, indices[] = {RSI, RDI, RSI, RDI, -1, -1, -1, -1};
  m->address16 = true;
  m->form16 = below(8);
  m->base = bases[m->form16];
  m->index = indices[m->form16];
  bool taken = (c->pinned >> m->base & 1) || (m->index >= 0 && (c->pinned >> m->index & 1));
  if (taken || chance(15)) {
    m->base = m->index = -1;
    m->form16 = 6;
    m->displacement = (i64)m->address;
    m->displacementSize = 2;
    return;
  }
  m->displacementSize = m->form16 == 6 ? 1 + (int)below(2) : (int)below(3);
  m->displacement = m->displacementSize == 2 ? (short)rng() : m->displacementSize ? (signed char)rng() : 0;
  u32 rest = (u32)m->address - (u32)m->displacement;
  if (m->index >= 0) {
    u32 index = (u32)rng();
    setGpr(c, m->index, index);
    rest -= index;
  }
  setGpr(c, m->base, (rest & 0xffff) | (rng() << 16));
}

Memory reach(Case *c, u64 address) {
  if (chance(1)) address = c->mode == 64 ? 0x00007ffffffffff0 + below(32) : (u32)-(int)below(20); // at the end of all addresses
  Memory m = {.address = address, .base = -1, .index = -1};
  u64 segmentBase = 0;
  bool addressing64 = c->mode == 64;
  if (addressing64 && chance(6)) {
    bool gs = chance(50);
    m.segment = gs ? 0x65 : 0x64;
    segmentBase = chance(50) ? below(0x30000) : 0x7f0000000000ull + below(0x10000000);
    if (c->fs || c->gs) segmentBase = 0, m.segment = 0;
    else if (gs) c->gs = segmentBase;
    else c->fs = segmentBase;
  } else if (!addressing64 && chance(6)) {
    static const u8 overrides[] = {0x26, 0x2e, 0x36, 0x3e};
    m.segment = overrides[below(4)];
    if (m.segment == 0x2e) m.segment = 0x3e; // CS is not writable
  }
  u64 offset = address - segmentBase;
  if (addressing64 && offset >> 32 == 0 && chance(6)) m.address32 = true;
  if (!addressing64 && address < 0x10000 && address + 16 < 0x10000 && chance(80)) {
    reach16(c, &m);
    return m;
  }
  if (addressing64 && !m.segment && !m.address32 && chance(8)) {
    m.ripRelative = true;
    return m;
  }
  if (offset < 0x7fffffff && chance(6)) {
    m.absolute = true;
    m.displacement = (i64)offset;
    return m;
  }
  m.base = freeReg(c);
  m.displacement = displacement(&m);
  u64 rest = offset - (u64)m.displacement;
  if (chance(35)) {
    c->pinned |= 1u << m.base;
    m.index = freeReg(c);
    c->pinned &= ~(1u << m.base);
    m.scale = below(4);
    u64 index = chance(40) ? value() : below(0x400);
    if (c->mode == 32) index = (u32)index;
    setGpr(c, m.index, index);
    rest -= index << m.scale;
  }
  if (m.address32) rest = (u32)rest | (chance(50) ? rng() << 32 : 0);
  setGpr(c, m.base, rest);
  return m;
}

Memory memoryOperand(Case *c, int size, bool write) {
  u64 address = dataAddress(size, 1);
  if (c->mode == 32 && lowMapped && chance(12)) address = LOW + 0x10 + below(LOW_SIZE - 0x100);
  else if (!write && chance(4)) address = RO + below(RO_SIZE - size);
  if (address < RO && size <= 8 && chance(70)) patchValue(c, address, value(), size);
  return reach(c, address);
}

int byteReg(Case *c) {
  int reg = c->noRex ? below(8) : below(16);
  if (c->noRex && reg >= 4) reg += AH - 4; // AH..BH
  if (reg == RSP) reg = RBX;
  setGpr(c, reg, value());
  return reg;
}

int sizedReg(Case *c, int size) { return size == 1 ? byteReg(c) : anyReg(c); }

int operandSize(Case *c) {
  int pick = below(c->mode == 64 ? 6 : 4);
  return pick == 0 ? 2 : pick < 3 ? 4 : c->mode == 64 ? 8 : 4;
}

/** Half of the byte forms may use AH..BH, and then no REX prefix. */
void byteForms(Case *c, int size) {
  if (size == 1 && chance(30)) c->noRex = true;
}

/** An immediate, boundary values preferred. */
void immediate(Case *c, int size) { emit(c, value(), size == 8 ? 4 : size); }

void regOrMemory(Case *c, Form f, int reg, int size, bool write) {
  if (chance(45)) {
    Memory m = memoryOperand(c, size, write);
    emitMemory(c, f, reg, m);
  } else {
    emitReg(c, f, reg, sizedReg(c, size));
  }
}

int someSize(Case *c) { return chance(30) ? 1 : operandSize(c); }
