// Runs cases on the host processor. The kernel's own signal frame is the vehicle: a case's registers are written into
// the frame, returning from the handler loads them all at once, and its end (INT3 or any fault) delivers the next frame.
#include "oracle.h"
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <ucontext.h>
#include <unistd.h>
#include <immintrin.h>

u8 *const regionStart[4] = {(u8 *)LOW, (u8 *)CODE, (u8 *)DATA, (u8 *)STACK};
const int regionSize[4] = {LOW_SIZE, CODE_SIZE, DATA_SIZE, STACK_SIZE};
u8 *regionBefore[4];
static u8 *regionPristine[4];

static u64 gprDefaults[16], xmmDefaults[16][2];
u64 defaultGpr(int reg) { return gprDefaults[reg]; }
u64 defaultXmm(int reg, int half) { return xmmDefaults[reg][half]; }

enum { CS16 = 7 }; // entry 0 of the LDT, at CPL 3

static u64 hostFs, hostGs;
static bool (*nextCase)(Case *);
static void (*caseDone)(const Case *, const Result *);
static Case current;
static Result result;
static bool running, inside; // a case has run; the handler is at work
static ucontext_t home; // where to go when all is done

static void fillRegion(u8 *at, int size, u64 seed) {
  for (int i = 0; i < size; i += 8) {
    u64 v = splitmix(&seed);
    memcpy(at + i, &v, 8);
  }
}

static void mapRegion(u64 address, int size, int protection) {
  void *at = mmap((void *)address, size, PROT_READ | PROT_WRITE | PROT_EXEC,
                  MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED_NOREPLACE | MAP_POPULATE, -1, 0);
  if (at != (void *)address) {
    if (address == LOW) return; // vm.mmap_min_addr forbids it: cases there are left out
    perror("oracle: mmap");
    exit(1);
  }
  if (address == LOW) lowMapped = true;
  if (address == CODE) memset(at, 0xcc, size);
  else fillRegion(at, size, 0x5eed0000 + (address == LOW ? 1 : address == DATA ? 2 : address == STACK ? 3 : 4));
  mprotect(at, size, protection);
  mlock(at, size);
}

static void applyPatches(const Case *c) {
  for (int i = 0; i < c->patches; i++) memcpy((void *)c->patch[i].address, c->patch[i].bytes, c->patch[i].length);
}

/** Undoes what the last case did to memory, then prepares this one's. */
static void prepareMemory(const Case *c) {
  for (int i = 0; i < 4; i++) {
    if (i == 0 && !lowMapped) continue;
    if (memcmp(regionStart[i], regionPristine[i], regionSize[i])) memcpy(regionStart[i], regionPristine[i], regionSize[i]);
  }
  applyPatches(c);
  memcpy((void *)c->address, c->code, c->length);
  for (int i = 0; i < 4; i++) {
    if (i == 0 && !lowMapped) continue;
    memcpy(regionBefore[i], regionStart[i], regionSize[i]);
  }
}

static const int gregOf[16] = {REG_RAX, REG_RCX, REG_RDX, REG_RBX, REG_RSP, REG_RBP, REG_RSI, REG_RDI,
                               REG_R8, REG_R9, REG_R10, REG_R11, REG_R12, REG_R13, REG_R14, REG_R15};

static void loadFrame(ucontext_t *frame, const Case *c) {
  greg_t *g = frame->uc_mcontext.gregs;
  for (int i = 0; i < 16; i++) g[gregOf[i]] = (greg_t)c->gpr[i];
  g[REG_RIP] = (greg_t)c->address;
  g[REG_EFL] = (greg_t)c->flags;
  u64 selectors = (u64)g[REG_CSGSFS] & 0x0000ffffffff0000ull;
  g[REG_CSGSFS] = (greg_t)(selectors | (c->code16 ? CS16 : c->mode == 32 ? 0x23 : 0x33) | 0x002b000000000000ull);
  struct _libc_fpstate *f = frame->uc_mcontext.fpregs;
  memcpy(f->_xmm, c->xmm, sizeof c->xmm);
  f->mxcsr = c->mxcsr;
  f->cwd = c->fpu.cw;
  f->swd = c->fpu.sw;
  f->ftw = c->fpu.tag;
  memset(f->_st, 0, sizeof f->_st);
  f->fop = 0;
  f->rip = f->rdp = 0;
  for (int i = 0; i < 8; i++) memcpy(&f->_st[i], c->fpu.st[i], 10);
}

