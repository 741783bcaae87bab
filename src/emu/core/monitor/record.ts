// Appending records to the ring. The consumer may run in another thread: ringHead moves when a record is complete, for
// many records at once, since an ordered store waits until all that was written before it has left the store buffer.
import {
  CPL, CR3, EXIT_BYTES, EXIT_ERROR_CODE, EXIT_LENGTH, EXIT_LINEAR, EXIT_PHYSICAL, EXIT_QUALIFICATION, EXIT_VALUE,
  EXIT_VECTOR, GPR, IDLE_TIME, REGION_RING, REGION_RING_SIZE, RING_HEAD, RING_RECORDS, RING_TAIL, SEG_BASE, VCPU,
} from "../generated/layout";
import {
  ARGUMENT_result, CAPTURE_address, CAPTURE_argument, CAPTURE_BYTES, CAPTURE_fullLength, CAPTURE_kind, CAPTURE_KIND_exit,
  CAPTURE_length, CAPTURE_status, CAPTURE_STATUS_absent, CAPTURE_STATUS_complete, CAPTURE_STATUS_full, CAPTURE_STATUS_limited,
  EXIT_BLOCK_BYTES, EXIT_BLOCK_bytes, EXIT_BLOCK_errorCode, EXIT_BLOCK_length, EXIT_BLOCK_linear, EXIT_BLOCK_physical,
  EXIT_BLOCK_qualification, EXIT_BLOCK_reason, EXIT_BLOCK_value, EXIT_BLOCK_vector,
  RECORD_BYTES, RECORD_captureCount, RECORD_cpl, RECORD_cr3, RECORD_FLAG_truncated, RECORD_flags,
  RECORD_fsBase, RECORD_gpr, RECORD_gsBase, RECORD_icount, RECORD_kind, RECORD_KIND_pad, RECORD_LIMIT,
  RECORD_rflags, RECORD_rip, RECORD_size, RECORD_task, RECORD_time, ROOM,
} from "../generated/monitor-layout";
import { readRflags } from "../flags";
import { SEG_FS, SEG_GS } from "../mode";
import { copyGuest, copyString, nulFound } from "./read";

/** The record under construction, and where its next capture goes. */
export let record: usize = 0;
let cursor: usize = 0;
let end: usize = 0;

/** The consumer is told of so many bytes at once; of the rest when run() is left. */
const PUBLISHED_BYTES: u64 = 0x1_0000;
/** Bytes and number of complete records behind ringHead. */
let unpublished: u64 = 0;
let unpublishedRecords: u64 = 0;

/** Moves ringHead behind the last complete record. */
export function publishRecords(): void {
  if (unpublished == 0) return;
  store<u64>(RING_RECORDS, load<u64>(RING_RECORDS) + unpublishedRecords);
  atomic.store<u64>(RING_HEAD, load<u64>(RING_HEAD) + unpublished);
  unpublished = 0;
  unpublishedRecords = 0;
}

/** Up to where a record may begin, as far as the consumer is known to have come: it only ever goes on. */
let roomEnd: i64 = 0;
export function forgetRoom(): void { roomEnd = 0; }

/** Is there room for whatever the next event may append? */
// @ts-ignore: decorator
@inline export function hasRoom(): bool { return position() < roomEnd || findRoom(); }

// @ts-ignore: decorator
@inline function position(): i64 { return <i64>(load<u64>(RING_HEAD) + unpublished); }

function findRoom(): bool {
  roomEnd = <i64>atomic.load<u64>(RING_TAIL) + <i64>REGION_RING_SIZE - <i64>ROOM + 1;
  return position() < roomEnd;
}

/** Captures since the last openRecord that met an absent page. */
export let absences: u32 = 0;
/** Added to the kind of every capture: 0 or CAPTURE_LATE. */
let mark: u32 = 0;
export function markCaptures(value: u32): void { mark = value; }

