import type { Session } from '../session.ts';
import { grouped, span } from '../source/numbers.ts';
import type { CallCount } from '../source/survey.ts';
import { type StyledLine, segment } from '../tone.ts';
import { cell } from './fit.ts';
import { Line } from './line.tsx';
import { Lines } from './lines.tsx';

const NAME = 22;
const COUNT = 11;
const FAILED = 8;
const TIME = 9;
const BAR = 10;

function callLine(count: CallCount, total: number): StyledLine {
  const share = total === 0 ? 0 : count.time / total;
  const returned = count.longest >= 0;
  return [
    segment(cell(count.name, NAME), 'call'),
    segment(cell(grouped(count.calls), COUNT, 'right')),
    segment(cell(count.errors === 0 ? '' : grouped(count.errors), FAILED, 'right'), 'failure'),
    segment(cell(returned ? span(count.time) : '', TIME, 'right')),
    segment(cell(returned ? span(count.time / count.calls) : '', TIME, 'right')),
    segment(cell(returned ? span(count.longest) : '', TIME, 'right')),
    segment(`  ${'█'.repeat(Math.round(share * BAR)).padEnd(BAR, '·')}`, 'dim'),
  ];
}

const HEAD = `${cell('call', NAME)}${cell('calls', COUNT, 'right')}${cell('failed', FAILED, 'right')}${cell('time', TIME, 'right')}${cell('each', TIME, 'right')}${cell('longest', TIME, 'right')}  share`;

/** Calls by the time spent in them. */
export function Statistics({ session }: { readonly session: Session }) {
  const { columns, lists } = session.state;
  const { cursor, top } = lists.statistics;
  const counts = session.source.statistics;
  const total = counts.reduce((sum, { time }) => sum + time, 0);
  return (
    <>
      <Line line={[segment(HEAD, 'dim')]} columns={columns} />
      <Lines
        lines={counts.slice(top, top + session.bodyRows).map((count) => callLine(count, total))}
        columns={columns}
        rows={session.bodyRows}
        selected={cursor - top}
      />
    </>
  );
}
