import type { Icount, Nanoseconds } from './units.ts';

/** One thing that came from outside. */
export interface InputEntry {
  /** Where in the run it entered: instructions retired and virtual time. */
  readonly icount: Icount;
  readonly time: Nanoseconds;
  readonly kind: string;
  /** True: a device asked for it there (`Inputs.take`). False: the host offered it. */
  readonly asked: boolean;
  readonly bytes: Uint8Array;
}

export interface Moment {
  readonly icount: Icount;
  readonly time: Nanoseconds;
}

/** A run that plays an input log back does not do what the recorded one did. Fatal: nothing after it can be trusted. */
export class Divergence extends Error {
  override readonly name = 'Divergence';
}

/** Where a machine's inputs come from: the live host, or the log of an earlier run. */
export interface InputLog {
  /** How many entries have gone into the machine. */
  position: number;
  take(moment: Moment, kind: string, supply: () => Uint8Array): Uint8Array;
  /** The host has something for the machine. It enters at the next boundary; a log that plays back ignores it. */
  offer(kind: string, bytes: Uint8Array): void;
  /** When the next offered input enters; Infinity if none is known. */
  nextOffer(): Nanoseconds;
  /** The next offered input that enters at this moment, and takes it off. */
  dueOffer(moment: Moment): InputEntry | undefined;
}

/** Takes inputs from the host and tells `onEntry` of each, in order. */
export class RecordingInputs implements InputLog {
  position: number;
  private readonly offered: { readonly kind: string; readonly bytes: Uint8Array }[] = [];
  private readonly onEntry: (entry: InputEntry) => void;

  /** `position`: that of the snapshot from which the machine goes on, 0 for a new one. */
  constructor(onEntry: (entry: InputEntry) => void = () => {}, position = 0) {
    this.onEntry = onEntry;
    this.position = position;
  }

  take(moment: Moment, kind: string, supply: () => Uint8Array): Uint8Array {
    const bytes = supply();
    this.log({ ...moment, kind, asked: true, bytes });
    return bytes;
  }

  offer(kind: string, bytes: Uint8Array): void {
    this.offered.push({ kind, bytes });
  }

  nextOffer(): Nanoseconds {
    return this.offered.length > 0 ? 0 : Number.POSITIVE_INFINITY;
  }

  dueOffer(moment: Moment): InputEntry | undefined {
    const next = this.offered.shift();
    if (next === undefined) return undefined;
    const entry = { ...moment, ...next, asked: false };
    this.log(entry);
    return entry;
  }

  private log(entry: InputEntry): void {
    this.position++;
    this.onEntry(entry);
  }
}

/** Plays back what a `RecordingInputs` told. Throws `Divergence` when the machine asks for something else. */
export class PlaybackInputs implements InputLog {
  position: number;
  private readonly entries: readonly InputEntry[];
  private readonly first: number;
  /** For each entry the place of the next offered one, itself included. */
  private readonly offers: Int32Array;

  /** `first`: the log position of `entries[0]`; `position`: that of the snapshot from which the machine goes on. */
  constructor(entries: readonly InputEntry[], position = 0, first = 0) {
    this.entries = entries;
    this.position = position;
    this.first = first;
    this.offers = new Int32Array(entries.length);
    for (let i = entries.length - 1, next = entries.length; i >= 0; i--) {
      if (!entries[i]!.asked) next = i;
      this.offers[i] = next;
    }
  }

  take(moment: Moment, kind: string): Uint8Array {
    const entry = this.next();
    const asked = `the machine asks for ${kind} at instruction ${moment.icount}`;
    if (entry === undefined) throw new Divergence(`${asked}, after the end of the input log`);
    if (!entry.asked || entry.kind !== kind || entry.icount !== moment.icount || entry.time !== moment.time) {
      throw new Divergence(`${asked}, the log has ${entry.kind} at instruction ${entry.icount}`);
    }
    this.position++;
    return entry.bytes;
  }

  offer(): void {}

  /** Also behind inputs that devices will ask for before: the run in progress must end there. */
  nextOffer(): Nanoseconds {
    const entry = this.entries[this.offers[this.position - this.first] ?? this.entries.length];
    return entry?.time ?? Number.POSITIVE_INFINITY;
  }

  dueOffer(moment: Moment): InputEntry | undefined {
    const entry = this.next();
    if (entry === undefined || entry.asked || entry.time > moment.time) return undefined;
    if (entry.time !== moment.time || entry.icount !== moment.icount) {
      throw new Divergence(
        `${entry.kind} entered at instruction ${entry.icount}, time ${entry.time}; the machine is at ${moment.icount}, time ${moment.time}`,
      );
    }
    this.position++;
    return entry;
  }

  private next(): InputEntry | undefined {
    return this.entries[this.position - this.first];
  }
}
