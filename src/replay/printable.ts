/**
 * What must not reach a terminal as it is: controls of C0 and C1, format characters (text direction, zero width), line and
 * paragraph separators, private use and lone surrogates.
 */
const HARMFUL = /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Co}\p{Cs}]/gu;
const LETTERS: Readonly<Record<string, string>> = { '\t': '\\t', '\n': '\\n', '\r': '\\r', '\x1b': '\\e' };

function escaped(char: string): string {
  const code = char.codePointAt(0)!;
  return LETTERS[char] ?? (code < 256 ? `\\x${code.toString(16).padStart(2, '0')}` : `\\u{${code.toString(16)}}`);
}

/** Text from a trace on a line of its own: whatever a terminal would act on is shown by its number. */
export function printable(text: string): string {
  return text.replace(HARMFUL, escaped);
}

/** The same, of text that has lines. */
export function printableLines(text: string): string {
  return text.split('\n').map(printable).join('\n');
}
