/* Executes CPUID wherever a program's code can lie, and says for each place what /proc/self/maps calls it then:
 *   PID ADDRESS NAME OFFSET
 * NAME is the last part of a path, [heap], ... or - for none; OFFSET counts from the first byte of the file, or of what has
 * that name where there is none. It is the oracle of test/guest/names.test.ts. */
#define _GNU_SOURCE
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

/* push rbx; cpuid; pop rbx; ret: the same bytes for 32 bits */
#define BLOB_BYTES 5
extern char blob[];
__asm__(".text\n.globl blob\nblob: push %" BX "\n cpuid\n pop %" BX "\n ret\n");

#ifdef LIBRARY
void library_blob(void);
#endif

static void call(char *code) { __asm__ volatile("call *%0" : : "r"(code) : "eax", "ecx", "edx", "memory", "cc"); }

static void run(char *code) {
  char line[512];
  unsigned long address = (unsigned long)code + 1, heap = 0;
  FILE *maps = fopen("/proc/self/maps", "r");
  while (fgets(line, sizeof line, maps)) {
    unsigned long start, end, offset;
    char path[256] = "-";
    if (sscanf(line, "%lx-%lx %*s %lx %*s %*s %255s", &start, &end, &offset, path) < 3) continue;
    /* A change of protection cuts it into several. */
    if (heap == 0 && strcmp(path, "[heap]") == 0) heap = start;
    if (address < start || address >= end) continue;
    const char *name = strrchr(path, '/') ? strrchr(path, '/') + 1 : path;
    if (strcmp(path, "[heap]") == 0) start = heap;
    printf("%d 0x%lx %s %lx\n", getpid(), address, name, address - start + offset);
  }
  fclose(maps);
  fflush(stdout);
  call(code);
}

static char *put(void *at) { return memcpy(at, blob, BLOB_BYTES); }

static void everywhere(void) {
  run(blob);
#ifdef LIBRARY
  run((char *)library_blob);
#endif
  const int all = PROT_READ | PROT_WRITE | PROT_EXEC;
  char *page = mmap(0, 8192, all, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  run(put(page + 4096));
  int file = open("/tmp/code.bin", O_RDWR | O_CREAT | O_TRUNC, 0700);
  for (int i = 0; i < 3; i++) {
    lseek(file, 4096 * i + 0x80, SEEK_SET);
    write(file, blob, BLOB_BYTES);
  }
  char *mapped = mmap(0, 8192, PROT_READ | PROT_EXEC, MAP_PRIVATE, file, 4096);
  run(mapped + 0x80);
  run(mapped + 4096 + 0x80);
  /* A hole in it, something else over it, and moved away. */
  munmap(mapped, 4096);
  mmap(mapped, 4096, all, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0);
  run(put(mapped));
  run(mapped + 4096 + 0x80);
  char *moved = mremap(mapped + 4096, 4096, 4096, MREMAP_MAYMOVE | MREMAP_FIXED, page);
  run(moved + 0x80);
  close(file);
  char *heap = sbrk(8192);
  char *top = (char *)(((unsigned long)heap + 4095) & ~4095ul);
  mprotect(top, 4096, all);
  run(put(top + 0x40));
  char stack[64]; /* linked with -z execstack */
  run(put(stack));
}

int main(int count, char **arguments) {
  everywhere();
  if (count > 1 && strcmp(arguments[1], "child") == 0) return 0;
  pid_t child = fork();
  if (child == 0) {
    everywhere();
    execl("/proc/self/exe", "again", "child", (char *)0);
    return 1;
  }
  waitpid(child, 0, 0);
  run(blob);
  return 0;
}
