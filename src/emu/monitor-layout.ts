/**
 * What the monitor writes for the core to evaluate (REGION.policy), what the core remembers of each task
 * (REGION.tasks) and what it appends for the monitor to read (REGION.ring). Everything is little-endian.
 * `scripts/generate.ts` turns every constant of this file into constants for the core, `RECORD.kind` into `RECORD_kind`.
 */

import { REGION } from './layout.ts';

type Offsets<T> = { readonly [K in keyof T]: number };

/** Offsets of fields that follow each other without gaps, from their sizes in bytes. */
function offsets<T extends Record<string, number>>(sizes: T): Offsets<T> {
  const result: Record<string, number> = {};
  let at = 0;
  for (const [name, size] of Object.entries(sizes)) {
    result[name] = at;
    at += size;
  }
  return result as Offsets<T>;
}

// ---------------------------------------------------------------------------------------------------------------
// The ring. A record starts at (position modulo ring size), is a multiple of 8 bytes long and never wraps: where it
// would, a pad record (RECORD_KIND.pad, only `size` and `kind` are written) fills the rest of the ring.

/**
 * The fixed part of a record. It shows the architectural state after `icount` instructions: at a call's entry the
 * state in which SYSCALL is about to execute, at a return the user state that SYSRET, IRET, ... has just established.
 */
export const RECORD = offsets({
  size: 4, // of the whole record, captures and padding included
  kind: 2, // RECORD_KIND
  flags: 2, // RECORD_FLAG
  icount: 8,
  time: 8, // virtual nanoseconds: icount + idleTime
  task: 8, // the kernel's current task pointer; 0: not known
  rip: 8,
  rflags: 4,
  cpl: 1,
  vcpu: 1,
  mechanism: 1, // MECHANISM
  abi: 1, // ABI: which system-call table `detail` indexes
  cr3: 8,
  gpr: 128, // rax rcx rdx rbx rsp rbp rsi rdi r8..r15
  fsBase: 8,
  gsBase: 8,
  captureCount: 4,
  detail: 4, // calls: the system call's number (ffffffffh: none known); others: EXIT reason | vector << 8
});
export const RECORD_BYTES = 208;

export const RECORD_KIND = {
  pad: 0,
  callEntry: 1,
  callReturn: 2,
  task: 3,
  cr3Load: 4,
  exit: 5,
  /** Pages that a task dirtied in an interval, a `page` capture each; as many of them as the interval's pages need. */
  pages: 6,
} as const;

export const RECORD_FLAG = {
  /** Return: RIP is not the instruction behind the call's entry (signal delivery, execve, rt_sigreturn, restart). */
  ripDiffers: 1,
  /** Return: the first one ever seen of this task (the child of a clone), it has no entry; what is pending under its pointer is another's. */
  firstReturn: 2,
  /** Return: RIP is the entry's own instruction again: the kernel restarts the call. */
  restarted: 4,
  /** Captures were cut because the record reached RECORD_LIMIT. */
  truncated: 8,
  /** Entry: the task had a call pending that never returned (its captures at return are lost). */
  overlapped: 16,
} as const;

/** How a call entered the kernel, or how it came back. */
export const MECHANISM = {
  none: 0,
  syscall: 1,
  sysenter: 2,
  int80: 3,
  int2e: 4,
  syscall32: 5,
  /** INT n with any other vector: an `exit` capture has it. */
  int: 6,
  /** CALL or JMP far through a call gate, or to a task of the kernel's: an `exit` capture has the selector as its vector. */
  callGate: 7,
  sysret: 16,
  sysexit: 17,
  iret: 18,
  retFar: 19,
} as const;

export const ABI = {
  linux64: 0,
  /** ebx ecx edx esi edi ebp, and 32-bit pointers. */
  linux32: 1,
  /** Not known: the registers tell, no table does. */
  unknown: 2,
  /** Only in POLICY.syscalls: the calls behind linux32's socketcall and ipc. */
  multiplexed: 3,
  /** Windows NT: 32-bit words on the stack. A `words` capture has them, as many as there may be. */
  nt32: 4,
  /** Windows NT: r10 rdx r8 r9, then 64-bit words on the stack, captured in the same way. */
  nt64: 5,
} as const;

