/** How fast questions to a large trace are answered: each by the command line, as a user asks it. */
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { TraceModel } from '../src/analyze/model/trace-model.ts';
import { LargeTrace } from './large-trace.ts';

export interface Answer {
  readonly question: string;
  /** Seconds on the clock, and of the processor: the least of all rounds. */
  readonly wall: number;
  readonly cpu: number;
  /** Most that the process had resident, bytes. */
  readonly resident: number;
  /** Seconds on the clock that it may take at most. */
  readonly goal: number;
}

const CLI = new URL('../bin/trapline.js', import.meta.url).pathname;
const ROUNDS = 3;

/** A process and a call that are in some chunks only, a call that is in all; a full aggregation; replay's summary. */
// biome-ignore format: a table
const QUESTIONS: readonly (readonly [question: string, goal: number, arguments: readonly string[]])[] = [
  ['calls of one process',       0.3, ['query', 'SELECT name, count(*) FROM syscalls WHERE pid = 150 GROUP BY name']],
  ['one call of one process',    0.3, ['query', "SELECT count(*) FROM syscalls WHERE pid = 150 AND name = 'openat'"]],
  ['a call that all make',       0.3, ['query', "SELECT count(*), avg(duration) FROM syscalls WHERE name = 'openat'"]],
  ['a call that nobody made',    0.3, ['query', "SELECT * FROM syscalls WHERE name = 'keyctl'"]],
  ['SQL over all calls',         3,   ['query', 'SELECT name, count(*), avg(duration), count(errno) FROM syscalls GROUP BY name']],
  ['SQL over all events',        3,   ['query', 'SELECT kind, count(*), max(time) FROM events GROUP BY kind']],
  ['replay -c',                  5,   ['replay', '-c']],
];

/** Tells of the whole process, from its main thread. What resources say of memory begins with that of the process that started it. */
const PROBE = `if (require('node:worker_threads').isMainThread) process.on('exit', () => {
  const { userCPUTime, systemCPUTime } = process.resourceUsage();
  const [, most] = /VmHWM:\\s+(\\d+) kB/.exec(require('node:fs').readFileSync('/proc/self/status', 'latin1'));
  require('node:fs').writeSync(2, JSON.stringify({ cpu: (userCPUTime + systemCPUTime) / 1e6, resident: most * 1024 }));
});`;

function ask(probe: string, [question, goal, words]: (typeof QUESTIONS)[number], trace: string): Answer {
  const [verb = '', ...rest] = words;
  const args = verb === 'query' ? [verb, trace, ...rest] : [verb, ...rest, trace];
  const rounds = Array.from({ length: ROUNDS }, () => {
    const since = performance.now();
    const { stderr, status } = spawnSync(process.execPath, ['-r', probe, CLI, ...args], { encoding: 'utf8' });
    if (status !== 0) throw new Error(`${question}: ${stderr}`);
    const told = JSON.parse(stderr) as { cpu: number; resident: number };
    return { wall: (performance.now() - since) / 1000, ...told };
  });
  const least = (field: 'wall' | 'cpu' | 'resident'): number => Math.min(...rounds.map((round) => round[field]));
  return { question, goal, wall: least('wall'), cpu: least('cpu'), resident: least('resident') };
}

/** Opens the trace as the viewer does and looks at windows all over it: seconds, in this process. */
function lookAround(trace: string): Answer[] {
  const since = performance.now();
  const model = TraceModel.open(trace);
  const opened = performance.now();
  const WINDOWS = 50;
  for (let i = 0; i < WINDOWS; i++) {
    for (const event of model.window(Math.floor((model.count * i) / WINDOWS), 40)) void event.call;
  }
  const looked = performance.now();
  model.close();
  const answer = (question: string, goal: number, seconds: number): Answer => {
    return { question, goal, wall: seconds, cpu: Number.NaN, resident: process.memoryUsage.rss() };
  };
  return [
    answer('the index, as the viewer opens it', 1, (opened - since) / 1000),
    answer('a window of 40 calls anywhere', 0.05, (looked - opened) / 1000 / WINDOWS),
  ];
}

/** All questions to a trace. */
export function measureQuestions(trace: string): Answer[] {
  const folder = mkdtempSync(join(tmpdir(), 'trapline-bench-'));
  try {
    const probe = join(folder, 'probe.cjs');
    writeFileSync(probe, PROBE);
    return [...QUESTIONS.map((question) => ask(probe, question, trace)), ...lookAround(trace)];
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

if (process.argv[1] !== undefined && import.meta.url === pathToFileURL(process.argv[1]).href) {
  const large = new LargeTrace(process.argv[2] === undefined ? undefined : Number(process.argv[2]));
  process.on('exit', () => large.remove());
  for (const { question, goal, wall, cpu, resident } of measureQuestions(large.path)) {
    const numbers = `${wall.toFixed(3)} s (goal ${goal}), ${cpu.toFixed(3)} CPU s, ${(resident / 2 ** 20).toFixed(0)} MiB`;
    process.stdout.write(`${question.padEnd(36)} ${numbers}\n`);
  }
}
