#include "oracle.h"
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

bool lowMapped;

void caseInit(Case *c, const char *group, int mode) {
  memset(c, 0, offsetof(Case, patch));
  c->patches = 0;
  c->fs = c->gs = 0;
  c->fpuSet = false;
  memset(c->gprMask, 0, sizeof c->gprMask);
  c->statusWordMask = c->mxcsrMask = 0;
  c->tolerance = NULL;
  c->ripFix = 0;
  c->group = group;
  c->mode = mode;
  c->noRex = mode == 32;
  c->code16 = false;
  // One in eight lies across the middle of CODE, a page end.
  c->address = chance(12) ? CODE + 0x1000 - below(16) : CODE + below(CODE_SIZE - 0x200);
  for (int i = 0; i < 16; i++) {
    c->gpr[i] = defaultGpr(i);
    if (mode == 32) c->gpr[i] = i < 8 ? (u32)c->gpr[i] : 0;
    c->xmm[i][0] = defaultXmm(i, 0);
    c->xmm[i][1] = defaultXmm(i, 1);
  }
  c->pinned = 1u << RSP;
  c->flags = 0x202;
  c->mxcsr = 0x1f80;
  c->flagMask = STATUS;
  c->fpu = (Fpu){.cw = 0x37f};
}

void caseName(Case *c, const char *format, ...) {
  va_list list;
  va_start(list, format);
  vsnprintf(c->name, sizeof c->name, format, list);
  va_end(list);
}

void setGpr(Case *c, int reg, u64 v) {
  if (reg >= 16) reg -= 16; // AH..BH
  if (c->pinned >> reg & 1) return;
  c->pinned |= 1u << reg;
  c->gprSet |= 1u << reg;
  c->gpr[reg] = c->mode == 32 ? (u32)v : v;
}

int freeReg(Case *c) {
  int count = c->noRex ? 8 : 16;
  for (;;) {
    int reg = below(count);
    if (!(c->pinned >> reg & 1)) return reg;
  }
}

int anyReg(Case *c) {
  int reg = below(c->noRex ? 8 : 16);
  if (reg == RSP) reg = RAX;
  setGpr(c, reg, value());
  return reg;
}

void setXmm(Case *c, int reg, u64 low, u64 high) {
  c->xmmSet |= 1u << reg;
  c->xmm[reg][0] = low;
  c->xmm[reg][1] = high;
}

static bool writable(u64 first, u64 last) {
  return (first >= DATA && last <= DATA + DATA_SIZE) || (first >= STACK && last <= STACK + STACK_SIZE) ||
         (lowMapped && first >= LOW && last <= LOW + LOW_SIZE);
}

void patch(Case *c, u64 address, const void *bytes, int length) {
  if (c->patches == 12 || !writable(address, address + length)) return;
  Patch *p = &c->patch[c->patches++];
  p->address = address;
  p->length = length;
  memcpy(p->bytes, bytes, length);
}

void patchValue(Case *c, u64 address, u64 v, int length) { patch(c, address, &v, length); }

void turnTo16(Case *c) {
  static const u8 prefixes[] = {0x26, 0x2e, 0x36, 0x3e, 0x64, 0x65, 0x66, 0x67, 0xf0, 0xf2, 0xf3};
  u8 rest[sizeof c->code];
  int at = 0, kept = 0;
  bool size = false, address = false;
  for (; at < c->length && memchr(prefixes, c->code[at], sizeof prefixes); at++) {
    if (c->code[at] == 0x66) size = true;
    else if (c->code[at] == 0x67) address = true;
    else rest[kept++] = c->code[at];
  }
  int tail = c->length - at;
  memcpy(rest + kept, c->code + at, tail);
  c->length = 0;
  if (!size) emit(c, 0x66, 1);
  if (!address) emit(c, 0x67, 1);
  memcpy(c->code + c->length, rest, kept + tail);
  c->length += kept + tail;
  c->code16 = true;
}

void randomFlags(Case *c) { c->flags = 0x202 | (chance(60) ? rng() & STATUS : 0) | (chance(3) ? AC : 0); }

u64 landing(const Case *c) {
  for (;;) {
    u64 target = CODE + below(CODE_SIZE);
    if (target < c->address || target > c->address + 32) return target;
  }
}

u64 dataAddress(int size, int alignment) {
  u64 address;
  switch (below(8)) {
    case 0: address = DATA + 0x1000 * (1 + below(3)) - below(size + 1); break; // across or up to a page end
    case 1: address = DATA + DATA_SIZE - size; break;
    default: address = DATA + 0x100 + below(DATA_SIZE - 0x200 - size); break;
  }
  return address & ~(u64)(alignment - 1);
}
