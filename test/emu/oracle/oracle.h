// The native oracle: random instruction forms run on the host's own processor, results written as JSON lines.
// The environment (memory map, default registers, output) is the one of the CPU vectors.
#ifndef ORACLE_H
#define ORACLE_H
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

typedef uint8_t u8;
typedef uint16_t u16;
typedef uint32_t u32;
typedef uint64_t u64;
typedef int64_t i64;

enum { RAX, RCX, RDX, RBX, RSP, RBP, RSI, RDI };
enum { AH = 16, CH, DH, BH };
enum { CF = 1, PF = 4, AF = 0x10, ZF = 0x40, SF = 0x80, DF = 0x400, OF = 0x800, AC = 0x40000, STATUS = 0x8d5 };

enum {
  LOW = 0x8000, LOW_SIZE = 0x1000,
  CODE = 0x40000, CODE_SIZE = 0x2000,
  DATA = 0x50000, DATA_SIZE = 0x4000,
  STACK = 0x60000, STACK_SIZE = 0x2000,
  RO = 0x70000, RO_SIZE = 0x1000,
};

typedef struct {
  u64 address;
  int length;
  u8 bytes[256];
} Patch;

typedef struct {
  u16 cw, sw;
  u8 tag;
  u8 st[8][10];
} Fpu;

// One case: what goes in, and what to compare.
typedef struct {
  const char *group;
  char name[32];
  int mode; // 64 or 32
  bool code16; // a 32-bit case, run in a 16-bit code segment with 66 and 67 turned round
  u64 address;
  u8 code[512];
  int length;
  u64 gpr[16];
  u64 xmm[16][2];
  u32 gprSet, xmmSet; // overridden ones
  u32 pinned; // registers that later choices must not take
  u64 flags;
  Patch patch[12];
  int patches;
  u64 fs, gs;
  u32 mxcsr;
  bool fpuSet;
  Fpu fpu;
  u32 flagMask;
  u64 gprMask[16]; // 0: all bits
  u32 statusWordMask, mxcsrMask; // 0: all bits
  const char *tolerance;
  bool noRex; // 32-bit mode, or AH..BH are in use
  int ripFix; // place of a RIP-relative displacement in code, 0 if none
  u64 ripTarget;
} Case;

// What the processor made of it.
typedef struct {
  u64 gpr[16], rip, flags;
  u64 xmm[16][2];
  u32 mxcsr;
  Fpu fpu;
  int vector, error;
  u64 cr2;
} Result;

// ---- value.c: random numbers and operands
extern u64 rngState;
u64 rng(void);
u32 below(u32 limit);
bool chance(int percent);
u64 value(void); // with boundary values preferred
u64 splitmix(u64 *state);

// ---- case.c
void caseInit(Case *c, const char *group, int mode);
void caseName(Case *c, const char *format, ...);
void setGpr(Case *c, int reg, u64 v); // unless pinned already; then it is pinned
int freeReg(Case *c); // an unpinned general register, not RSP
int anyReg(Case *c); // any register of the mode, with a boundary value
void setXmm(Case *c, int reg, u64 low, u64 high);
void patch(Case *c, u64 address, const void *bytes, int length);
void patchValue(Case *c, u64 address, u64 v, int length);
void randomFlags(Case *c);
void turnTo16(Case *c); // a single instruction in 32-bit mode becomes the same one in a 16-bit code segment
u64 dataAddress(int size, int alignment); // in DATA, page ends preferred
u64 landing(const Case *c); // in CODE, where nothing but INT3 stands: a jump to itself would not end
extern bool lowMapped;

// ---- encode.c
typedef struct {
  u8 prefix; // mandatory or REP: 0, 66, F2, F3
  u8 map; // 0: one byte, 1: 0F, 2: 0F38, 3: 0F3A
  u8 opcode;
  u8 size; // 2 emits 66, 8 emits REX.W, 1 concerns byte registers
  bool lock, vex, keepW; // keepW: VEX.W by size
  u8 vvvv;
  bool wide; // REX.W whatever the size
} Form;

typedef struct {
  u64 address;
  int base, index, scale; // -1: none
  i64 displacement;
  int displacementSize; // 0, 1, 4; 2 with 16-bit addressing
  int form16; // ModRM.rm of 16-bit addressing
  bool ripRelative, absolute, address32, address16;
  u8 segment; // override prefix or 0
} Memory;

void emit(Case *c, u64 bytes, int count); // little-endian
void endInstruction(Case *c); // settles a RIP-relative displacement
void emitReg(Case *c, Form f, int reg, int rm); // register form, no endInstruction
void emitMemory(Case *c, Form f, int reg, Memory m);
Memory reach(Case *c, u64 address); // some addressing form for an address
Memory memoryOperand(Case *c, int size, bool write); // the same, address and contents chosen
int byteReg(Case *c); // any of AL..R15B, AH..BH; boundary value
int sizedReg(Case *c, int size);
int operandSize(Case *c); // 2, 4 or, in 64-bit mode, 8
int someSize(Case *c); // the same, or 1
void byteForms(Case *c, int size); // lets byte operands be AH..BH at times
void immediate(Case *c, int size);
void regOrMemory(Case *c, Form f, int reg, int size, bool write); // ModRM.rm is either

// ---- generators: each fills a case whose group and mode are set
void genAlu(Case *c);
void genShift(Case *c);
void genMulDiv(Case *c);
void genBit(Case *c);
void genBmi(Case *c);
void genExchange(Case *c);
void genCondition(Case *c);
void genLea(Case *c);
void genMisc(Case *c);
void genString(Case *c);
void genStack(Case *c);
void genBcd(Case *c);
void genIntegerAny(Case *c);
void genFault(Case *c);
void genSequence(Case *c);
void genLoop(Case *c);
void genSseInteger(Case *c);
void genSseMove(Case *c);
void genSseString(Case *c);
void genSseFloat(Case *c);
void genSseFloatUnmasked(Case *c);
void genSseDot(Case *c);
void genCrypto(Case *c);
void genSimdAny(Case *c);
void genMmx(Case *c);
void genX87(Case *c);
void genX87Transcendental(Case *c);
void genX87Any(Case *c);
void genFxsave(Case *c);
void genSegment(Case *c);
void genMapAny(Case *c);
void genGroupAny(Case *c);
void genStep(Case *c);

// ---- float-value.c
u64 vectorHalf(void);
int anyXmm(Case *c); // a vector register, with a value
Memory vectorMemory(Case *c, int size, int alignment, bool write);
u32 floatValue(void);
u64 doubleValue(void);
void extendedValue(u8 *bytes);
void fpuStack(Case *c); // x87 registers with values in them
void mmxRegs(Case *c);

// ---- native.c
void nativeInit(void);
// Calls next() for a case, runs it, calls done() with the result, until next() says false.
void nativeRun(bool (*next)(Case *), void (*done)(const Case *, const Result *));
u64 defaultGpr(int reg);
u64 defaultXmm(int reg, int half);
extern u8 *const regionStart[4];
extern const int regionSize[4];
extern u8 *regionBefore[4]; // contents before the case, its patches applied

// ---- segment.c
void nativeLdt(void);

// ---- json.c
void writeCase(long id, const Case *c, const Result *r);
#endif
