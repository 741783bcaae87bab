// npm run bench -- [--size tiny|small] [--only NAME,...] [--no-peers] [--no-recording] [--no-policies] [--no-questions] [--write]
import { readFileSync, writeFileSync } from 'node:fs';
import { basename } from 'node:path';
import { parseArgs } from 'node:util';
import { runBochs } from './bochs.ts';
import { buildImage } from './image.ts';
import { powerOn, runOurs } from './ours.ts';
import { measurePolicies } from './policies.ts';
import { PROGRAMS, programNamed, type Size } from './programs.ts';
import { runQemu } from './qemu.ts';
import { measureQuestions } from './questions.ts';
import { measureRecording } from './recording.ts';
import { measuredOn, OURS, policyTable, questionsTable, type Runs, recordingTables, speedTable } from './report.ts';

const { values: options } = parseArgs({
  allowNegative: true,
  options: {
    size: { type: 'string', default: 'small' },
    only: { type: 'string' },
    peers: { type: 'boolean', default: true },
    recording: { type: 'boolean', default: true },
    policies: { type: 'boolean', default: true },
    questions: { type: 'boolean', default: true },
    write: { type: 'boolean', default: false },
  },
});
if (options.size !== 'tiny' && options.size !== 'small') throw new Error(`--size ${options.size}: tiny or small`);
const size: Size = options.size;

const PAGE = new URL('../BENCHMARKS.md', import.meta.url).pathname;
/** The measured part of the page lies between these lines. */
const FROM = '<!-- measured by npm run bench -- --write -->';
const TO = '<!-- end of what was measured -->';

const programs = options.only === undefined ? PROGRAMS : options.only.split(',').map(programNamed);
const image = buildImage(
  'speed',
  programs.map(({ name, arguments: amount }) => `${name} ${amount[size]}`),
);
const runs: Record<string, Runs[string]> = { [OURS]: await runOurs(powerOn(image)) };
if (options.peers) {
  runs['QEMU TCG'] = await runQemu(image);
  runs.Bochs = await runBochs(image);
}
const parts = [measuredOn(basename(image.kernel)), speedTable(runs)];
if (options.recording) parts.push(recordingTables(await measureRecording()));
if (options.policies) parts.push(policyTable(await measurePolicies()));
if (options.questions) parts.push(questionsTable(measureQuestions()));
const measured = parts.join('\n\n');
process.stdout.write(`${measured}\n`);
if (options.write) {
  const page = readFileSync(PAGE, 'utf8');
  const [before, rest] = page.split(FROM);
  const after = rest?.split(TO)[1];
  if (before === undefined || after === undefined)
    throw new Error(`${PAGE} has not the two lines around the measured part`);
  writeFileSync(PAGE, `${before}${FROM}\n\n${measured}\n\n${TO}${after}`);
}
