/** One event before it is encoded. 64-bit values are pairs of signed 32-bit words, low word first: see bytes.ts. */

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

/** What happened. Numbers from 6 on are open to later versions. */
export const EVENT_KIND = { callEntry: 1, callReturn: 2, task: 3, cr3Load: 4, exit: 5 } as const;

/** Memory read at the trap; its bytes stand in `EventRecord.bytes`. */
export interface CaptureRecord {
  argument: number;
  kind: number;
  status: number;
  addressLow: number;
  addressHigh: number;
  /** Place of its bytes in `EventRecord.bytes`, and their number. */
  offset: number;
  length: number;
  fullLength: number;
}

/** Filled anew for each event: one object serves a whole recording. */
export class EventRecord {
  kind = 0;
  flags = 0;
  cpl = 0;
  vcpu = 0;
  mechanism = 0;
  abi = 0;
  icountLow = 0;
  icountHigh = 0;
  timeLow = 0;
  timeHigh = 0;
  taskLow = 0;
  taskHigh = 0;
  ripLow = 0;
  ripHigh = 0;
  readonly registers = new Int32Array(REGISTER_WORDS);
  captureCount = 0;
  /** The first `captureCount` of them count. */
  readonly captures: CaptureRecord[] = [];
  bytes: Uint8Array = new Uint8Array(0);

  /** The next capture's place, to be filled. */
  nextCapture(): CaptureRecord {
    const index = this.captureCount++;
    let capture = this.captures[index];
    if (capture === undefined) {
      capture = {
        argument: 0,
        kind: 0,
        status: 0,
        addressLow: 0,
        addressHigh: 0,
        offset: 0,
        length: 0,
        fullLength: 0,
      };
      this.captures.push(capture);
    }
    return capture;
  }
}
