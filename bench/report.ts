import { cpus } from 'node:os';
import type { Stretch } from './marks.ts';
import type { PolicyCost } from './policies.ts';
import type { Answer } from './questions.ts';
import type { RecordingResults } from './recording.ts';
import type { ViewAnswer } from './view.ts';

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

const percent = (on: number, off: number): string => `${fixed(100 * (on / off - 1), 1)} %`;
const MEBIBYTE = 2 ** 20;

/** What recording costs, how small traces are and how fast they are read. */
export function recordingTables({ costs, mixed, memory, written, replay }: RecordingResults): string {
  const rows = [...costs].map(([name, { recorded, control }]) => [
    name,
    fixed(recorded.off, 3),
    fixed(recorded.on, 3),
    percent(recorded.on, recorded.off),
    percent(control.on, control.off),
    fixed(recorded.events / 1000, 1),
  ]);
  const head = ['program', 'not recorded, s', 'recorded, s', 'cost', 'control', 'thousand events'];
  const facts: Row[] = [
    ['bytes of trace a call, mixed load, captures aside', fixed(mixed.bytes / mixed.calls, 1)],
    ['calls in that trace', String(mixed.calls)],
    ['events written in a CPU second', fixed(written, 0)],
    ['replay, calls reconstructed a second', fixed(replay.reconstructed, 0)],
    ['replay, calls written as text a second', fixed(replay.text, 0)],
  ];
  const sizes = memory.map(({ events, resident }) => [fixed(events / 1e6, 1), fixed(resident / MEBIBYTE, 0)]);
  return [
    table(head, rows),
    table(['trace', 'value'], facts),
    table(['million events recorded', 'process, MiB'], sizes),
  ].join('\n\n');
}

/** What each policy costs each program; behind it, in thousands, the events of one turn. */
export function policyTable(costs: readonly PolicyCost[]): string {
  const programs = [...new Set(costs.map(({ program }) => program))];
  const policies = [...new Set(costs.map(({ policy }) => policy))];
  const cell = (policy: string, program: string): string => {
    const cost = costs.find((one) => one.policy === policy && one.program === program);
    if (cost === undefined) return '';
    return `${percent(cost.ratio, 1)} (${fixed(cost.events / 1000, 1)})`;
  };
  const rows = policies.map((policy) => [policy, ...programs.map((program) => cell(policy, program))]);
  return table(['policy', ...programs], rows);
}

/** How long questions to a trace of 10 M events take. */
export function questionsTable(answers: readonly Answer[]): string {
  const rows = answers.map(({ question, wall, cpu, resident, goal }) => [
    question,
    fixed(wall, 3),
    `${goal}${wall > goal ? ' (missed)' : ''}`,
    fixed(cpu, 3),
    fixed(resident / 2 ** 20, 0),
  ]);
  return table(['question to 10 M events', 'seconds', 'goal', 'CPU seconds', 'MiB'], rows);
}

/** How fast the viewer is on the same trace, and how much it needs. */
export function viewTable(answers: readonly ViewAnswer[]): string {
  const rows = answers.map(({ what, middle, longest, aim, unit }) => [
    what,
    `${fixed(middle, 0)} ${unit}`,
    `${fixed(longest, 0)} ${unit}`,
    `${aim} ${unit}`,
  ]);
  return table(['view of 10 M events', 'middle', 'longest', 'aim'], rows);
}

/** Where the numbers come from. */
export function measuredOn(kernel: string): string {
  const [cpu] = cpus();
  return `${cpu?.model ?? 'unknown processor'}, ${cpus().length} CPUs, Node ${process.version}, guest kernel ${kernel}.`;
}