/** Arguments of NT's services at most. */
export const NT_ARGUMENTS = 17;

/** No record is longer. A trap is taken only when ROOM bytes of the ring are free, else run() returns EXIT.ringFull. */
export const RECORD_LIMIT = 0x4_0000;
export const ROOM = 0xc_0000;

/** A capture: this header, then `length` bytes, padded with zeros to a multiple of 8. */
export const CAPTURE = offsets({
  argument: 2, // 0..5: which argument; 6: no argument; element i of an array: argument | (i + 1) << 4
  kind: 2, // CAPTURE_KIND
  length: 4, // bytes that follow
  address: 8, // guest-virtual
  fullLength: 4, // what there was to read; strings: `length`, one more than that if no NUL was met within the limit
  status: 4, // CAPTURE_STATUS
});
export const CAPTURE_BYTES = 24;

export const CAPTURE_STATUS = {
  complete: 0,
  /** Cut at the row's limit. */
  limited: 1,
  /** A page was not present: `length` bytes before it were read. */
  absent: 2,
  /** Cut because the record was full. */
  full: 3,
} as const;

/** Kinds of capture rows, and of the captures they make. */
export const CAPTURE_KIND = {
  none: 0,
  /** NUL-terminated bytes (the NUL is not captured), at most `limit`. */
  string: 1,
  /** `size` bytes. */
  struct: 2,
  /** `head` bytes and value(lengthArgument) * size more, these at most value(boundArgument), all at most `limit`. */
  buffer: 3,
  /** struct iovec[value(lengthArgument)] as one capture, then an `iovecData` capture for each. All data together is at
   * most value(boundArgument) and at most `limit` bytes. */
  iovec: 4,
  /** struct msghdr as one capture, then `msgName`, `iovec`, `iovecData`, `msgControl`; data limited as above. */
  msghdr: 5,
  /** Array of pointers to strings that ends with a null pointer (argv, envp): one `pointerArrayString` capture for
   * each, at most `size` strings and `limit` bytes each. A `pointerArray` capture without bytes comes first, its
   * fullLength is the number of strings; status `limited` if there are more. */
  pointerArray: 6,
  /** Bytes whose number stands in the u32 that value(lengthArgument) points to (socklen_t *). A `lengthWord` capture of
   * these 4 bytes comes first. */
  lengthPointer: 7,
  /** struct mmsghdr[value(lengthArgument)]: each like msghdr (element index in `argument`), data limited by its msg_len
   * when boundArgument is not 7. At most `size` elements. */
  mmsghdr: 8,
  /** fd_set of value(lengthArgument) descriptors: that many bits, rounded up to 8 bytes. */
  fdSet: 9,
  /** ioctl argument: value(lengthArgument) is the command; its _IOC_SIZE bytes if its direction has the phase's bit
   * (entry: _IOC_WRITE, return: _IOC_READ). Commands without a size capture `size` bytes. */
  ioctl: 10,
  /** A struct of `size` bytes, then (element 1) the `limit` bytes that its first word points to. */
  pointedTo: 11,
  /** `size` bytes where the pointer `limit` bytes behind the argument's address leads. */
  indirect: 12,
  /** struct iocb *[value(lengthArgument)], at most `size` of them: the table, then each as an `iocb` capture with what it
   * writes (`iovecData`), or its vector and what that holds. At most `limit` bytes of data of each. */
  iocbs: 13,
  // Captures only.
  iovecData: 16,
  msgName: 17,
  msgControl: 18,
  pointerArrayString: 19,
  lengthWord: 20,
  /** EXIT_BLOCK. */
  exit: 21,
  /** The identity of the task: the fields of TASK_FIELD_ROW, each at its place. */
  task: 22,
  /** 1 KiB at RSP, when a return goes to a signal handler. */
  signalFrame: 23,
  /** Memory that a write replaced, or a register's value before it changed; `address`: guest-virtual. */
  before: 24,
  /** ... and what it is now. */
  after: 25,
  /** PAGE_BLOCK, then the page's content as its flags say; `address`: the page's guest-virtual address at its
   * first write, a later one of the program's own before the kernel's; 0 if no write had one. */
  page: 26,
  /** Arguments that are 32-bit words in memory: all of them (SYSCALL_FLAG.packed; `argument` points to them), or the
   * sixth (`argument` 5). */
  words: 27,
  /** Return of an execve: of the kernel's description of the new program's memory the piece that POLICY_HEADER.imageBlock
   * names; `address`: the kernel's. */
  image: 28,
  /** An element of `iocbs`. */
  iocb: 29,
} as const;

