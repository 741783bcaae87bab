/** Values in netlink messages. */

interface Bytes {
  readonly bytes: Uint8Array;
  /** How many there are; `bytes` may be fewer. */
  readonly length: number;
}

/** Bytes as a literal in which each is hexadecimal, at most `limit` of them. */
export function hexQuote({ bytes, length }: Bytes, limit: number): string {
  const shown = bytes.subarray(0, Math.min(length, limit));
  const text = Array.from(shown, (byte) => `\\x${byte.toString(16).padStart(2, '0')}`).join('');
  return `"${text}"${length > shown.length ? '...' : ''}`;
}

/** A hardware address. */
export const hardwareAddress = (bytes: Uint8Array): string =>
  Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join(':');
