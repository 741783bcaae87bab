// Where a call's arguments are: registers, the stack, or words in memory, by ABI and by the instruction that enters.
import { GPR } from "../generated/layout";
import {
  ABI_linux32, ABI_multiplexed, ABI_nt32, ABI_nt64, NT_ARGUMENTS, CAPTURE_KIND_words, MECHANISM_syscall32, MECHANISM_sysenter, POLICY_syscalls,
  SYSCALL_FLAG_multiplexed, SYSCALL_FLAG_packed, SYSCALL_FLAG_sixth, SYSCALL_ROW_BYTES, SYSCALL_ROW_firstCall,
  SYSCALL_ROW_flags, SYSCALL_ROW_pathArgument, SYSCALL_ROW_words, SYSCALL_ROWS,
} from "../generated/monitor-layout";
import { setPointerSize, values } from "./capture";
import { captureBytes, captured } from "./record";

/** Calls that a multiplexed one may stand for. */
const MULTIPLEXED: u32 = 32;

// @ts-ignore: decorator
@inline function register(number: u32): u64 { return load<u64>(GPR + (number << 3)); }
// @ts-ignore: decorator
@inline function register32(number: u32): u64 { return u64(load<u32>(GPR + (number << 3))); }

/** Row of a number in its ABI's table; 0 for numbers beyond it, and for NT, which has no rows. */
export function callRow(abi: u32, number: u32): usize {
  return number >= SYSCALL_ROWS || isNt(abi) ? 0 : POLICY_syscalls + (abi * SYSCALL_ROWS + number) * SYSCALL_ROW_BYTES;
}

/** Windows NT's. */
// @ts-ignore: decorator
@inline export function isNt(abi: u32): bool { return abi >= ABI_nt32; }

/** Size of what pointers lead to follows the ABI too. */
export function setAbi(abi: u32): void { setPointerSize(abi == ABI_linux32 ? 4 : 8); }

/**
 * rdi rsi rdx r10 r8 r9, or ebx ecx edx esi edi ebp. SYSENTER and 32-bit SYSCALL need registers for themselves: the
 * sixth argument is on the stack, and ebp holds the stack pointer or, as ecx is overwritten, the second argument
 * (arch/x86/entry/entry_64_compat.S).
 */
export function readRegisters(abi: u32, mechanism: u32): void {
  store<u64>(values, 0, 48);
  if (abi != ABI_linux32) {
    store<u64>(values, register(7));
    store<u64>(values, register(6), 8);
    store<u64>(values, register(2), 16);
    store<u64>(values, register(10), 24);
    store<u64>(values, register(8), 32);
    store<u64>(values, register(9), 40);
    return;
  }
  store<u64>(values, register32(3));
  store<u64>(values, register32(mechanism == MECHANISM_syscall32 ? 5 : 1), 8);
  store<u64>(values, register32(2), 16);
  store<u64>(values, register32(6), 24);
  store<u64>(values, register32(7), 32);
  store<u64>(values, register32(5), 40);
}

/** Arguments that a 32-bit call has in memory go into the open record and to `values`. Returns the call's own row. */
export function readWords(row: usize, mechanism: u32): usize {
  if (row == 0) return 0;
  const flags = load<u32>(row, SYSCALL_ROW_flags);
  if ((flags & SYSCALL_FLAG_sixth) != 0 && (mechanism == MECHANISM_sysenter || mechanism == MECHANISM_syscall32)) {
    const at = captureBytes(5, CAPTURE_KIND_words, register32(mechanism == MECHANISM_sysenter ? 5 : 4), 4, 4);
    store<u64>(values, captured == 4 ? u64(load<u32>(at)) : 0, 40);
  }
  let own = row;
  if (flags & SYSCALL_FLAG_multiplexed) {
    const call = load<u32>(values) & 0xffff;
    if (call >= MULTIPLEXED) return 0;
    own = callRow(ABI_multiplexed, u32(load<u16>(row, SYSCALL_ROW_firstCall)) + call);
  }
  if ((flags & SYSCALL_FLAG_packed) != 0) unpack(own, u32(load<u8>(row, SYSCALL_ROW_pathArgument)));
  return own;
}

/**
 * NT keeps arguments on the program's stack. 32-bit programs: where EDX points, with SYSENTER behind the two return
 * addresses of its stubs. 64-bit programs: the fifth and later ones behind the return address and the room for four.
 */
export function captureStackArguments(abi: u32, mechanism: u32): void {
  const wide = abi == ABI_nt64;
  const bytes: u32 = wide ? (NT_ARGUMENTS - 4) << 3 : NT_ARGUMENTS << 2;
  const from = wide ? register(4) + 0x28 : register32(2) + (mechanism == MECHANISM_sysenter ? 8 : 0);
  captureBytes(0, CAPTURE_KIND_words, from, u64(bytes), bytes);
}

function unpack(row: usize, pointer: u32): void {
  const bytes = u32(load<u8>(row, SYSCALL_ROW_words)) << 2;
  if (bytes == 0) return;
  const from = captureBytes(pointer, CAPTURE_KIND_words, load<u64>(values + (pointer << 3)), u64(bytes), bytes);
  const words = captured >> 2;
  for (let i: u32 = 0; i < 6; i++) store<u64>(values + (i << 3), i < words ? u64(load<u32>(from + (i << 2))) : 0);
}
