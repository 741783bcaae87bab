/**
 * Offsets in struct rt_sigframe of an amd64 kernel (arch/x86/include/asm/sigframe.h, uapi/asm/sigcontext.h), from the
 * stack pointer with which a handler starts: return address, struct ucontext, struct siginfo.
 */
export const SIGNAL_FRAME = { rax: 152, rip: 176, mask: 304, siginfo: 312, end: 440 } as const;