/** Number of an argument value in capture rows. 0..5 are the call's arguments as they were at its entry. */
export const ARGUMENT = { result: 6, none: 7 } as const;

/** Bytes of a CAPTURE_KIND.exit capture. */
export const EXIT_BLOCK = offsets({
  reason: 4, // EXIT
  vector: 4,
  errorCode: 4,
  length: 4,
  qualification: 8,
  linear: 8,
  physical: 8,
  value: 8, // for cr3Load the new CR3
  bytes: 16,
});
export const EXIT_BLOCK_BYTES = 64;

export const SIGNAL_FRAME_BYTES = 1024;

/**
 * Recorded by the core itself, EXIT_BLOCK of
 *   EXIT.secondLevel: vector = number of the watch, errorCode = WRITE_SOURCE | view << 16, qualification = 2 | size << 8,
 *     linear, physical, value; `before` and `after` captures, whose address is the one that is watched: another than
 *     `linear` where memory of a program was written by another address of it. One for each write, two when it crosses a
 *     page end.
 *     Rows of views also: a read, qualification 1, with the value and a `before` capture of what was read; and control
 *     that comes into the page, qualification 4 with size 0, linear and RIP where it comes to.
 *   EXIT.register: vector = number of the watch, qualification = number of the register, of a part also lowest byte << 8 | bytes << 16,
 *     linear = the instruction (0: it changed where it is not watched, as in a system call), value; `before` and `after`
 *     captures of the part.
 *   EXIT.mmio: qualification = 1 (read) or 2 (write) | size << 8, linear, physical, value.
 */
export const WRITE_SOURCE = {
  instruction: 0,
  /** The frame of an interrupt or exception. */
  delivery: 1,
  /** Accessed and dirty bits of the page walk; `linear` is what was translated. */
  pageWalk: 2,
  /** A device (DMA); `linear` is 0, RIP and task are who ran then. */
  device: 3,
} as const;

/** Before the content in a `page` capture. */
export const PAGE_BLOCK = offsets({
  physical: 8,
  flags: 4, // PAGE_FLAG
  slot: 4, // in the ring: where its consumer keeps the content; in a trace without meaning
});
export const PAGE_BLOCK_BYTES = 16;

export const PAGE_FLAG = {
  /** The content follows, 4096 bytes: it differs from the one recorded last, or that is not kept any more, or it is the first. */
  content: 1,
  /** A device wrote to it. */
  device: 2,
  /** The page walk wrote to it. */
  pageWalk: 4,
  /** With `content`: of it only the lines follow that differ from the page's content before. A bit for each line, lowest first,
   * in 8 bytes; then they. In the ring: from what the slot holds. In a trace: from the page's last content in the same chunk. */
  lines: 8,
  /** What it holds is recorded when the interval ends: with `gathered`, in a later event. */
  later: 16,
  /** No write: what a page that tasks have dirtied in the interval holds at its end. */
  gathered: 32,
} as const;

/** Lines of a page: so many, of so many bytes. */
export const PAGE_LINES = 64;
export const PAGE_LINE_BYTES = 64;

/** Pages whose content both ends of the ring keep: REGION.givenPages. */
export const GIVEN_SLOTS = 4096;

/**
 * Added to a capture's kind in a return record: it belongs to the entry, where its page was not present yet. The kernel
 * has brought it in since, and read it.
 */
