import { printable } from '../../replay/printable.ts';
import type { Session } from '../session.ts';
import { grouped, seconds } from '../source/numbers.ts';
import { CURVE_NAMES } from '../source/survey.ts';
import { type StyledLine, segment } from '../tone.ts';
import { cell } from './fit.ts';
import { Line } from './line.tsx';
import { Lines } from './lines.tsx';
import { processHead, processLine } from './processes.tsx';
import { sparkline } from './sparkline.ts';

const LABEL = 14;

const labelled = (label: string, text: string): StyledLine => [
  segment(`  ${cell(label, LABEL)}`, 'dim'),
  segment(text),
];

function factLines({ source }: Session): StyledLine[] {
  const { reader } = source.model;
  const { header, end } = reader;
  const { survey } = source;
  const command = header.command.length === 0 ? 'a kernel alone' : printable(header.command.join(' '));
  const ended =
    end === undefined
      ? 'no end: it was cut off, or is still being recorded'
      : `exit status ${end.exitStatus}, ${printable(end.reason)}, after ${grouped(end.instructions)} instructions`;
  const calls = survey.calls.reduce((sum, count) => sum + count.calls, 0);
  const errors = survey.calls.reduce((sum, count) => sum + count.errors, 0);
  const counted = survey.done < 1 ? `, ${Math.floor(100 * survey.done)}% counted` : '';
  return [
    labelled('ran', command),
    labelled(
      'on',
      [printable(header.kernelRelease), printable(header.cpuVendor)].filter((part) => part !== '').join(', '),
    ),
    labelled('from', `${seconds(survey.from, 6)} s to ${seconds(survey.to, 6)} s after power-on`),
    labelled('ended', ended),
    labelled(
      'events',
      `${grouped(source.count)}: ${grouped(calls)} calls, ${grouped(errors)} of them failed${counted}`,
    ),
    ...source.findings
      .slice(0, 3)
      .map(
        (finding): StyledLine => [
          segment(`  ${cell('incomplete', LABEL)}`, 'dim'),
          segment(printable(finding), 'failure'),
        ],
      ),
  ];
}

function curveLines({ source, state }: Session): StyledLine[] {
  const columns = state.columns - LABEL - 14;
  return CURVE_NAMES.flatMap((name): StyledLine[] => {
    const curve = source.survey.curves[name];
    const most = Math.max(...curve);
    if (most === 0) return [];
    return [
      [
        segment(`  ${cell(name, LABEL)}`, 'dim'),
        segment(cell(sparkline(curve, columns), columns), name === 'failed calls' ? 'failure' : 'call'),
      ],
    ];
  });
}

/** What ran, from when to when, and how busy it was. */
export function Overview({ session }: { readonly session: Session }) {
  const { columns } = session.state;
  const { source, bodyRows } = session;
  const above = [...factLines(session), [], ...curveLines(session), [], [segment(processHead(columns), 'dim')]];
  const room = Math.max(0, bodyRows - above.length - 1);
  const all = source.processRows;
  const rows = all.slice(0, all.length > room ? room - 1 : room).map((row) => processLine(row, session, columns));
  const left = all.length - rows.length;
  const more: StyledLine[] = left > 0 ? [[segment(`  ... and ${grouped(left)} more: 2 shows them all`, 'dim')]] : [];
  return (
    <>
      <Line line={[segment(source.name, 'strong')]} columns={columns} />
      <Lines lines={[...above, ...rows, ...more]} columns={columns} rows={bodyRows} />
    </>
  );
}
