// A case and its result as one JSON line.
#include "oracle.h"
#include <string.h>

static char line[1 << 16];
static char *at;

static void text(const char *s) {
  while (*s) *at++ = *s++;
}

static void hex(u64 v, int digits) {
  if (digits == 0) {
    digits = 1;
    while (digits < 16 && v >> (4 * digits)) digits++;
  }
  for (int i = digits - 1; i >= 0; i--) *at++ = "0123456789abcdef"[v >> (4 * i) & 15];
}

static void decimal(long v) { at += sprintf(at, "%ld", v); }

static void bytes(const u8 *b, int count) {
  for (int i = 0; i < count; i++) hex(b[i], 2);
}

static void key(const char *name) {
  if (at[-1] != '{') *at++ = ',';
  *at++ = '"';
  text(name);
  text("\":");
}

static void number(const char *name, u64 v) {
  key(name);
  *at++ = '"';
  hex(v, 0);
  *at++ = '"';
}

static void string(const char *name, const char *v) {
  key(name);
  *at++ = '"';
  text(v);
  *at++ = '"';
}

static void indexKey(int index) {
  if (at[-1] != '{') *at++ = ',';
  *at++ = '"';
  decimal(index);
  text("\":");
}

static void registers(const char *name, const u64 *values, u32 which, int mode) {
  key(name);
  *at++ = '{';
  for (int i = 0; i < 16; i++) {
    if (!(which >> i & 1)) continue;
    indexKey(i);
    *at++ = '"';
    hex(mode == 32 ? (u32)values[i] : values[i], 0);
    *at++ = '"';
  }
  *at++ = '}';
}

static void vectors(u64 (*values)[2], u32 which) {
  key("x");
  *at++ = '{';
  for (int i = 0; i < 16; i++) {
    if (!(which >> i & 1)) continue;
    indexKey(i);
    *at++ = '"';
    hex(values[i][1], 16);
    hex(values[i][0], 16);
    *at++ = '"';
  }
  *at++ = '}';
}

static void stackRegisters(u8 (*st)[10]) {
  key("st");
  *at++ = '[';
  for (int i = 0; i < 8; i++) {
    if (i) *at++ = ',';
    *at++ = '"';
    for (int j = 9; j >= 0; j--) hex(st[i][j], 2);
    *at++ = '"';
  }
  *at++ = ']';
}

static void run(u64 address, const u8 *b, int count) {
  if (at[-1] != '[') *at++ = ',';
  text("[\"");
  hex(address, 0);
  text("\",\"");
  bytes(b, count);
  text("\"]");
}

/** Runs of changed bytes; runs closer than 8 bytes are one. */
static bool changedMemory(void) {
  bool any = false;
  for (int region = 0; region < 4; region++) {
    if (region == 0 && !lowMapped) continue;
    const u8 *before = regionBefore[region], *now = regionStart[region];
    int size = regionSize[region];
    if (!memcmp(before, now, size)) continue;
    if (!any) {
      key("mem");
      *at++ = '[';
      any = true;
    }
    for (int i = 0; i < size; i++) {
      if (before[i] == now[i]) continue;
      int end = i + 1;
      for (int j = i + 1; j < size && j < end + 8; j++) {
        if (before[j] != now[j]) end = j + 1;
      }
      run((u64)(now + i), now + i, end - i);
      i = end;
    }
  }
  if (any) *at++ = ']';
  return any;
}

static void input(long id, const Case *c) {
  text("{\"id\":");
  decimal(id);
  key("g");
  *at++ = '"';
  text(c->group);
  if (c->mode == 32) text(c->code16 ? "16" : "32");
  *at++ = '"';
  string("n", c->name);
  key("m");
  decimal(c->code16 ? 16 : c->mode);
  number("a", c->address);
  key("c");
  *at++ = '"';
  bytes(c->code, c->length);
  *at++ = '"';
  registers("r", c->gpr, c->gprSet, c->mode);
  number("f", c->flags);
  if (c->xmmSet) vectors((u64(*)[2])c->xmm, c->xmmSet);
  if (c->patches) {
    key("mem");
    *at++ = '[';
    for (int i = 0; i < c->patches; i++) run(c->patch[i].address, c->patch[i].bytes, c->patch[i].length);
    *at++ = ']';
  }
  if (c->fs) number("fs", c->fs);
  if (c->gs) number("gs", c->gs);
  if (c->mxcsr != 0x1f80) number("mx", c->mxcsr);
  if (c->fpuSet) {
    key("fpu");
    *at++ = '{';
    number("cw", c->fpu.cw);
    number("sw", c->fpu.sw);
    number("tag", c->fpu.tag);
    stackRegisters((u8(*)[10])c->fpu.st);
    *at++ = '}';
  }
  number("fm", c->flagMask);
  u32 masked = 0;
  for (int i = 0; i < 16; i++) masked |= (u32)(c->gprMask[i] != 0) << i;
  if (masked) registers("rm", c->gprMask, masked, 64);
  if (c->statusWordMask) number("swm", c->statusWordMask);
  if (c->mxcsrMask) number("mxm", c->mxcsrMask);
  if (c->tolerance) string("tol", c->tolerance);
}

static void outputFpu(const Case *c, const Result *r) {
  if (!memcmp(&c->fpu, &r->fpu, sizeof c->fpu)) return;
  key("fpu");
  *at++ = '{';
  if (r->fpu.cw != c->fpu.cw) number("cw", r->fpu.cw);
  if (r->fpu.sw != c->fpu.sw) number("sw", r->fpu.sw);
  if (r->fpu.tag != c->fpu.tag) number("tag", r->fpu.tag);
  if (memcmp(r->fpu.st, c->fpu.st, sizeof r->fpu.st)) stackRegisters((u8(*)[10])r->fpu.st);
  *at++ = '}';
}

static void output(const Case *c, const Result *r) {
  key("o");
  *at++ = '{';
  u32 gprs = 0, xmms = 0;
  for (int i = 0; i < (c->mode == 32 ? 8 : 16); i++) {
    u64 difference = r->gpr[i] ^ c->gpr[i];
    if (c->mode == 32 ? (u32)difference != 0 : difference != 0) gprs |= 1u << i;
  }
  for (int i = 0; i < 16; i++) xmms |= (u32)(memcmp(r->xmm[i], c->xmm[i], 16) != 0) << i;
  if (gprs) registers("r", r->gpr, gprs, c->mode);
  bool trapped = r->vector == 3;
  number("ip", trapped ? r->rip - 1 : r->rip);
  number("f", r->flags & ~0x10000ull);
  if (xmms) vectors((u64(*)[2])r->xmm, xmms);
  changedMemory();
  if (r->mxcsr != c->mxcsr) number("mx", r->mxcsr);
  outputFpu(c, r);
  if (!trapped) {
    key("exc");
    *at++ = '{';
    key("v");
    decimal(r->vector);
    key("e");
    decimal(r->error);
    if (r->vector == 14) number("cr2", r->cr2);
    *at++ = '}';
  }
  *at++ = '}';
}

void writeCase(long id, const Case *c, const Result *r) {
  at = line;
  input(id, c);
  output(c, r);
  text("}\n");
  fwrite(line, 1, at - line, stdout);
}
