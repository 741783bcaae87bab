// System calls: the entry, which stays pending with its task, and the return to user mode that ends it.
import { CPL, EXIT_CALL_GATE, EXIT_INTERRUPT, GPR, RIP } from "../generated/layout";
import {
  ABI_linux32, ABI_unknown, CAPTURE_KIND_image, CAPTURE_LATE, CAPTURE_KIND_signalFrame, ARGUMENT_result, MECHANISM_callGate, MECHANISM_int, MECHANISM_syscall32, MECHANISM_sysenter, POLICY_header,
  POLICY_HEADER_frameContext32, POLICY_HEADER_imageBlock, POLICY_HEADER_imageBytes, POLICY_HEADER_taskMemory, POLICY_HEADER_frameInfoResult32, POLICY_HEADER_frameResult, POLICY_HEADER_frameResult32, POLICY_HEADER_frameSiginfo,
  RECORD_abi, RECORD_detail, RECORD_FLAG_firstReturn, RECORD_FLAG_overlapped, RECORD_FLAG_restarted,
  RECORD_FLAG_ripDiffers, RECORD_KIND_callEntry, RECORD_KIND_callReturn, RECORD_mechanism, SIGNAL_FRAME_BYTES,
  SYSCALL_FLAG_newContext, SYSCALL_FLAG_newImage, SYSCALL_ROW_pathArgument, CAPTURE_KIND_string, SYSCALL_FLAG_noReturn, SYSCALL_ROW_entryCount, SYSCALL_ROW_entryFirst,
  SYSCALL_ROW_flags, SYSCALL_ROW_returnCount, SYSCALL_ROW_returnFirst, SYSCALL_ROW_words, TASK_ENTRY_abi,
  TASK_ENTRY_arguments, TASK_ENTRY_entryIcount, TASK_ENTRY_entryRip, TASK_ENTRY_lateRows, TASK_ENTRY_mechanism, TASK_ENTRY_nextRip,
  TASK_ENTRY_number, TASK_ENTRY_row, TASK_ENTRY_state, TASK_ENTRY_task, TASK_STATE_pending, TASK_STATE_seen,
} from "../generated/monitor-layout";
import { instructionRip, nextRip, syncedCount } from "../run";
import { isLongCode } from "../mode";
import { callRow, captureStackArguments, isNt, readRegisters, readWords, setAbi } from "./arguments";
import { captureArguments, capturePointers, captureSome, setPointerSize, setValues, values } from "./capture";
import { copyKernel, kernelHostOf, kernelPointer, readPointer, readWord, word } from "./read";
import { captureBytes, captureExit, captureLaid, capturePlace, captureString, closeRecord, markCaptures, openRecord, record, setFlag } from "./record";
import { checkIdentity, currentTask, entryOfTask, forgetTask } from "./tasks";

const NO_NUMBER: u32 = 0xffff_ffff;
/** Bytes of each string and number of strings of a new image. */
const RECORD_STRING: u32 = 4096;
const RECORD_STRINGS: u32 = 256;

// @ts-ignore: decorator
@inline function register(number: u32): u64 { return load<u64>(GPR + (number << 3)); }

