/** What the descriptors of a trace came to mean, and when: three numbers a change, so that millions of them fit. */
const CLOSED = -1;
/** Descriptors of a process, more than any has: who has it, a process or a thread, and a descriptor are one number. */
const DESCRIPTORS = 2 ** 22;

/** Changes of one descriptor, in order. */
class Changes {
  #events = new Float64Array(2);
  /** Rows of the names, or CLOSED. */
  #names = new Int32Array(2);
  count = 0;

  push(event: number, name: number): void {
    if (this.count === this.#events.length) {
      const [events, names] = [new Float64Array(2 * this.count), new Int32Array(2 * this.count)];
      events.set(this.#events);
      names.set(this.#names);
      this.#events = events;
      this.#names = names;
    }
    this.#events[this.count] = event;
    this.#names[this.count++] = name;
  }

  /** The last that is not behind an event; -1: there is none. */
  upTo(event: number): number {
    let low = 0;
    let high = this.count;
    while (low < high) {
      const middle = (low + high) >> 1;
      if (this.#events[middle]! <= event) low = middle + 1;
      else high = middle;
    }
    return low - 1;
  }

  event(at: number): number | undefined {
    return at < this.count ? this.#events[at] : undefined;
  }

  name(at: number): number {
    return at < 0 ? CLOSED : this.#names[at]!;
  }
}

export class DescriptorChanges {
  readonly #changes = new Map<number, Changes>();
  readonly #names: string[] = [];
  readonly #rows = new Map<string, number>();
  /** Changes so far. */
  count = 0;

  /** From an event on a descriptor means something; undefined: it is closed. */
  note(owner: number, fd: number, event: number, what: string | undefined): void {
    const key = owner * DESCRIPTORS + fd;
    let changes = this.#changes.get(key);
    if (changes === undefined) {
      changes = new Changes();
      this.#changes.set(key, changes);
    }
    changes.push(event, what === undefined ? CLOSED : this.#row(what));
    this.count++;
  }

  #row(what: string): number {
    let row = this.#rows.get(what);
    if (row === undefined) {
      row = this.#names.push(what) - 1;
      this.#rows.set(what, row);
    }
    return row;
  }

  /** What it means to the call that an event enters; undefined where that is not known. */
  name(owner: number, fd: number, event: number): string | undefined {
    const changes = this.#changes.get(owner * DESCRIPTORS + fd);
    return changes && this.#names[changes.name(changes.upTo(event))];
  }

  /** From which event to which a descriptor meant what it does at an event; `to` undefined: to the end. */
  span(
    owner: number,
    fd: number,
    event: number,
  ): { readonly from: number; readonly to: number | undefined } | undefined {
    const changes = this.#changes.get(owner * DESCRIPTORS + fd);
    const at = changes?.upTo(event) ?? -1;
    if (changes === undefined || changes.name(at) === CLOSED) return undefined;
    return { from: changes.event(at)!, to: changes.event(at + 1) };
  }
}
