import { Box } from 'ink';
import { useSyncExternalStore } from 'react';
import { printable } from '../../replay/printable.ts';
import type { ScreenName } from '../keys.ts';
import type { Session } from '../session.ts';
import { grouped } from '../source/numbers.ts';
import { PROMPT_HINTS, PROMPT_SIGNS } from '../state/prompt.ts';
import { bodyRows, isTooSmall, type Prompt, SMALLEST, type ViewState } from '../state/state.ts';
import { type Segment, type StyledLine, segment } from '../tone.ts';
import { Details } from './details.tsx';
import { Events } from './events.tsx';
import { fitted, widthOf, wrapped } from './fit.ts';
import { Help } from './help.tsx';
import { Line } from './line.tsx';
import { Marks } from './marks.tsx';
import { Overview } from './overview.tsx';
import { Pages } from './pages.tsx';
import { Processes } from './processes.tsx';
import { Statistics } from './statistics.tsx';

// biome-ignore format: a table
const TABS: readonly (readonly [key: string, screen: ScreenName, title: string])[] = [
  ['1', 'overview', 'overview'],
  ['2', 'processes', 'processes'],
  ['3', 'events', 'events'],
  ['4', 'pages', 'pages'],
  ['5', 'statistics', 'statistics'],
  ['6', 'marks', 'marks'],
  ['?', 'help', 'keys'],
];

function titleLine({ state }: Session): StyledLine {
  const current = state.screen === 'details' ? 'events' : state.screen;
  return TABS.flatMap(([key, screen, title]): Segment[] => [
    segment(` ${key} `, 'dim'),
    segment(screen === current ? ` ${title} ` : `${title} `, screen === current ? 'found' : 'plain'),
  ]);
}

/** What is in force on the left, what is under way on the right. */
function statusLine({ state, source, runner, hasGrown }: Session): StyledLine {
  const { progress } = runner;
  const filter = state.filter === '' ? '' : `  showing only: ${printable(state.filter)}`;
  const scope =
    source.model.reader.header.command.length === 0 ? '' : state.commandOnly ? '  the command' : '  whole guest';
  const returns = state.returns ? '  with returns' : '';
  const left = ` #${grouped(state.event)} of ${grouped(source.count)}${scope}${returns}${filter}`;
  const lack = source.findings.length > 0 ? ` incomplete (${source.findings.length}) ` : '';
  const work =
    progress !== undefined
      ? `${progress.what} ${Math.floor(100 * progress.done)}% (Esc stops) `
      : hasGrown
        ? 'R reads more '
        : source.progress !== undefined
          ? `${source.progress.what} ${Math.floor(100 * source.progress.done)}% `
          : '';
  const right = ` ${work}${source.name} `;
  const room = state.columns - widthOf(right) - widthOf(lack);
  const shown = fitted([segment(left, 'strong')], room);
  return [
    ...shown,
    segment(' '.repeat(Math.max(0, room - width(shown)))),
    segment(lack, 'failure'),
    segment(right, 'dim'),
  ];
}

/** What one may do on a screen, besides what one may everywhere: at most 56 columns. */
// biome-ignore format: a table
const HINTS: Readonly<Record<ScreenName, string>> = {
  overview:   '3 events  2 processes  / search  | show only  : jump',
  processes:  'Enter its events  / search  | show only  : jump',
  events:     'Enter details  / search  | show only  : jump  e failure',
  details:    '← → the events around it  4 its page  Esc back',
  pages:      '← before  → after  Enter its event  o other page',
  statistics: 'Enter its events  / search  | show only  : jump',
  marks:      'Enter goes there  / search  | show only  : jump',
  help:       '↑ ↓ scroll  Esc back',
};

const GAP = '   ';

const typedSoFar = ({ kind, text }: Prompt): StyledLine => [
  segment(PROMPT_SIGNS[kind], 'strong'),
  segment(printable(text)),
  segment(' ', 'found'),
];

const width = (line: StyledLine): number => line.reduce((sum, { text }) => sum + widthOf(text), 0);

/** Whether what is said fits on the last line, behind what is being typed; else it stands above. */
function isRoomBehind({ prompt, message, columns }: ViewState): boolean {
  if (message === undefined || prompt?.text === '') return true;
  const before = prompt === undefined ? 1 : width(typedSoFar(prompt)) + GAP.length;
  return before + widthOf(printable(message.text)) <= columns;
}

/** What is said and needs more room: on the lines above what is being typed, or on the last ones. */
function Said({ state }: { readonly state: ViewState }) {
  const { message, prompt, columns, rows } = state;
  if (message === undefined || isRoomBehind(state)) return null;
  const lines = wrapped(printable(message.text), columns - 1).slice(0, bodyRows(state));
  const tone = message.bad ? 'failure' : 'plain';
  return (
    <Box position="absolute" flexDirection="column" marginTop={rows - lines.length - (prompt === undefined ? 0 : 1)}>
      {lines.map((line, i) => (
        <Line key={i} line={[segment(` ${line}`, tone)]} columns={columns} />
      ))}
    </Box>
  );
}

function promptLine({ state }: Session): StyledLine {
  const { prompt, message } = state;
  if (prompt !== undefined) {
    const said = prompt.text === '' ? PROMPT_HINTS[prompt.kind] : (message?.text ?? '');
    const tone = message?.bad === true && prompt.text !== '' ? 'failure' : 'dim';
    return [...typedSoFar(prompt), ...(isRoomBehind(state) ? [segment(`${GAP}${printable(said)}`, tone)] : [])];
  }
  if (message !== undefined) return [segment(` ${printable(message.text)}`, message.bad ? 'failure' : 'plain')];
  return [segment(` ${HINTS[state.screen]}  ? all keys  q quit`, 'dim')];
}

function Body({ session }: { readonly session: Session }) {
  switch (session.state.screen) {
    case 'overview':
      return <Overview session={session} />;
    case 'processes':
      return <Processes session={session} />;
    case 'events':
      return <Events session={session} />;
    case 'details':
      return <Details session={session} />;
    case 'statistics':
      return <Statistics session={session} />;
    case 'pages':
      return <Pages session={session} />;
    case 'marks':
      return <Marks session={session} />;
    default:
      return <Help session={session} />;
  }
}

/** The whole screen. */
export function Frame({ session }: { readonly session: Session }) {
  useSyncExternalStore(session.subscribe, session.snapshot);
  const { columns, rows } = session.state;
  if (isTooSmall(session.state)) {
    const text = `${columns}x${rows} is too small: ${SMALLEST.columns}x${SMALLEST.rows} is needed; q quits`;
    return <Line line={[segment(text)]} columns={columns} />;
  }
  return (
    <Box flexDirection="column" height={rows}>
      <Line line={titleLine(session)} columns={columns} />
      <Body session={session} />
      <Line line={statusLine(session)} columns={columns} />
      <Line line={promptLine(session)} columns={columns} />
      <Said state={session.state} />
    </Box>
  );
}
