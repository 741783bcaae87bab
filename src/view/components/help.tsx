import type { Session } from '../session.ts';
import { segment } from '../tone.ts';
import { HELP_LINES } from './help-lines.ts';
import { Line } from './line.tsx';
import { Lines } from './lines.tsx';

/** Every key and what it does, and what a filter takes. */
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
