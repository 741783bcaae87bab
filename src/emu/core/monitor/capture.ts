// What a system call's arguments point to, as the capture rows of monitor-layout.ts say.
import {
  ARGUMENT_none, CAPTURE_fullLength, CAPTURE_KIND_buffer, CAPTURE_KIND_fdSet, CAPTURE_KIND_indirect, CAPTURE_KIND_iocb, CAPTURE_KIND_iocbs, CAPTURE_KIND_ioctl, CAPTURE_KIND_iovec,
  CAPTURE_KIND_iovecData, CAPTURE_KIND_lengthPointer, CAPTURE_KIND_lengthWord, CAPTURE_KIND_mmsghdr,
  CAPTURE_KIND_msgControl, CAPTURE_KIND_msghdr, CAPTURE_KIND_msgName, CAPTURE_KIND_pointedTo, CAPTURE_KIND_pointerArray,
  CAPTURE_KIND_pointerArrayString, CAPTURE_KIND_string, CAPTURE_KIND_struct, CAPTURE_ROW_argument,
  CAPTURE_ROW_boundArgument, CAPTURE_ROW_BYTES, CAPTURE_ROW_conditionArgument, CAPTURE_ROW_conditionMask,
  CAPTURE_ROW_conditionValue, CAPTURE_ROW_head, CAPTURE_ROW_kind, CAPTURE_ROW_lengthArgument, CAPTURE_ROW_limit, CAPTURE_ROW_size,
  CAPTURE_ROW_when, CAPTURE_status, CAPTURE_STATUS_absent, CAPTURE_STATUS_limited, CAPTURE_WHEN_failure,
  CAPTURE_WHEN_positive, CAPTURE_WHEN_success, POLICY_captureRows,
} from "../generated/monitor-layout";
import { readPointer, word } from "./read";
import { absences, captureBytes, captureHeader, captureString, captured } from "./record";

/** The six arguments as they were at the entry, then the result: 7 x u64, in the entry of the task whose call it is. */
export let values: usize = 0;
export function setValues(at: usize): void { values = at; }

/** Bytes of a pointer, and of whatever else has a pointer's size in structs of the program: 8 or 4. */
let pointerSize: u32 = 8;
export function setPointerSize(bytes: u32): void { pointerSize = bytes; }
// @ts-ignore: decorator
@inline function pointerAt(at: usize): u64 { return pointerSize == 8 ? load<u64>(at) : u64(load<u32>(at)); }

const IOVEC_MAXIMUM: u32 = 1024;
// In pointers: struct iovec, struct msghdr and its fields, struct mmsghdr.
const IOVEC: u32 = 2;
const MSG_NAME_LENGTH: u32 = 1;
const MSG_VECTOR: u32 = 2;
const MSG_COUNT: u32 = 3;
const MSG_CONTROL: u32 = 4;
const MSG_CONTROL_LENGTH: u32 = 5;
const MSGHDR: u32 = 7;
const MMSGHDR: u32 = 8;
const AF_NETLINK: u32 = 16;
/** Messages of netlink are no data but calls of their own: as much of them is kept as the kernel answers at once. */
const NETLINK_BYTES: u32 = 32768;
/** Strings that are counted; MAX_ARG_STRINGS is more, but no list is that long. */
const POINTERS_MAXIMUM: u32 = 0x1_0000;
const IOC_WRITE: u32 = 1;
const IOC_READ: u32 = 2;
const UNBOUNDED: u64 = 0x7fff_ffff_ffff_ffff;

// @ts-ignore: decorator
@inline function valueOf(argument: u32): u64 { return load<u64>(values + (argument << 3)); }
// @ts-ignore: decorator
@inline function field8(row: usize, offset: usize): u32 { return u32(load<u8>(row + offset)); }

/** Evaluates `count` capture rows from number `first` on. Returns which of them met an absent page, one bit each. */
// @ts-ignore: decorator
@inline export function captureArguments(first: u32, count: u32, returning: bool): u32 {
  return count == 0 ? 0 : captureSome(first, count, ~(<u32>0), returning);
}

/** The same for those rows whose bit is set. */
export function captureSome(first: u32, count: u32, chosen: u32, returning: bool): u32 {
  let missed: u32 = 0;
  for (let i: u32 = 0; i < count; i++) {
    if (((chosen >> (i & 31)) & 1) == 0) continue;
    const row: usize = POLICY_captureRows + (first + i) * CAPTURE_ROW_BYTES;
    const before = absences;
    if (applies(row)) captureRow(row, returning);
    if (absences != before) missed |= 1 << (i & 31);
  }
  return missed;
}

