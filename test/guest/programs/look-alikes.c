// Odd ways into the kernel, and what only looks like one; prints what is the same on any x86-64 Linux.
#define _GNU_SOURCE
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <ucontext.h>
#include <unistd.h>

static volatile sig_atomic_t steps, illegal, general, stepAtBehind;
extern char behind[];
static void onTrap(int signal, siginfo_t *info, void *c) {
  ucontext_t *u = c;
  steps++;
  if ((char *)u->uc_mcontext.gregs[REG_RIP] == behind) stepAtBehind = steps;
}
/** Emulates: the byte behind the instruction is added to RBX. */
static void onIllegal(int signal, siginfo_t *info, void *c) {
  ucontext_t *u = c;
  uint8_t *at = (uint8_t *)u->uc_mcontext.gregs[REG_RIP];
  illegal++;
  u->uc_mcontext.gregs[REG_RBX] += at[2];
  u->uc_mcontext.gregs[REG_RIP] += 3;
}
/** Goes on where R15 says. */
static void onSegv(int signal, siginfo_t *info, void *c) {
  ucontext_t *u = c;
  general++;
  u->uc_mcontext.gregs[REG_RIP] = u->uc_mcontext.gregs[REG_R15];
}
static long call(long number) {
  long result;
  asm volatile("syscall" : "=a"(result) : "a"(number), "D"(0), "S"(0), "d"(0) : "rcx", "r11", "memory");
  return result;
}
int main(void) {
  struct sigaction a = {.sa_flags = SA_SIGINFO | SA_NODEFER};
  a.sa_sigaction = onTrap; sigaction(SIGTRAP, &a, 0);
  a.sa_sigaction = onIllegal; sigaction(SIGILL, &a, 0);
  a.sa_sigaction = onSegv; sigaction(SIGSEGV, &a, 0);
  long r, r11;
  asm volatile("pushfq\n orq $0x100,(%%rsp)\n popfq\n nop\n mov $39,%%eax\n syscall\nbehind: nop\n mov %%r11,%1\n pushfq\n andq $~0x100,(%%rsp)\n popfq\n nop\n":"=a"(r),"=r"(r11)::"rcx","r11","memory","cc");
  printf("tf syscall %d steps %d at %d r11 TF %d\n", r == getpid(), (int)steps, (int)stepAtBehind, !!(r11 & 0x100));
  steps = 0;
  asm volatile("pushfq\n orq $0x100,(%%rsp)\n popfq\n nop\n mov $20,%%eax\n int $0x80\n nop\n pushfq\n andq $~0x100,(%%rsp)\n popfq\n nop\n":"=a"(r)::"rcx","r8","r9","r10","r11","memory","cc");
  printf("tf int80 %d steps %d\n", (int)r == getpid(), (int)steps);
  char *low = mmap(0, 8192, PROT_READ | PROT_WRITE | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS | MAP_32BIT, -1, 0);
  fflush(stdout);
  strcpy(low, "by int 80\n");
  asm volatile("int $0x80":"=a"(r):"a"(0xdead000000000004),"b"(0xbeef000000000001),"c"(0xf00d000000000000|(uintptr_t)low),"d"(0xffffffff0000000a):"memory","r8","r9","r10","r11");
  printf("int80 write %ld\n", r);
  asm volatile("int $0x80":"=a"(r):"a"(0xffffffff00000006),"b"(-1l):"memory","r8","r9","r10","r11");
  printf("int80 close(-1) %ld\n", r);
  asm volatile("int $0x80":"=a"(r):"a"(0xffffffffl):"memory","r8","r9","r10","r11");
  printf("int80 nr -1 %ld\n", r);
  printf("syscall high %d\n", call(0x7700000000000000 + 39) == getpid());
  printf("syscall -1 %ld\n", call(-1));
  asm volatile("mov $39,%%eax\n call inside+1\n jmp 1f\n inside: mov $0xc3050f,%%ecx\n ret\n 1:":"=a"(r)::"rcx","r11","memory");
  printf("inside %d\n", r == getpid());
  long rbx = 1;
  asm volatile("ud2\n .byte 41\n ud2\n .byte 58":"+b"(rbx));
  printf("ud %ld %d\n", rbx, (int)illegal);
  asm volatile("lea 1f(%%rip),%%r15\n int $0x81\n 1: lea 2f(%%rip),%%r15\n int $0x20\n 2: lea 3f(%%rip),%%r15\n int $0xef\n3: lea 4f(%%rip),%%r15\n hlt\n4: lea 5f(%%rip),%%r15\n .byte 0xcd,0x0e\n5:":::"r15","memory");
  printf("gp %d\n", (int)general);
  asm volatile("lea 1f(%%rip),%%r15\n .byte 0x48,0x0f,0x07\n1:":::"r15","memory","rcx","r11");
  printf("gp %d\n", (int)general);
  asm volatile("mov $39,%%eax\n .byte 0x66,0xf2,0xf3,0x2e,0x48,0x0f,0x05":"=a"(r)::"rcx","r11","memory");
  printf("prefixes %d\n", r == getpid());
  asm volatile("mov $39,%%eax\n .byte 0x66,0x66,0x66,0x66,0x66,0x66,0x66,0x66,0x66,0x66,0x66,0x66,0x66,0x0f,0x05":"=a"(r)::"rcx","r11","memory");
  printf("15 bytes %d\n", r == getpid());
  asm volatile("lea 1f(%%rip),%%r15\n mov $39,%%eax\n .byte 0x66,0x66,0x66,0x66,0x66,0x66,0x66,0x66,0x66,0x66,0x66,0x66,0x66,0x66,0x0f,0x05\n1:":"=a"(r)::"rcx","r11","memory","r15");
  printf("16 bytes gp %d\n", (int)general);
  rbx = 0;
  asm volatile(".byte 0xf0,0x0f,0x05":"+b"(rbx)::"rcx","r11","memory");
  printf("lock %ld %d\n", rbx, (int)illegal);
  memcpy(low + 4094, "\x0f\x05\xc3", 3);
  asm volatile("sub $128,%%rsp\n call *%1\n add $128,%%rsp":"=a"(r):"r"(low + 4094),"a"(39):"rcx","r11","memory");
  printf("at page end %d\n", r == getpid());
  memcpy(low + 4095, "\x0f\x05\xc3", 3);
  asm volatile("sub $128,%%rsp\n call *%1\n add $128,%%rsp":"=a"(r):"r"(low + 4095),"a"(39):"rcx","r11","memory");
  printf("across %d\n", r == getpid());
  fflush(stdout);
  mprotect(low + 4096, 4096, PROT_NONE);
  asm volatile("lea 1f(%%rip),%%r15\n mov %%rsp,%%r14\n sub $128,%%rsp\n call *%1\n1: mov %%r14,%%rsp":"=a"(r):"r"(low + 4095),"a"(39):"rcx","r11","memory","r14","r15");
  printf("absent half %d\n", (int)general);
  fflush(stdout);
  return 0;
}
