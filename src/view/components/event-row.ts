import { printable } from '../../replay/printable.ts';
import type { EventLine } from '../source/event-line.ts';
import { seconds } from '../source/numbers.ts';
import { type Segment, type StyledLine, segment } from '../tone.ts';
import { cell, fitted, widthOf } from './fit.ts';

const TIME = 12;
const PID = 7;
const WIDE_SCREEN = 100;
/** Columns of a result that stay in sight when a line is cut. */
const RESULT = 22;

const nameWidth = (columns: number): number => (columns >= WIDE_SCREEN ? 15 : 10);

const width = (segments: readonly Segment[]): number => segments.reduce((sum, { text }) => sum + widthOf(text), 0);

/** What stands over the columns. */
export function eventHead(columns: number): string {
  return `  ${cell('seconds', TIME - 2, 'right')} ${cell('pid', PID, 'right')}  ${cell('process', nameWidth(columns))} event`;
}

/** Behind a result: what its error means, or what its descriptor. */
const EXPLANATION = /(?: \([^)]*\)|<.*>)$/;

/** Without what explains the result: the arguments need the room more. */
function bare(result: readonly Segment[]): StyledLine {
  return result.map(({ text, tone }) =>
    tone === 'failure' || tone === 'strong' ? segment(text.replace(EXPLANATION, ''), tone) : segment(text, tone),
  );
}

/** A call's arguments give way to its result. */
function words({ body, result }: EventLine, columns: number, shift: number): StyledLine {
  const whole = width(body) + width(result);
  if (shift > 0 || whole <= columns || result.length === 0) return fitted([...body, ...result], columns, shift);
  const shortResult = fitted(bare(result), RESULT);
  return [...fitted(body, columns - width(shortResult)), ...shortResult];
}

/** The same text with a part of it marked. Small letters mark large ones too. */
function marked(line: StyledLine, part: string): StyledLine {
  if (part === '') return line;
  const exact = part !== part.toLowerCase();
  return line.flatMap(({ text, tone }): Segment[] => {
    const where = exact ? text : text.toLowerCase();
    const pieces: Segment[] = [];
    let from = 0;
    for (let at = where.indexOf(part); at >= 0; at = where.indexOf(part, from)) {
      if (at > from) pieces.push(segment(text.slice(from, at), tone));
      pieces.push(segment(text.slice(at, at + part.length), 'found'));
      from = at + part.length;
    }
    return [...pieces, ...(from < text.length ? [segment(text.slice(from), tone)] : [])];
  });
}

export interface EventRowOptions {
  readonly columns: number;
  /** Columns that are scrolled away. */
  readonly shift: number;
  /** Letter of a mark, or nothing. */
  readonly mark: string;
  /** It is under the cursor. */
  readonly selected: boolean;
  /** Text that is marked where it stands. */
  readonly sought: string;
}

/** An event as a row of the list. */
export function eventRow(line: EventLine, { columns, shift, mark, selected, sought }: EventRowOptions): StyledLine {
  const { time, identity } = line;
  const name = nameWidth(columns);
  const left: StyledLine = [
    segment(selected ? '>' : ' '),
    segment(cell(mark, 1), 'changed'),
    segment(`${cell(seconds(time, 6), TIME - 2, 'right')} `, 'dim'),
    segment(
      `${cell(String(identity?.pid ?? '?'), PID, 'right')}  ${cell(printable(identity?.comm ?? ''), name)} `,
      'task',
    ),
  ];
  return [...left, ...marked(words(line, columns - width(left), shift), sought)];
}
