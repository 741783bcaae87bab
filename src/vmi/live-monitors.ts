import { UsageError } from '../emu/errors.ts';
import { EXIT } from '../emu/layout.ts';
import type { Outcome } from '../emu/machine.ts';
import { ChunkEncoder } from '../record/chunk-encoder.ts';
import { Introspector } from '../record/introspection.ts';
import { forgetGivenPages, RingReader } from '../record/ring.ts';
import { machineFacts, profileFacts } from '../record/trace-header.ts';
import { armEarlyTraps, armTraps, disarmTraps, isFirstCall, TRAP_POLICIES } from '../record/traps/index.ts';
import { DEFAULT_LIMITS } from '../record/traps/syscall-captures.ts';
import { parseWatch, type WatchSpec, watchClass } from '../record/traps/watch-spec.ts';
import type { Descriptors } from '../replay/descriptors.ts';
import { Reconstruction } from '../replay/reconstruction.ts';
import { type TrapNames, trapNames } from '../replay/traps/names.ts';
import { ALL_COLUMNS, EventChunk } from '../trace/event-chunk.ts';
import { type FoundIntrospection, IntrospectionDecoder } from '../trace/introspection.ts';
import { type GuestFacts, readGuestFacts } from '../world/guest-facts.ts';
import type { LiveGuest } from '../world/live-guest.ts';
import type { MonitorEvent } from './event.ts';
import { Monitors } from './monitors.ts';

/** Monitors of a guest that runs. */
export class LiveMonitors extends Monitors {
  readonly #guest: LiveGuest;
  readonly #ring: RingReader;
  readonly #encoder = new ChunkEncoder();
  readonly #introspector = new Introspector();
  readonly #decoder = new IntrospectionDecoder();
  readonly #introspections = new Map<number, FoundIntrospection>();
  readonly #reconstruction: Reconstruction;
  /** Filled anew when something has got a name. */
  readonly #names: TrapNames = trapNames(new Map());
  #facts: GuestFacts | undefined;
  #watches: readonly WatchSpec[] = [];
  #events = 0;
  /** A handler has changed what is started. */
  #stale = false;
  #telling = false;

  constructor(guest: LiveGuest) {
    super();
    this.#guest = guest;
    const { memory } = guest.machine.core;
    forgetGivenPages(memory);
    this.#ring = new RingReader(memory);
    this.#encoder.readFrom(memory);
    this.#reconstruction = new Reconstruction(
      { commandOnly: false, descriptors: true, traps: this.#names },
      () => this.sink,
    );
  }

  /**
   * Runs the guest until `done` says so, which is asked every few million instructions; until its command is over by
   * default. Handlers are called on the way. Gives the outcome if the machine stopped by itself before.
   */
  run(done: () => boolean = () => this.#guest.over): Outcome | undefined {
    for (;;) {
      const outcome = this.#guest.run(() => {
        this.#tell();
        return done();
      });
      if (outcome?.kind === 'exit') this.#exited(outcome.reason);
      this.#tell();
      if (outcome?.kind !== 'exit') return outcome;
    }
  }

  protected changed(): void {
    if (this.#telling) this.#stale = true;
    else this.#arm();
  }

  protected get descriptors(): Descriptors | undefined {
    return this.#reconstruction.descriptors;
  }

  protected introspection(icount: number): MonitorEvent['introspection'] {
    const found = this.#introspections.get(icount);
    return found && { ...found.introspection, data: found.data };
  }

  #arm(): void {
    const { machine } = this.#guest;
    const policies = TRAP_POLICIES.filter(({ name }) => this.names.includes(name));
    const watches = this.watches.map(parseWatch);
    for (const { name, operand, operandOptional } of policies) {
      if (operand !== undefined && !operandOptional && !watches.some((spec) => watchClass(spec) === operand))
        throw new UsageError(`the monitor ${name} needs to be told what to watch`);
    }
    // What the old watches saw has their numbers.
    while (!machine.core.tellPages()) this.#tell();
    this.#tell();
    this.#watches = watches;
    if (policies.length === 0) disarmTraps(machine.core);
    else {
      const facts = this.#knownFacts();
      // Where no kernel is up yet, or none that describes itself, the first call is when it can be asked.
      if (facts === undefined) armEarlyTraps(machine.core, policies, watches);
      else armTraps(machine.core, policies, facts, DEFAULT_LIMITS, { watches, machine });
    }
    this.#name();
  }

  #knownFacts(): GuestFacts | undefined {
    if (this.#facts === undefined) {
      const facts = readGuestFacts(this.#guest.machine);
      if (facts.banner !== '' || facts.nt !== undefined) this.#facts = facts;
    }
    return this.#facts;
  }

  #exited(reason: number): void {
    const { machine } = this.#guest;
    if (reason === EXIT.vmfunc) {
      const trigger = Number(machine.core.get64('exitQualification'));
      const found = this.#decoder.decode(this.#introspector.take(machine, trigger));
      if (found !== undefined) this.#introspections.set(found.introspection.icount, found);
      machine.core.completeExit();
    } else if (isFirstCall(reason) && this.#facts === undefined) {
      this.#facts = readGuestFacts(machine);
      this.#arm();
    } else if (reason !== EXIT.ringFull) throw new Error(`unexpected exit ${reason} of the core`);
  }

  #name(): void {
    const { bus } = this.#guest.machine;
    const facts = [
      ...machineFacts(this.#watches, bus.memoryWindows(), bus.portRanges()),
      ...(this.#facts === undefined ? [] : profileFacts(this.#facts)),
    ];
    const profile = new Map(facts.map((fact) => [fact.name, fact]));
    this.#reconstruction.learn(profile);
    const names = trapNames(profile);
    Object.assign(this.#names, names, { introspections: this.#introspections });
  }

  /** Hands over all that has happened. */
  #tell(): void {
    if (this.#telling) return;
    this.#telling = true;
    try {
      while (this.#ring.pending > 0) this.#tellSome();
    } finally {
      this.#telling = false;
    }
    if (!this.#stale) return;
    this.#stale = false;
    this.#arm();
  }

  #tellSome(): void {
    const encoder = this.#encoder;
    const sink = {
      get events() {
        return encoder.count;
      },
      take: (bytes: Uint8Array): number => encoder.add(bytes),
    };
    this.#ring.drain(CHUNK_BYTES, sink);
    const chunk = new EventChunk(encoder.finish(this.#events).events);
    chunk.decode(ALL_COLUMNS);
    this.#events += chunk.count;
    this.#reconstruction.feed(chunk);
  }
}

/** Records that become one chunk. */
const CHUNK_BYTES = 1 << 18;
