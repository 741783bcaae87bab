// Two threads, each on a processor of its own where there are two, that give every general register a value of its own a few
// times, and take results of calls that another's instructions come between.
#define _GNU_SOURCE
#include <pthread.h>
#include <sched.h>
#include <sys/syscall.h>
#include <unistd.h>

#define TIMES 5

static int there[2], back[2];

/** Register number N is 0x5a00N0 once, then what it was. */
static void set_all(void) {
#define SET(name, value) asm volatile("push %%" name "\n mov $" value ", %%" name "\n pop %%" name ::: "memory")
  SET("rax", "0x5a0000");
  SET("rcx", "0x5a0010");
  SET("rdx", "0x5a0020");
  SET("rbx", "0x5a0030");
  asm volatile("mov %%rsp, %%rax\n mov $0x5a0040, %%rsp\n mov %%rax, %%rsp" ::: "rax", "memory");
  SET("rbp", "0x5a0050");
  SET("rsi", "0x5a0060");
  SET("rdi", "0x5a0070");
  SET("r8", "0x5a0080");
  SET("r9", "0x5a0090");
  SET("r10", "0x5a00a0");
  SET("r11", "0x5a00b0");
  SET("r12", "0x5a00c0");
  SET("r13", "0x5a00d0");
  SET("r14", "0x5a00e0");
  SET("r15", "0x5a00f0");
}

/** Its result stands in RAX for one instruction. */
static void call(long number, long fd, char *buffer, long size) {
  asm volatile("syscall\n xor %%eax, %%eax" : "+a"(number) : "D"(fd), "S"(buffer), "d"(size) : "rcx", "r11", "memory");
}

static void run_on(int processor) {
  cpu_set_t set;
  CPU_ZERO(&set);
  CPU_SET(processor % sysconf(_SC_NPROCESSORS_ONLN), &set);
  sched_setaffinity(0, sizeof set, &set);
}

static void *answer(void *unused) {
  static char buffer[0x1000];
  run_on(1);
  for (int i = 0; i < TIMES; i++) {
    set_all();
    call(SYS_read, there[0], buffer, sizeof buffer);
    set_all();
    call(SYS_write, back[1], buffer, 0x5b3);
  }
  return 0;
}

int main(void) {
  static char buffer[0x1000];
  pthread_t thread;
  pipe(there);
  pipe(back);
  run_on(0);
  pthread_create(&thread, 0, answer, 0);
  for (int i = 0; i < TIMES; i++) {
    set_all();
    call(SYS_write, there[1], buffer, 0x5b1);
    call(SYS_read, back[0], buffer, sizeof buffer);
  }
  pthread_join(thread, 0);
  return 0;
}
