import { cpus } from 'node:os';
import type { Stretch } from './marks.ts';
import type { RecordingResults } from './recording.ts';

export type Runs = Readonly<Record<string, readonly Stretch[] | undefined>>;

/** Name under which our machine's run stands; the others are compared with it. */
export const OURS = 'Trapline';

type Row = readonly string[];

function table(head: Row, rows: readonly Row[]): string {
  const line = (cells: Row): string => `| ${cells.join(' | ')} |`;
  return [line(head), line(head.map((_, i) => (i === 0 ? '---' : '---:'))), ...rows.map(line)].join('\n');
}

const fixed = (value: number, places: number): string => (Number.isFinite(value) ? value.toFixed(places) : '');

/** CPU seconds and MIPS of every program on every emulator, and our time over theirs. */
export function speedTable(runs: Runs): string {
  const ours = runs[OURS] ?? [];
  const peers = Object.entries(runs).filter(([name, run]) => name !== OURS && run !== undefined);
  const names = [...new Set(Object.values(runs).flatMap((run) => run?.map(({ name }) => name) ?? []))];
  const head = [
    'program',
    'M instr',
    `${OURS} s`,
    'MIPS',
    ...peers.flatMap(([name]) => [`${name} s`, `${OURS} / ${name}`]),
  ];
  const rows = names.map((name) => {
    const own = ours.find((stretch) => stretch.name === name);
    const seconds = own?.seconds ?? Number.NaN;
    const millions = (own?.instructions ?? Number.NaN) / 1e6;
    const compared = peers.flatMap(([, run]) => {
      const other = run?.find((stretch) => stretch.name === name);
      const wrong = other !== undefined && own !== undefined && other.check !== own.check ? ' (results differ)' : '';
      const theirs = other?.seconds ?? Number.NaN;
      return [fixed(theirs, 3), fixed(seconds / theirs, 2) + wrong];
    });
    return [name, fixed(millions, 0), fixed(seconds, 3), fixed(millions / seconds, 0), ...compared];
  });
  return table(head, rows);
}

/** What recording costs, how small traces are and how fast they are read. */
export function recordingTables({ ratios, mixed, memory, written, replay }: RecordingResults): string {
  const costs = ratios.map(({ name, off, on }) => [
    name,
    fixed(off, 3),
    fixed(on, 3),
    `${fixed(100 * (on / off - 1), 1)} %`,
  ]);
  const facts: Row[] = [
    ['bytes of trace a call, mixed load, captures aside', fixed(mixed.bytes / mixed.calls, 1)],
    ['calls in that trace', String(mixed.calls)],
    ['events written in a CPU second', fixed(written, 0)],
    ['growth of the process over the recorded rounds, MiB', fixed((memory.last - memory.first) / 2 ** 20, 1)],
    ['replay, calls reconstructed a second', fixed(replay.reconstructed, 0)],
    ['replay, calls written as text a second', fixed(replay.text, 0)],
  ];
  return [table(['program', 'not recorded, s', 'recorded, s', 'cost'], costs), table(['trace', 'value'], facts)].join(
    '\n\n',
  );
}

/** Where the numbers come from. */
export function measuredOn(kernel: string): string {
  const [cpu] = cpus();
  return `${cpu?.model ?? 'unknown processor'}, ${cpus().length} CPUs, Node ${process.version}, guest kernel ${kernel}.`;
}
