// Accesses to device windows: in the parts that a bus would make of them. Above 4 GiB there is nothing.
import { leaveAfter } from "./fault";
import { mmioRead, mmioWrite } from "./host";
import { syncCount } from "./run";

/** `size` up to 8 bytes, aligned or not. */
export function readDevice(physical: u64, size: u32): u64 {
  if (physical >> 32) return (~(<u64>0)) >> (64 - (size << 3));
  syncCount();
  const address = <u32>physical;
  let value: u64 = 0;
  if (size == 8 || (address & (size - 1)) != 0) {
    const step: u32 = (address & 3) == 0 ? 4 : (address & 1) == 0 ? 2 : 1;
    for (let i: u32 = 0; i < size; i += step) {
      const part = min(step, size - i);
      value |= u64(mmioRead(address + i, part)) << (i << 3);
    }
  } else value = u64(mmioRead(address, size));
  leaveAfter();
  return value;
}

export function writeDevice(physical: u64, size: u32, value: u64): void {
  if (physical >> 32) return;
  syncCount();
  const address = <u32>physical;
  if (size == 8 || (address & (size - 1)) != 0) {
    const step: u32 = (address & 3) == 0 ? 4 : (address & 1) == 0 ? 2 : 1;
    for (let i: u32 = 0; i < size; i += step) {
      const part = min(step, size - i);
      mmioWrite(address + i, part, <u32>(value >> (i << 3)) & (0xffff_ffff >> (32 - (part << 3))));
    }
  } else mmioWrite(address, size, <u32>value);
  leaveAfter();
}