static void storeFrame(const ucontext_t *frame, Result *r) {
  const greg_t *g = frame->uc_mcontext.gregs;
  for (int i = 0; i < 16; i++) r->gpr[i] = (u64)g[gregOf[i]];
  r->rip = (u64)g[REG_RIP];
  r->flags = (u64)g[REG_EFL];
  r->vector = (int)g[REG_TRAPNO];
  r->error = (int)g[REG_ERR];
  r->cr2 = (u64)g[REG_CR2];
  const struct _libc_fpstate *f = frame->uc_mcontext.fpregs;
  memcpy(r->xmm, f->_xmm, sizeof r->xmm);
  r->mxcsr = f->mxcsr;
  r->fpu.cw = f->cwd;
  r->fpu.sw = f->swd;
  r->fpu.tag = (u8)f->ftw;
  for (int i = 0; i < 8; i++) memcpy(r->fpu.st[i], &f->_st[i], 10);
}

/** What the kernel hides or changes can't be compared: its own addresses, addresses that are mapped here only. */
static bool comparable(const Case *c, const Result *r) {
  if (r->vector == 14 && r->cr2 >= 0x7ffffffff000) return false; // Linux reports the page as present
  if (r->vector == 14 && !lowMapped && r->cr2 >= LOW && r->cr2 < LOW + LOW_SIZE) return false;
  return c->mode == 64 || r->rip >> 32 == 0;
}

__attribute__((used)) void stepFrame(int signal, siginfo_t *info, ucontext_t *frame) {
  (void)info;
  _writefsbase_u64(hostFs);
  _writegsbase_u64(hostGs);
  if (inside) {
    fprintf(stderr, "oracle: signal %d in the oracle itself, group %s (%s)\n", signal, current.group, current.name);
    _exit(1);
  }
  inside = true;
  if (running) {
    if (signal == SIGVTALRM) {
      fprintf(stderr, "oracle: a case of group %s (%s) does not end\n", current.group, current.name);
      fflush(stdout); // of the cases before it, whole lines
      _exit(1);
    }
    storeFrame(frame, &result);
    if (comparable(&current, &result)) caseDone(&current, &result);
  }
  if (!nextCase(&current)) {
    running = inside = false;
    setcontext(&home);
  }
  running = true;
  prepareMemory(&current);
  loadFrame(frame, &current);
  inside = false;
  u32 flat = current.mode == 32 ? 0x2b : 0;
  __asm__ volatile("mov %0, %%ds\n mov %0, %%es" ::"r"(flat));
  _writefsbase_u64(current.fs);
  _writegsbase_u64(current.gs);
}

// AC, NT and ID, FS and GS may be left over from the case: set them before compiled code runs.
__asm__(".globl enterFrame\nenterFrame:\n push $2\n popfq\n xor %eax, %eax\n mov %eax, %fs\n mov %eax, %gs\n jmp stepFrame\n");
void enterFrame(int, siginfo_t *, void *);

void nativeInit(void) {
  u64 seed = 0xc0ffee;
  for (int i = 0; i < 16; i++) gprDefaults[i] = splitmix(&seed);
  gprDefaults[RSP] = 0x61000;
  seed = 0xf00d;
  for (int i = 0; i < 16; i++) {
    xmmDefaults[i][0] = splitmix(&seed);
    xmmDefaults[i][1] = splitmix(&seed);
  }
  mapRegion(LOW, LOW_SIZE, PROT_READ | PROT_WRITE);
  mapRegion(CODE, CODE_SIZE, PROT_READ | PROT_WRITE | PROT_EXEC);
  mapRegion(DATA, DATA_SIZE, PROT_READ | PROT_WRITE);
  mapRegion(STACK, STACK_SIZE, PROT_READ | PROT_WRITE);
  mapRegion(RO, RO_SIZE, PROT_READ);
  for (int i = 0; i < 4; i++) {
    regionPristine[i] = malloc(regionSize[i]);
    regionBefore[i] = malloc(regionSize[i]);
    if (i > 0 || lowMapped) memcpy(regionPristine[i], regionStart[i], regionSize[i]);
  }
  nativeLdt();
  stack_t stack = {.ss_size = 1 << 20};
  stack.ss_sp = malloc(stack.ss_size);
  sigaltstack(&stack, NULL);
  struct sigaction action = {.sa_sigaction = (void (*)(int, siginfo_t *, void *))enterFrame,
                             .sa_flags = SA_SIGINFO | SA_ONSTACK | SA_NODEFER};
  const int signals[] = {SIGTRAP, SIGSEGV, SIGBUS, SIGILL, SIGFPE, SIGVTALRM, SIGUSR1};
  for (unsigned i = 0; i < sizeof signals / sizeof *signals; i++) sigaction(signals[i], &action, NULL);
  hostFs = _readfsbase_u64();
  hostGs = _readgsbase_u64();
}

void nativeRun(bool (*next)(Case *), void (*done)(const Case *, const Result *)) {
  nextCase = next;
  caseDone = done;
  volatile bool back = false;
  getcontext(&home);
  if (back) return;
  back = true;
  raise(SIGUSR1);
}
