// String instructions at ports: the scratch register of the first serial line, and a register of PCI.
#include <stdint.h>
#include <sys/io.h>

int main(void) {
  if (iopl(3) != 0) return 1;
  uint8_t out[3] = {0x11, 0x22, 0x33}, in[4] = {0};
  const void *source = out;
  void *destination = in;
  long count = sizeof out;
  asm volatile("rep outsb" : "+S"(source), "+c"(count) : "d"(0x3ff) : "memory");
  count = 2;
  asm volatile("rep insb" : "+D"(destination), "+c"(count) : "d"(0x3ff) : "memory");
  asm volatile("rep insb" : "+D"(destination), "+c"(count) : "d"(0x3ff) : "memory");
  uint32_t value;
  asm volatile("inl %1, %0" : "=a"(value) : "d"((uint16_t)0xcf8));
  return in[1] != 0x33 || in[2] != 0;
}
