// Segment registers and far transfers: selectors of any kind, limits and types of LDT segments, changes between 64-bit,
// 32-bit and 16-bit code.
#include "oracle.h"
#include <asm/ldt.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <unistd.h>

enum { ES, CS, SS, DS, FS, GS };
static const u8 overrides[] = {0x26, 0x2e, 0x36, 0x3e, 0x64, 0x65};

// The LDT, as src/emu/vectors/stage.ts has it. Entry 0 is the code segment of 16-bit cases.
static const struct user_desc entries[] = {
  {.limit = 0xfffff, .limit_in_pages = 1, .contents = MODIFY_LDT_CONTENTS_CODE},
  {.limit = 0x52fff, .seg_32bit = 1},
  {.limit = 0xfffff, .limit_in_pages = 1, .seg_32bit = 1, .read_exec_only = 1},
  {.limit = 0x50fff, .seg_32bit = 1, .contents = MODIFY_LDT_CONTENTS_STACK},
  {.limit = 0xfffff, .limit_in_pages = 1, .seg_32bit = 1, .contents = MODIFY_LDT_CONTENTS_CODE, .read_exec_only = 1},
  {.limit = 0x41fff, .seg_32bit = 1, .contents = MODIFY_LDT_CONTENTS_CODE, .useable = 1},
  {.limit = 0xfffff, .limit_in_pages = 1, .seg_32bit = 1, .seg_not_present = 1},
  {.base_addr = 0x10000, .limit = 0x4ffff, .seg_32bit = 1},
  {.base_addr = 0x4b000, .limit = 0x4fff, .contents = MODIFY_LDT_CONTENTS_STACK},
  {.limit = 0xfffff, .limit_in_pages = 1, .seg_32bit = 1, .seg_not_present = 1, .contents = MODIFY_LDT_CONTENTS_CODE},
};
enum { ENTRIES = sizeof entries / sizeof *entries };

void nativeLdt(void) {
  for (int i = 0; i < ENTRIES; i++) {
    struct user_desc entry = entries[i];
    entry.entry_number = i;
    if (syscall(SYS_modify_ldt, 0x11, &entry, sizeof entry)) {
      perror("oracle: modify_ldt");
      exit(1);
    }
  }
}

static u16 anySelector(void) {
  static const u16 global[] = {0, 3, 0x23, 0x2b, 0x33, 0x2b, 0x2a, 0x28, 0x20, 0x08, 0x10, 0x18, 0x1b, 0x40, 0x50, 0x63, 0x83, 0xfff8};
  if (chance(45)) return global[below(sizeof global / sizeof *global)];
  return (below(ENTRIES + 1) << 3 | 4 | (chance(85) ? 3 : below(4)));
}

/** An offset at an end of one of the LDT's segments, or in DATA. */
static u32 anyOffset(void) {
  static const u32 ends[] = {0x53000, 0x51000, 0x42000, 0x50000, 0x40000, 0x5000, 0x10000, 0};
  return chance(60) ? ends[below(8)] - 8 + below(12) : DATA + 0x100 + below(DATA_SIZE - 0x200);
}

static void loadSelector(Case *c, int segment, u16 selector) {
  emit(c, 0xb8, 1);
  emit(c, selector, 4);
  emit(c, 0xc08e | segment << 11, 2);
}

static void touch(Case *c, int segment) {
  static const struct {
    u8 length;
    u8 bytes[3];
    u8 digit;
  } forms[] = {
    {1, {0x8b}, 2}, {1, {0x89}, 2}, {1, {0x01}, 2}, {1, {0x8a}, 2}, {1, {0x88}, 2}, {2, {0x66, 0x8b}, 2}, {2, {0x66, 0x29}, 2},
    {2, {0x0f, 0x10}, 1}, {2, {0x0f, 0x11}, 1}, {2, {0x0f, 0x29}, 1}, {1, {0xdb}, 5}, {1, {0xdd}, 0}, {1, {0xd9}, 6},
    {2, {0x0f, 0xc7}, 1}, {2, {0x0f, 0xab}, 2}, {1, {0xff}, 6}, {2, {0x0f, 0x00}, 4},
  };
  int i = below(sizeof forms / sizeof *forms);
  emit(c, overrides[segment], 1);
  for (int j = 0; j < forms[i].length; j++) emit(c, forms[i].bytes[j], 1);
  if (c->mode == 64) emit(c, 0x2504 | forms[i].digit << 3, 2);
  else emit(c, 0x05 | forms[i].digit << 3, 1);
  emit(c, anyOffset(), 4);
}

/** ECX = the selector in a segment register. */
static void readBack(Case *c, int segment) { emit(c, 0xc18c | segment << 11, 2); }

static void withStack(Case *c) {
  c->pinned &= ~(1u << RSP);
  setGpr(c, RSP, STACK + 0x800 + 8 * below(0x100));
}

static void farPointer(Case *c, u64 address, int size, u64 offset) {
  patchValue(c, address, offset, size);
  patchValue(c, address + size, anySelector(), 2);
}