export function openRecord(kind: u32, rip: u64, icount: u64, task: u64): void {
  absences = 0;
  let place = <u32>(load<u64>(RING_HEAD) + unpublished) & (<u32>REGION_RING_SIZE - 1);
  const rest = <u32>REGION_RING_SIZE - place;
  if (rest < RECORD_LIMIT) {
    const pad = REGION_RING + place;
    store<u32>(pad, rest, RECORD_size);
    store<u16>(pad, <u16>RECORD_KIND_pad, RECORD_kind);
    unpublished += rest;
    place = 0;
  }
  record = REGION_RING + place;
  cursor = record + RECORD_BYTES;
  end = record + RECORD_LIMIT;
  store<u32>(record, kind, RECORD_kind); // and flags
  store<u64>(record, icount, RECORD_icount);
  store<u64>(record, icount + load<u64>(IDLE_TIME), RECORD_time);
  store<u64>(record, task, RECORD_task);
  store<u64>(record, rip, RECORD_rip);
  store<u32>(record, <u32>readRflags(), RECORD_rflags);
  store<u32>(record, load<u32>(CPL) | (load<u32>(VCPU) << 8), RECORD_cpl); // and vcpu, mechanism, abi
  store<u64>(record, load<u64>(CR3), RECORD_cr3);
  copyRegisters();
  store<u64>(record, load<u64>(SEG_BASE + (SEG_FS << 3)), RECORD_fsBase);
  store<u64>(record, load<u64>(SEG_BASE + (SEG_GS << 3)), RECORD_gsBase);
  store<u64>(record, 0, RECORD_captureCount); // and detail
}

/** Word by word: a wider load would wait for what the guest's last instructions have just stored. */
// @ts-ignore: decorator
@inline function copyRegisters(): void {
  store<u64>(record, load<u64>(GPR), RECORD_gpr);
  store<u64>(record, load<u64>(GPR, 8), RECORD_gpr + 8);
  store<u64>(record, load<u64>(GPR, 16), RECORD_gpr + 16);
  store<u64>(record, load<u64>(GPR, 24), RECORD_gpr + 24);
  store<u64>(record, load<u64>(GPR, 32), RECORD_gpr + 32);
  store<u64>(record, load<u64>(GPR, 40), RECORD_gpr + 40);
  store<u64>(record, load<u64>(GPR, 48), RECORD_gpr + 48);
  store<u64>(record, load<u64>(GPR, 56), RECORD_gpr + 56);
  store<u64>(record, load<u64>(GPR, 64), RECORD_gpr + 64);
  store<u64>(record, load<u64>(GPR, 72), RECORD_gpr + 72);
  store<u64>(record, load<u64>(GPR, 80), RECORD_gpr + 80);
  store<u64>(record, load<u64>(GPR, 88), RECORD_gpr + 88);
  store<u64>(record, load<u64>(GPR, 96), RECORD_gpr + 96);
  store<u64>(record, load<u64>(GPR, 104), RECORD_gpr + 104);
  store<u64>(record, load<u64>(GPR, 112), RECORD_gpr + 112);
  store<u64>(record, load<u64>(GPR, 120), RECORD_gpr + 120);
}

export function setFlag(flag: u32): void { store<u16>(record, <u16>(u32(load<u16>(record, RECORD_flags)) | flag), RECORD_flags); }

// @ts-ignore: decorator
@inline export function closeRecord(): void {
  const size = <u32>(cursor - record);
  store<u32>(record, size, RECORD_size);
  unpublished += size;
  unpublishedRecords++;
  if (unpublished >= PUBLISHED_BYTES) publishRecords();
}

/** Bytes of data that the next capture may still have; 0 also when not even its header fits. */
function roomLeft(): u32 {
  const used = <u32>(cursor - record) + CAPTURE_BYTES;
  return used >= RECORD_LIMIT ? 0 : (RECORD_LIMIT - used) & ~(<u32>7);
}

/** Writes the header before `length` bytes that already lie at `dataPlace()`. Returns the data's address. */
function commit(argument: u32, kind: u32, address: u64, length: u32, full: u64, status: u32): usize {
  const header = cursor;
  store<u16>(header, <u16>argument, CAPTURE_argument);
  store<u16>(header, <u16>(kind | mark), CAPTURE_kind);
  store<u32>(header, length, CAPTURE_length);
  store<u64>(header, address, CAPTURE_address);
  store<u32>(header, <u32>min<u64>(full, 0xffff_ffff), CAPTURE_fullLength);
  store<u32>(header, status, CAPTURE_status);
  const data = header + CAPTURE_BYTES;
  const padded = (length + 7) & ~(<u32>7);
  for (let i = length; i < padded; i++) store<u8>(data + i, 0);
  cursor = data + padded;
  store<u32>(record, load<u32>(record, RECORD_captureCount) + 1, RECORD_captureCount);
  if (status == CAPTURE_STATUS_absent) absences++;
  return data;
}

