// The pre-decoded instruction: 32 bytes. Register operands are absolute addresses in the state block (which lies
// below 64 KiB), so that AH is the address of RAX plus 1 and an absent register is the address of `zero`.
//
//   0 u16 handler      2 u8 length        3 u8 operand size in bytes
//   4 u16 page offset  6 u16 instructions left in the block, with this one
//   8 u16 reg         10 u16 rm (0: memory operand)
//  12 u16 base        14 u16 index
//  16 i32 displacement
//  20 u8 scale shift  21 u8 address kind  22 u8 segment  23 u8 prefixes
//     branches: 16 u32 block at the target, once known
//  24 i64 immediate; VEX instructions: imm8 at 24, vvvv at 30
//
// Sw, Cd, Dd: `reg` is the register's number. ST: its number is the immediate. Address kind and segment are also
// set for instructions without ModRM: the address size and segment of string instructions, LOOP, JCXZ and moffs.

export const OP_SIZE: usize = 32;

/** Address kinds: flat needs no segment base and wraps at 64 bits. The others go the long way. */
export const ADDRESS_FLAT64: u32 = 0;
export const ADDRESS_64: u32 = 1; // 64-bit mode with an FS or GS base
export const ADDRESS_32: u32 = 2; // 32-bit offset, segment base and limit
export const ADDRESS_16: u32 = 3; // 16-bit offset, segment base and limit
export const ADDRESS_32_LONG: u32 = 4; // 64-bit mode with an address-size prefix

export const PREFIX_LOCK: u32 = 1;
export const PREFIX_REP: u32 = 2;
export const PREFIX_REPNE: u32 = 4;
export const PREFIX_REX_W: u32 = 8;
export const PREFIX_66: u32 = 16;
export const PREFIX_VEX_L: u32 = 32;
/** Not a prefix: the row's `aligned`, a 16-byte memory operand must be aligned. */
export const PREFIX_ALIGNED: u32 = 64;

// @ts-ignore: decorator
@inline export function opLength(op: usize): u32 { return load<u8>(op, 2); }
// @ts-ignore: decorator
@inline export function opSize(op: usize): u32 { return load<u8>(op, 3); }
// @ts-ignore: decorator
@inline export function opPageOffset(op: usize): u32 { return load<u16>(op, 4); }
// @ts-ignore: decorator
@inline export function opRemaining(op: usize): u32 { return load<u16>(op, 6); }
/** Address of the ModRM.reg operand. */
// @ts-ignore: decorator
@inline export function opReg(op: usize): usize { return load<u16>(op, 8); }
/** Address of the ModRM.rm register, 0 if the operand is in memory. */
// @ts-ignore: decorator
@inline export function opRm(op: usize): usize { return load<u16>(op, 10); }
// @ts-ignore: decorator
@inline export function opIsMemory(op: usize): bool { return load<u16>(op, 10) == 0; }
// @ts-ignore: decorator
@inline export function opSegment(op: usize): u32 { return load<u8>(op, 22); }
// @ts-ignore: decorator
@inline export function opAddressKind(op: usize): u32 { return load<u8>(op, 21); }
// @ts-ignore: decorator
@inline export function opPrefixes(op: usize): u32 { return load<u8>(op, 23); }
// @ts-ignore: decorator
@inline export function opImm(op: usize): i64 { return load<i64>(op, 24); }
// @ts-ignore: decorator
@inline export function opImm8(op: usize): u32 { return load<u8>(op, 24); }
/** Address of the VEX.vvvv operand. */
// @ts-ignore: decorator
@inline export function opVvvv(op: usize): usize { return load<u16>(op, 30); }
