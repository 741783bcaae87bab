/** Offsets in the frame that a signal handler runs on, from the stack pointer with which it starts. */
export interface SignalFrame {
  /** The interrupted call's result, and where it will go on. */
  readonly result: number;
  readonly rip: number;
  /** Bytes of the two. */
  readonly word: 4 | 8;
  /** The number of the signal, where the frame has it. */
  readonly number?: number;
  /** Where the signal mask to be restored stands, in pieces of 4 bytes. */
  readonly mask: readonly [low: number, high: number];
  readonly siginfo?: number;
  readonly end: number;
  /** What the way back has popped when rt_sigreturn or sigreturn is called. */
  readonly popped: number;
}

/**
 * struct rt_sigframe of an amd64 kernel (arch/x86/include/asm/sigframe.h, uapi/asm/sigcontext.h): return address, struct
 * ucontext, struct siginfo.
 */
export const SIGNAL_FRAME = {
  result: 152,
  rip: 176,
  word: 8,
  mask: [304, 308],
  siginfo: 312,
  end: 440,
  popped: 8,
} as const satisfies SignalFrame;

/**
 * struct sigframe_ia32: return address, number, struct sigcontext_32 (88 bytes), unused floating-point state (624 bytes),
 * and the upper word of the mask.
 */
export const SIGNAL_FRAME32 = {
  number: 4,
  result: 52,
  rip: 64,
  word: 4,
  mask: [88, 720],
  end: 724,
  popped: 8,
} as const satisfies SignalFrame;

/** struct rt_sigframe_ia32: return address, number, pointers to what follows: struct siginfo, struct ucontext_ia32. */
export const SIGNAL_INFO_FRAME32 = {
  number: 4,
  /** Where the pointer to the context stands, and the context itself. */
  contextPointer: 12,
  context: 144,
  result: 208,
  rip: 220,
  word: 4,
  mask: [252, 256],
  siginfo: 16,
  end: 260,
  popped: 4,
} as const satisfies SignalFrame & Record<'context' | 'contextPointer', number>;
