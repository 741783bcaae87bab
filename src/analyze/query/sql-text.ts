/** Strings, quoted names and comments, which stay as they are; and hexadecimal numbers, which DuckDB does not read. */
const TOKENS = /'(?:[^']|'')*'|"(?:[^"]|"")*"|--[^\n]*|\/\*[\s\S]*?\*\/|\b0x([0-9a-f]+)\b/gi;

/** SQL with its hexadecimal numbers in decimal. */
export function withDecimalNumbers(sql: string): string {
  return sql.replaceAll(TOKENS, (token, hex: string | undefined) =>
    hex === undefined ? token : BigInt(`0x${hex}`).toString(),
  );
}
