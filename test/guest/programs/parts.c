// Gives parts of registers values that differ from those around them: each is there once at least, for one instruction.
int main(void) {
  asm volatile("mov $0x123456785a5a0020, %%rdx\n"
               "mov $0x5a0020, %%edx\n"
               "mov $0x1111111111111111, %%rdx\n"
               "mov $0x20, %%dx\n"
               "mov $0x21, %%dl\n mov $0x20, %%dl\n"
               "mov $0x5a, %%dh\n"
               "mov $0x77777777005a00c0, %%r12\n"
               "mov $0x77777777777700d0, %%r13\n"
               "mov $0x77777777777777e0, %%r14\n"
               "mov %%rsp, %%rax\n mov $0x4a, %%spl\n mov %%rax, %%rsp\n"
               "mov %%rbp, %%rax\n mov $0xffffffffdeadbee5, %%rbp\n mov %%rax, %%rbp\n" ::
                   : "rax", "rdx", "r12", "r13", "r14", "memory");
  return 0;
}
