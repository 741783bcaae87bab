import { KEY_GROUPS, shownKey } from '../keys.ts';
import { FILTER_WORDS } from '../source/filter.ts';
import { type StyledLine, segment } from '../tone.ts';
import { cell } from './fit.ts';

const KEYS = 14;

const KEY_LINES: readonly StyledLine[] = KEY_GROUPS.flatMap(({ title, rows }, i) => [
  ...(i === 0 ? [] : [[]]),
  [segment(title, 'heading')],
  ...rows
    .filter(({ help }) => help !== '')
    .map(
      ({ keys, help }): StyledLine => [segment(`  ${cell(keys.map(shownKey).join(' '), KEYS)}`, 'call'), segment(help)],
    ),
]);

const WORD = 20;

/** Every key and what it does, and what a filter takes. */
export const HELP_LINES: readonly StyledLine[] = [
  ...KEY_LINES,
  [],
  [segment('Behind |, one or more of', 'heading')],
  ...FILTER_WORDS.map(([word, what]): StyledLine => [segment(`  ${cell(word, WORD)}`, 'call'), segment(what)]),
];
