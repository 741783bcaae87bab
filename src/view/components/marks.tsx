import type { Session } from '../session.ts';
import { seconds } from '../source/numbers.ts';
import { type StyledLine, segment } from '../tone.ts';
import { cell } from './fit.ts';
import { Line } from './line.tsx';
import { Lines } from './lines.tsx';

/** Marks with the lines of their events. */
export function Marks({ session }: { readonly session: Session }) {
  const { columns, lists } = session.state;
  const { cursor, top } = lists.marks;
  const { model, lines } = session.source;
  const rows = session.markRows.slice(top, top + session.bodyRows).map(([letter, event]): StyledLine => {
    const place = model.store.at(event);
    const line = place && lines.line(place);
    return [
      segment(cell(letter, 6), 'changed'),
      segment(cell(`#${event}`, 12)),
      segment(`${cell(line === undefined ? '' : seconds(line.time, 6), 11, 'right')}  `, 'dim'),
      segment(`${cell(String(line?.identity?.pid ?? '?'), 7, 'right')}  `, 'task'),
      ...(line === undefined ? [segment('there is no such event', 'failure')] : [...line.body, ...line.result]),
    ];
  });
  const none: StyledLine[] = [[], [segment('  No marks yet: m and a letter marks the event under the cursor.', 'dim')]];
  return (
    <>
      <Line
        line={[
          segment(
            `${cell('mark', 6)}${cell('event', 12)}${cell('seconds', 11, 'right')}  ${cell('pid', 7, 'right')}`,
            'dim',
          ),
        ]}
        columns={columns}
      />
      <Lines
        lines={rows.length === 0 ? none : rows}
        columns={columns}
        rows={session.bodyRows}
        selected={rows.length === 0 ? undefined : cursor - top}
      />
    </>
  );
}
