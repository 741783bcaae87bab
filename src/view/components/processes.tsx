import type { Process } from '../../analyze/model/processes.ts';
import { printable } from '../../replay/printable.ts';
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

const WIDE_SCREEN = 100;
/** What a curve has of the columns. */
const CURVE_SHARE = 5;

interface Layout {
  readonly name: number;
  readonly from: number;
  /** Digits behind the point of seconds. */
  readonly digits: number;
  /** 0: it is left out. */
  readonly to: number;
  readonly ended: number;
  /** 0: it is left out. */
  readonly curve: number;
}

/** On a narrow screen the command line is worth more than a curve and an end. */
function layoutOf(columns: number): Layout {
  if (columns < WIDE_SCREEN) return { name: 19, from: 9, digits: 3, to: 0, ended: 8, curve: 0 };
  return { name: 26, from: 11, digits: 6, to: 11, ended: 9, curve: Math.floor(columns / CURVE_SHARE) };
}

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

export function processHead(columns: number): string {
  const { name, from, to, ended, curve } = layoutOf(columns);
  const times = `${cell('from', from, 'right')}${to === 0 ? '' : ` ${cell('to', to, 'right')}`} ${cell('ended', ended)}`;
  const counts = `${cell('events', 6, 'right')} ${cell('errors', 6, 'right')}`;
  const activity = curve === 0 ? '' : `  ${cell('activity', curve)}`;
  return `${cell('process', name)} ${cell('pid', 7, 'right')} ${times} ${counts}${activity}  program`;
}

/** A process on one line: who, from when to when, how it ended, how busy it was, what it executed. */
export function processLine({ process, branches }: ProcessRow, { source }: Session, columns: number): StyledLine {
  const { name, from, digits, to, ended, curve } = layoutOf(columns);
  const count = source.survey.processes.get(processKey(process.pid, process.start));
  const failed = process.exit !== undefined && process.exit.status !== 0;
  const counted = (what: 'events' | 'errors'): string =>
    cell(count === undefined ? '' : short(count[what]), 6, 'right');
  const until = process.exit === undefined ? '' : seconds(process.exit.time, digits);
  const activity = count?.curve === undefined ? '' : sparkline(count.curve, curve);
  return [
    segment(cell(`${branches}${printable(process.comm)}`, name), 'task'),
    segment(` ${cell(String(process.pid), 7, 'right')}`),
    segment(` ${cell(seconds(process.first.time, digits), from, 'right')}`, 'dim'),
    ...(to === 0 ? [] : [segment(` ${cell(until, to, 'right')}`, 'dim')]),
    segment(` ${cell(ending(process), ended)}`, failed ? 'failure' : 'plain'),
    segment(` ${counted('events')} ${counted('errors')}  `),
    ...(curve === 0 ? [] : [segment(`${cell(activity, curve)}  `, 'call')]),
    segment(printable(program(process)), 'dim'),
  ];
}

export function Processes({ session }: { readonly session: Session }) {
  const { columns, lists } = session.state;
  const { cursor, top } = lists.processes;
  const rows = session.source.processRows.slice(top, top + session.bodyRows);
  return (
    <>
      <Line line={[segment(processHead(columns), 'dim')]} columns={columns} />
      <Lines
        lines={rows.map((row) => processLine(row, session, columns))}
        columns={columns}
        rows={session.bodyRows}
        selected={cursor - top}
      />
    </>
  );
}
