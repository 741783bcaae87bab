import { rmSync } from 'node:fs';
import { armTraps, DEFAULT_TRAPS } from '../src/record/traps/index.ts';
import { DEFAULT_LIMITS, NO_CAPTURES } from '../src/record/traps/syscall-captures.ts';
import { parseFilter } from '../src/replay/call-filter.ts';
import { callColumns } from '../src/replay/calls.ts';
import { TextOutput } from '../src/replay/output.ts';
import { TraceReader } from '../src/replay/reader.ts';
import { type CallSink, Reconstruction } from '../src/replay/reconstruction.ts';
import { StraceWriter } from '../src/replay/strace/writer.ts';
import { UNKNOWN_GUEST } from '../src/world/guest-facts.ts';
import { buildImage, OUTPUT } from './image.ts';
import { cpuSeconds, powerOn, runOurs, threadSeconds } from './ours.ts';
import { encodeRate } from './trace.ts';
import { END, least, type Mode, OFF, openWriter, type Span, type Turn, takeTurns } from './turns.ts';

/** CPU seconds without and with recording: each the least of several turns. */
export interface Cost {
  readonly name: string;
  readonly off: number;
  /** Of the thread that runs the guest, and of all threads. */
  readonly thread: number;
  readonly all: number;
}

export interface RecordingResults {
  readonly costs: readonly Cost[];
  /** A trace of entries, returns and registers alone. */
  readonly mixed: { readonly calls: number; readonly bytes: number };
  /** Bytes of the process after so many recorded events. */
  readonly memory: readonly { readonly events: number; readonly resident: number }[];
  /** Events that the writer takes in a CPU second. */
  readonly written: number;
  /** Calls a second, reconstructed and as text. */
  readonly replay: { readonly reconstructed: number; readonly text: number };
}

const ROUNDS = 10;
const BOOTS = 7;
/** Each in turns so short that some of them are not disturbed. */
const COMPARED: Readonly<Record<string, string>> = { a_int: 'a_int 60000', f_getppid: 'f_getppid 100000' };
/** Recorded for as long as it takes to see that memory does not grow with the trace. */
const LONG = { command: 'f_getppid 500000', turns: 10 };
/** Programs of every day, whose calls are not alike, and some of each kind that the benchmarks repeat. */
const MIXED = [
  'quiet busybox find /proc /bin',
  'quiet busybox ls -laR /proc/sys',
  'quiet busybox grep -r root /proc/sys',
  'quiet busybox sha256sum /bin/a_int /bin/b_sha /bin/busybox',
  'quiet busybox tar cf - /bin',
  'quiet busybox top -b -n 3',
  'f_procstat 200',
  'f_fork 100',
  'f_pipe 500',
  'g_map1 500',
];

const TRACE = `${OUTPUT}recording.trap`;
const BARE_TRACE = `${OUTPUT}bare.trap`;
const BOOT_TRACE = `${OUTPUT}boot.trap`;
const TEXT = `${OUTPUT}recording.txt`;

const ON = 'on';
const BARE = 'bare';
const MODES: Readonly<Record<string, Mode>> = {
  [ON]: { traps: DEFAULT_TRAPS, limits: DEFAULT_LIMITS, watches: [], trace: TRACE },
  [BARE]: { traps: DEFAULT_TRAPS, limits: NO_CAPTURES, watches: [], trace: BARE_TRACE },
};

/** One machine, booted once: programs with recording off and on by turns, a long recording, and a mixed load without captures. */
export async function measureRecording(): Promise<RecordingResults> {
  const compared = Object.entries(COMPARED);
  const turns: Turn[] = compared.flatMap(([, command]) =>
    Array.from({ length: ROUNDS }, () => [OFF, ON].map((mode) => ({ mode, commands: [command] }))).flat(),
  );
  const long = Array.from({ length: LONG.turns }, () => ({ mode: ON, commands: [LONG.command] }));
  const { spans, written } = await takeTurns(
    'recording',
    [...turns, ...long, { mode: BARE, commands: MIXED }, { mode: OFF, commands: [] }],
    MODES,
  );
  const costs = compared.map(([name], i) => costOf(name, spans.slice(i * 2 * ROUNDS, (i + 1) * 2 * ROUNDS)));
  let events = 0;
  const memory = spans.slice(turns.length, turns.length + LONG.turns).map((span) => {
    events += span.events;
    return { events, resident: span.resident };
  });
  return {
    costs: [costOf('boot', await boots()), ...costs],
    mixed: written.get(BARE_TRACE)!,
    memory,
    written: encodeRate(`${OUTPUT}encoded.trap`).rate * 1e6,
    replay: replayRates(),
  };
}

function costOf(name: string, spans: readonly Span[]): Cost {
  return { name, off: least(spans, OFF).thread, ...least(spans, ON) };
}

/** Boots without and with recording from the first instruction, by turns. The writer's thread has been started before. */
async function boots(): Promise<Span[]> {
  const image = buildImage('boot', []);
  const spans: Span[] = [];
  for (const mode of Array.from({ length: BOOTS }, () => [OFF, ON]).flat()) {
    const machine = powerOn(image);
    const writer = mode === ON ? await openWriter(machine, BOOT_TRACE) : undefined;
    if (writer !== undefined) armTraps(machine.core, DEFAULT_TRAPS, UNKNOWN_GUEST);
    const begun = { thread: threadSeconds(), all: cpuSeconds() };
    await runOurs(machine, undefined, () => writer?.waitForRoom());
    const thread = threadSeconds() - begun.thread;
    const totals = await writer?.close(END);
    spans.push({ mode, thread, all: cpuSeconds() - begun.all, events: totals?.events ?? 0, resident: 0 });
  }
  return spans;
}

function replayRates(): RecordingResults['replay'] {
  let calls = 0;
  const count: CallSink = {
    entry: () => {
      calls++;
    },
    return: () => {},
    signal: () => {},
    trap: () => {},
    end: () => {},
  };
  const reconstructed = secondsOf(() => feedAll(count));
  rmSync(TEXT, { force: true });
  const output = new TextOutput(TEXT);
  const options = { stringLimit: 32, verbose: false, paths: false, durations: false, times: 'none' } as const;
  const text = secondsOf(() => feedAll(new StraceWriter(output, { ...options, filter: parseFilter([]) }, undefined)));
  output.close();
  return { reconstructed: calls / reconstructed, text: calls / text };
}

function feedAll(sink: CallSink): void {
  const reader = TraceReader.open(TRACE);
  const reconstruction = new Reconstruction({ commandOnly: false, descriptors: false }, () => sink);
  for (const chunk of reader.chunks({}, callColumns({ arguments: true, times: false }))) reconstruction.feed(chunk);
  reconstruction.end();
  reader.close();
}

/** CPU seconds that something takes. */
function secondsOf(work: () => void): number {
  const since = cpuSeconds();
  work();
  return cpuSeconds() - since;
}