export const CAPTURE_LATE = 0x40;

// ---------------------------------------------------------------------------------------------------------------
// The policy region.

/** Absolute addresses of its parts. */
export const POLICY = {
  header: REGION.policy.address,
  trapRows: REGION.policy.address + 0x1000,
  taskFields: REGION.policy.address + 0x3000,
  /** SYSCALL_ROW for number n of ABI a: + (a * SYSCALL_ROWS + n) * SYSCALL_ROW_BYTES. */
  syscalls: REGION.policy.address + 0x1_0000,
  captureRows: REGION.policy.address + 0x2_0000,
  watchRows: REGION.policy.address + 0xb_0000,
  registerRows: REGION.policy.address + 0xc_0000,
} as const;

export const POLICY_HEADER = offsets({
  trapRowCount: 4,
  taskFieldCount: 4,
  /** Offset from RSP in a signal frame at which the interrupted call's result stands; 0: unknown. */
  frameResult: 4,
  /** The same in a 32-bit program's plain frame, and in one with siginfo; that has its context at frameContext32, and
   * says so at offset 12. */
  frameResult32: 4,
  frameInfoResult32: 4,
  frameContext32: 4,
  /** kernelFs: the selector of the kernel's FS, whose base is read from the GDT. */
  taskSelector: 4,
  taskBase: 4, // TASK_BASE
  taskOffset: 8, // signed offset of the current task pointer from that base
  taskMinimum: 8, // a task pointer below is taken as unknown (0)
  /** CR3 bits that tell a process's user page tables from the kernel's own (page-table isolation; Linux: 1000h). What of
   * a task is absent in the present tables is looked for in those without these bits. 0: only in the present ones. */
  isolationBits: 8,
  injected: 8, // written by the core: traps that matched no row, given to the guest unchanged
  /** Offset from RSP in a signal frame at which its siginfo stands; 0: signals that interrupt no call are not recorded. */
  frameSiginfo: 4,
  watchRowCount: 4,
  /** The first so many of them are physical. */
  physicalRowCount: 4,
  registerRowCount: 4,
  /** Field rows (TASK_FIELD_ROW) of a task's process number and name; ffh: not known. */
  processField: 1,
  nameField: 1,
  reserved: 2,
  /** Offset in a task of the pointer to its memory's description, which is null in the kernel's own tasks. 0: not known. */
  taskMemory: 4,
  /** Offset in that description of where the program's code begins. */
  imageStart: 4,
  /** Instructions after which dirtied pages are told if their task is not switched away before. */
  stintLength: 8,
  /** Instructions after which, and not before, the contents of those are recorded that programs write to by no address of their own. */
  intervalLength: 8,
  /** What is recorded of the description of a new program's memory: offset, bytes (at most IMAGE_LIMIT; 0: nothing). */
  imageBlock: 4,
  imageBytes: 4,
});
export const IMAGE_LIMIT = 2048;

/** From where the kernel's current task pointer is read. */
export const TASK_BASE = {
  /** Not at all: the task of every record is 0. */
  none: 0,
  /** GS base of the kernel: KERNEL_GS_BASE where user code runs or is about to, else whichever lies in the upper half. */
  kernelGs: 1,
  /** FS base of the kernel, as 32-bit kernels have it: of the descriptor that taskSelector names. Pointers have 32 bits. */
  kernelFs: 2,
  /** taskOffset is the linear address itself. */
  absolute: 3,
} as const;

/** A trap row: the first whose reason, vector and instruction bytes match decides. Without match the guest gets its fault. */
export const TRAP_ROW = offsets({
  reason: 1, // EXIT
  vector: 1, // EXIT.exception: the vector; crAccess: the register
  recordKind: 1, // RECORD_KIND; pad: no record
  mechanism: 1, // MECHANISM
  completion: 1, // COMPLETION
  abi: 1, // ABI
  flags: 2, // TRAP_FLAG
  bytes: 8, // the first 8 bytes of the instruction, legacy and REX prefixes skipped ...
  mask: 8, // ... under this mask
});
export const TRAP_ROW_BYTES = 24;
export const TRAP_ROWS = 128;

