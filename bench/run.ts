// npm run bench -- [--size tiny|small] [--only NAME,...] [--no-peers] [--write]
//                  [--no-speed] [--no-recording] [--no-policies] [--no-questions] [--no-view]
import { readFileSync, writeFileSync } from 'node:fs';
import { basename } from 'node:path';
import { parseArgs } from 'node:util';
import { runBochs } from './bochs.ts';
import { buildImage } from './image.ts';
import { LargeTrace } from './large-trace.ts';
import { powerOn, runOurs } from './ours.ts';
import { measurePolicies } from './policies.ts';
import { PROGRAMS, programNamed, type Size } from './programs.ts';
import { runQemu } from './qemu.ts';
import { measureQuestions } from './questions.ts';
import { measureRecording } from './recording.ts';
import {
  measuredOn,
  OURS,
  policyTable,
  questionsTable,
  type Runs,
  recordingTables,
  speedTable,
  viewTable,
} from './report.ts';
import { measureView } from './view.ts';

const { values: options } = parseArgs({
  allowNegative: true,
  options: {
    size: { type: 'string', default: 'small' },
    only: { type: 'string' },
    peers: { type: 'boolean', default: true },
    speed: { type: 'boolean', default: true },
    recording: { type: 'boolean', default: true },
    policies: { type: 'boolean', default: true },
    questions: { type: 'boolean', default: true },
    view: { type: 'boolean', default: true },
    write: { type: 'boolean', default: false },
  },
});
if (options.size !== 'tiny' && options.size !== 'small') throw new Error(`--size ${options.size}: tiny or small`);
const size: Size = options.size;

const PAGE = new URL('../BENCHMARKS.md', import.meta.url).pathname;
const END = '<!-- end -->';

/** Puts a table in its place on the page; the others stay as they were measured. */
function write(part: string, text: string): void {
  const begin = `<!-- ${part}: measured by npm run bench -- --write -->`;
  const page = readFileSync(PAGE, 'utf8');
  const from = page.indexOf(begin) + begin.length;
  const to = page.indexOf(END, from);
  if (from < begin.length || to < 0) throw new Error(`${PAGE} has no place for ${part}`);
  writeFileSync(PAGE, `${page.slice(0, from)}\n\n${text}\n\n${page.slice(to)}`);
}

async function speed(): Promise<string> {
  const programs = options.only === undefined ? PROGRAMS : options.only.split(',').map(programNamed);
  const image = buildImage(
    'speed',
    programs.map(({ name, arguments: amount }) => `${name} ${amount[size]}`),
  );
  const runs: Record<string, Runs[string]> = { [OURS]: runOurs(powerOn(image)) };
  if (options.peers) {
    runs['QEMU TCG'] = await runQemu(image);
    runs.Bochs = await runBochs(image);
  }
  return `${measuredOn(basename(image.kernel))}\n\n${speedTable(runs)}`;
}

const large = new LargeTrace();
process.on('exit', () => large.remove());

const PARTS: readonly (readonly [part: string, wanted: boolean, measure: () => string | Promise<string>])[] = [
  ['speed', options.speed, speed],
  ['recording', options.recording, async () => recordingTables(await measureRecording())],
  ['policies', options.policies, async () => policyTable(await measurePolicies())],
  ['questions', options.questions, () => questionsTable(measureQuestions(large.path))],
  ['view', options.view, async () => viewTable(await measureView(large.path))],
];

for (const [part, wanted, measure] of PARTS) {
  if (!wanted) continue;
  const text = await measure();
  process.stdout.write(`${text}\n\n`);
  if (options.write) write(part, text);
}
