import { KEY_GROUPS, shownKey } from '../keys.ts';
import type { Session } from '../session.ts';
import { FILTER_WORDS } from '../source/filter.ts';
import { type StyledLine, segment } from '../tone.ts';
import { cell } from './fit.ts';
import { Line } from './line.tsx';
import { Lines } from './lines.tsx';

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

/** Shows them. */
export function Help({ session }: { readonly session: Session }) {
  const { columns, lists } = session.state;
  const { top } = lists.help;
  const more = HELP_LINES.length > top + session.bodyRows ? '   ↓ there is more' : '';
  return (
    <>
      <Line line={[segment(`keys${more}`, 'dim')]} columns={columns} />
      <Lines lines={HELP_LINES.slice(top)} columns={columns} rows={session.bodyRows} />
    </>
  );
}
