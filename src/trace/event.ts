/** What events have: kinds and registers. */

/** Registers of an event in the order of their columns. */
export const REGISTER = {
  rax: 0,
  rcx: 1,
  rdx: 2,
  rbx: 3,
  rsp: 4,
  rbp: 5,
  rsi: 6,
  rdi: 7,
  r8: 8,
  r9: 9,
  r10: 10,
  r11: 11,
  r12: 12,
  r13: 13,
  r14: 14,
  r15: 15,
  rflags: 16,
  cr3: 17,
  fsBase: 18,
  gsBase: 19,
  /** System-call number of calls; reason and vector of exits. */
  detail: 20,
} as const;

export type RegisterName = keyof typeof REGISTER;

export const REGISTER_COUNT = 21;
/** 32-bit words of an event's registers. */
export const REGISTER_WORDS = 2 * REGISTER_COUNT;

/** What happened. Numbers from 7 on are open to later versions. */
export const EVENT_KIND = { callEntry: 1, callReturn: 2, task: 3, cr3Load: 4, exit: 5, pages: 6 } as const;
