// Source: arch/x86/include/asm/user_64.h of Linux 6.1 (facts of the interface): struct user_regs_struct.

/** Registers in the order in which ptrace's PEEKUSER and POKEUSER count them, 8 bytes each. */
export const USER_REGISTERS: readonly string[] =
  'R15 R14 R13 R12 RBP RBX R11 R10 R9 R8 RAX RCX RDX RSI RDI ORIG_RAX RIP CS EFL RSP SS'.split(' ');