/** Before the instruction that enters the kernel has done anything. */
export function recordEntry(op: usize, mechanism: u32, abi: u32): void {
  const icount = syncedCount();
  const rip = instructionRip(op);
  // Other calls come from user mode alone.
  const fromKernel = mechanism == MECHANISM_int && load<u32>(CPL) != 3;
  const task = currentTask(!fromKernel);
  const entry = entryOfTask(task, icount);
  checkIdentity(entry, task, rip, icount);
  const number = load<u32>(GPR);
  let row = callRow(abi, number);
  openRecord(RECORD_KIND_callEntry, rip, icount, task);
  store<u8>(record, <u8>mechanism, RECORD_mechanism);
  store<u8>(record, <u8>abi, RECORD_abi);
  store<u32>(record, number, RECORD_detail);
  if (mechanism == MECHANISM_int) captureExit(EXIT_INTERRUPT); // for the vector
  else if (mechanism == MECHANISM_callGate) captureExit(EXIT_CALL_GATE);
  if (fromKernel) {
    // It comes back to where nothing is looked at; a call that is pending goes on.
    closeRecord();
    return;
  }
  if (load<u32>(entry, TASK_ENTRY_state) & TASK_STATE_pending) setFlag(RECORD_FLAG_overlapped);
  setAbi(abi);
  setValues(entry + TASK_ENTRY_arguments);
  readRegisters(abi, mechanism);
  let missed: u32 = 0;
  if (abi == ABI_linux32) row = readWords(row, mechanism);
  else if (isNt(abi)) captureStackArguments(abi, mechanism);
  if (row) {
    missed = captureArguments(u32(load<u16>(row, SYSCALL_ROW_entryFirst)), u32(load<u16>(row, SYSCALL_ROW_entryCount)), false);
    if ((load<u32>(row, SYSCALL_ROW_flags) & (SYSCALL_FLAG_newContext | SYSCALL_FLAG_newImage)) == SYSCALL_FLAG_newContext) {
      captureFrame(register(4) - (u64(load<u8>(row, SYSCALL_ROW_words)) << 2));
    }
  }
  closeRecord();
  if (row != 0 && (load<u32>(row, SYSCALL_ROW_flags) & SYSCALL_FLAG_noReturn) != 0) {
    forgetTask(entry);
    return;
  }
  store<u32>(entry, TASK_STATE_pending | TASK_STATE_seen, TASK_ENTRY_state);
  store<u32>(entry, number, TASK_ENTRY_number);
  store<u8>(entry, <u8>abi, TASK_ENTRY_abi);
  store<u8>(entry, <u8>mechanism, TASK_ENTRY_mechanism);
  store<u32>(entry, missed, TASK_ENTRY_lateRows);
  store<u32>(entry, <u32>row, TASK_ENTRY_row);
  const next = nextRip(op);
  const lands = (mechanism == MECHANISM_sysenter || mechanism == MECHANISM_syscall32) && isInt80(next);
  store<u64>(entry, lands ? next : rip, TASK_ENTRY_entryRip);
  store<u64>(entry, lands ? next + INT80_BYTES : next, TASK_ENTRY_nextRip);
  store<u64>(entry, icount, TASK_ENTRY_entryIcount);
}

/** The frame that a signal handler runs on: what it interrupted, and the mask and the siginfo that it was given. */
function captureFrame(stack: u64): void {
  captureBytes(ARGUMENT_result, CAPTURE_KIND_signalFrame, stack, u64(SIGNAL_FRAME_BYTES), SIGNAL_FRAME_BYTES);
}

/**
 * The kernel has just entered a handler: rdi is the signal's number, rsi and rdx point to siginfo and context in the frame
 * on the stack, rax is 0. Nothing else leaves the registers like this, but for the handler's own first instruction.
 */
function entersHandler(): bool {
  const place = load<u32>(POLICY_header, POLICY_HEADER_frameSiginfo);
  const stack = register(4);
  if (!isLongCode()) return entersHandler32(stack);
  return place != 0 && register(6) == stack + place && register(2) == stack + 8 && register(7) - 1 < 64 && register(0) == 0;
}

/** A 32-bit one: eax and the frame's second word are the number, edx and ecx siginfo and context, or 0 where it has none. */
function entersHandler32(stack: u64): bool {
  if (register(0) - 1 >= 64) return false;
  const context = stack + u64(load<u32>(POLICY_header, POLICY_HEADER_frameContext32));
  const informed = register(1) == context && register(2) == stack + FRAME_SIGINFO;
  if (!informed && (register(1) | register(2)) != 0) return false;
  return readPointer(stack + FRAME_NUMBER, 4) && word == register(0);
}

const INT80: u32 = 0x80cd;
const INT80_BYTES: u64 = 2;

/**
 * In the vDSO an INT 80h follows SYSENTER and SYSCALL: the kernel returns behind it, and restarts a call by it, as
 * these two don't tell where they stand (arch/x86/entry/vdso/vdso32/system_call.S).
 */
