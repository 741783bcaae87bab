// Does what each trap policy records, and prints what only it can know: addresses of its instructions, values it got.
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/io.h>
#include <unistd.h>

enum { PAGES = 20, PAGE = 4096 };
static uint8_t dirtied[PAGES * PAGE] __attribute__((aligned(PAGE)));
volatile uint64_t counter;
extern char atOut[], atIn[], atCpuid[], atRdtsc[], atRdtscp[], atSidt[], atStore[], atMove[];

static unsigned long timerInterrupts(void) {
  static char text[16384];
  int fd = open("/proc/interrupts", O_RDONLY);
  ssize_t length = 0, more;
  while ((more = read(fd, text + length, sizeof text - 1 - length)) > 0) length += more;
  close(fd);
  text[length] = 0;
  unsigned long count = 0;
  const char *line = strstr(text, "LOC:");
  if (line) sscanf(line, "LOC: %lu", &count);
  return count;
}

/** Where the kernel has put a page, by its own account. */
static unsigned long physicalPage(const void *page) {
  uint64_t entry = 0;
  int fd = open("/proc/self/pagemap", O_RDONLY);
  pread(fd, &entry, sizeof entry, (uintptr_t)page / PAGE * sizeof entry);
  close(fd);
  return (entry & ((1ul << 55) - 1)) * PAGE;
}

int main(void) {
  if (ioperm(0x80, 1, 1) != 0 || ioperm(0x3f8, 8, 1) != 0) return 1;
  uint8_t scratch;
  asm volatile("atOut: outb %0, %1" ::"a"((uint8_t)0xa7), "d"((uint16_t)0x3ff));
  asm volatile("atIn: inb %1, %0" : "=a"(scratch) : "d"((uint16_t)0x3ff));
  outb(0x5a, 0x80);
  printf("scratch %x\n", scratch);

  uint32_t a = 7, b, c = 0, d;
  asm volatile("atCpuid: cpuid" : "+a"(a), "=b"(b), "+c"(c), "=d"(d));
  printf("cpuid %x %x %x %x\n", a, b, c, d);

  uint32_t low, high, low2, high2, processor;
  asm volatile("atRdtsc: rdtsc" : "=a"(low), "=d"(high));
  asm volatile("atRdtscp: rdtscp" : "=a"(low2), "=d"(high2), "=c"(processor));
  printf("tsc %lx %lx\n", (uint64_t)high << 32 | low, (uint64_t)high2 << 32 | low2);

  uint8_t table[10];
  asm volatile("atSidt: sidt %0" : "=m"(table));

  counter = 0x1111;
  asm volatile("atStore: movq %1, %0" : "=m"(counter) : "r"(0x1122334455667788));
  asm volatile("movq $1, %%rax\natMove: movabsq $0x123456789abcdef, %%rax" ::: "rax");

  for (int i = 0; i < PAGES; i++) dirtied[i * PAGE] = i + 1;
  printf("pages");
  for (int i = 0; i < PAGES; i++) printf(" 0x%lx", physicalPage(dirtied + i * PAGE));
  printf("\n");

  unsigned long before = timerInterrupts();
  for (volatile int i = 0; i < 20000000; i++);
  printf("interrupts %lu\n", timerInterrupts() - before);
  printf("addresses %p %p %p %p %p %p %p %p %p\n", atOut, atIn, atCpuid, atRdtsc, atRdtscp, atSidt, atStore, atMove,
         (void *)&counter);
  printf("bytes ");
  for (int i = 0; i < 5; i++) printf("%02x", (uint8_t)atSidt[i]);
  printf("\n");
  return 0;
}
