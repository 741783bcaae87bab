import { rmSync } from 'node:fs';
import { setTimeout as delay } from 'node:timers/promises';
import { EXIT } from '../src/emu/layout.ts';
import type { Machine } from '../src/emu/machine.ts';
import type { ControlPlan } from '../src/record/traps/control-plan.ts';
import { armTraps, disarmTraps } from '../src/record/traps/index.ts';
import type { TrapPolicy } from '../src/record/traps/policy.ts';
import { type CaptureLimits, DEFAULT_LIMITS } from '../src/record/traps/syscall-captures.ts';
import type { WatchSpec } from '../src/record/traps/watch-spec.ts';
import { TraceWriterHandle } from '../src/record/writer.ts';
import { EMPTY_HEADER } from '../src/trace/messages.ts';
import { type GuestFacts, readGuestFacts, UNKNOWN_GUEST } from '../src/world/guest-facts.ts';
import { buildImage, type Image, OUTPUT } from './image.ts';
import { Marks } from './marks.ts';
import { powerOn } from './ours.ts';

/** What is recorded. */
export interface Mode {
  readonly traps: readonly TrapPolicy[];
  readonly limits?: CaptureLimits;
  readonly watches?: readonly WatchSpec[];
}

/** Commands of the guest that are measured together. */
export interface Step {
  readonly name: string;
  readonly commands: readonly string[];
}

/** The steps before the first and behind the last. */
export const BOOT = 'boot';
export const AFTER = 'after';

const END = {
  exitStatus: 0,
  reason: 'bench',
  message: '',
  instructions: 0,
  time: 0,
  stateSha256: new Uint8Array(32),
  totals: {},
};

/** A guest that goes through these steps. */
export function imageOf(name: string, steps: readonly Step[]): Image {
  const plan = steps.flatMap((step) => [`step ${step.name}`, ...step.commands]);
  return buildImage(name, [...plan, `step ${AFTER}`]);
}

/** A machine of ours with a recorder, which runs a slice at a time. */
export class RecordedGuest {
  step = BOOT;
  readonly #machine: Machine;
  readonly #writer: TraceWriterHandle;
  readonly #marks: Marks;
  readonly #plans = new Map<Mode, ControlPlan>();
  #facts = UNKNOWN_GUEST;
  #asked: string | undefined;

  private constructor(machine: Machine, writer: TraceWriterHandle) {
    this.#machine = machine;
    this.#writer = writer;
    this.#marks = new Marks(
      () => ({ seconds: 0, instructions: undefined }),
      (step) => {
        this.#asked = step;
      },
    );
    machine.listen('com1', (bytes) => this.#marks.feed(bytes));
  }

  /** Its trace is written to build/bench/`name`.trap. */
  static async open(image: Image, name: string): Promise<RecordedGuest> {
    const path = `${OUTPUT}${name}.trap`;
    rmSync(path, { force: true });
    const machine = powerOn(image);
    const writer = await TraceWriterHandle.open(path, { ...EMPTY_HEADER, program: 'bench' });
    writer.attach(machine.core.memory);
    return new RecordedGuest(machine, writer);
  }

  get done(): boolean {
    return this.#marks.done;
  }

  /** What is to be recorded from here on; undefined: nothing. */
  arm(mode: Mode | undefined): void {
    const { core } = this.#machine;
    const plan = mode && this.#plans.get(mode);
    if (mode === undefined) disarmTraps(core);
    else if (plan !== undefined) plan.write(core);
    else {
      const { traps, limits = DEFAULT_LIMITS, watches = [] } = mode;
      this.#plans.set(mode, armTraps(core, traps, this.#facts, limits, { watches, machine: this.#machine }));
    }
  }

  /** Runs so many virtual nanoseconds. Returns the seconds that it took. Throws when the guest ends before its plan. */
  run(duration: number): number {
    const until = this.#machine.now() + duration;
    const since = performance.now();
    for (;;) {
      const outcome = this.#machine.run({ time: until });
      if (outcome.kind === 'limit' || this.done) return (performance.now() - since) / 1000;
      if (outcome.kind !== 'exit' || outcome.reason !== EXIT.ringFull) {
        throw new Error(`the guest ended early (${JSON.stringify(outcome)}): ${this.#marks.tail.join(' | ')}`);
      }
      this.#writer.waitForRoom();
    }
  }

  /** Events so far. */
  get events(): number {
    return Number(this.#machine.core.get64('ringRecords'));
  }

  /** Waits until the writer has taken all of them, so that it works for none of what is measured next. Chunks go on. */
  async settle(): Promise<void> {
    while (this.#writer.pending > 0) {
      this.#writer.wake();
      await delay(1);
    }
  }

  /** Goes to the step that the guest has asked for. False: to none. `facts`: of another guest that does the same. */
  proceed(facts?: GuestFacts): boolean {
    if (this.#asked === undefined) return false;
    if (this.step === BOOT) {
      this.#facts = facts ?? readGuestFacts(this.#machine);
      this.#plans.clear();
    }
    this.step = this.#asked;
    this.#asked = undefined;
    return true;
  }

  get facts(): GuestFacts {
    return this.#facts;
  }

  /** What the trace came to hold. */
  async close(): Promise<{ readonly calls: number; readonly bytes: number }> {
    const totals = await this.#writer.close(END);
    if (totals === undefined) throw new Error(this.#writer.failure);
    return totals;
  }
}