function overflowed(): void { setFlag(RECORD_FLAG_truncated); }

/** Bytes captured by the last captureBytes; its result is the data's address, 0 if nothing fitted. */
export let captured: u32 = 0;

/** Guest bytes: `full` there are, at most `limit` are wanted. */
export function captureBytes(argument: u32, kind: u32, address: u64, full: u64, limit: u32): usize {
  captured = 0;
  const room = roomLeft();
  if (room == 0) {
    overflowed();
    return 0;
  }
  let status: u32 = full > u64(limit) ? CAPTURE_STATUS_limited : CAPTURE_STATUS_complete;
  let wanted = <u32>min<u64>(full, u64(limit));
  if (wanted > room) {
    wanted = room;
    status = CAPTURE_STATUS_full;
    overflowed();
  }
  const length = copyGuest(address, wanted, cursor + CAPTURE_BYTES);
  if (length < wanted) status = CAPTURE_STATUS_absent;
  captured = length;
  return commit(argument, kind, address, length, full, status);
}

/** A NUL-terminated string. */
export function captureString(argument: u32, kind: u32, address: u64, limit: u32): void {
  const room = roomLeft();
  if (room == 0) return overflowed();
  const wanted = min<u32>(limit, room);
  const length = copyString(address, wanted, cursor + CAPTURE_BYTES);
  let status: u32 = CAPTURE_STATUS_complete;
  if (!nulFound) {
    if (length < wanted) status = CAPTURE_STATUS_absent;
    else if (wanted < limit) {
      status = CAPTURE_STATUS_full;
      overflowed();
    } else status = CAPTURE_STATUS_limited;
  }
  commit(argument, kind, address, length, u64(length) + u64(!nulFound), status);
}

/** A capture without bytes; returns its header, so that the length and status can follow. */
export function captureHeader(argument: u32, kind: u32, address: u64): usize {
  if (roomLeft() == 0) {
    overflowed();
    return 0;
  }
  return commit(argument, kind, address, 0, 0, CAPTURE_STATUS_complete) - CAPTURE_BYTES;
}

/** Bytes of the core's own memory. */
export function captureOwn(kind: u32, from: usize, length: u32, address: u64): void {
  memory.copy(cursor + CAPTURE_BYTES, from, length);
  commit(ARGUMENT_result, kind, address, length, u64(length), CAPTURE_STATUS_complete);
}

/** Where the bytes of the next capture are to be laid, for captureLaid. */
export function capturePlace(): usize { return cursor + CAPTURE_BYTES; }

/** Bytes that already lie at capturePlace(). */
export function captureLaid(kind: u32, length: u32, address: u64): void {
  commit(ARGUMENT_result, kind, address, length, u64(length), CAPTURE_STATUS_complete);
}

/** The exit fields as EXIT_BLOCK. */
export function captureExit(reason: u32): void {
  const block = cursor + CAPTURE_BYTES;
  store<u32>(block, reason, EXIT_BLOCK_reason);
  store<u32>(block, load<u32>(EXIT_VECTOR), EXIT_BLOCK_vector);
  store<u32>(block, load<u32>(EXIT_ERROR_CODE), EXIT_BLOCK_errorCode);
  store<u32>(block, load<u32>(EXIT_LENGTH), EXIT_BLOCK_length);
  store<u64>(block, load<u64>(EXIT_QUALIFICATION), EXIT_BLOCK_qualification);
  store<u64>(block, load<u64>(EXIT_LINEAR), EXIT_BLOCK_linear);
  store<u64>(block, load<u64>(EXIT_PHYSICAL), EXIT_BLOCK_physical);
  store<u64>(block, load<u64>(EXIT_VALUE), EXIT_BLOCK_value);
  store<u64>(block, load<u64>(EXIT_BYTES), EXIT_BLOCK_bytes);
  store<u64>(block, load<u64>(EXIT_BYTES, 8), EXIT_BLOCK_bytes + 8);
  commit(ARGUMENT_result, CAPTURE_KIND_exit, 0, EXIT_BLOCK_BYTES, u64(EXIT_BLOCK_BYTES), CAPTURE_STATUS_complete);
}