function applies(row: usize): bool {
  const condition = field8(row, CAPTURE_ROW_conditionArgument);
  if (condition != ARGUMENT_none
    && (valueOf(condition) & load<u64>(row, CAPTURE_ROW_conditionMask)) != load<u64>(row, CAPTURE_ROW_conditionValue)) return false;
  const result = <i64>valueOf(6);
  const failed = result < 0 && result >= -4095;
  switch (field8(row, CAPTURE_ROW_when)) {
    case CAPTURE_WHEN_success: return !failed;
    case CAPTURE_WHEN_positive: return result > 0;
    case CAPTURE_WHEN_failure: return failed;
    default: return true;
  }
}

function captureRow(row: usize, returning: bool): void {
  const argument = field8(row, CAPTURE_ROW_argument);
  const address = valueOf(argument);
  if (address == 0) return;
  const kind = field8(row, CAPTURE_ROW_kind);
  const lengthArgument = field8(row, CAPTURE_ROW_lengthArgument);
  const boundArgument = field8(row, CAPTURE_ROW_boundArgument);
  const size = load<u32>(row, CAPTURE_ROW_size);
  const limit = load<u32>(row, CAPTURE_ROW_limit);
  const length: u64 = lengthArgument == ARGUMENT_none ? 1 : valueOf(lengthArgument);
  let bound: u64 = boundArgument == ARGUMENT_none ? UNBOUNDED : valueOf(boundArgument);
  if (<i64>bound < 0) bound = 0;
  switch (kind) {
    case CAPTURE_KIND_string: captureString(argument, kind, address, limit); break;
    case CAPTURE_KIND_struct: captureBytes(argument, kind, address, u64(size), max(limit, size)); break;
    case CAPTURE_KIND_buffer:
      const head: u64 = load<u16>(row, CAPTURE_ROW_head);
      const counted = <i64>length > 0 ? min(scaled(length, size), bound) : 0;
      if (<i64>length > 0 || head != 0) captureBytes(argument, kind, address, head + counted, limit);
      break;
    case CAPTURE_KIND_iovec: captureVector(argument, address, length, bound, limit); break;
    case CAPTURE_KIND_msghdr: captureMessage(argument, kind, address, MSGHDR * pointerSize, bound, limit); break;
    case CAPTURE_KIND_mmsghdr: captureMessages(argument, address, length, size, boundArgument != ARGUMENT_none, limit); break;
    case CAPTURE_KIND_pointerArray: capturePointers(argument, address, size, limit); break;
    case CAPTURE_KIND_lengthPointer: captureCounted(argument, address, length, limit); break;
    case CAPTURE_KIND_fdSet: captureBytes(argument, kind, address, ((length & 0xffff_ffff) + 63) >> 6 << 3, limit); break;
    case CAPTURE_KIND_pointedTo: capturePointedTo(argument, address, size, limit); break;
    case CAPTURE_KIND_indirect:
      if (readPointer(address + limit, pointerSize) && word != 0) captureBytes(argument, kind, word, u64(size), size);
      break;
    case CAPTURE_KIND_iocbs: captureControlBlocks(argument, address, length, size, limit); break;
    case CAPTURE_KIND_ioctl: captureIoctl(argument, address, <u32>length, size, limit, returning); break;
    default: break;
  }
}

/** Element count times size, without overflow. */
function scaled(count: u64, size: u32): u64 {
  const each: u64 = size == 0 ? 1 : u64(size);
  return count > 0x7fff_ffff ? 0x7fff_ffff : count * each;
}

function captureVector(argument: u32, address: u64, count: u64, bound: u64, limit: u32): void {
  if (address == 0 || <i64>count <= 0) return;
  const size = IOVEC * pointerSize;
  const vector = captureBytes(argument, CAPTURE_KIND_iovec, address, min(count, u64(IOVEC_MAXIMUM)) * size, size * IOVEC_MAXIMUM);
  const elements = captured / size;
  let left = limit;
  for (let i: u32 = 0; i < elements && bound > 0; i++) {
    const at = pointerAt(vector + i * size);
    const length = min(pointerAt(vector + i * size + pointerSize), bound);
    if (length == 0) continue;
    captureBytes(argument | ((i + 1) << 4), CAPTURE_KIND_iovecData, at, length, left);
    left -= min(left, captured);
    bound -= length;
  }
}

function captureMessage(argument: u32, kind: u32, address: u64, bytes: u32, bound: u64, limit: u32): void {
  const message = captureBytes(argument, kind, address, u64(bytes), bytes);
  if (captured < bytes) return;
  const name = pointerAt(message);
  const vector = pointerAt(message + MSG_VECTOR * pointerSize);
  const count = pointerAt(message + MSG_COUNT * pointerSize);
  const control = pointerAt(message + MSG_CONTROL * pointerSize);
  const nameLength = u64(load<u32>(message + MSG_NAME_LENGTH * pointerSize));
  const controlLength = pointerAt(message + MSG_CONTROL_LENGTH * pointerSize);
  if (bytes == MMSGHDR * pointerSize && bound == 0) bound = u64(load<u32>(message + MSGHDR * pointerSize));
  let data = limit;
  if (name != 0 && nameLength != 0) {
    const family = captureBytes(argument, CAPTURE_KIND_msgName, name, nameLength, limit);
    if (limit != 0 && captured >= 2 && load<u16>(family) == AF_NETLINK) data = max(limit, NETLINK_BYTES);
  }
  captureVector(argument, vector, count, bound, data);
  if (control != 0 && controlLength != 0) captureBytes(argument, CAPTURE_KIND_msgControl, control, controlLength, limit);
}

