import type { Session } from '../session.ts';
import { segment } from '../tone.ts';
import { eventHead, eventRow } from './event-row.ts';
import { Line } from './line.tsx';
import { Lines } from './lines.tsx';

/** The list of events. */
export function Events({ session }: { readonly session: Session }) {
  const { state, events } = session;
  const { columns, shift, prompt } = state;
  const letters = new Map(session.markRows.map(([letter, event]) => [event, letter]));
  const searching = prompt?.kind === 'search' || prompt?.kind === 'searchBackward';
  const sought = searching ? prompt.text : (state.sought?.text ?? '');
  const rows = events.lines.map((line) => {
    const selected = line.event === state.event;
    return eventRow(line, { columns, shift, sought, selected, mark: letters.get(line.event) ?? '' });
  });
  return (
    <>
      <Line line={[segment(eventHead(columns), 'dim')]} columns={columns} />
      <Lines
        lines={rows}
        columns={columns}
        rows={session.bodyRows}
        selected={events.lines.findIndex(({ event }) => event === state.event)}
      />
    </>
  );
}
