import type { Tone } from '../tone.ts';

/** How a text is made to look so, and how that ends: parameters of SGR (ECMA-48, 8.3.117). */
type Style = readonly (readonly [on: number, off: number])[];

const BOLD = [1, 22] as const;
const DIM = [2, 22] as const;
const UNDERLINE = [4, 24] as const;
const INVERSE = [7, 27] as const;
const RED = [31, 39] as const;
const GREEN = [32, 39] as const;
const YELLOW = [33, 39] as const;
const MAGENTA = [35, 39] as const;
const CYAN = [36, 39] as const;

// biome-ignore format: a table
const COLOURS: Readonly<Record<Tone, Style>> = {
  plain:   [],
  dim:     [DIM],
  strong:  [BOLD],
  call:    [CYAN],
  failure: [RED],
  trap:    [MAGENTA],
  task:    [GREEN],
  signal:  [YELLOW],
  changed: [YELLOW, BOLD],
  heading: [BOLD, UNDERLINE],
  found:   [INVERSE],
};

/** Without colours: what they say is said by weight, or by the text itself. */
// biome-ignore format: a table
const PLAIN: Readonly<Record<Tone, Style>> = {
  plain:   [],
  dim:     [],
  strong:  [BOLD],
  call:    [],
  failure: [BOLD],
  trap:    [],
  task:    [],
  signal:  [],
  changed: [BOLD],
  heading: [BOLD, UNDERLINE],
  found:   [INVERSE],
};

/** https://no-color.org: any value but the empty one. */
const noColour = (process.env.NO_COLOR ?? '') !== '';

function dressed(text: string, style: Style): string {
  if (style.length === 0) return text;
  const sequence = (which: 0 | 1): string => `\x1b[${style.map((each) => each[which]).join(';')}m`;
  return sequence(0) + text + sequence(1);
}

/** Text as a terminal shows it in a tone. */
export function inTone(text: string, tone: Tone): string {
  return dressed(text, (noColour ? PLAIN : COLOURS)[tone]);
}

/** Text under the cursor. */
export const inverse = (text: string): string => dressed(text, [INVERSE]);
