/** A 64-bit value as 0x..., without leading zeros. */
export function hex64(low: number, high: number): string {
  if (high === 0) return `0x${low.toString(16)}`;
  return `0x${high.toString(16)}${low.toString(16).padStart(8, '0')}`;
}

/** A pointer: NULL or hex. */
export function pointer(low: number, high: number): string {
  return low === 0 && high === 0 ? 'NULL' : hex64(low, high);
}

/** Unsigned 64-bit decimal. */
export function unsigned64(low: number, high: number): string {
  if (high < 0x20_0000) return String(high * 0x1_0000_0000 + low);
  return ((BigInt(high) << 32n) | BigInt(low)).toString();
}

/** Signed 64-bit decimal. */
export function signed64(low: number, high: number): string {
  if (high < 0x20_0000) return String(high * 0x1_0000_0000 + low);
  if (high === 0xffff_ffff && low >= 0x8000_0000) return String(low | 0);
  return BigInt.asIntN(64, (BigInt(high) << 32n) | BigInt(low)).toString();
}

/** Octal with a leading 0, of at least three characters: file modes. */
export function octal(value: number): string {
  return `0${(value >>> 0).toString(8)}`.padStart(3, '0');
}

const NAMED: Readonly<Record<number, string>> = {
  9: '\\t',
  10: '\\n',
  11: '\\v',
  12: '\\f',
  13: '\\r',
  34: '\\"',
  92: '\\\\',
};
const ESCAPES: readonly string[] = Array.from({ length: 256 }, (_, byte) => {
  const named = NAMED[byte];
  if (named !== undefined) return named;
  return byte >= 32 && byte < 127 ? String.fromCharCode(byte) : '';
});

/** Bytes as a C string literal; octal escapes are as short as the next byte allows. */
export function quote(bytes: Uint8Array, limit = bytes.length): string {
  const length = Math.min(bytes.length, limit);
  let text = '"';
  for (let i = 0; i < length; i++) {
    const byte = bytes[i]!;
    const known = ESCAPES[byte]!;
    if (known !== '') {
      text += known;
      continue;
    }
    const next = i + 1 < length ? bytes[i + 1]! : 0;
    const digits = byte.toString(8);
    text += `\\${next >= 0x30 && next <= 0x37 ? digits.padStart(3, '0') : digits}`;
  }
  return `${text}"`;
}

/** Bytes up to the first NUL as a literal: a fixed-size text field. */
export function quoteText(bytes: Uint8Array): string {
  const end = bytes.indexOf(0);
  return quote(end < 0 ? bytes : bytes.subarray(0, end));
}

/** Bytes as a literal of at most `limit`, followed by dots when there are more. */
export function quoteBuffer(bytes: Uint8Array, fullLength: number, limit: number): string {
  const dots = fullLength > Math.min(bytes.length, limit);
  return quote(bytes, limit) + (dots ? '...' : '');
}