/** `sized`: the messages have their lengths in msg_len (they were received or sent). */
function captureMessages(argument: u32, address: u64, count: u64, most: u32, sized: bool, limit: u32): void {
  if (<i64>count <= 0) return;
  const size = MMSGHDR * pointerSize;
  const elements = <u32>min(count, u64(most));
  for (let i: u32 = 0; i < elements; i++) {
    captureMessage(argument | ((i + 1) << 4), CAPTURE_KIND_mmsghdr, address + i * size, size, sized ? 0 : UNBOUNDED, limit);
  }
}

export function capturePointers(argument: u32, address: u64, most: u32, limit: u32): void {
  const header = captureHeader(argument, CAPTURE_KIND_pointerArray, address);
  if (header == 0) return;
  let count: u32 = 0;
  while (readPointer(address + count * pointerSize, pointerSize)) {
    if (word == 0) return finishPointers(header, count, 0);
    if (count == POINTERS_MAXIMUM) return finishPointers(header, count, CAPTURE_STATUS_limited);
    count++;
    if (count <= most) captureString(argument | (count << 4), CAPTURE_KIND_pointerArrayString, word, limit);
  }
  finishPointers(header, count, CAPTURE_STATUS_absent);
}

function finishPointers(header: usize, count: u32, status: u32): void {
  store<u32>(header, count, CAPTURE_fullLength);
  store<u32>(header, status, CAPTURE_status);
}

function captureCounted(argument: u32, address: u64, lengthAt: u64, limit: u32): void {
  if (lengthAt == 0) return;
  const at = captureBytes(argument, CAPTURE_KIND_lengthWord, lengthAt, 4, 4);
  if (captured < 4) return;
  captureBytes(argument, CAPTURE_KIND_lengthPointer, address, u64(load<u32>(at)), limit);
}

/** A struct whose first word points to `limit` bytes more. */
function capturePointedTo(argument: u32, address: u64, size: u32, limit: u32): void {
  const from = captureBytes(argument, CAPTURE_KIND_struct, address, u64(size), size);
  if (captured < size || pointerAt(from) == 0) return;
  captureBytes(argument | 1 << 4, CAPTURE_KIND_pointedTo, pointerAt(from), u64(limit), limit);
}

function captureIoctl(argument: u32, address: u64, command: u32, unsized: u32, limit: u32, returning: bool): void {
  const size = (command >> 16) & 0x3fff;
  const direction = command >> 30;
  if (size == 0 || direction == 0) {
    if (unsized != 0) captureBytes(argument, CAPTURE_KIND_ioctl, address, u64(unsized), limit);
  } else if (direction & (returning ? IOC_READ : IOC_WRITE)) captureBytes(argument, CAPTURE_KIND_ioctl, address, u64(size), limit);
}

// struct iocb (include/uapi/linux/aio_abi.h).
const IOCB_BYTES: u32 = 64;
const IOCB_OPCODE: usize = 16;
const IOCB_BUFFER: usize = 24;
const IOCB_SIZE: usize = 32;
const IOCB_CMD_PWRITE: u16 = 1;
const IOCB_CMD_PREADV: u16 = 7;
const IOCB_CMD_PWRITEV: u16 = 8;

function captureControlBlocks(argument: u32, address: u64, count: u64, most: u32, limit: u32): void {
  if (<i64>count <= 0) return;
  const table = captureBytes(argument, CAPTURE_KIND_iocbs, address, min(count, u64(most)) * pointerSize, most * pointerSize);
  const elements = captured / pointerSize;
  for (let i: u32 = 0; i < elements; i++) {
    const at = pointerAt(table + i * pointerSize);
    if (at == 0) continue;
    const element = argument | ((i + 1) << 4);
    const block = captureBytes(element, CAPTURE_KIND_iocb, at, IOCB_BYTES, IOCB_BYTES);
    if (captured < IOCB_BYTES) continue;
    const opcode = load<u16>(block, IOCB_OPCODE);
    const buffer = load<u64>(block, IOCB_BUFFER);
    const size = load<u64>(block, IOCB_SIZE);
    if (opcode == IOCB_CMD_PWRITE) captureBytes(element, CAPTURE_KIND_iovecData, buffer, size, limit);
    else if (opcode == IOCB_CMD_PWRITEV) captureVector(element, buffer, size, UNBOUNDED, limit);
    else if (opcode == IOCB_CMD_PREADV) captureVector(element, buffer, size, 0, limit);
  }
}
