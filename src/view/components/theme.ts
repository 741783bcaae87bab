import type { TextProps } from 'ink';
import type { Tone } from '../tone.ts';

type Style = Pick<TextProps, 'color' | 'dimColor' | 'bold' | 'inverse' | 'underline'>;

// biome-ignore format: a table
const COLOURS: Readonly<Record<Tone, Style>> = {
  plain:   {},
  dim:     { dimColor: true },
  strong:  { bold: true },
  call:    { color: 'cyan' },
  failure: { color: 'red' },
  trap:    { color: 'magenta' },
  task:    { color: 'green' },
  signal:  { color: 'yellow' },
  changed: { color: 'yellow', bold: true },
  heading: { bold: true, underline: true },
  found:   { inverse: true },
};

/** Without colours: what they say is said by weight, or by the text itself. */
// biome-ignore format: a table
const PLAIN: Readonly<Record<Tone, Style>> = {
  plain:   {},
  dim:     {},
  strong:  { bold: true },
  call:    {},
  failure: { bold: true },
  trap:    {},
  task:    {},
  signal:  {},
  changed: { bold: true },
  heading: { bold: true, underline: true },
  found:   { inverse: true },
};

/** https://no-color.org: any value but the empty one. */
const noColour = (process.env.NO_COLOR ?? '') !== '';

export function styleOf(tone: Tone): Style {
  return (noColour ? PLAIN : COLOURS)[tone];
}
