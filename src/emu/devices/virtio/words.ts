// Parts of wide registers, as a driver reads and writes them.

/** An unsigned number of up to four bytes. */
export function littleEndian(bytes: Uint8Array, offset: number, size: number): number {
  let value = 0;
  for (let i = size - 1; i >= 0; i--) value = (value << 8) | (bytes[offset + i] ?? 0);
  return value >>> 0;
}

/** Feature bits are 64 wide and seen through windows of 32. */
export function word(value: bigint, index: number): number {
  return index < 2 ? Number((value >> BigInt(32 * index)) & 0xffff_ffffn) : 0;
}

export function replaceWord(value: bigint, index: number, replacement: number): bigint {
  if (index >= 2) return value;
  const shift = BigInt(32 * index);
  return (value & ~(0xffff_ffffn << shift)) | (BigInt(replacement >>> 0) << shift);
}

/** Addresses are 64 bits wide and written in halves; numbers hold them exactly up to 2^53. */
export function half(address: number | undefined, offset: number): number {
  if (address === undefined) return 0;
  return (offset & 4) === 0 ? address % 2 ** 32 : Math.floor(address / 2 ** 32);
}

export function replaceHalf(address: number, offset: number, value: number): number {
  const low = (offset & 4) === 0 ? value >>> 0 : address % 2 ** 32;
  const high = (offset & 4) === 0 ? Math.floor(address / 2 ** 32) : value & 0x1f_ffff;
  return high * 2 ** 32 + low;
}
