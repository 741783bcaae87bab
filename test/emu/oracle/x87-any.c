// Any x87 opcode in any state of the stack: mixed tags, unmasked and pending exceptions, undefined encodings, several
// instructions in a row (a deferred #MF), the environment and FXSAVE images in memory; the whole status word compared.
#include "oracle.h"
#include <string.h>

enum { SUMMARY = 0x8080, CONDITIONS = 0x4700, IMAGE = DATA + 0x200 };

static u64 imageAddress(u64 alignment) {
  u64 address = IMAGE + below(0x2000);
  if (chance(4)) address = (chance(50) ? DATA : DATA + DATA_SIZE) - below(0x200); // partly unmapped
  return address & ~(alignment - 1);
}

static void anyState(Case *c) {
  fpuStack(c);
  randomFlags(c);
  if (chance(40)) c->fpu.tag = (u8)rng();
  else if (chance(30)) c->fpu.tag = 0xff;
  if (chance(50)) c->fpu.cw = 0x40 | (rng() & 0xf3f);
  c->fpu.sw |= rng() & CONDITIONS;
  if (chance(15)) c->fpu.sw |= rng() & 0x7f;
  if (c->fpu.sw & ~c->fpu.cw & 0x3f) c->fpu.sw |= SUMMARY;
}

/** FLDENV and FRSTOR: an image whose pointers fit into the fields. */
static void patchImage(Case *c, u64 address, bool narrow) {
  u8 image[108] = {0};
  int words = narrow ? 2 : 4, header = 7 * words;
  for (int i = 0; i < 7; i++) {
    u32 v = i == 0 && chance(50) ? 0x37f : (u32)rng() & 0xffff;
    memcpy(image + i * words, &v, 2);
  }
  for (int i = 0; i < 8; i++) extendedValue(image + header + 10 * i);
  patch(c, address, image, header + 80);
}

static void environment(Case *c, u8 opcode, int digit) {
  bool narrow = chance(30);
  u64 address = imageAddress(1);
  if (narrow) emit(c, 0x66, 1);
  if (digit == 4) patchImage(c, address, narrow);
  emitMemory(c, (Form){.opcode = opcode}, digit, reach(c, address));
}

static void memoryOperandOf(Case *c, u8 opcode, int digit) {
  u8 bytes[16];
  u64 v = rng();
  switch (opcode) {
    case 0xd8: v = floatValue(); break;
    case 0xd9: v = digit < 4 ? floatValue() : v; break;
    case 0xdc: v = doubleValue(); break;
    case 0xdd: v = digit == 1 ? value() : doubleValue(); break;
    default: v = value();
  }
  memcpy(bytes, &v, 8);
  if (opcode == 0xdb && digit >= 5) extendedValue(bytes);
  else if (opcode == 0xdf && digit == 4) {
    for (int i = 0; i < 9; i++) bytes[i] = (u8)(below(10) | below(10) << 4);
    bytes[9] = (u8)rng();
  }
  u64 address = dataAddress(10, 1);
  patch(c, address, bytes, 10);
  emitMemory(c, (Form){.opcode = opcode}, digit, reach(c, address));
}

static bool isTranscendental(u8 second) {
  return (second >= 0xf0 && second <= 0xf3) || second == 0xf9 || second == 0xfb || second == 0xfe || second == 0xff;
}

/**
 * One instruction. Stores of the environment only as the `first`: the selectors in it are the recording process's own,
 * and get lost when the kernel switches tasks.
 */
static void anyInstruction(Case *c, bool first) {
  u8 opcode = 0xd8 + below(8);
  int digit = below(8);
  bool whole = (opcode == 0xd9 || opcode == 0xdd) && (digit == 4 || digit == 6);
  if (chance(5)) emit(c, 0x9b, 1);
  else if (chance(5)) emit(c, 0xdb | (u64)(0xe0 + below(5)) << 8, 2);
  else if (chance(60) || (whole && digit == 6 && !first)) {
    u8 second = 0xc0 | below(64);
    if (opcode == 0xd9 && isTranscendental(second)) second = 0xe0 | below(16);
    emit(c, opcode | second << 8, 2);
  } else if (whole) environment(c, opcode, digit);
  else memoryOperandOf(c, opcode, digit);
}

void genX87Any(Case *c) {
  anyState(c);
  int count = chance(60) ? 1 : 1 + below(c->mode == 64 ? 4 : 3); // each may take two registers for its address
  caseName(c, "x87 any, %d in a row", count);
  for (int i = 0; i < count; i++) anyInstruction(c, i == 0);
  if (!chance(10)) return;
  static const u8 seconds[] = {0xf0, 0xf1, 0xf2, 0xf3, 0xf9, 0xfb, 0xfe, 0xff};
  emit(c, 0xd9 | (u64)seconds[below(8)] << 8, 2);
  c->tolerance = "x87rel:2^-62";
  c->statusWordMask = 0xfdff; // which way the last bit went is the processor's own
}

/** FXSAVE, its MXCSR_MASK overwritten: that is a matter of CPUID. */
static void saveImage(Case *c, u64 address) {
  emitMemory(c, (Form){.map = 1, .opcode = 0xae, .wide = c->mode == 64 && chance(50)}, 0, reach(c, address));
  if (c->mode == 64) emit(c, 0x2504c7, 3); // MOV dword [disp32], imm32
  else emit(c, 0x05c7, 2);
  emit(c, address + 28, 4);
  emit(c, 0xffff, 4);
}

void genFxsave(Case *c) {
  anyState(c);
  caseName(c, "fxsave");
  if (chance(30)) emit(c, (u64)(0xd8 + 2 * below(4)) | (u64)(0xc0 | below(64)) << 8, 2);
  if (chance(50)) {
    u8 image[512];
    for (int i = 0; i < 512; i++) image[i] = (u8)rng();
    u32 mxcsr = (u32)rng() & (chance(90) ? 0xffff : 0xfffdffff);
    memcpy(image + 24, &mxcsr, 4);
    image[2] &= 0xc0; // nothing pending, so no error pointers in what FXSAVE stores
    for (int i = 0; i < 8; i++) extendedValue(image + 32 + 16 * i);
    u64 address = imageAddress(16) + (chance(3) ? 8 : 0);
    patch(c, address, image, 256);
    patch(c, address + 256, image + 256, 256);
    caseName(c, "fxrstor");
    emitMemory(c, (Form){.map = 1, .opcode = 0xae, .wide = c->mode == 64 && chance(50)}, 1, reach(c, address));
  }
  saveImage(c, DATA + 0x3000);
}
