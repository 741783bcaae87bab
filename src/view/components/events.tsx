import { printable } from '../../replay/printable.ts';
import type { Session } from '../session.ts';
import type { EventLine } from '../source/event-line.ts';
import { seconds } from '../source/numbers.ts';
import { type StyledLine, segment } from '../tone.ts';
import { cell, fitted } from './fit.ts';
import { Line } from './line.tsx';
import { Lines } from './lines.tsx';

const TIME = 12;
const PID = 7;
const WIDE_SCREEN = 100;

const nameWidth = (columns: number): number => (columns >= WIDE_SCREEN ? 15 : 10);

function lineOf(
  { event, time, identity, body }: EventLine,
  columns: number,
  shift: number,
  marks: ReadonlyMap<number, string>,
): StyledLine {
  const name = nameWidth(columns);
  const who =
    identity === undefined
      ? cell('?', PID + name + 2)
      : `${cell(String(identity.pid), PID, 'right')}  ${cell(printable(identity.comm), name)}`;
  return [
    segment(cell(marks.get(event) ?? '', 1), 'changed'),
    segment(`${cell(seconds(time, 6), TIME - 1, 'right')} `, 'dim'),
    segment(`${who} `, 'task'),
    ...fitted(body, columns, shift),
  ];
}

/** The list of events. */
export function Events({ session }: { readonly session: Session }) {
  const { state, events } = session;
  const { columns, shift } = state;
  const marks = new Map(session.markRows.map(([letter, event]) => [event, letter]));
  const name = nameWidth(columns);
  const head = ` ${cell('seconds', TIME - 1, 'right')} ${cell('pid', PID, 'right')}  ${cell('process', name)} event`;
  return (
    <>
      <Line line={[segment(head, 'dim')]} columns={columns} />
      <Lines
        lines={events.lines.map((line) => lineOf(line, columns, shift, marks))}
        columns={columns}
        rows={session.bodyRows}
        selected={events.lines.findIndex(({ event }) => event === state.event)}
      />
    </>
  );
}