static u64 farTarget(const Case *c) { return chance(90) ? landing(c) : 0x41ff0 + below(0x40); }

static void farTransfer(Case *c) {
  int size = c->mode == 64 && chance(30) ? 8 : chance(15) ? 2 : 4;
  u64 target = farTarget(c);
  if (size == 2) target = LOW; // unmapped or filled with anything: the selector's faults are what counts
  withStack(c);
  u64 stack = c->gpr[RSP];
  if (size == 2) emit(c, 0x66, 1);
  if (size == 8) emit(c, 0x48, 1);
  switch (below(c->mode == 32 ? 5 : 3)) {
    case 0:
    case 1: {
      if (size == 8) size = 4; // AMD's processors ignore REX.W here; ours takes 64 bits, as Intel's and as suites expect
      u64 address = dataAddress(10, 1);
      farPointer(c, address, size, target);
      c->length = 0;
      emitMemory(c, (Form){.opcode = 0xff, .size = size}, chance(50) ? 3 : 5, reach(c, address));
      caseName(c, "far m");
      break;
    }
    case 2: {
      bool interrupt = chance(60);
      patchValue(c, stack, target, size);
      patchValue(c, stack + size, anySelector(), size);
      if (interrupt) {
        patchValue(c, stack + 2 * size, (rng() & (STATUS | DF | 0x203200)) | 2, size);
        patchValue(c, stack + 3 * size, STACK + 0x100 + 8 * below(0x200), size);
        patchValue(c, stack + 4 * size, chance(70) ? 0x2b : anySelector(), size);
      }
      emit(c, interrupt ? 0xcf : chance(70) ? 0xcb : 0xca, 1);
      if (c->code[c->length - 1] == 0xca) emit(c, 8 * below(8), 2);
      caseName(c, interrupt ? "iret" : "retf");
      break;
    }
    default:
      emit(c, chance(50) ? 0x9a : 0xea, 1);
      emit(c, target, size);
      emit(c, anySelector(), 2);
      caseName(c, "far imm");
  }
}

void genSegment(Case *c) {
  static const u8 loadable[] = {ES, DS, FS, GS, SS, ES, DS, CS};
  c->flags = 0x202 | (rng() & STATUS);
  int segment = loadable[below(8)], kind = below(10);
  c->pinned |= 1 << RCX | 1 << RAX;
  if (kind < 4) {
    caseName(c, "mov sreg, access");
    loadSelector(c, segment, anySelector());
    touch(c, segment);
    readBack(c, segment);
  } else if (kind == 4) {
    caseName(c, "mov sreg");
    loadSelector(c, segment, anySelector());
    readBack(c, below(6));
  } else if (kind == 5) {
    static const u8 codes[][3] = {{1, 0x07, 0x06}, {1, 0x1f, 0x1e}, {1, 0x17, 0x16}, {2, 0xa1, 0xa0}, {2, 0xa9, 0xa8}};
    static const u8 registers[] = {ES, DS, SS, FS, GS};
    int i = below(5);
    caseName(c, "push/pop sreg");
    withStack(c);
    patchValue(c, c->gpr[RSP], anySelector() | (u64)(u16)rng() << 16, c->mode == 64 ? 8 : 4);
    if (chance(15)) emit(c, 0x66, 1);
    if (codes[i][0] == 2) emit(c, 0x0f, 1);
    emit(c, codes[i][1 + chance(30)], 1);
    readBack(c, registers[i]);
  } else if (kind == 6) {
    static const u16 codes[] = {0x020f, 0x030f, 0x000f, 0x000f};
    int which = below(4);
    caseName(c, "lar/lsl/verr/verw");
    c->flagMask = ZF;
    c->gpr[RAX] = anySelector() | (value() << 16);
    if (c->mode == 32) c->gpr[RAX] = (u32)c->gpr[RAX];
    c->gprSet |= 1 << RAX;
    if (chance(15)) emit(c, 0x66, 1);
    if (c->mode == 64 && chance(30)) emit(c, 0x48, 1);
    emit(c, codes[which], 2);
    emit(c, which == 0 ? 0xc8 : which == 1 ? 0xc8 : which == 2 ? 0xe0 : 0xe8, 1); // ECX, AX or AX
  } else if (kind == 7) {
    static const u8 codes[][2] = {{0, 0xc4}, {0, 0xc5}, {1, 0xb2}, {1, 0xb4}, {1, 0xb5}};
    static const u8 registers[] = {ES, DS, SS, FS, GS};
    int i = below(5), size = chance(20) ? 2 : 4;
    if (c->mode == 64 && i < 2) i = 3;
    caseName(c, "lxs");
    u64 address = dataAddress(10, 1);
    farPointer(c, address, size, value());
    emitMemory(c, (Form){.map = codes[i][0], .opcode = codes[i][1], .size = size}, RBX, reach(c, address));
    endInstruction(c);
    readBack(c, registers[i]);
  } else {
    farTransfer(c);
  }
}