function isInt80(rip: u64): bool { return readPointer(rip, 4) && (<u32>word & 0xffff) == INT80; }

/** After any instruction has taken the processor from the kernel to user mode. */
export function recordReturn(mechanism: u32): void {
  const icount = syncedCount() + 1;
  const rip = load<u64>(RIP);
  const task = currentTask(true);
  const entry = entryOfTask(task, icount);
  const before = load<u32>(entry, TASK_ENTRY_state);
  // Whose return it is, is found out later where nobody knows which task runs.
  const anyone = task == 0 && before != 0 && u32(load<u8>(entry, TASK_ENTRY_abi)) == ABI_unknown;
  if (!anyone && (before == TASK_STATE_seen || (task == 0 && before == 0))) {
    if (before == TASK_STATE_seen && entersHandler()) recordHandler(mechanism, rip, icount, task);
    return;
  }
  if (before == 0 || mayHaveChanged(entry, rip)) checkIdentity(entry, task, rip, icount);
  const state = load<u32>(entry, TASK_ENTRY_state);
  const pending = (state & TASK_STATE_pending) != 0;
  store<u32>(entry, TASK_STATE_seen, TASK_ENTRY_state);
  openRecord(RECORD_KIND_callReturn, rip, icount, task);
  store<u8>(record, <u8>mechanism, RECORD_mechanism);
  if (pending) describeReturn(entry, rip);
  else {
    setFlag(RECORD_FLAG_firstReturn);
    store<u32>(record, NO_NUMBER, RECORD_detail);
  }
  closeRecord();
}

/** A signal that interrupted user code, not a call. */
function recordHandler(mechanism: u32, rip: u64, icount: u64, task: u64): void {
  openRecord(RECORD_KIND_callReturn, rip, icount, task);
  store<u8>(record, <u8>mechanism, RECORD_mechanism);
  setFlag(RECORD_FLAG_ripDiffers);
  store<u32>(record, NO_NUMBER, RECORD_detail);
  captureFrame(register(4));
  closeRecord();
}

/**
 * Between a call and its own return a task stays what it is, but for execve; most other changes show at its next entry. Who
 * begins under the pointer of a task that was killed does so with 0, and perhaps behind the same instruction.
 */
function mayHaveChanged(entry: usize, rip: u64): bool { return rip != load<u64>(entry, TASK_ENTRY_nextRip) || <u32>register(0) == 0; }

function describeReturn(entry: usize, rip: u64): void {
  const number = load<u32>(entry, TASK_ENTRY_number);
  const abi = u32(load<u8>(entry, TASK_ENTRY_abi));
  store<u8>(record, <u8>abi, RECORD_abi);
  store<u32>(record, number, RECORD_detail);
  const row: usize = load<u32>(entry, TASK_ENTRY_row);
  setAbi(abi);
  setValues(entry + TASK_ENTRY_arguments);
  const result = register(0);
  store<u64>(values, abi == ABI_linux32 ? <u64>i64(<i32>result) : result, 48);
  if (rip != load<u64>(entry, TASK_ENTRY_nextRip)) {
    setFlag(RECORD_FLAG_ripDiffers);
    if (rip == load<u64>(entry, TASK_ENTRY_entryRip)) {
      setFlag(RECORD_FLAG_restarted);
      return;
    }
    if (isNt(abi) || abi == ABI_unknown) return;
    if (row == 0 || (load<u32>(row, SYSCALL_ROW_flags) & SYSCALL_FLAG_newContext) == 0) {
      captureLate(entry, row);
      const stack = register(4);
      captureFrame(stack);
      if (!readFrameResult(abi, stack)) return;
    } else if (load<u32>(row, SYSCALL_ROW_flags) & SYSCALL_FLAG_newImage) {
      captureImage(load<u64>(entry, TASK_ENTRY_task));
      captureNewImage(entry, row);
    }
  } else captureLate(entry, row);
  if (row) captureArguments(u32(load<u16>(row, SYSCALL_ROW_returnFirst)), u32(load<u16>(row, SYSCALL_ROW_returnCount)), true);
}

