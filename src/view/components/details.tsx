import type { Session } from '../session.ts';
import { segment } from '../tone.ts';
import { Line } from './line.tsx';
import { Lines } from './lines.tsx';

/** All that the event under the cursor tells. */
export function Details({ session }: { readonly session: Session }) {
  const { state } = session;
  const details = session.details.lines;
  const { top } = state.lists.details;
  const shown = details.slice(top, top + session.bodyRows);
  const last = Math.min(details.length, top + session.bodyRows);
  const place = details.length > session.bodyRows ? `  lines ${top + 1} to ${last} of ${details.length}` : '';
  return (
    <>
      <Line
        line={[segment(`event #${state.event}${place}   ← → the events around it`, 'dim')]}
        columns={state.columns}
      />
      <Lines lines={shown} columns={state.columns} rows={session.bodyRows} />
    </>
  );
}
