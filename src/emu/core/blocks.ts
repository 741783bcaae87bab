/** `size` bytes at a physical address in RAM were written; the page holds decoded code. */
export function invalidateWritten(physical: u64, size: u32): void {
}
