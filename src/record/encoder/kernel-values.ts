// Kernel addresses that exits tell beside their own: what was written where, what a register or table was loaded with.
// They are kept over all chunks, to be named at the end.
import { EXIT_DESCRIPTOR_TABLE, EXIT_MSR_WRITE, EXIT_REGISTER, EXIT_SECOND_LEVEL } from "../../emu/core/generated/layout";
import {
  CAPTURE_BYTES, CAPTURE_kind, CAPTURE_KIND_after, CAPTURE_KIND_before, CAPTURE_KIND_exit, CAPTURE_length, EXIT_BLOCK_linear,
  EXIT_BLOCK_value, RECORD_BYTES, RECORD_detail,
} from "../../emu/core/generated/monitor-layout";
import { KERNEL_VALUE_SLOTS, KERNEL_VALUES, MOST_KERNEL_VALUES } from "./places";

let values: u32 = 0;

/** Whether `record`, an exit with `count` captures, has any is told by its reason. */
export function noteKernelValues(record: usize, count: u32): void {
  const reason = load<u32>(record, RECORD_detail) & 255;
  if (reason != EXIT_SECOND_LEVEL && reason != EXIT_REGISTER && reason != EXIT_MSR_WRITE && reason != EXIT_DESCRIPTOR_TABLE) return;
  let at = record + RECORD_BYTES;
  for (let i: u32 = 0; i < count; i++) {
    const kind = u32(load<u16>(at, CAPTURE_kind));
    const length = load<u32>(at, CAPTURE_length);
    const data = at + CAPTURE_BYTES;
    if (kind == CAPTURE_KIND_exit) {
      note(load<u64>(data, EXIT_BLOCK_linear));
      note(load<u64>(data, EXIT_BLOCK_value));
    } else if (kind == CAPTURE_KIND_before || kind == CAPTURE_KIND_after) {
      if (length == 8) note(load<u64>(data));
      else if (length == 4) note(u64(load<u32>(data)));
    }
    at = data + ((length + 7) & ~(<u32>7));
  }
}

/** The kernel's image and its modules: of a 64-bit one the last 2 GiB, of a 32-bit one whatever can't be a program's. */
// @ts-ignore: decorator
@inline function isKernel(value: u64): bool {
  return value >= 0xffff_ffff_8000_0000 || (value >= 0xc000_0000 && value <= 0xffff_ffff);
}

function note(value: u64): void {
  if (!isKernel(value)) return;
  let slot = <u32>((value * 0x9e37_79b9_7f4a_7c15) >> 40);
  while (true) {
    const place = KERNEL_VALUES + ((slot++ & (KERNEL_VALUE_SLOTS - 1)) << 3);
    const found = load<u64>(place);
    if (found == value) return;
    if (found != 0) continue;
    if (values == MOST_KERNEL_VALUES) return;
    store<u64>(place, value);
    values++;
    return;
  }
}

/** So many words of 8 bytes, of which 0 is none. */
export function valueSlots(): u32 { return KERNEL_VALUE_SLOTS; }
export function valuePlace(): usize { return KERNEL_VALUES; }
