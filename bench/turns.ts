import { rmSync } from 'node:fs';
import type { Machine } from '../src/emu/machine.ts';
import { armTraps, disarmTraps } from '../src/record/traps/index.ts';
import type { TrapPolicy } from '../src/record/traps/policy.ts';
import type { CaptureLimits } from '../src/record/traps/syscall-captures.ts';
import type { WatchSpec } from '../src/record/traps/watch-spec.ts';
import { TraceWriterHandle } from '../src/record/writer.ts';
import { EMPTY_HEADER } from '../src/trace/messages.ts';
import { type GuestFacts, readGuestFacts } from '../src/world/guest-facts.ts';
import { buildImage } from './image.ts';
import { cpuSeconds, powerOn, runOurs, threadSeconds } from './ours.ts';

/** How a turn is recorded. */
export interface Mode {
  readonly traps: readonly TrapPolicy[];
  readonly limits: CaptureLimits;
  readonly watches: readonly WatchSpec[];
  /** Turns of one trace follow each other: it is closed when a turn has another. */
  readonly trace: string;
}

/** Not recorded, nothing armed. */
export const OFF = 'off';

export interface Turn {
  /** OFF, or the name of a mode. */
  readonly mode: string;
  readonly commands: readonly string[];
}

/** What a turn took, from one switch to the next. */
export interface Span {
  readonly mode: string;
  /** CPU seconds of the thread that runs the guest. */
  readonly thread: number;
  /** CPU seconds of all threads: with all that the writer had to do, and what the host's compiler did meanwhile. */
  readonly all: number;
  readonly events: number;
  /** Bytes of the process at its end. */
  readonly resident: number;
}

/** What a trace came to hold. */
export interface Written {
  readonly calls: number;
  readonly bytes: number;
}

export const END = {
  exitStatus: 0,
  reason: 'bench',
  message: '',
  instructions: 0,
  time: 0,
  stateSha256: new Uint8Array(32),
  totals: {},
};

export async function openWriter({ core }: Machine, path: string): Promise<TraceWriterHandle> {
  rmSync(path, { force: true });
  const writer = await TraceWriterHandle.open(path, { ...EMPTY_HEADER, program: 'bench' });
  writer.attach(core.memory);
  return writer;
}

/** Carries out turns in one machine, booted once; the guest asks for each. */
class TurnTaker {
  readonly spans: Span[] = [];
  readonly written = new Map<string, Written>();
  readonly #machine: Machine;
  readonly #modes: Readonly<Record<string, Mode>>;
  #facts: GuestFacts | undefined;
  #writer: TraceWriterHandle | undefined;
  #trace = '';
  #mode = OFF;
  #begun = { thread: 0, all: 0, events: 0 };

  constructor(machine: Machine, modes: Readonly<Record<string, Mode>>) {
    this.#machine = machine;
    this.#modes = modes;
  }

  async run(): Promise<void> {
    const onSwitch = async (mode: string): Promise<void> => {
      await this.#end();
      await this.#begin(mode);
    };
    await runOurs(this.#machine, onSwitch, () => this.#writer?.waitForRoom());
    await this.#end();
    await this.#close();
    this.spans.shift(); // before the first turn
  }

  async #end(): Promise<void> {
    const thread = threadSeconds() - this.#begun.thread;
    await this.#writer?.flush();
    const events = (this.#writer?.progress.events ?? 0) - this.#begun.events;
    const all = cpuSeconds() - this.#begun.all;
    this.spans.push({ mode: this.#mode, thread, all, events, resident: process.memoryUsage.rss() });
    disarmTraps(this.#machine.core);
  }

  async #begin(name: string): Promise<void> {
    const mode = this.#modes[name];
    if (mode !== undefined) {
      if (mode.trace !== this.#trace) await this.#close();
      this.#trace = mode.trace;
      this.#writer ??= await openWriter(this.#machine, mode.trace);
      this.#facts ??= readGuestFacts(this.#machine);
      const { watches } = mode;
      armTraps(this.#machine.core, mode.traps, this.#facts, mode.limits, { watches, machine: this.#machine });
    }
    this.#mode = name;
    this.#begun = { thread: threadSeconds(), all: cpuSeconds(), events: this.#writer?.progress.events ?? 0 };
  }

  async #close(): Promise<void> {
    const totals = await this.#writer?.close(END);
    const { failure } = this.#writer ?? {};
    if (failure !== undefined) throw new Error(failure);
    if (totals !== undefined) this.written.set(this.#trace, { calls: totals.calls, bytes: totals.bytes });
    this.#writer = undefined;
  }
}

/** The span of each turn, and what each trace holds. `name` is the image's. */
export async function takeTurns(
  name: string,
  turns: readonly Turn[],
  modes: Readonly<Record<string, Mode>>,
): Promise<{ spans: readonly Span[]; written: ReadonlyMap<string, Written> }> {
  const plan = turns.flatMap(({ mode, commands }) => [`record ${mode}`, ...commands]);
  const taker = new TurnTaker(powerOn(buildImage(name, plan)), modes);
  await taker.run();
  return taker;
}

/** The least that turns of a mode took: other work on the machine only ever adds. */
export function least(spans: readonly Span[], mode: string): { thread: number; all: number } {
  const own = spans.filter((span) => span.mode === mode);
  return { thread: Math.min(...own.map(({ thread }) => thread)), all: Math.min(...own.map(({ all }) => all)) };
}

/**
 * How many times the other mode's seconds a mode's turns take: each is compared with the turns before and behind it, so
 * that a machine which is faster now than a minute ago does not matter, and the median counts.
 */
export function ratioTo(spans: readonly Span[], mode: string, other: string): number {
  const ratios = spans.flatMap((span, i) => {
    const beside = [spans[i - 1], spans[i + 1]].filter((one) => one?.mode === other);
    const mean = beside.reduce((sum, one) => sum + one!.thread, 0) / beside.length;
    return span.mode === mode && beside.length > 0 ? [span.thread / mean] : [];
  });
  return ratios.sort((a, b) => a - b)[ratios.length >> 1] ?? Number.NaN;
}
