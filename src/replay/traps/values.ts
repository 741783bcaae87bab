/** Parts of what is said of traps. */

export const hex = (value: number | bigint): string => `0x${value.toString(16)}`;

export const plural = (count: number, what: string): string => `${count} ${what}${count === 1 ? '' : 's'}`;

/** ` (name)`, or nothing where there is none. */
export const inParentheses = (name: string | undefined): string => (name === undefined ? '' : ` (${name})`);

export const hexBytes = (bytes: Uint8Array): string => Buffer.from(bytes).toString('hex');

export const littleEndian = (bytes: Uint8Array): bigint =>
  bytes.reduceRight((value, byte) => (value << 8n) | BigInt(byte), 0n);
