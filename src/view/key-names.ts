import type { Key } from 'ink';

// biome-ignore format: a table
const NAMED: readonly (readonly [flag: keyof Key, name: string])[] = [
  ['upArrow', 'up'], ['downArrow', 'down'], ['leftArrow', 'left'], ['rightArrow', 'right'],
  ['pageUp', 'pageUp'], ['pageDown', 'pageDown'], ['home', 'home'], ['end', 'end'],
  ['return', 'enter'], ['tab', 'tab'], ['backspace', 'backspace'], ['delete', 'delete'], ['escape', 'escape'],
];

/** Keys as the table names them: several where they came together. */
export function keysOf(input: string, key: Key): string[] {
  const named = NAMED.find(([flag]) => key[flag] === true);
  // Terminals send DEL for the key that deletes backward; Ink calls that `delete`.
  if (named !== undefined) return [named[1] === 'delete' ? 'backspace' : named[1]];
  if (key.ctrl) return [`ctrl+${input}`];
  // Esc and the next key came in one piece.
  if (key.meta) return ['escape', ...[...input].flatMap(keyOf)];
  return [...input].flatMap(keyOf);
}

const CONTROLS: Readonly<Record<string, string>> = { '\r': 'enter', '\n': 'enter', '\t': 'tab', '\x7f': 'backspace' };

/** What came in one piece with other keys is not taken apart by Ink. */
function keyOf(char: string): string[] {
  const control = CONTROLS[char];
  if (control !== undefined) return [control];
  const code = char.charCodeAt(0);
  if (code >= 32) return [char];
  return code === 0 ? [] : [`ctrl+${String.fromCharCode(code + 96)}`];
}