export const TRAP_FLAG = {
  /** Only when CPL is 3. */
  fromUser: 1,
  /** Only when CPL is 0. */
  fromKernel: 2,
  /** Only from 64-bit code. */
  fromCode64: 4,
  /** Only from 16- or 32-bit code. */
  fromCode32: 8,
  /** Whatever the vector is. */
  anyVector: 16,
} as const;

/** What the core does after it has recorded. */
export const COMPLETION = {
  /** Deliver the fault to the guest unchanged. */
  inject: 0,
  /** Execute the instruction as if its intercept were off: SYSCALL and SYSRET with the guest's own EFER, ... */
  complete: 1,
  /** Leave run() with the row's exit reason; the host resumes with `completeExit` or `injectExit`. */
  host: 2,
} as const;

export const SYSCALL_ROWS = 1024;
/** What to capture for a system call: indices of capture rows. */
export const SYSCALL_ROW = offsets({
  entryFirst: 2,
  entryCount: 2,
  returnFirst: 2,
  returnCount: 2,
  flags: 4, // SYSCALL_FLAG
  pathArgument: 1, // newImage: the argument that names the program; the next one is argv. packed: points to the words
  words: 1, // packed, or called by a packed multiplexer: how many 32-bit words of arguments there are; newContext: how many of
  // the frame have been popped
  firstCall: 2, // multiplexed: number of the row of its call 0, in ABI.multiplexed
});
export const SYSCALL_ROW_BYTES = 16;

export const SYSCALL_FLAG = {
  /** exit, exit_group: no return is expected; the task's memory is dropped. */
  noReturn: 1,
  /** execve, rt_sigreturn: RIP differs at the return by design, no signal frame is captured. */
  newContext: 2,
  /** execve: after success the old image is gone, but its path and arguments stand on the new stack (System V ABI). */
  newImage: 4,
  /** It has a sixth argument: SYSENTER and 32-bit SYSCALL leave it on the stack. */
  sixth: 8,
  /** Its arguments are 32-bit words in memory. */
  packed: 16,
  /** Its first argument's low 16 bits choose one of up to 32 calls, each with a row of its own. */
  multiplexed: 32,
} as const;

/** One thing to capture. value(a) below is argument a as it was at the entry, or the return value. */
export const CAPTURE_ROW = offsets({
  kind: 1, // CAPTURE_KIND
  argument: 1, // 0..5: the pointer
  lengthArgument: 1, // ARGUMENT
  boundArgument: 1, // ARGUMENT
  size: 4,
  limit: 4, // bytes
  conditionArgument: 1, // ARGUMENT; none: unconditional. Else captured only if (value & conditionMask) == conditionValue
  when: 1, // CAPTURE_WHEN
  head: 2, // buffer: bytes that stand before the counted ones
  conditionMask: 8,
  conditionValue: 8,
});
export const CAPTURE_ROW_BYTES = 32;
export const CAPTURE_ROWS = 16384;

export const CAPTURE_WHEN = {
  always: 0,
  /** Return value is not -4095..-1. */
  success: 1,
  /** Return value is greater than 0. */
  positive: 2,
  /** Return value is -4095..-1. */
  failure: 3,
} as const;

/** One field of a task's identity: at task + offset0; with dereferences = 1 at [task + offset0] + offset1, ... */
export const TASK_FIELD_ROW = offsets({
  size: 1, // bytes, at most 64
  dereferences: 1, // 0..2
  place: 2, // where its bytes stand in the identity
  flags: 4, // TASK_FIELD_FLAG
  offset0: 4, // signed
  offset1: 4,
  offset2: 4,
  reserved: 4,
});
export const TASK_FIELD_ROW_BYTES = 24;
export const TASK_FIELDS = 32;
export const TASK_IDENTITY_BYTES = 256;

export const TASK_FIELD_FLAG = {
  /** A change means that the pointer now names another task (pid, start_time): a pending call is forgotten, but for a thread's execve. */
  key: 1,
} as const;

