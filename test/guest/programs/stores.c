// Stores of many kinds into an area; says of each before it does it: name, offset, size.
#define _GNU_SOURCE
#include <fcntl.h>
#include <immintrin.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <unistd.h>
uint8_t area[3 * 4096] __attribute__((aligned(4096)));
static void note(const char *what, unsigned at, unsigned size) { printf("%s %u %u\n", what, at, size); }
int main(int argc, char **argv) {
  int fd;
  printf("area %p\n", (void*)area);
  fflush(stdout);
  memset(area, 1, sizeof area); // touched before
  int from = open("/bin/true", O_RDONLY);
#define DO(what, at, size, code) do { note(what, at, size); fflush(stdout); code; } while (0)
  uint8_t *p = area;
  DO("read", 100, 16, read(from, p + 100, 16));
  DO("pread-crossing", 4090, 12, pread(from, p + 4090, 12, 64));
  DO("readv", 200, 6, ({ struct iovec v[2] = {{p + 200, 3}, {p + 203, 3}}; readv(from, v, 2); }));
  DO("movups-crossing", 4088, 16, ({ __m128i v = _mm_set1_epi8(0x22); asm volatile("movups %1,%0":"=m"(*(char(*)[16])(p+4088)):"x"(v)); }));
  DO("movups", 304, 16, ({ __m128i v = _mm_set1_epi8(0x23); asm volatile("movups %1,%0":"=m"(*(char(*)[16])(p+304)):"x"(v)); }));
  DO("fstp10-crossing", 4091, 10, asm volatile("fld1; fstpt %0":"=m"(*(char(*)[10])(p+4091))));
  DO("cmpxchg16b", 1040, 16, asm volatile("lock cmpxchg16b %0":"+m"(*(char(*)[16])(p+1040)):"a"(0x0101010101010101),"d"(0x0101010101010101),"b"(5l),"c"(6l)));
  DO("xadd", 1100, 4, asm volatile("lock xaddl %0,%1"::"r"(3),"m"(*(int*)(p+1100))));
  DO("inc", 1108, 8, asm volatile("incq %0":"+m"(*(long*)(p+1108))));
  DO("bts", 1116, 4, asm volatile("btsl $9,%0":"+m"(*(int*)(p+1116))));
  DO("bts-reg", 1200, 4, asm volatile("btsl %1,%0":"+m"(*(int*)(p+1120)):"r"(640)));
  DO("xchg", 1210, 2, asm volatile("xchgw %w0,%1"::"r"(0x5555),"m"(*(short*)(p+1210))));
  DO("movnti", 1220, 8, asm volatile("movnti %1,%0":"=m"(*(long*)(p+1220)):"r"(0x7777l)));
  DO("stos", 1300, 40, ({ void*d=p+1300; long c=40; asm volatile("rep stosb":"+D"(d),"+c"(c):"a"(0x66):"memory"); }));
  DO("movs-down", 1400, 24, ({ void*d=p+1416,*s=p+16; long c=3; asm volatile("std; rep movsq; cld":"+D"(d),"+S"(s),"+c"(c)::"memory"); }));
  DO("movs-up-crossing", 8180, 24, ({ void*d=p+8180,*s=p+16; long c=3; asm volatile("rep movsq":"+D"(d),"+S"(s),"+c"(c)::"memory"); }));
  DO("push", 1500, 8, asm volatile("mov %%rsp,%%r15; mov %0,%%rsp; pushq $0x3c; mov %%r15,%%rsp"::"r"(p+1508):"r15","memory"));
  DO("call", 1508, 8, asm volatile("mov %%rsp,%%r15; mov %0,%%rsp; call 1f; 1: mov %%r15,%%rsp"::"r"(p+1516):"r15","memory"));
  DO("movss", 1720, 4, ({ __m128 v=_mm_set1_ps(1); asm volatile("movss %1,%0":"=m"(*(float*)(p+1720)):"x"(v)); }));
  DO("movlps", 1728, 8, ({ __m128 v=_mm_set1_ps(1); asm volatile("movlps %1,%0":"=m"(*(double*)(p+1728)):"x"(v)); }));
  DO("setc", 1740, 1, asm volatile("stc; setc %0":"=m"(p[1740])));
  DO("fst", 1744, 4, asm volatile("fld1; fstps %0":"=m"(*(float*)(p+1744))));
  DO("fnstenv", 1760, 28, asm volatile("fnstenv %0":"=m"(*(char(*)[28])(p+1760))));
  DO("stmxcsr", 1800, 4, asm volatile("stmxcsr %0":"=m"(*(int*)(p+1800))));
  DO("mov-seg", 1810, 2, asm volatile("movw %%cs,%0":"=m"(*(short*)(p+1810))));
  DO("pop-mem", 1820, 8, asm volatile("pushq $9; popq %0":"=m"(*(long*)(p+1820))));
  DO("enter", 1840, 8, asm volatile("mov %%rsp,%%r15; mov %%rbp,%%r14; mov %0,%%rsp; enter $0,$0; mov %%r15,%%rsp; mov %%r14,%%rbp"::"r"(p+1848):"r15","r14","memory"));
  DO("neg-crossing", 4093, 8, asm volatile("negq %0":"+m"(*(long*)(p+4093))));
  DO("shld", 1860, 8, asm volatile("shldq $4,%1,%0":"+m"(*(long*)(p+1860)):"r"(-1l)));
  // by the kernel
  DO("clock_gettime", 1904, 16, syscall(SYS_clock_gettime, 0, p + 1904));
  DO("pipe", 1960, 8, syscall(SYS_pipe, p + 1960));
  // by another process: process_vm_writev and fork+COW
  int st;
  DO("child-cow", 2000, 4, ({ if (!fork()) { *(volatile int*)(p+2000) = 77; _exit(0); } wait(&st); }));
  DO("child-read", 2008, 4, ({ if (!fork()) { pread(from, p+2008, 4, 0); _exit(0); } wait(&st); }));
  DO("vfork", 2016, 4, ({ if (!vfork()) { *(volatile int*)(p+2016) = 78; _exit(0); } wait(&st); }));
  DO("wait4-status", 2040, 4, ({ if (!fork()) _exit(3); syscall(SYS_wait4, -1, p + 2040, 0, 0); }));
  return 0;
}
