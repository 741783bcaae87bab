/** How tables of names are written down. Order within a set is the order in which names are printed. */

export type Constants = readonly (readonly [string, number | bigint])[];

/** Names of numbers that follow each other. */
export const list = (names: string, first = 0): Constants =>
  names.split(' ').map((name, i): readonly [string, number] => [name, first + i]);

/** `NAME=value` words; values decimal, 0x or octal (leading 0). */
export const set = (text: string): Constants =>
  text
    .trim()
    .split(/\s+/)
    .map((word): readonly [string, bigint] => {
      const at = word.indexOf('=');
      const value = word.slice(at + 1);
      return [word.slice(0, at), BigInt(/^0[0-7]+$/.test(value) ? `0o${value.slice(1)}` : value)];
    });