/** Whose doing counts; nothing set: everybody's. */
export const TASK_FILTER = offsets({
  flags: 4, // TASK_FILTER_FLAG
  process: 4,
  name: 16, // NUL-padded
});
export const TASK_FILTER_BYTES = 24;

export const TASK_FILTER_FLAG = { user: 1, kernel: 2, process: 4, name: 8 } as const;

/** Watched memory: bytes start to end - 1. */
export const WATCH_ROW = offsets({
  start: 8,
  end: 8,
  kind: 1, // WATCH_KIND
  accesses: 1, // SECOND_LEVEL.read, write, execute: what is recorded. Fetches count by the page
  view: 2, // the view in which it holds; VIEW_ANY: in all
  number: 4, // of the watch that it belongs to
  filter: 24, // TASK_FILTER
  imageBase: 8, // imageRelative: start_code of a program that lies where `start` says
});
export const WATCH_ROW_BYTES = 56;
export const WATCH_ROWS = 1024;

export const WATCH_KIND = {
  /** Guest-physical, whoever writes by whatever address. */
  physical: 0,
  /** Guest-virtual, in the tasks of the filter; by whatever page is there at the time. */
  linear: 1,
  /** Guest-virtual, moved by how far the task's program lies from `imageBase`. */
  imageRelative: 2,
} as const;

/** Second-level views that VM function 0 may switch to; any other index exits (SDM volume 3, 25.5.5.3). */
export const VIEWS = 512;
/** WATCH_ROW.view: whatever view is in force. */
export const VIEW_ANY = 0xffff;

/** A watched register. */
export const REGISTER_ROW = offsets({
  register: 4, // rax rcx rdx rbx rsp rbp rsi rdi r8..r15
  number: 4, // of the watch that it belongs to
  flags: 4, // REGISTER_FLAG
  offset: 2, // lowest byte of the part of it that is watched, ...
  size: 2, // ... and how many
  value: 8, // of the part
  filter: 24, // TASK_FILTER
  last: 8, // written by the core: the part's value when it was looked at last ...
  lastTask: 8, // ... and in whom; all ones: never
});
export const REGISTER_ROW_BYTES = 64;
export const REGISTER_ROWS = 64;

/** `value`: only when the register takes that value, else at every change. */
export const REGISTER_FLAG = { value: 1 } as const;

// ---------------------------------------------------------------------------------------------------------------
// Dirtied pages, in REGION.pageList.

export const PAGE_LIST_ENTRY = offsets({
  linear: 8, // page address of the first write, or of the first one by an address below the kernel's half
  task: 8, // who ran then
  page: 4, // physical page number
  flags: 4, // PAGE_FLAG
});
export const PAGE_LIST_ENTRY_BYTES = 24;
export const PAGE_LIST_ENTRIES = 0x2_8000;

/** Behind them: pages whose contents are recorded when the interval ends. */
export const PENDING_PAGE = offsets({
  linear: 8, // as in PAGE_LIST_ENTRY
  page: 4,
  reserved: 4,
});
export const PENDING_PAGE_BYTES = 16;
export const PENDING_PAGES = 0x4_0000;

// ---------------------------------------------------------------------------------------------------------------
// What the core remembers of tasks: a hash table, linear probing.

export const TASK_ENTRY = offsets({
  task: 8, // pointer; 0: free
  state: 4, // TASK_STATE
  number: 4, // of the pending call
  abi: 1,
  mechanism: 1,
  reserved: 2,
  lateRows: 4, // entry's capture rows that met an absent page, one bit each
  entryRip: 8,
  nextRip: 8,
  entryIcount: 8,
  lastIcount: 8, // of its latest event: the oldest is replaced when the table is full
  arguments: 48, // as they were at the entry
  result: 8, // while a return is recorded
  row: 4, // address of the pending call's SYSCALL_ROW; 0: none
  spare: 12,
  identity: TASK_IDENTITY_BYTES,
});
export const TASK_ENTRY_BYTES = 384;
export const TASK_ENTRIES = 16384;

export const TASK_STATE = { pending: 1, seen: 2 } as const;
