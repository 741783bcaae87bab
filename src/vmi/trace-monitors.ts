import type { TraceGuest } from '../analyze/trace-guest.ts';
import { UserError } from '../emu/errors.ts';
import type { Descriptors } from '../replay/descriptors.ts';
import { Reconstruction } from '../replay/reconstruction.ts';
import { trapNames } from '../replay/traps/names.ts';
import { parseMoment, windowPredicate } from '../replay/window.ts';
import { type FoundIntrospection, introspections } from '../trace/introspection.ts';
import type { MonitorEvent } from './event.ts';
import { Monitors } from './monitors.ts';

/** A part of a trace; moments as `TraceGuest.at` takes them, both included. */
export interface TraceWindow {
  readonly from?: string | undefined;
  readonly to?: string | undefined;
}

/** Monitors of what was recorded. */
export class TraceMonitors extends Monitors {
  readonly #trace: TraceGuest;
  readonly #window: TraceWindow;
  readonly #introspections: ReadonlyMap<number, FoundIntrospection>;

  #descriptors: Descriptors | undefined;

  constructor(trace: TraceGuest, window: TraceWindow = {}) {
    super();
    this.#trace = trace;
    this.#window = window;
    const found = introspections(trace.reader.profile.values());
    this.#introspections = new Map(found.map((each) => [each.introspection.icount, each]));
  }

  /** Goes through the window from its beginning, and calls the handlers. `done` is asked now and then. */
  run(done: () => boolean = () => false): void {
    const { reader } = this.#trace;
    const { from, to } = this.#window;
    const within = windowPredicate({
      ...(from === undefined ? {} : { from: parseMoment(from, 'from') }),
      ...(to === undefined ? {} : { to: parseMoment(to, 'to') }),
    });
    const traps = trapNames(reader.profile);
    const reconstruction = new Reconstruction(
      { commandOnly: false, descriptors: true, profile: reader.profile, within, traps },
      () => this.sink,
    );
    this.#descriptors = reconstruction.descriptors;
    for (const chunk of reader.chunks()) {
      if (done()) return;
      reconstruction.feed(chunk);
    }
    reconstruction.end();
  }

  protected changed(names: readonly string[], watches: readonly string[]): void {
    const { header, profile } = this.#trace.reader;
    const missing = names.find((name) => !header.traps.includes(name));
    if (missing !== undefined)
      throw new UserError(`the trace was recorded without ${missing}; it has ${header.traps.join(', ')}`);
    const recorded = trapNames(profile).watches;
    const unseen = watches.find((watch) => !recorded.includes(watch));
    if (unseen !== undefined)
      throw new UserError(`the trace was recorded without --watch ${unseen}; it has ${recorded.join(', ') || 'none'}`);
  }

  protected get descriptors(): Descriptors | undefined {
    return this.#descriptors;
  }

  protected introspection(icount: number): MonitorEvent['introspection'] {
    const found = this.#introspections.get(icount);
    return found && { ...found.introspection, data: found.data };
  }
}