/** The result that a signal handler's frame keeps, as the call's own. A 64-bit program may make 32-bit calls; its stack tells. */
function readFrameResult(abi: u32, stack: u64): bool {
  if (abi != ABI_linux32 || stack >> 32 != 0) {
    const place = load<u32>(POLICY_header, POLICY_HEADER_frameResult);
    if (place == 0 || !readWord(stack + place)) return false;
    store<u64>(values, word, 48);
    return true;
  }
  const context = u64(load<u32>(POLICY_header, POLICY_HEADER_frameContext32));
  const informed = readPointer(stack + FRAME_CONTEXT_POINTER, 4) && word == stack + context;
  const place = informed
    ? load<u32>(POLICY_header, POLICY_HEADER_frameInfoResult32)
    : load<u32>(POLICY_header, POLICY_HEADER_frameResult32);
  if (place == 0 || !readPointer(stack + place, 4)) return false;
  store<u64>(values, <u64>i64(<i32>word), 48);
  return true;
}

/** What could not be read at the entry, because the kernel had not brought its pages in yet. */
function captureLate(entry: usize, row: usize): void {
  const rows = load<u32>(entry, TASK_ENTRY_lateRows);
  if (row == 0 || rows == 0) return;
  markCaptures(CAPTURE_LATE);
  captureSome(u32(load<u16>(row, SYSCALL_ROW_entryFirst)), u32(load<u16>(row, SYSCALL_ROW_entryCount)), rows, false);
  markCaptures(0);
}

/** Most words of a new stack that are looked at: arguments, environment and auxiliary vector. */
const STACK_WORDS: u32 = 65536;
const AT_EXECFN: u64 = 31;
// A 32-bit frame: the number; where there is siginfo, the pointer to the context, and siginfo itself.
const FRAME_NUMBER: u64 = 4;
const FRAME_CONTEXT_POINTER: u64 = 12;
const FRAME_SIGINFO: u64 = 16;

/** Where the parts of a new program lie, as its kernel says. Comes first, so that there is room. */
function captureImage(task: u64): void {
  const bytes = load<u32>(POLICY_header, POLICY_HEADER_imageBytes);
  if (bytes == 0 || task == 0) return;
  const pointer = kernelHostOf(task + load<u32>(POLICY_header, POLICY_HEADER_taskMemory));
  if (pointer == 0) return;
  const description = kernelPointer(pointer);
  if (description == 0) return;
  const address = description + load<u32>(POLICY_header, POLICY_HEADER_imageBlock);
  const length = copyKernel(address, bytes, capturePlace());
  if (length == bytes) captureLaid(CAPTURE_KIND_image, bytes, address);
}

/** execve whose path or arguments could not be read at the entry: the kernel has copied them to the new stack. */
function captureNewImage(entry: usize, row: usize): void {
  if (load<u32>(entry, TASK_ENTRY_lateRows) == 0) return;
  const path = u32(load<u8>(row, SYSCALL_ROW_pathArgument));
  const size: u32 = isLongCode() ? 8 : 4;
  setPointerSize(size);
  const argv = register(4) + size;
  markCaptures(CAPTURE_LATE);
  const name = executedName(argv, size);
  if (name != 0) captureString(path, CAPTURE_KIND_string, name, RECORD_STRING);
  capturePointers(path + 1, argv, RECORD_STRINGS, RECORD_STRING);
  markCaptures(0);
}

/** AT_EXECFN of the auxiliary vector, which lies behind the two lists of pointers; 0 if it is not found. */
function executedName(argv: u64, size: u32): u64 {
  let at = argv;
  let lists: u32 = 0;
  for (let i: u32 = 0; i < STACK_WORDS && readPointer(at, size); i++, at += size) {
    if (lists < 2) lists += u32(word == 0);
    else {
      if (word == 0) return 0;
      const found = word == AT_EXECFN;
      at += size;
      if (!readPointer(at, size)) return 0;
      if (found) return word;
    }
  }
  return 0;
}
