import { rmSync } from 'node:fs';
import { DEFAULT_TRAPS } from '../src/record/traps/index.ts';
import { NO_CAPTURES } from '../src/record/traps/syscall-captures.ts';
import { parseFilter } from '../src/replay/call-filter.ts';
import { callColumns } from '../src/replay/calls.ts';
import { TextOutput } from '../src/replay/output.ts';
import { TraceReader } from '../src/replay/reader.ts';
import { type CallSink, Reconstruction } from '../src/replay/reconstruction.ts';
import { StraceWriter } from '../src/replay/strace/writer.ts';
import { type Cost, crossover } from './crossover.ts';
import { OUTPUT } from './image.ts';
import { cpuSeconds } from './ours.ts';
import { imageOf, type Mode, RecordedGuest, type Step } from './recorded-guest.ts';
import { encodeRate } from './trace.ts';

export interface RecordingResults {
  /** By program, BOOT with them; CONTROL is what two machines without recording differ by. */
  readonly costs: ReadonlyMap<string, Readonly<Record<typeof RECORDED | typeof CONTROL, Cost>>>;
  /** A trace of entries, returns and registers alone. */
  readonly mixed: { readonly calls: number; readonly bytes: number };
  /** Bytes of the process after so many recorded events. */
  readonly memory: readonly { readonly events: number; readonly resident: number }[];
  /** Events that the writer takes in a CPU second. */
  readonly written: number;
  /** Calls a second, reconstructed and as text. */
  readonly replay: { readonly reconstructed: number; readonly text: number };
}

const COMPARED: Readonly<Record<string, string>> = { a_int: 'a_int 1000000', f_getppid: 'f_getppid 1000000' };
/** Recorded for as long as it takes to see that memory does not grow with the trace. */
const LONG = { command: 'f_getppid 500000', times: 10 };
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

/** Virtual nanoseconds. */
const SLICE = 500_000;
const RECORDED = 'recorded';
const CONTROL = 'control';

const TEXT = `${OUTPUT}recording.txt`;

export async function measureRecording(): Promise<RecordingResults> {
  // Once for the host's compiler, which would otherwise count as a cost of the boot.
  await recordAlone('warm', [], { traps: DEFAULT_TRAPS });
  const costs = await crossover({
    name: 'recording',
    steps: Object.entries(COMPARED).map(([name, command]) => ({ name, commands: [command] })),
    modes: { [RECORDED]: { traps: DEFAULT_TRAPS }, [CONTROL]: undefined },
    slice: SLICE,
    boot: true,
  });
  const times = Array.from({ length: LONG.times }, (_, i) => ({ name: String(i + 1), commands: [LONG.command] }));
  const long = await recordAlone('long', times, { traps: DEFAULT_TRAPS });
  const mixed = await recordAlone('mixed', [{ name: 'mixed', commands: MIXED }], {
    traps: DEFAULT_TRAPS,
    limits: NO_CAPTURES,
  });
  return {
    costs,
    mixed,
    memory: long.memory,
    written: encodeRate(`${OUTPUT}encoded.trap`).rate * 1e6,
    replay: replayRates(`${OUTPUT}long.trap`),
  };
}

interface Recorded {
  readonly calls: number;
  readonly bytes: number;
  /** After each step. */
  readonly memory: RecordingResults['memory'];
}

/** Records from the first step on. */
async function recordAlone(name: string, steps: readonly Step[], mode: Mode): Promise<Recorded> {
  const guest = await RecordedGuest.open(imageOf(name, steps), name);
  const memory: { events: number; resident: number }[] = [];
  while (!guest.done) {
    guest.run(SLICE);
    if (!guest.proceed()) continue;
    await guest.settle();
    memory.push({ events: guest.events, resident: process.memoryUsage.rss() });
    guest.arm(mode);
  }
  return { ...(await guest.close()), memory: memory.slice(1) };
}

function replayRates(trace: string): RecordingResults['replay'] {
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
  const reconstructed = secondsOf(() => feedAll(trace, count));
  rmSync(TEXT, { force: true });
  const output = new TextOutput(TEXT);
  const options = { stringLimit: 32, verbose: false, paths: false, durations: false, times: 'none' } as const;
  const text = secondsOf(() =>
    feedAll(trace, new StraceWriter(output, { ...options, filter: parseFilter([]) }, undefined)),
  );
  output.close();
  return { reconstructed: calls / reconstructed, text: calls / text };
}

function feedAll(trace: string, sink: CallSink): void {
  const reader = TraceReader.open(trace);
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
