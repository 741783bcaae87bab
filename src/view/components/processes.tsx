import type { Process } from '../../analyze/model/processes.ts';
import { printable, printableName } from '../../replay/printable.ts';
import { signalName } from '../../replay/strace/flags.ts';
import type { Session } from '../session.ts';
import { seconds, short } from '../source/numbers.ts';
import type { ProcessRow } from '../source/process-rows.ts';
import { processKey } from '../source/survey.ts';
import { type StyledLine, segment } from '../tone.ts';
import { cell } from './fit.ts';
import { Line } from './line.tsx';
import { Lines } from './lines.tsx';
import { sparkline } from './sparkline.ts';

const CURVE_SHARE = 5;
const WIDE_SCREEN = 100;

const nameWidth = (columns: number): number => (columns < WIDE_SCREEN ? 20 : 26);

function ending({ exit }: Process): string {
  if (exit === undefined) return 'runs';
  return exit.signal === undefined ? `exit ${exit.status ?? '?'}` : signalName(exit.signal);
}

/** What it was started as: the command line of its last program. */
function program({ executions, threads }: Process): string {
  const last = executions.at(-1);
  const words = last === undefined ? '' : last.arguments.length > 0 ? last.arguments.join(' ') : (last.path ?? '');
  return threads.length > 1 ? `${words}  (${threads.length} threads)` : words;
}

export const processHead = (columns: number): string =>
  `${cell('process', nameWidth(columns))} ${cell('pid', 7, 'right')} ${cell('from', 11, 'right')} ${cell('to', 11, 'right')} ${cell('ended', 9)} ${cell('events', 6, 'right')} ${cell('errors', 6, 'right')}`;

/** A process on one line: who, from when to when, how it ended, how busy it was, what it executed. */
export function processLine({ process, branches }: ProcessRow, { source }: Session, columns: number): StyledLine {
  const count = source.survey.processes.get(processKey(process.pid, process.start));
  const curve = Math.floor(columns / CURVE_SHARE);
  const failed = process.exit !== undefined && process.exit.status !== 0;
  return [
    segment(cell(`${branches}${printableName(process.comm)}`, nameWidth(columns)), 'task'),
    segment(` ${cell(String(process.pid), 7, 'right')}`),
    segment(` ${cell(seconds(process.first.time, 6), 11, 'right')}`, 'dim'),
    segment(` ${cell(process.exit === undefined ? '' : seconds(process.exit.time, 6), 11, 'right')}`, 'dim'),
    segment(` ${cell(ending(process), 9)}`, failed ? 'failure' : 'plain'),
    segment(` ${cell(count === undefined ? '' : short(count.events), 6, 'right')}`),
    segment(` ${cell(count === undefined ? '' : short(count.errors), 6, 'right')}  `),
    segment(count?.curve === undefined ? ' '.repeat(curve) : cell(sparkline(count.curve, curve), curve), 'call'),
    segment(`  ${printable(program(process))}`, 'dim'),
  ];
}

export function Processes({ session }: { readonly session: Session }) {
  const { columns, lists } = session.state;
  const { cursor, top } = lists.processes;
  const rows = session.source.processRows.slice(top, top + session.bodyRows);
  const curve = Math.floor(columns / CURVE_SHARE);
  return (
    <>
      <Line line={[segment(`${processHead(columns)}  ${cell('activity', curve)}  program`, 'dim')]} columns={columns} />
      <Lines
        lines={rows.map((row) => processLine(row, session, columns))}
        columns={columns}
        rows={session.bodyRows}
        selected={cursor - top}
      />
    </>
  );
}
