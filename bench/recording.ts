import { rmSync } from 'node:fs';
import type { Core } from '../src/emu/core-instance.ts';
import { armTraps, DEFAULT_TRAPS, disarmTraps } from '../src/record/traps/index.ts';
import { DEFAULT_LIMITS, NO_CAPTURES } from '../src/record/traps/syscall-captures.ts';
import { TraceWriterHandle } from '../src/record/writer.ts';
import { parseFilter } from '../src/replay/call-filter.ts';
import { callColumns } from '../src/replay/calls.ts';
import { TextOutput } from '../src/replay/output.ts';
import { TraceReader } from '../src/replay/reader.ts';
import { type CallSink, Reconstruction } from '../src/replay/reconstruction.ts';
import { StraceWriter } from '../src/replay/strace/writer.ts';
import { EMPTY_HEADER } from '../src/trace/messages.ts';
import { readGuestFacts, UNKNOWN_GUEST } from '../src/world/guest-facts.ts';
import { buildImage, type Image, OUTPUT } from './image.ts';
import { cpuSeconds, powerOn, runOurs } from './ours.ts';
import { programNamed, type Size } from './programs.ts';
import { encodeRate } from './trace.ts';

export interface RecordingResults {
  /** CPU seconds without and with recording: each the least of several rounds, since other work only ever adds. */
  readonly ratios: readonly { readonly name: string; readonly off: number; readonly on: number }[];
  /** A trace of entries, returns and registers alone. */
  readonly mixed: { readonly calls: number; readonly bytes: number };
  /** Resident bytes of the process after the first and after the last of the recorded rounds of system calls. */
  readonly memory: { readonly first: number; readonly last: number };
  /** Events that the writer takes in a CPU second. */
  readonly written: number;
  /** Calls a second, reconstructed and as text. */
  readonly replay: { readonly reconstructed: number; readonly text: number };
}

const ROUNDS = 4;
const COMPARED = ['a_int', 'f_getppid'];
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

/** What the guest asks for with `record WHAT`. */
const WHAT = { on: 'on', off: 'off', bare: 'bare' } as const;

/** One machine, booted once: programs with recording off and on by turns, then a mixed load without captures. */
export async function measureRecording(size: Size): Promise<RecordingResults> {
  const line = (name: string): string => `${name} ${programNamed(name).arguments[size]}`;
  const turns = COMPARED.flatMap((name) =>
    Array.from({ length: ROUNDS }, () => [`record ${WHAT.off}`, line(name), `record ${WHAT.on}`, line(name)]).flat(),
  );
  const mixed = [`record ${WHAT.bare}`, ...MIXED, `record ${WHAT.off}`];
  const recorder = new Recorder(buildImage('recording', [...turns, ...mixed]));
  await recorder.run();
  const { spans } = recorder;
  const ratios = COMPARED.map((name, i) => {
    const own = spans.slice(i * 2 * ROUNDS, (i + 1) * 2 * ROUNDS);
    return { name, off: least(own, WHAT.off), on: least(own, WHAT.on) };
  });
  const recorded = spans.slice(2 * ROUNDS, 2 * COMPARED.length * ROUNDS).filter(({ what }) => what === WHAT.on);
  return {
    ratios: [await measureBoot(), ...ratios],
    mixed: recorder.mixed,
    memory: { first: recorded[0]!.resident, last: recorded.at(-1)!.resident },
    written: encodeRate(`${OUTPUT}encoded.trap`).rate * 1e6,
    replay: replayRates(),
  };
}

interface Span {
  readonly what: string;
  readonly seconds: number;
  /** Bytes of the process at its end. */
  readonly resident: number;
}

const TRACE = `${OUTPUT}recording.trap`;
const BARE_TRACE = `${OUTPUT}bare.trap`;
const BOOT_TRACE = `${OUTPUT}boot.trap`;
const TEXT = `${OUTPUT}recording.txt`;
const END = {
  exitStatus: 0,
  reason: 'bench',
  message: '',
  instructions: 0,
  time: 0,
  stateSha256: new Uint8Array(32),
  totals: {},
};

/** Switches recording as the guest asks. A span lasts from one switch to the next, with all that the writer had to do. */
class Recorder {
  readonly spans: Span[] = [];
  mixed = { calls: 0, bytes: 0 };
  readonly #image: Image;
  #writer: TraceWriterHandle | undefined;
  #what: string = WHAT.off;
  #since = 0;

  constructor(image: Image) {
    this.#image = image;
  }

  async run(): Promise<void> {
    const machine = powerOn(this.#image);
    const { core } = machine;
    const onSwitch = async (what: string): Promise<void> => {
      await this.#writer?.flush();
      const seconds = cpuSeconds() - this.#since;
      this.spans.push({ what: this.#what, seconds, resident: process.memoryUsage.rss() });
      disarmTraps(core);
      if (what === WHAT.bare) {
        await this.#writer?.close(END);
        this.#writer = undefined;
      }
      if (this.#what === WHAT.bare) await this.#closeBare();
      if (what !== WHAT.off) {
        this.#writer ??= await openWriter(core, what === WHAT.on ? TRACE : BARE_TRACE);
        armTraps(core, DEFAULT_TRAPS, readGuestFacts(machine), what === WHAT.on ? DEFAULT_LIMITS : NO_CAPTURES);
      }
      this.#what = what;
      this.#since = cpuSeconds();
    };
    await runOurs(machine, onSwitch, () => this.#writer?.waitForRoom());
    this.spans.shift();
    const { failure } = this.#writer ?? {};
    if (failure !== undefined) throw new Error(failure);
  }

  async #closeBare(): Promise<void> {
    const totals = await this.#writer?.close(END);
    this.#writer = undefined;
    if (totals !== undefined) this.mixed = { calls: totals.calls, bytes: totals.bytes };
  }
}

async function openWriter(core: Core, path: string): Promise<TraceWriterHandle> {
  rmSync(path, { force: true });
  const writer = await TraceWriterHandle.open(path, { ...EMPTY_HEADER, program: 'bench' });
  writer.attach(core.memory);
  return writer;
}

/** Two boots without and two with recording from the first instruction, by turns. The writer's thread has been started before. */
async function measureBoot(): Promise<RecordingResults['ratios'][number]> {
  const image = buildImage('boot', []);
  const spans: { what: string; seconds: number }[] = [];
  for (const what of [WHAT.off, WHAT.on, WHAT.off, WHAT.on]) {
    const machine = powerOn(image);
    const writer = what === WHAT.on ? await openWriter(machine.core, BOOT_TRACE) : undefined;
    if (writer !== undefined) armTraps(machine.core, DEFAULT_TRAPS, UNKNOWN_GUEST);
    const since = cpuSeconds();
    await runOurs(machine, undefined, () => writer?.waitForRoom());
    await writer?.close(END);
    spans.push({ what, seconds: cpuSeconds() - since });
  }
  return { name: 'boot', off: least(spans, WHAT.off), on: least(spans, WHAT.on) };
}

function least(spans: readonly Pick<Span, 'what' | 'seconds'>[], what: string): number {
  return Math.min(...spans.filter((span) => span.what === what).map(({ seconds }) => seconds));
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
